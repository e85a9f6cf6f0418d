/** Chooses the experiments of a run one after the other, and keeps the trail of why. */
import { createMeasures } from '../../analysis/create-measures.ts';
import { DETECTORS, EXPERIMENTS, GATEWAYS, gatewayOf } from '../../catalog.ts';
import { judge } from '../../detectors/judge.ts';
import type { ExperimentContext } from '../../experiments/experiment.ts';
import type { PlannedExperiment } from '../../model/plan.ts';
import type { ExperimentKind, ExperimentSpec, Profile } from '../../model/profile.ts';
import type { ExperimentRecord, Recording } from '../../model/recording.ts';
import { US_PER_SEC } from '../../model/time.ts';
import type { AutoBudget, Trail, TrailStep } from '../../model/trail.ts';
import { type AutoState, type DoneStep, MOST_LOOKS, nextStep } from './next-step.ts';
import { notLookedFor } from './not-looked-for.ts';
import { type Symptoms, symptomsOf } from './symptoms.ts';
import { type Seen, stepLine, stepOf, type Tried } from './trail-step.ts';

/**
 * Five minutes are what somebody waits at a terminal; 1,500 requests are a quarter of the default limit of a run, and one
 * short burst; three slow or failing requests per gateway are methods F.5, and the proof of a timer has a fourth, which
 * goes to a member directly.
 */
export const DEFAULT_BUDGET: AutoBudget = { durationUs: 300 * US_PER_SEC, requests: 1_500, deliberate: 4 };

/** Idle connections of members end within 5 s (Node) to 120 s (IIS); a sweep up to 20 s finds the short ones. */
const SWEEP_UP_TO_US = 20 * US_PER_SEC;

export type ChoiceOptions = {
  readonly budget: AutoBudget;
  /** `instead`: all experiments are chosen. `after`: those of the profile run first, and what looks wrong is followed. */
  readonly mode: 'instead' | 'after';
  /** Told before each step: what is tried, why, and what it costs. */
  readonly onStep?: (line: string) => void;
};

export type Choosing = {
  /** The next experiment; undefined at the end. Its records so far are in the snapshot. */
  next(snapshot: Recording | undefined): PlannedExperiment | undefined;
  trail(): Trail | undefined;
  /** Experiments whose requests fail on purpose, with the sentence why. */
  readonly deliberate: ReadonlyMap<string, string>;
};

const NOTHING_SEEN: Symptoms = {
  gatewaySent: 0,
  gatewayFailed: 0,
  gatewayFast: 0,
  members: [],
  staleLosses: 0,
  pauses: [],
  waves: [],
  longestUs: 0,
};

function look(snapshot: Recording): Seen {
  const measures = createMeasures(snapshot);
  const context = { measures, gateway: gatewayOf(snapshot.gateway.kind) };
  const judgement = judge(DETECTORS, GATEWAYS, context, MOST_LOOKS);
  return { measures, judgement, symptoms: symptomsOf(measures) };
}

/** How many experiments of a kind there were: the number of the next one is part of its id. */
function countOf(kind: ExperimentKind, records: readonly ExperimentRecord[]): number {
  return records.filter(({ planned }) => planned.kind === kind).length;
}

export function createChoosing(profile: Profile, options: ChoiceOptions, context: ExperimentContext): Choosing {
  const done: DoneStep[] = [];
  const steps: TrailStep[] = [];
  const deliberate = new Map<string, string>();
  const beganUs = context.clock.nowUs();
  let pending: Tried | undefined;
  let trail: Trail | undefined;
  let isOver = false;
  let sentBefore = 0;
  let looks = 0;

  function note(seen: Seen): void {
    if (pending !== undefined) {
      done.push({ kind: pending.step, spec: pending.spec });
      steps.push(stepOf(pending, seen));
      return;
    }
    const { experiments } = seen.measures;
    sentBefore = experiments.reduce((sum, { sentCount }) => sum + sentCount, 0);
    done.push(...experiments.map(({ planned }) => ({ kind: 'baseline' as const, spec: planned.spec })));
  }

  function stateOf(seen: Seen | undefined): AutoState {
    const records = seen?.measures.experiments ?? [];
    return {
      profile,
      guard: context.guard(),
      symptoms: seen?.symptoms ?? NOTHING_SEEN,
      findings: seen?.judgement.findings ?? [],
      done,
      spent: {
        durationUs: context.clock.nowUs() - beganUs,
        requests: steps.reduce((sum, step) => sum + step.gatewayRequests + step.directRequests, 0),
        before: sentBefore,
        deliberate: steps.reduce((sum, step) => sum + step.deliberate, 0),
        looks,
      },
      budget: options.budget,
      isCurious: options.mode === 'instead',
      keepAlive: keepAliveSpec(),
      plan: (spec) => EXPERIMENTS[spec.kind].plan(spec, profile, `${spec.kind}-${countOf(spec.kind, records) + 1}`),
    };
  }

  function end(stop: Omit<Trail, 'steps' | 'budget'>, isForgone = false): undefined {
    isOver = true;
    // After a comparison that asked for no further step there is nothing to tell.
    if (options.mode === 'after' && steps.length === 0 && !isForgone) return;
    trail = { steps, ...stop, budget: options.budget };
    options.onStep?.(`Stopped: ${stop.because}`);
  }

  return {
    deliberate,
    trail: () => trail,
    next(snapshot) {
      if (isOver) return undefined;
      const seen = snapshot === undefined ? undefined : look(snapshot);
      if (seen !== undefined) {
        looks++;
        note(seen);
      }
      pending = undefined;
      if (context.signal.aborted)
        return end({ end: 'interrupted', because: 'The run was interrupted.', notLookedFor: [] });
      const state = stateOf(seen);
      const step = nextStep(state);
      if (step.kind === 'stop')
        return end(
          { end: step.end, because: step.because, notLookedFor: notLookedFor(state, step.forgone) },
          step.forgone.length > 0,
        );
      pending = step;
      if (step.deliberate > 0) deliberate.set(step.planned.id, `${step.what}. ${step.why}`);
      options.onStep?.(stepLine(steps.length + 1, step));
      return step.planned;
    },
  };
}

export function keepAliveSpec(): ExperimentSpec {
  return { kind: 'keep-alive', upToUs: SWEEP_UP_TO_US };
}

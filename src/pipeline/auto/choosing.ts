/** Chooses the experiments of a run one after the other, and keeps the trail of why. */
import { createMeasures } from '../../analysis/create-measures.ts';
import type { Measures } from '../../analysis/measures.ts';
import { DETECTORS, EXPERIMENTS, GATEWAYS, gatewayOf } from '../../catalog.ts';
import { type Judgement, judge } from '../../detectors/judge.ts';
import type { ExperimentContext } from '../../experiments/experiment.ts';
import type { PlannedExperiment } from '../../model/plan.ts';
import type { ExperimentKind, ExperimentSpec, Profile } from '../../model/profile.ts';
import { formatDuration, formatNumber } from '../../model/quantity.ts';
import type { ExperimentRecord, Recording } from '../../model/recording.ts';
import { directTo, GATEWAY } from '../../model/route.ts';
import { US_PER_SEC } from '../../model/time.ts';
import type { AutoBudget, Trail, TrailStep } from '../../model/trail.ts';
import {
  type AutoState,
  type DoneStep,
  isFirm,
  type NextStep,
  nextStep,
  requestsOf,
  type StepKind,
} from './next-step.ts';
import { notLookedFor } from './not-looked-for.ts';
import { routeWords, symptomsOf } from './symptoms.ts';

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

type Pending = Extract<NextStep, { kind: 'try' }> & { readonly id: string };

export type Choosing = {
  /** The next experiment; undefined at the end. Its records so far are in the snapshot. */
  next(snapshot: Recording | undefined): PlannedExperiment | undefined;
  trail(): Trail | undefined;
  /** Experiments whose requests fail on purpose, with the sentence why. */
  readonly deliberate: ReadonlyMap<string, string>;
};

type Seen = { readonly state: AutoState; readonly measures: Measures; readonly judgement: Judgement };

export function createChoosing(profile: Profile, options: ChoiceOptions, context: ExperimentContext): Choosing {
  const done: DoneStep[] = [];
  const steps: TrailStep[] = [];
  const deliberate = new Map<string, string>();
  const numbers = new Map<ExperimentKind, number>();
  let pending: Pending | undefined;
  let trail: Trail | undefined;
  let deliberateCount = 0;
  let sentBefore = 0;
  const beganUs = context.clock.nowUs();

  const plan = (spec: ExperimentSpec): PlannedExperiment => {
    const number = (numbers.get(spec.kind) ?? 0) + 1;
    return EXPERIMENTS[spec.kind].plan(spec, profile, `${spec.kind}-${number}`);
  };
  const begin = (step: Extract<NextStep, { kind: 'try' }>): PlannedExperiment => {
    const { planned, spec, why, what } = step;
    numbers.set(spec.kind, (numbers.get(spec.kind) ?? 0) + 1);
    pending = { ...step, id: planned.id };
    deliberateCount += step.deliberate;
    if (step.deliberate > 0) deliberate.set(planned.id, `${what}. ${why}`);
    options.onStep?.(stepLine(steps.length + 1, step));
    return planned;
  };
  const end = (seen: Seen | undefined, stop: Omit<Trail, 'steps' | 'budget'>): undefined => {
    trail = { steps, ...stop, budget: options.budget };
    if (seen !== undefined) options.onStep?.(`Stopped: ${stop.because}`);
    return undefined;
  };

  return {
    deliberate,
    trail: () => trail,
    next(snapshot) {
      if (trail !== undefined) return undefined;
      const { signal } = context;
      const seen = snapshot === undefined ? undefined : look(snapshot);
      if (seen !== undefined && pending !== undefined) {
        done.push({ kind: pending.step, spec: pending.spec });
        steps.push(stepOf(pending, seen));
      } else if (seen !== undefined && options.mode === 'after') {
        sentBefore = seen.measures.experiments.reduce((sum, { sentCount }) => sum + sentCount, 0);
        done.push(
          ...seen.measures.experiments.map(({ planned }) => ({ kind: 'baseline' as const, spec: planned.spec })),
        );
      }
      pending = undefined;
      if (signal.aborted) {
        return end(undefined, { end: 'interrupted', because: 'The run was interrupted.', notLookedFor: [] });
      }
      // What was spent is known only now that the step before is written down.
      const state = seen === undefined ? emptyState() : { ...seen.state, spent: emptyState().spent };
      const step = nextStep(state);
      if (step.kind === 'try') return begin(step);
      return end(seen, {
        end: step.end,
        because: step.because,
        notLookedFor: notLookedFor(state, step.forgone),
      });
    },
  };

  function look(snapshot: Recording): Seen {
    for (const { planned } of snapshot.experiments) {
      const number = Number(planned.id.slice(planned.kind.length + 1));
      numbers.set(planned.kind, Math.max(numbers.get(planned.kind) ?? 0, number));
    }
    const measures = createMeasures(snapshot);
    const judgement = judge(DETECTORS, GATEWAYS, { measures, gateway: gatewayOf(snapshot.gateway.kind) });
    const state: AutoState = {
      ...emptyState(),
      symptoms: symptomsOf(measures),
      findings: judgement.findings,
      done,
    };
    return { state, measures, judgement };
  }

  function emptyState(): AutoState {
    const { clock, guard } = context;
    return {
      profile,
      guard: guard(),
      symptoms: {
        gatewaySent: 0,
        gatewayFailed: 0,
        gatewayFast: 0,
        members: [],
        staleLosses: 0,
        pauses: [],
        waves: [],
        longestUs: 0,
      },
      findings: [],
      done,
      spent: {
        durationUs: clock.nowUs() - beganUs,
        requests: steps.reduce((sum, step) => sum + step.gatewayRequests + step.directRequests, 0),
        before: sentBefore,
        deliberate: deliberateCount,
      },
      budget: options.budget,
      isCurious: options.mode === 'instead',
      keepAlive: keepAliveSpec(),
      plan,
    };
  }
}

/** The experiment is found by its name, so that a catalog without it is no fault: the trail then says that it is missing. */
function keepAliveSpec(): ExperimentSpec | undefined {
  const kind: string = 'keep-alive';
  return Object.hasOwn(EXPERIMENTS, kind) ? ({ kind, upToUs: SWEEP_UP_TO_US } as unknown as ExperimentSpec) : undefined;
}

function stepLine(number: number, { what, why, planned, deliberate }: Extract<NextStep, { kind: 'try' }>): string {
  const gateway = planned.requestsPerRoute.gateway ?? 0;
  const directly = requestsOf(planned) - gateway;
  const purpose = deliberate === 0 ? '' : `, ${deliberate} of them slow or failing on purpose (see audit.jsonl)`;
  return `Step ${number}: ${what}. ${why} Costs at most ${formatNumber(gateway)} requests through the gateway and ${formatNumber(directly)} directly${purpose}, about ${formatDuration(planned.durationUs)}.`;
}

function stepOf({ id, step, what, why, deliberate }: Pending, { measures, judgement, state }: Seen): TrailStep {
  const record = measures.experiments.find((one) => one.id === id);
  const gateway = measures.counts({ experimentId: id, route: GATEWAY });
  const directly = measures.members.map((member) => ({
    member,
    ...measures.counts({ experimentId: id, route: directTo(member) }),
  }));
  const slow = measures.exchanges({ experimentId: id, roles: ['delay'] }).filter(({ sentUs }) => sentUs !== undefined);
  return {
    experimentId: id,
    what,
    why,
    gatewayRequests: gateway.sent,
    directRequests: directly.reduce((sum, { sent }) => sum + sent, 0),
    deliberate: deliberate === 0 ? 0 : slow.length > 0 ? slow.length : gateway.sent,
    startUs: record?.startUs ?? 0,
    durationUs: (record?.endUs ?? 0) - (record?.startUs ?? 0),
    result: `${resultOf(record, gateway, directly)}${hintOf(step, record, state)}${verdictOf(judgement)}`,
  };
}

type Counted = { readonly sent: number; readonly failed: number };

function resultOf(
  record: ExperimentRecord | undefined,
  gateway: Counted,
  directly: readonly (Counted & { readonly member: string })[],
): string {
  const counts = [
    ...(gateway.sent === 0 ? [] : [`${gateway.failed} of ${gateway.sent} failed through the gateway`]),
    ...directly
      .filter(({ sent }) => sent > 0)
      .map(({ member, sent, failed }) => `${failed} of ${sent} directly to ${member}`),
  ];
  const notes = [...(record?.notes ?? []), ...(record?.stopReason === undefined ? [] : [record.stopReason])];
  return [
    counts.length === 0 ? 'Nothing was sent.' : `${counts.join(', ')}.`,
    ...notes.map((note) => `${note.charAt(0).toUpperCase()}${note.slice(1)}${note.endsWith('.') ? '' : '.'}`),
  ].join(' ');
}

/** What the step was for, where counts of failures do not tell it. */
function hintOf(step: StepKind, record: ExperimentRecord | undefined, { symptoms }: AutoState): string {
  const spec = record?.planned.spec;
  if (step === 'idle' && spec?.kind === 'idle') {
    const own = symptoms.pauses.slice(-spec.gapsUs.length * spec.repeats);
    const words = [...new Set(own.map(({ gapUs }) => gapUs))].map((gapUs) => {
      const same = own.filter((pause) => pause.gapUs === gapUs);
      const cold = same.filter(({ isCold }) => isCold).length;
      return `${formatDuration(gapUs)}: ${cold} of ${same.length} cold`;
    });
    return ` After ${words.join(', ')}.`;
  }
  if (step !== 'volley') return '';
  const waves = symptoms.waves.map(
    ({ route, limit, periodUs }) =>
      `${routeWords(route)} answered ${limit} at a time, each in ${formatDuration(periodUs)}`,
  );
  return waves.length === 0 ? '' : ` In waves: ${waves.join(', ')}.`;
}

function verdictOf({ findings }: Judgement): string {
  const firm = findings.filter(isFirm).map(({ title }) => title);
  return firm.length === 0 ? '' : ` Verdict: ${firm.join(' ')}`;
}

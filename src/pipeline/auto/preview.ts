/** What a run that chooses its experiments might send: each step that some symptom could ask for, planned beforehand. Pure. */
import type { PlannedExperiment } from '../../model/plan.ts';
import type { ExperimentSpec, Profile } from '../../model/profile.ts';
import { GATEWAY } from '../../model/route.ts';
import { US_PER_SEC } from '../../model/time.ts';
import type { AutoBudget } from '../../model/trail.ts';
import { BURST_FACTOR, burstFrame } from './burst-frame.ts';
import { type AutoState, beyondBudget, requestsLeft, requestsOf, type StepKind } from './next-step.ts';
import { ROWS } from './rows.ts';
import type { Symptoms } from './symptoms.ts';

export type PreviewStep = {
  readonly step: StepKind;
  readonly what: string;
  /** When a run takes it: a sentence. */
  readonly when: string;
  /** At most. */
  readonly gatewayRequests: number;
  readonly directRequests: number;
  readonly peakRatePerSec: number;
  readonly durationUs: number;
  /** Of these, slow or failing on purpose. */
  readonly deliberate: number;
};

export type AutoPreview = {
  /** Whatever is chosen, all steps together. */
  readonly most: {
    readonly requests: number;
    readonly durationUs: number;
    readonly deliberate: number;
    readonly peakRatePerSec: number;
  };
  readonly steps: readonly PreviewStep[];
  /** Steps that it would not take here, with the reason. */
  readonly notSent: readonly { readonly what: string; readonly why: string }[];
};

export type PreviewOptions = {
  readonly budget: AutoBudget;
  readonly guard: AutoState['guard'];
  readonly keepAlive: ExperimentSpec;
  /** Pure: what a spec would send. */
  readonly plan: (spec: ExperimentSpec) => PlannedExperiment;
};

/** The state in which a row asks for the most it can, and the sentence that says when that is. */
type Occasion = { readonly when: string; readonly symptoms?: Partial<Symptoms>; readonly done?: readonly StepKind[] };

function occasionsOf(profile: Profile, budget: AutoBudget): Readonly<Record<StepKind, Occasion>> {
  const [member, ...peers] = profile.members.map((one) => one.name);
  const [name = ''] = profile.requests.map((request) => request.name);
  const failsAtOnce = { gatewayFailed: 1, gatewayFast: 1 };
  // The longest a request may take before it fails: the proof then asks for the longest delay.
  const elapsedUs = profile.limits.requestTimeoutUs;
  const failsLate = { gatewayFailed: 1, gatewaySlow: { count: 1, elapsedUs, requests: [name] } };
  return {
    baseline: { when: 'Always, first.', done: [] },
    direct: { when: 'If requests fail at once, through the gateway or at a member.', symptoms: failsAtOnce },
    'timeout-proof': { when: 'If requests through the gateway fail as a timer makes them.', symptoms: failsLate },
    repeat: { when: 'If requests through the gateway fail as a timer makes them.', symptoms: failsLate },
    'keep-alive': {
      when: 'If requests fail at once through the gateway, and the members fail none directly.',
      symptoms: failsAtOnce,
      // It follows direct requests, which need a member.
      done: member === undefined ? ['baseline'] : ['baseline', 'direct'],
    },
    idle: {
      when: 'If a first request is far slower than those after it; then with silences twice as long each time.',
      symptoms: { coldFirst: { route: GATEWAY, firstUs: 0, usualUs: 0 } },
    },
    'compare-members': {
      when: 'If one member seems slower than its peers.',
      symptoms:
        member === undefined || peers.length === 0 ? {} : { slowMember: { member, requestName: name, ratio: 2 } },
    },
    volley: { when: 'If nothing looks wrong one by one.' },
    burst: {
      when: 'If requests of a volley wait for each other.',
      symptoms: { waves: fullWaves(profile, budget) },
      done: ['baseline', 'volley'],
    },
  };
}

function stateOf(profile: Profile, occasion: Occasion, options: PreviewOptions): AutoState {
  const { budget, guard, keepAlive, plan } = options;
  const members = profile.members.map(({ name }) => ({ member: name, sent: 1, failed: 0 }));
  const { done = ['baseline'] } = occasion;
  return {
    profile,
    guard,
    symptoms: {
      gatewaySent: 1,
      gatewayFailed: 0,
      gatewayFast: 0,
      staleLosses: 0,
      pauses: [],
      waves: [],
      longestUs: 0,
      members,
      ...occasion.symptoms,
    },
    findings: [],
    done: done.map((kind) => ({ kind, spec: keepAlive })),
    spent: { durationUs: 0, requests: 0, before: 0, deliberate: 0, looks: 0 },
    budget,
    isCurious: true,
    keepAlive,
    plan,
  };
}

/** Canaries come before a burst and after it as well (`experiments/burst.ts`), for less than this together. */
const WATCHED_US = 4 * US_PER_SEC;

/** Waves that ask for the fastest burst within the limits and the budget; the canaries take their part of both. */
function fullWaves(profile: Profile, budget: AutoBudget): Symptoms['waves'] {
  const { canariesPerSec, durationUs } = burstFrame(profile);
  const canaries = canariesPerSec * profile.members.length;
  const left = Math.min(budget.requests, profile.limits.maxRequests);
  const affordable = (left * US_PER_SEC - canaries * (durationUs + WATCHED_US)) / durationUs;
  const most = Math.floor(Math.min(profile.limits.maxRatePerSec - canaries, affordable));
  // The row rounds up.
  return [{ route: GATEWAY, ratePerSec: Math.max(0, most - 1) / BURST_FACTOR, words: 'in waves' }];
}

export function previewOf(profile: Profile, options: PreviewOptions): AutoPreview {
  const steps: PreviewStep[] = [];
  const notSent: { what: string; why: string }[] = [];
  const occasions = occasionsOf(profile, options.budget);
  for (const { kind, propose } of ROWS) {
    const occasion = occasions[kind];
    const state = stateOf(profile, occasion, options);
    const proposal = propose(state);
    if (proposal === undefined) continue;
    const { what } = proposal;
    if (proposal.kind === 'forbidden') {
      notSent.push({ what, why: proposal.because });
      continue;
    }
    const planned = options.plan(proposal.spec);
    const tooMuch = planned.refused ?? beyondBudget(planned, proposal.deliberate, state);
    if (tooMuch !== undefined) notSent.push({ what, why: tooMuch });
    else steps.push(stepOf(kind, what, occasion.when, planned, proposal.deliberate));
  }
  const start = stateOf(profile, { when: '' }, options);
  return {
    most: {
      requests: requestsLeft(start),
      durationUs: options.budget.durationUs,
      deliberate: Math.min(
        options.budget.deliberate,
        steps.reduce((sum, { deliberate }) => sum + deliberate, 0),
      ),
      peakRatePerSec: Math.max(0, ...steps.map(({ peakRatePerSec }) => peakRatePerSec)),
    },
    steps,
    notSent,
  };
}

function stepOf(
  step: StepKind,
  what: string,
  when: string,
  planned: PlannedExperiment,
  deliberate: number,
): PreviewStep {
  const gatewayRequests = planned.requestsPerRoute[GATEWAY] ?? 0;
  return {
    step,
    what,
    when,
    gatewayRequests,
    directRequests: requestsOf(planned) - gatewayRequests,
    peakRatePerSec: planned.peakRatePerSec,
    durationUs: Math.ceil(planned.durationUs / US_PER_SEC) * US_PER_SEC,
    deliberate,
  };
}

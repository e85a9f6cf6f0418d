/**
 * Which experiment comes next: pure, from what looks wrong, what was found, what was spent and what is permitted. The order
 * is a fixed one (methods F.2): the cheap and harmless before what costs other users anything, each only where a symptom
 * asks for it.
 */
import type { EjectionGuard } from '../../experiments/experiment.ts';
import type { Finding } from '../../model/finding.ts';
import type { PlannedExperiment } from '../../model/plan.ts';
import type { ExperimentSpec, Profile } from '../../model/profile.ts';
import { formatDuration, formatNumber } from '../../model/quantity.ts';
import { isAtLeast } from '../../model/severity.ts';
import type { AutoBudget, TrailEnd } from '../../model/trail.ts';
import { ROWS } from './rows.ts';
import { looksWrong, type Symptoms } from './symptoms.ts';

/**
 * A run is judged after each step, and each time chance may look like a fault: the judge divides what it allows by this
 * number. Within the default budget the rows allow 17 steps: nine of the ladder of silences, one of each other row.
 */
export const MOST_LOOKS = 20;

/** What a step is for; the word under which the planner remembers it. */
export type StepKind =
  | 'baseline'
  | 'direct'
  | 'compare-members'
  | 'timeout-proof'
  | 'repeat'
  | 'keep-alive'
  | 'idle'
  | 'volley'
  | 'burst';

export type DoneStep = { readonly kind: StepKind; readonly spec: ExperimentSpec };

export type Spent = {
  readonly durationUs: number;
  readonly requests: number;
  /** Sent by the experiments of the profile, before anything was chosen: they count for the profile's limit only. */
  readonly before: number;
  readonly deliberate: number;
  /** How often the run was judged so far. */
  readonly looks: number;
};

export type AutoState = {
  readonly profile: Profile;
  readonly guard: Pick<EjectionGuard, 'slowRequest' | 'because' | 'gatewayTitle'>;
  readonly symptoms: Symptoms;
  readonly findings: readonly Pick<Finding, 'cause' | 'scope' | 'severity' | 'confidence' | 'title'>[];
  readonly done: readonly DoneStep[];
  readonly spent: Spent;
  readonly budget: AutoBudget;
  /** False: only what looks wrong is followed; nothing is looked for beyond it (after a `compare`). */
  readonly isCurious: boolean;
  /** The sweep over idle connections, where this version has it. */
  readonly keepAlive: ExperimentSpec | undefined;
  /** Pure: what a spec would send. */
  readonly plan: (spec: ExperimentSpec) => PlannedExperiment;
};

/** One row of the decision: a step that a symptom asks for, or the reason why it may not be taken. */
export type Proposal =
  | {
      readonly kind: 'step';
      readonly spec: ExperimentSpec;
      readonly what: string;
      readonly why: string;
      /** Requests of it that are slow or failing on purpose, at most. */
      readonly deliberate: number;
    }
  | { readonly kind: 'forbidden'; readonly what: string; readonly because: string };

export type Row = { readonly kind: StepKind; readonly propose: (state: AutoState) => Proposal | undefined };

export type Forgone = { readonly what: string; readonly why: string };

export type NextStep =
  | {
      readonly kind: 'try';
      readonly step: StepKind;
      readonly spec: ExperimentSpec;
      readonly planned: PlannedExperiment;
      readonly what: string;
      readonly why: string;
      readonly deliberate: number;
    }
  | {
      readonly kind: 'stop';
      readonly end: TrailEnd;
      readonly because: string;
      /** Steps that a symptom asked for and that were not taken. */
      readonly forgone: readonly Forgone[];
    };

/** A verdict that stands: it survived the judge, and it is more than possible. */
export function isFirm({ severity, confidence }: Pick<Finding, 'severity' | 'confidence'>): boolean {
  return isAtLeast(severity, 'warning') && confidence !== 'possible';
}

export function nextStep(state: AutoState): NextStep {
  if (state.findings.some(({ cause }) => cause === 'probe/saturated'))
    return { kind: 'stop', ...SATURATED, forgone: [] };
  if (state.spent.looks >= MOST_LOOKS) return { kind: 'stop', ...LOOKED_ENOUGH, forgone: [] };
  const forgone: Forgone[] = [];
  let isShort = false;
  for (const { kind, propose } of ROWS) {
    const proposal = propose(state);
    if (proposal === undefined) continue;
    if (proposal.kind === 'forbidden') {
      forgone.push({ what: proposal.what, why: proposal.because });
      continue;
    }
    const { spec, what, why, deliberate } = proposal;
    const planned = state.plan(spec);
    const tooMuch = planned.refused ?? beyondBudget(planned, deliberate, state);
    if (tooMuch === undefined) return { kind: 'try', step: kind, spec, planned, what, why, deliberate };
    isShort ||= planned.refused === undefined;
    forgone.push({ what, why: tooMuch });
  }
  return { kind: 'stop', ...ending(state, isShort), forgone };
}

export function requestsOf({ requestsPerRoute }: PlannedExperiment): number {
  return Object.values(requestsPerRoute).reduce((sum: number, count) => sum + (count ?? 0), 0);
}

/** Of the budget and of the profile's limit, whichever ends first. */
export function requestsLeft({ budget, spent, profile }: Pick<AutoState, 'budget' | 'spent' | 'profile'>): number {
  return Math.min(budget.requests, profile.limits.maxRequests - spent.before) - spent.requests;
}

/** The reason why a step costs more than is left; undefined where it fits. */
export function beyondBudget(planned: PlannedExperiment, deliberate: number, state: AutoState): string | undefined {
  const { budget, spent } = state;
  const timeUs = budget.durationUs - spent.durationUs;
  if (planned.durationUs > timeUs)
    return `it takes ${formatDuration(planned.durationUs)}, and ${formatDuration(Math.max(0, timeUs))} of ${formatDuration(budget.durationUs)} are left (--budget)`;
  const left = requestsLeft(state);
  const asked = requestsOf(planned);
  if (asked > left)
    return `it sends up to ${formatNumber(asked)} requests, and ${formatNumber(Math.max(0, left))} of this run are left`;
  if (spent.deliberate + deliberate > budget.deliberate)
    return `it sends ${deliberate} requests that are slow or failing on purpose; ${spent.deliberate} of at most ${budget.deliberate} were sent`;
  return undefined;
}

/** What a late probe measures chooses nothing. */
const SATURATED = {
  end: 'undecided',
  because: 'The probe itself was the bottleneck, so what it saw chooses no next step.',
} as const;

const LOOKED_ENOUGH = {
  end: 'budget',
  because: `The run was judged ${MOST_LOOKS} times. Each further look would give chance one more occasion to look like a fault.`,
} as const;

function ending({ findings, symptoms }: AutoState, isShort: boolean): { end: TrailEnd; because: string } {
  const firm = findings.filter(isFirm);
  if (firm.length > 0) {
    const rest =
      firm.length === 1 ? '' : ` So ${firm.length === 2 ? 'does one other' : `do ${firm.length - 1} others`}.`;
    return { end: 'firm', because: `The verdict stands: ${firm[0]?.title}${rest}` };
  }
  const { gatewaySent, gatewayFailed } = symptoms;
  if (!looksWrong(symptoms)) {
    return {
      end: 'nothing-wrong',
      because: `Nothing looked wrong in ${gatewaySent} ordinary requests through the gateway.${boundWords(gatewaySent)}`,
    };
  }
  const seen =
    gatewayFailed > 0
      ? `${gatewayFailed} of ${gatewaySent} ordinary requests through the gateway failed`
      : 'something looked unusual, though no request through the gateway failed';
  return isShort
    ? { end: 'budget', because: `No firm verdict: ${seen}, and the next step is beyond the budget.` }
    : { end: 'undecided', because: `No firm verdict: ${seen}, and no step that is permitted here would tell more.` };
}

/** With fewer requests the bound would be a number that says nothing. */
const LEAST_FOR_BOUND = 10;

/** Rule of three: with none of n failing, the failure ratio is below 3/n with 95 % confidence. */
export function boundWords(count: number): string {
  if (count < LEAST_FOR_BOUND) return '';
  return ` With 95 % confidence fewer than ${formatNumber(300 / count)} % of such requests fail; what is rarer was not looked for.`;
}

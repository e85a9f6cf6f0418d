/** States of the planner, for tables. */
import { EXPERIMENTS } from '../../../src/catalog.ts';
import type { ExperimentSpec } from '../../../src/model/profile.ts';
import type { AutoState, StepKind } from '../../../src/pipeline/auto/next-step.ts';
import type { Symptoms } from '../../../src/pipeline/auto/symptoms.ts';
import { type ProfileParts, profileOf } from '../../experiments/fake-context.ts';

export const SEC = 1_000_000;

/** A clean baseline of 32 rounds on two members. */
export const CLEAN: Symptoms = {
  gatewaySent: 32,
  gatewayFailed: 0,
  gatewayFast: 0,
  members: [
    { member: 'web1', sent: 32, failed: 0 },
    { member: 'web2', sent: 32, failed: 0 },
  ],
  staleLosses: 0,
  pauses: [],
  waves: [],
  longestUs: 60_000,
};

export type Finding = AutoState['findings'][number];

export function finding(cause: Finding['cause'], more: Partial<Finding> = {}): Finding {
  return {
    cause,
    scope: { route: 'direct' },
    severity: 'error',
    confidence: 'likely',
    title: `It is ${cause}.`,
    ...more,
  };
}

export type StateParts = Partial<Omit<AutoState, 'symptoms' | 'done' | 'profile' | 'guard' | 'spent'>> & {
  readonly symptoms?: Partial<Symptoms>;
  readonly done?: readonly StepKind[];
  readonly profile?: ProfileParts;
  readonly slowRequest?: AutoState['guard']['slowRequest'];
  readonly spent?: Partial<AutoState['spent']>;
};

export function stateOf(parts: StateParts = {}): AutoState {
  const {
    symptoms = {},
    done = ['baseline'],
    profile: profileParts = {},
    slowRequest = 'never',
    spent = {},
    ...rest
  } = parts;
  const profile = profileOf(profileParts);
  const spec: ExperimentSpec = { kind: 'volley', sizes: [2] };
  return {
    profile,
    guard: { slowRequest, because: 'it takes members out for slow answers.', gatewayTitle: 'a gateway' },
    symptoms: { ...CLEAN, ...symptoms },
    findings: [],
    done: done.map((kind) => ({ kind, spec })),
    spent: { durationUs: 0, requests: 0, before: 0, deliberate: 0, looks: 1, ...spent },
    budget: { durationUs: 300 * SEC, requests: 1_500, deliberate: 4 },
    isCurious: true,
    keepAlive: undefined,
    plan: (one) => EXPERIMENTS[one.kind].plan(one, profile, `${one.kind}-1`),
    ...rest,
  };
}

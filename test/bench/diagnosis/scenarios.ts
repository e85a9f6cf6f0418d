/** All scenarios by family, and which cases a form of the benchmark has. */
import type { CaseSpec } from './running.ts';
import type { GatewayName, Scenario } from './scenario.ts';
import { KEPT, PAIRS, STALLS } from './scenarios-connections.ts';
import { DROPS } from './scenarios-drops.ts';
import { LOOKALIKES } from './scenarios-lookalikes.ts';
import { MEMBERS } from './scenarios-members.ts';
import { HEALTHY } from './scenarios-negatives.ts';
import { NETWORK, RELEASES, STREAMS } from './scenarios-network.ts';
import { COLD, QUEUES } from './scenarios-queues.ts';
import { TIMEOUTS } from './scenarios-timeouts.ts';

export const ALL_SCENARIOS: readonly Scenario[] = [
  ...TIMEOUTS,
  ...DROPS,
  ...MEMBERS,
  ...QUEUES,
  ...COLD,
  ...KEPT,
  ...NETWORK,
  ...STALLS,
  ...PAIRS,
  ...HEALTHY,
  ...LOOKALIKES,
  ...STREAMS,
  ...RELEASES,
];

export type Choice = {
  /** Seed of the first run of each scenario; further runs count up from it. */
  readonly seed: number;
  /** Runs of each scenario: its gateways take turns, each at least once. */
  readonly runs: number;
  readonly isShort: boolean;
  /** Beginnings of scenario ids, or whole case ids; empty: all. */
  readonly only: readonly string[];
  readonly gateway?: GatewayName;
};

/** The short form has each marked scenario once, with one gateway. */
export function chooseCases({ seed, runs, isShort, only, gateway }: Choice, scenarios = ALL_SCENARIOS): CaseSpec[] {
  const chosen = scenarios.filter(
    ({ id, short, gateways }) =>
      (!isShort || short !== undefined) &&
      (only.length === 0 || only.some((one) => id.startsWith(one) || one.startsWith(`${id}-`))) &&
      (gateway === undefined || gateways.includes(gateway)),
  );
  const cases = chosen.flatMap((scenario) => {
    const named = gateway === undefined ? scenario.gateways : [gateway];
    if (isShort) return [{ scenario, gateway: gateway ?? scenario.short ?? 'arr', seed }];
    return Array.from({ length: Math.max(runs, named.length) }, (_, i): CaseSpec => {
      return { scenario, gateway: named[i % named.length] ?? 'arr', seed: seed + i };
    });
  });
  // A whole case id names its gateway and seed, also where this form would have drawn others.
  const exact = only.flatMap((text) => exactCase(text, scenarios));
  const others = only.filter((text) => exactCase(text, scenarios).length === 0);
  return only.length === 0
    ? cases
    : [...exact, ...cases.filter(({ scenario: { id } }) => others.some((one) => id.startsWith(one)))];
}

function exactCase(text: string, scenarios: readonly Scenario[]): CaseSpec[] {
  return scenarios.flatMap((scenario) =>
    scenario.gateways.flatMap((gateway) => {
      const prefix = `${scenario.id}-${gateway}-`;
      const seed = text.startsWith(prefix) ? Number(text.slice(prefix.length)) : Number.NaN;
      return Number.isInteger(seed) ? [{ scenario, gateway, seed }] : [];
    }),
  );
}

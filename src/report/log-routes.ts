/** The routes of a report without traffic: what the logs of the gateway and of each member counted. */
import type { LogEvidence, LogSourceSummary } from '../model/journey.ts';
import type { QuantileEstimate, QuantileTable, RouteSummary } from '../model/report.ts';
import { failedRequests, requestCount } from './log-summary.ts';

/** Times are counted in steps of 2.2 % of their value (logs/join/duration-counts.ts), so half of that is open. */
const STEP_RATIO = 0.011;
const QUANTILES = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
] as const;

/** Gateway first, then members in the order given; hosts without a log of requests are left out. */
export function routesFromLogs({ sources }: LogEvidence, members: readonly string[]): readonly RouteSummary[] {
  const others = sources.flatMap(({ member }) => (member === undefined || members.includes(member) ? [] : [member]));
  return [undefined, ...members, ...new Set(others)].flatMap((member) => {
    const own = sources.filter(
      (source) =>
        (member === undefined ? source.role === 'gateway' : source.role === 'member' && source.member === member) &&
        requestCount(source) > 0,
    );
    return own.length === 0 ? [] : [routeOf(member, own)];
  });
}

function routeOf(member: string | undefined, sources: readonly LogSourceSummary[]): RouteSummary {
  const count = sources.reduce((sum, source) => sum + requestCount(source), 0);
  const failed = sources.reduce((sum, source) => sum + failedRequests(source), 0);
  // Distributions of several logs cannot be added; the one that holds most stands for all.
  const times = sources
    .flatMap(({ okDurationUs }) => okDurationUs ?? [])
    .reduce<LogSourceSummary['okDurationUs']>(
      (most, one) => (most === undefined || one.count > most.count ? one : most),
      undefined,
    );
  return {
    route: member === undefined ? 'gateway' : 'direct',
    ...(member === undefined ? {} : { member }),
    count,
    outcomes: outcomesOf(sources),
    latencyUs: times === undefined ? {} : quantilesOf(times),
    latencyCount: times?.count ?? 0,
    ...(times === undefined ? {} : { maxUs: times.max }),
    phasesUs: {},
    failureRatio: { value: failed / count },
  };
}

/** Keys as of measured requests: `200`, `502.3`. */
function outcomesOf(sources: readonly LogSourceSummary[]): Readonly<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  for (const { status, substatus = 0, count } of sources.flatMap(({ classes }) => classes)) {
    const key = status <= 0 ? 'no-status' : substatus > 0 ? `${status}.${substatus}` : String(status);
    outcomes[key] = (outcomes[key] ?? 0) + count;
  }
  return outcomes;
}

function quantilesOf(times: NonNullable<LogSourceSummary['okDurationUs']>): QuantileTable {
  return Object.fromEntries(
    QUANTILES.map(([name, p]): [string, QuantileEstimate] => {
      // With fewer, no answer lies beyond the quantile and it is the slowest under another name.
      const need = Math.round(1 / (1 - p));
      if (times.count < need) return [name, { state: 'n/a', need, have: times.count }];
      const value = times[name];
      const low = Math.round(value * (1 - STEP_RATIO));
      return [
        name,
        {
          state: 'known',
          value,
          low,
          high: Math.max(value, Math.min(times.max, Math.round(value * (1 + STEP_RATIO)))),
        },
      ];
    }),
  );
}

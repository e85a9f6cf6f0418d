/** History of one route as even stretches of time, whatever level it was kept at. */
import type { HistoryEvidence, HistoryInterval } from '../model/history.ts';
import { LEVEL_US } from '../model/history.ts';
import type { RouteId } from '../model/route.ts';
import { decodeHistogram } from '../recording/histogram.ts';
import { type Distribution, distributionOfPairs, EMPTY_DISTRIBUTION } from './distribution.ts';

/** One stretch of a route. Failed and counted over new and warm connections; times of the chosen connections only. */
export type HistoryBlock = {
  readonly startAtUs: number;
  readonly count: number;
  readonly failed: number;
  readonly outcomes: Readonly<Record<string, number>>;
};

/** Selects among the series of a history. A field left out does not restrict. */
export type HistorySelection = {
  readonly route?: RouteId;
  readonly requestName?: string;
  readonly connection?: 'new' | 'warm';
};

function intervalsOf(history: HistoryEvidence, selection: HistorySelection): readonly HistoryInterval[] {
  return history.series
    .filter(
      ({ route, requestName, connection }) =>
        (selection.route === undefined || route === selection.route) &&
        (selection.requestName === undefined || requestName === selection.requestName) &&
        (selection.connection === undefined || connection === selection.connection),
    )
    .flatMap(({ intervals }) => intervals)
    .filter(({ count }) => count > 0);
}

function grouped(intervals: readonly HistoryInterval[], blockUs: number): readonly (readonly HistoryInterval[])[] {
  const byStart = new Map<number, HistoryInterval[]>();
  for (const interval of intervals) {
    const startAtUs = Math.floor(interval.startAtUs / blockUs) * blockUs;
    const list = byStart.get(startAtUs);
    if (list === undefined) byStart.set(startAtUs, [interval]);
    else list.push(interval);
  }
  return [...byStart].sort((a, b) => a[0] - b[0]).map(([, list]) => list);
}

/** Blocks in which something was due, in order. `blockUs` is at least the length of the level. */
export function historyBlocks(
  history: HistoryEvidence,
  selection: HistorySelection,
  blockUs: number = LEVEL_US[history.level],
): readonly HistoryBlock[] {
  return grouped(intervalsOf(history, selection), blockUs).map((list) => {
    const outcomes: Record<string, number> = {};
    let count = 0;
    let failed = 0;
    for (const interval of list) {
      count += interval.count;
      failed += interval.failed;
      for (const [key, value] of Object.entries(interval.outcomes)) outcomes[key] = (outcomes[key] ?? 0) + value;
    }
    return { startAtUs: Math.floor((list[0]?.startAtUs ?? 0) / blockUs) * blockUs, count, failed, outcomes };
  });
}

/** When something was due for the first time: a look back over a month at a farm that is watched since yesterday begins yesterday. */
export function historyBeginUs({ series, fromAtUs, toAtUs }: HistoryEvidence): number {
  let firstUs = toAtUs;
  for (const { intervals } of series)
    for (const { startAtUs, count } of intervals) if (count > 0) firstUs = Math.min(firstUs, startAtUs);
  return Math.max(fromAtUs, firstUs);
}

export type TimedBlock = { readonly startAtUs: number; readonly times: Distribution };

/**
 * Times of the same blocks: of answers that are ok, which are few where most failed. Blocks without any are left out.
 */
export function historyTimes(
  history: HistoryEvidence,
  selection: HistorySelection,
  blockUs: number = LEVEL_US[history.level],
  which: 'response' | 'service' = 'response',
): readonly TimedBlock[] {
  return grouped(intervalsOf(history, selection), blockUs)
    .map((list) => ({
      startAtUs: Math.floor((list[0]?.startAtUs ?? 0) / blockUs) * blockUs,
      times: timesOf(list, which),
    }))
    .filter(({ times }) => times.count > 0);
}

/** All times of a selection. */
export function historyDistribution(
  history: HistoryEvidence,
  selection: HistorySelection,
  which: 'response' | 'service' = 'response',
): Distribution {
  return timesOf(intervalsOf(history, selection), which);
}

function timesOf(intervals: readonly HistoryInterval[], which: 'response' | 'service'): Distribution {
  if (intervals.length === 0) return EMPTY_DISTRIBUTION;
  return distributionOfPairs(intervals.flatMap((interval) => decodeHistogram(interval[which])));
}

/** Warm connections where there are any: new ones carry the cost of connecting. */
export function usualConnection(history: HistoryEvidence, route: RouteId): 'new' | 'warm' {
  const counts = { new: 0, warm: 0 };
  for (const series of history.series)
    if (series.route === route) for (const { count } of series.intervals) counts[series.connection] += count;
  return counts.warm > 0 ? 'warm' : 'new';
}

/** What is ordinary on a route: the times of recent requests on new connections, to tell a cold start and a slow answer by. */
import { type Exchange, isFailure, serviceTimeUs } from '../model/exchange.ts';
import { type History, LEVEL_US, type SeriesKey } from '../model/history.ts';
import type { RouteId } from '../model/route.ts';
import { decodeHistogram } from '../recording/histogram.ts';
import type { Rhythm } from './schedule.ts';

export type Baseline = {
  add(exchange: Exchange): void;
  /** Service times (µs) of earlier, in their order. */
  recall(series: Pick<SeriesKey, 'route' | 'requestName' | 'connection'>, timesUs: readonly number[]): void;
  /** Undefined: too few to tell. */
  isCold(exchange: Exchange): boolean | undefined;
  isSlow(exchange: Exchange): boolean;
  /** Whether a silence on this route could be judged. */
  isReady(route: RouteId, requestName: string): boolean;
  medianUs(exchange: Exchange): number | undefined;
};

/** A cold start is among the slowest of a hundred: with fewer than 99 warm ones that cannot be told. */
const COLD_P = 0.01;
const LEAST = 99;
/** Two to three hours of rounds every 30 s: the load of the hour, not of the week. */
const MOST = 200;
/** And it is felt: three times the median, and 100 ms more. */
const LEAST_RATIO = 3;
const LEAST_EXCESS_US = 100_000;

export function createBaseline(): Baseline {
  const times = new Map<string, number[]>();
  const keyOf = (route: RouteId, requestName: string, isNew: boolean): string => `${route} ${requestName} ${isNew}`;
  const of = ({ route, requestName, connection }: Exchange): readonly number[] =>
    times.get(keyOf(route, requestName, connection?.isNew === true)) ?? [];
  return {
    add(exchange) {
      const us = serviceTimeUs(exchange);
      if (us === undefined || isFailure(exchange)) return;
      const key = keyOf(exchange.route, exchange.requestName, exchange.connection?.isNew === true);
      const list = times.get(key) ?? [];
      if (list.push(us) > MOST) list.shift();
      times.set(key, list);
    },
    recall({ route, requestName, connection }, timesUs) {
      const key = keyOf(route, requestName, connection === 'new');
      times.set(key, [...(times.get(key) ?? []), ...timesUs].slice(-MOST));
    },
    isCold(exchange) {
      const us = serviceTimeUs(exchange);
      const warm = of(exchange);
      if (us === undefined || isFailure(exchange) || warm.length < LEAST) return undefined;
      const rankP = (1 + warm.filter((other) => other >= us).length) / (warm.length + 1);
      return rankP <= COLD_P && us >= floorUs(warm);
    },
    isSlow(exchange) {
      if (exchange.unmet?.includes('maxMs') === true) return true;
      const warm = of(exchange);
      return warm.length >= LEAST && (serviceTimeUs(exchange) ?? 0) >= floorUs(warm);
    },
    isReady: (route, requestName) => (times.get(keyOf(route, requestName, true))?.length ?? 0) >= LEAST,
    medianUs: (exchange) => (of(exchange).length === 0 ? undefined : medianOf(of(exchange))),
  };
}

function floorUs(warm: readonly number[]): number {
  const us = medianOf(warm);
  return Math.max(LEAST_RATIO * us, us + LEAST_EXCESS_US);
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Further back than this it would be another load. */
const LONGEST_RECALL_US = LEVEL_US['1d'];

/**
 * What was ordinary before the monitor was stopped or killed: without it nothing slow is seen, and no quiet window begins,
 * until a hundred requests on new connections have been made again. Only scheduled answers that are ok stand in intervals.
 */
export function recallBaseline(
  history: Pick<History, 'intervals'>,
  { profile, baseline, ordinary }: { readonly profile: string; readonly baseline: Baseline; readonly ordinary: Rhythm },
  nowAtUs: number,
): void {
  const first = ordinary.next(nowAtUs) ?? nowAtUs;
  const everyUs = ordinary.intervalUs ?? (ordinary.next(first) ?? first) - first;
  // Rounds on new and on kept connections take turns.
  const spanUs = Math.min(LONGEST_RECALL_US, 2 * MOST * everyUs);
  const rows = history.intervals({ profile, level: '10s', fromAtUs: nowAtUs - spanUs, toAtUs: nowAtUs });
  for (const row of rows.toSorted((a, b) => a.startAtUs - b.startAtUs))
    baseline.recall(
      row,
      decodeHistogram(row.service).flatMap(([us, count]) => Array.from({ length: count }, () => us)),
    );
}

/** Intervals of history put together into the bins of a page. Pure, but for the memory of what was decoded. */
import { HISTORY_LEVELS, type History, type HistoryInterval, LEVEL_US, type SeriesKey } from '../../model/history.ts';
import { createHistogram, decodeHistogram, type Histogram, type ValueCount } from '../../recording/histogram.ts';
import type { TimeRange } from './time-range.ts';

/** What a bin or a whole range came to. Times are response times: from the moment a request was due. */
export type Summary = {
  readonly count: number;
  readonly failed: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly response: Histogram;
  /** Exact. */
  readonly maxUs: number;
};
export type Bin = Summary & { readonly startAtUs: number };

/** The recorded values of an encoded histogram; nothing when it cannot be read. */
export type Decode = (encoded: string) => readonly ValueCount[];

/**
 * Finished intervals never change, and every page asks for the same ones again. 20,000 hold a week of a small farm; their
 * histograms have a few values each.
 */
const MAX_REMEMBERED = 20_000;

export function createDecoder(limit: number = MAX_REMEMBERED): Decode {
  const known = new Map<string, readonly ValueCount[]>();
  return (encoded) => {
    const before = known.get(encoded);
    if (before !== undefined) return before;
    const values = decodeHistogram(encoded);
    if (known.size >= limit) known.delete(known.keys().next().value ?? '');
    known.set(encoded, values);
    return values;
  };
}

/** The intervals of a range: of its level, and from where those end the finer ones that are not rolled up yet. */
export function readIntervals(history: History, profile: string, range: TimeRange): readonly HistoryInterval[] {
  const { toAtUs } = range;
  const all: HistoryInterval[] = [];
  let fromAtUs = range.fromAtUs;
  // Coarse first. A level reaches to the end of its newest interval: rolling up treats all series alike.
  for (const level of HISTORY_LEVELS.slice(0, HISTORY_LEVELS.indexOf(range.level) + 1).reverse()) {
    if (fromAtUs >= toAtUs) break;
    const from = fromAtUs;
    const found = history.intervals({ profile, fromAtUs, toAtUs, level, limit: MAX_INTERVALS });
    const fresh = found.filter(({ startAtUs }) => startAtUs >= from);
    for (const interval of fresh) fromAtUs = Math.max(fromAtUs, interval.startAtUs + LEVEL_US[level]);
    all.push(...fresh);
  }
  return all;
}

/** Above what the longest range has of its level: a limit is only there so that the store's own does not cut. */
const MAX_INTERVALS = 100_000;

export function summarise(intervals: readonly HistoryInterval[], decode: Decode): Summary {
  const response = createHistogram();
  const outcomes: Record<string, number> = {};
  let [count, failed, maxUs] = [0, 0, 0];
  for (const interval of intervals) {
    count += interval.count;
    failed += interval.failed;
    maxUs = Math.max(maxUs, interval.maxResponseUs);
    for (const [key, times] of Object.entries(interval.outcomes)) outcomes[key] = (outcomes[key] ?? 0) + times;
    for (const [valueUs, times] of decode(interval.response)) response.record(valueUs, times);
  }
  return { count, failed, outcomes, response, maxUs };
}

/** One bin for every step of the range, in order; bins without a request are there and empty. */
export function binsOf(intervals: readonly HistoryInterval[], range: TimeRange, decode: Decode): readonly Bin[] {
  const groups = new Map<number, HistoryInterval[]>();
  for (const interval of intervals) {
    const startAtUs = Math.floor(interval.startAtUs / range.binUs) * range.binUs;
    const group = groups.get(startAtUs);
    if (group === undefined) groups.set(startAtUs, [interval]);
    else group.push(interval);
  }
  const bins: Bin[] = [];
  for (let startAtUs = range.fromAtUs; startAtUs < range.toAtUs; startAtUs += range.binUs)
    bins.push({ startAtUs, ...summarise(groups.get(startAtUs) ?? [], decode) });
  return bins;
}

/**
 * Kept connections where there are any, as reports do: new ones pay for the handshake, and the two are never mixed.
 */
export function comparable<T extends Pick<SeriesKey, 'connection'>>(
  series: readonly T[],
): { readonly connection: SeriesKey['connection']; readonly of: readonly T[] } {
  const warm = series.filter(({ connection }) => connection === 'warm');
  return warm.length > 0 ? { connection: 'warm', of: warm } : { connection: 'new', of: series };
}

/** A quantile is one of the values only where at least one is expected beyond it: p99 needs 100 requests. */
export function quantileOf({ response }: Pick<Summary, 'response'>, p: number): number | undefined {
  return response.count * (1 - p) >= 1 - 1e-9 ? response.quantile(p) : undefined;
}

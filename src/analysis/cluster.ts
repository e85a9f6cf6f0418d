/** Values that pile up at one place: the mark of a timer. */
import { median } from './medians.ts';
import { binomialProbability, binomialTail } from './proportion.ts';

export type TimeoutCluster = {
  /** Places of the members in the input, by rising elapsed time. */
  readonly indexes: readonly number[];
  readonly fromUs: number;
  readonly toUs: number;
  readonly medianUs: number;
  /** Width of the window that was scanned for. */
  readonly widthUs: number;
  /**
   * Probability of such a pile if the times were spread evenly over `spanUs`, corrected for the places scanned; at most
   * 1.
   */
  readonly p: number;
};

export type ClusterOptions = {
  /** Longest time that could have been seen: the probe's own limit, or the longest delay asked for. */
  readonly spanUs: number;
  /** Median absolute deviation of the gateway's overhead: how much a timer's mark is smeared. */
  readonly overheadDeviationUs?: number;
};

/** Three failures are the fewest that can agree; two always lie on a line. */
export const MIN_CLUSTER_SIZE = 3;
/** Chance level for one cluster, after correction for the places scanned. */
export const MAX_CLUSTER_P = 1e-3;
/** Timers of five gateways fired 1 to 8 ms late and their clocks tick in up to 16 ms (measured). */
const MIN_WIDTH_US = 25_000;
/** A 30 s timer was logged 0.4 % early (29 889 ms). */
const WIDTH_RATIO = 0.005;
const DEVIATIONS_PER_WIDTH = 4;
const WIDTHS_TRIED = 2;

/**
 * Clusters of elapsed times of failures, most significant first; a failure belongs to one cluster at most. Give
 * failures of one emitter and outcome only, and leave out those as fast as an ordinary answer: they agree without any
 * timer.
 *
 * Scan statistic: the chance that some window holds k of n values (Wallenstein and Neff; for k = n the exact k·r^(k−1)
 * − (k−1)·r^k, r = width/span), times the number of windows (two widths are tried), because failures are never spread
 * evenly.
 */
export function findTimeoutClusters(elapsedUs: readonly number[], options: ClusterOptions): readonly TimeoutCluster[] {
  const clusters: TimeoutCluster[] = [];
  let rest = elapsedUs.map((_, index) => index).sort((a, b) => elapsedUs[a]! - elapsedUs[b]!);
  while (true) {
    const best = bestCluster(elapsedUs, rest, options);
    if (best === undefined || best.p >= MAX_CLUSTER_P) return clusters.sort((a, b) => a.p - b.p);
    clusters.push(best);
    const taken = new Set(best.indexes);
    rest = rest.filter((index) => !taken.has(index));
  }
}

/**
 * The most failures that agree, at least three, however likely by chance: what to say where they are too few for a cluster.
 * Undefined: no three agree.
 */
export function agreement(
  elapsedUs: readonly number[],
  overheadDeviationUs = 0,
): { readonly count: number; readonly medianUs: number } | undefined {
  const sorted = elapsedUs.toSorted((a, b) => a - b);
  const groups = sorted.map((fromUs, start) => {
    const toUs = fromUs + clusterWidthUs(fromUs, overheadDeviationUs);
    return sorted.slice(start).filter((us) => us <= toUs);
  });
  const most = groups.sort((a, b) => b.length - a.length)[0];
  return most === undefined || most.length < MIN_CLUSTER_SIZE
    ? undefined
    : { count: most.length, medianUs: median(most) };
}

/** Width of the window at an elapsed time: max(25 ms, 0.5 %, 4 deviations of the overhead). */
export function clusterWidthUs(elapsedUs: number, overheadDeviationUs = 0): number {
  return Math.max(MIN_WIDTH_US, WIDTH_RATIO * elapsedUs, DEVIATIONS_PER_WIDTH * overheadDeviationUs);
}

/**
 * The most significant pile among windows of full width and, where a timer is exact, of the least: it leaves out
 * strangers nearby.
 */
function bestCluster(
  elapsedUs: readonly number[],
  sorted: readonly number[],
  { spanUs, overheadDeviationUs = 0 }: ClusterOptions,
): TimeoutCluster | undefined {
  const leastUs = clusterWidthUs(0, overheadDeviationUs);
  const exact = bestWindow(elapsedUs, sorted, spanUs, () => leastUs);
  const wide = bestWindow(elapsedUs, sorted, spanUs, (fromUs) => clusterWidthUs(fromUs, overheadDeviationUs));
  return exact !== undefined && wide !== undefined && exact.p < wide.p ? exact : wide;
}

function bestWindow(
  elapsedUs: readonly number[],
  sorted: readonly number[],
  spanUs: number,
  widthAt: (fromUs: number) => number,
): TimeoutCluster | undefined {
  let best: TimeoutCluster | undefined;
  for (let start = 0, end = 0; start < sorted.length; start++) {
    const fromUs = elapsedUs[sorted[start]!]!;
    const widthUs = widthAt(fromUs);
    while (end < sorted.length && elapsedUs[sorted[end]!]! <= fromUs + widthUs) end++;
    const size = end - start;
    if (size < MIN_CLUSTER_SIZE) continue;
    const ratio = Math.min(1, widthUs / spanUs);
    const p = Math.min(1, (WIDTHS_TRIED * scanP(size, sorted.length, ratio)) / ratio);
    if (best !== undefined && p >= best.p && !(p === best.p && size > best.indexes.length)) continue;
    const indexes = sorted.slice(start, end);
    const times = indexes.map((index) => elapsedUs[index]!);
    best = { indexes, fromUs, toUs: times.at(-1)!, medianUs: median(times), widthUs, p };
  }
  return best;
}

/**
 * Chance that some window of relative width `ratio` holds at least `k` of `n` evenly spread values (Wallenstein and
 * Neff 1987).
 */
export function scanP(k: number, n: number, ratio: number): number {
  const p = (k / ratio - n - 1) * binomialProbability(k, n, ratio) + 2 * binomialTail(k, n, ratio);
  return Math.min(1, Math.max(0, p));
}

/** Sorted values in groups; a new group starts wherever two neighbours are more than `maxGap` apart. */
export function splitAtGaps(values: readonly number[], maxGap: number): number[][] {
  const groups: number[][] = [];
  let previous = Number.NEGATIVE_INFINITY;
  for (const value of values.toSorted((a, b) => a - b)) {
    if (value - previous > maxGap) groups.push([value]);
    else groups.at(-1)!.push(value);
    previous = value;
  }
  return groups;
}

/** Rank tests: does one small sample lie above another, without assuming any shape. */
import { logChoose, normalTail } from './special.ts';

export type RankTest = {
  /** Mann-Whitney U of the first sample: pairs (a, b) with a > b, ties counted half. */
  readonly u: number;
  /** U / (m·k): probability that a value of the first sample exceeds one of the second. */
  readonly superiority: number;
  readonly p: number;
  /** `exact`: over all ways to draw the first sample from the pooled values (ties included). */
  readonly method: 'exact' | 'normal';
};

/** Steps of the exact count: about 50 ms. Beyond, samples are large enough for the normal approximation. */
const MAX_EXACT_STEPS = 20_000_000;
/** Whole numbers up to here are exact in a double; more subsets than that cannot be counted. */
const MAX_EXACT_LOG_SUBSETS = Math.log(Number.MAX_SAFE_INTEGER);

/**
 * Mann-Whitney test of `first` against `second`: p-value under the null that all values are exchangeable.
 * `greater`: the first sample tends to be larger. Not to be used on pooled requests of one run, which are far from
 * exchangeable; it is meant for repeats (first requests after a gap against warm ones).
 */
export function mannWhitney(
  first: readonly number[],
  second: readonly number[],
  alternative: 'two-sided' | 'greater' = 'greater',
): RankTest {
  const k = first.length;
  const m = second.length;
  if (k === 0 || m === 0) return { u: 0, superiority: 0.5, p: 1, method: 'exact' };
  const { doubledRanks, ties } = midranks([...first, ...second]);
  const doubledSum = doubledRanks.slice(0, k).reduce((sum, rank) => sum + rank, 0);
  const u = doubledSum / 2 - (k * (k + 1)) / 2;
  const superiority = u / (m * k);
  const smaller = Math.min(k, m);
  const steps = (k + m) * smaller * 2 * (k + m) * smaller;
  if (steps <= MAX_EXACT_STEPS && logChoose(k + m, smaller) < MAX_EXACT_LOG_SUBSETS) {
    return { u, superiority, p: exactP(doubledRanks, k, doubledSum, alternative), method: 'exact' };
  }
  return { u, superiority, p: normalP(u, k, m, ties, alternative), method: 'normal' };
}

/**
 * Probability, if order meant nothing, that all `above` values exceed all `below` values: 1 / C(below + above, above).
 * Three slow first requests against 99 warm ones: 6e-6.
 */
export function allExceedP(below: number, above: number): number {
  return Math.exp(-logChoose(below + above, above));
}

/** (1 + number of baseline values >= x) / (m + 1): rank p-value of one value against a baseline. */
export function rankP(value: number, baseline: readonly number[]): number {
  return (1 + baseline.filter((other) => other >= value).length) / (baseline.length + 1);
}

/** Ranks from 1 on; equal values share the mean of theirs. */
export function midranksOf(values: readonly number[]): readonly number[] {
  return midranks(values).doubledRanks.map((doubled) => doubled / 2);
}

/** Midranks times two (whole numbers also with ties), and the sizes of the groups of equal values. */
function midranks(values: readonly number[]): { doubledRanks: number[]; ties: number[] } {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const doubledRanks = new Array<number>(values.length).fill(0);
  const ties: number[] = [];
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end + 1 < order.length && values[order[end + 1]!] === values[order[start]!]) end++;
    for (let i = start; i <= end; i++) doubledRanks[order[i]!] = start + 1 + end + 1;
    if (end > start) ties.push(end - start + 1);
    start = end + 1;
  }
  return { doubledRanks, ties };
}

/** Counts the subsets of size k by their rank sum: the distribution of the sum if every subset is equally likely. */
function exactP(doubledRanks: readonly number[], k: number, doubledSum: number, alternative: string): number {
  const total = doubledRanks.reduce((sum, rank) => sum + rank, 0);
  // The rest of a subset is a subset: counting the smaller of the two is enough, with its sum mirrored.
  const isMirrored = k > doubledRanks.length - k;
  const size = isMirrored ? doubledRanks.length - k : k;
  const observed = isMirrored ? total - doubledSum : doubledSum;
  const largest = [...doubledRanks].sort((a, b) => b - a).slice(0, size);
  const maxSum = largest.reduce((sum, rank) => sum + rank, 0);
  const counts = Array.from({ length: size + 1 }, () => new Float64Array(maxSum + 1));
  counts[0]![0] = 1;
  for (const rank of doubledRanks) {
    for (let chosen = size; chosen >= 1; chosen--) {
      const from = counts[chosen - 1]!;
      const to = counts[chosen]!;
      for (let sum = maxSum; sum >= rank; sum--) to[sum]! += from[sum - rank]!;
    }
  }
  let above = 0;
  let below = 0;
  let all = 0;
  counts[size]!.forEach((count, sum) => {
    all += count;
    if (sum >= observed) above += count;
    if (sum <= observed) below += count;
  });
  const greater = (isMirrored ? below : above) / all;
  const less = (isMirrored ? above : below) / all;
  return alternative === 'greater' ? greater : Math.min(1, 2 * Math.min(greater, less));
}

/** Normal approximation with tie correction and continuity correction. */
function normalP(u: number, k: number, m: number, ties: readonly number[], alternative: string): number {
  const n = k + m;
  const tieTerm = ties.reduce((sum, t) => sum + t * (t * t - 1), 0) / (n * (n - 1));
  const deviation = Math.sqrt(((k * m) / 12) * (n + 1 - tieTerm));
  if (deviation === 0) return 1;
  const distance = u - (k * m) / 2;
  if (alternative === 'greater') return normalTail((distance - 0.5) / deviation);
  return Math.min(1, 2 * normalTail((Math.abs(distance) - 0.5) / deviation));
}

/** Where the distribution of a series changes. */
import { shuffled } from '../model/random.ts';
import type { Random } from '../model/time.ts';
import { studentTCdf } from './special.ts';

export type ChangePoint = {
  /** Of the first value after the change. */
  readonly index: number;
  /** Of the two-sided Welch test of its two neighbouring segments; optimistic, because the place was chosen. */
  readonly p: number;
};

export type ChangePointOptions = {
  /** Shortest segment; the default keeps single outliers from being segments. */
  readonly leastLength?: number;
  /** Shuffles per split. */
  readonly shuffles?: number;
  /** Level at which a split is believed. */
  readonly level?: number;
  /** Level at which neighbouring segments stay apart. */
  readonly mergeLevel?: number;
};

/** 199 shuffles tell 1 % apart (Matteson and James use 499; a split at 1 % needs two that reach it to be refused). */
const DEFAULTS = { leastLength: 5, shuffles: 199, level: 0.01, mergeLevel: 0.001 } as const;

/**
 * E-divisive (Matteson and James, "A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data",
 * JASA 109, 2014) of one series with α = 1, the second segment reaching to the end as in Daly et al., "The Use of Change
 * Point Detection to Identify Software Performance Regressions" (ICPE 2020): splits where the energy distance of both
 * sides is largest, as long as shuffling the segment does not reach it. Then, as in Hunter (Fleming et al., 2023), the
 * weakest change is dropped while Welch's test does not tell its neighbours apart. Values in order of time; ascending by
 * index. Time grows with shuffles × n².
 */
export function changePoints(
  values: readonly number[],
  random: Random,
  options: ChangePointOptions = {},
): readonly ChangePoint[] {
  const settings = { ...DEFAULTS, ...options };
  const found: number[] = [];
  const pending: { from: number; to: number }[] = [{ from: 0, to: values.length }];
  for (let segment = pending.pop(); segment !== undefined; segment = pending.pop()) {
    const { from, to } = segment;
    const own = values.slice(from, to);
    const best = bestSplit(own, settings.leastLength);
    if (best === undefined || !isBeyondShuffles(own, best.q, random.fork(`${from} ${to}`), settings)) continue;
    found.push(from + best.index);
    pending.push({ from, to: from + best.index }, { from: from + best.index, to });
  }
  return merged(
    values,
    found.sort((a, b) => a - b),
    settings.mergeLevel,
  );
}

/** The split with the largest scaled energy distance m·k/(m+k)·ε; undefined where both sides cannot be long enough. */
function bestSplit(
  values: readonly number[],
  leastLength: number,
): { readonly index: number; readonly q: number } | undefined {
  const n = values.length;
  if (n < 2 * leastLength) return undefined;
  let [left, across, right] = [0, 0, 0];
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) right += Math.abs(values[i]! - values[j]!);
  let best: { index: number; q: number } | undefined;
  // Values go from the right to the left one after the other; the three sums of distances follow.
  for (let moved = 0; moved < n - leastLength; moved++) {
    const value = values[moved]!;
    let toLeft = 0;
    let toRight = 0;
    for (let j = 0; j < moved; j++) toLeft += Math.abs(value - values[j]!);
    for (let j = moved + 1; j < n; j++) toRight += Math.abs(value - values[j]!);
    left += toLeft;
    right -= toRight;
    across += toRight - toLeft;
    const m = moved + 1;
    const k = n - m;
    if (m < leastLength) continue;
    const energy = (2 * across) / (m * k) - (2 * left) / (m * (m - 1)) - (2 * right) / (k * (k - 1));
    const q = ((m * k) / n) * energy;
    if (best === undefined || q > best.q) best = { index: m, q };
  }
  return best;
}

function isBeyondShuffles(
  values: readonly number[],
  q: number,
  random: Random,
  { leastLength, shuffles, level }: { leastLength: number; shuffles: number; level: number },
): boolean {
  let reached = 1;
  for (let i = 0; i < shuffles; i++) {
    if ((bestSplit(shuffled(values, random), leastLength)?.q ?? 0) >= q) reached++;
    if (reached > level * (shuffles + 1)) return false;
  }
  return true;
}

function merged(values: readonly number[], found: readonly number[], level: number): readonly ChangePoint[] {
  const indices = [...found];
  for (;;) {
    const points = indices.map((index, i) => ({
      index,
      p: welchP(values.slice(indices[i - 1] ?? 0, index), values.slice(index, indices[i + 1] ?? values.length)),
    }));
    const weakest = points.reduce((worst, { p }, i) => (p > (points[worst]?.p ?? 0) ? i : worst), 0);
    if ((points[weakest]?.p ?? 0) <= level) return points;
    indices.splice(weakest, 1);
  }
}

/** Two-sided p of Welch's t test; 0 for two different constants, 1 for equal ones. */
export function welchP(first: readonly number[], second: readonly number[]): number {
  const [a, b] = [momentsOf(first), momentsOf(second)];
  const [va, vb] = [a.variance / a.count, b.variance / b.count];
  const spread = va + vb;
  if (!(spread > 0)) return a.mean === b.mean ? 1 : 0;
  const degrees = (spread * spread) / ((va * va) / (a.count - 1) + (vb * vb) / (b.count - 1));
  return 2 * studentTCdf(-Math.abs(a.mean - b.mean) / Math.sqrt(spread), Math.max(1, degrees));
}

export type Moments = { readonly count: number; readonly mean: number; readonly variance: number };

/** Mean and unbiased variance; the variance of fewer than two values is 0. */
export function momentsOf(values: readonly number[]): Moments {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, count);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { count, mean, variance: count < 2 ? 0 : squares / (count - 1) };
}

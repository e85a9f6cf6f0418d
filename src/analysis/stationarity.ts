/** Whether a series has the same level from its beginning to its end. */
import { momentsOf } from './change-points.ts';
import { midranksOf } from './rank.ts';
import { studentTCdf } from './special.ts';

/**
 * The likeness of neighbours is taken at its upper bound of 95 %: what wanders for some seconds would be called a change otherwise
 * (simulated: AR(1) with 0.8 from second to second; with the estimate itself one run in twelve was).
 */
const BOUND_Z = 1.645;
/** At 0.95 forty values are one. */
const MOST_CORRELATION = 0.95;
/** With fewer values' worth of information neither test says anything. */
const LEAST_EFFECTIVE = 5;
/** The likeness comes from all values, not from the few that they are worth; with 6 degrees noise that wanders hardly passes (simulated). */
const LEAST_DEGREES = 6;
/** A side of fewer values has no spread of its own. */
const LEAST_SIDE = 5;

/**
 * Two-sided p of Spearman's rank correlation of the values with their order: sees what rises or falls. Neighbours that are alike (AR(1),
 * after the straight line is taken out) count for as much less as they tell less.
 */
export function trendP(values: readonly number[]): number {
  const ranks = midranksOf(values);
  const n = ranks.length;
  const { slope, correlation } = lineThrough(ranks);
  const effective = n / likenessEffect(ranks.map((rank, i) => rank - (n + 1) / 2 - slope * (i - (n - 1) / 2)));
  if (effective < LEAST_EFFECTIVE) return 1;
  const t = Math.abs(correlation) * Math.sqrt((effective - 2) / Math.max(1e-12, 1 - correlation ** 2));
  return 2 * studentTCdf(-t, effective - 2);
}

export type Shift = {
  /** Of the first value after the change. */
  readonly index: number;
  readonly p: number;
};

/**
 * A level that changes at one moment: where the CUSUM of the ranks is farthest from 0 (Pettitt, "A non-parametric approach to the
 * change-point problem", 1979), Welch's test of both sides, times the number of places that were tried. Ranks alone could not tell a
 * doubling from luck in 30 values. Neighbours that are alike on both sides count for as much less as they tell less.
 */
export function levelShift(values: readonly number[]): Shift {
  const ranks = midranksOf(values);
  const n = ranks.length;
  let sum = 0;
  let most = { size: 0, index: LEAST_SIDE };
  for (let index = 1; index <= n - LEAST_SIDE; index++) {
    sum += (ranks[index - 1] as number) - (n + 1) / 2;
    if (index >= LEAST_SIDE && Math.abs(sum) > most.size) most = { size: Math.abs(sum), index };
  }
  const { index, size } = most;
  if (size === 0) return { index, p: 1 };
  const sides = [values.slice(0, index), values.slice(index)] as const;
  const [before, after] = [momentsOf(sides[0]), momentsOf(sides[1])];
  const effect = likenessEffect([
    ...sides[0].map((value) => value - before.mean),
    ...sides[1].map((value) => value - after.mean),
  ]);
  const [first, second] = [before, after].map(({ variance, count }) => (variance * effect) / count) as [number, number];
  const spread = first + second;
  if (spread === 0) return { index, p: before.mean === after.mean ? 1 : 0 };
  const degrees = Math.max(LEAST_DEGREES, n / effect - 2);
  const p = 2 * studentTCdf(-Math.abs(before.mean - after.mean) / Math.sqrt(spread), degrees);
  return { index, p: Math.min(1, (n - 2 * LEAST_SIDE + 1) * p) };
}

/** So many neighbours tell as much as one at most: (1 + r)/(1 − r) of an AR(1) process at the upper bound of r. */
function likenessEffect(residuals: readonly number[]): number {
  const n = residuals.length;
  let [products, squares] = [0, 0];
  residuals.forEach((value, at) => {
    squares += value ** 2;
    if (at > 0) products += value * (residuals[at - 1] as number);
  });
  if (squares === 0) return 1;
  const bound = Math.min(MOST_CORRELATION, products / squares + BOUND_Z / Math.sqrt(n));
  return bound <= 0 ? 1 : (1 + bound) / (1 - bound);
}

function lineThrough(values: readonly number[]): { readonly slope: number; readonly correlation: number } {
  const n = values.length;
  const [middle, mean] = [(n - 1) / 2, values.reduce((sum, value) => sum + value, 0) / n];
  let [products, orders, squares] = [0, 0, 0];
  values.forEach((value, i) => {
    products += (i - middle) * (value - mean);
    orders += (i - middle) ** 2;
    squares += (value - mean) ** 2;
  });
  if (squares === 0) return { slope: 0, correlation: 0 };
  return { slope: products / orders, correlation: products / Math.sqrt(orders * squares) };
}

/** What resampling of blocks needs where neighbouring blocks are alike. */
import { type Distribution, mergeDistributions } from './distribution.ts';

/** Neighbours joined two by two, in order of time; an odd last one stays alone. */
export function mergedInPairs(blocks: readonly Distribution[]): readonly Distribution[] {
  const merged: Distribution[] = [];
  for (let i = 0; i < blocks.length; i += 2) merged.push(mergeDistributions(blocks.slice(i, i + 2)));
  return merged;
}

/**
 * So many neighbours of a series tell as much as one: (1 + r)/(1 − r) for an AR(1) process, r the lag-one correlation. 1 where it
 * is no more than `z` standard errors of a series without any.
 */
export function lagOneEffect(series: readonly number[], z: number): number {
  const mean = series.reduce((sum, x) => sum + x, 0) / series.length;
  let products = 0;
  let squares = 0;
  series.forEach((x, at) => {
    squares += (x - mean) ** 2;
    if (at > 0) products += (x - mean) * (series[at - 1]! - mean);
  });
  if (squares === 0) return 1;
  const correlation = products / squares;
  if (correlation <= z / Math.sqrt(series.length)) return 1;
  // The estimate is too low by (1 + 3r)/n (Kendall); at 0.95 forty blocks are one.
  const unbiased = Math.min(0.95, correlation + (1 + 3 * correlation) / series.length);
  return (1 + unbiased) / (1 - unbiased);
}

/** Standard deviation of a sample. */
export function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
}

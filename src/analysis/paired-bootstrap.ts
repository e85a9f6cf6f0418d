/**
 * Paired block bootstrap of a difference of quantiles: gateway minus the mixture of its members. Whole blocks of time
 * are drawn, the same ones for every arm, so noise that the arms share cancels and noise that lasts stays together.
 */

import type { Random } from '../model/time.ts';
import { type Distribution, mergeDistributions, mixtureOf } from './distribution.ts';
import { MIN_BLOCKS } from './quantile-interval.ts';
import { normalCdf, studentTInverse } from './special.ts';

export type PairedSample = {
  /**
   * One distribution per block; `gateway[b]` and `members[i][b]` were measured in the same stretch of time. May be
   * empty.
   */
  readonly gateway: readonly Distribution[];
  readonly members: readonly (readonly Distribution[])[];
};

export type PairedDifference = { readonly value: number; readonly low: number; readonly high: number };

export type PairedOptions = {
  readonly random: Random;
  /** Shares of the members in the mixture; default equal. */
  readonly weights?: readonly number[];
  readonly replicates?: number;
  readonly confidence?: number;
};

/** 1 000 replicates place the 2.5 % point within ±1 % of probability. */
const DEFAULT_REPLICATES = 1_000;
/** Below this many blocks percentiles of a bootstrap cover too little (0.91 for ten), so the interval is t-based. */
const MIN_BLOCKS_FOR_PERCENTILES = 12;
/** So many different values fit into 4 MB per arm of 60 blocks; histograms of a run have a few hundred. */
const MAX_GRID_SIZE = 8_192;
/**
 * With more, values closer than 0.05 % are one point in the replicates (the estimate itself is exact): half a
 * histogram's bucket.
 */
const GRID_RATIO = 1.0005;

/**
 * Difference of quantiles `p` with its interval, in the unit of the values. Undefined when an arm is empty or fewer
 * than three blocks hold values of the gateway.
 */
export function pairedQuantileDifference(
  sample: PairedSample,
  p: number,
  options: PairedOptions,
): PairedDifference | undefined {
  const weighted = sample.members
    .map((blocks, i) => ({ blocks, weight: options.weights?.[i] ?? 1 }))
    .filter(({ blocks, weight }) => weight > 0 && blocks.some((block) => block.count > 0));
  const members = weighted.map(({ blocks }) => mergeDistributions(blocks));
  const weights = weighted.map(({ weight }) => weight);
  const gateway = mergeDistributions(sample.gateway);
  const filledBlocks = sample.gateway.filter((block) => block.count > 0).length;
  if (members.length === 0 || filledBlocks < MIN_BLOCKS) return undefined;
  const value = gateway.quantile(p) - mixtureOf(members, weights).quantile(p);
  const gatewayArm = createArm([sample.gateway], [1]);
  const memberArm = createArm(
    weighted.map(({ blocks }) => blocks),
    weights,
  );
  const replicates = options.replicates ?? DEFAULT_REPLICATES;
  const differences = new Float64Array(replicates);
  const drawn = new Float64Array(sample.gateway.length);
  let size = 0;
  for (let i = 0; i < replicates; i++) {
    drawn.fill(0);
    for (let b = 0; b < drawn.length; b++) drawn[Math.floor(options.random.next() * drawn.length)]! += 1;
    const difference = gatewayArm(drawn, p) - memberArm(drawn, p);
    // A draw of blocks in which an arm has no value says nothing.
    if (!Number.isNaN(difference)) differences[size++] = difference;
  }
  const sorted = differences.subarray(0, size).sort();
  return { value, ...intervalOf(sorted, value, filledBlocks, options.confidence ?? 0.95) };
}

/**
 * Percentiles are taken a little further out than their names (Hesterberg's expansion): a bootstrap of n blocks is too
 * narrow by √((n − 1)/n) and knows nothing of Student's factor.
 */
function intervalOf(
  sorted: Float64Array,
  value: number,
  blocks: number,
  confidence: number,
): { low: number; high: number } {
  const factor = studentTInverse(0.5 + confidence / 2, blocks - 1) * Math.sqrt(blocks / (blocks - 1));
  if (blocks >= MIN_BLOCKS_FOR_PERCENTILES) {
    const tail = normalCdf(-factor);
    return { low: valueAt(sorted, tail), high: valueAt(sorted, 1 - tail) };
  }
  const mean = sorted.reduce((sum, x) => sum + x, 0) / sorted.length;
  const variance = sorted.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, sorted.length - 1);
  const halfWidth = factor * Math.sqrt(variance);
  return { low: value - halfWidth, high: value + halfWidth };
}

function valueAt(sorted: Float64Array, share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))]!;
}

/** Quantile of the mixture of parts when block b is drawn `drawn[b]` times; NaN when nothing was drawn. */
export type Arm = (drawn: Float64Array, p: number) => number;

/**
 * All blocks of all parts are counted cumulatively on one grid of values; a replicate is then a search on the grid with
 * one sum over the blocks per step, instead of merging thousands of histograms.
 */
export function createArm(parts: readonly (readonly Distribution[])[], weights: readonly number[]): Arm {
  const grid = commonGrid(parts.flat());
  const tables = parts.map((blocks) => cumulativeCounts(blocks, grid));
  const last = grid.length - 1;
  return (drawn, p) => {
    const totals = tables.map((table) => dot(table, last, drawn));
    const count = totals.reduce((sum, total) => sum + total, 0);
    if (count === 0) return Number.NaN;
    const weightSum = weights.reduce((sum, weight, i) => sum + (totals[i]! > 0 ? weight : 0), 0);
    const factors = weights.map((weight, i) => (totals[i]! > 0 ? (weight * count) / (weightSum * totals[i]!) : 0));
    const countUpTo = (index: number): number =>
      tables.reduce((sum, table, i) => (factors[i] === 0 ? sum : sum + factors[i]! * dot(table, index, drawn)), 0);
    // The rule of `Distribution.quantile`.
    const rank = p * (count - 1);
    const whole = Math.floor(rank + 1e-9);
    const rest = Math.max(0, rank - whole);
    const lowIndex = firstIndex(grid.length, (index) => countUpTo(index) > whole + 1e-9);
    const low = grid[Math.min(lowIndex, last)]!;
    if (rest <= 1e-9) return low;
    const highIndex = firstIndex(grid.length, (index) => countUpTo(index) > whole + 1 + 1e-9);
    return low + rest * (grid[Math.min(highIndex, last)]! - low);
  };
}

/** All values of the blocks, ascending; where there are too many, near ones are represented by their mean. */
function commonGrid(blocks: readonly Distribution[]): Float64Array {
  const { values, counts } = mergeDistributions(blocks);
  if (values.length <= MAX_GRID_SIZE) return values;
  const grid: number[] = [];
  for (let start = 0; start < values.length; ) {
    const limit = values[start]! * GRID_RATIO;
    let sum = 0;
    let count = 0;
    let end = start;
    for (; end < values.length && (end === start || values[end]! <= limit); end++) {
      sum += values[end]! * counts[end]!;
      count += counts[end]!;
    }
    grid.push(sum / count);
    start = end;
  }
  return Float64Array.from(grid);
}

/**
 * Row by grid value, column by block: how many values of the block are not above the grid value (nearest grid values
 * count).
 */
function cumulativeCounts(blocks: readonly Distribution[], grid: Float64Array): Float64Array {
  const width = blocks.length;
  const table = new Float64Array(grid.length * width);
  blocks.forEach(({ values, counts }, column) => {
    let index = 0;
    for (let i = 0; i < values.length; i++) {
      while (index + 1 < grid.length && nearer(grid, index + 1, values[i]!)) index++;
      table[index * width + column]! += counts[i]!;
    }
  });
  for (let at = width; at < table.length; at++) table[at]! += table[at - width]!;
  return table;
}

/** Whether grid point `index` is at least as near to the value as the point before it. */
function nearer(grid: Float64Array, index: number, value: number): boolean {
  return Math.abs(grid[index]! - value) <= Math.abs(grid[index - 1]! - value);
}

function dot(table: Float64Array, row: number, factors: Float64Array): number {
  const start = row * factors.length;
  let sum = 0;
  for (let i = 0; i < factors.length; i++) sum += factors[i]! * table[start + i]!;
  return sum;
}

/** The first index 0 … size − 1 from which on the condition holds; `size` when it never does. */
function firstIndex(size: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

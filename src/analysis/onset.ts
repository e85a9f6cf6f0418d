/** From where on something happens more often than it may: one change in a row of yes and no. */
import { binomialProbability, binomialTail } from './proportion.ts';

export type Onset = {
  /** The first of the row after the change, and between which it lies (95 %). */
  readonly index: number;
  readonly low: number;
  readonly high: number;
  /** Share before and from there on. */
  readonly before: number;
  readonly after: number;
  /** Probability of such a tail if the tolerated share held all along, corrected for all places where it could begin. */
  readonly p: number;
};

/**
 * Twice the loss of log-likelihood that a place may have and still lie in the 95 % interval. A change point is the
 * maximum of a random walk with drift on both sides, not a regular parameter: (1 − e^(−c/2))² = 0.95 (Hinkley 1970,
 * Siegmund 1988), which gives 7.35 instead of 3.84.
 */
const INTERVAL_LOSS = 7.35;

/**
 * The place from which on the share of `true` is above `tolerated` (0..1) until the end of the row, by maximum
 * likelihood; undefined where no tail has a larger share. The row is in the order of what rises (rate, size). Neighbours
 * that fail together make `p` smaller than it should be: ask for a small one.
 */
export function onsetOf(row: readonly boolean[], tolerated: number): Onset | undefined {
  const total = row.length;
  const prefix = [0];
  for (const hit of row) prefix.push((prefix.at(-1) as number) + (hit ? 1 : 0));
  const hitsTo = (index: number): number => prefix[index] as number;
  const hits = hitsTo(total);
  const likelihoods = row.map((_, index) => {
    const before = hitsTo(index);
    const after = hits - before;
    const share = after / (total - index);
    if (share <= tolerated) return Number.NEGATIVE_INFINITY;
    // What came before is within what is tolerated: else the change lies further to the left.
    const calm = index === 0 ? 0 : Math.min(before / index, tolerated);
    return logLikelihood(before, index, calm) + logLikelihood(after, total - index, share);
  });
  const best = likelihoods.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
  if (best === Number.NEGATIVE_INFINITY) return undefined;
  const index = likelihoods.indexOf(best);
  const isInside = (one: number): boolean => 2 * (best - one) <= INTERVAL_LOSS;
  const after = hits - hitsTo(index);
  return {
    index,
    low: likelihoods.findIndex(isInside),
    high: likelihoods.findLastIndex(isInside),
    before: index === 0 ? 0 : hitsTo(index) / index,
    after: after / (total - index),
    p: Math.min(1, total * (tolerated > 0 ? tailOf(after, total - index, tolerated) : 0)),
  };
}

function logLikelihood(hits: number, count: number, share: number): number {
  const yes = hits === 0 ? 0 : hits * Math.log(Math.max(share, 1e-12));
  const no = hits === count ? 0 : (count - hits) * Math.log(Math.max(1 - share, 1e-12));
  return yes + no;
}

/** The incomplete beta function loses very small tails; their first term is a bound from below and close to them. */
function tailOf(hits: number, count: number, share: number): number {
  return Math.max(binomialTail(hits, count, share), binomialProbability(hits, count, share));
}

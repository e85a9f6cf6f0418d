import type { QuantileEstimate } from '../model/report.ts';
import type { Random } from '../model/time.ts';
import { lastingNoiseFactor } from './lasting-noise.ts';
import { type PairedSample, pairedQuantileDifference } from './paired-bootstrap.ts';
import { MIN_BLOCKS, neededCount } from './quantile-interval.ts';

/**
 * What the gateway adds at quantile `p`: quantile of the gateway minus quantile of the equal mixture of the members
 * that answered, with the interval of the paired block bootstrap, stretched where noise outlasts a block: noise that
 * the arms share cancels in the difference only as far as the arms are alike, and what is added itself grows with a
 * slow machine. The design effect plays no part in the need. `sample` in order of time.
 */
export function overheadEstimate(sample: PairedSample, p: number, random: Random): QuantileEstimate {
  const gatewayCount = sample.gateway.reduce((sum, block) => sum + block.count, 0);
  const memberCounts = sample.members
    .map((blocks) => blocks.reduce((sum, block) => sum + block.count, 0))
    .filter((count) => count > 0);
  const have = Math.floor(Math.min(gatewayCount, mixtureCount(memberCounts)));
  const need = neededCount(p);
  if (have < need) return { state: 'n/a', need, have };
  const difference = pairedQuantileDifference(sample, p, { random });
  if (difference === undefined) {
    const blocks = sample.gateway.filter((block) => block.count > 0).length;
    return { state: 'n/a', need: Math.max(need, Math.ceil((have * MIN_BLOCKS) / blocks)), have };
  }
  const { value, low, high } = difference;
  const factor = lastingNoiseFactor(sample, p, random);
  return { state: 'known', value, low: value - factor * (value - low), high: value + factor * (high - value) };
}

/** Size of a plain sample that is as good as an equal mixture of samples of these sizes (Kish): m² / Σ 1/nᵢ. */
function mixtureCount(counts: readonly number[]): number {
  if (counts.length === 0) return 0;
  return counts.length ** 2 / counts.reduce((sum, count) => sum + 1 / count, 0);
}

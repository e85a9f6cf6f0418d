/**
 * Noise that lasts longer than a block. A bootstrap of blocks takes them as independent: noise that all arms share
 * cancels in a difference only as far as the arms are alike, and what a gateway adds itself rises and falls with a
 * slow machine. Intervals are stretched by what longer blocks, and the likeness of neighbours, say of it.
 */

import type { Random } from '../model/time.ts';
import { deviationOf, lagOneEffect, mergedInPairs } from './correlated-blocks.ts';
import { mixtureOf } from './distribution.ts';
import { createArm, type PairedSample } from './paired-bootstrap.ts';
import { studentTInverse } from './special.ts';

/** 300 replicates give a standard deviation within ± 4 %, enough to compare two lengths of blocks. */
const REPLICATES = 300;
/**
 * Simulated (30 to 200 s, noise with a correlation of 0.8 from one second to the next): merging down to 8 blocks is
 * enough while the noise leaves as much as `FEW_INDEPENDENT` independent blocks; below it 4 are needed to cover 90 % of
 * the runs of 30 s. Where nothing is correlated, 4 would cost 30 % of width for nothing.
 */
const MIN_MERGED_BLOCKS = 8;
const MIN_MERGED_BLOCKS_OF_FEW = 4;
const FEW_INDEPENDENT = 20;
/** A correlation of fewer blocks is a guess. */
const MIN_CORRELATED_BLOCKS = 12;
/**
 * A lag-one correlation above one standard error counts (one series in six without any has it): to miss a correlation
 * makes the interval too narrow, to see one that is not there only a little too wide.
 */
const CORRELATION_Z = 1;
/** The effect comes from all blocks, not from the few that they are worth; with 5 degrees the simulation covers. */
const MIN_DEGREES = 5;
/** The correlation is measured at the blocks' own length and the double: beyond, too few blocks are left. */
const CORRELATED_LEVELS = 2;

/**
 * How many times as wide as the bootstrap of the blocks themselves the interval of a difference of quantiles has to be,
 * at least 1: the widest of the lengths of blocks 1, 2, 4, …, each with its own factor of Student. Blocks in order of
 * time, the arms equally weighted.
 */
export function lastingNoiseFactor(sample: PairedSample, p: number, random: Random, confidence = 0.95): number {
  const members = sample.members.filter((blocks) => blocks.some(({ count }) => count > 0));
  let level: PairedSample = { gateway: sample.gateway, members };
  const own = createScatter(level, p, random, confidence);
  const effect = correlationEffect(level, p);
  // Nothing varies, or no draw of blocks has a value: there is nothing to stretch.
  if (!(own(1) > 0)) return 1;
  const isFew = effect > 1 && level.gateway.length / effect < FEW_INDEPENDENT;
  const minBlocks = isFew ? MIN_MERGED_BLOCKS_OF_FEW : MIN_MERGED_BLOCKS;
  let widest = own(effect);
  for (let depth = 1; Math.ceil(level.gateway.length / 2) >= minBlocks; depth++) {
    level = { gateway: mergedInPairs(level.gateway), members: level.members.map(mergedInPairs) };
    const levelEffect = depth < CORRELATED_LEVELS ? correlationEffect(level, p) : 1;
    const halfWidth = createScatter(level, p, random, confidence)(levelEffect);
    if (halfWidth > widest) widest = halfWidth;
  }
  return Math.max(1, widest / own(1));
}

/** Half of the width of the t-interval from the blocks as they are, when `effect` of them tell as much as one. */
function createScatter(
  { gateway, members }: PairedSample,
  p: number,
  random: Random,
  confidence: number,
): (effect: number) => number {
  const size = gateway.length;
  const gatewayArm = createArm([gateway], [1]);
  const memberArm = createArm(
    members,
    members.map(() => 1),
  );
  const differences: number[] = [];
  const drawn = new Float64Array(size);
  for (let i = 0; i < REPLICATES; i++) {
    drawn.fill(0);
    for (let b = 0; b < size; b++) drawn[Math.floor(random.next() * size)]! += 1;
    const difference = gatewayArm(drawn, p) - memberArm(drawn, p);
    if (!Number.isNaN(difference)) differences.push(difference);
  }
  const filled = gateway.filter(({ count }) => count > 0).length;
  // A bootstrap of n blocks is too narrow by √((n − 1)/n).
  const deviation = deviationOf(differences) * Math.sqrt(filled / (filled - 1));
  return (effect) => {
    const degrees = effect > 1 ? Math.max(MIN_DEGREES, filled / effect - 1) : filled - 1;
    return deviation * Math.sqrt(effect) * studentTInverse(0.5 + confidence / 2, degrees);
  };
}

/**
 * So many neighbouring blocks tell as much as one: (1 + r)/(1 − r) for an AR(1) process, r the lag-one correlation of
 * the blocks' own differences. 1 where no correlation shows.
 */
function correlationEffect({ gateway, members }: PairedSample, p: number): number {
  const series = gateway.flatMap((block, at) => {
    const difference = block.quantile(p) - mixtureOf(members.map((blocks) => blocks[at]!)).quantile(p);
    return Number.isNaN(difference) ? [] : [difference];
  });
  if (series.length < MIN_CORRELATED_BLOCKS) return 1;
  return lagOneEffect(series, CORRELATION_Z);
}

/** What one run says about one quantile, in a form that two runs can be compared by: a value with its standard error. */
import type { Random } from '../model/time.ts';
import { deviationOf, lagOneEffect, mergedInPairs } from './correlated-blocks.ts';
import { mergeDistributions, mixtureOf } from './distribution.ts';
import { createArm, type PairedSample } from './paired-bootstrap.ts';
import { studentTInverse } from './special.ts';

/** A value with its standard error; `degrees` of freedom are blocks minus one. */
export type Statistic = { readonly value: number; readonly standardError: number; readonly degrees: number };

export type QuantileStatistic = {
  /** The quantile itself, µs. */
  readonly levelUs: number;
  /** The same quantile of the control (the equal mixture of the members), µs; left out without a control. */
  readonly controlUs?: number;
  /** Logarithm of level over control; of the level where there is no control. */
  readonly logRatio: Statistic;
  /** Level minus control, µs; only with a control. */
  readonly differenceUs?: Statistic;
};

/** 400 replicates give a standard error within ± 4 %. */
const REPLICATES = 400;
/**
 * Fewer blocks say too little about their own scatter: Student's factor for 7 degrees is 2.4, below that the interval
 * is a guess.
 */
export const MIN_CHANGE_BLOCKS = 8;
/** Blocks are also merged to twofold, fourfold … length while so many remain: noise that outlasts a block is seen. */
const MIN_MERGED_BLOCKS = 12;
/** Share of series without correlation whose lag-one correlation is taken for one: 5 %, one-sided. */
const CORRELATION_Z = 1.645;

/**
 * Quantile `p` of the first arm against the mixture of the others by paired block bootstrap: whole blocks of time are
 * drawn, the same for all arms, so that noise which they share cancels. Undefined below `MIN_CHANGE_BLOCKS` blocks, or
 * where an arm is empty or has a time of 0.
 */
export function quantileStatistic(sample: PairedSample, p: number, random: Random): QuantileStatistic | undefined {
  const members = sample.members.filter((blocks) => blocks.some(({ count }) => count > 0));
  const filled = sample.gateway.filter(({ count }) => count > 0).length;
  if (filled < MIN_CHANGE_BLOCKS || (members.length === 0 && sample.members.length > 0)) return undefined;
  const levelUs = mergeDistributions(sample.gateway).quantile(p);
  const controlUs = members.length === 0 ? undefined : mixtureOf(members.map(mergeDistributions)).quantile(p);
  if (!(levelUs > 0) || (controlUs !== undefined && !(controlUs > 0))) return undefined;
  const scatter = widestScatter({ gateway: sample.gateway, members }, p, random);
  if (scatter === undefined) return undefined;
  const logRatio = { value: Math.log(levelUs / (controlUs ?? 1)), ...scatter.logRatio };
  if (controlUs === undefined) return { levelUs, logRatio };
  return { levelUs, controlUs, logRatio, differenceUs: { value: levelUs - controlUs, ...scatter.differenceUs } };
}

type Error = Omit<Statistic, 'value'>;
type Scatter = { readonly logRatio: Error; readonly differenceUs: Error };

/**
 * Of all lengths of blocks the one with the widest interval, for each scale by itself. With a control the blocks as they
 * are: noise that lasts is in both and cancels, and the widest of several would only be too wide.
 */
function widestScatter(sample: PairedSample, p: number, random: Random): Scatter | undefined {
  let level: PairedSample = sample;
  let widest = scatterOf(sample, p, correlationEffect(sample), random);
  while (sample.members.length === 0 && level.gateway.length >= 2 * MIN_MERGED_BLOCKS) {
    level = { gateway: mergedInPairs(level.gateway), members: [] };
    const scatter = scatterOf(level, p, correlationEffect(level), random);
    if (scatter !== undefined) {
      widest = {
        logRatio: wider(widest?.logRatio, scatter.logRatio),
        differenceUs: wider(widest?.differenceUs, scatter.differenceUs),
      };
    }
  }
  return widest;
}

function wider(a: Error | undefined, b: Error): Error {
  return a === undefined || halfWidth(b) > halfWidth(a) ? b : a;
}

function halfWidth({ standardError, degrees }: Error): number {
  return standardError * studentTInverse(0.975, degrees);
}

/** `effect`: so many neighbouring blocks tell as much as one. */
function scatterOf(sample: PairedSample, p: number, effect: number, random: Random): Scatter | undefined {
  const size = sample.gateway.length;
  const gateway = createArm([sample.gateway], [1]);
  const control =
    sample.members.length === 0
      ? undefined
      : createArm(
          sample.members,
          sample.members.map(() => 1),
        );
  const ratios: number[] = [];
  const differences: number[] = [];
  const drawn = new Float64Array(size);
  for (let i = 0; i < REPLICATES; i++) {
    drawn.fill(0);
    for (let b = 0; b < size; b++) drawn[Math.floor(random.next() * size)]! += 1;
    const level = gateway(drawn, p);
    const base = control?.(drawn, p) ?? 1;
    // A draw of blocks in which an arm has no value says nothing.
    if (!(level > 0 && base > 0)) continue;
    ratios.push(Math.log(level / base));
    differences.push(level - base);
  }
  if (ratios.length < REPLICATES / 2) return undefined;
  const filled = sample.gateway.filter(({ count }) => count > 0).length;
  // A bootstrap of n blocks is too narrow by √((n − 1)/n).
  const independent = filled / effect;
  const factor = Math.sqrt((filled / (filled - 1)) * effect);
  const degrees = Math.max(1, independent - 1);
  const errorOf = (values: readonly number[]): Error => ({ standardError: factor * deviationOf(values), degrees });
  return { logRatio: errorOf(ratios), differenceUs: errorOf(differences) };
}

/**
 * So many neighbouring blocks tell as much as one: (1 + r)/(1 − r) for an AR(1) process, r the lag-one correlation of
 * the blocks' medians against their control. 1 where no correlation shows.
 */
function correlationEffect({ gateway, members }: PairedSample): number {
  const series = gateway.flatMap((block, at) => {
    const control = members.length === 0 ? 1 : mixtureOf(members.map((blocks) => blocks[at]!)).quantile(0.5);
    const level = block.quantile(0.5);
    return level > 0 && control > 0 ? [Math.log(level / control)] : [];
  });
  return lagOneEffect(series, CORRELATION_Z);
}

/**
 * How far the mean of a series may be off when its noise is slow. Neighbouring stretches of a run are alike, so the scatter from one to
 * the next says too little; what counts is how the series moves over stretches as long as the run itself.
 */

import { normalInverse } from './special.ts';

/** Standard error of a mean, and the degrees of freedom that it was estimated with. */
export type MeanError = { readonly standardError: number; readonly degrees: number };

/**
 * 6 cosines of 60 blocks are what Lazarus, Lewis, Stock and Watson recommend ("HAR Inference: Recommendations for Practice", JBES 36,
 * 2018: 0.4·n^(2/3)); fewer than 4 leave too few degrees of freedom to tell anything by.
 */
const COSINES_PER_TWO_THIRDS = 0.4;
const MIN_COSINES = 4;
/** Beyond it a minute holds no independent stretch, and what is estimated from it is a guess. */
const MAX_CORRELATION = 0.95;
/** A correlation above one standard error counts: one series in six without any has it, and its interval is wider than it need be. */
const LIKENESS_Z = 1;
/**
 * Standard errors on top of how noise fades, about (it is known to one over the root of the stretches). Simulated with drift of 0.5 to 0.95: 0
 * excludes zero in 10 to 14 of 100 unchanged pairs, 1 in 5 to 10, 2 in no fewer and finds less.
 */
const FADING_Z = 1;
/** A part of the scatter is slow in any case: without it a correlation that is chance would divide by zero. */
const MIN_SLOW_SHARE = 0.05;
/**
 * Runs whose noise is not slow are taken for slow in 10 of 100 cases by their neighbours (one-sided), and in as many by their waves: what that
 * costs is a wider interval, and what is overlooked is a false alarm.
 */
const CORRELATION_Z = 1.28;
/** The slowest waves of each series that are looked at: periods of a third of the run and longer. */
const WAVES = 6;
const WAVES_LEVEL = 0.9;

/**
 * Error of the mean of stretches that may be alike, after Müller ("HAC corrections for strongly autocorrelated series", JBES 32, 2014) and
 * Lazarus et al.: the series is projected on the slowest cosines, which see noise as slow as the run; the mean of their squares is the
 * variance of the mean, with one degree of freedom for each. What the cosines still miss, as they are faster than the mean, is added by
 * a model: noise that fades by a constant factor per stretch, on top of `samplingVariance`, the variance that one stretch has by chance
 * alone. Simulated in `test/analysis/slow-noise.test.ts`. The series in order of time, its mean 0.
 */
export function slowError(series: readonly number[], samplingVariance: number): MeanError {
  return slowErrorBy(modelOf(series, samplingVariance), series);
}

/** The same by a model that more than this series has told of. */
export function slowErrorBy(noise: NoiseModel, series: readonly number[]): MeanError {
  const size = series.length;
  const cosines = Math.max(MIN_COSINES, Math.round(COSINES_PER_TWO_THIRDS * size ** (2 / 3)));
  const seen = wavesOf(series, cosines);
  const degrees = Math.max(1, Math.min(cosines, carriers(series)));
  return { standardError: Math.sqrt((seen * missedFactor(noise, size, cosines)) / size), degrees };
}

/**
 * So many stretches carry the scatter: (Σx²)²/Σx⁴, a third of the stretches where they scatter normally, 1 where a single one is all of it. A
 * variance that one stall has made is known as well as one number tells.
 */
function carriers(series: readonly number[]): number {
  const squares = series.reduce((sum, x) => sum + x ** 2, 0);
  const fourths = series.reduce((sum, x) => sum + x ** 4, 0);
  return fourths > 0 ? squares ** 2 / fourths : series.length;
}

/** So many independent stretches tell as much as the series does, by the model of `slowError`. */
export function independentStretches(series: readonly number[], samplingVariance: number): number {
  const { correlation } = modelOf(series, samplingVariance);
  return (series.length * (1 - correlation)) / (1 + correlation);
}

/** Error of the mean of stretches that are independent. */
export function quickError(series: readonly number[]): MeanError {
  return { standardError: Math.sqrt(varianceOf(series) / series.length), degrees: series.length - 1 };
}

/**
 * Whether neighbours are alike, or the series move in waves as long as themselves, more than chance explains. What several series of the
 * same kind tell is taken together: each by itself would be taken for slow by chance so much more often.
 */
export function areSlow(all: readonly (readonly number[])[]): boolean {
  const moving = all.filter((series) => varianceOf(series) > 0);
  const stretches = moving.reduce((sum, { length }) => sum + length, 0);
  if (stretches === 0) return false;
  const likeness = moving.reduce((sum, series) => sum + lagOne(series) * series.length, 0) / stretches;
  if (likeness > CORRELATION_Z / Math.sqrt(stretches)) return true;
  const waves = moving.reduce((sum, series) => sum + wavesOf(series, WAVES) / varianceOf(series), 0) / moving.length;
  return waves > chiSquareRatio(WAVES * moving.length);
}

/** Point of χ² over its degrees of freedom that chance passes in so many cases (Wilson and Hilferty, PNAS 17, 1931). */
function chiSquareRatio(degrees: number): number {
  const part = 2 / (9 * degrees);
  return (1 - part + normalInverse(WAVES_LEVEL) * Math.sqrt(part)) ** 3;
}

function varianceOf(series: readonly number[]): number {
  return series.reduce((sum, x) => sum + x * x, 0) / (series.length - 1);
}

/** Correlation of a series with itself so many stretches later. */
function correlationAt(series: readonly number[], lag: number): number {
  let products = 0;
  let squares = 0;
  series.forEach((x, at) => {
    squares += x * x;
    if (at >= lag) products += x * series[at - lag]!;
  });
  return squares > 0 ? products / squares : 0;
}

const lagOne = (series: readonly number[]): number => correlationAt(series, 1);

/** Mean square of the projections on the first cosines, scaled so that it is the variance where neighbours are independent. */
function wavesOf(series: readonly number[], cosines: number): number {
  let sum = 0;
  for (let j = 1; j <= cosines; j++) {
    const wave = cosine(j, series.length);
    sum += series.reduce((total, x, at) => total + x * wave[at]!, 0) ** 2;
  }
  return sum / cosines;
}

function cosine(j: number, size: number): readonly number[] {
  return Array.from({ length: size }, (_, at) => Math.sqrt(2 / size) * Math.cos((Math.PI * j * (at + 0.5)) / size));
}

/** Slow noise with a factor by which it fades per stretch, and chance on top: shares of the variance. */
export type NoiseModel = { readonly correlation: number; readonly slow: number; readonly quick: number };

const QUICK: NoiseModel = { correlation: 0, slow: 0, quick: 1 };

/** A series in order of time, its mean 0, and the variance that a stretch of it has by chance alone. */
export type Scatter = { readonly influences: readonly number[]; readonly samplingVariance: number };

/**
 * Slow noise that several series of one kind have in common. How it fades tells how slow it is: neighbours that are alike by chance are
 * not alike two and three stretches apart. How much of the scatter is slow is told twice, by how alike neighbours are and by what chance
 * leaves over: the mean of both, as the first was looked at because it stood out.
 */
export function commonNoise(all: readonly Scatter[]): NoiseModel {
  const stretches = all.reduce((sum, { influences }) => sum + influences.length, 0);
  const mean = (of: (scatter: Scatter) => number): number =>
    all.reduce((sum, scatter) => sum + of(scatter) * scatter.influences.length, 0) / Math.max(1, stretches);
  const [one, two, three] = [1, 2, 3].map((lag) => mean(({ influences }) => correlationAt(influences, lag)));
  if (one! <= LIKENESS_Z / Math.sqrt(stretches)) return QUICK;
  // One standard error more, about: noise taken for too quick is a false alarm, for too slow a wider interval.
  const fading = (two! + three!) / (one! + Math.max(0, two!)) + FADING_Z / Math.sqrt(stretches);
  const raw = Math.min(1, Math.max(one!, fading));
  const correlation = Math.min(MAX_CORRELATION, raw + ((1 + 3 * raw) * all.length) / stretches);
  const left = mean(
    ({ influences, samplingVariance }) => 1 - samplingVariance / (varianceOf(influences) || Number.POSITIVE_INFINITY),
  );
  const slow = Math.min(1, Math.max(MIN_SLOW_SHARE, (one! / raw + Math.max(0, left)) / 2));
  return { correlation, slow, quick: 1 - slow };
}

/** Slow noise with chance on top: chance hides how alike neighbours are, by as much as it is of the scatter. */
function modelOf(series: readonly number[], samplingVariance: number): NoiseModel {
  const variance = varianceOf(series);
  const measured = lagOne(series);
  if (measured <= LIKENESS_Z / Math.sqrt(series.length) || !(variance > 0)) return QUICK;
  const share = Math.max(1 - samplingVariance / variance, Math.min(1, measured), MIN_SLOW_SHARE);
  const raw = Math.min(1, measured / share);
  // The estimate is too low by (1 + 3r)/n (Kendall).
  const correlation = Math.min(MAX_CORRELATION, raw + (1 + 3 * raw) / series.length);
  return { correlation, slow: share, quick: 1 - share };
}

/** Under the model: variance of the mean over what the cosines see of it; at least 1. */
function missedFactor(noise: NoiseModel, size: number, cosines: number): number {
  if (noise.correlation === 0) return 1;
  const mean = expectedSquare(new Array<number>(size).fill(1 / Math.sqrt(size)), noise);
  let seen = 0;
  for (let j = 1; j <= cosines; j++) seen += expectedSquare(cosine(j, size), noise);
  return Math.max(1, mean / (seen / cosines));
}

/** Expected square of Σ wᵢxᵢ: wᵀΓw for the model's covariances, in one pass. */
function expectedSquare(weights: readonly number[], { correlation, slow, quick }: NoiseModel): number {
  let square = 0;
  let carried = 0;
  for (const weight of weights) {
    square += (slow + quick) * weight * weight + 2 * slow * weight * carried;
    carried = correlation * (carried + weight);
  }
  return square;
}

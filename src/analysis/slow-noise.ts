/**
 * How far the mean of a series may be off when its noise is slow. Neighbouring stretches of a run are alike, so the scatter from one to
 * the next says too little; what counts is how the series moves over stretches as long as the run itself.
 */

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
/** A part of the scatter is slow in any case: without it a correlation that is chance would divide by zero. */
const MIN_SLOW_SHARE = 0.05;
/** A series whose noise is not slow is taken for slow in 5 of 100 cases by its neighbours (one-sided), and in about as many by its waves. */
const CORRELATION_Z = 1.645;
/** 95 % point of a χ² with 6 degrees, over 6. */
const WAVES_RATIO = 2.1;

/**
 * Error of the mean of stretches that may be alike, after Müller ("HAC corrections for strongly autocorrelated series", JBES 32, 2014) and
 * Lazarus et al.: the series is projected on the slowest cosines, which see noise as slow as the run; the mean of their squares is the
 * variance of the mean, with one degree of freedom for each. What the cosines still miss, as they are faster than the mean, is added by
 * a model: noise that fades by a constant factor per stretch, on top of `samplingVariance`, the variance that one stretch has by chance
 * alone. Simulated in `test/analysis/slow-noise.test.ts`. The series in order of time, its mean 0.
 */
export function slowError(series: readonly number[], samplingVariance: number): MeanError {
  const size = series.length;
  const cosines = Math.max(MIN_COSINES, Math.round(COSINES_PER_TWO_THIRDS * size ** (2 / 3)));
  const seen = wavesOf(series, cosines);
  const noise = modelOf(series, samplingVariance);
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

/** Whether neighbours of a series are alike, or it moves in waves as long as itself, more than chance explains. */
export function isSlow(series: readonly number[]): boolean {
  const variance = varianceOf(series);
  if (!(variance > 0)) return false;
  return lagOne(series) > CORRELATION_Z / Math.sqrt(series.length) || wavesOf(series, 6) > WAVES_RATIO * variance;
}

function varianceOf(series: readonly number[]): number {
  return series.reduce((sum, x) => sum + x * x, 0) / (series.length - 1);
}

function lagOne(series: readonly number[]): number {
  let products = 0;
  let squares = 0;
  series.forEach((x, at) => {
    squares += x * x;
    if (at > 0) products += x * series[at - 1]!;
  });
  return squares > 0 ? products / squares : 0;
}

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

type NoiseModel = { readonly correlation: number; readonly slow: number; readonly quick: number };

/** Slow noise with chance on top: chance hides how alike neighbours are, by as much as it is of the scatter. */
function modelOf(series: readonly number[], samplingVariance: number): NoiseModel {
  const variance = varianceOf(series);
  const measured = lagOne(series);
  if (measured <= LIKENESS_Z / Math.sqrt(series.length) || !(variance > 0))
    return { correlation: 0, slow: 0, quick: 1 };
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

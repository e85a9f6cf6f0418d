/** What one run says about one quantile, in a form that two runs can be compared by: a value with its standard error. */
import type { Distribution } from './distribution.ts';
import type { PairedSample } from './paired-bootstrap.ts';
import { type QuantileInfluence, quantileInfluence } from './quantile-influence.ts';
import {
  areSlow,
  commonNoise,
  independentStretches,
  type MeanError,
  quickError,
  slowError,
  slowErrorBy,
} from './slow-noise.ts';

/** A value with its standard error and the degrees of freedom of that. */
export type Statistic = MeanError & { readonly value: number };

/** A value, and how each stretch of the run moves it: what its error is, is known once it is compared. */
export type Measured = {
  readonly value: number;
  readonly isControlled: boolean;
  readonly own: Influences;
  /** The same of the median: whether noise is slow it tells best, as all answers count. */
  readonly median: Influences;
};

export type QuantileStatistic = {
  /** The quantile itself, µs. */
  readonly levelUs: number;
  /** The same quantile of the control (the equal mixture of the members), µs; left out without a control. */
  readonly controlUs?: number;
  /** Logarithm of level over control; of the level where there is no control. */
  readonly logRatio: Measured;
  /** Level minus control, µs; only with a control. */
  readonly differenceUs?: Measured;
};

/** Fewer blocks say too little about their own scatter: Student's factor for 7 degrees is 2.4, below that the interval is a guess. */
export const MIN_CHANGE_BLOCKS = 8;

/**
 * Simulated: with 7 independent stretches in a run of 60 blocks the interval of p95 misses in 5 of 100 pairs by itself, with 2 in 11; at
 * least as wide as that of the median, in 4 to 5.
 */
const FEW_STRETCHES = 3;

/**
 * Quantile `p` of the first arm against the mixture of the others, which were measured in the same blocks of time: noise that they share
 * cancels. The error is what a paired bootstrap of whole blocks comes to, in closed form: of the influence that each block has on the
 * statistic. On each scale by itself, since noise may cancel in the ratio and not in the difference, or the other way round.
 *
 * Undefined below `MIN_CHANGE_BLOCKS` blocks, or where an arm is empty or has a time of 0.
 */
export function quantileStatistic(sample: PairedSample, p: number): QuantileStatistic | undefined {
  const members = sample.members.filter((blocks) => blocks.some(({ count }) => count > 0));
  const filled = sample.gateway.filter(({ count }) => count > 0).length;
  if (filled < MIN_CHANGE_BLOCKS || (members.length === 0 && sample.members.length > 0)) return undefined;
  const { gateway } = sample;
  const own = scalesOf(gateway, members, p);
  const median = p === 0.5 ? own : scalesOf(gateway, members, 0.5);
  if (own === undefined || median === undefined) return undefined;
  const { levelUs, controlUs, ratio, difference } = own;
  const isControlled = controlUs !== undefined;
  const logRatio = { value: Math.log(levelUs / (controlUs ?? 1)), isControlled, own: ratio, median: median.ratio };
  if (controlUs === undefined) return { levelUs, logRatio };
  return {
    levelUs,
    controlUs,
    logRatio,
    differenceUs: { value: levelUs - controlUs, isControlled, own: difference, median: median.difference },
  };
}

/**
 * Both with their errors. Noise that outlasts a block: without a control it is always reckoned with; with one it cancels as a rule, and is
 * reckoned with where the medians of the two runs together show it (a hop that drifts by itself). Together, because both are of one
 * farm: a run that looks slow by chance alone would cost the comparison most of what it can tell.
 */
export function statisticsOf(base: Measured, head: Measured): readonly [base: Statistic, head: Statistic] {
  const medians = [base.median, head.median];
  const noise = areSlow(medians.map(({ influences }) => influences)) ? commonNoise(medians) : undefined;
  const errorOf = ({ isControlled, own, median }: Measured): MeanError => {
    if (!isControlled) return uncontrolledError(own, median);
    return noise === undefined ? quickError(own.influences) : slowErrorBy(noise, own.influences);
  };
  return [
    { value: base.value, ...errorOf(base) },
    { value: head.value, ...errorOf(head) },
  ];
}

/** What each block adds to a statistic, and the variance which that would have if requests were independent. */
type Influences = Pick<QuantileInfluence, 'influences' | 'samplingVariance'>;
type Scales = {
  readonly levelUs: number;
  readonly controlUs?: number;
  /** Of the logarithm of level over control. */
  readonly ratio: Influences;
  /** Of level minus control. */
  readonly difference: Influences;
};

function scalesOf(
  gateway: readonly Distribution[],
  members: readonly (readonly Distribution[])[],
  p: number,
): Scales | undefined {
  const own = quantileInfluence([gateway], p);
  if (own === undefined || !(own.value > 0)) return undefined;
  const ownRatio = scaled(own, 1 / own.value);
  if (members.length === 0) return { levelUs: own.value, ratio: ownRatio, difference: own };
  const control = quantileInfluence(members, p);
  if (control === undefined || !(control.value > 0)) return undefined;
  return {
    levelUs: own.value,
    controlUs: control.value,
    ratio: without(ownRatio, scaled(control, 1 / control.value)),
    difference: without(own, control),
  };
}

function scaled({ influences, samplingVariance }: Influences, factor: number): Influences {
  return { influences: influences.map((x) => x * factor), samplingVariance: samplingVariance * factor ** 2 };
}

function without(a: Influences, b: Influences): Influences {
  return {
    influences: a.influences.map((x, at) => x - b.influences[at]!),
    samplingVariance: a.samplingVariance + b.samplingVariance,
  };
}

/**
 * Slow noise moves fast and slow answers alike. Far out few answers tell of it, and where a run holds few independent stretches those of
 * one stretch: there the error is at least that of the median.
 */
function uncontrolledError({ influences, samplingVariance }: Influences, median: Influences): MeanError {
  const error = slowError(influences, samplingVariance);
  if (independentStretches(median.influences, median.samplingVariance) >= FEW_STRETCHES) return error;
  const usual = slowError(median.influences, median.samplingVariance);
  return usual.standardError > error.standardError ? usual : error;
}

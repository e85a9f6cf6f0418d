/** Volleys against a concurrency limit: requests sent at one instant come back in waves of equal size. */
import { createRandom } from '../model/random.ts';
import { splitAtGaps } from './cluster.ts';
import { median } from './medians.ts';
import { createWaveModel, type Expectation, type WaveModel } from './wave-model.ts';

/** Elapsed times of the requests of one volley, all sent at one instant. */
export type Volley = readonly number[];

export type Wave = { readonly size: number; readonly medianUs: number };

/**
 * `one-wave`: no volley was split; the limit, if there is one, is at least `atLeast`. `limit`: at most `limit` requests
 * are served at once, each for about `periodUs`; `low` … `high` are the limits that fit about as well (no `high`: the
 * largest volley does not bound it). `unclear`: neither fits, or both do.
 */
export type ConcurrencyEstimate =
  | { readonly kind: 'one-wave'; readonly atLeast: number; readonly periodUs: number }
  | {
      readonly kind: 'limit';
      readonly limit: number;
      readonly low: number;
      readonly high?: number;
      readonly periodUs: number;
      /** The waves of the largest volley, as the limit cuts them. */
      readonly waves: readonly Wave[];
      /** Size of the one volley that was left out, because something else disturbed it; undefined: all were used. */
      readonly leftOut?: number;
    }
  | { readonly kind: 'unclear'; readonly reason: string };

/**
 * A wave ends where the next answer comes later than this share of the service time (exact for 23 requests on 5 slots,
 * measured).
 */
const GAP_RATIO = 0.25;
/**
 * Service time within a volley against that of one request alone; beyond these bounds it is another model than a limit.
 */
const MIN_PERIOD_RATIO = 0.6;
const MAX_PERIOD_RATIO = 1.6;
/** Network and gateway around the service time, in service times. */
const MIN_OFFSET_RATIO = -0.3;
const MAX_OFFSET_RATIO = 0.5;
/** Spreads of the service time (standard deviation of its logarithm) that are tried. */
const SPREADS = [0.01, 0.03, 0.08, 0.15, 0.25, 0.4, 0.6];
/** "No limit" may also be explained by heavier tails: in doubt there is none. */
const FREE_SPREADS = [...SPREADS, 1, 1.5];

// Differences of log likelihood, set by simulation, since answers of one volley are not independent. Service times with
// a spread of 0.2: the true limit is within 8 of the best in 90 %, without a limit "no limit" is within 5 in 90 % and
// never beyond 20.
const INTERVAL_LOSS = 8;
const ONE_WAVE_LOSS = 5;
const LIMIT_LOSS = 20;
/** One answer counts for no more than this: a straggler is not a wave. */
const MAX_DEVIATION = 10;
/** Mean deviation in expected deviations: simulated limits stay below 1.5, work that all requests share exceeds 1.8. */
const MAX_MISFIT = 1.75;

/**
 * Answers that are due together are read one after the other: on a busy machine with two processors those of 16 lay 2 to
 * 8 ms apart (measured). With less, a limit of 4 on 45 ms of work passed for neither.
 */
const NOISE_US = 2_500;

/** Three weighted fits settle where the answers agree. */
const REWEIGHTINGS = 3;

/** Every limit up to here is tried, beyond every 5 %, and then every one around the best. */
const DENSE_LIMITS = 32;
const LIMIT_STEP = 1.05;

/** A volley is left out only where so many stay, of two sizes at least: two rounds of one size fit almost anything. */
const LEAST_KEPT = 3;
const LEAST_SIZES = 2;
/**
 * And only where two of them are large enough for two whole waves: of 1,500 simulated runs without a limit, most of them
 * with disturbed volleys, two late answers of 24 passed for a second wave once, one split volley for two waves once.
 */
const LEAST_WAVES = 2;
const LEAST_WITH_WAVES = 2;
/**
 * What disturbs a volley delays it. Its last answer comes no earlier than the limit allows, less half a service time for
 * its spread.
 */
const EARLY_SLACK = 0.5;

type Fit = Line & {
  readonly limit: number;
  readonly loss: number;
  readonly misfit: number;
  /** Spread of the service times that fits best. */
  readonly spread: number;
};

/**
 * The limit that explains all volleys best. For each limit and spread of service times the expected order of answers is
 * simulated (first come, first served), period and offset are fitted over all volleys, deviations are Laplace noise
 * (robust against stragglers). Volleys not larger than a limit are one wave under it. `serviceUs`: how long one request
 * takes alone; default: the least median of a volley. The request's work should take well above the network's noise, 50
 * ms or more. Where that does not settle it, one volley may be left out as disturbed (see `withoutDisturbed`).
 */
export function concurrencyLimit(volleys: readonly Volley[], serviceUs?: number): ConcurrencyEstimate {
  const sorted = volleys.filter((volley) => volley.length > 0).map((volley) => volley.toSorted((a, b) => a - b));
  sorted.sort((a, b) => a.length - b.length);
  const largest = sorted.at(-1);
  if (largest === undefined || largest.length < 2)
    return { kind: 'unclear', reason: 'no volley of two or more answers' };
  const frame = {
    aloneUs: serviceUs ?? Math.min(...sorted.map(median)),
    model: createWaveModel(largest.length, createRandom(1)),
  };
  const { estimate } = estimateFrom(sorted, frame);
  const isSettled = estimate.kind === 'one-wave' || (estimate.kind === 'limit' && isExact(estimate));
  return isSettled ? estimate : (withoutDisturbed(sorted, frame, estimate) ?? estimate);
}

type Limit = Extract<ConcurrencyEstimate, { readonly kind: 'limit' }>;

function isExact({ low, high }: Limit): boolean {
  return low === high;
}

function estimateFrom(sorted: readonly Volley[], frame: Frame): { estimate: ConcurrencyEstimate; best: Fit } {
  const largest = sorted.at(-1)!;
  const fits = fitLimits(sorted, largest.length, frame);
  const best = fits.reduce((a, b) => (b.loss < a.loss ? b : a));
  return { estimate: estimateOf(sorted, fits, best), best };
}

function estimateOf(sorted: readonly Volley[], fits: readonly Fit[], best: Fit): ConcurrencyEstimate {
  const largest = sorted.at(-1)!;
  const oneWave = fits.at(-1)!;
  const count = sorted.reduce((sum, volley) => sum + volley.length, 0);
  if (best.misfit / count > MAX_MISFIT) {
    return { kind: 'unclear', reason: 'answers come neither together nor in waves of one size' };
  }
  const gain = oneWave.loss - best.loss;
  if (gain < ONE_WAVE_LOSS) {
    return { kind: 'one-wave', atLeast: largest.length, periodUs: Math.round(oneWave.periodUs) };
  }
  if (gain < LIMIT_LOSS) return { kind: 'unclear', reason: 'service times vary too much to tell waves from chance' };
  const fitting = fits.filter((fit) => fit.loss - best.loss <= INTERVAL_LOSS);
  const high = fitting.at(-1)!.limit;
  return {
    kind: 'limit',
    limit: best.limit,
    low: fitting[0]!.limit,
    ...(high === largest.length ? {} : { high }),
    periodUs: Math.round(best.periodUs),
    waves: wavesOf(largest, best.limit),
  };
}

/**
 * The exact limit that the others agree on without one volley, which something else disturbed: it is as far from what
 * they foretell as what is no wave at all, and it is late. Whatever exact limit comes out without any of the volleys
 * must be the same, and within the interval of all.
 */
function withoutDisturbed(sorted: readonly Volley[], frame: Frame, whole: ConcurrencyEstimate): Limit | undefined {
  if (sorted.length <= LEAST_KEPT) return undefined;
  const exact = sorted.flatMap((left, i) => {
    const rest = sorted.toSpliced(i, 1);
    if (new Set(rest.map(({ length }) => length)).size < LEAST_SIZES) return [];
    const { estimate, best } = estimateFrom(rest, frame);
    if (estimate.kind !== 'limit' || !isExact(estimate)) return [];
    return [{ estimate, left, rest, misfit: isLate(left, best) ? misfitOf(left, best, frame) : 0 }];
  });
  const found = exact.reduce<(typeof exact)[number] | undefined>(
    (most, one) => (one.misfit > MAX_MISFIT && one.misfit > (most?.misfit ?? 0) ? one : most),
    undefined,
  );
  if (found === undefined) return undefined;
  const { limit } = found.estimate;
  if (found.rest.filter(({ length }) => length >= LEAST_WAVES * limit).length < LEAST_WITH_WAVES) return undefined;
  if (exact.some(({ estimate }) => estimate.limit !== limit)) return undefined;
  const isOutside = whole.kind === 'limit' && (limit < whole.low || limit > (whole.high ?? limit));
  return isOutside ? undefined : { ...found.estimate, leftOut: found.left.length };
}

function isLate(volley: Volley, { limit, periodUs }: Fit): boolean {
  return volley.at(-1)! >= (Math.ceil(volley.length / limit) - EARLY_SLACK) * periodUs;
}

/** Mean deviation of a volley from what a fit of others foretells, in expected deviations. */
function misfitOf(volley: Volley, { limit, spread, ...line }: Fit, { model, aloneUs }: Frame): number {
  const points = pointsOf([volley], (size) => model(size, limit, spread), aloneUs);
  const sum = points.reduce((total, point) => total + Math.min(MAX_DEVIATION, deviationOf(point, line, aloneUs)), 0);
  return sum / volley.length;
}

/** The waves of one volley as they can be seen: split at gaps above a quarter of the service time. For showing. */
export function visibleWaves(volley: Volley, serviceUs: number): readonly Wave[] {
  return splitAtGaps(volley, GAP_RATIO * serviceUs).map((wave) => ({ size: wave.length, medianUs: median(wave) }));
}

function wavesOf(sorted: readonly number[], limit: number): Wave[] {
  const waves: Wave[] = [];
  for (let start = 0; start < sorted.length; start += limit) {
    const wave = sorted.slice(start, start + limit);
    waves.push({ size: wave.length, medianUs: Math.round(median(wave)) });
  }
  return waves;
}

/** By rising limit; the last is the size of the largest volley, which means "no limit seen". */
function fitLimits(volleys: readonly Volley[], maxLimit: number, frame: Frame): Fit[] {
  const fits = new Map<number, Fit>();
  const fit = (limit: number): void => {
    if (!fits.has(limit)) fits.set(limit, bestSpread(volleys, limit, frame));
  };
  for (let limit = 1; limit < maxLimit; limit = Math.max(limit + 1, nextLimit(limit))) fit(limit);
  fit(maxLimit);
  const best = [...fits.values()].reduce((a, b) => (b.loss < a.loss ? b : a)).limit;
  if (best > DENSE_LIMITS) {
    const reach = Math.ceil(best * (LIMIT_STEP - 1));
    for (let limit = best - reach; limit <= Math.min(maxLimit, best + reach); limit++) fit(limit);
  }
  return [...fits.values()].sort((a, b) => a.limit - b.limit);
}

function nextLimit(limit: number): number {
  return limit < DENSE_LIMITS ? limit + 1 : Math.round(limit * LIMIT_STEP);
}

function bestSpread(volleys: readonly Volley[], limit: number, { aloneUs, model }: Frame): Fit {
  const isFree = volleys.every((volley) => volley.length <= limit);
  return (isFree ? FREE_SPREADS : SPREADS)
    .map((spread) => ({
      ...fitVolleys(volleys, (size) => model(size, limit, spread), aloneUs),
      limit,
      spread,
    }))
    .reduce((a, b) => (b.loss < a.loss ? b : a));
}

/**
 * Period and offset by reweighted least squares over all volleys, so that stragglers do not pull; loss is the negative
 * log likelihood.
 */
function fitVolleys(
  volleys: readonly Volley[],
  expect: (size: number) => Expectation,
  aloneUs: number,
): Omit<Fit, 'limit' | 'spread'> {
  const points = pointsOf(volleys, expect, aloneUs);
  let line: Line = {
    periodUs: aloneUs,
    offsetUs: median(points.map(({ elapsedUs, mean }) => elapsedUs - aloneUs * mean)),
  };
  for (let round = 0; round < REWEIGHTINGS; round++) {
    const previous = line;
    line = fitLine(points, (point) => 1 / Math.max(1, deviationOf(point, previous, aloneUs)) ** 2, aloneUs);
  }
  let loss = 0;
  let misfit = 0;
  for (const point of points) {
    const deviation = Math.min(MAX_DEVIATION, deviationOf(point, line, aloneUs));
    loss += Math.log(point.scatter) + deviation;
    misfit += deviation;
  }
  return { ...line, loss, misfit };
}

type Point = { readonly elapsedUs: number; readonly mean: number; readonly scatter: number };
type Line = { readonly periodUs: number; readonly offsetUs: number };
/** What all fits share: how long one request takes alone, and what volleys look like. */
type Frame = { readonly aloneUs: number; readonly model: WaveModel };

function pointsOf(volleys: readonly Volley[], expect: (size: number) => Expectation, aloneUs: number): Point[] {
  return volleys.flatMap((volley) => {
    const { mean, scatter } = expect(volley.length);
    return volley.map((elapsedUs, i): Point => {
      return { elapsedUs, mean: mean[i]!, scatter: Math.hypot(scatter[i]!, NOISE_US / aloneUs) };
    });
  });
}

/** In expected deviations. */
function deviationOf({ elapsedUs, mean, scatter }: Point, { periodUs, offsetUs }: Line, aloneUs: number): number {
  return Math.abs(elapsedUs - offsetUs - periodUs * mean) / (aloneUs * scatter);
}

function fitLine(points: readonly Point[], trustIn: (point: Point) => number, aloneUs: number): Line {
  let total = 0;
  let x = 0;
  let y = 0;
  let xx = 0;
  let xy = 0;
  for (const point of points) {
    const weight = trustIn(point) / point.scatter ** 2;
    total += weight;
    x += weight * point.mean;
    y += weight * point.elapsedUs;
    xx += weight * point.mean ** 2;
    xy += weight * point.mean * point.elapsedUs;
  }
  const variance = xx - x ** 2 / total;
  // One wave without spread: period and offset cannot be told apart.
  const slope = variance > 1e-9 * xx ? (xy - (x * y) / total) / variance : aloneUs;
  const periodUs = clamp(slope, MIN_PERIOD_RATIO * aloneUs, MAX_PERIOD_RATIO * aloneUs);
  const offsetUs = clamp((y - periodUs * x) / total, MIN_OFFSET_RATIO * aloneUs, MAX_OFFSET_RATIO * aloneUs);
  return { periodUs, offsetUs };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

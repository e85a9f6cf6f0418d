import type { Distribution } from './distribution.ts';

const CURVE_QUANTILES = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999];
/** A quantile that fewer observations lie beyond is the maximum under another name. */
const MIN_BEYOND = 2;

/** [share of requests, time] for a chart; only what the sample supports. Times at least 1, for logarithmic axes. */
export function latencyCurve(times: Distribution): readonly (readonly [p: number, us: number])[] {
  const supported = CURVE_QUANTILES.filter((p) => times.count * (1 - p) >= MIN_BEYOND);
  return supported.map((p) => [p, Math.max(1, times.quantile(p))]);
}

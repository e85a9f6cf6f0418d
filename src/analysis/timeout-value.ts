/** The value of a timer from the elapsed times of the failures it made. */
import type { Estimate } from '../model/finding.ts';
import type { Distribution } from './distribution.ts';

export type TimeoutValue = Estimate & {
  readonly low: number;
  readonly high: number;
  /** How far a timer itself may be off; part of the interval. */
  readonly granularityUs: number;
  /** Failures the value rests on. */
  readonly count: number;
};

/** Five gateways fired 1 to 8 ms late (measured). */
const GRANULARITY_US = 8_000;
/** A 30 s timer was logged as 29 889 ms: 0.4 % early. */
const GRANULARITY_RATIO = 0.005;

/**
 * T̂ = min(e) − o: every failure took the timer plus the overhead of its way, so the smallest of k took the timer plus
 * the smallest of k overheads. `o` is the median of that smallest overhead, the quantile 1 − ½^(1/k) of `overheadUs`
 * (0.5 for one failure, 0.02 for 35); against a fixed quantile 0.02 it is less biased for few failures (simulated:
 * error of one failure 25 % smaller, of ten 15 %). The interval holds the smallest overhead with 95 % and the
 * granularity of timers. Deterministic: min and quantiles are known in closed form, and a bootstrap of a minimum is
 * inconsistent.
 *
 * `overheadUs`: what the gateway adds to fast requests, or its whole time for a trivial one. Empty: taken as 0.
 */
export function timeoutValue(elapsedUs: readonly number[], overheadUs: Distribution): TimeoutValue | undefined {
  const count = elapsedUs.length;
  if (count === 0) return undefined;
  const earliestUs = Math.min(...elapsedUs);
  // P(min of k <= o) = 1 − (1 − F(o))^k, solved for F(o).
  const smallestOverhead = (probability: number): number =>
    overheadUs.count === 0 ? 0 : overheadUs.quantile(1 - (1 - probability) ** (1 / count));
  const value = earliestUs - smallestOverhead(0.5);
  const granularityUs = Math.max(GRANULARITY_US, GRANULARITY_RATIO * value);
  return {
    value: Math.round(value),
    low: Math.round(earliestUs - smallestOverhead(0.975) - granularityUs),
    high: Math.round(earliestUs - smallestOverhead(0.025) + granularityUs),
    granularityUs: Math.round(granularityUs),
    count,
  };
}

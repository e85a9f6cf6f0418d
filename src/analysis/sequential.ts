/** Sequential tests on counts of failures: how many requests are enough, decided while they come. */
import { betainc, lgamma } from './special.ts';

/** Two failure ratios that are to be told apart, and how often the wrong one may be believed. */
export type SprtRule = {
  /** A ratio that is still healthy (0..1). */
  readonly healthyRatio: number;
  /** A ratio that is a fault (0..1), above `healthyRatio`. */
  readonly faultRatio: number;
  /** Share of healthy targets that may be called faulty. */
  readonly alpha: number;
  /** Share of faulty targets that may be called healthy. */
  readonly beta: number;
};

export type SprtDecision = 'fault' | 'healthy' | 'undecided';

/**
 * Wald's sequential probability ratio test on `failed` of `count` requests. May be asked after each request or each batch;
 * errors stay at about `alpha` and `beta` (batches overshoot the bounds and make them smaller). Assumes independent
 * requests: those that leave at one instant are one.
 */
export function sprtDecision(failed: number, count: number, rule: SprtRule): SprtDecision {
  const { healthyRatio, faultRatio, alpha, beta } = rule;
  const sum =
    failed * Math.log(faultRatio / healthyRatio) + (count - failed) * Math.log((1 - faultRatio) / (1 - healthyRatio));
  if (sum >= Math.log((1 - beta) / alpha)) return 'fault';
  return sum <= Math.log(beta / (1 - alpha)) ? 'healthy' : 'undecided';
}

/** Requests without a failure that the test needs to say `healthy`. */
export function sprtCleanCount({ healthyRatio, faultRatio, alpha, beta }: SprtRule): number {
  return Math.ceil(Math.log(beta / (1 - alpha)) / Math.log((1 - faultRatio) / (1 - healthyRatio)));
}

/** Jeffreys' prior: says little, and loses only about half a logarithm of the count (methods F.1). */
const PRIOR = 0.5;

/**
 * E-value against "at most `healthyRatio` of requests fail": how many times better the counts are explained by some larger
 * ratio (Beta mixture over the ratios above). By Ville's inequality it exceeds `1 / alpha` with a probability of at most
 * `alpha`, however often it is looked at; so it may decide when to stop.
 */
export function failureEvidence(failed: number, count: number, healthyRatio: number): number {
  const passed = count - failed;
  const above = (a: number, b: number): number => betainc(1 - healthyRatio, b, a);
  const logMixture =
    logBeta(PRIOR + failed, PRIOR + passed) +
    Math.log(above(PRIOR + failed, PRIOR + passed)) -
    logBeta(PRIOR, PRIOR) -
    Math.log(above(PRIOR, PRIOR));
  return Math.exp(logMixture - failed * Math.log(healthyRatio) - passed * Math.log1p(-healthyRatio));
}

function logBeta(a: number, b: number): number {
  return lgamma(a) + lgamma(b) - lgamma(a + b);
}

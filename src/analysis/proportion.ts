/** Exact tests and intervals for counts of failures. */
import { betainc, betaincInverse, gammaincLower, logChoose } from './special.ts';

export type Interval = { readonly low: number; readonly high: number };

/**
 * Two tables count as equally likely within this relative difference (as in R's fisher.test): rounding must not drop
 * one.
 */
const TIE_TOLERANCE = 1e-7;

/** P(X = k) for X ~ Binomial(n, p). */
export function binomialProbability(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return 0;
  if (p <= 0) return k === 0 ? 1 : 0;
  if (p >= 1) return k === n ? 1 : 0;
  return Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

/** P(X >= k) for X ~ Binomial(n, p). */
export function binomialTail(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  return k > n ? 0 : betainc(p, k, n - k + 1);
}

/** P(X >= k) for X ~ Poisson(mean). */
export function poissonTail(k: number, mean: number): number {
  return k <= 0 ? 1 : gammaincLower(k, mean);
}

/**
 * Clopper-Pearson interval for a share of `successes` in `count` trials: covers at least `confidence`, also for 0 and
 * all. Assumes independent trials; failures that come in bursts are fewer trials than requests.
 */
export function proportionInterval(successes: number, count: number, confidence = 0.95): Interval {
  if (count === 0) return { low: 0, high: 1 };
  const tail = (1 - confidence) / 2;
  return {
    low: successes === 0 ? 0 : betaincInverse(tail, successes, count - successes + 1),
    high: successes === count ? 1 : betaincInverse(1 - tail, successes + 1, count - successes),
  };
}

/** Upper 95 % bound of a share when `count` trials showed nothing: 3/n, at most 1 (Hanley and Lippman-Hand). */
export function ruleOfThree(count: number): number {
  return count <= 3 ? 1 : 3 / count;
}

export type Alternative = 'two-sided' | 'greater';

/**
 * Fisher's exact test of a 2×2 table: `a` of `a + b` in the first group against `c` of `c + d` in the second.
 * `greater`: the first share is larger. Returns the p-value.
 */
export function fisherExact(
  a: number,
  b: number,
  c: number,
  d: number,
  alternative: Alternative = 'two-sided',
): number {
  const first = a + b;
  const hits = a + c;
  const total = first + c + d;
  const logTotal = logChoose(total, hits);
  const probability = (x: number): number =>
    Math.exp(logChoose(first, x) + logChoose(total - first, hits - x) - logTotal);
  const observed = probability(a) * (1 + TIE_TOLERANCE);
  let p = 0;
  for (let x = Math.max(0, hits - (c + d)); x <= Math.min(first, hits); x++) {
    const isAsExtreme = alternative === 'greater' ? x >= a : probability(x) <= observed;
    if (isAsExtreme) p += probability(x);
  }
  return Math.min(1, p);
}

/**
 * Exact McNemar test on discordant pairs: `onlyFirst` pairs failed on the first route only, `onlySecond` on the second
 * only. The right test for "fails only through the gateway". `greater`: the first route fails more often. Returns the
 * p-value.
 */
export function mcnemarExact(onlyFirst: number, onlySecond: number, alternative: Alternative = 'two-sided'): number {
  const discordant = onlyFirst + onlySecond;
  if (alternative === 'greater') return binomialTail(onlyFirst, discordant, 0.5);
  return Math.min(1, 2 * binomialTail(Math.max(onlyFirst, onlySecond), discordant, 0.5));
}

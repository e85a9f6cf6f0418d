/** Up to which rate what arrives also leaves: the knee of a rising load. */

import { US_PER_SEC } from '../model/time.ts';
import { betainc } from './special.ts';

/** When a request was due, and when its good answer had come; without `endUs` there was none. */
export type Passage = { readonly dueUs: number; readonly endUs?: number };

export type Knee = {
  /** Requests per second that leave at most, with the 95 % interval. */
  readonly ratePerSec: { readonly value: number; readonly low: number; readonly high: number };
  /** Probability of so much better a fit if all that arrives left at once (F test over the stretches). */
  readonly p: number;
  /** Of each stretch: offered and answered per second. */
  readonly points: readonly (readonly [offeredPerSec: number, answeredPerSec: number])[];
};

/** Twenty requests a stretch, so that one more or less at its ends is 5 %; at least 8 stretches for a line with a bend, at most 40. */
const PER_STRETCH = 20;
const LEAST_STRETCHES = 8;
const MOST_STRETCHES = 40;
/** The bend is looked for at so many rates between the lowest and the highest. */
const STEPS = 400;

/**
 * Segmented regression of answered on offered rate, X = min(λ, μ) (methods C.4): stretches of equal length, answers
 * counted a service time earlier, so that without a queue both are the same. μ by least squares; its interval are the
 * rates whose squares are not significantly larger (F). Undefined with too few requests, or where a rate does not rise.
 */
export function kneeOf(passages: readonly Passage[], serviceUs: number): Knee | undefined {
  const stretches = Math.min(MOST_STRETCHES, Math.floor(passages.length / PER_STRETCH));
  if (stretches < LEAST_STRETCHES) return undefined;
  const fromUs = passages.reduce((least, { dueUs }) => Math.min(least, dueUs), Number.POSITIVE_INFINITY);
  const toUs = passages.reduce((most, { dueUs }) => Math.max(most, dueUs), 0);
  const widthUs = (toUs - fromUs + 1) / stretches;
  const countAt = (times: readonly number[]): readonly number[] => {
    const counts = new Array<number>(stretches).fill(0);
    for (const time of times) {
      const index = Math.floor((time - fromUs) / widthUs);
      if (index >= 0 && index < stretches) counts[index] = (counts[index] as number) + 1;
    }
    return counts.map((count) => (count * US_PER_SEC) / widthUs);
  };
  const offered = countAt(passages.map(({ dueUs }) => dueUs));
  const answered = countAt(passages.flatMap(({ endUs }) => (endUs === undefined ? [] : [endUs - serviceUs])));
  const most = Math.max(...offered);
  const least = Math.min(...offered);
  if (most <= least) return undefined;
  // Counts are whole: less than the square of a twelfth of a request, twice, is no information.
  const grain = (stretches / 6) * (US_PER_SEC / widthUs) ** 2;
  const squares = (limit: number): number =>
    offered.reduce((sum, rate, i) => sum + ((answered[i] as number) - Math.min(rate, limit)) ** 2, 0) + grain;
  const rates = Array.from({ length: STEPS }, (_, i) => least + ((i + 0.5) * (most - least)) / STEPS);
  const fits = rates.map(squares);
  const best = Math.min(...fits);
  const free = stretches - 1;
  const inside = rates.filter((_, i) => fTail((((fits[i] as number) - best) * free) / best, free) >= 0.05);
  const step = (most - least) / STEPS / 2;
  return {
    ratePerSec: {
      value: rates[fits.indexOf(best)] as number,
      low: Math.min(...inside) - step,
      high: Math.max(...inside) + step,
    },
    p: fTail(((squares(Number.POSITIVE_INFINITY) - best) * free) / best, free),
    points: offered.map((rate, i): [number, number] => [rate, answered[i] as number]),
  };
}

/** P(F > f) with one and `free` degrees of freedom. */
function fTail(f: number, free: number): number {
  return f <= 0 ? 1 : betainc(free / (free + f), free / 2, 0.5);
}

/**
 * Refusals by a limiter that counts in time: a bucket holds some tokens and is filled at a rate, each request that is let through takes
 * one, who finds none is refused (nginx `limit_req`, Envoy, HAProxy and most others; "leaky bucket as a meter").
 */
import { binomialTail } from './proportion.ts';

/** In order of time. */
export type Arrival = { readonly atUs: number; readonly isRefused: boolean };

export type BucketFit = {
  readonly ratePerSec: number;
  readonly lowPerSec: number;
  readonly highPerSec: number;
  /** Let through at once after a long silence. */
  readonly capacity: number;
  /** Arrivals whose fate the bucket tells wrongly from the times and what went before. */
  readonly mismatches: number;
  /** The same of the best rule that looks at the order only: every k-th, or as the one before. */
  readonly byOrder: number;
  /** That refusals which do not depend on time would fit any of the buckets tried so well. */
  readonly p: number;
};

const CAPACITIES = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50];
/** Rates tried, as multiples of the rate of what was let through: below it the bucket was never empty, above it was never full. */
const RATE_RANGE = [0.3, 3] as const;
const RATE_STEP = 1.02;
/** What is in a bucket that refuses, at most. */
const ALMOST_ONE = 0.999;
/** More tell nothing new. */
const MOST_ARRIVALS = 3_000;
/** Round robin over so many; as the one before is number 1: an outage. */
const ORDERS = [1, 2, 3, 4, 5, 6, 7, 8];

/** Undefined where nothing was refused, or all was. */
export function fitBucket(arrivals: readonly Arrival[]): BucketFit | undefined {
  const shown = arrivals.slice(0, MOST_ARRIVALS);
  const refused = shown.filter(({ isRefused }) => isRefused).length;
  const accepted = shown.length - refused;
  const lengthUs = (shown.at(-1)?.atUs ?? 0) - (shown[0]?.atUs ?? 0);
  if (refused === 0 || accepted === 0 || lengthUs <= 0) return undefined;
  const fits = fitsOf(shown, accepted / lengthUs);
  const least = Math.min(...fits.map(({ mismatches }) => mismatches));
  const best = fits.filter(({ mismatches }) => mismatches === least);
  // The middle of the rates that fit best, with the smallest bucket that does.
  const capacity = Math.min(...best.map((fit) => fit.capacity));
  const rates = best.filter((fit) => fit.capacity === capacity).map(({ perUs }) => perUs * 1e6);
  const [low, high] = [Math.min(...rates), Math.max(...rates)];
  return {
    ratePerSec: (low + high) / 2,
    // Between two rates of the grid nothing was tried.
    lowPerSec: low / RATE_STEP,
    highPerSec: high * RATE_STEP,
    capacity,
    mismatches: least,
    byOrder: Math.min(...ORDERS.map((order) => mismatchesByOrder(shown, order))),
    p: Math.min(1, fits.length * chanceOf(least, shown.length, refused)),
  };
}

type Fit = { readonly perUs: number; readonly capacity: number; readonly mismatches: number };

function fitsOf(arrivals: readonly Arrival[], acceptedPerUs: number): readonly Fit[] {
  const fits: Fit[] = [];
  for (const capacity of CAPACITIES) {
    for (let factor = RATE_RANGE[0]; factor <= RATE_RANGE[1]; factor *= RATE_STEP) {
      const perUs = factor * acceptedPerUs;
      fits.push({ perUs, capacity, mismatches: mismatchesOf(arrivals, perUs, capacity) });
    }
  }
  return fits;
}

/** One step ahead: what really happened before is known, so that one odd answer does not put all that follow out of step. */
function mismatchesOf(arrivals: readonly Arrival[], perUs: number, capacity: number): number {
  let tokens = capacity;
  let lastUs = arrivals[0]?.atUs ?? 0;
  let mismatches = 0;
  for (const { atUs, isRefused } of arrivals) {
    tokens = Math.min(capacity, tokens + (atUs - lastUs) * perUs);
    lastUs = atUs;
    const isEmpty = tokens < 1;
    if (isEmpty !== isRefused) mismatches++;
    // Who was let through had a token; who was refused found less than one.
    tokens = isRefused ? Math.min(tokens, ALMOST_ONE) : Math.max(tokens, 1) - 1;
  }
  return mismatches;
}

function mismatchesByOrder(arrivals: readonly Arrival[], order: number): number {
  let mismatches = 0;
  for (let i = order; i < arrivals.length; i++)
    if ((arrivals[i] as Arrival).isRefused !== (arrivals[i - order] as Arrival).isRefused) mismatches++;
  return mismatches;
}

/**
 * Whatever a rule says of the next request from those before, it is wrong at least as often as the rarer fate comes, if fates are drawn:
 * so the number of mismatches is at least binomial with that share.
 */
function chanceOf(mismatches: number, of: number, refused: number): number {
  const rarer = Math.min(refused, of - refused) / of;
  return binomialTail(of - mismatches, of, 1 - rarer);
}

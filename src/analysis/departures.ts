/** Departures of a server while requests wait for it: do more leave per second as time goes on? */
import { theilSen } from './slopes.ts';

/** When a request came and when its answer had arrived, µs. */
export type Stay = { readonly fromUs: number; readonly toUs: number };

/** How many were worked on at once, over the time in which requests waited. */
export type WorkerGrowth = {
  /** Workers more per second, with the 95 % interval. */
  readonly perSec: { readonly value: number; readonly low: number; readonly high: number };
  /** Workers when the waiting began, and when it ended, on the straight line. */
  readonly first: number;
  readonly last: number;
  /** Two-sided p-value of "as many at the end as at the beginning" (Mann-Kendall over the stretches). */
  readonly p: number;
  /** Growth per second in the first and in the second half of the stretches. */
  readonly halves: readonly [number, number];
  readonly fromUs: number;
  readonly toUs: number;
  /** Stretches of whole service times: the middle of each, and the workers that its departures tell. */
  readonly points: readonly (readonly [number, number])[];
};

type Extent = { readonly fromUs: number; readonly toUs: number; readonly serviceUs: number; readonly lengthUs: number };

/** A request that took this much longer than one alone has waited. */
const WAITED_RATIO = 1.3;
/** While there is a queue nearly everybody waits; below this share it was not one stretch of waiting. */
const LEAST_WAITING_RATIO = 0.85;
/** With ten stretches a steady rise has a p of 1e-4; with eighteen it stays significant when every fifth disagrees (simulated). */
const LEAST_STRETCHES = 10;
const STRETCHES = 18;
const US_PER_SEC = 1_000_000;

/**
 * While requests wait, all workers are busy, and each lets one request go per service time: workers = departures per
 * second × service time (Little's law). Stretches are whole service times long, since workers that began together end
 * together. The slope of workers over time is a Theil-Sen line; with a fixed number of workers it is flat. Undefined when
 * nobody waited, or not for ten service times.
 */
export function workerGrowth(stays: readonly Stay[], serviceUs: number): WorkerGrowth | undefined {
  const waiting = stays.filter(({ fromUs, toUs }) => toUs - fromUs > WAITED_RATIO * serviceUs);
  if (waiting.length === 0 || serviceUs <= 0) return undefined;
  const firstUs = Math.min(...waiting.map(({ fromUs }) => fromUs));
  const lastUs = Math.max(...waiting.map(({ fromUs }) => fromUs));
  const between = stays.filter(({ fromUs }) => fromUs >= firstUs && fromUs <= lastUs);
  if (waiting.length < LEAST_WAITING_RATIO * between.length) return undefined;
  // Full from the moment the first one had to wait until the last of them began to be served.
  const fromUs = firstUs;
  const toUs = Math.max(...waiting.map((stay) => stay.toUs)) - serviceUs;
  const lengthUs = serviceUs * Math.max(1, Math.floor((toUs - fromUs) / (STRETCHES * serviceUs)));
  const count = Math.floor((toUs - fromUs) / lengthUs);
  if (count < LEAST_STRETCHES) return undefined;
  const left = new Array<number>(count).fill(0);
  for (const stay of stays) {
    const index = Math.floor((stay.toUs - fromUs) / lengthUs);
    if (index >= 0 && index < count) left[index] = (left[index] as number) + 1;
  }
  const points = left.map((departures, i): [number, number] => [
    // Who leaves now began a service time ago.
    fromUs + (i + 0.5) * lengthUs - serviceUs,
    (departures * serviceUs) / lengthUs,
  ]);
  return growthOf(points, { fromUs, toUs, serviceUs, lengthUs });
}

function growthOf(
  points: readonly [number, number][],
  { fromUs, toUs, serviceUs, lengthUs }: Extent,
): WorkerGrowth | undefined {
  // Departures are whole: one more or less in the first and the last stretch tilts the line by this.
  const [start = 0, end = 0] = [points[0]?.[0], points.at(-1)?.[0]];
  const quantum = (serviceUs * US_PER_SEC) / (lengthUs * (end - start));
  const line = lineOf(points);
  const middle = points.length >> 1;
  const [early, late] = [lineOf(points.slice(0, middle)), lineOf(points.slice(-middle))];
  if (line === undefined || early === undefined || late === undefined) return undefined;
  return {
    perSec: {
      value: line.slope,
      low: Math.min(line.low, line.slope - quantum),
      high: Math.max(line.high, line.slope + quantum),
    },
    first: line.intercept,
    last: line.intercept + (line.slope * (toUs - fromUs)) / US_PER_SEC,
    p: line.p,
    halves: [early.slope, late.slope],
    fromUs,
    toUs,
    points,
  };

  function lineOf(part: readonly [number, number][]): ReturnType<typeof theilSen> {
    return theilSen(
      part.map(([atUs]) => (atUs - fromUs) / US_PER_SEC),
      part.map(([, workers]) => workers),
    );
  }
}

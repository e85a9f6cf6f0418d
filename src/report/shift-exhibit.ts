/** The shift function: how far the gateway's distribution lies from the members', quantile by quantile (Doksum; Wilcox). */
import type { Measures } from '../analysis/measures.ts';
import type { Exhibit } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';

/** The body by its quarters, the tail in which waiting shows first more finely: each further one is a bootstrap, seconds in a long run. */
const SHIFT_QUANTILES = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];

/**
 * Noise is multiplicative, so a constant hop costs slow requests a little more too. Twice the middle and a millisecond more
 * (the floor below which `diff` calls nothing changed) is beyond that.
 */
const RISE_FACTOR = 2;
const RISE_FLOOR_US = 1_000;

export type ShiftPoint = { readonly p: number; readonly value: number; readonly low: number; readonly high: number };

/** Undefined where fewer than two quantiles can be told: a point has no shape. */
export function shiftExhibit(measures: Measures): Exhibit | undefined {
  const points = SHIFT_QUANTILES.flatMap((p): ShiftPoint[] => {
    const estimate = measures.overhead(p);
    return estimate.state === 'known' ? [{ p, ...estimate, high: estimate.high ?? estimate.value }] : [];
  });
  if (points.length < 2) return undefined;
  return {
    kind: 'xy',
    id: 'overhead-curve',
    title: 'What the gateway adds, by percentile',
    reading: `Gateway minus members at each percentile, with its 95 % interval; above 0 the gateway is slower. ${shiftReading(points)}`,
    x: { title: 'percentile', unit: 'ratio', scale: 'percentile' },
    y: { title: 'gateway minus direct', unit: 'us', scale: 'linear' },
    series: [
      {
        name: 'gateway minus direct',
        role: 'gateway',
        style: 'line',
        points: points.map(({ p, value }): [number, number] => [p, value]),
        band: points.map(({ p, low, high }): [number, number, number] => [p, low, high]),
      },
    ],
    marks: [{ axis: 'y', value: 0, label: 'no difference' }],
  };
}

/**
 * One sentence for this shape. A difference between two percentiles is claimed only where their intervals do not even touch,
 * which chance does far more rarely than once in twenty.
 */
export function shiftReading(points: readonly ShiftPoint[]): string {
  const middle = points.reduce((best, point) => (Math.abs(point.p - 0.5) < Math.abs(best.p - 0.5) ? point : best));
  const tail = points.filter(({ p }) => p >= 0.9);
  const faster = tail.find(({ high }) => high < 0);
  const slowest = tail.filter(({ low }) => low > RISE_FACTOR * middle.high && low > middle.high + RISE_FLOOR_US).at(-1);
  if (points.every(({ low, high }) => low <= 0 && high >= 0)) return 'In this run it is nowhere told from noise.';
  if (faster !== undefined && middle.high >= 0) {
    return `In this run the slow end is faster through the gateway (${named(faster)}): it keeps slow answers away from its clients, as a retry, a cache or a choice of member does.`;
  }
  if (middle.high < 0)
    return `In this run the gateway answers sooner than the members asked directly (${named(middle)}): a cache, or connections that it keeps open, does that.`;
  if (slowest !== undefined) {
    return `In this run it rises from ${named(middle)} to ${named(slowest)}: slow requests wait, for a place or a connection; a longer way alone would add the same everywhere.`;
  }
  const commonLow = Math.max(...points.map(({ low }) => low));
  const commonHigh = Math.min(...points.map(({ high }) => high));
  if (commonLow <= commonHigh) {
    return `In this run it is flat, as far as can be told: every percentile agrees with a constant ${between(commonLow, commonHigh)} per request, the price of one more hop.`;
  }
  const values = points.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (least > 0 && most <= RISE_FACTOR * middle.value)
    return `In this run it is nearly flat, from ${signed(least)} to ${signed(most)}: the price of one more hop, little more for slow requests than for quick ones.`;
  return `In this run it differs along the way and does not rise towards the slow end: ${named(middle)}, ${named(points.at(-1) ?? middle)}.`;
}

function named({ p, value }: ShiftPoint): string {
  return `${signed(value)} at p${Number((p * 100).toFixed(1))}`;
}

function signed(us: number): string {
  return us < 0 ? `−${formatDuration(-us)}` : `+${formatDuration(us)}`;
}

function between(lowUs: number, highUs: number): string {
  const [low, high] = [formatDuration(Math.abs(lowUs)), formatDuration(highUs)];
  if (lowUs < 0) return `cost of at most ${high}`;
  return low === high ? low : `cost between ${low} and ${high}`;
}

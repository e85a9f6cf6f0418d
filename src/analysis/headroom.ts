/** How far the slowest ordinary answers stay from a limit, and when their trend crosses it. */
import type { Estimate } from '../model/finding.ts';
import type { Distribution } from './distribution.ts';
import { quantileInterval } from './quantile-interval.ts';
import { theilSen } from './slopes.ts';

/** Whole days, so that the course of the day is in each of them alike. */
export type DayOfAnswers = { readonly startAtUs: number; readonly times: Distribution };

export type Trend =
  | {
      readonly state: 'rising';
      readonly perDayUs: Required<Estimate>;
      readonly p: number;
      /** Days from the end of the last day; `high` left out: it may never come. */
      readonly daysLeft: { readonly value: number; readonly low: number; readonly high?: number };
    }
  | { readonly state: 'none'; readonly p: number; readonly days: number }
  | { readonly state: 'unknown'; readonly need: string; readonly have: string };

export type Headroom = {
  readonly quantile: 0.999 | 0.99;
  /** Over the last days, µs. */
  readonly level: Estimate;
  /** Of the limit that is used; 1 and above: nothing is left. */
  readonly usedRatio: number;
  readonly trend: Trend;
};

const DAY_US = 86_400_000_000;
/** A week has every day of the week once, and at a round every 30 s 20 000 answers: p99.9 needs 3 688 at least. */
const LEVEL_DAYS = 7;
/** Days of a trend: ten in rising order are 6e-7 by chance, which leaves room for being looked at every hour. */
export const LEAST_TREND_DAYS = 10;
/** A day of which less than this share of the fullest one was watched has another tail. */
const LEAST_DAY_SHARE = 0.5;
/** As a level for saying anything; the judge asks for more before it warns. */
const LARGEST_P = 0.01;
/** In both halves of the time at least so much of the slope of the whole: a step between two levels is no trend. */
const LEAST_HALF_SHARE = 0.3;

/** Undefined where not even p99 can be told. `limitUs`: with its interval, where it was measured. */
export function headroomOf(days: readonly DayOfAnswers[], limitUs: Estimate): Headroom | undefined {
  const most = Math.max(0, ...days.map(({ times }) => times.count));
  const whole = days
    .filter(({ times }) => times.count >= LEAST_DAY_SHARE * most)
    .toSorted((a, b) => a.startAtUs - b.startAtUs);
  const lately = whole.slice(-LEVEL_DAYS).map(({ times }) => times);
  for (const quantile of [0.999, 0.99] as const) {
    const { estimate } = quantileInterval(lately, quantile);
    if (estimate.state === 'n/a') continue;
    const { value, low, high } = estimate;
    return {
      quantile,
      level: { value, low, ...(high === undefined ? {} : { high }) },
      usedRatio: value / limitUs.value,
      trend: trendOf(whole, quantile, limitUs),
    };
  }
  return undefined;
}

function trendOf(days: readonly DayOfAnswers[], quantile: number, limitUs: Estimate): Trend {
  if (days.length < LEAST_TREND_DAYS)
    return {
      state: 'unknown',
      need: `${LEAST_TREND_DAYS} days for a trend`,
      have: `${days.length}: ${LEAST_TREND_DAYS - days.length} more days needed`,
    };
  const lastAtUs = (days.at(-1)?.startAtUs ?? 0) + DAY_US;
  const points = days.map(({ startAtUs, times }) => ({
    // The middle of a day stands for it.
    x: (startAtUs + DAY_US / 2 - lastAtUs) / DAY_US,
    y: times.quantile(quantile),
  }));
  const line = lineOf(points);
  if (line === undefined || line.p > LARGEST_P || line.low <= 0 || !risesThroughout(points, line.slope))
    return { state: 'none', p: line?.p ?? 1, days: days.length };
  const { value: limit, low: limitLow = limit, high: limitHigh = limit } = limitUs;
  const room = (to: number): number => Math.max(0, to - line.intercept);
  return {
    state: 'rising',
    perDayUs: { value: line.slope, low: line.low, high: line.high },
    p: line.p,
    daysLeft: {
      value: room(limit) / line.slope,
      low: room(limitLow) / line.high,
      high: room(limitHigh) / line.low,
    },
  };
}

type Point = { readonly x: number; readonly y: number };

function lineOf(points: readonly Point[]) {
  return theilSen(
    points.map(({ x }) => x),
    points.map(({ y }) => y),
  );
}

function risesThroughout(points: readonly Point[], slope: number): boolean {
  const middle = points.length >> 1;
  return [points.slice(0, middle), points.slice(middle)].every(
    (half) => (lineOf(half)?.slope ?? 0) >= LEAST_HALF_SHARE * slope,
  );
}

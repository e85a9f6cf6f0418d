/** Before and after, held against each other at the same hour of day, so that the course of a day is no change. */
import { momentsOf } from './change-points.ts';
import { studentTCdf, studentTInverse } from './special.ts';

const DAY_US = 86_400_000_000;
/** A level after the change is told from its first week; what came later may have changed again. */
const MOST_DAYS = 7;

export type Timed = { readonly atUs: number; readonly value: number };

/** Saturday and Sunday (UTC) are days of another kind: neither stands for the other. */
function isWeekend(atUs: number): boolean {
  // 1970-01-01 was a Thursday.
  const weekday = (Math.floor(atUs / DAY_US) + 4) % 7;
  return weekday === 0 || weekday === 6;
}

/** The last stretch before `beforeUs` at the same hour of a day of the same kind, at most a week back from there. */
export function partnerOf<T extends { readonly atUs: number }>(
  atUs: number,
  beforeUs: number,
  byTime: ReadonlyMap<number, T>,
): T | undefined {
  const daysBack = Math.max(1, Math.ceil((atUs - beforeUs + 1) / DAY_US));
  for (let days = daysBack; days < daysBack + MOST_DAYS; days++) {
    const partner = byTime.get(atUs - days * DAY_US);
    if (partner !== undefined && partner.atUs < beforeUs && isWeekend(partner.atUs) === isWeekend(atUs)) return partner;
  }
  return undefined;
}

export type Matched<T> = { readonly before: T; readonly after: readonly T[] };

/** Each stretch before the change with those after it that it stands for. */
export function matchedStretches<T extends { readonly atUs: number }>(
  stretches: readonly T[],
  changeAtUs: number,
): readonly Matched<T>[] {
  const byTime = new Map(stretches.map((one) => [one.atUs, one]));
  const pairs = new Map<T, T[]>();
  for (const one of stretches) {
    if (one.atUs < changeAtUs || one.atUs >= changeAtUs + MOST_DAYS * DAY_US) continue;
    const partner = partnerOf(one.atUs, changeAtUs, byTime);
    if (partner === undefined) continue;
    const list = pairs.get(partner);
    if (list === undefined) pairs.set(partner, [one]);
    else list.push(one);
  }
  return [...pairs].map(([before, after]) => ({ before, after })).sort((a, b) => a.before.atUs - b.before.atUs);
}

export type Shift = {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Two-sided, of a difference of days as large as this without a change; for one place that was not searched for. */
  readonly p: number;
  readonly pairs: number;
};

/** Differences of neighbouring days from which the scatter without a change is read: half a day of hours. */
const LEAST_NULL = 12;

/**
 * Mean difference after − before over matched hours, with a 95 % interval. p holds it against what the same hours of
 * neighbouring days differed by before the change (where half a day of such pairs is known, else against its own
 * scatter). Student's test with as many values as are independent, n·(1−ρ)/(1+ρ) for neighbours that correlate with ρ
 * (Bayley and Hammersley 1946). Undefined below 5 pairs.
 */
export function shiftAt(points: readonly Timed[], changeAtUs: number): Shift | undefined {
  const differences = matchedStretches(points, changeAtUs).map(
    ({ before, after }) => after.reduce((sum, { value }) => sum + value, 0) / after.length - before.value,
  );
  const count = differences.length;
  if (count < 5) return undefined;
  const own = scatterOf(differences, momentsOf(differences).mean);
  const usual = differencesBefore(points, changeAtUs);
  // About zero: a farm whose days differ as a whole scatters by that as well.
  const without = usual.length < LEAST_NULL ? own : scatterOf(usual, 0);
  const difference = momentsOf(differences).mean;
  const reach = studentTInverse(0.975, degreesOf(count, own)) * errorOf(count, own);
  return {
    difference,
    low: difference - reach,
    high: difference + reach,
    p:
      2 *
      studentTCdf(
        -Math.abs(difference) / errorOf(count, without),
        degreesOf(Math.max(usual.length, LEAST_NULL), without),
      ),
    pairs: count,
  };
}

type Scatter = { readonly variance: number; readonly correlation: number };

function scatterOf(values: readonly number[], about: number): Scatter {
  const squares = values.reduce((sum, value) => sum + (value - about) ** 2, 0);
  return { variance: squares / Math.max(1, values.length - 1), correlation: correlation(values, about) };
}

function independentOf(count: number, { correlation: rho }: Scatter): number {
  return Math.max(1, (count * (1 - rho)) / (1 + rho));
}

/** Where all differences are equal the error would be 0: half a thousandth is the finest that a histogram tells. */
function errorOf(count: number, scatter: Scatter): number {
  return Math.sqrt(Math.max(scatter.variance, 5e-4 ** 2) / independentOf(count, scatter));
}

function degreesOf(count: number, scatter: Scatter): number {
  return Math.max(1, independentOf(count, scatter) - 1);
}

function differencesBefore(points: readonly Timed[], beforeUs: number): readonly number[] {
  const own = points.filter(({ atUs }) => atUs < beforeUs);
  const byTime = new Map(own.map((one) => [one.atUs, one]));
  return own.flatMap(({ atUs, value }) => {
    const partner = partnerOf(atUs, atUs, byTime);
    return partner === undefined ? [] : [value - partner.value];
  });
}

/** Of neighbours, never below 0: values that alternate are not more than independent. */
function correlation(values: readonly number[], about: number): number {
  const squares = values.reduce((sum, value) => sum + (value - about) ** 2, 0);
  if (squares === 0 || values.length < 3) return 0;
  let product = 0;
  for (let i = 1; i < values.length; i++) product += (values[i]! - about) * (values[i - 1]! - about);
  return Math.min(0.95, Math.max(0, product / squares));
}

/**
 * The largest difference of a whole day from the day before it of the same kind, among the days before a moment: what a
 * farm does by itself. Undefined where fewer than two such pairs of days are known.
 */
export function dailySwing(points: readonly Timed[], beforeUs: number): number | undefined {
  const own = points.filter(({ atUs }) => atUs < beforeUs);
  const byTime = new Map(own.map((one) => [one.atUs, one]));
  const byDay = new Map<number, number[]>();
  for (const { atUs, value } of own) {
    const partner = partnerOf(atUs, atUs, byTime);
    if (partner === undefined) continue;
    const day = Math.floor((beforeUs - atUs) / DAY_US);
    const list = byDay.get(day);
    if (list === undefined) byDay.set(day, [value - partner.value]);
    else list.push(value - partner.value);
  }
  // A few hours are not a day.
  const days = [...byDay.values()].filter((list) => list.length >= 3);
  return days.length < 2 ? undefined : Math.max(...days.map((list) => Math.abs(momentsOf(list).mean)));
}

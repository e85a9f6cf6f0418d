/**
 * Axes worked out before drawing: where each value goes, which ticks there are and what they say. Positions are plain numbers
 * on a linear axis, so that logarithms and percentiles need nothing from the drawing library.
 */
import type { Axis, Unit } from '../model/finding.ts';
import { formatUnit } from '../model/quantity.ts';

export type Tick = { readonly at: number; readonly label: string };
export type Scale = {
  /** With the unit of the ticks, where they all share one. */
  readonly title: string;
  /** Undefined where the scale has no place for the value: a percentile of 1, the logarithm of nothing. */
  readonly place: (value: number) => number | undefined;
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly Tick[];
};
export type ScaleOptions = {
  /** About how many ticks fit. */
  readonly tickCount: number;
  /** Whether a linear scale of positive values begins at 0, and a logarithmic one at a tick. */
  readonly fromZero: boolean;
};

/** One for all: to make one takes a hundred times as long as to use it. */
const TICK_NUMBER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 6 });

/** The scale for an axis that has to show `values` (marks included). */
export function createScale(axis: Axis, values: readonly number[], options: ScaleOptions): Scale {
  switch (axis.scale) {
    case 'linear':
      return linearScale(axis, values, options);
    case 'log':
      return logScale(axis, values, options);
    case 'percentile':
      return percentileScale(axis, values);
    default:
      return axis.scale satisfies never;
  }
}

/** x = -log10(1 - q): each further nine takes the same room, so that the tail can be read. */
export function percentilePosition(q: number): number | undefined {
  return q >= 0 && q < 1 ? Math.log10(1 / (1 - q)) : undefined;
}

const PERCENTILE_TICKS = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];

function percentileScale(axis: Axis, values: readonly number[]): Scale {
  const places = values.map(percentilePosition).filter((place) => place !== undefined);
  const high = Math.max(1, maxOf(places) ?? 1);
  const ticks = PERCENTILE_TICKS.map((q) => ({
    at: percentilePosition(q) ?? 0,
    label: `p${Number((q * 100).toFixed(3))}`,
  }));
  return {
    title: axis.title,
    place: percentilePosition,
    low: 0,
    high,
    ticks: ticks.filter(({ at }) => at <= high + 1e-9),
  };
}

function logScale(axis: Axis, values: readonly number[], { tickCount, fromZero }: ScaleOptions): Scale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const least = minOf(positive) ?? 1;
  const most = maxOf(positive) ?? 10;
  const fine = Math.log10(most / least) < 2;
  const candidates = logCandidates(axis.unit, least, most, fine);
  const from = candidates.findLast((tick) => tick <= least * 1.0001) ?? least;
  const to = candidates.find((tick) => tick > from && tick >= most * 0.9999) ?? from * 10;
  const shown = candidates.filter((tick) => tick >= from && tick <= to);
  const sparse = everyNth(shown, Math.ceil(shown.length / (tickCount + 1)));
  const low = Math.log10(from);
  const high = Math.log10(to);
  // An axis that need not begin at a tick leaves room for dots at its ends.
  const room = fromZero ? 0 : (high - low) * 0.03;
  return {
    title: axis.title,
    place: (value) => (value > 0 ? Math.log10(value) : undefined),
    low: low - room,
    high: high + room,
    ticks: sparse.map((tick) => ({ at: Math.log10(tick), label: formatUnit(tick, axis.unit) })),
  };
}

/** Above ten seconds people count in minutes and hours, not in powers of ten. */
const LONG_TIMES_US = [60, 600, 3_600, 36_000, 360_000].map((seconds) => seconds * 1_000_000);
const LONG_TIMES_FINE_US = [
  10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 18_000, 43_200, 86_400, 172_800,
].map((seconds) => seconds * 1_000_000);
const LONG_TIMES_BEGIN_US = 10_000_001;

function logCandidates(unit: Unit, least: number, most: number, fine: boolean): readonly number[] {
  const steps = fine ? [1, 2, 5] : [1];
  const candidates: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
    candidates.push(...steps.map((step) => step * 10 ** power));
  }
  if (unit !== 'us' || most < LONG_TIMES_BEGIN_US) return candidates;
  const long = fine ? LONG_TIMES_FINE_US : LONG_TIMES_US;
  return [
    ...candidates.filter((tick) => tick < LONG_TIMES_BEGIN_US),
    ...long.filter((tick) => tick >= LONG_TIMES_BEGIN_US),
  ];
}

function linearScale(axis: Axis, values: readonly number[], { tickCount, fromZero }: ScaleOptions): Scale {
  const finite = values.filter(Number.isFinite);
  let least = minOf(finite) ?? 0;
  let most = maxOf(finite) ?? 1;
  // A range far from 0 that is small beside its distance would be a flat line if it began at 0.
  if (least > 0 && (fromZero || least < most / 2)) least = 0;
  if (most < 0 && fromZero) most = 0;
  if (most === least) most = least + (Math.abs(least) || 1);
  const { divisor, suffix } = displayUnit(axis.unit, Math.max(Math.abs(most), Math.abs(least)));
  const step = niceStep((most - least) / divisor / tickCount);
  const first = Math.floor(least / divisor / step + 1e-9);
  const last = Math.ceil(most / divisor / step - 1e-9);
  const ticks: Tick[] = [];
  for (let n = first; n <= last; n++) {
    const shown = Number((n * step).toPrecision(12));
    ticks.push({ at: shown * divisor, label: TICK_NUMBER.format(shown) });
  }
  return {
    title: suffix === '' ? axis.title : `${axis.title} (${suffix})`,
    place: (value) => (Number.isFinite(value) ? value : undefined),
    low: first * step * divisor,
    high: last * step * divisor,
    ticks,
  };
}

/** One unit for a whole axis, by its largest value. */
export function displayUnit(unit: Unit, largest: number): { readonly divisor: number; readonly suffix: string } {
  switch (unit) {
    case 'us':
      if (largest < 1_000) return { divisor: 1, suffix: 'µs' };
      if (largest < 2_000_000) return { divisor: 1_000, suffix: 'ms' };
      if (largest < 300_000_000) return { divisor: 1_000_000, suffix: 's' };
      return largest < 10_800_000_000
        ? { divisor: 60_000_000, suffix: 'min' }
        : { divisor: 3_600_000_000, suffix: 'h' };
    case 'ratio':
      return { divisor: 0.01, suffix: '%' };
    case 'bytes':
      if (largest < 1_000) return { divisor: 1, suffix: 'B' };
      return largest < 1_000_000 ? { divisor: 1_000, suffix: 'kB' } : { divisor: 1_000_000, suffix: 'MB' };
    case 'perSec':
      return { divisor: 1, suffix: 'per second' };
    case 'count':
    case 'text':
      return { divisor: 1, suffix: '' };
    default:
      return unit satisfies never;
  }
}

/** The next of 1, 2, 5, 10 … at or above. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  return step * power;
}

function everyNth<T>(items: readonly T[], n: number): readonly T[] {
  return n <= 1 ? items : items.filter((_, index) => index % n === 0);
}

// Math.min(...values) overflows the stack for large samples.
function minOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => Math.min(a, b));
}

function maxOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => Math.max(a, b));
}

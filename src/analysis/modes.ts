/** Peaks of a latency distribution: a second one names a timer, a retransmission or a slower kind of work. */
import type { Distribution } from './distribution.ts';
import { binomialTail } from './proportion.ts';

export type Mode = {
  /** Median of the values in the peak. */
  readonly value: number;
  /** Where the peak begins and ends. */
  readonly low: number;
  readonly high: number;
  /** Values in the peak beyond the level of its deeper valley. */
  readonly count: number;
  /** `count` as a share of all values. */
  readonly share: number;
  /**
   * Chance of such a peak if there were no valley beside it, corrected for the number of candidates. 0 for the main
   * mode.
   */
  readonly p: number;
};

/** Peaks closer than about three times this ratio are one: timers and networks jitter by a few percent. */
const SMOOTHING_RATIO = 0.03;
const STEP = SMOOTHING_RATIO / 4;
const MIN_SHARE = 0.003;
const MAX_P = 1e-3;
/** Fewer values than this are no mode, however lonely. */
const MIN_COUNT = 3;

/** Peaks of the density of log(value), ascending; at least one unless empty. Values of 0 count as 1. */
export function findModes(distribution: Distribution): readonly Mode[] {
  if (distribution.count === 0) return [];
  const density = smoothDensity(distribution);
  let peaks = candidatePeaks(density.smooth);
  const candidates = peaks.length;
  const judge = (all: readonly Peak[]) => {
    const judged = all.map((peak) => ({ peak, ...strengthOf(density, peak, distribution.count, candidates) }));
    return { judged, main: judged.reduce((a, b) => (b.height > a.height ? b : a)) };
  };
  // The weakest peak that is not significant joins the neighbour it is least separated from, until all are significant.
  while (peaks.length > 1) {
    const { judged, main } = judge(peaks);
    const weak = judged.filter((j) => j !== main && !j.isMode);
    if (weak.length === 0) break;
    const weakest = weak.reduce((a, b) => (b.p > a.p || (b.p === a.p && b.excess < a.excess) ? b : a));
    peaks = joined(peaks, weakest.peak, density.smooth);
  }
  const { judged, main } = judge(peaks);
  return judged.map((j) => modeOf(distribution, density, j.peak, j === main ? { ...j, excess: j.mass, p: 0 } : j));
}

/** Counts and smoothed counts on a grid of log(value). */
type Density = { readonly from: number; readonly raw: Float64Array; readonly smooth: Float64Array };
/** First and last cell of a peak; it reaches from valley to valley. */
type Peak = { readonly first: number; readonly last: number };
type Strength = {
  readonly height: number;
  readonly mass: number;
  readonly excess: number;
  readonly p: number;
  readonly isMode: boolean;
};

function logOf(value: number): number {
  return Math.log(Math.max(value, 1));
}

function smoothDensity({ values, counts, min, max }: Distribution): Density {
  const margin = 4 * SMOOTHING_RATIO;
  const from = logOf(min) - margin;
  const size = Math.ceil((logOf(max) + margin - from) / STEP) + 1;
  const raw = new Float64Array(size);
  values.forEach((value, i) => {
    raw[Math.round((logOf(value) - from) / STEP)]! += counts[i]!;
  });
  const reach = Math.ceil(margin / STEP);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * (((i - reach) * STEP) / SMOOTHING_RATIO) ** 2),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  const smooth = new Float64Array(size);
  for (let cell = 0; cell < size; cell++) {
    if (raw[cell] === 0) continue;
    for (let i = Math.max(0, cell - reach); i <= Math.min(size - 1, cell + reach); i++) {
      smooth[i]! += (raw[cell]! * kernel[i - cell + reach]!) / total;
    }
  }
  return { from, raw, smooth };
}

/** The grid cut at every local minimum of the smoothed density. */
function candidatePeaks(smooth: Float64Array): Peak[] {
  const peaks: Peak[] = [];
  let first = 0;
  let isFalling = false;
  for (let cell = 1; cell < smooth.length; cell++) {
    if (smooth[cell]! < smooth[cell - 1]!) isFalling = true;
    else if (smooth[cell]! > smooth[cell - 1]! && isFalling) {
      peaks.push({ first, last: cell - 1 });
      first = cell;
      isFalling = false;
    }
  }
  peaks.push({ first, last: smooth.length - 1 });
  return peaks;
}

/**
 * The core of a peak (the window above half its height) against the valley between the core and the next place that is
 * as high, on either side: without a valley, values would fall into the two by their widths, which is a binomial test.
 * The worse side decides; a side without a higher place has nothing to be separated from.
 */
function strengthOf({ raw, smooth }: Density, peak: Peak, total: number, candidates: number): Strength {
  const { core, height } = coreOf(smooth, peak);
  const coreWidth = core.last - core.first + 1;
  const coreCount = Math.round(sumOf(raw, core.first, core.last));
  const valleyP = (first: number, last: number): number => {
    const valleyCount = Math.round(sumOf(raw, first, last));
    return binomialTail(coreCount, coreCount + valleyCount, coreWidth / (coreWidth + last - first + 1));
  };
  let left = core.first - 1;
  while (left >= 0 && smooth[left]! < height) left--;
  let right = core.last + 1;
  while (right < smooth.length && smooth[right]! < height) right++;
  const leftP = left < 0 ? 0 : valleyP(left + 1, core.first - 1);
  const rightP = right >= smooth.length ? 0 : valleyP(core.last + 1, right - 1);
  const mass = sumOf(raw, peak.first, peak.last);
  const valley = Math.min(smooth[peak.first]!, smooth[peak.last]!);
  const excess = Math.max(0, mass - (peak.last - peak.first + 1) * valley);
  const p = Math.min(1, Math.max(leftP, rightP) * candidates);
  return { height, mass, excess, p, isMode: coreCount >= MIN_COUNT && excess >= MIN_SHARE * total && p < MAX_P };
}

/** The cells around the highest one that reach half its height. */
function coreOf(smooth: Float64Array, { first, last }: Peak): { core: Peak; height: number } {
  let top = first;
  for (let cell = first; cell <= last; cell++) if (smooth[cell]! > smooth[top]!) top = cell;
  const height = smooth[top]!;
  let from = top;
  while (from > first && smooth[from - 1]! >= height / 2) from--;
  let to = top;
  while (to < last && smooth[to + 1]! >= height / 2) to++;
  return { core: { first: from, last: to }, height };
}

function joined(peaks: readonly Peak[], peak: Peak, smooth: Float64Array): Peak[] {
  const index = peaks.indexOf(peak);
  const before = peaks[index - 1];
  const after = peaks[index + 1];
  const isBefore = after === undefined || (before !== undefined && smooth[peak.first]! >= smooth[peak.last]!);
  const other = (isBefore ? before : after)!;
  const whole = { first: Math.min(peak.first, other.first), last: Math.max(peak.last, other.last) };
  return peaks.flatMap((p) => (p === peak ? [] : p === other ? [whole] : [p]));
}

function modeOf(distribution: Distribution, density: Density, { first, last }: Peak, strength: Strength): Mode {
  const cellOf = (value: number): number => Math.round((logOf(value) - density.from) / STEP);
  const inside = [...distribution.values].flatMap((value, i) => {
    const cell = cellOf(value);
    return cell >= first && cell <= last ? [{ value, count: distribution.counts[i]! }] : [];
  });
  let seen = 0;
  const middle = inside.find(({ count }) => {
    seen += count;
    return seen >= strength.mass / 2;
  });
  return {
    value: middle?.value ?? Number.NaN,
    low: inside[0]?.value ?? Number.NaN,
    high: inside.at(-1)?.value ?? Number.NaN,
    count: Math.round(strength.excess),
    share: strength.excess / distribution.count,
    p: strength.p,
  };
}

function sumOf(cells: Float64Array, first: number, last: number): number {
  let sum = 0;
  for (let i = Math.max(0, first); i <= Math.min(cells.length - 1, last); i++) sum += cells[i]!;
  return sum;
}

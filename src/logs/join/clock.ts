/** How far the clock of one host is from another's, from requests that both logged. */
import { formatDuration } from '../../model/quantity.ts';

/** What one matched pair allows: the offset (host minus reference, µs) lies in [lowUs, highUs]. */
export type OffsetInterval = { readonly atUs: number; readonly lowUs: number; readonly highUs: number };

export type Offset = {
  readonly offsetUs: number;
  /** Half width of what all agreeing pairs allow. */
  readonly errorUs: number;
  readonly driftPpm?: number;
  /** With a drift: the moment (µs since 1970, reference clock) at which the offset holds. */
  readonly driftAtUs?: number;
  readonly basedOn: number;
  readonly agreeRatio: number;
  readonly note?: string;
};

/** Below this share of agreeing pairs one offset is not the truth: the clock drifts, was set, or pairs are wrong (methods D.3). */
const AGREE_RATIO = 0.95;
/** A drift is only looked for in this many pairs, so that each quarter of the time still has several. */
const MIN_FOR_DRIFT = 20;
const QUARTERS = 4;
/**
 * The fastest drift that is believed: 1 %, twenty times what NTP can correct (500 ppm, RFC 5905) and more than virtual machines without time
 * synchronisation lose. What looks faster is a clock that was set, or lines that do not belong together.
 */
const MAX_DRIFT_RATIO = 0.01;
/** A slope that is not known better than what NTP corrects is not told from a clock that is in step. */
const MAX_SLOPE_ERROR_RATIO = 0.0005;

/**
 * The offset that most pairs allow (Marzullo's algorithm), its half width and the share of pairs that agree. Where fewer than 95 % agree,
 * a constant drift is tried by quarters of the time, if that time is long enough to tell one; otherwise the error covers 95 % of the pairs,
 * and the note says why there is no drift. Undefined without pairs.
 */
export function estimateOffset(intervals: readonly OffsetInterval[]): Offset | undefined {
  const whole = mostAgreed(intervals);
  if (whole === undefined) return undefined;
  const constant: Offset = { ...whole, basedOn: intervals.length };
  if (whole.agreeRatio >= AGREE_RATIO || intervals.length < MIN_FOR_DRIFT) return constant;
  return (
    drifting(intervals) ?? {
      ...constant,
      errorUs: Math.max(constant.errorUs, errorCovering(intervals, constant.offsetUs)),
      note: isTooShort(intervals)
        ? `The pairs do not agree on one offset, and ${formatDuration(spanOf(intervals))} are too short to tell a drift: pairs that leave ${formatDuration(usualWidth(intervals))} open show one from ${formatDuration(usualWidth(intervals) / MAX_DRIFT_RATIO)} on.`
        : 'The pairs do not agree on one offset: the clock was set during this time, or some lines were matched wrongly.',
    }
  );
}

function spanOf(intervals: readonly OffsetInterval[]): number {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { atUs } of intervals) {
    first = Math.min(first, atUs);
    last = Math.max(last, atUs);
  }
  return Math.max(0, last - first);
}

/** What one pair leaves open: the step of the stamps and the length of the request. */
function usualWidth(intervals: readonly OffsetInterval[]): number {
  const widths = intervals.map(({ lowUs, highUs }) => highUs - lowUs).sort((a, b) => a - b);
  return widths[Math.floor(widths.length / 2)] ?? 0;
}

/** Even the fastest drift would not have moved the clock by more than a pair leaves open. */
function isTooShort(intervals: readonly OffsetInterval[]): boolean {
  return spanOf(intervals) * MAX_DRIFT_RATIO < usualWidth(intervals);
}

/** Half width around an offset that reaches 95 % of the pairs. */
function errorCovering(intervals: readonly OffsetInterval[], offsetUs: number): number {
  const away = intervals.map(({ lowUs, highUs }) => Math.max(0, lowUs - offsetUs, offsetUs - highUs));
  away.sort((a, b) => a - b);
  return away[Math.ceil(AGREE_RATIO * away.length) - 1] ?? 0;
}

function mostAgreed(intervals: readonly OffsetInterval[]): Omit<Offset, 'basedOn'> | undefined {
  if (intervals.length === 0) return undefined;
  const edges = intervals.flatMap(({ lowUs, highUs }) => [
    { atUs: lowUs, step: 1 },
    { atUs: highUs, step: -1 },
  ]);
  // A beginning goes before an end at the same place: intervals are closed.
  edges.sort((a, b) => a.atUs - b.atUs || b.step - a.step);
  let open = 0;
  let most = 0;
  let lowUs = 0;
  let highUs = 0;
  for (const [index, { atUs, step }] of edges.entries()) {
    open += step;
    if (open > most) {
      most = open;
      lowUs = atUs;
      highUs = edges[index + 1]?.atUs ?? atUs;
    }
  }
  return {
    offsetUs: Math.round((lowUs + highUs) / 2),
    errorUs: Math.round((highUs - lowUs) / 2),
    agreeRatio: most / intervals.length,
  };
}

/** Undefined where no drift could be told, or none fits. */
function drifting(intervals: readonly OffsetInterval[]): Offset | undefined {
  if (isTooShort(intervals)) return undefined;
  const sorted = [...intervals].sort((a, b) => a.atUs - b.atUs);
  const size = Math.floor(sorted.length / QUARTERS);
  const parts = Array.from({ length: QUARTERS }, (_, i) =>
    sorted.slice(i * size, i === QUARTERS - 1 ? undefined : (i + 1) * size),
  );
  const points = parts.map((part) => {
    const agreed = mostAgreed(part);
    const atUs = part.reduce((sum, one) => sum + one.atUs / part.length, 0);
    return { atUs, ...(agreed ?? { offsetUs: 0, errorUs: 0, agreeRatio: 0 }) };
  });
  const meanAt = points.reduce((sum, { atUs }) => sum + atUs, 0) / QUARTERS;
  const meanOffset = points.reduce((sum, { offsetUs }) => sum + offsetUs, 0) / QUARTERS;
  const spread = points.reduce((sum, { atUs }) => sum + (atUs - meanAt) ** 2, 0);
  if (spread === 0) return undefined;
  const slope = points.reduce((sum, { atUs, offsetUs }) => sum + (atUs - meanAt) * (offsetUs - meanOffset), 0) / spread;
  // How far the line could turn: the two ends off by their half widths, in opposite directions.
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const slopeError = (first.errorUs + last.errorUs) / (last.atUs - first.atUs);
  const moved = Math.abs(slope) * spanOf(sorted);
  if (Math.abs(slope) > MAX_DRIFT_RATIO || slopeError > MAX_SLOPE_ERROR_RATIO || moved < usualWidth(sorted))
    return undefined;
  const straightened = sorted.map(({ atUs, lowUs, highUs }) => {
    const moved = slope * (atUs - meanAt);
    return { atUs, lowUs: lowUs - moved, highUs: highUs - moved };
  });
  const agreed = mostAgreed(straightened);
  if (agreed === undefined || agreed.agreeRatio < AGREE_RATIO) return undefined;
  return {
    ...agreed,
    driftPpm: slope * 1e6,
    driftAtUs: Math.round(meanAt),
    basedOn: intervals.length,
    note: 'The clock drifts; the offset is the one in the middle of this time.',
  };
}

/** What has to be added to a time of the host (µs since 1970) to get the reference's. */
export function correctionUs(
  clock: Pick<Offset, 'offsetUs' | 'driftPpm' | 'driftAtUs'> | undefined,
  hostAtUs: number,
): number {
  if (clock === undefined) return 0;
  const { offsetUs, driftPpm, driftAtUs } = clock;
  if (driftPpm === undefined || driftAtUs === undefined) return -offsetUs;
  return -(offsetUs + Math.round((driftPpm / 1e6) * (hostAtUs - offsetUs - driftAtUs)));
}

/** Differences are counted in steps of this length: stamps of most logs are whole seconds. */
const STEP_US = 1_000_000;
/** Time zones are at most 14 h from UTC and 26 h from each other (IANA); clocks that are further apart are not compared without ids. */
const MAX_STEPS = 26 * 3_600;
/** A shift that fewer pairs support is chance. */
const MIN_SUPPORT = 5;
/** The best shift must have this many times the support of the best one apart from it. */
const CLEARLY = 2;

export type ShiftCounts = {
  add(differenceUs: number): void;
  /** Undefined where no shift stands out. */
  best(): { readonly shiftUs: number; readonly support: number } | undefined;
};

/** Counts differences (host minus reference) without keeping them: there are as many as pairs of lines. */
export function countShifts(): ShiftCounts {
  // One step more at each end, so that neighbours need no check.
  const counts = new Uint32Array(2 * MAX_STEPS + 3);
  return {
    add(differenceUs) {
      const step = Math.round(differenceUs / STEP_US) + MAX_STEPS + 1;
      if (step >= 1 && step <= 2 * MAX_STEPS + 1) counts[step] = (counts[step] as number) + 1;
    },
    best() {
      const around = (step: number): number =>
        (counts[step - 1] as number) + (counts[step] as number) + (counts[step + 1] as number);
      let best = 1;
      for (let step = 1; step < counts.length - 1; step++) {
        const more = around(step) - around(best);
        // Of three neighbours with the same sum the one in the middle.
        if (more > 0 || (more === 0 && (counts[step] as number) > (counts[best] as number))) best = step;
      }
      if (around(best) < MIN_SUPPORT) return undefined;
      let second = 0;
      for (let step = 1; step < counts.length - 1; step++)
        if (Math.abs(step - best) > 2) second = Math.max(second, around(step));
      if (around(best) < CLEARLY * second) return undefined;
      return { shiftUs: (best - MAX_STEPS - 1) * STEP_US, support: around(best) };
    },
  };
}

/**
 * The shift (host minus reference, µs) at which most differences lie, in whole seconds, for lines without ids: a wrong time zone shows as
 * a shift of hours. Undefined where no shift stands out.
 */
export function commonShift(differencesUs: readonly number[]): ReturnType<ShiftCounts['best']> {
  const counts = countShifts();
  for (const difference of differencesUs) counts.add(difference);
  return counts.best();
}

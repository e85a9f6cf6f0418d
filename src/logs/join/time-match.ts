/** Joins without an id: path and time, with what speaks against it. */
import type { PlacedEntry } from '../../model/log.ts';
import type { Match, Wanted } from './host-index.ts';
import { distanceUs, type Span } from './moment.ts';

/** A line with its times by the reference clock. */
export type Placed = {
  readonly entry: PlacedEntry;
  readonly start: Span;
  readonly end: Span;
  /** Of the clock, half width. */
  readonly errorUs: number;
};

/** Times that should be equal may differ by this much beyond stamps and clock error: scheduling, and headers on their way. */
export const SLACK_US = 250_000;
/** Around a failure so much of the other log was kept on both sides. */
const MARGIN_US = 3_000_000;
/** A line of whole seconds meets a request of the same path by chance when it starts within this. */
const CHANCE_WINDOW_US = 2_500_000;
/** A chance of one in ten is too much. */
const MAX_CHANCE = 0.1;
/** Peer gone, aborted, timed out: what a member logs whose gateway gave up. */
const CUT_WIN32 = [64, 121, 995, 1229, 1236];

/** The same kind of id with another value: another request, however well path and time fit. */
export function isAnother({ ids }: PlacedEntry, wanted: Wanted): boolean {
  return (['probe', 'arr', 'trace'] as const).some(
    (kind) => ids[kind] !== undefined && wanted.ids[kind] !== undefined && ids[kind] !== wanted.ids[kind],
  );
}

type Fit = Placed & {
  readonly apartUs: number;
  readonly toleranceUs: number;
  /** Its start or its end is where the other side has it. */
  readonly isClose: boolean;
  /** It looks as the other side of this request should. */
  readonly isPartner: boolean;
};

/**
 * The line of the same method, path and query that starts and ends where the request does. `ambiguous` is 0 only where chance is
 * excluded as far as the lines go: no other line fits that looks different, and one that does not look like this request's other side
 * (an ordinary answer where the gateway failed) is alone on its path for longer than chance would have it.
 */
export function pickByTime(wanted: Wanted, candidates: readonly Placed[]): Match | undefined {
  if (wanted.path === undefined) return undefined;
  const marginUs = MARGIN_US + candidates.reduce((most, { errorUs }) => Math.max(most, errorUs), 0);
  const around = between(candidates, wanted.start.lowUs - 2 * marginUs, wanted.end.highUs + marginUs);
  const fitting = around.flatMap((one) => fitOf(one, wanted) ?? []);
  fitting.sort((a, b) => rankOf(a) - rankOf(b) || a.apartUs - b.apartUs);
  const best = fitting[0];
  if (best === undefined) return undefined;
  const others = fitting.slice(1);
  const by = 'time-and-path';
  if (!best.isPartner || !best.isClose)
    return { by, entries: [best.entry], ambiguous: guessRivals(best, others, around, wanted) };
  const rivals = others.filter((one) => one.isPartner && one.apartUs - best.apartUs <= one.toleranceUs);
  const alike = rivals.filter(({ entry }) => isAlike(entry, best.entry)).map(({ entry }) => entry);
  return { by, entries: [best.entry], ambiguous: rivals.length - alike.length, alike };
}

function rankOf({ isClose, isPartner }: Fit): number {
  return (isClose ? 0 : 2) + (isPartner ? 0 : 1);
}

/** A line that starts late, or answered well where the gateway failed, belongs to the request only if it can hardly be another's. */
function guessRivals(best: Fit, others: readonly Fit[], around: readonly Placed[], wanted: Wanted): number {
  if (!best.isClose) return Math.max(1, others.length);
  const from = wanted.start.lowUs - MARGIN_US;
  const to = wanted.end.highUs + MARGIN_US;
  const neighbours = around.filter(
    ({ entry, start }) => entry !== best.entry && start.highUs >= from && start.lowUs <= to,
  ).length;
  return neighbours * CHANCE_WINDOW_US <= MAX_CHANCE * (to - from) ? 0 : Math.max(1, neighbours);
}

function fitOf(one: Placed, wanted: Wanted): Fit | undefined {
  const { entry, start, end, errorUs } = one;
  if (isAnother(entry, wanted)) return undefined;
  if (wanted.method !== undefined && entry.method !== undefined && wanted.method !== entry.method) return undefined;
  if (wanted.query !== undefined && entry.query !== undefined && wanted.query !== entry.query) return undefined;
  if (wanted.clientPort !== undefined && entry.clientPort !== undefined && wanted.clientPort !== entry.clientPort)
    return undefined;
  const slack = SLACK_US + errorUs;
  if (start.highUs < wanted.start.lowUs - slack || start.lowUs > wanted.end.highUs + slack) return undefined;
  if (!wanted.mayOutlast && end.lowUs > wanted.end.highUs + slack) return undefined;
  const apartUs = distanceUs(start, wanted.start);
  const isSameEnd = distanceUs(end, wanted.end) <= slack && entry.status === wanted.status;
  return {
    ...one,
    apartUs,
    toleranceUs: slack + entry.resolutionUs,
    isClose: apartUs <= slack || isSameEnd,
    isPartner: isPartner(one, wanted, slack),
  };
}

function isPartner({ entry, end }: Placed, wanted: Wanted, slackUs: number): boolean {
  const { status, win32 = 0, clientGone, query } = entry;
  if ((query === undefined) !== (wanted.query === undefined)) return false;
  const isSameStatus = status === undefined || wanted.status === undefined || status === wanted.status;
  if (!wanted.mayOutlast) return isSameStatus;
  if (status !== undefined && status === wanted.status) return true;
  if (CUT_WIN32.includes(win32) || clientGone === true || status === 499) return true;
  // Still at work when the other side gave up, after more than a moment.
  const lengthUs = wanted.end.lowUs - wanted.start.highUs;
  return lengthUs >= 4 * SLACK_US && end.highUs >= wanted.end.lowUs - slackUs;
}

/** Lines of which it does not matter which is which. */
function isAlike(a: PlacedEntry, b: PlacedEntry): boolean {
  if (a.status !== b.status || a.win32 !== b.win32 || a.flags !== b.flags) return false;
  const longer = Math.max(a.durationUs ?? 0, b.durationUs ?? 0);
  const shorter = Math.min(a.durationUs ?? 0, b.durationUs ?? 0);
  return longer - shorter <= Math.max(SLACK_US, 0.1 * longer);
}

/** Those that start in this time; `sorted` by the beginning of their start. */
function between(sorted: readonly Placed[], fromUs: number, toUs: number): readonly Placed[] {
  const first = lowerBound(sorted, fromUs);
  const last = lowerBound(sorted, toUs + 1);
  return sorted.slice(first, last);
}

function lowerBound(sorted: readonly Placed[], us: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as Placed).start.lowUs < us) low = middle + 1;
    else high = middle;
  }
  return low;
}

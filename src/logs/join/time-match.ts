/** Joins without an id: path and time, with what speaks against it. */
import type { PlacedEntry } from '../../model/log.ts';
import { chanceOfFit } from './chance.ts';
import type { Match, Wanted } from './host-index.ts';
import { isFailed } from './line-classes.ts';
import { distanceUs, type Span, shifted } from './moment.ts';

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
/**
 * A line that looks as it should is wrong only where the right one is missing as well, which the calibration allows for one in ten at most:
 * then one in five of those is 2 %. One that answered well where the gateway failed has no such excuse.
 */
const MAX_CHANCE = { partner: 0.2, other: 0.02 };
/** A gateway that waited at least this long may have left a member at work. */
const LONG_US = 4 * SLACK_US;
/** Durations this close are compared with timers alike: the tolerance of the decision table, max(250 ms, 1 %). */
const ALIKE_RATIO = 0.01;
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
  /** By how much it is shorter or longer. */
  readonly gapUs: number;
  /** Of lines that fit, the one that starts and lasts most like the request comes first. */
  readonly costUs: number;
};

/** Whether every line of the path in this time (reference clock) is known; `isFailure`: every failed one. */
export type IsCovered = (fromUs: number, toUs: number, path: string | undefined, isFailure: boolean) => boolean;

/**
 * The line of the same method, path and query that starts and ends where the request does. `ambiguous` is 0 only where chance is
 * excluded as far as the lines go: no other line fits that looks different, and for a request that failed lines like the one that fits are
 * so rare on its path that none would be there by chance. Lines that fit as well and look the same are all told in `choices`.
 */
export function pickByTime(wanted: Wanted, candidates: readonly Placed[], isCovered: IsCovered): Match | undefined {
  if (wanted.path === undefined) return undefined;
  const marginUs = MARGIN_US + candidates.reduce((most, { errorUs }) => Math.max(most, errorUs), 0);
  const around = between(candidates, wanted.start.lowUs - 2 * marginUs, wanted.end.highUs + marginUs);
  const fitting = around.flatMap((one) => fitOf(one, wanted) ?? []);
  fitting.sort((a, b) => rankOf(a) - rankOf(b) || a.costUs - b.costUs);
  const best = fitting[0];
  if (best === undefined) return undefined;
  const others = fitting.slice(1);
  const by = 'time-and-path';
  const entries = [best.entry];
  if (!best.isClose) return { by, entries, ambiguous: Math.max(1, others.length) };
  const isDoubtful = (wanted.mayOutlast || !best.isPartner) && !isBeyondChance(best, wanted, candidates, isCovered);
  if (!best.isPartner) return { by, entries, ambiguous: isDoubtful ? Math.max(1, others.length) : 0 };
  const rivals = others.filter((one) => one.isPartner && one.apartUs - best.apartUs <= one.toleranceUs);
  const choices = [best, ...rivals.filter((one) => isAlike(one, best, wanted))];
  const different = rivals.length + 1 - choices.length;
  return { by, entries, ambiguous: Math.max(different, isDoubtful ? 1 : 0), choices };
}

/** Lines that look like this one and last as much like the request are so rare on the path that none would fit by chance. */
function isBeyondChance(best: Fit, wanted: Wanted, candidates: readonly Placed[], isCovered: IsCovered): boolean {
  const { entry, start, errorUs } = best;
  const { path } = wanted;
  // Neither does it look as it should, nor did it last as long: nothing but the moment speaks for it.
  if (!best.isPartner && best.gapUs > LONG_US) return false;
  const isFailure = isFailed({ status: entry.status ?? -1, win32: entry.win32 ?? -1 });
  const middleUs = (wanted.start.lowUs + wanted.start.highUs) / 2;
  const mostUs = best.gapUs + (entry.durationResolutionUs ?? 0);
  const wouldFit = (one: Placed): boolean => {
    if (one.entry === entry || one.entry.status !== entry.status || one.entry.win32 !== entry.win32) return false;
    const byUs = Math.round(middleUs - (one.start.lowUs + one.start.highUs) / 2);
    const fit = fitOf({ ...one, start: shifted(one.start, byUs), end: shifted(one.end, byUs) }, wanted);
    return fit?.isClose === true && (fit.isPartner || !best.isPartner) && fit.gapUs <= mostUs;
  };
  const chance = chanceOfFit({
    fromUs: wanted.start.lowUs,
    toUs: wanted.end.highUs,
    widthUs: start.highUs - start.lowUs + wanted.start.highUs - wanted.start.lowUs + 2 * (SLACK_US + errorUs),
    isCovered: (fromUs, toUs) => isCovered(fromUs, toUs, path, isFailure),
    count: (fromUs, toUs) => countAmong(candidates, fromUs, toUs, wouldFit),
  });
  return chance <= (best.isPartner ? MAX_CHANCE.partner : MAX_CHANCE.other);
}

function rankOf({ isClose, isPartner }: Fit): number {
  return (isClose ? 0 : 2) + (isPartner ? 0 : 1);
}

function fitOf(one: Placed, wanted: Wanted): Fit | undefined {
  const { entry, start, end, errorUs } = one;
  if (isAnother(entry, wanted)) return undefined;
  if (wanted.method !== undefined && entry.method !== undefined && wanted.method !== entry.method) return undefined;
  if (wanted.query !== undefined && entry.query !== undefined && wanted.query !== entry.query) return undefined;
  if (wanted.memberStatus !== undefined && entry.status !== undefined && wanted.memberStatus !== entry.status)
    return undefined;
  if (wanted.clientPort !== undefined && entry.clientPort !== undefined && wanted.clientPort !== entry.clientPort)
    return undefined;
  const slack = SLACK_US + errorUs;
  if (start.highUs < wanted.start.lowUs - slack || start.lowUs > wanted.end.highUs + slack) return undefined;
  if (!wanted.mayOutlast && end.lowUs > wanted.end.highUs + slack) return undefined;
  const apartUs = distanceUs(start, wanted.start);
  const gapUs = durationGapUs(entry, wanted);
  const isSameEnd = distanceUs(end, wanted.end) <= slack && entry.status === wanted.status;
  return {
    ...one,
    apartUs,
    gapUs,
    costUs: apartUs + gapUs,
    toleranceUs: slack + entry.resolutionUs,
    isClose: apartUs <= slack || isSameEnd,
    isPartner: isPartner(one, wanted, slack),
  };
}

/** A line that goes on behind a gateway which gave up may be of any length. */
function durationGapUs({ durationUs }: PlacedEntry, { durationUs: wantedUs, mayOutlast }: Wanted): number {
  if (durationUs === undefined || wantedUs === undefined) return 0;
  return mayOutlast && wantedUs >= LONG_US && durationUs >= wantedUs ? 0 : Math.abs(wantedUs - durationUs);
}

function isPartner({ entry, end }: Placed, wanted: Wanted, slackUs: number): boolean {
  const { status, win32 = 0, clientGone, query } = entry;
  if ((query === undefined) !== (wanted.query === undefined)) return false;
  const isSameStatus = status === undefined || wanted.status === undefined || status === wanted.status;
  if (!wanted.mayOutlast) return isSameStatus;
  const endsInTime = end.lowUs <= wanted.end.highUs + slackUs;
  // What the gateway passed on had come to its end.
  if (status !== undefined && status === wanted.status) return endsInTime;
  const isLong = wanted.end.lowUs - wanted.start.highUs >= LONG_US;
  // A request that failed at once did not keep a member at work for long.
  if (CUT_WIN32.includes(win32) || clientGone === true || status === 499) return isLong || endsInTime;
  // Still at work when the other side gave up, after more than a moment.
  return isLong && end.highUs >= wanted.end.lowUs - slackUs;
}

/** Lines of which it does not matter which is which: they look the same, and lasted as long or both beyond the request's end. */
function isAlike({ entry: a, end: endA }: Placed, { entry: b, end: endB }: Placed, wanted: Wanted): boolean {
  if (a.status !== b.status || a.win32 !== b.win32 || a.flags !== b.flags) return false;
  if (Math.min(endA.lowUs, endB.lowUs) > wanted.end.highUs) return true;
  const longer = Math.max(a.durationUs ?? 0, b.durationUs ?? 0);
  const shorter = Math.min(a.durationUs ?? 0, b.durationUs ?? 0);
  return longer - shorter <= Math.max(SLACK_US, ALIKE_RATIO * longer);
}

/** Those that start in this time; `sorted` by the beginning of their start. */
function between(sorted: readonly Placed[], fromUs: number, toUs: number): readonly Placed[] {
  const first = lowerBound(sorted, fromUs);
  const last = lowerBound(sorted, toUs + 1);
  return sorted.slice(first, last);
}

function countAmong(sorted: readonly Placed[], fromUs: number, toUs: number, has: (one: Placed) => boolean): number {
  let count = 0;
  for (let at = lowerBound(sorted, fromUs); at < sorted.length; at++) {
    const one = sorted[at] as Placed;
    if (one.start.lowUs > toUs) break;
    if (has(one)) count++;
  }
  return count;
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

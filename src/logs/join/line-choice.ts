/** Which lines of a source are kept, and of which times all that matters was. */
import type { PlacedEntry } from '../../model/log.ts';
import type { Row } from '../format.ts';
import type { CollectorOptions } from './collector.ts';
import { createRoom, createSlowest, held, type Kept, type KeptEntry } from './kept-room.ts';
import { type ClassCount, countClasses, isFailed } from './line-classes.ts';
import { isSampleSecond } from './seconds.ts';

/** Of a short log everything is kept. */
const FIRST_KEPT = 500;
/** So many lines in near seconds are read in full for their path: about a second of work. */
const MAX_LOOKED_AT = 400_000;

type Traits = { readonly isProbe: boolean; readonly failed: boolean; readonly isAfterGap: boolean };

/** Parts of the memory: failed lines, the slowest, and all others. */
const FAILED_SHARE = 0.4;
const SLOW_SHARE = 0.1;
const OTHER_SHARE = 0.5;

export function createChoice({ source, random, near, nearPaths, probeIds, maxBytes }: CollectorOptions) {
  const classes = countClasses(source, random, maxBytes * FAILED_SHARE);
  const slow = createSlowest(maxBytes * SLOW_SHARE);
  const room = createRoom(maxBytes * OTHER_SHARE);
  let lookedAt = 0;
  let wholeUntilSecond = Number.POSITIVE_INFINITY;
  let why: Kept | undefined;
  let label: Kept | undefined;
  let into: ClassCount | undefined;
  let second = Number.NaN;
  let isNear = false;
  let isSample = false;
  let isFirst = true;

  const want = (reason: Exclude<Kept, 'failed' | 'slow'>): boolean => {
    if (room.has(reason, second)) why = reason;
    return why !== undefined;
  };
  const wantNear = (): boolean => (++lookedAt > MAX_LOOKED_AT ? room.drop('near', second) : want('near'));
  /** Where a line is kept that no failure elsewhere asks for. */
  const wantOther = (row: Row, own: ClassCount, failed: boolean, isAfterGap: boolean): boolean => {
    if (failed) why = classes.wants(own) ? 'failed' : undefined;
    if (failed) return why !== undefined;
    const isSlow = slow.wants(row.durationUs);
    // In these seconds nothing may be missing, so a slow line does not depend on its rank.
    if ((isSample || isFirst) && want('sample')) {
      label = isSlow ? 'slow' : 'sample';
      return true;
    }
    if (isSlow) why = 'slow';
    else if (isAfterGap && !room.isFull('gap')) why = 'gap';
    return why !== undefined;
  };

  return {
    classes,
    dropped: room.dropped,
    want,
    clear: (): void => {
      why = label = into = undefined;
    },
    /** The line that follows is of this second, the `counted`th of its source. */
    begin(now: number, counted: number): void {
      if (now !== second) [second, isNear, isSample] = [now, near?.has(now) === true, isSampleSecond(now)];
      isFirst = counted <= FIRST_KEPT;
      if (!isFirst && now < wholeUntilSecond) wholeUntilSecond = now;
    },
    wantAccess(row: Row, own: ClassCount, { isProbe, failed, isAfterGap }: Traits): boolean {
      into = own;
      if (isProbe) return want('probe');
      return (isNear && wantNear()) || wantOther(row, own, failed, isAfterGap);
    },
    keep(entry: PlacedEntry): void {
      if (why === 'probe' && probeIds !== undefined && !probeIds.has(entry.ids.probe ?? '')) return;
      if (why === 'near' && entry.path !== undefined && nearPaths?.has(entry.path) === false) {
        // Not near after all: it has the chance of any other line.
        why = undefined;
        if (into !== undefined) wantOther(rowOf(entry), into, isFailed(rowOf(entry)), false);
      }
      if (why === undefined) return;
      if (why === 'failed') {
        if (into !== undefined) classes.keep(into, entry);
      } else if (why === 'slow') slow.add(held(entry));
      else if (room.add(why, held(entry), second, label) && into !== undefined) into.keptElsewhere++;
    },
    kept: (): KeptEntry[] => [...classes.kept(), ...slow.all(), ...room.kept].sort(byPlace),
    covers(fromUs: number, toUs: number, path: string | undefined, isFailure = false): boolean {
      if (isFailure && classes.isAllKept()) return true;
      const isOfNear = nearPaths === undefined || (path !== undefined && nearPaths.has(path));
      const isFair = classes.isAllKept();
      return everySecond(fromUs, toUs, (at) => {
        if (isOfNear && near?.has(at) === true && at < room.fullFrom('near')) return true;
        return isFair && (isSampleSecond(at) || at < wholeUntilSecond) && at < room.fullFrom('sample');
      });
    },
  };
}

function everySecond(fromUs: number, toUs: number, holds: (second: number) => boolean): boolean {
  const last = Math.floor(toUs / 1_000_000);
  for (let at = Math.floor(fromUs / 1_000_000); at <= last; at++) if (!holds(at)) return false;
  return true;
}

function rowOf({ atUs, status = -1, substatus = -1, win32 = -1, durationUs = -1 }: PlacedEntry): Row {
  return { atUs, status, substatus, win32, durationUs };
}

function byPlace(a: KeptEntry, b: KeptEntry): number {
  return a.entry.atUs - b.entry.atUs || a.entry.line - b.entry.line;
}

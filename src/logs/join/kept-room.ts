/** How much of a log is kept: numbers of lines by reason, and bytes of memory over all. */
import type { PlacedEntry } from '../../model/log.ts';
import { idsOf } from './ids.ts';

/** Why a line was kept. */
export type Kept = 'failed' | 'slow' | 'sample' | 'probe' | 'near' | 'gap' | 'detail';
export type KeptEntry = { readonly entry: PlacedEntry; readonly why: Kept };

/** A kept line with what it takes in memory. */
export type Held = { readonly entry: PlacedEntry; readonly bytes: number };

/** Objects of an entry beside its text: about 40 fields and the object of its ids, measured with V8's heap statistics. */
const OBJECT_BYTES = 800;

/**
 * A copy with strings of its own: texts cut out of a buffer or a document keep the whole of it in memory, a megabyte for the sake of a
 * path.
 */
export function held(entry: PlacedEntry): Held {
  const text = JSON.stringify({ ...entry, ids: idsOf(entry) });
  return { entry: JSON.parse(text) as PlacedEntry, bytes: OBJECT_BYTES + text.length };
}

const MAX_SAMPLE = 1_500;
const MAX_PROBE = 40_000;
const MAX_NEAR = 12_000;
const MAX_DETAILS = 6_000;
const MAX_GAPS = 2_000;

type Reason = Exclude<Kept, 'failed' | 'slow'>;

/** Room for lines that are kept in the order in which they come. What finds none is counted, with the earliest second. */
export function createRoom(maxBytes: number) {
  const left: Record<Reason, number> = {
    sample: MAX_SAMPLE,
    probe: MAX_PROBE,
    near: MAX_NEAR,
    detail: MAX_DETAILS,
    gap: MAX_GAPS,
  };
  const dropped: Partial<Record<Kept, number>> = {};
  const fullFromSecond = new Map<Reason, number>();
  const kept: KeptEntry[] = [];
  let bytes = 0;
  const drop = (why: Reason, second: number): false => {
    dropped[why] = (dropped[why] ?? 0) + 1;
    fullFromSecond.set(why, Math.min(second, fullFromSecond.get(why) ?? second));
    return false;
  };
  return {
    dropped,
    kept,
    has: (why: Reason, second: number): boolean => (left[why] > 0 && bytes < maxBytes) || drop(why, second),
    isFull: (why: Reason): boolean => left[why] <= 0 || bytes >= maxBytes,
    drop,
    /** `label`: the reason that is shown, where it is another than the one whose room is taken. */
    add(why: Reason, one: Held, second: number, label: Kept = why): boolean {
      if (bytes + one.bytes > maxBytes) return drop(why, second);
      left[why]--;
      bytes += one.bytes;
      kept.push({ entry: one.entry, why: label });
      return true;
    },
    /** The earliest second of a line that was wanted for this reason and not kept. */
    fullFrom: (why: Reason): number => fullFromSecond.get(why) ?? Number.POSITIVE_INFINITY,
  };
}

const MAX_SLOW = 300;
/** Quicker answers are never called slow here, whatever their rank. */
const SLOW_FLOOR_US = 250_000;

/** The slowest lines, at most 300. */
export function createSlowest(maxBytes: number) {
  let kept: Held[] = [];
  let bytes = 0;
  let floorUs = SLOW_FLOOR_US;
  const trim = (count: number): void => {
    kept.sort((a, b) => (b.entry.durationUs ?? 0) - (a.entry.durationUs ?? 0));
    kept = kept.slice(0, count);
    bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
  };
  return {
    wants: (durationUs: number): boolean => durationUs > floorUs,
    add(one: Held): void {
      kept.push(one);
      bytes += one.bytes;
      // Sorting at twice the size costs little per line, as only lines above the floor come here.
      if (kept.length < 2 * MAX_SLOW && bytes <= maxBytes) return;
      trim(Math.min(MAX_SLOW, kept.length >> 1));
      floorUs = kept.at(-1)?.entry.durationUs ?? floorUs;
    },
    all: (): KeptEntry[] => {
      trim(MAX_SLOW);
      return kept.map(({ entry }) => ({ entry, why: 'slow' }));
    },
  };
}

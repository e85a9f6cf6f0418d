/** Exact counts by status, substatus and Win32 code, with a fair choice of lines of each failed class. */
import type { LogClass } from '../../model/journey.ts';
import type { PlacedEntry } from '../../model/log.ts';
import type { Random } from '../../model/time.ts';
import type { Row } from '../format.ts';
import { type Held, held, type KeptEntry } from './kept-room.ts';

/** How many lines of one class are kept: enough to see each cause in a mixture. */
const PER_CLASS = 600;
/** So many of each class are kept even where memory is short. */
const LEAST_PER_CLASS = 10;
/** Real logs have a dozen or two; what comes beyond is counted in one class without a number, and not kept. */
const MAX_CLASSES = 200;

export type ClassCount = {
  readonly status: number;
  readonly substatus: number;
  readonly win32: number;
  count: number;
  /** Lines that the fair choice has seen. */
  seen: number;
  firstAtUs: number;
  lastAtUs: number;
  readonly kept: Held[];
  isFull: boolean;
  /** Lines kept for another reason: of the probe, near a failure elsewhere, in the sample. */
  keptElsewhere: number;
  /** Position for the line that was just accepted. */
  slot: number;
};

export function countClasses(source: number, random: Random, maxBytes: number) {
  const byStatus = new Map<number, ClassCount[]>();
  const other = emptyClass(-1, -1, -1);
  let size = 0;
  let bytes = 0;
  let last: ClassCount | undefined;
  let isAllKept = true;

  const classOf = ({ status, substatus, win32 }: Row): ClassCount => {
    if (last !== undefined && last.status === status && last.substatus === substatus && last.win32 === win32)
      return last;
    const list = byStatus.get(status);
    const found = list?.find((one) => one.substatus === substatus && one.win32 === win32);
    if (found !== undefined) {
      last = found;
      return found;
    }
    if (size >= MAX_CLASSES) return other;
    size++;
    last = emptyClass(status, substatus, win32);
    if (list === undefined) byStatus.set(status, [last]);
    else list.push(last);
    return last;
  };
  const all = (): ClassCount[] => [...[...byStatus.values()].flat(), ...(other.count > 0 ? [other] : [])];

  return {
    count(row: Row): ClassCount {
      const into = classOf(row);
      into.count++;
      if (row.atUs < into.firstAtUs) into.firstAtUs = row.atUs;
      if (row.atUs > into.lastAtUs) into.lastAtUs = row.atUs;
      return into;
    },
    /** Reservoir: every line of the class has the same chance, wherever it stands. */
    wants(into: ClassCount): boolean {
      into.seen++;
      if (into === other) {
        isAllKept = false;
        return false;
      }
      const { length } = into.kept;
      if (!into.isFull && (length < LEAST_PER_CLASS || (length < PER_CLASS && bytes < maxBytes))) {
        into.slot = length;
        return true;
      }
      // Once full, always full: a class that grew again would prefer later lines.
      into.isFull = true;
      isAllKept = false;
      into.slot = Math.floor(random.next() * into.seen);
      return into.slot < length;
    },
    keep(into: ClassCount, entry: PlacedEntry): void {
      const one = held(entry);
      bytes += one.bytes - (into.kept[into.slot]?.bytes ?? 0);
      into.kept[into.slot] = one;
    },
    /** False: some failed lines were not kept, so that a line which is not among the kept may exist. */
    isAllKept: (): boolean => isAllKept,
    kept: (): KeptEntry[] => all().flatMap(({ kept }) => kept.map(({ entry }) => ({ entry, why: 'failed' as const }))),
    summaries: (): LogClass[] =>
      all().map((one) => ({
        source,
        status: one.status,
        ...(one.substatus < 0 ? {} : { substatus: one.substatus }),
        ...(one.win32 < 0 ? {} : { win32: one.win32 }),
        count: one.count,
        firstAtUs: one.firstAtUs,
        lastAtUs: one.lastAtUs,
        kept: one.kept.length + one.keptElsewhere,
      })),
  };
}

function emptyClass(status: number, substatus: number, win32: number): ClassCount {
  return {
    status,
    substatus,
    win32,
    count: 0,
    seen: 0,
    firstAtUs: Number.POSITIVE_INFINITY,
    lastAtUs: Number.NEGATIVE_INFINITY,
    keptElsewhere: 0,
    kept: [],
    isFull: false,
    slot: 0,
  };
}

/** Statuses below 500 that say that something was cut short, and IIS errors that do so whatever the status. */
export function isFailed({ status, win32 }: Pick<Row, 'status' | 'win32'>): boolean {
  // 499, 460: the client left (nginx, AWS); 9: what a member answered was no HTTP (nginx); 0: no answer at all (Envoy, Caddy).
  if (status >= 500 || status === 499 || status === 460 || status === 408 || status === 0 || status === 9) return true;
  // 64, 121, 995, 1229, 1236: the peer was gone or the answer was aborted; 12001-12200: WinHTTP (knowledge: IIS error codes).
  return win32 > 0 && isFailedWin32(win32);
}

function isFailedWin32(win32: number): boolean {
  return (
    win32 === 64 ||
    win32 === 121 ||
    win32 === 995 ||
    win32 === 1229 ||
    win32 === 1236 ||
    (win32 > 12_000 && win32 < 12_200)
  );
}

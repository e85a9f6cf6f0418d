/** From written times to µs since 1970. */

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** 0..11 of an English month name of three letters; -1 when it is none. */
export function monthOf(name: string): number {
  const at = MONTHS.indexOf(name);
  return name.length === 3 && at % 3 === 0 ? at / 3 : -1;
}

/** Turns a local time into UTC. Fields as in `Date.UTC`: month 0..11. */
export type ZoneToUtc = (localMs: number) => number;

const UTC = /^(?:UTC|Etc\/UTC|GMT|Z)$/i;
const HOUR_MS = 3_600_000;
/** The largest time that `Date` can hold, less the day on which offsets are compared. */
const MAX_MS = 8.64e15 - 48 * HOUR_MS;

/**
 * Ms since 1970 UTC of a wall-clock time given as if it were UTC (`Date.UTC(…)`), in a zone (IANA name, `+02:00`; default UTC).
 * A time that exists twice (end of summer) is taken as the first, a time that does not exist as an hour later. NaN, and what
 * `Date` cannot hold, gives NaN. Throws a RangeError for a zone that `isTimeZone` refuses.
 */
export function zoneToUtc(timeZone = 'UTC'): ZoneToUtc {
  if (UTC.test(timeZone)) return (localMs) => localMs;
  const offsetAt = createOffset(timeZone);
  let hour = Number.NaN;
  let offset = 0;
  let isSteady = false;
  return (localMs) => {
    if (!(Math.abs(localMs) < MAX_MS)) return Number.NaN;
    // Offsets change on full quarter hours; within an hour that begins and ends alike nothing has to be asked again.
    const thisHour = Math.floor(localMs / HOUR_MS);
    if (thisHour !== hour) {
      hour = thisHour;
      offset = resolve(thisHour * HOUR_MS, offsetAt);
      isSteady = resolve((thisHour + 1) * HOUR_MS - 1, offsetAt) === offset;
    }
    return localMs - (isSteady ? offset : resolve(localMs, offsetAt));
  };
}

/** Offset that holds at a local time: the larger offset of both sides of a change comes first in time. */
function resolve(localMs: number, offsetAt: (utcMs: number) => number): number {
  const before = offsetAt(localMs - 24 * HOUR_MS);
  const after = offsetAt(localMs + 24 * HOUR_MS);
  for (const offset of [before, after]) if (offsetAt(localMs - offset) === offset) return offset;
  return before;
}

/** Whether a zone is known here: an IANA name or an offset (`+02:00`, `Z`). */
export function isTimeZone(timeZone: string): boolean {
  if (UTC.test(timeZone)) return true;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone });
    return true;
  } catch {
    return false; // Intl has no other way to ask.
  }
}

function createOffset(timeZone: string): (utcMs: number) => number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (utcMs) => {
    const field: Record<string, number> = {};
    for (const { type, value } of parts.formatToParts(utcMs)) field[type] = Number(value);
    const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = field;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(utcMs / 1000) * 1000;
  };
}

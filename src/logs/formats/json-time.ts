/** Times as JSON logs and clouds write them. */
import type { ZoneToUtc } from '../wall-time.ts';
import { clockUs, pairAt, SECOND_US } from './clf-time.ts';
import { dayUs, LAST_YEAR } from './w3c-bytes.ts';

/** µs since 1970, and how coarse they are written. */
export type WrittenTime = { atUs: number; resolutionUs: number };

const DASH = 45;
const SLASH = 47;
/** Bytes of `2026-11-20T17:35:09`. */
const SECONDS_LENGTH = 19;
const MAX_US = Date.UTC(LAST_YEAR, 11, 31) * 1_000;

/**
 * Reads `2026-11-20T17:35:09.123456789Z` into `time`: blank for `T`, `/` in dates, any number of decimals (beyond the sixth they are
 * dropped), offsets `+0100` and `+01:00`. False when it is none, or has no zone and `toUtc` is missing.
 */
export type IsoReader = (buffer: Buffer, start: number, end: number, time: WrittenTime) => boolean;

/** Remembers the last day: lines of a log follow each other. */
export function createIsoReader(toUtc?: ZoneToUtc): IsoReader {
  let lastKey = -1;
  let midnight = Number.NaN;
  return (buffer, start, end, time) => {
    if (end - start < SECONDS_LENGTH) return false;
    const separator = buffer[start + 4];
    if ((separator !== DASH && separator !== SLASH) || buffer[start + 7] !== separator) return false;
    if (buffer[start + 10] !== 84 && buffer[start + 10] !== 32 && buffer[start + 10] !== 116) return false;
    const year = pairAt(buffer, start) * 100 + pairAt(buffer, start + 2);
    const key = year * 10_000 + pairAt(buffer, start + 5) * 100 + pairAt(buffer, start + 8);
    if (Number.isNaN(key)) return false;
    if (key !== lastKey) {
      lastKey = key;
      midnight = dayUs(year, (Math.floor(key / 100) % 100) - 1, key % 100);
    }
    let at = start + SECONDS_LENGTH;
    let fraction = 0;
    let weight = SECOND_US;
    if (at + 1 < end && (buffer[at] === 46 || buffer[at] === 44)) {
      const first = ++at;
      for (; at < end; at++) {
        const digit = (buffer[at] as number) - 48;
        if (digit < 0 || digit > 9) break;
        weight /= 10;
        if (weight >= 1) fraction += digit * weight;
      }
      if (at === first) return false;
    }
    const local = midnight + clockUs(buffer, start + 11) + fraction;
    const offset = at === end ? unzonedUs(local, toUtc) : offsetUs(buffer, at, end);
    time.atUs = local - offset;
    time.resolutionUs = Math.max(1, Math.round(weight));
    return !Number.isNaN(time.atUs);
  };
}

function unzonedUs(localUs: number, toUtc: ZoneToUtc | undefined): number {
  if (toUtc === undefined || Number.isNaN(localUs)) return Number.NaN;
  const seconds = Math.floor(localUs / SECOND_US) * 1_000;
  return (seconds - toUtc(seconds)) * 1_000;
}

function offsetUs(buffer: Buffer, at: number, end: number): number {
  if (end - at === 1 && (buffer[at] === 90 || buffer[at] === 122)) return 0;
  const colon = buffer[at + 3] === 58 ? 1 : 0;
  const sign = buffer[at] === 43 ? 1 : buffer[at] === DASH ? -1 : Number.NaN;
  if (end - at !== 5 + colon) return Number.NaN;
  const hours = pairAt(buffer, at + 1);
  const minutes = pairAt(buffer, at + 3 + colon);
  return hours <= 23 && minutes <= 59 ? sign * (hours * 3600 + minutes * 60) * SECOND_US : Number.NaN;
}

/** The same for a text. */
export function isoTimeOf(value: unknown, read: IsoReader): WrittenTime | undefined {
  if (typeof value !== 'string' || value.length > 40) return undefined;
  const bytes = Buffer.from(value, 'latin1');
  const time = { atUs: Number.NaN, resolutionUs: SECOND_US };
  return read(bytes, 0, bytes.length, time) ? time : undefined;
}

// Seconds, ms, µs and ns since 1970 of the years 2001 to 2200 differ in their number of digits.
const EPOCH = /^(\d{10}|\d{13}|\d{16}|\d{19})(?:\.(\d+))?$/;

/** A time as a count since 1970, by its digits as they are written: seconds, ms, µs or ns, with or without a fraction. */
export function epochTimeOf(digits: string): WrittenTime | undefined {
  const found = EPOCH.exec(digits);
  if (found === null) return undefined;
  const [, whole = '', fraction = ''] = found;
  const all = (whole + fraction).slice(0, 16).padEnd(16, '0');
  const atUs = Number(all);
  const decimals = Math.min(6, whole.length - 10 + fraction.length);
  return atUs <= MAX_US ? { atUs, resolutionUs: 10 ** (6 - decimals) } : undefined;
}

/** Times and durations of access logs straight from their bytes. */
import { monthOf } from '../wall-time.ts';
import { dayUs } from './w3c-bytes.ts';

export const SECOND_US = 1_000_000;
const ZERO = 48;
const DOT = 46;
const DASH = 45;

/** Bytes of `20/Nov/2026:17:41:42 +0000`. */
export const CLF_TIME_LENGTH = 26;
/** Bytes of `2026-11-20T17:35:09+00:00`. */
export const ISO_TIME_LENGTH = 25;

/** µs since 1970 are exact until 2255; logs of later years are none. */
const LAST_YEAR = 2250;

/** Midnight (µs since 1970) of a day, month 0..11; NaN for a day that does not exist or cannot be counted in exact µs. */
export function midnightUs(year: number, month: number, day: number): number {
  return year <= LAST_YEAR ? dayUs(year, month, day) : Number.NaN;
}

/** The number in two digits; NaN when they are none. */
export function pairAt(buffer: Buffer, at: number): number {
  const high = (buffer[at] as number) - ZERO;
  const low = (buffer[at + 1] as number) - ZERO;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : Number.NaN;
}

/** µs since midnight of `17:41:42`; NaN when it is no time. A 60th second is a leap second. */
export function clockUs(buffer: Buffer, at: number): number {
  const hours = pairAt(buffer, at);
  const minutes = pairAt(buffer, at + 3);
  const seconds = pairAt(buffer, at + 6);
  if (buffer[at + 2] !== 58 || buffer[at + 5] !== 58) return Number.NaN;
  if (!(hours <= 23 && minutes <= 59 && seconds <= 60)) return Number.NaN;
  return (hours * 3600 + minutes * 60 + seconds) * SECOND_US;
}

/** Offset from UTC (µs) of `+0130`, or of `+01:30` where `colon` is 1. */
function offsetUs(buffer: Buffer, at: number, colon: 0 | 1): number {
  const sign = buffer[at] === 43 ? 1 : buffer[at] === DASH ? -1 : Number.NaN;
  const hours = pairAt(buffer, at + 1);
  const minutes = pairAt(buffer, at + 3 + colon);
  if (colon === 1 && buffer[at + 3] !== 58) return Number.NaN;
  return hours <= 23 && minutes <= 59 ? sign * (hours * 3600 + minutes * 60) * SECOND_US : Number.NaN;
}

/** Midnight (µs since 1970, as if the day were one of UTC) of `20/Nov/2026` at a place; NaN for a day that does not exist. */
export type DayReader = (buffer: Buffer, at: number) => number;

/** Remembers the last day: lines of a log follow each other. */
export function createClfDay(): DayReader {
  let first = -1;
  let second = -1;
  let midnight = Number.NaN;
  return (buffer, at) => {
    if (buffer[at + 2] !== 47 || buffer[at + 6] !== 47) return Number.NaN;
    const front = buffer.readUInt16BE(at) * 0x100_0000 + buffer.readUIntBE(at + 3, 3);
    const back = buffer.readUInt32BE(at + 7);
    if (front !== first || back !== second) {
      first = front;
      second = back;
      const year = pairAt(buffer, at + 7) * 100 + pairAt(buffer, at + 9);
      midnight = midnightUs(year, monthOf(buffer.toString('latin1', at + 3, at + 6)), pairAt(buffer, at));
    }
    return midnight;
  };
}

/** µs since 1970 of `20/Nov/2026:17:41:42 +0000`, which begins at a place of at least that many bytes; NaN when it is none. */
export function createClfTime(): (buffer: Buffer, at: number) => number {
  const dayAt = createClfDay();
  return (buffer, at) => {
    if (buffer[at + 11] !== 58 || buffer[at + 20] !== 32) return Number.NaN;
    return dayAt(buffer, at) + clockUs(buffer, at + 12) - offsetUs(buffer, at + 21, 0);
  };
}

/** µs since 1970 of `2026-11-20T17:35:09+00:00`; NaN when it is none. */
export function isoTimeUs(buffer: Buffer, at: number): number {
  if (buffer[at + 4] !== DASH || buffer[at + 7] !== DASH || buffer[at + 10] !== 84) return Number.NaN;
  const year = pairAt(buffer, at) * 100 + pairAt(buffer, at + 2);
  const midnight = midnightUs(year, pairAt(buffer, at + 5) - 1, pairAt(buffer, at + 8));
  return midnight + clockUs(buffer, at + 11) - offsetUs(buffer, at + 19, 1);
}

/** Most digits before the dot: any time since 1970 in seconds, and any duration. */
const MAX_WHOLE_DIGITS = 10;

/**
 * µs of `1795196109.785` or `0.001`, without the noise of fractions: digit by digit. Digits beyond the sixth are dropped. -1 for `-`, for
 * nothing and for what is no such number.
 */
export function secondsUs(buffer: Buffer, start: number, end: number): number {
  let at = start;
  let whole = 0;
  for (; at < end && buffer[at] !== DOT; at++) {
    const digit = (buffer[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    whole = whole * 10 + digit;
  }
  if (at === start || at - start > MAX_WHOLE_DIGITS) return -1;
  let fraction = 0;
  let weight = SECOND_US;
  for (at++; at < end; at++) {
    const digit = (buffer[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    weight /= 10;
    if (weight >= 1) fraction += digit * weight;
  }
  const us = whole * SECOND_US + fraction;
  return Number.isSafeInteger(us) ? us : -1;
}

/** The same for a text. */
export function textSecondsUs(text: string): number | undefined {
  const bytes = Buffer.from(text, 'latin1');
  const us = secondsUs(bytes, 0, bytes.length);
  return us < 0 ? undefined : us;
}

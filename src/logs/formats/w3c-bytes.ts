/** Numbers, dates and addresses of W3C lines straight from their bytes: nothing is made per line. */

export const DAY_US = 86_400_000_000;
const SECOND_US = 1_000_000;
const ZERO = 48;
const NINE = 57;
const DASH = 45;

/** What `digits` says besides a number. */
export const ABSENT = -1;
export const NOT_A_NUMBER = -2;
/** Most digits that are always a safe integer. */
const SAFE_DIGITS = 15;

/**
 * The number between two places; ABSENT for nothing, for `-` and for numbers that no double holds exactly; NOT_A_NUMBER for all else.
 */
export function digits(buffer: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (buffer[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return end - start === 1 && buffer[start] === DASH ? ABSENT : NOT_A_NUMBER;
    value = value * 10 + digit;
  }
  if (end <= start || end - start > SAFE_DIGITS) return ABSENT;
  return value;
}

function pair(buffer: Buffer, at: number): number {
  const high = (buffer[at] as number) - ZERO;
  const low = (buffer[at + 1] as number) - ZERO;
  return high < 0 || high > 9 || low < 0 || low > 9 ? Number.NaN : high * 10 + low;
}

/** `2026-11-21` as 20261121; NaN when it is no such date. Whether the day exists is checked by `dayOf`. */
export function dateKey(buffer: Buffer, start: number, end: number): number {
  if (end - start !== 10 || buffer[start + 4] !== DASH || buffer[start + 7] !== DASH) return Number.NaN;
  const year = pair(buffer, start) * 100 + pair(buffer, start + 2);
  return year * 10_000 + pair(buffer, start + 5) * 100 + pair(buffer, start + 8);
}

/** Midnight (µs since 1970, UTC) of a date key; NaN for a day that does not exist. */
export function dayOf(key: number): number {
  const year = Math.floor(key / 10_000);
  const month = Math.floor(key / 100) % 100;
  return dayUs(year, month - 1, key % 100);
}

/** µs since 1970 are safe integers until 2255; a later year is damage anyway. */
export const LAST_YEAR = 2200;

/** Midnight (µs since 1970) of a day, month 0..11; NaN for a day that does not exist or lies outside 1970 to 2200. */
export function dayUs(year: number, month: number, day: number): number {
  const ms = Date.UTC(year, month, day);
  const date = new Date(ms);
  const exists = year >= 1970 && year <= LAST_YEAR && date.getUTCMonth() === month && date.getUTCDate() === day;
  return exists ? ms * 1000 : Number.NaN;
}

/** µs since midnight of `16:51:06` or `16:51:06.240`; NaN when it is no time. */
export function timeUs(buffer: Buffer, start: number, end: number): number {
  if (end - start < 8 || buffer[start + 2] !== 58 || buffer[start + 5] !== 58) return Number.NaN;
  const hours = pair(buffer, start);
  const minutes = pair(buffer, start + 3);
  const seconds = pair(buffer, start + 6);
  // 60: a leap second, which Windows may write since 2018.
  if (hours > 23 || minutes > 59 || seconds > 60) return Number.NaN;
  const whole = (hours * 3600 + minutes * 60 + seconds) * SECOND_US;
  return end - start === 8 ? whole : whole + fractionUs(buffer, start + 8, end);
}

function fractionUs(buffer: Buffer, start: number, end: number): number {
  const count = end - start - 1;
  if (buffer[start] !== 46 || count < 1 || count > 9) return Number.NaN;
  let us = 0;
  let weight = SECOND_US / 10;
  for (let at = start + 1; at < end; at++, weight /= 10) {
    const digit = (buffer[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    if (weight >= 1) us += digit * weight;
  }
  return us;
}

export function isDash(buffer: Buffer, start: number, end: number): boolean {
  return end - start === 1 && buffer[start] === DASH;
}

/** Looks like an address: digits of hex, dots and colons, with a zone (`%14`, `%eth0`), brackets, or several with commas. */
export function isAddress(buffer: Buffer, start: number, end: number): boolean {
  let separators = 0;
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number;
    if (byte === 37) return separators > 0;
    if (byte === 46 || byte === 58) separators++;
    else if (!isHexDigit(byte) && byte !== 44 && byte !== 43 && byte !== 91 && byte !== 93) return false;
  }
  return separators > 0;
}

function isHexDigit(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || (byte >= 97 && byte <= 102) || (byte >= 65 && byte <= 70);
}

/** A request method: capitals, also those of extensions (`RPC_IN_DATA`, `M-SEARCH`). */
export function isMethod(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number;
    if ((byte < 65 || byte > 90) && byte !== 95 && byte !== DASH) return false;
  }
  return end > start && end - start <= 32;
}

/** `HTTP/1.1`, `HTTP/2`, `HTTP/?.?`. */
export function isVersion(buffer: Buffer, start: number, end: number): boolean {
  return end - start >= 6 && end - start <= 10 && buffer.toString('latin1', start, start + 5) === 'HTTP/';
}

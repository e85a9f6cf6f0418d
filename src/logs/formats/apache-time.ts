/** Times in Apache's lines: `%t`, and `%{…}t` with `strftime`, fractions and epochs, of the start and of the end of a request. */
import type { FormatOptions, PatternProblem } from '../format.ts';
import { monthOf, zoneToUtc } from '../wall-time.ts';
import { CLF_TIME_LENGTH, createClfTime, midnightUs, pairAt, SECOND_US } from './clf-time.ts';
import type { CompiledPattern, FieldCheck, PatternMatcher } from './pattern-match.ts';
import { type PatternPart, shownPiece } from './pattern-text.ts';

// Width in bytes of each conversion in the C locale, which httpd runs in; 0: it varies.
const WIDTHS: Readonly<Record<string, number>> = {
  ...{ Y: 4, y: 2, m: 2, d: 2, e: 2, H: 2, I: 2, k: 2, l: 2, M: 2, S: 2, p: 2, j: 3, b: 3, h: 3, a: 3, z: 5 },
  ...{ C: 2, G: 4, g: 2, U: 2, V: 2, W: 2, u: 1, w: 1, s: 0, B: 0, A: 0, Z: 0 },
};
const COMPOUNDS: Readonly<Record<string, string>> = {
  T: '%H:%M:%S',
  R: '%H:%M',
  F: '%Y-%m-%d',
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
  r: '%I:%M:%S %p',
  c: '%a %b %e %H:%M:%S %Y',
};
const LITERALS: Readonly<Record<string, string>> = { n: '\n', t: '\t', '%': '%' };
/** Words of mod_log_config, which stand alone between the braces. */
const EPOCHS: Readonly<Record<string, number>> = { sec: 0, msec: 0, usec: 0, msec_frac: 3, usec_frac: 6 };

/** Parts of `%t` (`format` undefined) or `%{format}t`. Fields are named `begin:H`, `end:usec` …, and `begin:clf` for the whole. */
export function timeParts(
  format: string | undefined,
  offset: number,
  shown: string,
): readonly PatternPart[] | PatternProblem {
  const side = format?.startsWith('end:') === true ? 'end' : 'begin';
  const rest = format?.replace(/^(?:begin|end):/, '') ?? '';
  const field = (name: string, check: FieldCheck, width = 0): PatternPart => {
    return { kind: 'field', name: `${side}:${name}`, check, width, offset, shown };
  };
  const literal = (text: string): PatternPart => ({ kind: 'literal', text, offset });
  if (rest === '')
    return [literal('['), { kind: 'field', name: `${side}:clf`, check: 'clf-time', offset, shown }, literal(']')];
  if (Object.hasOwn(EPOCHS, rest)) {
    const width = EPOCHS[rest] as number;
    return [field(rest, width === 0 ? 'number' : 'fixed', width)];
  }
  const parts: PatternPart[] = [];
  const plain = rest.replace(/%([TRFDxXrc])/g, (_, letter: string) => COMPOUNDS[letter] ?? '');
  for (const [, letter, text] of plain.matchAll(/%[EO_^#-]?(.)|([^%]+)/gs)) {
    if (text !== undefined) parts.push(literal(text));
    else if (letter !== undefined && Object.hasOwn(LITERALS, letter)) parts.push(literal(LITERALS[letter] as string));
    else if (letter !== undefined && Object.hasOwn(WIDTHS, letter)) {
      const width = WIDTHS[letter] as number;
      parts.push(field(letter, width > 0 ? 'fixed' : letter === 's' ? 'number' : 'word', width));
    } else return { offset, expected: 'a conversion of strftime', found: shownPiece(`%${letter ?? ''}`) };
  }
  return parts.some(({ kind }) => kind === 'field') ? parts : { offset, expected: 'a time', found: shownPiece(shown) };
}

/** Time of the line just matched; `us` is NaN when it cannot be read. */
export type ApacheClock = {
  readonly stamp: 'start' | 'end';
  readonly resolutionUs: number;
  us(buffer: Buffer): number;
};

/** The best time that a pattern has: of the start before that of the end, epochs before calendars. Undefined: it has none. */
export function createApacheClock(
  pattern: CompiledPattern,
  matcher: PatternMatcher,
  options: FormatOptions,
): ApacheClock | undefined {
  for (const side of ['begin', 'end'] as const) {
    const at = (name: string): number => pattern.fields.findIndex((field) => field.name === `${side}:${name}`);
    const clock = epochClock(at, matcher) ?? calendarClock(at, matcher, options);
    if (clock !== undefined) return { ...clock, stamp: side === 'begin' ? 'start' : 'end' };
  }
  return undefined;
}

type Place = (name: string) => number;
type Clock = Omit<ApacheClock, 'stamp'>;

/** µs since 1970 have 16 digits, and are safe up to the year 2255. */
const MAX_DIGITS = 16;

function numberAt(matcher: PatternMatcher, index: number, buffer: Buffer): number {
  const start = matcher.starts[index] as number;
  const end = matcher.ends[index] as number;
  if (end <= start || end - start > MAX_DIGITS) return Number.NaN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (buffer[at] as number) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return safe(value);
}

/** µs behind the second: `msec_frac` and `usec_frac`. */
function fractionOf(at: Place, matcher: PatternMatcher): Clock {
  const fine = at('usec_frac');
  const coarse = at('msec_frac');
  if (fine >= 0) return { resolutionUs: 1, us: (buffer) => numberAt(matcher, fine, buffer) };
  if (coarse >= 0) return { resolutionUs: 1_000, us: (buffer) => numberAt(matcher, coarse, buffer) * 1_000 };
  return { resolutionUs: SECOND_US, us: () => 0 };
}

function epochClock(at: Place, matcher: PatternMatcher): Clock | undefined {
  const usec = at('usec');
  if (usec >= 0) return { resolutionUs: 1, us: (buffer) => numberAt(matcher, usec, buffer) };
  const msec = at('msec');
  if (msec >= 0)
    // 13 digits until the year 2286; more would not be exact.
    return { resolutionUs: 1_000, us: (buffer) => safe(numberAt(matcher, msec, buffer) * 1_000) };
  const sec = Math.max(at('sec'), at('s'));
  if (sec < 0) return undefined;
  const fraction = fractionOf(at, matcher);
  return {
    resolutionUs: fraction.resolutionUs,
    us: (buffer) => safe(numberAt(matcher, sec, buffer) * SECOND_US + fraction.us(buffer)),
  };
}

function safe(us: number): number {
  return Number.isSafeInteger(us) ? us : Number.NaN;
}

function calendarClock(at: Place, matcher: PatternMatcher, options: FormatOptions): Clock | undefined {
  const fraction = fractionOf(at, matcher);
  const clf = at('clf');
  if (clf >= 0) {
    const timeAt = createClfTime();
    const us = (buffer: Buffer): number => {
      const start = matcher.starts[clf] as number;
      const isWhole = (matcher.ends[clf] as number) - start === CLF_TIME_LENGTH;
      return isWhole ? timeAt(buffer, start) + fraction.us(buffer) : Number.NaN;
    };
    return { resolutionUs: fraction.resolutionUs, us };
  }
  const year = Math.max(at('Y'), at('y'));
  const month = Math.max(at('m'), at('b'), at('h'), at('B'));
  const day = Math.max(at('d'), at('e'));
  const hour = Math.max(at('H'), at('k'), at('I'), at('l'));
  const minute = at('M');
  if (Math.min(year, month, day, hour, minute) < 0) return undefined;
  const second = at('S');
  const zone = at('z');
  const half = at('p');
  const isUtc = at('Z') >= 0 && zone < 0;
  if (half < 0 && at('H') < 0 && at('k') < 0) return undefined;
  const toUtc = zoneToUtc(options.timeZone);
  const text = (index: number, buffer: Buffer): string =>
    buffer.toString('latin1', matcher.starts[index] as number, matcher.ends[index] as number);
  const number = (index: number, buffer: Buffer): number => {
    const value = text(index, buffer).trim();
    return /^\d{1,4}$/.test(value) ? Number(value) : Number.NaN;
  };
  const us = (buffer: Buffer): number => {
    const monthText = text(month, buffer);
    const midnight = midnightUs(
      number(year, buffer) + (at('Y') < 0 ? 2_000 : 0),
      /^\d/.test(monthText) ? Number(monthText) - 1 : monthOf(monthText.slice(0, 3)),
      number(day, buffer),
    );
    const hours =
      half < 0 ? number(hour, buffer) : (number(hour, buffer) % 12) + (text(half, buffer) === 'PM' ? 12 : 0);
    const seconds = second < 0 ? 0 : number(second, buffer);
    if (!(hours <= 23 && number(minute, buffer) <= 59 && seconds <= 60)) return Number.NaN;
    const local = midnight / 1_000 + (hours * 3_600 + number(minute, buffer) * 60 + seconds) * 1_000;
    const isKnownUtc = isUtc && /^(?:UTC|GMT)$/.test(text(at('Z'), buffer));
    const utc =
      zone >= 0 ? local - offsetMs(buffer, matcher.starts[zone] as number) : isKnownUtc ? local : toUtc(local);
    return utc * 1_000 + fraction.us(buffer);
  };
  return { resolutionUs: second < 0 ? 60 * SECOND_US : fraction.resolutionUs, us };
}

function offsetMs(buffer: Buffer, at: number): number {
  const sign = buffer[at] === 43 ? 1 : buffer[at] === 45 ? -1 : Number.NaN;
  return sign * (pairAt(buffer, at + 1) * 60 + pairAt(buffer, at + 3)) * 60_000;
}

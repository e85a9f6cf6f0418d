/** Finds the fields of a line by a pattern of literals and variables. */

import type { Escape } from './clf-request.ts';
import { CLF_TIME_LENGTH, ISO_TIME_LENGTH } from './clf-time.ts';

/**
 * What a field may hold. `text`: anything. `word`: no blank. `list`: words joined by `, ` and ` : `. `number`, `seconds` (with a
 * fraction), `status`: digits, or `-`. `clf-time`, `iso-time`, `fixed`: always `width` bytes.
 */
export type FieldCheck = 'text' | 'word' | 'list' | 'number' | 'seconds' | 'status' | 'clf-time' | 'iso-time' | 'fixed';

export type PatternField = {
  /** As in the gateway's documentation, without marks: `upstream_addr` of nginx, `D` or `{UNIQUE_ID}e` of Apache. */
  readonly name: string;
  readonly check: FieldCheck;
  /** Only of checks of one width. */
  readonly width: number;
  /** The literal that follows; empty only behind the last field and behind fields of one width. */
  readonly after: Buffer;
};

/** A pattern that lines can be read with. */
export type CompiledPattern = {
  readonly before: Buffer;
  readonly fields: readonly PatternField[];
  readonly escaping: Escape;
};

export function widthOf(check: FieldCheck): number {
  if (check === 'clf-time') return CLF_TIME_LENGTH;
  return check === 'iso-time' ? ISO_TIME_LENGTH : 0;
}

const BLANK = 32;
const QUOTE = 34;
const DASH = 45;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;

/** Places of the fields of the line just matched. */
export type PatternMatcher = {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  match(buffer: Buffer, start: number, end: number): boolean;
  /** How many fields a line holds that was cut inside a text, this one included; 0 for lines that were not cut or are none. */
  matchCut(buffer: Buffer, start: number, end: number): number;
};

/**
 * Most steps back and forth in one line. A line that fits needs one step for each field; texts without quotes that hold the next literal
 * need a few more. Only made-up lines come near it.
 */
const MAX_STEPS = 1_000;

/**
 * Fields end at the literal that follows them, so a text that holds this literal could be cut too early: where a later field then does not
 * fit, the next place is tried. In escaped patterns no field runs across a quote.
 */
export function createMatcher({ before, fields, escaping }: CompiledPattern): PatternMatcher {
  const count = fields.length;
  const starts = new Int32Array(count + 1);
  const ends = new Int32Array(count);
  const isEscaped = escaping !== 'none';
  return {
    starts,
    ends,
    match(buffer, start, end) {
      if (!startsAt(buffer, start, end, before)) return false;
      starts[0] = start + before.length;
      let index = 0;
      let from = starts[0] as number;
      for (let steps = 0; index < count; steps++) {
        if (steps === MAX_STEPS) return false;
        const field = fields[index] as PatternField;
        const stop = fieldEnd(field, buffer, starts[index] as number, from, end, index === count - 1, isEscaped);
        if (stop < 0) {
          if (index === 0) return false;
          index--;
          from = (ends[index] as number) + 1;
          continue;
        }
        ends[index] = stop;
        from = stop + field.after.length;
        starts[++index] = from;
      }
      return true;
    },
    matchCut(buffer, start, end) {
      if (end - start < LEAST_CUT_BYTES || !startsAt(buffer, start, end, before)) return 0;
      let at = start + before.length;
      for (const [index, field] of fields.entries()) {
        starts[index] = at;
        const stop = fieldEnd(field, buffer, at, at, end, index === count - 1, isEscaped);
        if (stop < 0) {
          ends[index] = end;
          return field.check === 'text' && !(isEscaped && hasQuote(buffer, at, end)) ? index + 1 : 0;
        }
        ends[index] = stop;
        at = stop + field.after.length;
      }
      return 0;
    },
  };
}

/** Nothing on the way of a log cuts lines that are shorter: syslog may at 1024 bytes (RFC 3164, 4.1), other parts later. */
const LEAST_CUT_BYTES = 1_000;

function hasQuote(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (buffer[at] === BACKSLASH) at++;
    else if (buffer[at] === QUOTE) return true;
  }
  return false;
}

function startsAt(buffer: Buffer, at: number, end: number, literal: Buffer): boolean {
  const length = literal.length;
  if (at + length > end) return false;
  for (let i = 0; i < length; i++) if (buffer[at + i] !== literal[i]) return false;
  return true;
}

/** The first possible end of a field at or behind `from`; -1 when there is none. */
function fieldEnd(
  field: PatternField,
  buffer: Buffer,
  start: number,
  from: number,
  end: number,
  isLast: boolean,
  isEscaped: boolean,
): number {
  const { check, after } = field;
  let stop = -1;
  if (field.width > 0) stop = start + field.width;
  else if (check === 'number' || check === 'seconds' || check === 'status')
    stop = numberEnd(buffer, start, end, check === 'seconds');
  if (stop >= 0) {
    // One place is possible only, unless the value is missing.
    if (field.width > 0 && !isAfter(after, buffer, stop, end, isLast))
      stop = buffer[start] === DASH ? start + 1 : start;
    if (check === 'status' && stop - start > 3) return -1;
    return stop >= from && isAfter(after, buffer, stop, end, isLast) ? stop : -1;
  }
  return textEnd(check, after, buffer, start, from, end, isLast, isEscaped);
}

function isAfter(after: Buffer, buffer: Buffer, at: number, end: number, isLast: boolean): boolean {
  return startsAt(buffer, at, end, after) && (!isLast || at + after.length === end);
}

/** End of digits, or of a dash. */
function numberEnd(buffer: Buffer, start: number, end: number, hasFraction: boolean): number {
  if (start < end && buffer[start] === DASH) return start + 1;
  let at = start;
  let dots = hasFraction ? 0 : 1;
  for (; at < end; at++) {
    const byte = buffer[at] as number;
    if (byte === 46 && dots === 0) dots++;
    else if (byte < 48 || byte > 57) break;
  }
  return at;
}

function textEnd(
  check: FieldCheck,
  after: Buffer,
  buffer: Buffer,
  start: number,
  from: number,
  end: number,
  isLast: boolean,
  isEscaped: boolean,
): number {
  const first = after.length === 0 ? -1 : (after[0] as number);
  const isText = check === 'text';
  for (let at = from; at < end; at++) {
    const byte = buffer[at] as number;
    if (byte === first && (check !== 'list' || byte !== BLANK || !isSeparator(buffer, start, at, end))) {
      if (isAfter(after, buffer, at, end, isLast)) return at;
    }
    if (isEscaped && byte === BACKSLASH) at++;
    else if (isEscaped && byte === QUOTE) return -1;
    else if (!isText && byte === BLANK && (check === 'word' || !isSeparator(buffer, start, at, end))) return -1;
  }
  return first < 0 ? end : -1;
}

/** Whether a blank belongs to `, ` or ` : `. */
function isSeparator(buffer: Buffer, start: number, at: number, end: number): boolean {
  const last = at > start ? buffer[at - 1] : 0;
  if (last === COMMA) return true;
  if (last === COLON) return at > start + 1 && buffer[at - 2] === BLANK;
  return at + 2 < end && buffer[at + 1] === COLON && buffer[at + 2] === BLANK;
}

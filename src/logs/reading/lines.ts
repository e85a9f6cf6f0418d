/** Splits bytes into lines without making objects. */
import { setImmediate } from 'node:timers/promises';
import type { Bytes } from './bytes.ts';

/** A longer line is none of a log: HTTP.sys ends lines at 64 kB, others at far less. It is cut and counted. */
export const MAX_LINE_BYTES = 1 << 20;
/** Room for the longest line and as much again, so that what is read at once stays large. */
const BUFFER_BYTES = 2 * MAX_LINE_BYTES;
const LF = 10;
const CR = 13;

/** Called in the order of the file. Positions are valid during the call only; line ends are not in them. Line numbers begin at 1. */
export interface LineHandler {
  /** Before the lines of a buffer; all of them lie between `start` and `end`. */
  block(buffer: Buffer, start: number, end: number): void;
  line(buffer: Buffer, start: number, end: number, line: number): void;
  /** The beginning of a line that is too long; the rest of it is passed over. */
  tooLong(buffer: Buffer, start: number, end: number, line: number): void;
  /** The last line where it has no line end. Neither `block` nor `line` is called for it. */
  torn(buffer: Buffer, start: number, end: number, line: number): void | Promise<void>;
}

export type LineCounts = {
  /** With a line end, and too long ones. */
  readonly lines: number;
  readonly bytes: number;
  readonly isAborted: boolean;
};

/** `maxTextBytes`: no more than that will come, so that small files need no large buffer. */
export type LineOptions = { readonly signal?: AbortSignal | undefined; readonly maxTextBytes?: number | undefined };

/** Reads to the end. Memory stays the same for any length. Rejects only where a handler throws. */
export async function readLines(bytes: Bytes, handler: LineHandler, options: LineOptions = {}): Promise<LineCounts> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, (options.maxTextBytes ?? BUFFER_BYTES) + 4_096));
  const state = { lines: 0, isSkipping: false };
  let total = 0;
  /** Bytes of a line that is not complete yet, at the beginning of the buffer. */
  let carried = 0;
  while (options.signal?.aborted !== true) {
    const got = await bytes.fill(buffer, carried);
    if (got === 0) break;
    total += got;
    carried = splitBlock(buffer, carried, carried + got, handler, state);
    await setImmediate();
  }
  const isAborted = options.signal?.aborted === true;
  if (!isAborted && !state.isSkipping) {
    const start = skipNuls(buffer, 0, carried);
    const end = trimEnd(buffer, start, carried);
    if (end > start) await handler.torn(buffer, start, end, state.lines + 1);
  }
  return { lines: state.lines, bytes: total, isAborted };
}

type State = { lines: number; isSkipping: boolean };

/** Hands out the complete lines between 0 and `filled`, and moves the rest to the front; its length. Nothing before `fresh` holds a line end. */
function splitBlock(buffer: Buffer, fresh: number, filled: number, handler: LineHandler, state: State): number {
  const lastEnd = buffer.lastIndexOf(LF, filled - 1);
  let start = 0;
  if (lastEnd >= fresh) {
    if (state.isSkipping) {
      start = buffer.indexOf(LF, fresh) + 1;
      state.isSkipping = false;
    }
    if (start <= lastEnd) splitLines(buffer, start, lastEnd, handler, state);
    start = lastEnd + 1;
  }
  // Holes that a crash or a truncation left hold no text: they may be longer than any line.
  const rest = state.isSkipping ? filled : skipNuls(buffer, start, filled);
  const length = filled - rest;
  // One more: the last byte may be the CR of a line end.
  if (length > MAX_LINE_BYTES + 1) {
    handler.tooLong(buffer, rest, filled, ++state.lines);
    state.isSkipping = true;
    return 0;
  }
  if (length > 0 && rest > 0) buffer.copyWithin(0, rest, filled);
  return length;
}

function splitLines(buffer: Buffer, first: number, lastEnd: number, handler: LineHandler, state: State): void {
  handler.block(buffer, first, lastEnd);
  let start = first;
  let { lines } = state;
  while (start <= lastEnd) {
    const stop = buffer.indexOf(LF, start);
    const from = buffer[start] === 0 ? skipNuls(buffer, start, stop) : start;
    const end = trimEnd(buffer, from, stop);
    lines++;
    if (end - from > MAX_LINE_BYTES) handler.tooLong(buffer, from, end, lines);
    else handler.line(buffer, from, end, lines);
    start = stop + 1;
  }
  state.lines = lines;
}

function trimEnd(buffer: Buffer, start: number, end: number): number {
  return end > start && buffer[end - 1] === CR ? end - 1 : end;
}

/** NULs before a line are no part of it: nginx was seen to write them, and a file with a hole has them. */
function skipNuls(buffer: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && buffer[at] === 0) at++;
  return at;
}

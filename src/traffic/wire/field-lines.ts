/** Reads header lines, byte by byte: where they are cut makes no difference. Used for heads and for trailers. */
import { COLON, CR, HTAB, IS_TEXT, IS_TOKEN, LF, SP } from './bytes.ts';
import type { ParseProblem } from './parse-problem.ts';

const LINE_START = 0;
const NAME = 1;
const BEFORE_VALUE = 2;
const VALUE = 3;
const VALUE_LF = 4;
const LAST_LF = 5;
const DONE = 6;

/** Where reading stands. Offsets count from `base` of the bytes that are read. Mutable: one per connection, used again. */
export type FieldLines = {
  phase: number;
  nameStart: number;
  nameEnd: number;
  valueStart: number;
  valueEnd: number;
  /** A header line was just completed. */
  isFieldRead: boolean;
  problem: ParseProblem | undefined;
};

export function createFieldLines(): FieldLines {
  return {
    phase: LINE_START,
    nameStart: 0,
    nameEnd: 0,
    valueStart: 0,
    valueEnd: 0,
    isFieldRead: false,
    problem: undefined,
  };
}

export function restartFieldLines(lines: FieldLines): void {
  lines.phase = LINE_START;
  lines.isFieldRead = false;
  lines.problem = undefined;
}

/** The empty line after the last header was read. */
export function isLastLine(lines: FieldLines): boolean {
  return lines.phase === DONE;
}

/**
 * Reads on until a line is complete, there is a problem, or the bytes end; gives the position behind what was read. After a
 * complete header line the offsets of `lines` say where its parts are, and `isFieldRead` is true.
 */
export function readFieldLine(lines: FieldLines, bytes: Uint8Array, base: number, from: number, to: number): number {
  let at = from;
  lines.isFieldRead = false;
  while (at < to) {
    const byte = bytes[at] as number;
    switch (lines.phase) {
      case LINE_START:
        if (IS_TOKEN[byte] === 1) {
          lines.nameStart = at - base;
          lines.phase = NAME;
        } else if (byte === CR) lines.phase = LAST_LF;
        else return fail(lines, lineStartProblem(byte), at);
        break;
      case NAME:
        while (at < to && IS_TOKEN[bytes[at] as number] === 1) at++;
        if (at === to) return at;
        if (bytes[at] !== COLON) return fail(lines, nameProblem(bytes[at] as number), at);
        lines.nameEnd = at - base;
        lines.phase = BEFORE_VALUE;
        break;
      case BEFORE_VALUE:
        if (byte === SP || byte === HTAB) break;
        lines.valueStart = at - base;
        lines.phase = VALUE;
        continue;
      case VALUE:
        while (at < to && IS_TEXT[bytes[at] as number] === 1) at++;
        if (at === to) return at;
        if (bytes[at] !== CR) return fail(lines, valueProblem(bytes[at] as number), at);
        lines.valueEnd = at - base;
        lines.phase = VALUE_LF;
        break;
      default:
        if (byte !== LF) return fail(lines, 'bare-cr', at);
        lines.isFieldRead = lines.phase === VALUE_LF;
        lines.phase = lines.isFieldRead ? LINE_START : DONE;
        return at + 1;
    }
    at++;
  }
  return at;
}

function fail(lines: FieldLines, problem: ParseProblem, at: number): number {
  lines.problem = problem;
  return at;
}

function lineStartProblem(byte: number): ParseProblem {
  if (byte === SP || byte === HTAB) return 'folded-header';
  if (byte === LF) return 'bare-lf';
  return byte === 0 ? 'nul' : 'header-name';
}

function nameProblem(byte: number): ParseProblem {
  if (byte === SP || byte === HTAB) return 'space-before-colon';
  if (byte === CR || byte === LF) return 'header-without-colon';
  return byte === 0 ? 'nul' : 'header-name';
}

function valueProblem(byte: number): ParseProblem {
  if (byte === LF) return 'bare-lf';
  return byte === 0 ? 'nul' : 'header-value';
}

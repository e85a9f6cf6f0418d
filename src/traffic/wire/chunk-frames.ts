/** Reads what stands between the data of a chunked body (RFC 9112 §7.1): size lines, extensions, line ends. */
import { BACKSLASH, CR, EQUALS, HEX_VALUE, IS_TEXT, IS_TOKEN, LF, QUOTE, SEMICOLON } from './bytes.ts';
import type { ParseProblem } from './parse-problem.ts';

const SIZE_START = 0;
const SIZE = 1;
const EXTENSION_START = 2;
const EXTENSION_NAME = 3;
const VALUE_START = 4;
const VALUE = 5;
const QUOTED = 6;
const QUOTED_PAIR = 7;
const QUOTED_END = 8;
const SIZE_LF = 9;
const DATA = 10;
const DATA_CR = 11;
const DATA_LF = 12;
const TRAILERS = 13;

/** A size has at most 16 digits; what else stands in the line is of no use to anybody. */
const MAX_LINE_BYTES = 4 * 1024;

/** Mutable: one per connection, used again. */
export type ChunkFrames = {
  phase: number;
  /** Data bytes of this chunk that are still to come. */
  remaining: number;
  lineBytes: number;
  problem: ParseProblem | undefined;
};

export function createChunkFrames(): ChunkFrames {
  return { phase: SIZE_START, remaining: 0, lineBytes: 0, problem: undefined };
}

export function restartChunkFrames(frames: ChunkFrames): void {
  frames.phase = SIZE_START;
  frames.remaining = 0;
  frames.lineBytes = 0;
  frames.problem = undefined;
}

/** Data comes next: `remaining` bytes of it. */
export function isInData(frames: ChunkFrames): boolean {
  return frames.phase === DATA;
}

/** The last chunk was read; trailers or the empty line come next. */
export function isBeforeTrailers(frames: ChunkFrames): boolean {
  return frames.phase === TRAILERS;
}

/** Data of the current chunk was taken. */
export function takeData(frames: ChunkFrames, length: number): void {
  frames.remaining -= length;
  if (frames.remaining === 0) frames.phase = DATA_CR;
}

/** Reads on until data or trailers come next, or there is a problem; gives the position behind what was read. */
export function readChunkFrame(frames: ChunkFrames, bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && frames.phase !== DATA && frames.phase !== TRAILERS) {
    const byte = bytes[at] as number;
    frames.problem = frames.phase <= SIZE ? takeSize(frames, byte) : takeOther(frames, byte);
    if (frames.problem !== undefined) return at;
    at++;
  }
  return at;
}

function takeSize(frames: ChunkFrames, byte: number): ParseProblem | undefined {
  if (++frames.lineBytes > MAX_LINE_BYTES) return 'chunk-line-too-long';
  const digit = HEX_VALUE[byte] as number;
  if (digit < 16) {
    frames.phase = SIZE;
    frames.remaining = frames.remaining * 16 + digit;
    return frames.remaining > Number.MAX_SAFE_INTEGER ? 'chunk-size-too-large' : undefined;
  }
  if (frames.phase === SIZE_START) return byte === LF ? 'bare-lf' : 'chunk-size';
  return takeLineEnd(frames, byte, 'chunk-size');
}

function takeOther(frames: ChunkFrames, byte: number): ParseProblem | undefined {
  switch (frames.phase) {
    case SIZE_LF:
      if (byte !== LF) return 'bare-cr';
      frames.phase = frames.remaining === 0 ? TRAILERS : DATA;
      return undefined;
    case DATA_CR:
      if (byte !== CR) return byte === LF ? 'bare-lf' : 'chunk-end';
      frames.phase = DATA_LF;
      return undefined;
    case DATA_LF:
      if (byte !== LF) return 'bare-cr';
      frames.phase = SIZE_START;
      frames.lineBytes = 0;
      return undefined;
    default:
      return ++frames.lineBytes > MAX_LINE_BYTES ? 'chunk-line-too-long' : takeExtension(frames, byte);
  }
}

/** `;name`, `;name=token` or `;name="text"`, without spaces; names and values are not empty. */
function takeExtension(frames: ChunkFrames, byte: number): ParseProblem | undefined {
  const { phase } = frames;
  if (phase === QUOTED) {
    if (byte === QUOTE) frames.phase = QUOTED_END;
    else if (byte === BACKSLASH) frames.phase = QUOTED_PAIR;
    else if (IS_TEXT[byte] !== 1) return byte === LF ? 'bare-lf' : 'chunk-extension';
    return undefined;
  }
  if (phase === QUOTED_PAIR) {
    frames.phase = QUOTED;
    return IS_TEXT[byte] === 1 ? undefined : 'chunk-extension';
  }
  if (IS_TOKEN[byte] === 1 && phase !== QUOTED_END) {
    if (phase === EXTENSION_START) frames.phase = EXTENSION_NAME;
    else if (phase === VALUE_START) frames.phase = VALUE;
    return undefined;
  }
  if (byte === EQUALS && phase === EXTENSION_NAME) frames.phase = VALUE_START;
  else if (byte === QUOTE && phase === VALUE_START) frames.phase = QUOTED;
  else if (phase === EXTENSION_START || phase === VALUE_START) return byte === LF ? 'bare-lf' : 'chunk-extension';
  else return takeLineEnd(frames, byte, 'chunk-extension');
  return undefined;
}

function takeLineEnd(frames: ChunkFrames, byte: number, otherwise: ParseProblem): ParseProblem | undefined {
  if (byte === CR) frames.phase = SIZE_LF;
  else if (byte === SEMICOLON) frames.phase = EXTENSION_START;
  else return byte === LF ? 'bare-lf' : otherwise;
  return undefined;
}

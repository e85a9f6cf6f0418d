/** What the headers of an answer say about where it ends (RFC 9112 §6) and whether the connection stays. */
import { CR, HTAB, isWord, SP } from './bytes.ts';
import type { ParseProblem } from './parse-problem.ts';

/** Mutable: one per connection, used again. */
export type Framing = {
  /** -1 where there is none. */
  contentLength: number;
  hasTransferEncoding: boolean;
  /** The last transfer coding is `chunked`. */
  isChunked: boolean;
  saysClose: boolean;
  saysKeepAlive: boolean;
};

export function createFraming(): Framing {
  return {
    contentLength: -1,
    hasTransferEncoding: false,
    isChunked: false,
    saysClose: false,
    saysKeepAlive: false,
  };
}

export function restartFraming(framing: Framing): void {
  framing.contentLength = -1;
  framing.hasTransferEncoding = false;
  framing.isChunked = false;
  framing.saysClose = false;
  framing.saysKeepAlive = false;
}

/** Takes in one header line, complete with its CR LF; all but three are of no interest. Gives what is wrong with it. */
export function takeFraming(
  framing: Framing,
  bytes: Uint8Array,
  nameStart: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
): ParseProblem | undefined {
  switch (nameEnd - nameStart) {
    case 10:
      if (isWord(bytes, nameStart, nameEnd, 'connection')) takeConnection(framing, bytes, valueStart, valueEnd);
      return undefined;
    case 14:
      return isWord(bytes, nameStart, nameEnd, 'content-length')
        ? takeContentLength(framing, bytes, valueStart, valueEnd)
        : undefined;
    case 17:
      return isWord(bytes, nameStart, nameEnd, 'transfer-encoding')
        ? takeTransferEncoding(framing, bytes, valueStart, valueEnd)
        : undefined;
    default:
      return undefined;
  }
}

function takeContentLength(framing: Framing, bytes: Uint8Array, from: number, to: number): ParseProblem | undefined {
  // Even two equal ones are refused: whoever joined them into one may have done so to smuggle (RFC 9112 §6.3 allows either).
  if (framing.contentLength >= 0) return 'content-length-twice';
  if (from === to) return 'content-length';
  let length = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return 'content-length';
    length = length * 10 + digit;
    if (length > Number.MAX_SAFE_INTEGER) return 'content-length';
  }
  framing.contentLength = length;
  return framing.hasTransferEncoding ? 'content-length-and-transfer-encoding' : undefined;
}

function takeTransferEncoding(framing: Framing, bytes: Uint8Array, from: number, to: number): ParseProblem | undefined {
  framing.hasTransferEncoding = true;
  if (framing.contentLength >= 0) return 'content-length-and-transfer-encoding';
  // Parsers disagree whether a tab belongs to the word before it: a known way to hide a coding from one of two.
  for (let at = from; bytes[at] !== CR; at++) if (bytes[at] === HTAB) return 'transfer-encoding';
  let problem: ParseProblem | undefined;
  eachWord(bytes, from, to, (start, end) => {
    if (framing.isChunked || start === end) problem = 'transfer-encoding';
    else if (isWord(bytes, start, end, 'chunked')) framing.isChunked = true;
  });
  return problem;
}

function takeConnection(framing: Framing, bytes: Uint8Array, from: number, to: number): void {
  eachWord(bytes, from, to, (start, end) => {
    if (isWord(bytes, start, end, 'close')) framing.saysClose = true;
    else if (isWord(bytes, start, end, 'keep-alive')) framing.saysKeepAlive = true;
  });
}

/** Whether a trailer of this name would say where the answer ends, which only headers may (RFC 9110 §6.5.1). */
export function isFramingName(bytes: Uint8Array, start: number, end: number): boolean {
  return isWord(bytes, start, end, 'content-length') || isWord(bytes, start, end, 'transfer-encoding');
}

/** Elements of a comma-separated list, without the space around them. */
function eachWord(bytes: Uint8Array, from: number, to: number, take: (start: number, end: number) => void): void {
  let start = from;
  for (let at = from; at <= to; at++) {
    if (at < to && bytes[at] !== 0x2c) continue;
    let end = at;
    while (start < end && isSpace(bytes[start])) start++;
    while (end > start && isSpace(bytes[end - 1])) end--;
    take(start, end);
    start = at + 1;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}

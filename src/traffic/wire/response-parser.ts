/**
 * Reads answers in HTTP/1.1 (RFC 9112) as they arrive: bytes in, events out. What may be read in more than one way is refused,
 * never repaired. It makes nothing per answer: heads and bodies stay where they were received, as offsets.
 */
import {
  type ChunkFrames,
  createChunkFrames,
  isBeforeTrailers,
  isInData,
  readChunkFrame,
  restartChunkFrames,
  takeData,
} from './chunk-frames.ts';
import { isLastLine, readFieldLine, restartFieldLines } from './field-lines.ts';
import { isFramingName } from './framing.ts';
import { createGathered, type Gathered, gather } from './gathered.ts';
import { beginsWithKnown, createKnownHead, dropKnown, type KnownHead, keepKnown } from './known-head.ts';
import type { ParseProblem } from './parse-problem.ts';
import {
  allFields,
  createResponseHead,
  type Fields,
  fieldsNamed,
  isHeadComplete,
  type ResponseHead,
  readHead,
  restartHead,
} from './response-head.ts';

/**
 * `more`: all that was fed is read. `head`: status and headers may be read. `body`: the bytes of the fed chunk from `bodyFrom` to
 * `bodyTo` belong to the body. `end`: the answer is complete; what was fed behind `at` is not part of it. `problem`: see there.
 */
export type ParseEvent = 'more' | 'head' | 'body' | 'end' | 'problem';

export type ParserLimits = {
  /** Status line and headers together, of each of interim and final answer; trailers likewise. */
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
};

/** Early hints, processing: a handful; more is a server that never comes to its answer. */
const MAX_INTERIM = 32;

const HEAD = 0;
const BY_LENGTH = 1;
const CHUNKED = 2;
const TRAILERS = 3;
const UNTIL_CLOSE = 4;
const DONE = 5;
const FAILED = 6;

/** Mutable: one per connection. Read `bodyFrom`, `bodyTo`, `at` and `problem`; the rest is its own. */
export type ResponseParser = {
  readonly limits: ParserLimits;
  stage: number;
  /** The request was HEAD: whatever the headers say, there is no body. */
  isHeadRequest: boolean;
  readonly head: ResponseHead;
  /** What `head` was read from, where it came in one piece. */
  readonly known: KnownHead;
  /** `head` is still that of the answer before. */
  isHeadOld: boolean;
  /** Heads that were read so far: as long as it stays the same, so does what they say. */
  headsRead: number;
  readonly frames: ChunkFrames;
  /** Body bytes still to come, by Content-Length. */
  remaining: number;
  bodyBytes: number;
  interim: number;
  chunk: Buffer;
  at: number;
  to: number;
  bodyFrom: number;
  bodyTo: number;
  problem: ParseProblem | undefined;
  /** A head that came in pieces, or that must outlive the chunk it came in. */
  readonly kept: Gathered;
  readonly trailers: Gathered;
  /** Where the head begins in `chunk`, where nothing of it is kept. */
  headFrom: number;
  headTo: number;
};

const NOTHING = Buffer.alloc(0);

export function createResponseParser(limits: ParserLimits): ResponseParser {
  return {
    limits,
    stage: DONE,
    isHeadRequest: false,
    head: createResponseHead(),
    known: createKnownHead(),
    isHeadOld: false,
    headsRead: 0,
    frames: createChunkFrames(),
    remaining: 0,
    bodyBytes: 0,
    interim: 0,
    chunk: NOTHING,
    at: 0,
    to: 0,
    bodyFrom: 0,
    bodyTo: 0,
    problem: undefined,
    kept: createGathered(),
    trailers: createGathered(),
    headFrom: 0,
    headTo: 0,
  };
}

/** Enough to know a banner by. */
const START_BYTES = 64;

/** The first bytes of a head that cannot be read. */
export function headStart({ kept, chunk, headFrom, to }: ResponseParser): string {
  const start =
    kept.length > 0 ? kept.bytes.toString('latin1', 0, kept.length) : chunk.toString('latin1', headFrom, to);
  return start.slice(0, START_BYTES);
}

/** An answer to a request of this method comes next. What was fed before and is not yet read belongs to it. */
export function expectAnswer(parser: ResponseParser, method: string): void {
  parser.stage = HEAD;
  parser.isHeadRequest = method === 'HEAD';
  parser.bodyBytes = 0;
  parser.interim = 0;
  parser.problem = undefined;
  parser.kept.length = 0;
  parser.headFrom = parser.at;
  parser.isHeadOld = true;
}

/** Gives the parser the next bytes; then call `nextEvent` until it says `more`, `end` or `problem`. They may be overwritten after that. */
export function feed(parser: ResponseParser, chunk: Buffer, length: number): void {
  parser.chunk = chunk;
  parser.at = 0;
  parser.to = length;
  parser.headFrom = 0;
}

export function nextEvent(parser: ResponseParser): ParseEvent {
  switch (parser.stage) {
    case HEAD:
      return nextOfHead(parser);
    case BY_LENGTH:
      return nextOfBody(parser, parser.remaining);
    case CHUNKED:
      return nextOfChunks(parser);
    case TRAILERS:
      return nextOfTrailers(parser);
    case UNTIL_CLOSE:
      return nextOfBody(parser, Number.POSITIVE_INFINITY);
    default:
      return parser.problem === undefined ? 'end' : 'problem';
  }
}

/** All that was read so far were interim answers (1xx): of the answer itself nothing has come. */
export function isOnlyInterim({ stage, interim, kept }: ResponseParser): boolean {
  return interim > 0 && stage === HEAD && kept.length === 0;
}

/** The other side closed in order: gives whether that completes the answer. */
export function completesAtClose(parser: ResponseParser): boolean {
  return parser.stage === UNTIL_CLOSE;
}

/** All bytes of a body of known length were given out; unknown of any other. */
export function isBodyComplete({ stage, remaining }: ResponseParser): boolean {
  return stage === BY_LENGTH && remaining === 0;
}

/** Bytes that came behind the end of the answer. */
export function bytesBeyond(parser: ResponseParser): number {
  return parser.to - parser.at;
}

/** Whether the connection can carry another request (RFC 9112 §9.3). */
export function staysOpen({ head, stage }: ResponseParser): boolean {
  return stage === DONE && keepsOpen(head);
}

function keepsOpen({ framing, minorVersion }: ResponseHead): boolean {
  if (framing.saysClose) return false;
  // Chunks in HTTP/1.0 are read, but whoever relayed them may not know where they end (RFC 9112 §6.1).
  return minorVersion === 1 || (framing.saysKeepAlive && !framing.hasTransferEncoding);
}

/** Of the latest head; valid until the next chunk is fed, and then as long as the answer is not at its end. */
export function headerOf(parser: ResponseParser, lowerName: string): string | string[] | undefined {
  return fieldsNamed(parser.head, headBytes(parser), headBase(parser), lowerName);
}

export function headersOf(parser: ResponseParser): Fields {
  return allFields(parser.head, headBytes(parser), headBase(parser));
}

function headBytes(parser: ResponseParser): Buffer {
  return parser.kept.length === 0 ? parser.chunk : parser.kept.bytes;
}

function headBase(parser: ResponseParser): number {
  return parser.kept.length === 0 ? parser.headFrom : 0;
}

function fail(parser: ResponseParser, problem: ParseProblem): ParseEvent {
  parser.stage = FAILED;
  parser.problem = problem;
  return 'problem';
}

function end(parser: ResponseParser): ParseEvent {
  parser.stage = DONE;
  return 'end';
}

/** All is read. The head is kept, because its chunk will be overwritten. */
function more(parser: ResponseParser): ParseEvent {
  if (parser.kept.length === 0) {
    const to = parser.stage === HEAD ? parser.at : parser.headTo;
    gather(parser.kept, parser.chunk, parser.headFrom, to, parser.limits.maxHeadBytes);
  }
  return 'more';
}

function nextOfHead(parser: ResponseParser): ParseEvent {
  if (parser.isHeadOld) {
    parser.isHeadOld = false;
    if (beginsWithKnown(parser.known, parser.chunk, parser.at, parser.to)) {
      parser.known.misses = 0;
      parser.at += parser.known.length;
      return beginBody(parser);
    }
    beginHead(parser);
  }
  for (;;) {
    readHeadOn(parser);
    const { head } = parser;
    if (head.problem !== undefined) return fail(parser, head.problem);
    if (!isHeadComplete(head)) return more(parser);
    if (head.status >= 200) {
      if (parser.kept.length === 0) keepKnown(parser.known, parser.chunk, parser.headFrom, parser.at);
      return beginBody(parser);
    }
    if (head.status === 101) return fail(parser, 'switched-protocol');
    // The answer itself could not follow any more.
    if (!keepsOpen(head)) return fail(parser, 'last-interim');
    if (++parser.interim > MAX_INTERIM) return fail(parser, 'too-many-interim');
    parser.kept.length = 0;
    parser.headFrom = parser.at;
    beginHead(parser);
  }
}

function beginHead(parser: ResponseParser): void {
  parser.headsRead++;
  dropKnown(parser.known);
  restartHead(parser.head);
}

function readHeadOn(parser: ResponseParser): void {
  const { head, limits } = parser;
  let length: number;
  if (parser.kept.length === 0) {
    const stop = Math.min(parser.to, parser.headFrom + limits.maxHeadBytes);
    parser.at = readHead(head, parser.chunk, parser.headFrom, parser.at, stop);
    length = parser.at - parser.headFrom;
  } else {
    // It came in pieces: they are put together, so that names and values are in one place.
    const { kept } = parser;
    const before = kept.length;
    gather(kept, parser.chunk, parser.at, parser.to, limits.maxHeadBytes);
    length = readHead(head, kept.bytes, 0, before, kept.length);
    kept.length = length;
    parser.at += length - before;
  }
  if (length >= limits.maxHeadBytes && !isHeadComplete(head)) head.problem ??= 'head-too-large';
}

function beginBody(parser: ResponseParser): ParseEvent {
  const { framing, status } = parser.head;
  parser.headTo = parser.at;
  if (parser.isHeadRequest || status === 204 || status === 304) {
    parser.stage = BY_LENGTH;
    parser.remaining = 0;
  } else if (framing.isChunked) {
    parser.stage = CHUNKED;
    restartChunkFrames(parser.frames);
  } else if (framing.hasTransferEncoding || framing.contentLength < 0) parser.stage = UNTIL_CLOSE;
  else {
    parser.stage = BY_LENGTH;
    parser.remaining = framing.contentLength;
  }
  return 'head';
}

/** Gives out at most `length` bytes. Of a body that is too large one byte more than allowed: then the limit was passed. */
function nextOfBody(parser: ResponseParser, length: number): ParseEvent {
  if (parser.bodyBytes > parser.limits.maxBodyBytes) return fail(parser, 'body-too-large');
  if (length === 0) return end(parser);
  const allowed = parser.limits.maxBodyBytes + 1 - parser.bodyBytes;
  const bytes = Math.min(length, parser.to - parser.at, allowed);
  if (bytes === 0) return more(parser);
  parser.bodyFrom = parser.at;
  parser.at += bytes;
  parser.bodyTo = parser.at;
  parser.bodyBytes += bytes;
  if (parser.stage === BY_LENGTH) parser.remaining -= bytes;
  else if (parser.stage === CHUNKED) takeData(parser.frames, bytes);
  return 'body';
}

function nextOfChunks(parser: ResponseParser): ParseEvent {
  const { frames } = parser;
  // The limit comes before what is wrong with the frame behind it, wherever the bytes are cut.
  if (parser.bodyBytes > parser.limits.maxBodyBytes) return fail(parser, 'body-too-large');
  if (!isInData(frames)) parser.at = readChunkFrame(frames, parser.chunk, parser.at, parser.to);
  if (frames.problem !== undefined) return fail(parser, frames.problem);
  if (isInData(frames)) return nextOfBody(parser, frames.remaining);
  if (!isBeforeTrailers(frames)) return more(parser);
  parser.stage = TRAILERS;
  parser.trailers.length = 0;
  restartFieldLines(parser.head.lines);
  return nextOfTrailers(parser);
}

/** Trailers are read and left out: nothing that they could say may change what the headers said (RFC 9110 §6.5.1). */
function nextOfTrailers(parser: ResponseParser): ParseEvent {
  const { trailers, limits } = parser;
  const { lines } = parser.head;
  const before = trailers.length;
  gather(trailers, parser.chunk, parser.at, parser.to, limits.maxHeadBytes);
  let at = before;
  while (at < trailers.length && !isLastLine(lines)) {
    at = readFieldLine(lines, trailers.bytes, 0, at, trailers.length);
    if (lines.problem !== undefined) return fail(parser, lines.problem);
    if (lines.isFieldRead && isFramingName(trailers.bytes, lines.nameStart, lines.nameEnd))
      return fail(parser, 'framing-trailer');
  }
  parser.at += at - before;
  if (isLastLine(lines)) return end(parser);
  return at >= limits.maxHeadBytes ? fail(parser, 'trailer-too-large') : more(parser);
}

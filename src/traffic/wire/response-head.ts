/** Status line and headers of an answer: read once, byte by byte; values become strings only when somebody asks for them. */
import { CR, HTAB, IS_TEXT, isWord, LF, SP } from './bytes.ts';
import { createFieldLines, type FieldLines, isLastLine, readFieldLine, restartFieldLines } from './field-lines.ts';
import { createFraming, type Framing, restartFraming, takeFraming } from './framing.ts';
import type { ParseProblem } from './parse-problem.ts';

/** Names and values as in the answer, names in lower case; a list where a name comes more than once. */
export type Fields = Readonly<Record<string, string | string[] | undefined>>;

const PREFIX = 0;
const MINOR = 1;
const VERSION_END = 2;
const STATUS = 3;
const STATUS_END = 4;
const REASON = 5;
const LINE_LF = 6;
const FIELDS = 7;
const DONE = 8;

const HTTP = [...'HTTP/1.'].map((character) => character.charCodeAt(0));
/** Reason phrases are a few words; servers refuse request lines of more than 8 KiB, so no answer has reason to be longer. */
const MAX_STATUS_LINE_BYTES = 8 * 1024;
/** Numbers per header in `places`: start and end of name and value. */
const PLACES = 4;

/** Mutable: one per connection, used again for each answer. Offsets count from the beginning of the head. */
export type ResponseHead = {
  phase: number;
  /** Matched characters of the prefix, or digits of the status. */
  matched: number;
  status: number;
  minorVersion: number;
  readonly lines: FieldLines;
  readonly framing: Framing;
  readonly places: number[];
  fieldCount: number;
  problem: ParseProblem | undefined;
};

export function createResponseHead(): ResponseHead {
  return {
    phase: PREFIX,
    matched: 0,
    status: 0,
    minorVersion: 1,
    lines: createFieldLines(),
    framing: createFraming(),
    // No typed array: a new connection for every request would make one each, outside of the heap.
    places: [],
    fieldCount: 0,
    problem: undefined,
  };
}

/** Size of all header fields of a complete head, with their line ends. */
export function fieldBytes({ places, fieldCount }: ResponseHead): number {
  const from = places[0] ?? 0;
  const to = places[(fieldCount - 1) * PLACES + 3] ?? 0;
  return fieldCount === 0 ? 0 : to - from + 2;
}

export function restartHead(head: ResponseHead): void {
  head.phase = PREFIX;
  head.matched = 0;
  head.status = 0;
  head.fieldCount = 0;
  head.problem = undefined;
  restartFieldLines(head.lines);
  restartFraming(head.framing);
}

export function isHeadComplete(head: ResponseHead): boolean {
  return head.phase === DONE;
}

/**
 * Reads on. The bytes from `base` to `from` are those of this head that were read before: they must still be there. Gives the
 * position behind what was read; `head.problem` says what was wrong.
 */
export function readHead(head: ResponseHead, bytes: Uint8Array, base: number, from: number, to: number): number {
  let at = head.phase < FIELDS ? readStatusLine(head, bytes, base, from, to) : from;
  const { lines } = head;
  while (at < to && head.phase === FIELDS && head.problem === undefined) {
    at = readFieldLine(lines, bytes, base, at, to);
    if (lines.problem !== undefined) head.problem = lines.problem;
    else if (isLastLine(lines)) head.phase = DONE;
    else if (lines.isFieldRead) takeField(head, bytes, base);
  }
  return at;
}

function readStatusLine(head: ResponseHead, bytes: Uint8Array, base: number, from: number, to: number): number {
  const stop = Math.min(to, base + MAX_STATUS_LINE_BYTES);
  let at = from;
  while (at < stop && head.phase < FIELDS) {
    const byte = bytes[at] as number;
    if (head.phase === REASON) {
      while (at < stop && IS_TEXT[bytes[at] as number] === 1) at++;
      if (at === stop) break;
      head.problem = endOfLine(head, bytes[at] as number);
    } else head.problem = takeStart(head, byte);
    if (head.problem !== undefined) return at;
    at++;
  }
  if (head.phase < FIELDS && at === base + MAX_STATUS_LINE_BYTES) head.problem = 'status-line-too-long';
  return at;
}

/** One byte of the status line up to its reason phrase, or the LF at its end. */
function takeStart(head: ResponseHead, byte: number): ParseProblem | undefined {
  switch (head.phase) {
    case PREFIX:
      if (byte !== HTTP[head.matched]) return head.matched < 5 ? 'not-http' : 'version';
      if (++head.matched === HTTP.length) head.phase = MINOR;
      return undefined;
    case MINOR:
      if (byte !== 0x30 && byte !== 0x31) return 'version';
      head.minorVersion = byte - 0x30;
      head.phase = VERSION_END;
      return undefined;
    case VERSION_END:
      if (byte !== SP) return 'version';
      head.matched = 0;
      head.phase = STATUS;
      return undefined;
    case STATUS:
      if (byte < (head.matched === 0 ? 0x31 : 0x30) || byte > 0x39) return 'status';
      head.status = head.status * 10 + byte - 0x30;
      if (++head.matched === 3) head.phase = STATUS_END;
      return undefined;
    case STATUS_END:
      if (byte === SP) head.phase = REASON;
      else return byte === CR || byte === LF ? endOfLine(head, byte) : 'status';
      return undefined;
    default:
      if (byte !== LF) return 'bare-cr';
      head.phase = FIELDS;
      return undefined;
  }
}

function endOfLine(head: ResponseHead, byte: number): ParseProblem | undefined {
  if (byte === LF) return 'bare-lf';
  if (byte !== CR) return byte === 0 ? 'nul' : 'status-line';
  head.phase = LINE_LF;
  return undefined;
}

function takeField(head: ResponseHead, bytes: Uint8Array, base: number): void {
  const { nameStart, nameEnd, valueStart } = head.lines;
  let { valueEnd } = head.lines;
  while (valueEnd > valueStart && isSpace(bytes[base + valueEnd - 1])) valueEnd--;
  const place = head.fieldCount++ * PLACES;
  head.places[place] = nameStart;
  head.places[place + 1] = nameEnd;
  head.places[place + 2] = valueStart;
  head.places[place + 3] = valueEnd;
  head.problem = takeFraming(head.framing, bytes, base + nameStart, base + nameEnd, base + valueStart, base + valueEnd);
}

function isSpace(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}

/** All values of the header `lowerName`, in their order; text is UTF-8. */
export function fieldsNamed(
  head: ResponseHead,
  bytes: Buffer,
  base: number,
  lowerName: string,
): string | string[] | undefined {
  let found: string | string[] | undefined;
  for (let i = 0; i < head.fieldCount; i++) {
    const place = i * PLACES;
    const nameStart = base + (head.places[place] as number);
    if (!isWord(bytes, nameStart, base + (head.places[place + 1] as number), lowerName)) continue;
    const value = valueAt(head, bytes, base, place);
    found = found === undefined ? value : [...(typeof found === 'string' ? [found] : found), value];
  }
  return found;
}

export function allFields(head: ResponseHead, bytes: Buffer, base: number): Fields {
  const fields: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < head.fieldCount; i++) {
    const place = i * PLACES;
    const name = bytes
      .toString('latin1', base + (head.places[place] as number), base + (head.places[place + 1] as number))
      .toLowerCase();
    const value = valueAt(head, bytes, base, place);
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else if (typeof before === 'string') fields[name] = [before, value];
    else before.push(value);
  }
  return fields;
}

function valueAt(head: ResponseHead, bytes: Buffer, base: number, place: number): string {
  return bytes.toString('utf8', base + (head.places[place + 2] as number), base + (head.places[place + 3] as number));
}

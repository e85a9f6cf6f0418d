/** What comes back on a connection, and what is made of it: outcome, phases, what the headers tell. */
import type { AnswerFacts, Exchange, Outcome, PhaseName } from '../model/exchange.ts';
import type { MemberId, RequestSpec } from '../model/profile.ts';
import { memberOfAnswer } from './answered-by.ts';
import type { Connection } from './connection.ts';
import { type Expected, unmetExpectations } from './expectation.ts';
import { describe, failureOutcome, isParseError } from './failure.ts';
import { digestOf } from './wire/body-digest.ts';
import { type Gathered, gather } from './wire/gathered.ts';
import type { Fields } from './wire/response-head.ts';

/** Enough for the error pages of all gateways we know (the longest, IIS detailed, carries its marks in the last of its 5 kB). */
const BODY_START_BYTES = 6 * 1024;

/** Half of the smallest buffer that a gateway has for a header by default (nginx: 4 kB). */
const HEADER_BYTES_TOLD = 2_000;

/** What of a request matters for its answer. */
export type Asked = {
  readonly method: string;
  readonly limitUs: number;
  readonly maxBodyBytes: number;
  readonly spec: RequestSpec;
  readonly memberId: MemberId | undefined;
  /** Header by which members tell their connections apart. */
  readonly connectionHeader: string | undefined;
  /** Whether anybody may want to read the headers and the start of this answer. */
  readonly wantsAnswer: (outcome: Outcome) => boolean;
};

export type Answered = Pick<Exchange, 'endUs' | 'outcome'> &
  Partial<Pick<Exchange, 'firstByteUs' | 'unmet' | 'answeredBy' | 'answer' | 'memberConnection' | 'headerBytes'>> & {
    readonly phasesUs: Partial<Record<PhaseName, number>>;
    readonly reusable: boolean;
    /** Seconds or a date, verbatim. */
    readonly retryAfter?: string;
    /** The `Keep-Alive` header, verbatim. */
    readonly keepAlive?: string;
  };

/** What has come back so far. */
export type Reception = {
  writtenUs: number;
  firstByteUs: number | undefined;
  /** When the latest bytes, or the close, were read. */
  readUs: number | undefined;
  status: number;
  /** By lower-case name, and all of them: read only where somebody wants them. */
  header: (lowerName: string) => Fields[string];
  headers: () => Fields;
  /** Size of the header fields, without the status line. */
  headerBytes: () => number;
  bytes: number;
  digest: number;
  readonly bodyStart: Gathered;
  /** Why we ended it ourselves. */
  ended: 'timed-out' | 'aborted' | 'too-large' | undefined;
};

/** `readyUs`: when the connection was there. */
export function createReception(connection: Connection, readyUs: number): Reception {
  connection.bodyStart.length = 0;
  return {
    writtenUs: readyUs,
    firstByteUs: undefined,
    readUs: undefined,
    status: 0,
    header: () => undefined,
    headers: () => ({}),
    headerBytes: () => 0,
    bytes: 0,
    digest: 0,
    bodyStart: connection.bodyStart,
    ended: undefined,
  };
}

/** For the next answer on the same connection. */
export function restartReception(reception: Reception, readyUs: number): void {
  reception.writtenUs = readyUs;
  reception.firstByteUs = undefined;
  reception.readUs = undefined;
  reception.status = 0;
  reception.bytes = 0;
  reception.digest = 0;
  reception.bodyStart.length = 0;
  reception.ended = undefined;
}

export function completeOutcome({ status, bytes, digest }: Reception): Outcome {
  return { kind: 'response', status, bodyBytes: bytes, complete: true, bodyDigest: digest };
}

export function takeIn(reception: Reception, bytes: Buffer, from: number, to: number, expected: Expected): void {
  reception.bytes += to - from;
  reception.digest = digestOf(bytes, from, to, reception.digest);
  keepBody(reception, bytes, from, to);
  if (expected.text !== undefined) expected.text += bytes.toString('latin1', from, to);
}

/** For whoever may want to read how the body begins. */
export function keepBody({ bodyStart }: Reception, bytes: Buffer, from: number, to: number): void {
  if (bodyStart.length < BODY_START_BYTES) gather(bodyStart, bytes, from, to, BODY_START_BYTES);
}

/** Whether the size of the header is to be told. */
export function hasLargeHead(reception: Reception): boolean {
  return reception.headerBytes() >= HEADER_BYTES_TOLD;
}

export function failedOutcome(error: unknown, reception: Reception, connection: Connection, request: Asked): Outcome {
  const { status, bytes } = reception;
  if (reception.ended === 'aborted') return { kind: 'aborted' };
  if (reception.ended === 'timed-out') {
    return {
      kind: 'timeout',
      waitingFor: status === 0 ? 'headers' : 'body',
      limitUs: request.limitUs,
      bytesReceived: bytes,
      ...(status === 0 ? {} : { status }),
    };
  }
  const tooLarge = reception.ended === 'too-large';
  const closedBy = connection.closedBy ?? (isReset(error) ? 'rst' : undefined);
  // A body that ends before its framing says so is an answer cut short; everything else after the header (bad chunks, too much) is an error.
  if (status > 0 && !tooLarge && !isParse(error)) {
    return {
      kind: 'response',
      status,
      bodyBytes: bytes,
      complete: false,
      closedBy: closedBy ?? 'fin',
      bodyDigest: reception.digest,
    };
  }
  const phase = status > 0 || reception.firstByteUs !== undefined ? 'receive' : 'wait';
  return failureOutcome(tooLarge ? tooLargeError(request.maxBodyBytes) : error, {
    phase,
    ...(closedBy === undefined ? {} : { closedBy }),
    bytesReceived: bytes,
  });
}

export function answeredOf(
  reception: Reception,
  outcome: Outcome,
  reusable: boolean,
  readyUs: number,
  endUs: number,
  request: Asked,
  expected: Expected,
): Answered {
  const { header, firstByteUs, status } = reception;
  const unmet = unmetExpectations(expected, outcome, endUs - readyUs);
  const answeredBy = outcome.kind === 'response' ? memberOfAnswer(header, request.memberId) : undefined;
  const retryAfter = header('retry-after');
  const keepAlive = header('keep-alive');
  const memberConnection = header(request.connectionHeader?.toLowerCase() ?? '');
  const headerBytes = reception.headerBytes();
  return {
    endUs,
    outcome,
    reusable,
    phasesUs: phasesOf(readyUs, reception.writtenUs, firstByteUs, endUs),
    ...(firstByteUs === undefined ? {} : { firstByteUs }),
    ...(unmet === undefined ? {} : { unmet }),
    ...(answeredBy === undefined ? {} : { answeredBy }),
    ...(headerBytes < HEADER_BYTES_TOLD ? {} : { headerBytes }),
    ...(status === 0 || !request.wantsAnswer(outcome) ? {} : { answer: answerFacts(reception) }),
    ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
    ...(typeof keepAlive === 'string' ? { keepAlive } : {}),
    ...(typeof memberConnection === 'string' ? { memberConnection } : {}),
  };
}

/** Each field as `name: value` and a line end. */
export function sizeOf(headers: Fields): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') bytes += name.length + value.length + 4;
    else for (const one of value ?? []) bytes += name.length + one.length + 4;
  }
  return bytes;
}

function phasesOf(
  readyUs: number,
  writtenUs: number,
  firstByteUs: number | undefined,
  endUs: number,
): Partial<Record<PhaseName, number>> {
  const send = writtenUs - readyUs;
  return firstByteUs === undefined
    ? { send, wait: endUs - writtenUs }
    : { send, wait: firstByteUs - writtenUs, receive: endUs - firstByteUs };
}

function answerFacts({ status, headers, bodyStart }: Reception): AnswerFacts {
  const kept: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers())) if (value !== undefined) kept[name] = value;
  return {
    status,
    headers: kept,
    ...(bodyStart.length === 0 ? {} : { bodyStart: bodyStart.bytes.toString('latin1', 0, bodyStart.length) }),
  };
}

function isReset(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function isParse(error: unknown): boolean {
  const { code, name } = describe(error);
  return isParseError(code, name);
}

function tooLargeError(maxBodyBytes: number): Error {
  return Object.assign(new Error(`the body is longer than limits.maxBody (${maxBodyBytes} bytes)`), {
    code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  });
}

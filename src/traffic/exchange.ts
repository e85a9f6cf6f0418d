/** One request on one connection, from the moment it is sent to its outcome. */
import { crc32 } from 'node:zlib';
import type { Client } from 'undici';
import type { AnswerFacts, Exchange, Outcome, PhaseName } from '../model/exchange.ts';
import type { MemberId, RequestSpec } from '../model/profile.ts';
import type { Clock } from '../model/time.ts';
import { memberOfAnswer } from './answered-by.ts';
import { type Connection, closeConnection } from './connection.ts';
import { type Expected, unmetExpectations } from './expectation.ts';
import { describe, failureOutcome, goneError, isParseError } from './failure.ts';
import { type AnswerHandler, ask, type Channel, forget } from './wire/channel.ts';
import { type Gathered, gather } from './wire/gathered.ts';
import { type WrittenRequest, writtenRequest } from './wire/request-bytes.ts';
import { type Fields, fieldBytes } from './wire/response-head.ts';
import { headerOf, headersOf } from './wire/response-parser.ts';

/** Enough for the error pages of all gateways we know (the longest, IIS detailed, carries its marks in the last of its 5 kB). */
const BODY_START_BYTES = 6 * 1024;

/** Half of the smallest buffer that a gateway has for a header by default (nginx: 4 kB). */
const HEADER_BYTES_TOLD = 2_000;

/** A request, and what is to be done with its answer. */
export type Prepared = Asked & {
  readonly path: string;
  /** Flat list of names and values. */
  readonly headers: string[];
  readonly body: string | undefined;
};

/** The same, written already: for HTTP/1.1 only. */
export type Written = Asked & WrittenRequest;

type Asked = {
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
type Reception = {
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

/** What an engine tells of an answer. */
type Receiver = {
  readonly reception: Reception;
  readonly body: (bytes: Buffer, from: number, to: number) => void;
  readonly complete: () => void;
  readonly failed: (error: unknown) => void;
};

/**
 * Sends the request and reports what became of it. Never rejects: a failure is an outcome. Our own timer is the only one.
 * `onAbortable` is given a function that ends the exchange as aborted.
 */
export function runExchange(
  connection: Connection,
  request: Prepared | Written,
  clock: Clock,
  onAbortable: (abort: () => void) => void,
): Promise<Answered> {
  const readyUs = clock.nowUs();
  const reception = createReception(connection, readyUs);
  const expected: Expected = {
    spec: request.spec.expect,
    text: request.spec.expect.bodyIncludes === undefined ? undefined : '',
  };
  return new Promise((resolve) => {
    let settled = false;
    function settle(outcome: Outcome, reusable: boolean, endUs: number): void {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      connection.lastEndUs = endUs;
      connection.uses++;
      resolve(answeredOf(reception, outcome, reusable, readyUs, endUs, request, expected));
    }
    const failed = (error: unknown): void =>
      settle(failedOutcome(error, reception, connection, request), false, clock.nowUs());
    const end = (reason: NonNullable<Reception['ended']>): void => {
      reception.ended ??= reason;
      if (connection.channel !== undefined) forget(connection.channel);
      closeConnection(connection);
      failed(undefined);
    };
    const timer = setTimeout(() => end('timed-out'), request.limitUs / 1_000);
    onAbortable(() => end('aborted'));
    const receiver: Receiver = {
      reception,
      body(bytes, from, to) {
        takeIn(reception, bytes, from, to, expected);
        if (reception.bytes > request.maxBodyBytes) end('too-large');
      },
      complete: () => settle(completeOutcome(reception), true, reception.readUs ?? clock.nowUs()),
      failed,
    };
    if (!connection.socket.writable) failed(goneError());
    else if (connection.channel !== undefined) sendOnWire(connection.channel, request, receiver, clock);
    else if (connection.client !== undefined && 'path' in request)
      sendByClient(connection.client, request, receiver, clock);
    else failed(new Error('a request written for HTTP/1.1 cannot go out over HTTP/2'));
  });
}

function createReception(connection: Connection, readyUs: number): Reception {
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

function sendOnWire(
  channel: Channel,
  request: Prepared | Written,
  { reception, body, complete, failed }: Receiver,
  clock: Clock,
): void {
  const { bytes, problem } = 'bytes' in request ? request : writtenRequest(request);
  if (problem !== undefined) {
    failed(new Error(problem));
    return;
  }
  const { parser } = channel;
  const handler: AnswerHandler = {
    onRead(length) {
      reception.readUs = clock.nowUs();
      if (length > 0) reception.firstByteUs ??= reception.readUs;
    },
    onHead(status) {
      reception.status = status;
      reception.header = (name) => headerOf(parser, name);
      reception.headers = () => headersOf(parser);
      reception.headerBytes = () => fieldBytes(parser.head);
    },
    onBody: body,
    onEnd: complete,
    onFailed: failed,
  };
  ask(channel, bytes, request.method, handler, () => {
    if (reception.firstByteUs === undefined) reception.writtenUs = clock.nowUs();
  });
  reception.writtenUs = clock.nowUs();
}

function sendByClient(
  client: Client,
  request: Prepared,
  { reception, body, complete, failed }: Receiver,
  clock: Clock,
): void {
  client.dispatch(
    { path: request.path, method: request.method as 'GET', headers: request.headers, body: request.body ?? null },
    {
      onRequestStart: () => {
        reception.writtenUs = clock.nowUs();
      },
      onResponseStart: (_controller, status, headers) => {
        if (status < 200) return;
        reception.firstByteUs ??= clock.nowUs();
        reception.status = status;
        reception.header = (name) => headers[name];
        reception.headers = () => headers;
        reception.headerBytes = () => sizeOf(headers);
      },
      onResponseData: (_controller, chunk) => body(chunk, 0, chunk.length),
      onResponseEnd: complete,
      onResponseError: (_controller, error) => failed(error),
    },
  );
}

function completeOutcome({ status, bytes, digest }: Reception): Outcome {
  return { kind: 'response', status, bodyBytes: bytes, complete: true, bodyDigest: digest };
}

function takeIn(reception: Reception, bytes: Buffer, from: number, to: number, expected: Expected): void {
  reception.bytes += to - from;
  reception.digest = crc32(bytes.subarray(from, to), reception.digest);
  if (reception.bodyStart.length < BODY_START_BYTES) gather(reception.bodyStart, bytes, from, to, BODY_START_BYTES);
  if (expected.text !== undefined) expected.text += bytes.toString('latin1', from, to);
}

function failedOutcome(error: unknown, reception: Reception, connection: Connection, request: Asked): Outcome {
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

function answeredOf(
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
function sizeOf(headers: Fields): number {
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

/** One request on one connection, from the moment it is sent to its outcome. */
import { crc32 } from 'node:zlib';
import type { AnswerFacts, Exchange, Outcome, PhaseName } from '../model/exchange.ts';
import type { MemberId, RequestSpec } from '../model/profile.ts';
import type { Clock } from '../model/time.ts';
import { type Connection, closeConnection } from './connection.ts';
import { type Expected, unmetExpectations } from './expectation.ts';
import { describe, failureOutcome, isParseError } from './failure.ts';

/** Enough for the error pages of all gateways we know (the longest, IIS detailed, carries its marks in the last of its 5 kB). */
const BODY_START_BYTES = 6 * 1024;

/** Half of the smallest buffer that a gateway has for a header by default (nginx: 4 kB). */
const HEADER_BYTES_TOLD = 2_000;

export type Prepared = {
  readonly path: string;
  readonly method: string;
  /** Flat list of names and values. */
  readonly headers: string[];
  readonly body: string | undefined;
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

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What has come back so far. */
type Reception = {
  writtenUs: number;
  firstByteUs: number | undefined;
  status: number;
  headers: Headers;
  bytes: number;
  digest: number;
  readonly bodyStart: Buffer[];
  bodyStartBytes: number;
  /** Why we ended it ourselves. */
  ended: 'timed-out' | 'aborted' | 'too-large' | undefined;
};

/**
 * Sends the request and reports what became of it. Never rejects: a failure is an outcome. Our own timer is the only one.
 * `onAbortable` is given a function that ends the exchange as aborted.
 */
export function runExchange(
  connection: Connection,
  request: Prepared,
  clock: Clock,
  onAbortable: (abort: () => void) => void,
): Promise<Answered> {
  const readyUs = clock.nowUs();
  const reception: Reception = {
    writtenUs: readyUs,
    firstByteUs: undefined,
    status: 0,
    headers: {},
    bytes: 0,
    digest: 0,
    bodyStart: [],
    bodyStartBytes: 0,
    ended: undefined,
  };
  const expected: Expected = {
    spec: request.spec.expect,
    text: request.spec.expect.bodyIncludes === undefined ? undefined : '',
  };
  const end = (reason: NonNullable<Reception['ended']>): void => {
    reception.ended ??= reason;
    closeConnection(connection);
  };
  const timer = setTimeout(() => end('timed-out'), request.limitUs / 1_000);
  onAbortable(() => end('aborted'));
  connection.onBytes = () => {
    reception.firstByteUs ??= clock.nowUs();
  };
  return new Promise((resolve) => {
    let settled = false;
    function settle(outcome: Outcome, reusable: boolean): void {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      connection.onBytes = undefined;
      const endUs = clock.nowUs();
      connection.lastEndUs = endUs;
      connection.uses++;
      resolve(answeredOf(reception, outcome, reusable, readyUs, endUs, request, expected));
    }
    connection.client.dispatch(
      { path: request.path, method: request.method as 'GET', headers: request.headers, body: request.body ?? null },
      {
        onRequestStart: () => {
          reception.writtenUs = clock.nowUs();
        },
        onResponseStart: (_controller, status, headers) => {
          if (status < 200) return;
          reception.firstByteUs ??= clock.nowUs();
          reception.status = status;
          reception.headers = headers;
        },
        onResponseData: (_controller, chunk) => {
          takeIn(reception, chunk, expected);
          if (reception.bytes > request.maxBodyBytes) end('too-large');
        },
        onResponseEnd: () =>
          settle(
            {
              kind: 'response',
              status: reception.status,
              bodyBytes: reception.bytes,
              complete: true,
              bodyDigest: reception.digest,
            },
            true,
          ),
        onResponseError: (_controller, error) => settle(failedOutcome(error, reception, connection, request), false),
      },
    );
  });
}

function takeIn(reception: Reception, chunk: Buffer, expected: Expected): void {
  reception.bytes += chunk.length;
  reception.digest = crc32(chunk, reception.digest);
  if (reception.bodyStartBytes < BODY_START_BYTES) {
    reception.bodyStart.push(chunk.subarray(0, BODY_START_BYTES - reception.bodyStartBytes));
    reception.bodyStartBytes += chunk.length;
  }
  if (expected.text !== undefined) expected.text += chunk.toString('latin1');
}

function failedOutcome(error: unknown, reception: Reception, connection: Connection, request: Prepared): Outcome {
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
  request: Prepared,
  expected: Expected,
): Answered {
  const { headers, firstByteUs, status } = reception;
  const unmet = unmetExpectations(expected, outcome, endUs - readyUs);
  const answeredBy = outcome.kind === 'response' ? memberOfAnswer(headers, request.memberId) : undefined;
  const retryAfter = headers['retry-after'];
  const keepAlive = headers['keep-alive'];
  const memberConnection = headers[request.connectionHeader?.toLowerCase() ?? ''];
  const headerBytes = sizeOf(headers);
  return {
    endUs,
    outcome,
    reusable,
    phasesUs: phasesOf(readyUs, reception.writtenUs, firstByteUs, endUs),
    ...(firstByteUs === undefined ? {} : { firstByteUs }),
    ...(unmet === undefined ? {} : { unmet }),
    ...(answeredBy === undefined ? {} : { answeredBy }),
    ...(headerBytes < HEADER_BYTES_TOLD ? {} : { headerBytes }),
    ...(status === 0 || !request.wantsAnswer(outcome)
      ? {}
      : { answer: answerFacts(status, headers, reception.bodyStart) }),
    ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
    ...(typeof keepAlive === 'string' ? { keepAlive } : {}),
    ...(typeof memberConnection === 'string' ? { memberConnection } : {}),
  };
}

/** Each field as `name: value` and a line end. */
function sizeOf(headers: Headers): number {
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

function answerFacts(status: number, headers: Headers, bodyStart: readonly Buffer[]): AnswerFacts {
  const kept: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) kept[name] = value;
  return {
    status,
    headers: kept,
    ...(bodyStart.length === 0 ? {} : { bodyStart: Buffer.concat(bodyStart).toString('latin1') }),
  };
}

/** Cookies by which well-known gateways pin a client to a member. */
const AFFINITY_COOKIES =
  /^(ARRAffinity|SERVERID|ROUTEID|JSESSIONID_route|AWSALB|ApplicationGatewayAffinity|INGRESSCOOKIE|lb)$/;

function memberOfAnswer(headers: Headers, memberId: MemberId | undefined): string | undefined {
  if (memberId !== undefined && 'header' in memberId) {
    const value = headers[memberId.header.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  }
  const setCookie = headers['set-cookie'];
  for (const cookie of setCookie === undefined ? [] : Array.isArray(setCookie) ? setCookie : [setCookie]) {
    const [, name, value] = /^\s*([^=;\s]+)=([^;]*)/.exec(cookie) ?? [];
    if (name !== undefined && (memberId === undefined ? AFFINITY_COOKIES.test(name) : name === memberId.cookie))
      return value;
  }
  return undefined;
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

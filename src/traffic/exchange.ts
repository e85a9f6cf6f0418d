/** One request on one connection, from the moment it is sent to its outcome. */
import { crc32 } from 'node:zlib';
import type { AnswerFacts, Exchange, Outcome, PhaseName } from '../model/exchange.ts';
import type { MemberId, RequestSpec } from '../model/profile.ts';
import type { Clock } from '../model/time.ts';
import { type Connection, closeConnection } from './connection.ts';
import { failureOutcome } from './failure.ts';
import { type Expected, unmetExpectations } from './expectation.ts';

/** Enough for the error pages of all gateways we know (the longest, IIS detailed, carries its marks in the last of its 5 kB). */
const BODY_START_BYTES = 6 * 1024;

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
  /** Whether anybody may want to read the headers and the start of this answer. */
  readonly wantsAnswer: (outcome: Outcome) => boolean;
};

export type Answered = Pick<Exchange, 'endUs' | 'outcome'> &
  Partial<Pick<Exchange, 'firstByteUs' | 'unmet' | 'answeredBy' | 'answer'>> & {
    readonly phasesUs: Partial<Record<PhaseName, number>>;
    readonly reusable: boolean;
    /** Seconds or a date, verbatim. */
    readonly retryAfter?: string;
  };

/**
 * Sends the request and reports what became of it. Never rejects: a failure is an outcome. Our own timer is the only one.
 * `abort` is filled with a function that ends the exchange as aborted.
 */
export function runExchange(connection: Connection, request: Prepared, clock: Clock, onAbortable: (abort: () => void) => void): Promise<Answered> {
  return new Promise((resolve) => {
    const readyUs = clock.nowUs();
    const state = { firstByteUs: undefined as number | undefined, writtenUs: readyUs, status: 0, bytes: 0, digest: 0, timedOut: false, aborted: false, tooLarge: false, settled: false };
    let headers: Readonly<Record<string, string | string[] | undefined>> = {};
    const bodyStart: Buffer[] = [];
    let bodyStartBytes = 0;
    const expected: Expected = { spec: request.spec.expect, text: request.spec.expect.bodyIncludes === undefined ? undefined : '' };

    const limitMs = request.limitUs / 1_000;
    const timer = setTimeout(() => {
      state.timedOut = true;
      closeConnection(connection);
    }, limitMs);
    onAbortable(() => {
      state.aborted = true;
      closeConnection(connection);
    });
    connection.onBytes = () => {
      state.firstByteUs ??= clock.nowUs();
    };

    function settle(outcome: Outcome, reusable: boolean): void {
      if (state.settled) return;
      state.settled = true;
      clearTimeout(timer);
      connection.onBytes = undefined;
      const endUs = clock.nowUs();
      connection.lastEndUs = endUs;
      connection.uses++;
      const unmet = unmetExpectations(expected, outcome, endUs - readyUs);
      const answeredBy = outcome.kind === 'response' ? memberOfAnswer(headers, request.memberId) : undefined;
      const retryAfter = headers['retry-after'];
      resolve({
        endUs,
        outcome,
        reusable,
        phasesUs: phasesOf(readyUs, state.writtenUs, state.firstByteUs, endUs),
        ...(state.firstByteUs === undefined ? {} : { firstByteUs: state.firstByteUs }),
        ...(unmet === undefined ? {} : { unmet }),
        ...(answeredBy === undefined ? {} : { answeredBy }),
        ...(state.status === 0 || !request.wantsAnswer(outcome) ? {} : { answer: answerFacts(state.status, headers, bodyStart) }),
        ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
      });
    }

    function fail(error: unknown): void {
      if (state.aborted) return settle({ kind: 'aborted' }, false);
      if (state.timedOut) {
        const waitingFor = state.status === 0 ? 'headers' : 'body';
        return settle({ kind: 'timeout', waitingFor, limitUs: request.limitUs, bytesReceived: state.bytes, ...(state.status === 0 ? {} : { status: state.status }) }, false);
      }
      const closedBy = connection.closedBy ?? (isReset(error) ? 'rst' : undefined);
      const phase = state.status > 0 || state.firstByteUs !== undefined ? 'receive' : 'wait';
      // A body that ends before its framing says so is an answer cut short; everything else after the header (bad chunks, too much) is an error.
      if (state.status > 0 && !state.tooLarge && !isParseError(error)) {
        return settle({ kind: 'response', status: state.status, bodyBytes: state.bytes, complete: false, closedBy: closedBy ?? 'fin', bodyDigest: state.digest }, false);
      }
      settle(failureOutcome(state.tooLarge ? tooLargeError(request.maxBodyBytes) : error, { phase, ...(closedBy === undefined ? {} : { closedBy }), bytesReceived: state.bytes }), false);
    }

    connection.client.dispatch(
      { path: request.path, method: request.method as 'GET', headers: request.headers, body: request.body ?? null },
      {
        onRequestStart: () => {
          state.writtenUs = clock.nowUs();
        },
        onResponseStart: (_controller, status, received) => {
          if (status < 200) return;
          state.firstByteUs ??= clock.nowUs();
          state.status = status;
          headers = received;
        },
        onResponseData: (_controller, chunk) => {
          state.bytes += chunk.length;
          state.digest = crc32(chunk, state.digest);
          if (bodyStartBytes < BODY_START_BYTES) {
            bodyStart.push(chunk.subarray(0, BODY_START_BYTES - bodyStartBytes));
            bodyStartBytes += chunk.length;
          }
          if (expected.text !== undefined) expected.text += chunk.toString('latin1');
          if (state.bytes > request.maxBodyBytes) {
            state.tooLarge = true;
            closeConnection(connection);
          }
        },
        onResponseEnd: () => {
          settle({ kind: 'response', status: state.status, bodyBytes: state.bytes, complete: true, bodyDigest: state.digest }, true);
        },
        onResponseError: (_controller, error) => fail(error),
      },
    );
  });
}

function phasesOf(readyUs: number, writtenUs: number, firstByteUs: number | undefined, endUs: number): Partial<Record<PhaseName, number>> {
  const send = writtenUs - readyUs;
  return firstByteUs === undefined ? { send, wait: endUs - writtenUs } : { send, wait: firstByteUs - writtenUs, receive: endUs - firstByteUs };
}

function answerFacts(status: number, headers: Readonly<Record<string, string | string[] | undefined>>, bodyStart: readonly Buffer[]): AnswerFacts {
  const kept: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) kept[name] = value;
  return { status, headers: kept, ...(bodyStart.length === 0 ? {} : { bodyStart: Buffer.concat(bodyStart).toString('latin1') }) };
}

/** Cookies by which well-known gateways pin a client to a member. */
const AFFINITY_COOKIES = /^(ARRAffinity|SERVERID|ROUTEID|JSESSIONID_route|AWSALB|ApplicationGatewayAffinity|INGRESSCOOKIE|lb)$/;

function memberOfAnswer(headers: Readonly<Record<string, string | string[] | undefined>>, memberId: MemberId | undefined): string | undefined {
  if (memberId !== undefined && 'header' in memberId) {
    const value = headers[memberId.header.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  }
  const setCookie = headers['set-cookie'];
  for (const cookie of setCookie === undefined ? [] : Array.isArray(setCookie) ? setCookie : [setCookie]) {
    const [, name, value] = /^\s*([^=;\s]+)=([^;]*)/.exec(cookie) ?? [];
    if (name !== undefined && (memberId === undefined ? AFFINITY_COOKIES.test(name) : name === memberId.cookie)) return value;
  }
  return undefined;
}

function isReset(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function isParseError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW');
}

function tooLargeError(maxBodyBytes: number): Error {
  return Object.assign(new Error(`the body is longer than limits.maxBody (${maxBodyBytes} bytes)`), { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' });
}

/** One request on one connection, from the moment it is sent to its outcome. */
import type { Client } from 'undici';
import type { Outcome } from '../model/exchange.ts';
import type { Clock } from '../model/time.ts';
import { type Connection, closeConnection } from './connection.ts';
import { addDeadline, type Deadlines, removeDeadline, setDeadline } from './deadlines.ts';
import type { Expected } from './expectation.ts';
import { goneError } from './failure.ts';
import {
  type Answered,
  type Asked,
  answeredOf,
  completeOutcome,
  createReception,
  failedOutcome,
  type Reception,
  sizeOf,
  takeIn,
} from './reception.ts';
import { type AnswerHandler, ask, type Channel, forget } from './wire/channel.ts';
import { type WrittenRequest, writtenRequest } from './wire/request-bytes.ts';
import { fieldBytes } from './wire/response-head.ts';
import { headerOf, headersOf } from './wire/response-parser.ts';

/** A request, and what is to be done with its answer. */
export type Prepared = Asked & {
  readonly path: string;
  /** Flat list of names and values. */
  readonly headers: string[];
  readonly body: string | undefined;
};

/** The same, written already: for HTTP/1.1 only. */
export type Written = Asked & WrittenRequest;

/** What an engine tells of an answer. */
type Receiver = {
  readonly reception: Reception;
  readonly body: (bytes: Buffer, from: number, to: number) => void;
  readonly complete: () => void;
  readonly failed: (error: unknown) => void;
};

/**
 * Sends the request and reports what became of it. Never rejects: a failure is an outcome. Our own deadline is the only one.
 * `onAbortable` is given a function that ends the exchange as aborted.
 */
export function runExchange(
  connection: Connection,
  request: Prepared | Written,
  deadlines: Deadlines,
  onAbortable: (abort: () => void) => void,
): Promise<Answered> {
  const { clock } = deadlines;
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
      removeDeadline(deadlines, deadline);
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
    const deadline = addDeadline(deadlines, () => end('timed-out'));
    setDeadline(deadlines, deadline, readyUs + request.limitUs);
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
    onInterim() {
      reception.firstByteUs = undefined;
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

/**
 * One connection of a closed loop, which asks again as soon as it was answered. It does what `launching.ts` does for a request of
 * its own, without making anything for an ordinary answer: the request's bytes are written once and get their id put in, the answer
 * becomes a row of numbers. Whatever is not ordinary becomes an exchange as everywhere else.
 */
import type { Outcome } from '../model/exchange.ts';
import { type Connection, type ConnectResult, closeConnection } from './connection.ts';
import { addDeadline, removeDeadline, setDeadline } from './deadlines.ts';
import { goneError } from './failure.ts';
import { addRow, baseOf, isOrdinary, type Lane, type Loop, recordWhole } from './lane-answer.ts';
import { admit, budgetOf, firstSight, keepsAnswers, leave, takeSeq, wantsAnswer } from './launching.ts';
import { isUsable } from './pool.ts';
import {
  completeOutcome,
  createReception,
  failedOutcome,
  keepBody,
  type Reception,
  restartReception,
} from './reception.ts';
import { digestOfKnown } from './wire/body-digest.ts';
import { ask, askAgain, forget } from './wire/channel.ts';
import { createNumbered, putId } from './wire/numbered-request.ts';
import { fieldBytes } from './wire/response-head.ts';
import { headerOf, headersOf, isBodyComplete, type ResponseParser } from './wire/response-parser.ts';

/** A timer wakes so much too late: a lane makes up for that, and for no more. */
const CATCH_UP_US = 2_000;

/** Resolves when the loop is over for this lane and its last request has ended. Starts at `firstUs`. */
export function runLane(loop: Loop, number: number, firstUs: number): Promise<void> {
  return new Promise((resolve) => {
    const lane = createLane(loop, number, firstUs, resolve);
    // Numbers below zero are no request's.
    loop.state.abortable.set(-1 - number, () => abortLane(lane));
    loop.onStop(() => {
      if (lane.doing === 'waiting') next(lane, loop.state.clock.nowUs());
    });
    next(lane, loop.state.clock.nowUs());
  });
}

function createLane(loop: Loop, number: number, firstUs: number, resolve: () => void): Lane {
  const { setup, clock } = loop.state;
  const { spec } = loop;
  const lane: Lane = {
    loop,
    number,
    asked: {
      method: spec.method,
      limitUs: setup.limits.requestTimeoutUs,
      maxBodyBytes: setup.limits.maxBodyBytes,
      spec,
      memberId: setup.memberId,
      connectionHeader: setup.connectionHeader,
      wantsAnswer: (outcome) => wantsAnswer(loop.route, outcome, loop.shape),
    },
    deadline: addDeadline(loop.deadlines, () => onDeadline(lane)),
    finish: resolve,
    handler: {
      onRead(length) {
        const reception = lane.reception as Reception;
        reception.readUs = clock.nowUs();
        if (length > 0 && reception.firstByteUs === undefined) reception.firstByteUs = reception.readUs;
      },
      onInterim() {
        (lane.reception as Reception).firstByteUs = undefined;
      },
      onHead(status) {
        (lane.reception as Reception).status = status;
        lane.keepsBody = status >= 400 || keepsAnswers(loop.route);
      },
      onBody: (bytes, from, to) => takeBody(lane, bytes, from, to),
      onEnd: () => complete(lane),
      onFailed: (error) => fail(lane, error),
    },
    expected: { spec: spec.expect, text: undefined },
    doing: 'nothing',
    connection: undefined,
    parser: undefined,
    reception: undefined,
    request: undefined,
    nextUs: firstUs,
    seq: 0,
    sentUs: 0,
    readyUs: 0,
    isNew: false,
    idleUs: 0,
    keepsBody: false,
    named: { headsRead: 0, place: undefined },
  };
  return lane;
}

/** Sends the next request, or waits until it may, or ends the lane. */
function next(lane: Lane, nowUs: number): void {
  const { loop } = lane;
  const { state, route } = loop;
  if (state.stopped !== undefined || nowUs >= loop.endUs || budgetOf(state) === 0) {
    finishLane(lane);
    return;
  }
  if (lane.nextUs > nowUs) {
    waitUntil(lane, lane.nextUs);
    return;
  }
  lane.nextUs = Math.max(lane.nextUs + loop.gapUs, nowUs - CATCH_UP_US);
  lane.seq = takeSeq(state);
  loop.due++;
  const reason = admit(state, route, nowUs);
  if (reason !== undefined) {
    loop.record({ ...baseOf(lane, nowUs), endUs: nowUs, outcome: { kind: 'not-sent', reason } });
    // It is due again when the pause is over; a limit reached is asked again after a while.
    lane.nextUs = Math.max(lane.nextUs, route.pausedUntilUs, nowUs + OBSTACLE_US);
    waitUntil(lane, lane.nextUs);
    return;
  }
  loop.sent++;
  lane.sentUs = nowUs;
  const { connection } = lane;
  if (connection !== undefined && isUsable(connection) && connection.channel?.isSending !== true) {
    send(lane, connection, nowUs);
    return;
  }
  dropConnection(lane);
  acquire(lane);
}

/** Until what forbids a request is asked again. */
const OBSTACLE_US = 10_000;

function waitUntil(lane: Lane, atUs: number): void {
  lane.doing = 'waiting';
  setDeadline(lane.loop.deadlines, lane.deadline, Math.min(atUs, lane.loop.endUs));
}

function onDeadline(lane: Lane): void {
  if (lane.doing === 'asking') endAsking(lane, 'timed-out');
  else if (lane.doing === 'waiting') next(lane, lane.loop.state.clock.nowUs());
}

/** Some time after a stop: what is in flight has had its time. */
function abortLane(lane: Lane): void {
  if (lane.doing === 'asking') endAsking(lane, 'aborted');
  else if (lane.doing === 'opening') endOpening(lane);
}

/** Its connection is no longer waited for. */
function endOpening(lane: Lane): void {
  const { loop, sentUs } = lane;
  lane.doing = 'nothing';
  loop.state.inFlight--;
  const endUs = loop.state.clock.nowUs();
  loop.record({ ...baseOf(lane, sentUs), sentUs, endUs, outcome: { kind: 'aborted' } });
  next(lane, endUs);
}

function finishLane(lane: Lane): void {
  const { loop, connection } = lane;
  lane.doing = 'nothing';
  removeDeadline(loop.deadlines, lane.deadline);
  loop.state.abortable.delete(-1 - lane.number);
  if (connection !== undefined) loop.route.pool.release(connection, true);
  lane.connection = undefined;
  lane.finish();
}

function dropConnection(lane: Lane): void {
  if (lane.connection !== undefined) closeConnection(lane.connection);
  lane.connection = undefined;
}

function acquire(lane: Lane): void {
  lane.doing = 'opening';
  const acquired = lane.loop.route.pool.acquire('warm');
  const { seq } = lane;
  if (acquired instanceof Promise) acquired.then((opened) => onOpened(lane, seq, opened));
  else takeConnection(lane, acquired);
}

function onOpened(lane: Lane, seq: number, opened: ConnectResult): void {
  if (lane.doing !== 'opening' || lane.seq !== seq) {
    // It was given up meanwhile.
    if ('connection' in opened) closeConnection(opened.connection);
    return;
  }
  if ('connection' in opened) {
    takeConnection(lane, opened.connection);
    return;
  }
  const { loop, sentUs } = lane;
  const { state, route } = loop;
  const { outcome, phasesUs, certificate } = opened.failure;
  if (outcome.kind === 'connection-error' && outcome.code === 'ports') state.onPortShortage();
  leave(state);
  const endUs = state.clock.nowUs();
  loop.record({ ...baseOf(lane, sentUs), sentUs, endUs, outcome, phasesUs, ...firstSight(route, certificate) });
  next(lane, endUs);
}

function takeConnection(lane: Lane, connection: Connection): void {
  const { channel } = connection;
  if (channel === undefined) throw new Error('a closed loop of our own speaks HTTP/1.1 only');
  const { parser } = channel;
  const reception = createReception(connection, connection.openedUs);
  reception.header = (name) => (reception.status === 0 ? undefined : headerOf(parser, name));
  reception.headers = () => (reception.status === 0 ? {} : headersOf(parser));
  reception.headerBytes = () => (reception.status === 0 ? 0 : fieldBytes(parser.head));
  lane.connection = connection;
  lane.parser = parser;
  lane.named.headsRead = 0;
  lane.reception = reception;
  send(lane, connection, lane.loop.state.clock.nowUs());
}

function send(lane: Lane, connection: Connection, readyUs: number): void {
  const { loop, asked, seq } = lane;
  const { state, route } = loop;
  const reception = lane.reception as Reception;
  lane.doing = 'asking';
  lane.readyUs = readyUs;
  lane.isNew = connection.uses === 0 && connection.openedUs >= lane.sentUs;
  lane.idleUs = lane.isNew ? -1 : lane.sentUs - (connection.lastEndUs ?? connection.openedUs);
  lane.expected.text = loop.spec.expect.bodyIncludes === undefined ? undefined : '';
  restartReception(reception, readyUs);
  if (lane.request === undefined || lane.request.cookie !== route.cookie)
    lane.request = createNumbered(loop.spec, route.target, state.setup, loop.shape, route.cookie);
  const { request } = lane;
  if (request.problem !== undefined || !connection.socket.writable || connection.channel === undefined) {
    const error = request.problem === undefined ? goneError() : new Error(request.problem);
    // Not at once: a request that can never be sent would never let go of the thread.
    setImmediate(() => {
      if (lane.doing === 'asking') fail(lane, error);
    });
    return;
  }
  putId(request, seq);
  setDeadline(loop.deadlines, lane.deadline, readyUs + asked.limitUs);
  if (request.isShort) askAgain(connection.channel, request.bytes, asked.method, lane.handler);
  else {
    ask(connection.channel, Buffer.from(request.bytes), asked.method, lane.handler, () => {
      if (reception.firstByteUs === undefined && lane.seq === seq) reception.writtenUs = state.clock.nowUs();
    });
  }
  reception.writtenUs = state.clock.nowUs();
}

function takeBody(lane: Lane, bytes: Buffer, from: number, to: number): void {
  const reception = lane.reception as Reception;
  reception.bytes += to - from;
  reception.digest = digestOfKnown(lane.loop.knownPiece, bytes, from, to, reception.digest);
  // What is not all there yet may break off, and then its start is wanted.
  if (lane.keepsBody || !isBodyComplete(lane.parser as ResponseParser)) keepBody(reception, bytes, from, to);
  if (lane.expected.text !== undefined) lane.expected.text += bytes.toString('latin1', from, to);
  if (reception.bytes > lane.asked.maxBodyBytes) endAsking(lane, 'too-large');
}

/** Our own end of an exchange: it is over at once, whatever may still come. */
function endAsking(lane: Lane, reason: NonNullable<Reception['ended']>): void {
  const reception = lane.reception as Reception;
  reception.ended ??= reason;
  const { connection } = lane;
  if (connection?.channel !== undefined) forget(connection.channel);
  if (connection !== undefined) closeConnection(connection);
  fail(lane, undefined);
}

function fail(lane: Lane, error: unknown): void {
  const outcome = failedOutcome(error, lane.reception as Reception, lane.connection as Connection, lane.asked);
  settle(lane, outcome, false, lane.loop.state.clock.nowUs());
}

function complete(lane: Lane): void {
  const reception = lane.reception as Reception;
  const endUs = reception.readUs ?? lane.loop.state.clock.nowUs();
  if (isOrdinary(lane, reception, endUs) && addRow(lane, reception, endUs)) ended(lane, endUs);
  else settle(lane, completeOutcome(reception), true, endUs);
}

function settle(lane: Lane, outcome: Outcome, isReusable: boolean, endUs: number): void {
  recordWhole(lane, outcome, isReusable, endUs);
  if (!isReusable) dropConnection(lane);
  ended(lane, endUs);
}

function ended(lane: Lane, endUs: number): void {
  const { connection, loop } = lane;
  lane.doing = 'nothing';
  leave(loop.state);
  if (connection !== undefined) {
    connection.lastEndUs = endUs;
    connection.uses++;
  }
  setDeadline(loop.deadlines, lane.deadline, Number.POSITIVE_INFINITY);
  next(lane, endUs);
}

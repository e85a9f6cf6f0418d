/** What a made-up target answers: building blocks for `make-recording.ts`. */
import type { AnswerFacts, Exchange, ExchangeTag, NotSentReason, Outcome } from '../../src/model/exchange.ts';
import type { RouteId } from '../../src/model/route.ts';
import type { Random } from '../../src/model/time.ts';

/** One due request, as a responder sees it. Responders are called in order of `dueUs`. */
export type Ask = {
  readonly route: RouteId;
  /** Undefined for the gateway. */
  readonly member?: string;
  readonly requestName: string;
  readonly dueUs: number;
  /** Since the experiment began. */
  readonly atUs: number;
  /** Counts from 0 on each route of the experiment. */
  readonly index: number;
  readonly slot?: number;
  readonly connection: 'new' | 'warm';
  readonly tag?: ExchangeTag;
  readonly random: Random;
};

/**
 * `us` is the service time, before noise; `exact` keeps noise away (timers). Everything in `facts` overrides the
 * exchange.
 */
export type FullReply = {
  readonly us: number;
  readonly exact?: boolean;
  readonly outcome?: Outcome;
  readonly answer?: AnswerFacts;
  readonly facts?: Partial<Exchange>;
};
/** A number is the service time of a 200. */
export type Reply = number | FullReply;
export type Responder = Reply | ((ask: Ask) => Reply);

export const OK = {
  kind: 'response',
  status: 200,
  bodyBytes: 120,
  complete: true,
  bodyDigest: 7,
} as const satisfies Outcome;

/** A complete answer with that status, for example `fails(4_000, 502, 3)` for an ARR 502.3 after 4 ms. */
export function fails(us: number, status: number, substatus?: number, answer?: AnswerFacts): FullReply {
  const outcome: Outcome = { ...OK, status, ...(substatus === undefined ? {} : { substatus }), bodyDigest: status };
  return { us, outcome, answer: answer ?? { status, headers: {} } };
}

/** A 200 whose body ends early. */
export function truncated(us: number, closedBy: 'fin' | 'rst' = 'fin'): FullReply {
  return { us, outcome: { kind: 'response', status: 200, bodyBytes: 60, complete: false, closedBy, bodyDigest: 3 } };
}

/** The probe's own limit ran out. */
export function timesOut(limitUs: number, waitingFor: 'connect' | 'headers' | 'body' = 'headers'): FullReply {
  return { us: limitUs, exact: true, outcome: { kind: 'timeout', waitingFor, limitUs, bytesReceived: 0 } };
}

export function refused(us = 300): FullReply {
  const outcome: Outcome = {
    kind: 'connection-error',
    phase: 'connect',
    code: 'refused',
    detail: 'ECONNREFUSED',
    bytesReceived: 0,
  };
  return { us, outcome };
}

/** The connection ended before any answer. */
export function reset(us: number, closedBy: 'fin' | 'rst' = 'rst'): FullReply {
  const code = closedBy === 'rst' ? 'reset' : 'closed';
  const outcome: Outcome = {
    kind: 'connection-error',
    phase: 'wait',
    code,
    detail: 'ended',
    closedBy,
    bytesReceived: 0,
  };
  return { us, outcome };
}

export function notSent(reason: NotSentReason = 'cap'): FullReply {
  return { us: 0, exact: true, outcome: { kind: 'not-sent', reason } };
}

export function replyOf(responder: Responder, ask: Ask): FullReply {
  const reply = typeof responder === 'function' ? responder(ask) : responder;
  return typeof reply === 'number' ? { us: reply } : reply;
}

/** `rare` with probability `ratio`, else `usual`. */
export function sometimes(ratio: number, rare: Responder, usual: Responder): (ask: Ask) => Reply {
  return (ask) => replyOf(ask.random.next() < ratio ? rare : usual, ask);
}

/** Shifts the time of any reply, for example the gateway's overhead on a member's responder. */
export function plus(us: number, responder: Responder): (ask: Ask) => Reply {
  return (ask) => {
    const reply = replyOf(responder, ask);
    return { ...reply, us: reply.us + us };
  };
}

/** Round robin over members' responders. */
export function balanced(...responders: readonly Responder[]): (ask: Ask) => Reply {
  let next = 0;
  return (ask) => replyOf(responders[next++ % responders.length] as Responder, ask);
}

/**
 * A server that works on `servers` requests at once, each for `serviceUs` (exponential when `isRandom`), first come,
 * first served. Pass the same queue as several responders, and they share it: a canary waits behind the load. Beyond
 * `maxWaiting` it answers `full`.
 */
export function queueOf(options: {
  readonly servers: number;
  readonly serviceUs: number;
  readonly isRandom?: boolean;
  readonly maxWaiting?: number;
  readonly full?: Reply;
}): (ask: Ask) => Reply {
  const {
    servers,
    serviceUs,
    isRandom = false,
    maxWaiting = Number.POSITIVE_INFINITY,
    full = fails(1_000, 503),
  } = options;
  const freeAtUs = new Array<number>(servers).fill(0);
  let startsUs: number[] = [];
  return (ask) => {
    startsUs = startsUs.filter((startUs) => startUs > ask.dueUs);
    const slot = freeAtUs.indexOf(Math.min(...freeAtUs));
    if ((freeAtUs[slot] as number) > ask.dueUs && startsUs.length >= maxWaiting) return full;
    const startUs = Math.max(ask.dueUs, freeAtUs[slot] as number);
    startsUs.push(startUs);
    const workUs = isRandom ? -serviceUs * Math.log(1 - ask.random.next()) : serviceUs;
    freeAtUs[slot] = startUs + workUs;
    return { us: startUs + workUs - ask.dueUs, exact: true };
  };
}

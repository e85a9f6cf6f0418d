/** Turns due requests and their replies into exchanges: `make-recording.ts` without the experiments. */
import type { Exchange, ExchangeTag } from '../../src/model/exchange.ts';
import { memberOf, type RouteId } from '../../src/model/route.ts';
import type { Random } from '../../src/model/time.ts';
import { US_PER_SEC } from '../../src/model/time.ts';
import { type Ask, type FullReply, OK, type Responder, replyOf } from './synthetic-replies.ts';

/** A request that will be due `atUs` after the start of its experiment. */
export type Due = {
  readonly route: RouteId;
  readonly atUs: number;
  readonly responder: Responder;
  readonly requestName?: string;
  readonly slot?: number;
  readonly connection?: 'new' | 'warm';
  /** Idle time of its connection; default: since the last exchange of the route. */
  readonly idleUs?: number;
  readonly tag?: ExchangeTag;
  /** What becomes due when it has ended (closed loops). */
  readonly next?: (endAtUs: number) => Due | undefined;
};

/** State of a recording in the making. */
export type Synthetic = {
  readonly random: Random;
  readonly noise: number;
  readonly request: string;
  nextSeq: number;
  nextConnection: number;
};

/** `dueUs`, `sentUs` and so on count from the start of the experiment; `us` is the service time. */
export type LooseExchange = Omit<Partial<Exchange>, 'route'> & { readonly route: RouteId; readonly us?: number };

/** As given: no noise, and what is given replaces what would be made up. */
export function looseDue(exchange: LooseExchange): Due {
  const { route, us = 10_000, dueUs = 0, slot, tag, requestName, sentUs, firstByteUs, endUs, ...facts } = exchange;
  const isNew = exchange.connection?.isNew === true;
  return {
    route,
    atUs: dueUs,
    ...(slot === undefined ? {} : { slot }),
    ...(tag === undefined ? {} : { tag }),
    ...(requestName === undefined ? {} : { requestName }),
    connection: isNew ? 'new' : 'warm',
    responder: (ask) => {
      const startUs = ask.dueUs - ask.atUs;
      const given = {
        ...facts,
        ...(sentUs === undefined ? {} : { sentUs: startUs + sentUs }),
        ...(firstByteUs === undefined ? {} : { firstByteUs: startUs + firstByteUs }),
        ...(endUs === undefined ? {} : { endUs: startUs + endUs }),
      };
      return {
        us,
        exact: true,
        ...(exchange.outcome === undefined ? {} : { outcome: exchange.outcome }),
        facts: given,
      };
    },
  };
}

/** A new connection takes this much longer than a warm one. */
export const CONNECT_US = 400;
const SEND_US = 20;
const RECEIVE_US = 100;
/** Standard deviation of the logarithm of a time, per unit of noise. */
const SPREAD_PER_NOISE = 0.03;
const DRIFT_PER_NOISE = 0.02;
/** Correlation of the drift from one second to the next. */
const DRIFT_CORRELATION = 0.8;

/** Exchanges in order of due time. */
export function runSynthetic(state: Synthetic, experimentId: string, startUs: number, due: readonly Due[]): Exchange[] {
  const waiting = due.toSorted((a, b) => a.atUs - b.atUs);
  const drift = createDrift(state);
  const lastEndUs = new Map<RouteId, number>();
  const indexes = new Map<RouteId, number>();
  const exchanges: Exchange[] = [];
  for (let at = 0; at < waiting.length; at++) {
    const current = waiting[at] as Due;
    const index = indexes.get(current.route) ?? 0;
    indexes.set(current.route, index + 1);
    const dueUs = startUs + Math.round(current.atUs);
    const idleUs = current.idleUs ?? Math.max(0, dueUs - (lastEndUs.get(current.route) ?? startUs));
    const exchange = makeExchange(state, experimentId, current, { dueUs, index, idleUs, drift: drift(current.atUs) });
    lastEndUs.set(current.route, exchange.endUs);
    exchanges.push(exchange);
    const next = current.next?.(exchange.endUs - startUs);
    if (next !== undefined) {
      const place = waiting.findIndex((other, i) => i > at && other.atUs > next.atUs);
      waiting.splice(place === -1 ? waiting.length : place, 0, next);
    }
  }
  return exchanges;
}

type Place = { readonly dueUs: number; readonly index: number; readonly idleUs: number; readonly drift: number };

function makeExchange(state: Synthetic, experimentId: string, due: Due, place: Place): Exchange {
  const { route, slot, tag, connection = 'warm' } = due;
  const { dueUs } = place;
  const member = memberOf(route);
  const requestName = due.requestName ?? state.request;
  const { atUs } = due;
  const ask: Mutable<Ask> = { route, requestName, dueUs, atUs, index: place.index, connection, random: state.random };
  if (member !== undefined) ask.member = member;
  if (slot !== undefined) ask.slot = slot;
  if (tag !== undefined) ask.tag = tag;
  const reply = replyOf(due.responder, ask);
  const outcome = reply.outcome ?? OK;
  const seq = state.nextSeq++;
  // Set one by one: a recording has thousands of them, and spreading takes several times as long.
  const exchange: Mutable<Exchange> = {
    seq,
    requestId: seq.toString(16).padStart(16, '0'),
    experimentId,
    route,
    requestName,
    dueUs,
    endUs: dueUs,
    outcome,
  };
  if (slot !== undefined) exchange.slot = slot;
  if (tag !== undefined) exchange.tag = tag;
  if (outcome.kind !== 'not-sent') addSentFacts(exchange, state, due, place, reply);
  if (reply.answer !== undefined) exchange.answer = reply.answer;
  return reply.facts === undefined ? exchange : Object.assign(exchange, reply.facts);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function addSentFacts(exchange: Mutable<Exchange>, state: Synthetic, due: Due, place: Place, reply: FullReply): void {
  const { connection = 'warm', route } = due;
  const isNew = connection === 'new';
  const kind = reply.outcome?.kind ?? 'response';
  const sentUs = place.dueUs + (state.noise === 0 ? 0 : Math.round(20 + 60 * state.random.next()));
  const workUs = Math.max(1, Math.round(reply.exact === true ? reply.us : noisy(state, reply.us, place.drift)));
  const connectUs = isNew && kind === 'response' ? CONNECT_US : 0;
  const endUs = sentUs + connectUs + workUs;
  const receiveUs = Math.min(RECEIVE_US, Math.floor(workUs / 2));
  const sendUs = Math.min(SEND_US, workUs - receiveUs);
  exchange.sentUs = sentUs;
  exchange.endUs = endUs;
  if (kind === 'response') {
    exchange.firstByteUs = endUs - receiveUs;
    const phasesUs = { send: sendUs, wait: workUs - sendUs - receiveUs, receive: receiveUs };
    exchange.phasesUs = connectUs > 0 ? { connect: connectUs, ...phasesUs } : phasesUs;
  }
  const id = isNew ? state.nextConnection++ : 1 + (hashOf(route) % 900);
  exchange.connection = {
    id,
    isNew,
    localPort: 40_000 + (id % 20_000),
    ageUs: isNew ? 0 : place.idleUs + 60 * US_PER_SEC,
    idleUs: isNew ? 0 : place.idleUs,
  };
}

function noisy(state: Synthetic, us: number, drift: number): number {
  if (state.noise === 0) return us;
  return us * Math.exp(state.noise * (SPREAD_PER_NOISE * normal(state.random) + DRIFT_PER_NOISE * drift));
}

/** Slow noise that all routes share: an AR(1) process with a step per second. */
function createDrift(state: Synthetic): (atUs: number) => number {
  const steps: number[] = [];
  return (atUs) => {
    if (state.noise === 0) return 0;
    // Idle experiments last for hours: one step stands for all seconds beyond the first thousand.
    const second = Math.min(1_000, Math.floor(atUs / US_PER_SEC));
    while (steps.length <= second) {
      const fresh = Math.sqrt(1 - DRIFT_CORRELATION ** 2) * normal(state.random);
      steps.push(DRIFT_CORRELATION * (steps.at(-1) ?? normal(state.random)) + fresh);
    }
    return steps[second] as number;
  };
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

function hashOf(text: string): number {
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) >>> 0;
  return hash;
}

/** One due request from its launch to its exchange: obstacles, a connection, the answer. */
import {
  type CertificateFacts,
  type ConnectionFacts,
  type Exchange,
  isFailure,
  type NotSentReason,
  type Outcome,
  requestIdOf,
} from '../model/exchange.ts';
import type { RequestSpec } from '../model/profile.ts';
import type { RouteId } from '../model/route.ts';
import type { Clock } from '../model/time.ts';
import { type Connection, type ConnectResult, closeConnection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import { runExchange } from './exchange.ts';
import { advertisedUs, holdIdle } from './holding.ts';
import { createPool, createStrayCount, type Pool, type StrayCount } from './pool.ts';
import type { RouteTarget, SenderSetup } from './protocol.ts';
import { prepareRequest } from './request.ts';
import { countAsked, createReuseCount, type ReuseCount } from './reuse-count.ts';
import type { ShotShape } from './schedule.ts';
import type { SharedLimits } from './shared-limits.ts';
import { type Templates, writeRequest } from './wire/request-template.ts';

export type RouteState = {
  readonly target: RouteTarget;
  /** Its place among the routes of the setup. */
  readonly place: number;
  readonly pool: Pool;
  readonly templates: Templates;
  readonly stray: StrayCount;
  readonly reuse: ReuseCount;
  cookie: string;
  /** `Retry-After` of this route: nothing is sent before. */
  pausedUntilUs: number;
  /** Answers whose headers were kept so far. */
  answersKept: number;
  /** Fingerprints of the certificates that exchanges have told of. */
  readonly certificatesTold: Set<string>;
};

/** What all launches of a thread share; counts are kept up to date here. */
export type LaunchState = {
  readonly setup: SenderSetup;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly routes: ReadonlyMap<RouteId, RouteState>;
  readonly requests: ReadonlyMap<string, RequestSpec>;
  /** Functions that end what is in flight, by sequence number. */
  readonly abortable: Map<number, () => void>;
  readonly onPortShortage: () => void;
  /** Only where other threads send as well: then the limits are those of all together, and the counts below this thread's own. */
  readonly together: SharedLimits | undefined;
  nextSeq: number;
  /** From one number to the next: the numbers between are other threads'. */
  seqStep: number;
  /** Numbers given out. */
  launched: number;
  sentTotal: number;
  inFlight: number;
  stopped: NotSentReason | undefined;
};

/** One due request on its way. */
export type Launch = {
  readonly experimentId: string;
  readonly shape: ShotShape;
  readonly slot: number;
  readonly dueUs: number;
};

type Base = Pick<Exchange, 'seq' | 'requestId' | 'experimentId' | 'route' | 'requestName' | 'dueUs'>;

/** A target may ask for a pause; a minute is the longest that an experiment waits for. */
const MAX_RETRY_AFTER_US = 60_000_000;
/** Headers and bodies of this many answers per route are kept although nothing is wrong with them: to recognise the gateway. */
const ANSWERS_KEPT = 20;
/** More certificates behind one name are a farm that makes them as it goes. */
const CERTIFICATES_TOLD = 8;

export function createRouteState(
  target: RouteTarget,
  { limits, trusted }: Pick<SenderSetup, 'limits' | 'trusted'>,
  clock: Clock,
  place = 0,
): RouteState {
  const stray = createStrayCount();
  const reuse = createReuseCount();
  return {
    target,
    place,
    pool: createPool(target, limits, trusted, clock, stray, reuse),
    templates: new Map(),
    stray,
    reuse,
    cookie: '',
    pausedUntilUs: 0,
    answersKept: 0,
    certificatesTold: new Set<string>(),
  };
}

export function routeState(state: LaunchState, route: RouteId): RouteState {
  const found = state.routes.get(route);
  if (found === undefined) throw new Error(`no such route: ${route}`);
  return found;
}

/** Sends one request now. Every launch yields exactly one exchange; a request that must not be sent says why. */
export async function launchRequest(
  state: LaunchState,
  { experimentId, shape, slot, dueUs }: Launch,
): Promise<Exchange> {
  const route = routeState(state, shape.route);
  const seq = takeSeq(state);
  const base = {
    seq,
    requestId: requestIdOf(state.setup.runId, seq),
    experimentId,
    ...(slot < 0 ? {} : { slot }),
    route: shape.route,
    requestName: shape.request,
    ...(shape.tag === undefined ? {} : { tag: shape.tag }),
    dueUs,
  };
  const sentUs = state.clock.nowUs();
  const reason = admit(state, route, sentUs);
  if (reason !== undefined) return { ...base, endUs: Math.max(sentUs, dueUs), outcome: { kind: 'not-sent', reason } };
  let held: Held | undefined;
  let exchange: Exchange;
  try {
    // Awaiting a connection that is there already would cost a turn of the loop before the request leaves.
    const acquired = route.pool.acquire(shape.connection);
    if (shape.connection === 'warm') countAsked(route.reuse, experimentId, shape.tag, acquired instanceof Promise);
    const opened = acquired instanceof Promise ? await untilOpened(state, seq, acquired) : { connection: acquired };
    if (opened === undefined) exchange = { ...base, sentUs, endUs: state.clock.nowUs(), outcome: { kind: 'aborted' } };
    else if ('connection' in opened) {
      const { connection } = opened;
      const answered = await exchangeOn(state, connection, base, shape, route, sentUs);
      exchange = answered.exchange;
      if (answered.isHeld) held = { connection, keepAlive: answered.keepAlive };
    } else {
      const { outcome, phasesUs, certificate } = opened.failure;
      if (outcome.kind === 'connection-error' && outcome.code === 'ports') state.onPortShortage();
      exchange = { ...base, sentUs, endUs: state.clock.nowUs(), outcome, phasesUs, ...firstSight(route, certificate) };
    }
  } finally {
    // A connection that is only held is no request in flight.
    leave(state);
  }
  return held === undefined ? exchange : await hold(state, exchange, held, shape.holdUs ?? 0);
}

/** Undefined after a stop: a connection that comes later is closed, and nothing is sent on it. */
function untilOpened(
  { abortable }: LaunchState,
  seq: number,
  opening: Promise<ConnectResult>,
): Promise<ConnectResult | undefined> {
  return new Promise((resolve, reject) => {
    let isAborted = false;
    abortable.set(seq, () => {
      isAborted = true;
      abortable.delete(seq);
      resolve(undefined);
    });
    opening.then((opened) => {
      if (!isAborted) abortable.delete(seq);
      else if ('connection' in opened) closeConnection(opened.connection);
      resolve(opened);
    }, reject);
  });
}

type Held = { readonly connection: Connection; readonly keepAlive: string | undefined };

async function hold(
  { clock, abortable }: LaunchState,
  exchange: Exchange,
  { connection, keepAlive }: Held,
  holdUs: number,
): Promise<Exchange> {
  const facts = await holdIdle(connection, holdUs, clock, (abort) => abortable.set(exchange.seq, abort));
  abortable.delete(exchange.seq);
  closeConnection(connection);
  if (facts === undefined) return exchange;
  const announcedUs = advertisedUs(keepAlive);
  return { ...exchange, held: { ...facts, ...(announcedUs === undefined ? {} : { advertisedUs: announcedUs }) } };
}

/** The number of the next exchange. */
export function takeSeq(state: LaunchState): number {
  const seq = state.nextSeq;
  state.nextSeq += state.seqStep;
  state.launched++;
  state.together?.launched();
  return seq;
}

/** Counts a due request as sent and under way, or says why it must not be sent. */
export function admit(state: LaunchState, route: RouteState, nowUs: number): NotSentReason | undefined {
  const { setup, together } = state;
  if (state.stopped !== undefined) return state.stopped;
  if (state.inFlight >= setup.limits.maxInFlight) return 'cap';
  if (state.sentTotal >= setup.limits.maxRequests) return 'budget';
  // What one thread was asked to wait for, all wait for.
  if (together !== undefined) route.pausedUntilUs = Math.max(route.pausedUntilUs, together.pausedUntilUs(route.place));
  if (route.pausedUntilUs > nowUs) return 'retry-after';
  const reason = together?.take();
  if (reason !== undefined) return reason;
  state.sentTotal++;
  state.inFlight++;
  return undefined;
}

/** A request that an engine with connections of its own has sent. */
export function countSent(state: LaunchState): void {
  state.sentTotal++;
  state.together?.countSent();
}

/** A request that was admitted is no longer under way. */
export function leave(state: LaunchState): void {
  state.inFlight--;
  state.together?.giveBack();
}

/** Requests that `limits.maxRequests` still allows. */
export function budgetOf({ setup, sentTotal, together }: LaunchState): number {
  return Math.max(0, setup.limits.maxRequests - (together?.sent() ?? sentTotal));
}

async function exchangeOn(
  state: LaunchState,
  connection: Connection,
  base: Base,
  shape: ShotShape,
  route: RouteState,
  sentUs: number,
): Promise<{ readonly exchange: Exchange; readonly isHeld: boolean; readonly keepAlive: string | undefined }> {
  const { setup, deadlines, abortable } = state;
  const spec = state.requests.get(shape.request);
  if (spec === undefined) throw new Error(`no such request: ${shape.request}`);
  const isNew = connection.uses === 0 && connection.openedUs >= sentUs;
  const facts = connectionFacts(connection, isNew, sentUs);
  const prepared = {
    ...(connection.channel === undefined
      ? prepareRequest(spec, route.target, setup, setup, base.requestId, shape, route.cookie)
      : writeRequest(route.templates, spec, route.target, setup, base.requestId, shape, route.cookie)),
    wantsAnswer: (outcome: Outcome) => wantsAnswer(route, outcome, shape),
  };
  const { reusable, retryAfter, keepAlive, phasesUs, ...answered } = await runExchange(
    connection,
    prepared,
    deadlines,
    (abort) => abortable.set(base.seq, abort),
  );
  abortable.delete(base.seq);
  const isHeld = reusable && shape.holdUs !== undefined;
  if (!isHeld) route.pool.release(connection, reusable && shape.connection === 'warm');
  pauseRoute(state, route, answered, retryAfter);
  const exchange = {
    ...base,
    sentUs,
    connection: facts,
    phasesUs: isNew ? { ...connection.phasesUs, ...phasesUs } : phasesUs,
    ...answered,
    ...firstSight(route, connection.certificate),
  };
  return { exchange, isHeld, keepAlive };
}

/** A target that asks for a pause gets it. */
export function pauseRoute(
  { clock, together }: Pick<LaunchState, 'clock' | 'together'>,
  route: RouteState,
  { outcome, endUs }: Pick<Exchange, 'outcome' | 'endUs'>,
  retryAfter: string | undefined,
): void {
  if (retryAfter === undefined || outcome.kind !== 'response' || ![429, 503].includes(outcome.status)) return;
  route.pausedUntilUs = Math.max(route.pausedUntilUs, endUs + retryAfterUs(retryAfter, clock));
  together?.pause(route.place, route.pausedUntilUs);
}

/** Each certificate is told once per route: a million exchanges need not carry it. */
export function firstSight(
  { certificatesTold }: RouteState,
  certificate: CertificateFacts | undefined,
): Pick<Exchange, 'certificate'> {
  if (certificate === undefined || certificatesTold.size >= CERTIFICATES_TOLD) return {};
  if (certificatesTold.has(certificate.fingerprint)) return {};
  certificatesTold.add(certificate.fingerprint);
  return { certificate };
}

export function wantsAnswer(route: RouteState, outcome: Outcome, shape: ShotShape): boolean {
  if (isFailure({ outcome }) || shape.tag?.kind === 'prepare') return true;
  // Its headers tell what is counted: requests in a time, or under way.
  if (outcome.kind === 'response' && outcome.status === 429) return true;
  if (!keepsAnswers(route)) return false;
  route.answersKept++;
  return true;
}

/** Whether answers of this route are still kept although nothing is wrong with them. */
export function keepsAnswers(route: RouteState): boolean {
  return route.answersKept < ANSWERS_KEPT;
}

export function connectionFacts(connection: Connection, isNew: boolean, nowUs: number): ConnectionFacts {
  const connectUs = connection.phasesUs.connect;
  return {
    id: connection.id,
    isNew,
    ...(connection.localPort === undefined ? {} : { localPort: connection.localPort }),
    ageUs: isNew ? 0 : nowUs - connection.openedUs,
    idleUs: isNew ? 0 : nowUs - (connection.lastEndUs ?? connection.openedUs),
    ...(connection.uses > 0 || connectUs === undefined
      ? {}
      : { opening: { connectUs, ahead: connection.openedBehind } }),
  };
}

function retryAfterUs(value: string, clock: Clock): number {
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - clock.wallMs()) / 1_000;
  return Number.isFinite(seconds) ? Math.min(MAX_RETRY_AFTER_US, Math.max(0, seconds * 1_000_000)) : 0;
}

/** Everything the sending thread knows: routes with their pools, the firing that runs, finished exchanges not yet reported. */
import { MessageChannel } from 'node:worker_threads';
import { type ConnectionFacts, type Exchange, isFailure, type NotSentReason, type Outcome } from '../model/exchange.ts';
import type { RouteId } from '../model/route.ts';
import type { Clock } from '../model/time.ts';
import { createClock } from './clock.ts';
import type { Connection, ConnectResult } from './connection.ts';
import { type Prepared, runExchange } from './exchange.ts';
import { CONTROL, type PacerData } from './pacer-control.ts';
import { createPool, type Pool } from './pool.ts';
import type { Command, FiringResult, RouteTarget, SenderSetup } from './protocol.ts';
import type { QualityWatch } from './quality.ts';
import { prepareRequest, type RequestIdentity, requestIdOf } from './request.ts';
import type { ShotShape } from './schedule.ts';
import { startThread } from './thread.ts';

type FireCommand = Extract<Command, { type: 'fire' }>;
type RouteState = {
  readonly target: RouteTarget;
  readonly pool: Pool;
  cookie: string;
  /** `Retry-After` of this route: nothing is sent before. */
  pausedUntilUs: number;
  /** Answers whose headers were kept so far. */
  answersKept: number;
};
/** One due request on its way. */
export type Launch = { readonly experimentId: string; readonly shape: ShotShape; readonly slot: number; readonly dueUs: number };

export type Sending = {
  readonly clock: Clock;
  fire(command: FireCommand): Promise<FiringResult>;
  /** Sends one request now; resolves when it ended. */
  launch(launch: Launch): Promise<Exchange>;
  /** For exchanges measured elsewhere (autocannon). */
  add(exchange: Omit<Exchange, 'seq' | 'requestId'>): void;
  routeTarget(route: RouteId): RouteTarget;
  /** Requests still allowed by `limits.maxRequests`. */
  budget(): number;
  isStopped(): boolean;
  onStop(listener: () => void): void;
  takeFinished(): readonly Exchange[];
  inFlight(): number;
  prepare(route: RouteId, connections: number): Promise<void>;
  setCookie(route: RouteId, cookie: string): void;
  stop(reason: NotSentReason, graceUs: number): void;
  closeIdle(): void;
  close(): void;
};

/** A target may ask for a pause; a minute is the longest that an experiment waits for. */
const MAX_RETRY_AFTER_US = 60_000_000;
/** Headers and bodies of this many answers per route are kept although nothing is wrong with them: to recognise the gateway. */
const ANSWERS_KEPT = 20;

export function createSending(setup: SenderSetup, quality: QualityWatch): Sending {
  const clock = createClock(setup.epoch);
  const identity: RequestIdentity = { runId: setup.runId, userAgent: setup.userAgent };
  const requests = new Map(setup.requests.map((spec) => [spec.name, spec]));
  const routes = new Map<RouteId, RouteState>(
    setup.routes.map((target) => [target.route, { target, pool: createPool(target, setup.limits, setup.trusted, clock), cookie: '', pausedUntilUs: 0, answersKept: 0 }]),
  );
  const abortable = new Map<number, () => void>();
  const stopListeners = new Set<() => void>();
  let finished: Exchange[] = [];
  let seq = 0;
  let sentTotal = 0;
  let inFlight = 0;
  let stopped: NotSentReason | undefined;
  let firing: { readonly pump: () => void } | undefined;
  const pacer = startPacer(setup, () => firing?.pump());

  function routeState(route: RouteId): RouteState {
    const state = routes.get(route);
    if (state === undefined) throw new Error(`no such route: ${route}`);
    return state;
  }

  /** Why a due request must not be sent, if so. */
  function obstacle(route: RouteState, nowUs: number): NotSentReason | undefined {
    if (stopped !== undefined) return stopped;
    if (inFlight >= setup.limits.maxInFlight) return 'cap';
    if (sentTotal >= setup.limits.maxRequests) return 'budget';
    return route.pausedUntilUs > nowUs ? 'retry-after' : undefined;
  }

  async function launch({ experimentId, shape, slot, dueUs }: Launch): Promise<Exchange> {
    const route = routeState(shape.route);
    const number = seq++;
    const base = {
      seq: number,
      requestId: requestIdOf(setup.runId, number),
      experimentId,
      ...(slot < 0 ? {} : { slot }),
      route: shape.route,
      requestName: shape.request,
      ...(shape.tag === undefined ? {} : { tag: shape.tag }),
      dueUs,
    };
    const sentUs = clock.nowUs();
    const reason = obstacle(route, sentUs);
    if (reason !== undefined) return finish({ ...base, endUs: sentUs, outcome: { kind: 'not-sent', reason } });
    sentTotal++;
    inFlight++;
    try {
      // Awaiting a value that is there already would cost a turn of the loop before the request leaves.
      const acquired = route.pool.acquire(shape.connection);
      const opened: ConnectResult = acquired instanceof Promise ? await acquired : { connection: acquired };
      if ('failure' in opened) {
        noteConnectFailure(opened.failure.outcome);
        return finish({ ...base, sentUs, endUs: clock.nowUs(), outcome: opened.failure.outcome, phasesUs: opened.failure.phasesUs });
      }
      return finish(await exchangeOn(opened.connection, base, shape, route, sentUs));
    } finally {
      inFlight--;
    }
  }

  async function exchangeOn(connection: Connection, base: Pick<Exchange, 'seq' | 'requestId' | 'experimentId' | 'route' | 'requestName' | 'dueUs'>, shape: ShotShape, route: RouteState, sentUs: number): Promise<Exchange> {
    const isNew = connection.uses === 0 && connection.openedUs >= sentUs;
    const facts = connectionFacts(connection, isNew, sentUs);
    const spec = requests.get(shape.request);
    if (spec === undefined) throw new Error(`no such request: ${shape.request}`);
    const prepared: Prepared = {
      ...prepareRequest(spec, route.target, setup, identity, base.requestId, shape, route.cookie),
      wantsAnswer: (outcome) => wantsAnswer(route, outcome, shape),
    };
    const { reusable, retryAfter, phasesUs, ...answered } = await runExchange(connection, prepared, clock, (abort) => abortable.set(base.seq, abort));
    abortable.delete(base.seq);
    route.pool.release(connection, reusable && shape.connection === 'warm');
    if (retryAfter !== undefined && answered.outcome.kind === 'response' && [429, 503].includes(answered.outcome.status)) {
      route.pausedUntilUs = Math.max(route.pausedUntilUs, answered.endUs + retryAfterUs(retryAfter, clock));
    }
    return { ...base, sentUs, connection: facts, phasesUs: isNew ? { ...connection.phasesUs, ...phasesUs } : phasesUs, ...answered };
  }

  function wantsAnswer(route: RouteState, outcome: Outcome, shape: ShotShape): boolean {
    if (isFailure({ outcome }) || shape.tag?.kind === 'prepare') return true;
    if (route.answersKept >= ANSWERS_KEPT) return false;
    route.answersKept++;
    return true;
  }

  function noteConnectFailure(outcome: Outcome): void {
    if (outcome.kind === 'connection-error' && outcome.code === 'ports') quality.portShortage();
  }

  function finish(exchange: Exchange): Exchange {
    finished.push(exchange);
    return exchange;
  }

  return {
    clock,
    launch,
    add: (exchange) => {
      if (exchange.outcome.kind !== 'not-sent') sentTotal++;
      finish({ ...exchange, seq, requestId: requestIdOf(setup.runId, seq++) });
    },
    async fire({ experimentId, schedule, startUs }) {
      stopped = undefined;
      const count = schedule.dueUs.length;
      if (count === 0) return { due: 0, sent: 0 };
      const sentBefore = sentTotal;
      quality.begin();
      await new Promise<void>((resolve) => {
        let next = 0;
        let open = count;
        const launchNext = (): void => {
          const shape = schedule.shapes[schedule.shapeIndex[next] as number] as ShotShape;
          const dueUs = startUs + (schedule.dueUs[next] as number);
          launch({ experimentId, shape, slot: schedule.slot[next++] as number, dueUs }).finally(() => {
            if (--open === 0) resolve();
          });
        };
        firing = {
          pump: () => {
            while (next < count && (stopped !== undefined || startUs + (schedule.dueUs[next] as number) <= clock.nowUs() + PUMP_AHEAD_US)) launchNext();
          },
        };
        pacer.start(schedule.dueUs, startUs);
      });
      firing = undefined;
      pacer.stop();
      quality.end();
      return { due: count, sent: sentTotal - sentBefore };
    },
    routeTarget: (route) => routeState(route).target,
    budget: () => Math.max(0, setup.limits.maxRequests - sentTotal),
    isStopped: () => stopped !== undefined,
    onStop: (listener) => stopListeners.add(listener),
    takeFinished() {
      const taken = finished;
      finished = [];
      return taken;
    },
    inFlight: () => inFlight,
    prepare: (route, connections) => routeState(route).pool.prepare(Math.min(connections, setup.limits.maxInFlight)),
    setCookie: (route, cookie) => {
      routeState(route).cookie = cookie;
    },
    stop(reason, graceUs) {
      stopped = reason;
      for (const listener of stopListeners) listener();
      stopListeners.clear();
      firing?.pump();
      setTimeout(() => {
        if (stopped === reason) for (const abort of abortable.values()) abort();
      }, graceUs / 1_000).unref();
    },
    closeIdle() {
      for (const { pool } of routes.values()) pool.closeIdle();
    },
    close() {
      for (const abort of abortable.values()) abort();
      for (const { pool } of routes.values()) pool.closeIdle();
      pacer.close();
    },
  };
}

/** Half of what the pacer coalesces: a request is never sent noticeably early. */
const PUMP_AHEAD_US = 20;

function startPacer(setup: SenderSetup, onWake: () => void): { start(dueUs: Float64Array<SharedArrayBuffer>, startUs: number): void; stop(): void; close(): void } {
  const control = new Int32Array(new SharedArrayBuffer(8));
  const { port1, port2 } = new MessageChannel();
  const data: PacerData = { epoch: setup.epoch, control, port: port2 };
  const thread = startThread('pacer', { workerData: data, transferList: [port2] });
  port1.on('message', () => {
    Atomics.store(control, CONTROL.waking, 0);
    onWake();
  });
  const stop = (): void => {
    Atomics.add(control, CONTROL.generation, 1);
    Atomics.notify(control, CONTROL.generation);
  };
  return {
    start: (dueUs, startUs) => port1.postMessage({ dueUs, startUs }),
    stop,
    close() {
      stop();
      port1.close();
      thread.terminate().catch(() => {});
    },
  };
}

function connectionFacts(connection: Connection, isNew: boolean, nowUs: number): ConnectionFacts {
  return {
    id: connection.id,
    isNew,
    ...(connection.localPort === undefined ? {} : { localPort: connection.localPort }),
    ageUs: isNew ? 0 : nowUs - connection.openedUs,
    idleUs: isNew ? 0 : nowUs - (connection.lastEndUs ?? connection.openedUs),
  };
}

function retryAfterUs(value: string, clock: Clock): number {
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - clock.wallMs()) / 1_000;
  return Number.isFinite(seconds) ? Math.min(MAX_RETRY_AFTER_US, Math.max(0, seconds * 1_000_000)) : 0;
}

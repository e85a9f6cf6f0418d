/** Everything the sending thread knows: routes with their pools, the firing that runs, finished exchanges not yet reported. */
import { MessageChannel } from 'node:worker_threads';
import type { AnswerRows } from '../model/answer-rows.ts';
import { type Exchange, type NotSentReason, requestIdOf } from '../model/exchange.ts';
import type { ReuseFacts } from '../model/instrument.ts';
import type { RouteId } from '../model/route.ts';
import type { Clock } from '../model/time.ts';
import type { ArrivalWatch } from './arrival-watch.ts';
import { createClock } from './clock.ts';
import { createDeadlines, type Deadlines } from './deadlines.ts';
import {
  budgetOf,
  countSent,
  createRouteState,
  type Launch,
  type LaunchState,
  launchRequest,
  routeState,
  takeSeq,
} from './launching.ts';
import { CONTROL, CONTROL_BYTES, LEAD, type PacerData } from './pacer-control.ts';
import type { Command, FiringResult, RouteTarget, SenderSetup, SeqNumbers, StrayBytes } from './protocol.ts';
import type { QualityWatch } from './quality.ts';
import { reuseFacts } from './reuse-count.ts';
import { createRowCollector, type RowCollector } from './row-collector.ts';
import type { ShotShape } from './schedule.ts';
import { joinLimits } from './shared-limits.ts';
import { startThread } from './thread.ts';

type FireCommand = Extract<Command, { type: 'fire' }>;

export type Sending = {
  readonly clock: Clock;
  /** The pacing thread runs: from now on requests leave in time. Rejects when it cannot start. */
  readonly ready: Promise<void>;
  fire(command: FireCommand): Promise<FiringResult>;
  /** Sends one request now; resolves when it ended. */
  launch(launch: Launch): Promise<Exchange>;
  /** What closed loops count in, as launches do. */
  readonly state: LaunchState;
  readonly deadlines: Deadlines;
  /** For ordinary answers of a closed loop; `takeRows` gives them on. */
  collectRows(about: Pick<AnswerRows, 'experimentId' | 'route' | 'requestName'>): RowCollector;
  takeRows(): AnswerRows | undefined;
  /** For an exchange of a closed loop that is counted already. */
  record(exchange: Exchange): void;
  /** For failures measured elsewhere (autocannon). */
  add(exchange: Omit<Exchange, 'seq' | 'requestId'>): void;
  routeTarget(route: RouteId): RouteTarget;
  /** Session cookies of a login, for engines that write their own requests. */
  cookieOf(route: RouteId): string;
  /** Bytes that no request had asked for, of the routes that sent some. */
  stray(): readonly StrayBytes[];
  /** Of the routes on which connections were to be used again. */
  reuse(): readonly ReuseFacts[];
  /** Requests still allowed by `limits.maxRequests`. */
  budget(): number;
  /** A closed loop begins as a firing does: an earlier stop is over. */
  begin(numbers?: SeqNumbers): void;
  isStopped(): boolean;
  onStop(listener: () => void): void;
  takeFinished(): readonly Exchange[];
  /** How many it would give now. */
  untold(): number;
  /** Numbers given to exchanges so far: as many must be reported. */
  launched(): number;
  nextSeq(): number;
  inFlight(): number;
  prepare(route: RouteId, connections: number): Promise<void>;
  setCookie(route: RouteId, cookie: string): void;
  stop(reason: NotSentReason, graceUs: number): void;
  closeIdle(): void;
  close(): void;
};

/** `pace` wakes the sender when requests are due: a thread of its own, unless a test has another. */
export function createSending(
  setup: SenderSetup,
  quality: QualityWatch,
  pace: typeof startPacer = startPacer,
): Sending {
  const clock = createClock(setup.epoch);
  const state = createLaunchState(setup, clock, quality.portShortage);
  const stopListeners = new Set<() => void>();
  let finished: Exchange[] = [];
  let firing: Firing | undefined;
  const pacing = startWhenNeeded(setup, pace, (learn, reached) => {
    const dueUs = firing?.nextDueUs();
    if (dueUs !== undefined) learn(clock.nowUs() - dueUs);
    firing?.pump(reached);
  });

  async function launch(one: Launch): Promise<Exchange> {
    const exchange = await launchRequest(state, one);
    finished.push(exchange);
    return exchange;
  }
  async function fire(command: FireCommand): Promise<FiringResult> {
    begin(state, command.numbers);
    const due = command.schedule.dueUs.length;
    if (due === 0) return { due, sent: 0 };
    const sentBefore = state.sentTotal;
    const { ready, start, stop } = pacing.started();
    await ready;
    const isMeasured = command.schedule.shapes.some(({ tag }) => tag?.kind !== 'prepare');
    if (isMeasured) quality.begin();
    firing = startFiring(command, state, launch, isMeasured ? quality.arrivals : undefined);
    start(command.schedule.dueUs, command.startUs);
    await firing.ended;
    firing = undefined;
    stop();
    if (isMeasured) quality.end();
    return { due, sent: state.sentTotal - sentBefore };
  }

  return {
    clock,
    ready: pacing.ready,
    launch,
    state,
    deadlines: state.deadlines,
    ...rowParts(setup.runId),
    record: (exchange) => void finished.push(exchange),
    add(exchange) {
      countSent(state);
      const seq = takeSeq(state);
      finished.push({ ...exchange, seq, requestId: requestIdOf(setup.runId, seq) });
    },
    fire,
    ...routeParts(state),
    onStop: (listener) => stopListeners.add(listener),
    untold: () => finished.length,
    takeFinished() {
      const taken = finished;
      finished = [];
      return taken;
    },
    stop(reason, graceUs) {
      state.stopped = reason;
      for (const listener of stopListeners) listener();
      stopListeners.clear();
      firing?.pump(0);
      setTimeout(() => {
        if (state.stopped === reason) abortAll(state);
      }, graceUs / 1_000).unref();
    },
    closeIdle: () => closeIdle(state),
    close() {
      abortAll(state);
      closeIdle(state);
      pacing.close();
    },
  };
}

function closeIdle({ routes }: LaunchState): void {
  for (const { pool } of routes.values()) pool.closeIdle();
}

function abortAll({ abortable }: LaunchState): void {
  for (const abort of abortable.values()) abort();
}

function rowParts(runId: string): Pick<Sending, 'collectRows' | 'takeRows'> {
  let rows: RowCollector | undefined;
  return {
    collectRows(about) {
      rows = createRowCollector({ ...about, runId });
      return rows;
    },
    takeRows: () => rows?.take(),
  };
}

/** What concerns single routes, whether it is stopped, and the counts. */
function routeParts(
  state: LaunchState,
): Pick<
  Sending,
  | 'routeTarget'
  | 'stray'
  | 'reuse'
  | 'cookieOf'
  | 'prepare'
  | 'setCookie'
  | 'begin'
  | 'isStopped'
  | 'budget'
  | 'inFlight'
  | 'launched'
  | 'nextSeq'
> {
  return {
    routeTarget: (route) => routeState(state, route).target,
    stray: () =>
      [...state.routes].flatMap(([route, { stray }]) => (stray.connections === 0 ? [] : [{ route, ...stray }])),
    reuse: () => [...state.routes].flatMap(([route, { reuse }]) => reuseFacts(route, reuse) ?? []),
    cookieOf: (route) => routeState(state, route).cookie,
    begin: (numbers) => begin(state, numbers),
    isStopped: () => state.stopped !== undefined,
    budget: () => budgetOf(state),
    inFlight: () => state.inFlight,
    launched: () => state.launched,
    nextSeq: () => state.nextSeq,
    prepare: (route, connections) =>
      routeState(state, route).pool.prepare(Math.min(connections, state.setup.limits.maxInFlight)),
    setCookie: (route, cookie) => {
      routeState(state, route).cookie = cookie;
    },
  };
}

/** An earlier stop is over. Numbers are given where other threads give out those between. */
function begin(state: LaunchState, numbers: SeqNumbers | undefined): void {
  state.stopped = undefined;
  if (numbers === undefined) return;
  state.nextSeq = numbers.first;
  state.seqStep = numbers.step;
}

/** All routes with nothing sent on them yet. */
export function createLaunchState(setup: SenderSetup, clock: Clock, onPortShortage: () => void): LaunchState {
  return {
    setup,
    clock,
    deadlines: createDeadlines(clock),
    routes: new Map(setup.routes.map((target, place) => [target.route, createRouteState(target, setup, clock, place)])),
    requests: new Map(setup.requests.map((spec) => [spec.name, spec])),
    abortable: new Map(),
    onPortShortage,
    together: setup.place === undefined ? undefined : joinLimits(setup.place.shared, setup.place.number, setup.limits),
    nextSeq: 0,
    seqStep: 1,
    launched: 0,
    sentTotal: 0,
    inFlight: 0,
    stopped: undefined,
  };
}

type Firing = { pump(reached: number): void; nextDueUs(): number | undefined; readonly ended: Promise<void> };

/**
 * Sends what is due whenever it is pumped, and what the pacing thread has reached, which is due within its lead. Nothing
 * later is waited for: answers are read between two pumps only. After a stop everything left is launched at once, to be
 * recorded as not sent.
 */
function startFiring(
  { experimentId, schedule, startUs }: FireCommand,
  state: LaunchState,
  launch: (one: Launch) => Promise<Exchange>,
  arrivals: ArrivalWatch | undefined,
): Firing {
  const count = schedule.dueUs.length;
  let next = 0;
  let open = count;
  const { promise: ended, resolve: resolveEnded, reject: rejectEnded } = Promise.withResolvers<void>();
  function launchNext(): void {
    const shape = schedule.shapes[schedule.shapeIndex[next] as number] as ShotShape;
    const dueUs = startUs + (schedule.dueUs[next] as number);
    const sentBefore = state.sentTotal;
    const nowUs = state.clock.nowUs();
    // A launch fails by a bug only; it must not pass for an exchange.
    launch({ experimentId, shape, slot: schedule.slot[next++] as number, dueUs }).then(() => {
      if (--open === 0) resolveEnded();
    }, rejectEnded);
    // Whether it is sent is settled before the launch waits for anything. What a stop leaves over is no longer asked for.
    if (state.stopped !== undefined) return;
    arrivals?.launched(dueUs, state.sentTotal > sentBefore ? nowUs : undefined);
  }
  const nextDueUs = (): number => startUs + (schedule.dueUs[next] as number);
  return {
    pump(reached) {
      while (next < count) {
        if (state.stopped === undefined && nextDueUs() > state.clock.nowUs()) {
          if (next >= reached || nextDueUs() - state.clock.nowUs() > 2 * LEAD.mostUs) return;
          // Woken a little early, as ordered: a timer for tens of µs does not exist.
          while (state.clock.nowUs() < nextDueUs()) {}
        }
        launchNext();
      }
    },
    nextDueUs: () => (next < count ? nextDueUs() : undefined),
    ended,
  };
}

export type Pacer = {
  readonly ready: Promise<void>;
  start(dueUs: Float64Array<SharedArrayBuffer>, startUs: number): void;
  stop(): void;
  close(): void;
};

type OnWake = (learn: (lateUs: number) => void, reached: number) => void;

/** The pacing thread now, or where none is expected when something is due at a moment after all. */
function startWhenNeeded(
  setup: SenderSetup,
  pace: typeof startPacer,
  onWake: OnWake,
): Pick<Pacer, 'ready' | 'close'> & { started(): Pacer } {
  let pacer: Pacer | undefined;
  const started = (): Pacer => {
    pacer ??= pace(setup, onWake);
    return pacer;
  };
  return {
    ready: setup.isUnpaced === true ? Promise.resolve() : started().ready,
    started,
    close: () => pacer?.close(),
  };
}

function startPacer(setup: SenderSetup, onWake: OnWake): Pacer {
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
  const { port1, port2 } = new MessageChannel();
  const data: PacerData = { epoch: setup.epoch, control, port: port2, spins: setup.spin === true };
  const thread = startThread('pacer', { workerData: data, transferList: [port2] });
  const ready = new Promise<void>((resolve, reject) => thread.once('message', () => resolve()).once('error', reject));
  port1.on('message', () => {
    Atomics.store(control, CONTROL.waking, 0);
    onWake(learn, Atomics.load(control, CONTROL.reached));
  });
  const learn = (lateUs: number): void => {
    const leadUs = Atomics.load(control, CONTROL.leadUs) + (lateUs > 0 ? LEAD.stepUs : -LEAD.stepUs);
    Atomics.store(control, CONTROL.leadUs, Math.min(LEAD.mostUs, Math.max(0, leadUs)));
  };
  const stop = (): void => {
    Atomics.add(control, CONTROL.generation, 1);
    Atomics.notify(control, CONTROL.generation);
  };
  return {
    ready,
    start(dueUs, startUs) {
      Atomics.store(control, CONTROL.reached, 0);
      port1.postMessage({ dueUs, startUs });
    },
    stop,
    close() {
      stop();
      port1.close();
      // The thread is at rest by now; how it ends is of no interest.
      thread.terminate().catch(() => {});
    },
  };
}

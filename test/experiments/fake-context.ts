/** For tests of this folder: a profile, a sender that answers from a function, time advanced by itself. */
import type { EjectionGuard, ExperimentContext } from '../../src/experiments/experiment.ts';
import { createLiveEstimates, type LiveEstimates } from '../../src/experiments/live-estimates.ts';
import { type Exchange, isFailure, type NotSentReason, type Outcome } from '../../src/model/exchange.ts';
import type { Limits, Profile, RequestSpec } from '../../src/model/profile.ts';
import { createRandom } from '../../src/model/random.ts';
import type { RouteId } from '../../src/model/route.ts';
import { US_PER_SEC } from '../../src/model/time.ts';
import type { Chain, ClosedLoop, FiringResult } from '../../src/traffic/protocol.ts';
import type { Schedule, Shot, ShotShape } from '../../src/traffic/schedule.ts';
import type { Sender } from '../../src/traffic/sender.ts';
import { createVirtualClock, type VirtualClock } from '../helpers/virtual-clock.ts';

const LIMITS: Limits = {
  maxRatePerSec: 100,
  maxRequests: 10_000,
  maxInFlight: 50,
  maxNewConnectionsPerSec: 50,
  requestTimeoutUs: 60 * US_PER_SEC,
  connectTimeoutUs: 5 * US_PER_SEC,
  maxBodyBytes: 1_000_000,
};

export function requestOf(more: Partial<RequestSpec> = {}): RequestSpec {
  return { name: 'home', path: '/', method: 'GET', headers: {}, weight: 1, safe: false, expect: {}, ...more };
}

export const SLOW = requestOf({ name: 'slow', path: '/slow?ms={delayMs}' });

export type ProfileParts = {
  readonly members?: number;
  readonly requests?: readonly RequestSpec[];
  readonly limits?: Partial<Limits>;
};

export function profileOf({ members = 2, requests = [requestOf(), SLOW], limits = {} }: ProfileParts = {}): Profile {
  const target = { url: 'http://192.0.2.1', tls: { verify: true }, http: 1 } as const;
  return {
    schemaVersion: 1,
    name: 'test',
    gateway: target,
    members: Array.from({ length: members }, (_, i) => ({ ...target, name: `web${i + 1}` })),
    requests,
    experiments: [],
    limits: { ...LIMITS, ...limits },
    thresholds: [],
    failOn: 'never',
    cookies: {},
    logs: [],
    mask: [],
    secrets: [],
    notes: [],
  };
}

export function shotsOf({ dueUs, shapeIndex, slot, shapes }: Schedule): readonly Shot[] {
  return Array.from(dueUs, (due, i) => ({
    dueUs: due,
    ...(shapes[shapeIndex[i] as number] as ShotShape),
    ...((slot[i] as number) < 0 ? {} : { slot: slot[i] as number }),
  }));
}

export type Reply = {
  readonly outcome: Outcome;
  readonly serviceUs: number;
  readonly facts?: Pick<Exchange, 'held' | 'memberConnection' | 'answeredBy' | 'answer'>;
};

export function answered(status = 200, serviceUs = 10_000): Reply {
  return { outcome: { kind: 'response', status, bodyBytes: 0, complete: true, bodyDigest: 0 }, serviceUs };
}

/** What was asked of the sender, in order. */
export type SenderEvent =
  | { readonly type: 'fire'; readonly experimentId: string; readonly shots: readonly Shot[]; readonly atUs: number }
  | { readonly type: 'burst'; readonly load: ClosedLoop }
  | { readonly type: 'chain'; readonly experimentId: string; readonly chain: Chain; readonly atUs: number }
  | { readonly type: 'prepare'; readonly route: RouteId; readonly connections: number }
  | { readonly type: 'stop'; readonly reason: NotSentReason }
  | { readonly type: 'closeIdle'; readonly atUs: number };

export type Fake = {
  readonly context: ExperimentContext;
  readonly clock: VirtualClock;
  readonly events: readonly SenderEvent[];
  /** All shots fired, in order. */
  shots(): readonly Shot[];
  interrupt(): void;
  /** Runs an experiment to its end, letting virtual time pass as it is slept. */
  finish<T>(running: Promise<T>): Promise<T>;
};

export type FakeOptions = {
  readonly profile?: Profile;
  readonly reply?: (shot: Shot) => Reply;
  readonly guard?: Partial<EjectionGuard>;
  readonly burstResult?: Partial<FiringResult>;
  readonly seed?: number;
};

export function fakeContext(options: FakeOptions = {}): Fake {
  const { profile = profileOf(), reply = () => answered(), seed = 1 } = options;
  const clock = createVirtualClock();
  const live = createLiveEstimates();
  const events: SenderEvent[] = [];
  const controller = new AbortController();
  const sender = fakeSender(clock, live, reply, events, options.burstResult ?? {});
  return {
    clock,
    events,
    shots: () => events.flatMap((event) => (event.type === 'fire' ? event.shots : [])),
    interrupt: () => {
      controller.abort();
      sender.stop('aborted');
    },
    async finish(running) {
      let done = false;
      const mark = (): void => {
        done = true;
      };
      running.then(mark, mark);
      while (!done) await clock.advance(50_000);
      return running;
    },
    context: {
      profile,
      sender,
      clock,
      random: createRandom(seed),
      signal: controller.signal,
      live,
      guard: () => ({
        slowRequest: 'never',
        because: 'a reason',
        holdUs: 0,
        gatewayTitle: 'a gateway',
        ...options.guard,
      }),
    },
  };
}

function fakeSender(
  clock: VirtualClock,
  live: LiveEstimates,
  reply: (shot: Shot) => Reply,
  events: SenderEvent[],
  burstResult: Partial<FiringResult>,
): Sender {
  let seq = 0;
  let stopped: NotSentReason | undefined;
  function exchangeOf(experimentId: string, shot: Shot, startUs: number): Exchange {
    const dueUs = startUs + shot.dueUs;
    const base = {
      seq: seq++,
      requestId: String(seq),
      experimentId,
      route: shot.route,
      requestName: shot.request,
      ...(shot.tag === undefined ? {} : { tag: shot.tag }),
      dueUs,
    };
    if (stopped !== undefined) return { ...base, endUs: dueUs, outcome: { kind: 'not-sent', reason: stopped } };
    const { outcome, serviceUs, facts = {} } = reply(shot);
    return { ...base, sentUs: dueUs, endUs: dueUs + serviceUs, outcome, ...facts };
  }
  return {
    async fire(experimentId, schedule) {
      stopped = undefined;
      const shots = shotsOf(schedule);
      const startUs = clock.nowUs();
      events.push({ type: 'fire', experimentId, shots, atUs: startUs });
      for (const shot of shots) {
        if (stopped === undefined) await clock.sleep(startUs + shot.dueUs - clock.nowUs());
        const exchange = exchangeOf(experimentId, shot, startUs);
        if (shots.length === 1) await clock.sleep(exchange.endUs - clock.nowUs());
        live.add([exchange]);
      }
      return { due: shots.length, sent: shots.length };
    },
    async burst(_experimentId, load) {
      events.push({ type: 'burst', load });
      return { due: 1, sent: 1, ...burstResult };
    },
    async chain(experimentId, chain) {
      stopped = undefined;
      events.push({ type: 'chain', experimentId, chain, atUs: clock.nowUs() });
      const ends: number[] = [];
      for (const { shape, after } of chain.steps) {
        const dueUs = after === undefined ? clock.nowUs() : (ends[after.step] ?? 0) + after.gapUs;
        await clock.sleep(dueUs - clock.nowUs());
        if (stopped !== undefined) break;
        const exchange = exchangeOf(experimentId, { ...shape, dueUs: 0 }, clock.nowUs());
        await clock.sleep(exchange.endUs - clock.nowUs());
        ends.push(exchange.endUs);
        live.add([exchange]);
        if (chain.endsAtFailure && isFailure(exchange)) break;
      }
      return { due: ends.length, sent: ends.length };
    },
    prepare: async (route, connections) => {
      events.push({ type: 'prepare', route, connections });
    },
    stop(reason) {
      stopped = reason;
      events.push({ type: 'stop', reason });
    },
    closeIdle: () => {
      events.push({ type: 'closeIdle', atUs: clock.nowUs() });
    },
    setCookie: () => {},
    inFlight: () => 0,
    stray: () => [],
    close: () => Promise.reject(new Error('an experiment does not close the sender')),
  };
}

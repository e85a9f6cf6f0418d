/** What shows under load: queues, refusals, limits, threads that come late, connections that wait to be accepted. */
import type { Exchange } from '../../../src/model/exchange.ts';
import type { Recording } from '../../../src/model/recording.ts';
import {
  type Ask,
  balanced,
  fails,
  makeRecording,
  notSent,
  OK,
  plus,
  queueOf,
  type Reply,
  type Responder,
  replyOf,
} from '../../helpers/make-recording.ts';
import { MEMBERS, type Noise, type Row, SEC } from './row.ts';

const TWO = ['web1', 'web2'] as const;
const BURST = { durationUs: 4 * SEC, canaryPerSec: 10 };
const quick = (): Recording =>
  makeRecording({ members: MEMBERS })
    .compare({ durationUs: 5 * SEC })
    .build();

type Load = { readonly ratePerSec: number; readonly canaryPerSec?: number };

/** web2 works on two at a time for 50 ms each, which is 40/s; half of the load is for it, and its canary. */
function slowMember(seed: number, noise: Noise, { ratePerSec, canaryPerSec = 10 }: Load): Recording {
  const queue = queueOf({ servers: 2, serviceUs: 50_000 });
  return makeRecording({ seed, noise, members: TWO })
    .compare({ durationUs: 20 * SEC, member: 50_000 })
    .burst({
      ...BURST,
      ratePerSec,
      canaryPerSec,
      gateway: balanced(12_000, plus(2_000, queue)),
      member: { web1: 10_000, web2: queue },
    })
    .build();
}

const memberQueue: Row = {
  cause: 'queue/member',
  good: {
    make: (seed, noise) => slowMember(seed, noise, { ratePerSec: 100 }),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    measured: { ratePerSec: { value: 40, within: 0.1 } },
  },
  healthy: (seed, noise) => slowMember(seed, noise, { ratePerSec: 40 }),
  borderline: {
    below: (seed) => slowMember(seed, 1, { ratePerSec: 62 }),
    above: (seed) => slowMember(seed, 1, { ratePerSec: 85 }),
  },
  tooLittle: { recording: () => slowMember(1, 0, { ratePerSec: 100, canaryPerSec: 0 }), need: /burst/ },
  notApplicable: { never: 'without load it says that load is missing: any member may have a queue' },
};

/** The gateway works on four at a time for 50 ms each: 80/s. */
function slowGateway(seed: number, noise: Noise, { ratePerSec, canaryPerSec = 10 }: Load): Recording {
  const gateway = queueOf({ servers: 4, serviceUs: 50_000 });
  return makeRecording({ seed, noise, members: TWO })
    .compare({ durationUs: 20 * SEC, gateway: 50_000 })
    .burst({ ...BURST, ratePerSec, canaryPerSec, gateway })
    .build();
}

const gatewayQueue: Row = {
  cause: 'queue/gateway',
  good: {
    make: (seed, noise) => slowGateway(seed, noise, { ratePerSec: 160 }),
    scope: { route: 'gateway' },
    severity: 'warning',
    measured: { ratePerSec: { value: 80, within: 0.1 }, waitUs: { value: 4 * SEC, within: 0.1 } },
  },
  healthy: (seed, noise) => slowGateway(seed, noise, { ratePerSec: 40 }),
  borderline: {
    below: (seed) => slowGateway(seed, 1, { ratePerSec: 82 }),
    above: (seed) => slowGateway(seed, 1, { ratePerSec: 100 }),
  },
  tooLittle: { recording: () => slowGateway(1, 0, { ratePerSec: 160, canaryPerSec: 0 }), need: /canary/ },
  notApplicable: { never: 'without load it says that load is missing: any gateway may have a queue' },
};

/** Four at work and eight waiting: the thirteenth is refused. */
const full = (): Responder => queueOf({ servers: 4, serviceUs: 200_000, maxWaiting: 8, full: fails(1_000, 503) });

function refusing(seed: number, noise: Noise, gateway: Responder): Recording {
  return makeRecording({ seed, noise, members: TWO })
    .compare({ durationUs: 20 * SEC })
    .burst({ durationUs: 3 * SEC, ratePerSec: 100, gateway })
    .build();
}

const refusingOnly =
  (count: number): Responder =>
  ({ index }) =>
    index >= 100 && index < 100 + count ? fails(1_000, 503) : 12_000;

const rejected: Row = {
  cause: 'queue/rejected',
  good: {
    make: (seed, noise) => refusing(seed, noise, full()),
    scope: { route: 'gateway' },
    severity: 'error',
    measured: { concurrencyLimit: { value: 12, within: 0.1 } },
  },
  healthy: (seed, noise) => refusing(seed, noise, 12_000),
  borderline: {
    below: (seed) => refusing(seed, 1, refusingOnly(2)),
    above: (seed) => refusing(seed, 1, refusingOnly(40)),
  },
  tooLittle: { recording: quick, need: /burst.*ramp.*volleys/ },
  notApplicable: { never: 'without load it says that load is missing: any queue can be full' },
};

const WORK_US = 200_000;

/** First come, first served; a worker more each `1 / perSec` seconds since the first had to wait. */
function growing(initial: number, perSec: number): Responder {
  const freeAtUs = new Array<number>(initial).fill(0);
  const earliest = (): number => freeAtUs.indexOf(Math.min(...freeAtUs));
  let waitsSinceUs: number | undefined;
  return (ask: Ask): Reply => {
    for (;;) {
      const startUs = Math.max(ask.dueUs, freeAtUs[earliest()] as number);
      if (startUs > ask.dueUs) waitsSinceUs ??= ask.dueUs;
      if (waitsSinceUs === undefined) break;
      const nextUs = waitsSinceUs + ((freeAtUs.length - initial + 1) * SEC) / perSec;
      if (nextUs > startUs) break;
      freeAtUs.push(nextUs);
    }
    const slot = earliest();
    const endUs = Math.max(ask.dueUs, freeAtUs[slot] as number) + WORK_US;
    freeAtUs[slot] = endUs;
    return { us: endUs - ask.dueUs, exact: true };
  };
}

function told(name: string, responder: Responder): Responder {
  return (ask) => ({ ...replyOf(plus(1_000, responder), ask), facts: { answeredBy: name } });
}

function threaded(seed: number, noise: Noise, web1: Responder, sec = 6): Recording {
  return makeRecording({ seed, noise, members: TWO })
    .compare({ durationUs: 10 * SEC, member: WORK_US, gateway: WORK_US + 1_000 })
    .burst({
      durationUs: sec * SEC,
      ratePerSec: 90,
      gateway: balanced(told('web1', web1), told('web2', WORK_US)),
      member: { web1, web2: WORK_US },
    })
    .build();
}

const threadStarvation: Row = {
  cause: 'queue/thread-starvation',
  good: {
    make: (seed, noise) => threaded(seed, noise, growing(4, 1.2)),
    scope: { route: 'direct', member: 'web1' },
    severity: 'warning',
    // The quiet time of a request is measured with its noise, the load here is not noisy.
    measured: { threadsPerSec: { value: 1.2, within: 0.25 } },
  },
  healthy: (seed, noise) => threaded(seed, noise, WORK_US),
  borderline: {
    // A fixed number of threads, and one that hardly grows.
    below: (seed) => threaded(seed, 1, queueOf({ servers: 4, serviceUs: WORK_US })),
    above: (seed) => threaded(seed, 1, growing(4, 0.8)),
  },
  tooLittle: { recording: quick, need: /burst.*canary/ },
  notApplicable: { never: 'without load it says that load is missing: what runs on the members is not known' },
};

const LIMITED: Exchange['outcome'] = { ...OK, status: 429, bodyDigest: 429 };
const TOO_MANY: Reply = { us: 1_500, outcome: LIMITED, answer: { status: 429, headers: { 'retry-after': '1' } } };

/** Answers so many in each second, then refuses until the next. */
function perSecond(limit: number): Responder {
  let second = -1;
  let count = 0;
  return ({ atUs }) => {
    const now = Math.floor(atUs / SEC);
    if (now !== second) [second, count] = [now, 0];
    return ++count > limit ? TOO_MANY : 30_000;
  };
}

function limited(seed: number, noise: Noise, gateway: Responder): Recording {
  return makeRecording({ seed, noise, members: TWO })
    .compare({ durationUs: 10 * SEC })
    .burst({ ratePerSec: 60, durationUs: 4 * SEC, gateway, member: 30_000 })
    .build();
}

const refusedOnce =
  (count: number): Responder =>
  ({ index }) =>
    index >= 100 && index < 100 + count ? TOO_MANY : 30_000;

const rateLimited: Row = {
  cause: 'probe/rate-limited',
  good: {
    make: (seed, noise) => limited(seed, noise, perSecond(40)),
    scope: { route: 'probe' },
    severity: 'warning',
    // The rate of the second in which it began to refuse, between the limit and what was sent.
    measured: { ratePerSec: { value: 50, within: 0.25 } },
  },
  healthy: (seed, noise) => limited(seed, noise, 30_000),
  borderline: { below: (seed) => limited(seed, 1, refusedOnce(1)), above: (seed) => limited(seed, 1, refusedOnce(30)) },
  tooLittle: {
    recording: () =>
      makeRecording()
        .experiment('compare', [{ route: 'gateway', ...notSent() }])
        .build(),
    need: /ordinary/,
  },
  notApplicable: { never: 'whoever is asked may have a limiter' },
};

/** Time to connect (µs) of an attempt with so many ahead of it: so many are let in at once, the others by the attempts after 1 and 3 s. */
function connectUsOf(room: number, ahead: number, { random }: Ask): number {
  const tries = Math.floor(ahead / room);
  return 300 + Math.round(200 * random.next()) + (tries === 0 ? 0 : tries === 1 ? 1_010_000 : 3_030_000);
}

/** Volleys go out on connections that were opened together just before, as the probe prepares them. */
function accepting(room: number): Responder {
  let volley = '';
  let ahead = 0;
  return (ask): Reply => {
    if (ask.tag?.kind === 'volley') {
      const key = `${ask.tag.size} ${ask.tag.round}`;
      ahead = key === volley ? ahead + 1 : 0;
      volley = key;
      const connectUs = connectUsOf(room, ahead, ask);
      const opening = { connectUs, ahead };
      return {
        us: 10_000,
        facts: { connection: { id: 5_000 + ahead, isNew: false, ageUs: 1_000, idleUs: 1_000, opening } },
      };
    }
    if (ask.connection !== 'new') return 10_000;
    const connect = connectUsOf(room, 0, ask);
    const opening = { connectUs: connect, ahead: 0 };
    return {
      us: 10_000 + connect,
      exact: true,
      facts: {
        phasesUs: { connect, send: 20, wait: 9_800, receive: 100 },
        connection: { id: 9_000 + ask.index, isNew: true, ageUs: 0, idleUs: 0, opening },
      },
    };
  };
}

function backlog(seed: number, noise: Noise, room: number, sizes: readonly number[] = [8, 16]): Recording {
  const farm = { member: { web1: accepting(1_000), web2: accepting(room) }, gateway: accepting(1_000) };
  return makeRecording({ seed, noise, members: TWO })
    .compare({ durationUs: 20 * SEC, ratePerSec: 4, newConnectionRatio: 0.5, ...farm })
    .volley({ sizes, rounds: 2, ...farm })
    .build();
}

const listenBacklog: Row = {
  cause: 'queue/listen-backlog',
  good: {
    make: (seed, noise) => backlog(seed, noise, 4),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    measured: { acceptedAtOnce: { value: 4, within: 0 } },
  },
  healthy: (seed, noise) => backlog(seed, noise, 1_000),
  borderline: {
    // Each of the two largest volleys has one too many; five too many.
    below: (seed) => backlog(seed, 1, 15),
    above: (seed) => backlog(seed, 1, 11),
  },
  tooLittle: { recording: () => backlog(1, 0, 2, [2, 4]), need: /6 connections opened at once/ },
  notApplicable: {
    never: 'without several connections at once it says that they are missing: anybody may have a backlog',
  },
};

export const LOAD_ROWS: readonly Row[] = [
  memberQueue,
  gatewayQueue,
  rejected,
  threadStarvation,
  rateLimited,
  listenBacklog,
];

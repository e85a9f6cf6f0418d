/**
 * Farms in which nothing is wrong, in the shapes that mislead: slow, noisy, far away, cached, uneven, lossy. Each seed gives another recording
 * of every experiment there is. Whatever is found in them at warning or above is a defect of a detector (methods E.2, the negatives).
 */
import type { ExperimentKind } from '../../src/model/profile.ts';
import type { Recording } from '../../src/model/recording.ts';
import { US_PER_SEC } from '../../src/model/time.ts';
import {
  type Ask,
  balanced,
  fails,
  makeRecording,
  OK,
  plus,
  queueOf,
  type RecordingBuilder,
  type RecordingOptions,
  type Reply,
  type Responder,
  refused,
  replyOf,
  reset,
  sometimes,
  truncated,
} from './make-recording.ts';
import { syntheticProfile } from './synthetic-frame.ts';
import { type Answered, type Asked, historyRecording, ordinary } from './synthetic-history.ts';
import { keepAliveExchanges } from './synthetic-keep-alive.ts';

export type HealthyShape = { readonly name: string; readonly make: (seed: number) => Recording };

type Farm = { readonly gateway?: Responder; readonly member?: Responder | Readonly<Record<string, Responder>> };
type Run = Farm & {
  readonly noise?: 0 | 1 | 10;
  readonly members?: number;
  readonly compareSec?: number;
  readonly newConnectionRatio?: number;
  readonly requests?: readonly string[];
  readonly options?: RecordingOptions;
  readonly without?: readonly ExperimentKind[];
};

/** A quiet compare, and then each of the other experiments once. */
function everything(seed: number, run: Run): Recording {
  const { noise = 1, members = 3, compareSec = 15, newConnectionRatio = 0.2, requests, without = [] } = run;
  const farm: Farm = {
    ...(run.gateway === undefined ? {} : { gateway: run.gateway }),
    ...(run.member === undefined ? {} : { member: run.member }),
  };
  const names = namesOf(members);
  const recording = makeRecording({ seed, noise, members: names, ...run.options }).compare({
    ratePerSec: 10,
    durationUs: compareSec * US_PER_SEC,
    newConnectionRatio,
    ...(requests === undefined ? {} : { requests }),
    ...farm,
  });
  const more: Partial<Record<ExperimentKind, () => RecordingBuilder>> = {
    burst: () => recording.burst({ ratePerSec: 50, durationUs: 2 * US_PER_SEC, canaryPerSec: 8, ...farm }),
    ramp: () => recording.ramp({ fromPerSec: 5, toPerSec: 60, durationUs: 3 * US_PER_SEC, ...farm }),
    volley: () => recording.volley({ sizes: [4, 8, 16], ...farm }),
    idle: () => recording.idle({ ...farm }),
    timeout: () => recording.timeout({ ...farm }),
    'keep-alive': () =>
      recording.experiment('keep-alive', keepAliveExchanges({ seed, noise, members: names, controls: 20 })),
  };
  for (const [kind, add] of Object.entries(more)) if (!without.includes(kind as ExperimentKind)) add();
  return recording.build();
}

function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `web${i + 1}`);
}

function normal({ random }: Pick<Ask, 'random'>): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** Members that each take a little more or less, the same for the whole run: up to this share. */
function uneven(seed: number, share: number, count = 3): Readonly<Record<string, Responder>> {
  return Object.fromEntries(
    namesOf(count).map((name, i) => [name, 10_000 * (1 + share * Math.sin(12.9898 * seed + 78.233 * i))]),
  );
}

/** Nothing ends within a short pause; pauses begin at random, some 5 s apart, each of 20 to 60 ms. */
function collecting(seed: number, us: number): Responder {
  const pauseAt = (second: number): readonly [atUs: number, untilUs: number] => {
    const swing = Math.abs(Math.sin(12.9898 * seed + 4.1414 * second) * 43_758.5453) % 1;
    const atUs = (second + swing) * 5 * US_PER_SEC;
    return [atUs, atUs + 20_000 + 40_000 * swing];
  };
  return ({ atUs }) => {
    const endUs = atUs + us;
    const [fromUs, untilUs] = pauseAt(Math.floor(atUs / (5 * US_PER_SEC)));
    return endUs > fromUs && atUs < untilUs ? untilUs - Math.max(fromUs, atUs) + us : us;
  };
}

/** Lost packets come again after 200 ms, lost attempts to connect after 1 s. */
function lossy(ratio: number, responder: Responder): Responder {
  return (ask): Reply => {
    const reply = replyOf(responder, ask);
    const lateUs = ask.random.next() < ratio ? 200_000 + 8_000 * ask.random.next() : 0;
    if (ask.connection !== 'new') return { ...reply, us: reply.us + lateUs };
    const connect = 400 + (ask.random.next() < ratio ? 1_010_000 : 0);
    const wait = Math.round(reply.us + lateUs);
    const phasesUs = { connect, send: 20, wait, receive: 100 };
    return { ...reply, us: connect + wait + 120, exact: true, facts: { ...reply.facts, phasesUs } };
  };
}

/** A way of `rttUs`: one more to answer, and one to connect. */
function away(rttUs: number, responder: Responder): Responder {
  return (ask): Reply => {
    const reply = replyOf(responder, ask);
    const jitterUs = 2_000 * ask.random.next();
    const wait = Math.round(reply.us + rttUs + jitterUs);
    const connect = ask.connection === 'new' ? Math.round(rttUs + 2_000 * ask.random.next()) : 0;
    const phasesUs = { ...(connect > 0 ? { connect } : {}), send: 20, wait, receive: 100 };
    return { ...reply, us: connect + wait + 120, exact: true, facts: { ...reply.facts, phasesUs } };
  };
}

/** Part of the answers out of a cache, which says so. */
function cached(hitRatio: number, missUs: number): Responder {
  const headers = { age: '12' };
  return sometimes(hitRatio, { us: 2_000, outcome: OK, answer: { status: 200, headers } }, missUs);
}

/** Work of a member, and who did it; who is asked is left to chance. */
function drawn(count: number): Responder {
  return ({ random }) => ({
    us: 12_000,
    outcome: OK,
    facts: { answeredBy: `web${1 + Math.floor(random.next() * count)}` },
  });
}

const closing: Reply = { us: 10_000, outcome: OK, answer: { status: 200, headers: { connection: 'close' } } };

/** Half of the pages need much longer than the others. */
const mixed: Responder = ({ requestName }) => (requestName === 'report' ? 400_000 : 10_000);

function overTls(): RecordingOptions {
  const { gateway, members } = syntheticProfile(namesOf(3), 'home');
  const secure = <T extends { readonly url: string }>(one: T): T => ({
    ...one,
    url: one.url.replace('http:', 'https:'),
  });
  return { profile: { gateway: secure(gateway), members: members.map(secure) } };
}

function withTls(us: number): Responder {
  return ({ connection, random }): Reply => {
    if (connection !== 'new') return us;
    const tls = Math.round(3_000 + 1_500 * random.next());
    return {
      us: us + 400 + tls,
      exact: true,
      facts: { phasesUs: { connect: 400, tls, send: 20, wait: us - 120, receive: 100 } },
    };
  };
}

/** Days under watch, now and then an error. */
const watched = (asked: Asked): Answered =>
  asked.random.next() < 0.001 ? { us: 9_000, status: 503 } : ordinary(asked);

/** One request of a member fails, in one of the ways there are; everything else is well. */
function failingOnce(seed: number): Responder {
  const ways = [fails(5_000, 500), fails(5_000, 503), reset(8_000), truncated(8_000), refused()];
  let left = 1;
  return ({ index }) => (index === 5 + (seed % 13) && left-- > 0 ? (ways[seed % ways.length] as Reply) : 10_000);
}

/** A deployment: for two seconds of the run all members need ten times as long. */
const deployed: Responder = ({ atUs }) => (atUs >= 6 * US_PER_SEC && atUs < 8 * US_PER_SEC ? 100_000 : 10_000);

const rareError = sometimes(0.001, fails(5_000, 500), 10_000);

export const HEALTHY_SHAPES: readonly HealthyShape[] = [
  { name: 'plain', make: (seed) => everything(seed, {}) },
  { name: 'noisy, sigma x10', make: (seed) => everything(seed, { noise: 10 }) },
  {
    name: 'noisy, lognormal with sigma 1',
    make: (seed) => {
      const us: Responder = (ask) => 20_000 * Math.exp(normal(ask));
      return everything(seed, { member: us, gateway: plus(2_000, us) });
    },
  },
  {
    name: 'slow but fine',
    make: (seed) => {
      const us: Responder = ({ random }) => 2 * US_PER_SEC + 4 * US_PER_SEC * random.next();
      return everything(seed, { member: us, gateway: plus(3_000, us) });
    },
  },
  {
    name: 'cache in the gateway',
    make: (seed) => everything(seed, { member: 80_000, gateway: cached(0.6, 83_000) }),
  },
  {
    name: 'cache in the members',
    make: (seed) => {
      const us = sometimes(0.7, 5_000, 120_000);
      return everything(seed, { member: us, gateway: plus(2_000, us) });
    },
  },
  { name: 'pages of two kinds', make: (seed) => everything(seed, { requests: ['home', 'report'], member: mixed }) },
  { name: 'members 5 % apart', make: (seed) => everything(seed, { member: uneven(seed, 0.05) }) },
  { name: 'members 5 % apart, noisy', make: (seed) => everything(seed, { noise: 10, member: uneven(seed, 0.05) }) },
  {
    name: 'legal Connection: close',
    make: (seed) => everything(seed, { member: closing, newConnectionRatio: 1 }),
  },
  { name: 'gateway far away (80 ms)', make: (seed) => everything(seed, { gateway: away(80_000, 12_000) }) },
  {
    name: 'all far away (80 ms)',
    make: (seed) => everything(seed, { gateway: away(80_000, 12_000), member: away(80_000, 10_000) }),
  },
  { name: 'application errors of 0.1 %', make: (seed) => everything(seed, { member: rareError }) },
  {
    name: 'application errors of 0.1 %, long',
    make: (seed) => everything(seed, { member: rareError, compareSec: 100 }),
  },
  {
    name: 'short pauses of a member',
    make: (seed) => everything(seed, { member: { web2: collecting(seed, 10_000) }, compareSec: 30 }),
  },
  {
    name: 'short pauses of the gateway',
    make: (seed) => everything(seed, { gateway: collecting(seed, 12_000), compareSec: 30 }),
  },
  {
    name: 'retransmissions of 0.1 %',
    make: (seed) => everything(seed, { member: lossy(0.001, 10_000), gateway: lossy(0.001, 12_000), compareSec: 60 }),
  },
  { name: 'two members', make: (seed) => everything(seed, { members: 2 }) },
  { name: 'eight members', make: (seed) => everything(seed, { members: 8, member: uneven(seed, 0.02, 8) }) },
  {
    name: 'few requests (20 a route)',
    make: (seed) =>
      everything(seed, {
        noise: seed % 2 === 0 ? 1 : 10,
        compareSec: 2,
        without: ['burst', 'ramp', 'volley', 'idle', 'timeout', 'keep-alive'],
      }),
  },
  {
    name: 'few requests, one fails',
    make: (seed) =>
      everything(seed, {
        compareSec: 2,
        member: { web2: failingOnce(seed) },
        without: ['burst', 'ramp', 'volley', 'idle', 'timeout', 'keep-alive'],
      }),
  },
  { name: 'one request fails', make: (seed) => everything(seed, { member: { web2: failingOnce(seed) } }) },
  {
    name: 'a deployment that is over soon',
    make: (seed) =>
      everything(seed, { member: deployed, compareSec: 30, without: ['burst', 'ramp', 'volley', 'idle', 'timeout'] }),
  },
  {
    name: 'many requests (2,000 a route)',
    make: (seed) => everything(seed, { noise: seed % 2 === 0 ? 1 : 10, members: 2, compareSec: 200 }),
  },
  {
    name: 'load at half of the capacity',
    make: (seed) => {
      const queues = namesOf(3).map((): Responder => queueOf({ servers: 2, serviceUs: 40_000, isRandom: true }));
      const member = Object.fromEntries(namesOf(3).map((name, i) => [name, queues[i] as Responder]));
      return everything(seed, { member, gateway: balanced(...queues.map((queue) => plus(2_000, queue))) });
    },
  },
  { name: 'members by chance, named', make: (seed) => everything(seed, { gateway: drawn(3) }) },
  {
    name: 'pages that are not there, or need a login',
    make: (seed) => {
      const some = sometimes(0.2, fails(4_000, 404), sometimes(0.2, fails(3_000, 401), 10_000));
      return everything(seed, { member: some, gateway: plus(2_000, some) });
    },
  },
  {
    name: 'over TLS',
    make: (seed) => everything(seed, { options: overTls(), member: withTls(10_000), gateway: withTls(12_000) }),
  },
  {
    name: 'days under watch',
    make: (seed) =>
      historyRecording({
        seed,
        noise: seed % 2 === 0 ? 1 : 10,
        days: 4,
        everyUs: 600 * US_PER_SEC,
        level: '1h',
        answer: watched,
      }),
  },
];

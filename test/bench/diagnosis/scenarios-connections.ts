/** Families K (kept connections), N (network), S (stalls) and X (two faults at once). */
import type { Random } from '../../../src/model/time.ts';
import {
  between,
  closed,
  compare,
  HOME,
  lab,
  type MemberPlan,
  pageTime,
  pick,
  quirky,
  REPORT,
  type Scenario,
  SLOW,
} from './scenario.ts';
import { oneOdd, THREE } from './scenarios-members.ts';
import { drawTimeoutMs, ONE_TRY } from './scenarios-timeouts.ts';

const POST = '{ name: order, path: /, method: POST, body: "x=1", safe: true, expect: { status: 200 } }';

const EVENTS = '{ name: events, path: /events, weight: 5, expect: { status: 200 } }';

/** Members whose events come over `heldMs`. */
function streaming(random: Random): { readonly heldMs: number; readonly members: readonly MemberPlan[] } {
  const service = pageTime(random);
  const stream = { path: '/events', pieces: between(random, 4, 8), everyMs: between(random, 80, 160) };
  return {
    heldMs: (stream.pieces - 1) * stream.everyMs,
    members: THREE.map((name) => quirky(name, service, { stream })),
  };
}

/** As N6 behind gateways that pass pieces on. */
export const STREAMS: readonly Scenario[] = [
  {
    id: 'Z22-stream',
    family: 'Z',
    title: 'Members send events one by one, and so does the gateway',
    gateways: ['haproxy', 'caddy', 'nginx'],
    draw(random) {
      const { heldMs, members } = streaming(random);
      return {
        parameters: { bodyMs: heldMs },
        stage: {
          members,
          gateway: { nginx: { extra: 'proxy_buffering off;' } },
          requests: [HOME, EVENTS],
          experiments: [compare(6, 10)],
        },
        truth: [],
      };
    },
  },
];

const SAFE_HOME = HOME.replace('path: /,', 'path: /, safe: true,');

/** A connection rests for about as long as the member keeps it: then the race is likeliest (most at rate = 1/T). */
function raceBurst(request: string): string {
  return `{ burst: { rate: 40/s, for: 8s, arrival: poisson, request: ${request} } }`;
}

export const KEPT: readonly Scenario[] = [
  {
    id: 'K1-race',
    family: 'K',
    title: 'Members close idle connections that the gateway reuses; requests may not be repeated',
    gateways: ['nginx', 'haproxy', 'apache', 'caddy', 'varnish', 'arr'],
    short: 'nginx',
    ejects: true,
    draw(random) {
      const memberIdleTimeoutMs = between(random, 80, 250);
      const delayMs = between(random, 6, 12);
      const service = { kind: 'constant' as const, ms: 3 };
      return {
        parameters: { memberIdleTimeoutMs, roundTripMs: 2 * delayMs },
        stage: {
          members: ['web1', 'web2'].map((name) => ({
            ...lab(name, service, { keepAliveMs: memberIdleTimeoutMs }),
            relay: { delayMs },
          })),
          // nginx would take members out after the first race, which hides the others.
          gateway: { keepAlive: true, nginx: { serverParameters: 'max_fails=0' } },
          requests: [HOME, POST],
          experiments: [compare(6, 5), raceBurst('order'), '{ keep-alive: { upTo: 2s } }'],
        },
        truth: [{ cause: 'connection/keep-alive-race', measured: { memberIdleTimeoutMs } }],
      };
    },
  },
  {
    id: 'K2-masked',
    family: 'K',
    title: 'The same race, hidden by a repeated request',
    gateways: ['nginx', 'caddy', 'varnish'],
    draw(random) {
      const memberIdleTimeoutMs = between(random, 80, 250);
      const delayMs = between(random, 6, 12);
      const service = { kind: 'constant' as const, ms: 3 };
      return {
        parameters: { memberIdleTimeoutMs, roundTripMs: 2 * delayMs },
        stage: {
          members: ['web1', 'web2'].map((name) => ({
            ...lab(name, service, { keepAliveMs: memberIdleTimeoutMs }),
            relay: { delayMs },
          })),
          // nginx would take both members out in the burst, and answer nobody for 10 s.
          gateway: { keepAlive: true, nginx: { serverParameters: 'max_fails=0' } },
          // That it is so set, nobody sees from outside: the operator must allow the sweep.
          requests: [SAFE_HOME],
          experiments: [compare(6, 5), raceBurst('home'), '{ keep-alive: { upTo: 2s } }'],
        },
        truth: [{ cause: 'connection/keep-alive-race', measured: { memberIdleTimeoutMs } }],
      };
    },
  },
  {
    id: 'K5-silent',
    family: 'K',
    title: 'Something between gateway and members forgets idle connections',
    gateways: ['nginx', 'caddy', 'arr'],
    draw(random) {
      const idleLimitMs = between(random, 700, 1_200);
      const service = pageTime(random);
      return {
        parameters: { idleLimitMs },
        stage: {
          members: ['web1', 'web2'].map((name) => ({
            ...lab(name, service),
            relay: { delayMs: 1, forgetAfterMs: idleLimitMs },
          })),
          // nginx would take both members out after the first, and answer nobody for longer than the pauses are.
          gateway: { keepAlive: true, readTimeoutMs: 2_000, nginx: { serverParameters: 'max_fails=0' } },
          requests: [HOME],
          // Well below the read timer: in Caddy it runs while a connection rests, and would end the wait soon.
          experiments: [compare(8, 4), '{ idle: { gaps: [400ms, 1400ms], repeats: 3, request: home } }'],
        },
        truth: [{ cause: 'connection/silent-idle-drop', measured: { idleLimitMs } }],
        tolerated: ['timeout/gateway-response'],
      };
    },
  },
];

export const NETWORK: readonly Scenario[] = [
  {
    id: 'N3-name',
    family: 'N',
    title: 'The name of one member does not resolve',
    // The others resolve when they start, and do not start.
    gateways: ['caddy', 'arr'],
    draw(random) {
      const { odd, members } = oneOdd(random, (name) => ({ name, is: { kind: 'nameless' } }));
      return {
        parameters: { member: odd },
        stage: { members, gateway: {}, requests: [HOME], experiments: [compare(8, 6)] },
        truth: [{ cause: 'dns/failed', member: odd }],
      };
    },
  },
  {
    id: 'N4-certificate',
    family: 'N',
    title: 'The certificate of the gateway is signed by nobody that clients know',
    gateways: ['nginx', 'arr'],
    draw(random) {
      const service = pageTime(random);
      return {
        parameters: {},
        stage: {
          members: THREE.map((name) => lab(name, service)),
          gateway: {},
          front: { kind: 'tls' },
          requests: [HOME],
          experiments: [compare(6, 5)],
        },
        truth: [{ cause: 'tls/failed' }],
        tolerated: ['gateway/unreachable'],
      };
    },
  },
];

export const NETWORK_TIMES: readonly Scenario[] = [
  {
    id: 'N1-syn-loss',
    family: 'N',
    title: 'Attempts to connect to the gateway are dropped now and then, and repeated after a second',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const front = {
        kind: 'deaf' as const,
        deafMs: between(random, 200, 300),
        everyMs: between(random, 1_200, 1_500),
      };
      return {
        parameters: { deafMs: front.deafMs, everyMs: front.everyMs },
        stage: {
          members: THREE.map((name) => lab(name, { kind: 'lognormal', medianMs: 15, sigma: 0.1 })),
          gateway: {},
          front,
          requests: [HOME],
          experiments: [compare(10, 10, '100%')],
        },
        truth: [{ cause: 'connection/syn-loss' }],
        // While nothing is accepted, nothing is passed on either.
        tolerated: ['stall/pause'],
      };
    },
  },
  {
    id: 'N5-handshake',
    family: 'N',
    title: 'TLS handshakes with the gateway wait for something, as for a revocation list',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const delayMs = between(random, 300, 900);
      const service = pageTime(random);
      return {
        parameters: { delayMs },
        stage: {
          members: THREE.map((name) => lab(name, service)),
          gateway: {},
          front: { kind: 'tls', handshakeMs: delayMs },
          requests: [HOME],
          experiments: [compare(6, 8)],
        },
        truth: [{ cause: 'tls/slow', measured: { delayMs } }],
      };
    },
  },
  {
    id: 'N6-buffering',
    family: 'N',
    title: 'Members send events one by one, and the gateway keeps them until the last',
    gateways: ['nginx'],
    draw(random) {
      const { heldMs, members } = streaming(random);
      return {
        parameters: { heldMs },
        stage: { members, gateway: {}, requests: [HOME, EVENTS], experiments: [compare(6, 10)] },
        truth: [{ cause: 'gateway/buffering', measured: { heldMs } }],
      };
    },
  },
];

export const STALLS: readonly Scenario[] = [
  {
    id: 'S1-delayed-ack',
    family: 'S',
    title: 'One member sends its answers in two small writes, and the second waits for an acknowledgement',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const odd = pick(random, THREE);
      // Quick and steady, so that the step of 40 ms is seen.
      const service = { kind: 'lognormal' as const, medianMs: between(random, 5, 20), sigma: 0.1 };
      return {
        parameters: { member: odd },
        stage: {
          members: THREE.map((name) => quirky(name, service, { splitWrites: name === odd })),
          gateway: { keepAlive: true },
          requests: [HOME],
          experiments: [compare(12, 8, '10%')],
        },
        truth: [{ cause: 'path/delayed-ack', member: odd }],
      };
    },
  },
  {
    id: 'S3-pause',
    family: 'S',
    title: 'Everything in one member stops again and again, as a collector does',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const pauseMs = between(random, 150, 500);
      const stall = { everyMs: between(random, 1_200, 2_000), lengthMs: pauseMs };
      const { odd, members } = oneOdd(random, (name, service) => lab(name, service, { stall }));
      return {
        parameters: { ...stall, member: odd },
        stage: { members, gateway: {}, requests: [HOME], experiments: [compare(20, 10)] },
        truth: [{ cause: 'stall/pause', member: odd, measured: { pauseMs } }],
      };
    },
  },
];

export const PAIRS: readonly Scenario[] = [
  {
    id: 'X1-timeout-refused',
    family: 'X',
    title: 'A short response timer, and one member is down',
    gateways: ['haproxy', 'caddy', 'arr'],
    short: 'arr',
    ejects: true,
    draw(random, gateway) {
      const timeoutMs = drawTimeoutMs(random, gateway);
      const service = pageTime(random);
      const down = pick(random, THREE);
      const paths = { '/report': { kind: 'uniform' as const, fromMs: 0.4 * timeoutMs, toMs: 1.9 * timeoutMs } };
      return {
        parameters: { timeoutMs, member: down },
        stage: {
          members: THREE.map((name) => (name === down ? closed(name) : lab(name, service, { paths }))),
          gateway: { ...ONE_TRY, readTimeoutMs: timeoutMs },
          requests: [HOME, REPORT],
          experiments: [compare(10, 8)],
        },
        truth: [
          { cause: 'timeout/gateway-response', measured: { timeoutMs } },
          { cause: 'connection/refused', member: down },
        ],
      };
    },
  },
  {
    id: 'X2-queue-drop',
    family: 'X',
    title: 'One member works on few requests at a time, another drops connections',
    gateways: ['nginx', 'haproxy', 'arr'],
    ejects: true,
    draw(random) {
      const concurrencyLimit = between(random, 1, 3);
      const service = { kind: 'constant' as const, ms: 60 };
      const capacityPerSec = (1_000 * concurrencyLimit) / 60;
      const drop = { ratio: 0.2, by: pick(random, ['fin', 'rst']) };
      return {
        parameters: { concurrencyLimit, ...drop },
        stage: {
          members: [
            lab('web1', service),
            lab('web2', service, { concurrency: concurrencyLimit }),
            lab('web3', service, { drop }),
          ],
          gateway: {},
          requests: [HOME],
          experiments: [
            compare(6, 8),
            '{ volley: { sizes: [8, 16], request: home } }',
            `{ burst: { rate: ${Math.round(4.2 * capacityPerSec)}/s, for: 4s, request: home } }`,
          ],
        },
        truth: [
          { cause: 'queue/member', member: 'web2', measured: { concurrencyLimit } },
          { cause: 'connection/dropped-before-response', member: 'web3' },
        ],
      };
    },
  },
  {
    id: 'X3-timeout-cold',
    family: 'X',
    title: 'A short response timer, and one member falls asleep',
    gateways: ['haproxy', 'varnish', 'arr'],
    draw(random, gateway) {
      const timeoutMs = drawTimeoutMs(random, gateway);
      const coldStart = { idleMs: between(random, 1_200, 2_000), startMs: between(random, 500, 800) };
      const { odd, members } = oneOdd(random, (name, service) => lab(name, service, { coldStart }));
      return {
        parameters: { timeoutMs, ...coldStart, member: odd },
        stage: {
          members,
          gateway: { ...ONE_TRY, readTimeoutMs: timeoutMs },
          requests: [HOME, SLOW],
          experiments: [
            compare(8, 4),
            '{ idle: { gaps: [700ms, 2600ms], repeats: 3, request: home } }',
            '{ timeout: { request: slow, upTo: 4s } }',
          ],
          isKindDeclared: true,
        },
        truth: [
          { cause: 'timeout/gateway-response', measured: { timeoutMs } },
          {
            cause: 'cold-start/idle',
            member: odd,
            measured: { idleThresholdMs: coldStart.idleMs, penaltyMs: coldStart.startMs },
          },
        ],
      };
    },
  },
];

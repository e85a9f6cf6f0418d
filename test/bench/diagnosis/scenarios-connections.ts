/** Families K (kept connections), S (stalls) and X (two faults at once). */
import {
  between,
  closed,
  compare,
  HOME,
  lab,
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

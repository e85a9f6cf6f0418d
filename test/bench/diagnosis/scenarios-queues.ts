/** Family Q: queues of the gateway and of members; family C: cold starts. */
import { ALL_GATEWAYS, between, compare, HOME, lab, pageTime, pick, REPORT, type Scenario } from './scenario.ts';
import { oneOdd } from './scenarios-members.ts';

export const QUEUES: readonly Scenario[] = [
  {
    id: 'Q1-gateway',
    family: 'Q',
    title: 'The gateway lets fewer requests through than arrive',
    gateways: ['haproxy', 'apache', 'arr'],
    short: 'haproxy',
    draw(random) {
      const perMember = between(random, 1, 3);
      const ms = between(random, 40, 80);
      const concurrencyLimit = 2 * perMember;
      const capacityPerSec = (1_000 * concurrencyLimit) / ms;
      const ratePerSec = Math.round(1.4 * capacityPerSec);
      const service = { kind: 'constant' as const, ms };
      return {
        parameters: { perMember, serviceMs: ms, capacityPerSec, burstPerSec: ratePerSec },
        stage: {
          members: [lab('web1', service), lab('web2', service)],
          gateway: {
            haproxy: { serverParameters: `maxconn ${perMember}`, extra: '  timeout queue 20s' },
            // Each of Apache's processes counts for itself: one process, so that the limit is what is set.
            apache: {
              memberParameters: `retry=0 max=${perMember} acquire=20000`,
              extra: 'ServerLimit 1\nMaxRequestWorkers 64',
            },
            arr: { maxPerMember: perMember },
          },
          requests: [HOME],
          experiments: [
            compare(6, 5),
            `{ volley: { sizes: [${2 * concurrencyLimit}, ${4 * concurrencyLimit}], request: home } }`,
            `{ burst: { rate: ${ratePerSec}/s, for: 4s, request: home } }`,
          ],
        },
        truth: [{ cause: 'queue/gateway', measured: { concurrencyLimit, ratePerSec: capacityPerSec } }],
      };
    },
  },
  {
    id: 'Q2-member',
    family: 'Q',
    title: 'One member works on few requests at a time',
    gateways: ALL_GATEWAYS,
    short: 'nginx',
    draw(random) {
      const concurrencyLimit = between(random, 1, 4);
      const ms = between(random, 40, 80);
      const capacityPerSec = (1_000 * concurrencyLimit) / ms;
      const burstPerSec = Math.min(400, Math.round(3 * 1.4 * capacityPerSec));
      const service = { kind: 'constant' as const, ms };
      const odd = pick(random, ['web1', 'web2', 'web3']);
      return {
        parameters: { concurrencyLimit, serviceMs: ms, capacityPerSec, burstPerSec, member: odd },
        stage: {
          members: ['web1', 'web2', 'web3'].map((name) =>
            lab(name, service, name === odd ? { concurrency: concurrencyLimit } : {}),
          ),
          gateway: {},
          requests: [HOME],
          experiments: [
            compare(4, 4),
            '{ volley: { sizes: [8, 16], request: home } }',
            `{ burst: { rate: ${burstPerSec}/s, for: 4s, request: home } }`,
          ],
        },
        truth: [{ cause: 'queue/member', member: odd, measured: { concurrencyLimit, ratePerSec: capacityPerSec } }],
      };
    },
  },
  {
    id: 'Q3-listen-backlog',
    family: 'Q',
    title: 'One member accepts slowly, and few connections may wait for it',
    gateways: ['nginx', 'arr'],
    draw(random) {
      const slowAccept = { acceptMs: between(random, 5, 12), backlog: between(random, 1, 3) };
      const { odd, members } = oneOdd(random, (name, service) => lab(name, service, { slowAccept }));
      return {
        parameters: { ...slowAccept, member: odd },
        stage: {
          members,
          gateway: { connectTimeoutMs: 10_000 },
          requests: [HOME],
          experiments: [compare(6, 5), '{ volley: { sizes: [12, 24], request: home } }'],
        },
        truth: [{ cause: 'queue/listen-backlog', member: odd }],
      };
    },
  },
  {
    id: 'Q4-queue-timeout',
    family: 'Q',
    title: "Requests wait in HAProxy's queue for longer than its timer allows",
    gateways: ['haproxy'],
    draw(random) {
      const timeoutMs = between(random, 250, 500);
      const service = { kind: 'constant' as const, ms: 60 };
      return {
        parameters: { timeoutMs },
        stage: {
          members: [lab('web1', service), lab('web2', service)],
          gateway: { haproxy: { serverParameters: 'maxconn 1', extra: `  timeout queue ${timeoutMs}ms` } },
          requests: [HOME],
          experiments: [compare(6, 4), '{ burst: { rate: 60/s, for: 5s, request: home } }'],
        },
        truth: [{ cause: 'timeout/gateway-queue', measured: { timeoutMs } }],
        tolerated: ['queue/gateway'],
      };
    },
  },
  {
    id: 'Q5-reject',
    family: 'Q',
    title: 'The queue of members is short: a burst is refused',
    gateways: ALL_GATEWAYS,
    draw(random) {
      const concurrency = between(random, 2, 4);
      const queueLimit = between(random, 1, 4);
      const service = { kind: 'constant' as const, ms: 60 };
      const burstPerSec = Math.round(3 * ((1_000 * concurrency) / 60));
      return {
        parameters: { concurrency, queueLimit, burstPerSec },
        stage: {
          members: ['web1', 'web2'].map((name) => lab(name, service, { concurrency, queueLimit })),
          gateway: {},
          requests: [HOME],
          experiments: [
            compare(5, 5),
            '{ volley: { sizes: [4, 16], request: home } }',
            `{ burst: { rate: ${burstPerSec}/s, for: 3s, request: home } }`,
          ],
        },
        truth: [{ cause: 'queue/rejected' }],
        tolerated: ['queue/member'],
      };
    },
  },
  {
    id: 'Q6-starvation',
    family: 'Q',
    title: 'Members add threads slower than work arrives',
    gateways: ['nginx', 'arr'],
    draw(random) {
      const threadsPerSec = 0.7 + 1.5 * random.next();
      const initial = between(random, 3, 5);
      const service = { kind: 'constant' as const, ms: 200 };
      return {
        parameters: { threadsPerSec, initial },
        stage: {
          members: ['web1', 'web2'].map((name) =>
            lab(name, service, { slowThreads: { initial, perSec: threadsPerSec } }),
          ),
          gateway: {},
          requests: [HOME],
          experiments: [compare(4, 5), '{ burst: { rate: 90/s, for: 6s, request: home } }'],
          requestTimeout: '20s',
        },
        truth: [{ cause: 'queue/thread-starvation', measured: { threadsPerSec } }],
        // Requests do wait in the members; why they wait is what is asked for.
        tolerated: ['queue/member'],
      };
    },
  },
  {
    id: 'Q7-head-of-line',
    family: 'Q',
    title: 'Slow requests fill what the gateway lets through at once, and quick ones wait behind them',
    gateways: ['haproxy', 'apache', 'arr'],
    draw(random) {
      const perMember = between(random, 1, 3);
      const slowMs = between(random, 250, 450);
      const concurrencyLimit = 2 * perMember;
      const paths = { '/report': { kind: 'constant' as const, ms: slowMs } };
      return {
        parameters: { perMember, slowMs },
        stage: {
          members: ['web1', 'web2'].map((name) =>
            lab(name, { kind: 'constant', ms: between(random, 5, 15) }, { paths }),
          ),
          gateway: {
            haproxy: { serverParameters: `maxconn ${perMember}`, extra: '  timeout queue 20s' },
            apache: {
              memberParameters: `retry=0 max=${perMember} acquire=20000`,
              extra: 'ServerLimit 1\nMaxRequestWorkers 64',
            },
            arr: { maxPerMember: perMember },
          },
          requests: [HOME, REPORT],
          experiments: [
            compare(6, 5),
            `{ volley: { sizes: [${perMember}, ${2 * concurrencyLimit}, ${3 * concurrencyLimit}], request: report, beside: home } }`,
          ],
        },
        truth: [{ cause: 'queue/gateway', measured: { concurrencyLimit } }],
      };
    },
  },
];

export const COLD: readonly Scenario[] = [
  {
    id: 'C1-idle',
    family: 'C',
    title: 'The application of one member is gone after some idle time',
    gateways: ALL_GATEWAYS,
    short: 'varnish',
    draw(random) {
      const idleThresholdMs = between(random, 1_200, 2_000);
      const penaltyMs = between(random, 700, 1_500);
      const coldStart = { idleMs: idleThresholdMs, startMs: penaltyMs };
      const { odd, members } = oneOdd(random, (name, service) => lab(name, service, { coldStart }));
      return {
        parameters: { idleThresholdMs, penaltyMs, member: odd },
        stage: {
          members,
          gateway: {},
          requests: [HOME],
          experiments: [compare(8, 5), '{ idle: { gaps: [700ms, 2600ms], repeats: 3, request: home } }'],
        },
        truth: [{ cause: 'cold-start/idle', member: odd, measured: { idleThresholdMs, penaltyMs } }],
      };
    },
  },
  {
    id: 'C1-idle-all',
    family: 'C',
    title: 'All members fall asleep together',
    gateways: ['nginx', 'arr'],
    draw(random) {
      const idleThresholdMs = between(random, 1_200, 2_000);
      const penaltyMs = between(random, 700, 1_500);
      const coldStart = { idleMs: idleThresholdMs, startMs: penaltyMs };
      const service = pageTime(random);
      return {
        parameters: { idleThresholdMs, penaltyMs },
        stage: {
          members: ['web1', 'web2'].map((name) => lab(name, service, { coldStart })),
          gateway: {},
          requests: [HOME],
          experiments: [compare(8, 5), '{ idle: { gaps: [700ms, 2600ms], repeats: 3, request: home } }'],
        },
        truth: [{ cause: 'cold-start/idle', measured: { idleThresholdMs, penaltyMs } }],
      };
    },
  },
];

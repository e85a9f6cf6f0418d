import type { ServiceTime } from './options.ts';
import type { Behaviour, Scenario } from './scenario.ts';
import { HOME, labProfile, REPORT, SLOW } from './scenario-profile.ts';

/** The timers that ARR has by default where nobody has set others, but for the response timer, which a scenario sets. */
const DEFAULT_TIMERS = { resolveMs: 30_000, connectMs: 60_000, sendMs: 30_000 };

/** A gateway as ARR is installed: pooled connections are given up after a minute, and a refused connect takes a second. */
export const PLAIN_GATEWAY: Scenario['gateway'] = {
  timers: { ...DEFAULT_TIMERS, responseMs: 30_000 },
  poolIdleMs: 60_000,
  refusedMs: 1_000,
  affinity: false,
  errorPages: 'custom',
};

/** A page that takes 45 ms, now and then a little more or less. */
export const PAGE: ServiceTime = { kind: 'lognormal', medianMs: 45, sigma: 0.15 };

const SIDE_PATHS = ['/report', '/slow'];

/** Four members that behave. */
export const FOUR_GOOD: Scenario['members'] = ['web1', 'web2', 'web3', 'web4'].map((name) => ({
  name,
  behaviour: {
    service: PAGE,
    paths: { '/report': { kind: 'uniform', fromMs: 200, toMs: 400 } },
    unlimitedPaths: SIDE_PATHS,
  },
}));

export const healthy: Scenario = {
  name: 'healthy',
  title: 'A farm without faults',
  summary: 'Four members answer in about 45 ms, and the gateway adds nothing to speak of.',
  truth: [],
  members: FOUR_GOOD,
  gateway: PLAIN_GATEWAY,
  profile: (urls) =>
    labProfile(
      {
        name: 'lab-healthy',
        about: 'A farm without faults: nothing is to be found.',
        requests: [HOME, REPORT, SLOW],
        experiments: [
          '{ compare: { rate: 10/s, for: 8s, newConnections: 50% } }',
          '{ volley: { sizes: [8], request: home } }',
          '{ burst: { rate: 100/s, for: 2s, request: home } }',
          '{ idle: { gaps: [500ms, 1500ms], repeats: 2, request: home } }',
          '{ timeout: { request: slow, upTo: 2s } }',
        ],
        thresholds: ['overhead p50 < 15ms'],
      },
      urls,
    ),
};

/** Half of the reports and more take longer than the gateway waits. */
const DEMO_REPORT: ServiceTime = { kind: 'uniform', fromMs: 1_200, toMs: 3_100 };
const DEMO_RESPONSE_MS = 2_000;
const DEMO_SLOTS = 2;
const DEMO_SLOT_MS = 80;
const DEMO_COLD = { idleMs: 1_500, startMs: 1_200 };

function demoMember(behaviour: Partial<Behaviour>): Behaviour {
  return { service: PAGE, paths: { '/report': DEMO_REPORT }, unlimitedPaths: SIDE_PATHS, ...behaviour };
}

/**
 * Four faults at once, none of which hides another: reports, which run into the gateway's timer, take none of web2's slots and do not wake
 * web3. A burst of 120/s gives web2 30/s and the canary's 4/s; it works off 25/s, and after 3 s the wait is about 1 s,
 * still below the gateway's timer. The idle gaps stand on both sides of web3's idle time and come right after the burst,
 * which keeps it warm; three cold starts against some eighty warm requests are beyond chance.
 */
export const demo: Scenario = {
  name: 'demo',
  title: 'A farm with four faults',
  summary:
    'The gateway gives up on reports after 2 s, web2 works on two requests at a time, web3 falls asleep when idle, and web4 drops connections.',
  truth: [
    { cause: 'timeout/gateway-response', measured: { timeoutMs: DEMO_RESPONSE_MS } },
    {
      cause: 'queue/member',
      member: 'web2',
      measured: { concurrencyLimit: DEMO_SLOTS, ratePerSec: (DEMO_SLOTS * 1_000) / DEMO_SLOT_MS },
    },
    {
      cause: 'cold-start/idle',
      member: 'web3',
      measured: { idleThresholdMs: DEMO_COLD.idleMs, penaltyMs: DEMO_COLD.startMs },
    },
    { cause: 'connection/dropped-before-response', member: 'web4' },
  ],
  members: [
    { name: 'web1', behaviour: demoMember({}) },
    {
      name: 'web2',
      behaviour: demoMember({ service: { kind: 'constant', ms: DEMO_SLOT_MS }, concurrency: DEMO_SLOTS }),
    },
    { name: 'web3', behaviour: demoMember({ coldStart: DEMO_COLD }) },
    { name: 'web4', behaviour: demoMember({ drop: { ratio: 0.12, by: 'fin' } }) },
  ],
  gateway: { ...PLAIN_GATEWAY, timers: { ...DEFAULT_TIMERS, responseMs: DEMO_RESPONSE_MS } },
  profile: (urls) =>
    labProfile(
      {
        name: 'demo',
        about: 'The built-in farm with four faults.',
        requests: [HOME, REPORT, SLOW],
        experiments: [
          '{ compare: { rate: 10/s, for: 12s, newConnections: 50% } }',
          '{ volley: { sizes: [4, 8], request: home } }',
          '{ burst: { rate: 120/s, for: 3s, request: home } }',
          '{ idle: { gaps: [500ms, 2s], repeats: 3, request: home } }',
          '{ timeout: { request: slow, upTo: 5s } }',
        ],
        thresholds: ['overhead p50 < 15ms'],
      },
      urls,
    ),
};

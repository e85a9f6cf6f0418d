import type { ServiceTime } from './options.ts';
import type { Behaviour, Scenario, ScenarioMember } from './scenario.ts';
import { demo, healthy, PAGE, PLAIN_GATEWAY } from './scenario-demo.ts';
import { HOME, labProfile, REPORT, SLOW } from './scenario-profile.ts';

const COMPARE = '{ compare: { rate: 10/s, for: 8s, newConnections: 50% } }';

function member(name: string, behaviour: Partial<Behaviour> = {}): ScenarioMember {
  return { name, behaviour: { service: PAGE, paths: {}, ...behaviour } };
}

function closedMember(name: string): ScenarioMember {
  return { ...member(name), closed: true };
}

const RESPONSE_MS = 1_500;
const LONG_REPORT: ServiceTime = { kind: 'uniform', fromMs: 900, toMs: 2_400 };

const timeout: Scenario = {
  name: 'timeout',
  title: 'The gateway gives up too early',
  summary: 'Reports take up to 2.4 s, and the gateway waits 1.5 s for an answer.',
  truth: [{ cause: 'timeout/gateway-response', measured: { timeoutMs: RESPONSE_MS } }],
  members: [
    member('web1', { paths: { '/report': LONG_REPORT } }),
    member('web2', { paths: { '/report': LONG_REPORT } }),
  ],
  gateway: { ...PLAIN_GATEWAY, timers: { ...PLAIN_GATEWAY.timers, responseMs: RESPONSE_MS } },
  profile: (urls) =>
    labProfile(
      {
        name: 'lab-timeout',
        about: 'Some reports take longer than the gateway waits.',
        requests: [HOME.replace('15', '6'), REPORT, SLOW],
        experiments: [COMPARE, '{ timeout: { request: slow, upTo: 4s } }'],
      },
      urls,
    ),
};

/** Constant, so that what a burst adds is waiting and nothing else. */
const SLOT: ServiceTime = { kind: 'constant', ms: 50 };

const queueAtGateway: Scenario = {
  name: 'queue-at-gateway',
  title: 'Requests wait in the gateway',
  summary:
    'The gateway keeps two requests at a time with each of two members, which is 80/s, and a burst brings 110/s.',
  truth: [{ cause: 'queue/gateway', measured: { concurrencyLimit: 4, ratePerSec: 80 } }],
  members: [member('web1', { service: SLOT }), member('web2', { service: SLOT })],
  gateway: { ...PLAIN_GATEWAY, maxPerMember: 2 },
  profile: (urls) =>
    labProfile(
      {
        name: 'lab-queue-at-gateway',
        about: 'The gateway lets fewer requests through than arrive; the members have room.',
        experiments: [
          '{ compare: { rate: 10/s, for: 6s, newConnections: 50% } }',
          '{ volley: { sizes: [8, 16], request: home } }',
          '{ burst: { rate: 110/s, for: 4s, request: home } }',
        ],
      },
      urls,
    ),
};

const queueAtMember: Scenario = {
  name: 'queue-at-member',
  title: 'Requests wait in one member',
  summary: 'web2 works on four requests at a time, which is 80/s, and a burst brings it 100/s.',
  truth: [{ cause: 'queue/member', member: 'web2', measured: { concurrencyLimit: 4, ratePerSec: 80 } }],
  members: [member('web1', { service: SLOT }), member('web2', { service: SLOT, concurrency: 4 })],
  gateway: PLAIN_GATEWAY,
  profile: (urls) =>
    labProfile(
      {
        name: 'lab-queue-at-member',
        about: 'web2 works off less than a burst brings it.',
        experiments: [
          '{ compare: { rate: 10/s, for: 6s, newConnections: 50% } }',
          '{ volley: { sizes: [8, 16], request: home } }',
          '{ burst: { rate: 200/s, for: 4s, request: home } }',
        ],
      },
      urls,
    ),
};

const COLD = { idleMs: 1_800, startMs: 1_200 };

const coldStart: Scenario = {
  name: 'cold-start',
  title: 'A member falls asleep',
  summary: 'After 1.8 s without a request the application of web2 is gone, and starting it again takes 1.2 s.',
  truth: [
    { cause: 'cold-start/idle', member: 'web2', measured: { idleThresholdMs: COLD.idleMs, penaltyMs: COLD.startMs } },
  ],
  members: [member('web1'), member('web2', { coldStart: COLD })],
  gateway: PLAIN_GATEWAY,
  profile: (urls) =>
    labProfile(
      {
        name: 'lab-cold-start',
        about: 'The first request after a pause waits until web2 has started.',
        experiments: [COMPARE, '{ idle: { gaps: [700ms, 2300ms], repeats: 3, request: home } }'],
      },
      urls,
    ),
};

const dropped: Scenario = {
  name: 'dropped',
  title: 'A member drops connections',
  summary: 'web3 closes the connection instead of answering, for 15 % of its requests.',
  truth: [{ cause: 'connection/dropped-before-response', member: 'web3' }],
  members: [member('web1'), member('web2'), member('web3', { drop: { ratio: 0.15, by: 'fin' } })],
  gateway: PLAIN_GATEWAY,
  profile: (urls) =>
    labProfile(
      {
        name: 'lab-dropped',
        about: 'web3 closes some connections before it answers.',
        experiments: ['{ compare: { rate: 15/s, for: 10s, newConnections: 50% } }'],
      },
      urls,
    ),
};

const truncated: Scenario = {
  name: 'truncated',
  title: 'A member breaks off in the middle of answers',
  summary: 'web2 closes the connection after half of the body, for 15 % of its requests.',
  truth: [{ cause: 'connection/dropped-mid-response', member: 'web2' }],
  members: [member('web1'), member('web2', { truncate: { ratio: 0.15, framing: 'length', by: 'fin' } })],
  gateway: PLAIN_GATEWAY,
  profile: (urls) =>
    labProfile(
      {
        name: 'lab-truncated',
        about: 'web2 breaks off in the middle of some answers.',
        experiments: ['{ compare: { rate: 15/s, for: 10s, newConnections: 50% } }'],
      },
      urls,
    ),
};

const oneDown: Scenario = {
  name: 'one-down',
  title: 'One member is down',
  summary: 'The port of web3 is closed, and the gateway, which has no health test, goes on sending to it.',
  truth: [{ cause: 'connection/refused', member: 'web3' }],
  members: [member('web1'), member('web2'), closedMember('web3')],
  gateway: PLAIN_GATEWAY,
  profile: (urls) =>
    labProfile({ name: 'lab-one-down', about: 'Nothing listens at web3.', experiments: [COMPARE] }, urls),
};

const allDown: Scenario = {
  name: 'all-down',
  title: 'No member is left',
  summary:
    'The ports of both members are closed, and the health test has taken both out, so that the gateway answers 502.4.',
  truth: [
    { cause: 'member/none-available' },
    { cause: 'connection/refused', member: 'web1' },
    { cause: 'connection/refused', member: 'web2' },
  ],
  members: [closedMember('web1'), closedMember('web2')],
  // Custom pages hide the substatus, which is what tells this fault from a member that refuses.
  gateway: {
    ...PLAIN_GATEWAY,
    errorPages: 'detailed',
    health: { path: '/', intervalMs: 250, timeoutMs: 200, minServers: 0 },
  },
  profile: (urls) =>
    labProfile({ name: 'lab-all-down', about: 'Nothing listens behind the gateway.', experiments: [COMPARE] }, urls),
};

const MEMBER_KEEP_ALIVE_MS = 300;
const MEMBER_ONE_WAY_MS = 10;

/**
 * Short, so that a run takes seconds; the members of the field keep connections for 2 s to 2 min. And some way off: a request
 * is lost only if it is on the way while the member closes, which on one machine is hardly ever.
 */
const SHORT_KEEP_ALIVE: Partial<Behaviour> = {
  keepAliveMs: MEMBER_KEEP_ALIVE_MS,
  oneWayMs: MEMBER_ONE_WAY_MS,
  connectionHeader: true,
  service: { kind: 'constant', ms: 10 },
};

const keepAliveRace: Scenario = {
  name: 'keep-alive-race',
  title: 'The gateway reuses connections that members are closing',
  summary: `Members ${MEMBER_ONE_WAY_MS} ms away close connections that have been idle for ${MEMBER_KEEP_ALIVE_MS} ms, and the gateway reuses them for up to 60 s.`,
  truth: [{ cause: 'connection/keep-alive-race', measured: { memberIdleTimeoutMs: MEMBER_KEEP_ALIVE_MS } }],
  members: [member('web1', SHORT_KEEP_ALIVE), member('web2', SHORT_KEEP_ALIVE)],
  gateway: PLAIN_GATEWAY,
  profile: (urls) =>
    labProfile(
      {
        name: 'lab-keep-alive-race',
        about: 'Members close idle connections before the gateway does.',
        experiments: [COMPARE, '{ keep-alive: { upTo: 1s, connectionHeader: X-Connection } }'],
      },
      urls,
    ),
};

/** By name, in the order in which they are listed. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(
  [
    demo,
    healthy,
    timeout,
    queueAtGateway,
    queueAtMember,
    coldStart,
    keepAliveRace,
    dropped,
    truncated,
    oneDown,
    allDown,
  ].map((scenario) => [scenario.name, scenario]),
);

/** Family M: members that are down, out of reach, going up and down, slow or failing. */
import type { Random } from '../../../src/model/time.ts';
import {
  ALL_GATEWAYS,
  between,
  closed,
  compare,
  HOME,
  lab,
  type MemberPlan,
  pageTime,
  pick,
  quirky,
  type Scenario,
} from './scenario.ts';

export const THREE = ['web1', 'web2', 'web3'] as const;

/** Three members of which one, drawn, is not like the others. */
export function oneOdd(random: Random, make: (name: string, service: ReturnType<typeof pageTime>) => MemberPlan) {
  const odd = pick(random, THREE);
  const service = pageTime(random);
  return { odd, members: THREE.map((name) => (name === odd ? make(name, service) : lab(name, service))) };
}

export const MEMBERS: readonly Scenario[] = [
  {
    id: 'M1-all-down',
    family: 'M',
    title: 'The ports of both members are closed',
    gateways: ALL_GATEWAYS,
    ejects: true,
    draw() {
      return {
        parameters: {},
        stage: {
          members: [closed('web1'), closed('web2')],
          gateway: {},
          requests: [HOME],
          experiments: [compare(5, 6)],
        },
        truth: [
          { cause: 'connection/refused', member: 'web1' },
          { cause: 'connection/refused', member: 'web2' },
        ],
        // Some gateways take members out, others go on asking them.
        tolerated: ['member/none-available'],
      };
    },
  },
  {
    id: 'M2-one-refused',
    family: 'M',
    title: 'The port of one member is closed',
    gateways: ALL_GATEWAYS,
    short: 'nginx',
    ejects: true,
    draw(random) {
      const { odd, members } = oneOdd(random, closed);
      return {
        parameters: { member: odd },
        stage: { members, gateway: {}, requests: [HOME], experiments: [compare(10, 6)] },
        truth: [{ cause: 'connection/refused', member: odd }],
      };
    },
  },
  {
    id: 'M3-blackhole',
    family: 'M',
    title: 'Connection attempts to one member hang',
    gateways: ALL_GATEWAYS,
    short: 'haproxy',
    ejects: true,
    draw(random) {
      const connectTimeoutMs = between(random, 600, 1_200);
      const { odd, members } = oneOdd(random, (name, service) => lab(name, service, { fullBacklog: true }));
      return {
        parameters: { connectTimeoutMs, member: odd },
        stage: { members, gateway: { connectTimeoutMs }, requests: [HOME], experiments: [compare(6, 7)] },
        truth: [{ cause: 'connection/unreachable', member: odd }],
        // How long the gateway tries is a consequence.
        tolerated: ['timeout/gateway-connect'],
      };
    },
  },
  {
    id: 'M4-stale-ejection',
    family: 'M',
    title: 'The health test fails although members answer',
    gateways: ['haproxy', 'arr'],
    short: 'arr',
    ejects: true,
    draw(random) {
      const service = pageTime(random);
      const answers = [{ ratio: 1, path: '/health', status: 404 }];
      return {
        parameters: {},
        stage: {
          members: ['web1', 'web2'].map((name) => quirky(name, service, { answers })),
          gateway: {
            haproxy: { serverParameters: 'check inter 200ms fall 1', extra: '  option httpchk GET /health' },
            arr: { health: { path: '/health', intervalMs: 250, timeoutMs: 200, minServers: 0 } },
          },
          requests: [HOME],
          experiments: [compare(8, 6)],
        },
        truth: [{ cause: 'member/none-available' }],
      };
    },
  },
  {
    id: 'M5-flapping',
    family: 'M',
    title: 'One member goes up and down',
    gateways: ['nginx', 'haproxy', 'arr'],
    ejects: true,
    draw(random) {
      const flap = { upMs: between(random, 1_200, 2_200), downMs: between(random, 500, 1_200) };
      const { odd, members } = oneOdd(random, (name, service) => quirky(name, service, { flap }));
      return {
        parameters: { ...flap, member: odd },
        stage: { members, gateway: {}, requests: [HOME], experiments: [compare(10, 12)] },
        truth: [{ cause: 'member/flapping', or: ['connection/refused'], member: odd }],
      };
    },
  },
  {
    id: 'M7-slow',
    family: 'M',
    title: 'One member is slower than its peers',
    gateways: ALL_GATEWAYS,
    short: 'caddy',
    draw(random) {
      const ratio = 2.5 + 2.5 * random.next();
      const service = pageTime(random);
      const medianMs = service.kind === 'lognormal' ? service.medianMs : 40;
      const odd = pick(random, THREE);
      const slow = { kind: 'lognormal' as const, medianMs: ratio * medianMs, sigma: 0.2 };
      return {
        parameters: { ratio, member: odd },
        stage: {
          members: THREE.map((name) => lab(name, name === odd ? slow : service)),
          gateway: {},
          requests: [HOME],
          experiments: [compare(10, 7)],
        },
        truth: [{ cause: 'member/slow', member: odd, measured: { ratio } }],
      };
    },
  },
  {
    id: 'M8-errors',
    family: 'M',
    title: 'One member answers errors of its own',
    gateways: ALL_GATEWAYS,
    draw(random) {
      const errorRatio = 0.15 + 0.4 * random.next();
      // Also those that look like a gateway's.
      const status = pick(random, [500, 500, 502, 503, 504]);
      const { odd, members } = oneOdd(random, (name, service) =>
        lab(name, service, { error: { ratio: errorRatio, status } }),
      );
      return {
        parameters: { errorRatio, status, member: odd },
        stage: { members, gateway: {}, requests: [HOME], experiments: [compare(10, 7)] },
        truth: [{ cause: 'member/errors', member: odd, measured: { errorRatio } }],
      };
    },
  },
  {
    id: 'M9-application',
    family: 'M',
    title: 'The application answers errors on every member',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const errorRatio = 0.1 + 0.3 * random.next();
      const status = pick(random, [500, 502, 503, 504]);
      const service = pageTime(random);
      return {
        parameters: { errorRatio, status },
        stage: {
          members: THREE.map((name) => lab(name, service, { error: { ratio: errorRatio, status } })),
          gateway: {},
          requests: [HOME],
          experiments: [compare(10, 7)],
        },
        truth: [{ cause: 'application/error', measured: { errorRatio } }],
      };
    },
  },
];

/** Family F: timers of the gateway, of members, of the probe, and of what stands between. */
import type { Random } from '../../../src/model/time.ts';
import {
  ALL_GATEWAYS,
  between,
  compare,
  type GatewayName,
  type GatewayPlan,
  HOME,
  lab,
  pageTime,
  quirky,
  REPORT,
  type Scenario,
  SLOW,
} from './scenario.ts';

/** Apache takes whole seconds only. */
export function drawTimeoutMs(random: Random, gateway: GatewayName): number {
  return gateway === 'apache' ? 1_000 * between(random, 1, 2) : between(random, 900, 2_200);
}

/**
 * nginx would ask the next member after a timeout and take members out (`max_fails` counts with one try as well): a case of its
 * own. Caddy would ask again where its timer between two reads fires first.
 */
export const ONE_TRY: GatewayPlan = {
  nginx: { nextUpstream: 'off', serverParameters: 'max_fails=0' },
  caddy: { betweenReadsMs: 30_000 },
};

/** Varnish sends its 503 with `Retry-After: 5`, which the probe obeys: it asks through the gateway for less than half of the time. */
function passive(gateway: GatewayName, seconds: number): string {
  return compare(10, gateway === 'varnish' ? 3 * seconds : seconds);
}

export const TIMEOUTS: readonly Scenario[] = [
  {
    id: 'F1-response',
    family: 'F',
    title: 'The response timer is shorter than an endpoint whose delay we control',
    gateways: ALL_GATEWAYS,
    short: 'haproxy',
    draw(random, gateway) {
      const timeoutMs = drawTimeoutMs(random, gateway);
      const service = pageTime(random);
      return {
        parameters: { timeoutMs },
        stage: {
          members: [lab('web1', service), lab('web2', service)],
          gateway: { ...ONE_TRY, readTimeoutMs: timeoutMs },
          requests: [HOME, SLOW],
          experiments: [compare(10, 4), '{ timeout: { request: slow, upTo: 4s } }'],
          isKindDeclared: true,
        },
        truth: [{ cause: 'timeout/gateway-response', measured: { timeoutMs } }],
      };
    },
  },
  {
    id: 'F1-passive',
    family: 'F',
    title: 'Some ordinary reports take longer than the gateway waits',
    gateways: ALL_GATEWAYS,
    draw(random, gateway) {
      const timeoutMs = drawTimeoutMs(random, gateway);
      const service = pageTime(random);
      const paths = {
        '/report': { kind: 'uniform' as const, fromMs: 0.4 * timeoutMs, toMs: (1.3 + 0.7 * random.next()) * timeoutMs },
      };
      return {
        parameters: { timeoutMs },
        stage: {
          members: [lab('web1', service, { paths }), lab('web2', service, { paths })],
          gateway: { ...ONE_TRY, readTimeoutMs: timeoutMs },
          requests: [HOME, REPORT],
          experiments: [passive(gateway, 9)],
        },
        truth: [{ cause: 'timeout/gateway-response', measured: { timeoutMs } }],
      };
    },
  },
  {
    id: 'F5-read',
    family: 'F',
    title: 'Members stall in the middle of the body for longer than the gateway waits',
    gateways: ALL_GATEWAYS,
    short: 'haproxy',
    draw(random, gateway) {
      const timeoutMs = drawTimeoutMs(random, gateway);
      const bodyStall = { ratio: 0.5, path: '/report', ms: 1.8 * timeoutMs };
      const service = pageTime(random);
      return {
        parameters: { timeoutMs },
        stage: {
          members: ['web1', 'web2'].map((name) => quirky(name, service, { bodyStall })),
          gateway: { ...ONE_TRY, caddy: {}, readTimeoutMs: timeoutMs },
          requests: [HOME, REPORT],
          experiments: [passive(gateway, 8)],
        },
        truth: [{ cause: 'timeout/gateway-read', measured: { timeoutMs } }],
      };
    },
  },
  {
    id: 'F7-member',
    family: 'F',
    title: 'The application gives up by itself after a constant time',
    gateways: ['nginx', 'haproxy', 'arr'],
    short: 'arr',
    draw(random) {
      const timeoutMs = between(random, 700, 1_500);
      const service = { kind: 'uniform' as const, fromMs: 30, toMs: 1.4 * timeoutMs };
      return {
        parameters: { timeoutMs },
        stage: {
          members: ['web1', 'web2'].map((name) => quirky(name, service, { ownTimeoutMs: timeoutMs })),
          gateway: {},
          requests: [HOME],
          experiments: [compare(10, 7)],
        },
        truth: [{ cause: 'timeout/member', measured: { timeoutMs } }],
        // Less is said than could be said, but nothing wrong: the application answers these errors on every member.
        tolerated: ['application/error'],
      };
    },
  },
  {
    id: 'F8-probe',
    family: 'F',
    title: "The probe's own limit is shorter than the answers",
    gateways: ['nginx', 'arr'],
    draw(random) {
      const timeoutMs = between(random, 600, 1_000);
      const service = pageTime(random);
      const paths = { '/report': { kind: 'uniform' as const, fromMs: 300, toMs: 2 * timeoutMs } };
      return {
        parameters: { timeoutMs },
        stage: {
          members: ['web1', 'web2'].map((name) => lab(name, service, { paths })),
          gateway: {},
          requests: [HOME, REPORT],
          experiments: [compare(10, 7)],
          requestTimeout: `${timeoutMs}ms`,
        },
        truth: [{ cause: 'timeout/probe', measured: { timeoutMs } }],
      };
    },
  },
  {
    id: 'F9-middlebox',
    family: 'F',
    title: 'Something in front of the gateway gives up before the gateway does',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const timeoutMs = between(random, 800, 1_500);
      const service = pageTime(random);
      const paths = { '/report': { kind: 'uniform' as const, fromMs: 0.4 * timeoutMs, toMs: 2 * timeoutMs } };
      return {
        parameters: { timeoutMs },
        stage: {
          members: ['web1', 'web2'].map((name) => lab(name, service, { paths })),
          gateway: {},
          front: { kind: 'middlebox', timeoutMs },
          requests: [HOME, REPORT],
          experiments: [compare(10, 8)],
        },
        truth: [{ cause: 'timeout/middlebox', measured: { timeoutMs } }],
      };
    },
  },
  {
    id: 'F11-cascade',
    family: 'F',
    title: 'nginx asks member after member and takes all of them out',
    gateways: ['nginx'],
    ejects: true,
    draw(random) {
      const timeoutMs = between(random, 500, 900);
      const service = pageTime(random);
      const paths = { '/report': { kind: 'constant' as const, ms: 4 * timeoutMs } };
      return {
        parameters: { timeoutMs },
        stage: {
          members: ['web1', 'web2', 'web3'].map((name) => lab(name, service, { paths })),
          gateway: { readTimeoutMs: timeoutMs },
          requests: [HOME, REPORT.replace('weight: 4', 'weight: 1')],
          experiments: [compare(8, 14)],
        },
        truth: [{ cause: 'gateway/cascade', measured: { timeoutMs } }],
        tolerated: ['timeout/gateway-response', 'member/none-available'],
      };
    },
  },
  {
    id: 'F12-one-by-one',
    family: 'F',
    title: 'nginx tries no other member, but takes out the one that was slow: a few slow requests and all are out',
    gateways: ['nginx'],
    ejects: true,
    draw(random) {
      const timeoutMs = between(random, 500, 900);
      const service = pageTime(random);
      const paths = { '/report': { kind: 'constant' as const, ms: 4 * timeoutMs } };
      return {
        parameters: { timeoutMs },
        stage: {
          members: ['web1', 'web2'].map((name) => lab(name, service, { paths })),
          gateway: { readTimeoutMs: timeoutMs, nginx: { nextUpstream: 'off' } },
          requests: [HOME, REPORT.replace('weight: 4', 'weight: 1')],
          experiments: [compare(8, 14)],
        },
        truth: [{ cause: 'gateway/cascade' }],
        tolerated: ['timeout/gateway-response', 'member/none-available'],
      };
    },
  },
];

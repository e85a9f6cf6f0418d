/** Family N (network), and what is as it should be there. */
import type { Random } from '../../../src/model/time.ts';
import { between, compare, HOME, lab, type MemberPlan, pageTime, pick, quirky, type Scenario } from './scenario.ts';
import { oneOdd, THREE } from './scenarios-members.ts';

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

/** One member has another release, which answers as well. */
export const RELEASES: readonly Scenario[] = [
  {
    id: 'Z23-release',
    family: 'Z',
    title: 'One member sends a header that its peers do not, and answers as well as they do',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const service = pageTime(random);
      const odd = pick(random, THREE);
      const bigHeader = { ratio: 1, bytes: between(random, 20, 60) };
      return {
        parameters: { member: odd, headerBytes: bigHeader.bytes },
        stage: {
          members: THREE.map((name) => quirky(name, service, name === odd ? { bigHeader } : {})),
          gateway: {},
          requests: [HOME],
          experiments: [compare(8, 6)],
        },
        truth: [],
      };
    },
  },
];

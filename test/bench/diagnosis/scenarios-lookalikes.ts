import { nothing } from './nothing.ts';
import {
  ALL_GATEWAYS,
  between,
  compare,
  HOME,
  lab,
  pageTime,
  pick,
  quirky,
  REPORT,
  type Scenario,
} from './scenario.ts';
import { THREE } from './scenarios-members.ts';

export const LOOKALIKES: readonly Scenario[] = [
  {
    id: 'Z7-close',
    family: 'Z',
    title: 'Members end each connection with Connection: close, as they may',
    gateways: ALL_GATEWAYS,
    short: 'caddy',
    draw(random) {
      const service = pageTime(random);
      return nothing(
        {},
        THREE.map((name) => quirky(name, service, { closeEach: true })),
        {
          gateway: { keepAlive: true },
        },
      );
    },
  },
  {
    id: 'Z8-application-5xx',
    family: 'Z',
    title: 'The application itself answers 502 or 504 now and then, on every member',
    gateways: ALL_GATEWAYS,
    short: 'arr',
    draw(random) {
      const status = pick(random, [502, 504]);
      const ratio = 0.08 + 0.2 * random.next();
      const service = pageTime(random);
      return {
        ...nothing(
          { status, ratio },
          THREE.map((name) => lab(name, service, { error: { ratio, status } })),
          {
            experiments: [compare(10, 8)],
          },
        ),
        // True, and no fault of the gateway: what must not be said is that it gave up or was dropped.
        tolerated: ['application/error'],
      };
    },
  },
  {
    id: 'Z9-not-found',
    family: 'Z',
    title: 'Some answers are 401 or 404',
    gateways: ['nginx', 'caddy', 'arr'],
    draw(random) {
      const status = pick(random, [401, 404]);
      const service = pageTime(random);
      const answers = [{ ratio: 0.3, path: '/report', status }];
      return nothing(
        { status },
        THREE.map((name) => quirky(name, service, { answers })),
        {
          requests: [HOME, '{ name: report, path: /report, weight: 8 }'],
          experiments: [compare(10, 6)],
        },
      );
    },
  },
  {
    id: 'Z10-maintenance',
    family: 'Z',
    title: 'A maintenance page: 503 with Retry-After on every member',
    gateways: ['nginx', 'haproxy', 'arr'],
    short: 'haproxy',
    draw(random) {
      const service = pageTime(random);
      const answers = [{ ratio: 1, status: 503, retryAfterSec: 1, body: '<h1>Back at noon</h1>\n' }];
      return {
        ...nothing(
          {},
          THREE.map((name) => quirky(name, service, { answers })),
          { experiments: [compare(8, 6)] },
        ),
        tolerated: ['application/error'],
      };
    },
  },
  {
    id: 'Z11-rate-limit',
    family: 'Z',
    title: 'Members answer 429 above an agreed rate',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const limitPerSec = between(random, 12, 25);
      const service = pageTime(random);
      return {
        ...nothing(
          { limitPerSec },
          THREE.map((name) => quirky(name, service, { limitPerSec })),
          {
            experiments: [compare(5, 4), '{ burst: { rate: 120/s, for: 3s, request: home } }'],
          },
        ),
        tolerated: ['probe/rate-limited'],
      };
    },
  },
  {
    id: 'Z13-deploy',
    family: 'Z',
    title: 'A deploy: one member is slow for a moment, then as before',
    gateways: ['nginx', 'haproxy', 'arr'],
    short: 'haproxy',
    draw(random) {
      const incident = { atMs: 2_500, forMs: between(random, 400, 900), addMs: between(random, 200, 500) };
      const odd = pick(random, THREE);
      const service = pageTime(random);
      return nothing(
        { ...incident, member: odd },
        THREE.map((name) => quirky(name, service, name === odd ? { incident } : {})),
        { experiments: [compare(12, 8)] },
      );
    },
  },
  {
    id: 'Z14-round-mode',
    family: 'Z',
    title: 'Some answers take exactly one second and succeed',
    gateways: ['nginx', 'apache', 'arr'],
    draw(random) {
      const service = pageTime(random);
      const paths = { '/report': { kind: 'constant' as const, ms: 1_000 } };
      return nothing(
        {},
        THREE.map((name) => lab(name, service, { paths })),
        {
          requests: [HOME, REPORT],
          experiments: [compare(10, 7)],
        },
      );
    },
  },
  {
    id: 'Z15-one-percent',
    family: 'Z',
    title: 'One in a hundred answers is a 500, anywhere',
    gateways: ['nginx', 'caddy', 'arr'],
    short: 'nginx',
    draw(random) {
      const service = pageTime(random);
      return {
        ...nothing(
          {},
          THREE.map((name) => lab(name, service, { error: { ratio: 0.01, status: 500 } })),
          {
            experiments: [compare(15, 8)],
          },
        ),
        tolerated: ['application/error'],
      };
    },
  },
  {
    id: 'Z21-expected',
    family: 'Z',
    title: 'Answers with 503 that the profile expects',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const ratio = 0.1 + 0.2 * random.next();
      const service = pageTime(random);
      return nothing(
        { ratio },
        THREE.map((name) => lab(name, service, { error: { ratio, status: 503 } })),
        {
          requests: ['{ name: home, path: /, expect: { status: [200, 503] } }'],
          experiments: [compare(10, 7)],
        },
      );
    },
  },
  {
    id: 'Z22-far-crowd',
    family: 'Z',
    title: 'Volleys on members that are far away: connecting takes as long in a crowd as alone',
    gateways: ALL_GATEWAYS,
    draw(random) {
      const oneWayMs = between(random, 20, 60);
      const service = pageTime(random);
      return nothing(
        { oneWayMs },
        ['web1', 'web2'].map((name) => lab(name, service, { oneWayMs })),
        { experiments: [compare(6, 5), '{ volley: { sizes: [8, 16], request: home } }'] },
      );
    },
  },
];

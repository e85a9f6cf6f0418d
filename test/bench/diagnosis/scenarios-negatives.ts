import { nothing, same } from './nothing.ts';
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
  SLOW,
} from './scenario.ts';
import { THREE } from './scenarios-members.ts';

export const HEALTHY: readonly Scenario[] = [
  {
    id: 'Z1-quiet',
    family: 'Z',
    title: 'A healthy farm',
    gateways: ALL_GATEWAYS,
    short: 'apache',
    draw: (random) =>
      nothing({}, same(random), {
        requests: [HOME, SLOW],
        experiments: [
          compare(8, 3),
          '{ volley: { sizes: [8], request: home } }',
          '{ idle: { gaps: [900ms], repeats: 2, request: home } }',
          '{ timeout: { request: slow, upTo: 1500ms } }',
        ],
        isKindDeclared: true,
        gateway: { nginx: { nextUpstream: 'off', serverParameters: 'max_fails=0' } },
      }),
  },
  {
    id: 'Z2-noisy',
    family: 'Z',
    title: 'Healthy, with service times that vary much (lognormal, sigma 1)',
    gateways: ALL_GATEWAYS,
    short: 'varnish',
    draw(random) {
      const service = {
        kind: 'lognormal' as const,
        medianMs: between(random, 20, 50),
        sigma: 0.8 + 0.4 * random.next(),
      };
      return nothing(
        { sigma: service.sigma },
        THREE.map((name) => lab(name, service)),
      );
    },
  },
  {
    id: 'Z3-swinging',
    family: 'Z',
    title: 'Healthy, slower and faster in turn, as by day and night',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const swing = { periodMs: between(random, 2_000, 6_000), amplitudeRatio: 0.5 };
      const service = pageTime(random);
      return nothing(
        swing,
        THREE.map((name) => quirky(name, service, { swing })),
      );
    },
  },
  {
    id: 'Z4-slow-but-fine',
    family: 'Z',
    title: 'Reports take long on every route, and the gateway waits for them',
    gateways: ALL_GATEWAYS,
    short: 'arr',
    draw(random) {
      const toMs = between(random, 1_200, 2_200);
      const service = pageTime(random);
      const paths = { '/report': { kind: 'uniform' as const, fromMs: 600, toMs } };
      return nothing(
        { toMs },
        THREE.map((name) => lab(name, service, { paths })),
        {
          requests: [HOME, REPORT],
          experiments: [compare(8, 7)],
        },
      );
    },
  },
  {
    id: 'Z5-cache',
    family: 'Z',
    title: 'A cache hits or misses: two modes',
    gateways: ALL_GATEWAYS,
    draw(random) {
      const missRatio = 0.1 + 0.3 * random.next();
      const services = [
        { share: 1 - missRatio, service: { kind: 'lognormal' as const, medianMs: 5, sigma: 0.3 } },
        { share: missRatio, service: { kind: 'lognormal' as const, medianMs: between(random, 100, 250), sigma: 0.3 } },
      ];
      return nothing(
        { missRatio },
        THREE.map((name) => quirky(name, pageTime(random), { services })),
      );
    },
  },
  {
    id: 'Z6-endpoints',
    family: 'Z',
    title: 'A fast and a slow endpoint, mixed',
    gateways: ['nginx', 'apache', 'arr'],
    draw(random) {
      const slowMs = between(random, 300, 700);
      const paths = { '/report': { kind: 'lognormal' as const, medianMs: slowMs, sigma: 0.2 } };
      const service = pageTime(random);
      return nothing(
        { slowMs },
        THREE.map((name) => lab(name, service, { paths })),
        {
          requests: [HOME, REPORT],
          experiments: [compare(10, 7)],
        },
      );
    },
  },
  {
    id: 'Z12-far',
    family: 'Z',
    title: 'The gateway is far away (a round trip of 100 to 200 ms), the members are near',
    gateways: ALL_GATEWAYS,
    short: 'nginx',
    draw(random) {
      const delayMs = between(random, 50, 100);
      return nothing({ roundTripMs: 2 * delayMs }, same(random), { front: { kind: 'relay', delayMs } });
    },
  },
  {
    id: 'Z16-far-members',
    family: 'Z',
    title: 'Members are far from the gateway: its overhead is the way',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const delayMs = between(random, 10, 30);
      return nothing(
        { roundTripMs: 2 * delayMs },
        same(random).map((member) => ({ ...member, relay: { delayMs } })),
        { gateway: { keepAlive: true } },
      );
    },
  },
  {
    id: 'Z17-short-keep-alive',
    family: 'Z',
    title: 'Members keep connections for a moment only, and the gateway keeps none',
    gateways: ['nginx', 'varnish', 'arr'],
    draw(random) {
      const keepAliveMs = between(random, 200, 600);
      const service = pageTime(random);
      return nothing(
        { keepAliveMs },
        THREE.map((name) => lab(name, service, { keepAliveMs })),
        {
          // A pool that gives up long before the members do cannot race.
          gateway: { arr: { poolIdleMs: 50 } },
          experiments: [compare(10, 6), '{ burst: { rate: 60/s, for: 2s, request: home } }'],
        },
      );
    },
  },
  {
    id: 'Z18-within-capacity',
    family: 'Z',
    title: 'Members work on few requests at a time, and a burst stays well below that',
    gateways: ['nginx', 'haproxy', 'arr'],
    draw(random) {
      const concurrency = between(random, 6, 10);
      const ms = between(random, 40, 80);
      const ratePerSec = Math.round((0.4 * 3 * concurrency * 1_000) / ms);
      const service = { kind: 'constant' as const, ms };
      return nothing(
        { concurrency, serviceMs: ms, ratePerSec },
        THREE.map((name) => lab(name, service, { concurrency })),
        {
          experiments: [compare(8, 4), `{ burst: { rate: ${ratePerSec}/s, for: 3s, request: home } }`],
        },
      );
    },
  },
  {
    id: 'Z19-uneven',
    family: 'Z',
    title: 'One member is a little slower, as older hardware is',
    gateways: ['nginx', 'varnish', 'arr'],
    draw(random) {
      const medianMs = between(random, 20, 50);
      const ratio = 1.1 + 0.15 * random.next();
      const odd = pick(random, THREE);
      return nothing(
        { ratio, member: odd },
        THREE.map((name) =>
          lab(name, { kind: 'lognormal', medianMs: name === odd ? ratio * medianMs : medianMs, sigma: 0.2 }),
        ),
        { experiments: [compare(10, 8)] },
      );
    },
  },
  {
    id: 'Z20-large',
    family: 'Z',
    title: 'Large answers',
    gateways: ['nginx', 'apache', 'caddy'],
    draw(random) {
      const bytes = 1_000 * between(random, 300, 900);
      return nothing({ bytes }, same(random), {
        requests: [`{ name: home, path: "/?bytes=${bytes}", expect: { status: 200 } }`],
        experiments: [compare(6, 7)],
      });
    },
  },
];

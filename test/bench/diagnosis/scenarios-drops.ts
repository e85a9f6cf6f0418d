/** Family D: members that break off, or answer what is not HTTP. */
import { ALL_GATEWAYS, between, compare, HOME, lab, pick, quirky, type Scenario } from './scenario.ts';
import { oneOdd } from './scenarios-members.ts';

export const DROPS: readonly Scenario[] = [
  {
    id: 'D1-before',
    family: 'D',
    title: 'One member closes or resets before it answers',
    gateways: ALL_GATEWAYS,
    short: 'arr',
    ejects: true,
    draw(random) {
      const drop = { ratio: 0.15 + 0.25 * random.next(), by: pick(random, ['fin', 'rst']) };
      const { odd, members } = oneOdd(random, (name, service) => lab(name, service, { drop }));
      return {
        parameters: { ...drop, member: odd },
        stage: { members, gateway: {}, requests: [HOME], experiments: [compare(12, 7)] },
        truth: [{ cause: 'connection/dropped-before-response', member: odd }],
      };
    },
  },
  {
    id: 'D3-mid',
    family: 'D',
    title: 'One member breaks off in the middle of answers; Caddy makes chunked ones look complete',
    gateways: ALL_GATEWAYS,
    short: 'apache',
    ejects: true,
    draw(random) {
      const truncate = {
        ratio: 0.15 + 0.25 * random.next(),
        framing: pick(random, ['length', 'chunked']),
        by: pick(random, ['fin', 'rst']),
      };
      const { odd, members } = oneOdd(random, (name, service) => lab(name, service, { truncate }));
      return {
        parameters: { ...truncate, member: odd },
        stage: { members, gateway: {}, requests: [HOME], experiments: [compare(12, 7)] },
        truth: [{ cause: 'connection/dropped-mid-response', member: odd }],
      };
    },
  },
  {
    id: 'D7-garbage',
    family: 'D',
    title: 'One member answers bytes that are not HTTP; nginx and Apache may pass them on',
    gateways: ALL_GATEWAYS,
    ejects: true,
    draw(random) {
      const garbageRatio = 0.2 + 0.3 * random.next();
      const { odd, members } = oneOdd(random, (name, service) => lab(name, service, { garbageRatio }));
      return {
        parameters: { garbageRatio, member: odd },
        stage: { members, gateway: {}, requests: [HOME], experiments: [compare(12, 8)] },
        truth: [{ cause: 'connection/invalid-response', member: odd }],
      };
    },
  },
  {
    id: 'D8-big-header',
    family: 'D',
    title: 'One member sends a header that is larger than gateways take',
    // Caddy takes headers of several MB.
    gateways: ['nginx', 'haproxy', 'apache', 'varnish', 'arr'],
    ejects: true,
    draw(random) {
      const bigHeader = { ratio: 0.2 + 0.3 * random.next(), bytes: 1_000 * between(random, 70, 100) };
      const { odd, members } = oneOdd(random, (name, service) => quirky(name, service, { bigHeader }));
      return {
        parameters: { ...bigHeader, member: odd },
        stage: { members, gateway: {}, requests: [HOME], experiments: [compare(12, 8)] },
        truth: [{ cause: 'connection/invalid-response', member: odd }],
      };
    },
  },
  {
    id: 'D9-header-limit',
    family: 'D',
    title: 'One member sends headers that clients take and the gateway does not',
    // nginx takes the member out after the first one, Varnish asks for a pause of 5 s each time, and Caddy takes headers of several MB.
    gateways: ['haproxy', 'apache'],
    draw(random) {
      const bigHeader = { ratio: 0.3 + 0.3 * random.next(), bytes: 1_000 * between(random, 17, 30) };
      const { odd, members } = oneOdd(random, (name, service) => quirky(name, service, { bigHeader }));
      return {
        parameters: { ...bigHeader, member: odd },
        stage: { members, gateway: {}, requests: [HOME], experiments: [compare(12, 10)] },
        truth: [{ cause: 'connection/invalid-response', member: odd }],
      };
    },
  },
];

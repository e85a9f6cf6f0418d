import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange, Outcome } from '../../src/model/exchange.ts';
import { directTo, GATEWAY, type RouteId } from '../../src/model/route.ts';
import { classify } from '../../src/monitor/classification.ts';
import { exchangeOf, REFUSED, statusOf } from './exchanges.ts';

/** Five requests on each route; so many of them fail. */
function burst(failed: Readonly<Record<string, number>>): Exchange[] {
  return Object.entries(failed).flatMap(([name, count]) => {
    const route: RouteId = name === 'gateway' ? GATEWAY : directTo(name);
    const outcome = route === GATEWAY ? statusOf(502) : REFUSED;
    return Array.from({ length: 5 }, (_, i) => exchangeOf(route, i < count ? outcome : statusOf(200)));
  });
}

const BAD_GATEWAY = [exchangeOf(GATEWAY, statusOf(502))];

type Case = {
  readonly name: string;
  readonly first?: readonly Exchange[];
  readonly failed: Readonly<Record<string, number>>;
  readonly scope: string;
  readonly severity: string;
  readonly title: string;
};

for (const { name, first = BAD_GATEWAY, failed, scope, severity, title } of [
  {
    name: 'a blip at the gateway',
    failed: { gateway: 0, web1: 0, web2: 0 },
    ...{ scope: 'passing', severity: 'warning' },
    title: 'A request on the gateway failed (502): asked again at once, 15 of 15 requests succeeded',
  },
  {
    name: 'a blip at a member',
    first: [exchangeOf(directTo('web1'), REFUSED)],
    failed: { gateway: 0, web1: 0 },
    ...{ scope: 'passing', severity: 'info' },
    title: 'A request on web1 failed (error:refused): asked again at once, 10 of 10 requests succeeded',
  },
  {
    name: 'only through the gateway',
    failed: { gateway: 5, web1: 0, web2: 0, web3: 0 },
    ...{ scope: 'gateway-only', severity: 'critical' },
    title: 'The gateway fails and members do not: 5 of 5 requests fail (502); asked directly, all 3 members answer',
  },
  {
    name: 'one member, met by the gateway now and then',
    failed: { gateway: 2, web1: 0, web2: 5 },
    ...{ scope: 'one-member', severity: 'error' },
    title:
      'Member web2 fails when asked directly: 5 of 5 requests fail (error:refused); through the gateway now and then, 2 of 5 requests fail (502); the other member answers',
  },
  {
    name: 'one member that the gateway does without, now and then',
    failed: { gateway: 0, web1: 1, web2: 0, web3: 0 },
    ...{ scope: 'one-member', severity: 'warning' },
    title:
      'Member web1 fails when asked directly: now and then, 1 of 5 requests fail (error:refused); through the gateway 0 of 5 requests fail; the other 2 members answer',
  },
  {
    name: 'several members',
    failed: { gateway: 0, web1: 5, web2: 5, web3: 0 },
    ...{ scope: 'some-members', severity: 'error' },
    title:
      '2 of 3 members fail when asked directly (web1, web2): 10 of 10 requests fail (error:refused); through the gateway 0 of 5 requests fail',
  },
  {
    name: 'all members, while the gateway answers',
    failed: { gateway: 0, web1: 5, web2: 5 },
    ...{ scope: 'all-members', severity: 'error' },
    title:
      'Both members fail when asked directly: 10 of 10 requests fail (error:refused); through the gateway 0 of 5 requests fail',
  },
  {
    name: 'everything',
    failed: { gateway: 5, web1: 5 },
    ...{ scope: 'everything', severity: 'critical' },
    title:
      'The gateway and its member fail: through the gateway 5 of 5 requests fail (502), directly 5 of 5 requests fail (error:refused)',
  },
] satisfies readonly Case[] as readonly Case[]) {
  test(name, () => {
    const found = classify(first, burst(failed));
    assert.deepEqual([found.scope, found.severity, found.title], [scope, severity, title]);
    const failing = Object.entries(failed).filter(([, count]) => count > 0);
    assert.equal(found.failing.length, failing.length);
  });
}

const SILENT: readonly Outcome[] = [
  { ...REFUSED, code: 'unreachable', detail: 'connect ENETUNREACH' },
  { ...REFUSED, code: 'dns', phase: 'dns' },
  { kind: 'timeout', waitingFor: 'connect', limitUs: 10_000_000, bytesReceived: 0 },
];

function everywhere(outcome: (route: RouteId, i: number) => Outcome): Exchange[] {
  const routes = [GATEWAY, directTo('web1'), directTo('web2')];
  return routes.flatMap((route) => Array.from({ length: 5 }, (_, i) => exchangeOf(route, outcome(route, i))));
}

for (const outcome of SILENT)
  test(`nobody answers at all: the network of this machine comes first (${outcome.kind === 'connection-error' ? outcome.code : outcome.kind})`, () => {
    const { scope, severity, title } = classify(
      BAD_GATEWAY,
      everywhere(() => outcome),
    );
    assert.deepEqual([scope, severity], ['everything', 'critical']);
    assert.match(title, /^This machine reaches neither the gateway nor any of 2 members: .* network of this machine/);
  });

test('kept connections that fall silent beside new ones that reach nobody are the same; work that hangs is not', () => {
  const [unreachable] = SILENT as [Outcome];
  const hangs: Outcome = { kind: 'timeout', waitingFor: 'headers', limitUs: 10_000_000, bytesReceived: 0 };
  const kept = { id: 1, isNew: false, ageUs: 9e7, idleUs: 6e7 };
  const mixed = everywhere(() => unreachable).map((one, i) =>
    i % 5 === 1 ? { ...one, outcome: hangs, connection: kept } : one,
  );
  assert.match(classify(BAD_GATEWAY, mixed).title, /^This machine reaches neither/);
  const hanging = everywhere(() => hangs).map((one, i) => (i % 2 === 1 ? { ...one, connection: kept } : one));
  assert.doesNotMatch(classify(BAD_GATEWAY, hanging).title, /this machine/i);
});

test('one word from anywhere, or a member that answers, and it is not the network of this machine', () => {
  const [unreachable] = SILENT as [Outcome];
  const refusedOnce = everywhere((route, i) => (route === GATEWAY && i === 0 ? REFUSED : unreachable));
  assert.doesNotMatch(classify(BAD_GATEWAY, refusedOnce).title, /this machine/i);
  const memberAnswers = everywhere((route) => (route === directTo('web2') ? statusOf(200) : unreachable));
  assert.doesNotMatch(classify(BAD_GATEWAY, memberAnswers).title, /this machine/i);
});

const DROP = exchangeOf(
  GATEWAY,
  { ...REFUSED, code: 'closed' },
  { connection: { id: 1, isNew: false, ageUs: 9e7, idleUs: 6e7 } },
);

test('one drop on a kept connection is information, and only may be an idle timeout', () => {
  const { severity, title } = classify([DROP], burst({ gateway: 0, web1: 0 }));
  assert.equal(severity, 'info');
  assert.match(title, /after 60 s of idle time, which the other side may have closed just then: one such drop cannot/);
});

test('drops that share their idle time are said to be an idle timeout', () => {
  const close = { drops: 4, lowUs: 60_000_000, highUs: 61_000_000, newConnections: 90, p: 1e-5 };
  const drops = { closeOf: (route: RouteId) => (route === GATEWAY ? close : undefined) };
  const { title } = classify([DROP], burst({ gateway: 0, web1: 0 }), drops);
  assert.match(title, /closes connections after 60 s to 61 s of idle time: 4 drops .* none of 90 requests on new/);
  const other = exchangeOf(GATEWAY, statusOf(502));
  assert.doesNotMatch(classify([DROP, other], burst({ gateway: 0, web1: 0 }), drops).title, /idle time/);
});

test('what was not sent says nothing', () => {
  const unsent = exchangeOf(directTo('web1'), { kind: 'not-sent', reason: 'aborted' });
  const { scope, title } = classify(BAD_GATEWAY, [unsent]);
  assert.equal(scope, 'passing');
  assert.match(title, /it could not be asked again/);
});

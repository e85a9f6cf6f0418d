import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/model/random.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import {
  confirmOrder,
  firstsOrder,
  idleRequest,
  requestOfRound,
  routesOf,
  scheduledOrder,
} from '../../src/monitor/round.ts';
import { requestOf } from '../traffic/sending-setup.ts';
import { farmOf } from './exchanges.ts';

const FARM = farmOf(['web1', 'web2'], {
  requests: [
    requestOf({ name: 'home', weight: 3 }),
    requestOf({ name: 'list', weight: 1 }),
    requestOf({ name: 'slow', path: '/?ms={delayMs}', weight: 9 }),
  ],
});

test('over rounds each request has its share by weight, early and on both kinds of connection; delays are never asked for', () => {
  for (const rounds of [16, 200]) {
    const names = Array.from({ length: rounds }, (_, number) => requestOfRound(FARM, number).name);
    const listed = names.filter((name) => name === 'list').length / rounds;
    assert.ok(Math.abs(listed - 0.25) <= 0.07, `${listed}`);
    assert.ok(!names.includes('slow'));
    assert.ok(names.every((name, i) => i % 2 === 0 || name === names[i - 1]));
  }
  assert.equal(idleRequest(FARM).name, 'home');
});

test('a round asks each route once, the same, on one kind of connection, in an order of its own', () => {
  const orders = Array.from({ length: 20 }, (_, i) => scheduledOrder(FARM, i, routesOf(FARM), createRandom(i)));
  for (const [i, { requests }] of orders.entries()) {
    assert.deepEqual(requests.map(({ route }) => route).sort(), [...routesOf(FARM)].sort());
    assert.equal(new Set(requests.map(({ requestName }) => requestName)).size, 1);
    assert.ok(requests.every(({ connection }) => connection === (i % 2 === 0 ? 'new' : 'warm')));
  }
  assert.ok(new Set(orders.map(({ requests }) => requests.map(({ route }) => route).join())).size > 3);
});

test('a confirm burst asks what failed five times on every route in turn, within limits.maxRequests', () => {
  const routes = routesOf(FARM);
  const { requests, kind } = confirmOrder(FARM, 'list', routes);
  assert.equal(kind, 'confirm');
  assert.equal(requests.length, 15);
  assert.ok(requests.every(({ route, requestName }, i) => route === routes[i % 3] && requestName === 'list'));
  for (const [maxRequests, most] of [
    [7, 6],
    [2, 2],
  ] as const) {
    const small = { ...FARM, limits: { ...FARM.limits, maxRequests } };
    assert.equal(confirmOrder(small, 'list', routes).requests.length, most);
    assert.ok(scheduledOrder(small, 0, routes, createRandom(1)).requests.length <= maxRequests);
  }
});

test('after a silence each route is asked once, on a new connection, and the request says how long it was', () => {
  const { requests, kind } = firstsOrder(
    FARM,
    new Map([
      [directTo('web1'), 60_000_000],
      [GATEWAY, 90_000_000],
    ]),
  );
  assert.equal(kind, 'experiment');
  assert.deepEqual(
    requests.map(({ tag, connection }) => [tag.kind === 'idle' && tag.gapUs, connection]),
    [
      [60_000_000, 'new'],
      [90_000_000, 'new'],
    ],
  );
});

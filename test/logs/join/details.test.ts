import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientRequest } from '../../../src/logs/join/journeys.ts';
import type { HopReading } from '../../../src/model/hop.ts';
import type { PlacedEntry } from '../../../src/model/log.ts';
import { client, detail, goodPairs, joinAll, journeyOf, line, NOON, SEC, source } from './lines.ts';

const LATER = NOON + 2_000 * SEC + 300_000;

test('HTTPERR: one line, one request, the nearest; idle closes are nobody’s; the port decides', () => {
  const kernel = (atUs: number, more: Partial<PlacedEntry> = {}) =>
    detail(2, atUs, { format: 'httperr', kind: 'kernel', flags: 'Connection_Dropped', ...more });
  const pairs = goodPairs(60);
  const dropped = { status: 502, substatus: 3, win32: 12_030 };
  const first = line(0, LATER, SEC, dropped);
  const second = line(0, LATER + 20 * SEC, SEC, dropped);
  const own = [kernel(LATER + 19.7 * SEC), kernel(LATER, { flags: 'Timer_ConnectionIdle', extra: { normal: 'yes' } })];
  const { journeys } = joinAll([
    source(0, undefined, [...pairs.gateway, first, second]),
    source(1, 'web1', pairs.member),
    source(2, 'web1', own),
  ]);
  assert.deepEqual(journeyOf(journeys, first).members[0]?.details, []);
  assert.deepEqual(journeyOf(journeys, second).members[0]?.details, [own[0]]);
  const request = (localPort: number): ClientRequest => ({
    ...client('0123456789abcdef', LATER, SEC, { isFailure: true, direct: 'web1' }),
    localPort,
  });
  const at = kernel(LATER + SEC, { clientPort: 5_000 });
  const found = (port: number) =>
    joinAll([source(2, 'web1', [at])], { requests: [request(port)] }).journeys[0]?.members[0]?.details.length;
  assert.deepEqual([found(5_000), found(5_001)], [1, 0]);
});

test('a kernel line of the gateway that no access line has is a request of its own', () => {
  const full = detail(3, LATER, { format: 'httperr', kind: 'kernel', flags: 'QueueFull', status: 503, path: '/a' });
  const reading: HopReading = { outcome: 'gateway/saturated', madeBy: 'gateway', sure: 1, because: 'QueueFull' };
  const { journeys } = joinAll([source(0, undefined, goodPairs(60).gateway), source(3, undefined, [full])], {
    read: ({ kind }) => (kind === 'kernel' ? reading : undefined),
  });
  const own = journeys.find(({ gateway }) => gateway.details.includes(full));
  assert.deepEqual([own?.gateway.presence, own?.gateway.reading?.outcome], ['absent', 'gateway/saturated']);
});

test('error lines of a connection that is kept alive go to the request that failed then', () => {
  const local = { local: '*7' };
  const good = line(0, LATER, 100_000, { format: 'nginx', ids: local });
  const failed = line(0, LATER + SEC, SEC, { format: 'nginx', ids: local, status: 504 });
  const other = line(0, LATER + SEC, SEC, { format: 'nginx', ids: { local: '*8' }, status: 504 });
  const error = detail(1, LATER + SEC - 300_000, { ids: local, message: 'upstream timed out' });
  const { journeys } = joinAll([
    source(0, undefined, [...goodPairs(20).gateway, good, failed, other]),
    source(1, undefined, [error], { format: 'nginx-error' }),
  ]);
  assert.deepEqual(
    [good, failed, other].map((one) => journeyOf(journeys, one).gateway.details.length),
    [0, 1, 0],
  );
});

test('an error log in local time is found by the requests that it shares with its neighbour', () => {
  const failed = [0, 40, 95].map((sec, i) =>
    line(0, LATER + sec * SEC, SEC, { format: 'nginx', status: 504, ids: { local: `*${i}` } }),
  );
  const errors = failed.map(({ atUs, ids }) => detail(1, atUs + 3_600 * SEC, { ids, message: 'upstream timed out' }));
  const { journeys, clocks } = joinAll([
    source(0, undefined, [...goodPairs(20).gateway, ...failed]),
    source(1, undefined, errors, { format: 'nginx-error' }),
  ]);
  assert.equal(clocks[1]?.offsetUs, 3_600 * SEC);
  assert.match(clocks[1]?.note ?? '', /another zone/);
  assert.deepEqual(
    failed.map((one) => journeyOf(journeys, one).gateway.details.length),
    [1, 1, 1],
  );
});

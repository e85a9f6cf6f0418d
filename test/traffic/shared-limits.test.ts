import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createSharedCounts,
  freePlaces,
  joinLimits,
  launchedBy,
  sentTogether,
} from '../../src/traffic/shared-limits.ts';

const LIMITS = { maxInFlight: 3, maxRequests: 5 };

test('two threads together take as many places as one may, and one may take them all', () => {
  const counts = createSharedCounts(2, 1);
  const [a, b] = [joinLimits(counts, 0, LIMITS), joinLimits(counts, 1, LIMITS)];
  assert.deepEqual([a.take(), a.take(), a.take(), b.take()], [undefined, undefined, undefined, 'cap']);
  a.giveBack();
  assert.equal(b.take(), undefined);
  assert.equal(a.take(), 'cap');
  assert.equal(sentTogether(counts), 4, 'a refusal takes nothing');
  b.giveBack();
  assert.equal(a.take(), undefined);
  a.giveBack();
  assert.equal(b.take(), 'budget');
  assert.equal(b.sent(), 5);
  assert.equal(b.take(), 'budget', 'a refusal by the budget takes no room either');
  a.giveBack();
  b.countSent();
  assert.equal(a.sent(), 6);
});

test('a thread that has ended leaves its places to the others', () => {
  const counts = createSharedCounts(3, 1);
  const [a, b] = [joinLimits(counts, 0, LIMITS), joinLimits(counts, 2, LIMITS)];
  a.take();
  b.take();
  b.take();
  assert.equal(a.take(), 'cap');
  freePlaces(counts, 2);
  assert.deepEqual([a.take(), a.take(), a.take()], [undefined, undefined, 'cap']);
  freePlaces(counts, 2);
  assert.equal(a.take(), 'cap', 'once');
});

test('a pause that one was asked for holds for all, the longest, per route', () => {
  const counts = createSharedCounts(2, 2);
  const [a, b] = [joinLimits(counts, 0, LIMITS), joinLimits(counts, 1, LIMITS)];
  a.pause(1, 5_000_001);
  b.pause(1, 2_000_000);
  assert.equal(b.pausedUntilUs(1), 5_001_000);
  assert.equal(b.pausedUntilUs(0), 0);
});

test('what each has launched is known also when it is gone', () => {
  const counts = createSharedCounts(8, 4);
  for (let thread = 0; thread < 8; thread++) {
    const own = joinLimits(counts, thread, LIMITS);
    for (let i = 0; i < thread; i++) own.launched();
  }
  assert.deepEqual(
    Array.from({ length: 8 }, (_, thread) => launchedBy(counts, thread)),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
  assert.equal(sentTogether(counts), 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from './virtual-clock.ts';

test('sleepers wake in the order of their due times, at their due time', async () => {
  const clock = createVirtualClock(1_000);
  const woken: string[] = [];
  const wait = async (name: string, durationUs: number): Promise<void> => {
    await clock.sleep(durationUs);
    woken.push(`${name}@${clock.nowUs()}`);
  };
  const all = Promise.all([wait('late', 5_000), wait('early', 2_000), wait('also early', 2_000)]);
  await clock.advance(1_999);
  assert.deepEqual(woken, []);
  await clock.advance(3_001);
  await all;
  assert.deepEqual(woken, ['early@2000', 'also early@2000', 'late@5000']);
  assert.equal(clock.wallMs(), 1_005);
  assert.equal(clock.sleeping, 0);
});

test('who sleeps again within one advance wakes again', async () => {
  const clock = createVirtualClock();
  let rounds = 0;
  const loop = (async () => {
    for (; rounds < 4; rounds++) await clock.sleep(1_000);
  })();
  await clock.advance(2_500);
  assert.equal(rounds, 2);
  assert.equal(clock.nowUs(), 2_500);
  await clock.runAll();
  await loop;
  assert.equal(clock.nowUs(), 4_000);
});

test('an abort wakes at once, a wait of nothing does not wait', async () => {
  const clock = createVirtualClock();
  const abort = new AbortController();
  const waiting = clock.sleep(1_000_000, abort.signal);
  abort.abort();
  await waiting;
  await clock.sleep(1_000_000, abort.signal);
  await clock.sleep(0);
  assert.equal(clock.nowUs(), 0);
  assert.equal(clock.sleeping, 0);
});

test('runAll stops at its limit', async () => {
  const clock = createVirtualClock();
  void clock.sleep(10_000);
  await assert.rejects(clock.runAll(9_999), /still asleep/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDeadline } from '../../src/lab/arr-deadline.ts';

const SETTINGS: readonly { readonly name: string; readonly sets: readonly number[]; readonly expectedMs: number }[] = [
  { name: 'once', sets: [40], expectedMs: 40 },
  { name: 'back', sets: [20, 60], expectedMs: 60 },
  { name: 'forward', sets: [600_000, 30], expectedMs: 30 },
  { name: 'to a fraction', sets: [10.9], expectedMs: 10.9 },
];

for (const { name, sets, expectedMs } of SETTINGS) {
  test(`a deadline that is set ${name} expires once, and never early`, async () => {
    let expired = 0;
    const beganMs = performance.now();
    const tookMs = await new Promise<number>((resolve) => {
      const deadline = createDeadline(() => {
        expired++;
        resolve(performance.now() - beganMs);
      });
      for (const ms of sets) deadline.set(ms);
    });
    assert.ok(tookMs >= expectedMs && tookMs < expectedMs + 5_000, `${tookMs} ms`);
    await sleep(80);
    assert.equal(expired, 1);
  });
}

test('what is cleared does not expire until it is set again, and after the end nothing does', async () => {
  let expired = 0;
  const deadline = createDeadline(() => expired++);
  deadline.set(5);
  deadline.clear();
  await sleep(30);
  assert.equal(expired, 0);
  deadline.set(5);
  await sleep(100);
  assert.equal(expired, 1);
  deadline.set(5);
  deadline.end();
  deadline.set(5);
  await sleep(30);
  assert.equal(expired, 1);
});

import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { createDelays, drawServiceMs } from '../../src/lab/member-service.ts';
import type { ServiceTime } from '../../src/lab/options.ts';
import { createRandom } from '../../src/model/random.ts';

const DRAWS = 4_000;

function drawn(service: ServiceTime): number[] {
  const random = createRandom(3);
  return Array.from({ length: DRAWS }, () => drawServiceMs(service, random)).sort((a, b) => a - b);
}

test('service times have the distribution that was asked for', () => {
  assert.deepEqual(new Set(drawn({ kind: 'constant', ms: 12.5 })), new Set([12.5]));
  const uniform = drawn({ kind: 'uniform', fromMs: 10, toMs: 30 });
  assert.ok((uniform[0] ?? 0) >= 10 && (uniform.at(-1) ?? 99) < 30);
  assert.ok(Math.abs((uniform[DRAWS / 2] ?? 0) - 20) < 1);
  const lognormal = drawn({ kind: 'lognormal', medianMs: 40, sigma: 0.5 });
  assert.ok(Math.abs((lognormal[DRAWS / 2] ?? 0) - 40) < 2);
  // One standard deviation above the median: quantile 0.8413.
  assert.ok(Math.abs(Math.log((lognormal[Math.round(DRAWS * 0.8413)] ?? 0) / 40) - 0.5) < 0.06);
});

test('a delay is never shorter than asked', async () => {
  const delays = createDelays();
  const early: number[] = [];
  await Promise.all(
    Array.from({ length: 200 }, (_, at) => {
      const ms = 1 + at * 0.37;
      const beganMs = performance.now();
      return new Promise<void>((resolve) =>
        delays.after(ms, () => {
          if (performance.now() - beganMs < ms) early.push(ms);
          resolve();
        }),
      );
    }),
  );
  assert.deepEqual(early, []);
});

test('stopped delays are forgotten', async () => {
  const delays = createDelays();
  let called = false;
  delays.after(5, () => {
    called = true;
  });
  delays.stop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(called, false);
});

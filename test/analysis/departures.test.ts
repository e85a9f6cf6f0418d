import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Stay, workerGrowth } from '../../src/analysis/departures.ts';
import { createRandom } from '../../src/model/random.ts';
import type { Random } from '../../src/model/time.ts';
import { normal } from './noise.ts';

const SEC = 1_000_000;

type Server = {
  readonly workers: number;
  /** One more each time so much has passed since the first had to wait. */
  readonly perSec?: number;
  readonly serviceUs: (random: Random, atUs: number) => number;
};

/** First come, first served; arrivals at a constant rate. */
function stays(
  random: Random,
  ratePerSec: number,
  seconds: number,
  { workers, perSec = 0, serviceUs }: Server,
): Stay[] {
  const freeAt = new Array<number>(workers).fill(0);
  let waitsSince: number | undefined;
  let added = 0;
  return Array.from({ length: Math.round(ratePerSec * seconds) }, (_, i): Stay => {
    const fromUs = Math.round((i * SEC) / ratePerSec);
    const earliest = (): number => freeAt.indexOf(Math.min(...freeAt));
    for (;;) {
      const startUs = Math.max(fromUs, freeAt[earliest()] as number);
      if (startUs > fromUs) waitsSince ??= fromUs;
      const nextUs =
        waitsSince === undefined || perSec === 0 ? Number.POSITIVE_INFINITY : waitsSince + ((added + 1) * SEC) / perSec;
      if (nextUs > startUs) break;
      freeAt.push(nextUs);
      added++;
    }
    const slot = earliest();
    const startUs = Math.max(fromUs, freeAt[slot] as number);
    freeAt[slot] = startUs + serviceUs(random, startUs);
    return { fromUs, toUs: Math.round(freeAt[slot] as number) };
  });
}

const steady = (us: number, spread: number) => (random: Random) => us * Math.exp(spread * normal(random));

test('workers that are added show with their rate, and with how many there were', () => {
  for (const { perSec, workers, spread, serviceUs } of [
    { perSec: 0.7, workers: 3, spread: 0, serviceUs: 200_000 },
    { perSec: 1, workers: 5, spread: 0.05, serviceUs: 200_000 },
    { perSec: 2, workers: 4, spread: 0.2, serviceUs: 200_000 },
    { perSec: 2.2, workers: 3, spread: 0.05, serviceUs: 120_000 },
    { perSec: 4, workers: 8, spread: 0.05, serviceUs: 300_000 },
  ]) {
    for (const seed of [1, 2, 3]) {
      const ratePerSec = (2.5 * (workers + 4 * perSec) * SEC) / serviceUs / 2;
      const sample = stays(createRandom(seed), ratePerSec, 7, {
        workers,
        perSec,
        serviceUs: steady(serviceUs, spread),
      });
      const growth = workerGrowth(sample, serviceUs);
      const what = JSON.stringify({ perSec, workers, spread, seed, growth: growth?.perSec, first: growth?.first });
      assert.ok(growth !== undefined && growth.p < 1e-6, what);
      assert.ok(Math.abs(growth.perSec.value / perSec - 1) < 0.1, what);
      assert.ok(growth.perSec.low <= growth.perSec.value && growth.perSec.value <= growth.perSec.high);
      assert.ok(Math.abs(growth.first - workers) < 1.5, what);
      assert.ok(
        growth.halves.every((slope) => slope > perSec / 3),
        what,
      );
    }
  }
});

test('the interval holds the true rate', () => {
  let held = 0;
  for (let seed = 0; seed < 40; seed++) {
    const random = createRandom(seed);
    const perSec = 0.5 + 2.5 * random.next();
    const sample = stays(random, 60, 6, { workers: 3, perSec, serviceUs: steady(200_000, 0.05) });
    const { low, high } = workerGrowth(sample, 200_000)?.perSec ?? { low: 0, high: 0 };
    if (low <= perSec && perSec <= high) held++;
  }
  assert.ok(held >= 38, `${held} of 40`);
});

test('a fixed number of workers is flat', () => {
  let rising = 0;
  for (let seed = 0; seed < 40; seed++) {
    const spread = [0, 0.05, 0.3, 0.8][seed % 4] ?? 0;
    const sample = stays(createRandom(seed), 45, 6, { workers: 4, serviceUs: steady(200_000, spread) });
    const growth = workerGrowth(sample, 200_000);
    if (growth !== undefined && growth.p < 1e-3) rising++;
  }
  assert.equal(rising, 0);
});

test('where nobody waits, or not for long, nothing is said', () => {
  const room = stays(createRandom(1), 10, 6, { workers: 4, serviceUs: steady(200_000, 0.05) });
  assert.equal(workerGrowth(room, 200_000), undefined);
  assert.equal(workerGrowth([], 200_000), undefined);
  assert.equal(workerGrowth(room, 0), undefined);
  const short = stays(createRandom(1), 40, 1, { workers: 4, serviceUs: steady(200_000, 0.05) });
  assert.equal(workerGrowth(short, 200_000), undefined);
  // Requests that wait now and then are no queue that stays.
  const sometimes = room.map(({ fromUs, toUs }, i): Stay => ({ fromUs, toUs: i % 4 === 0 ? toUs + 300_000 : toUs }));
  assert.equal(workerGrowth(sometimes, 200_000), undefined);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Arrival } from '../../src/model/profile.ts';
import { createRandom } from '../../src/model/random.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { US_PER_SEC } from '../../src/model/time.ts';
import { arrivals, packSchedule, rampArrivals, type Shot } from '../../src/traffic/schedule.ts';

const gapsOf = (times: readonly number[]): number[] => times.slice(1).map((at, i) => at - (times[i] as number));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const list = (arrival: Arrival, ratePerSec: number, seconds: number, seed = 1): number[] => [
  ...arrivals(arrival, ratePerSec, seconds * US_PER_SEC, createRandom(seed)),
];

describe('arrivals', () => {
  const COUNTS = [
    { ratePerSec: 10, seconds: 3, count: 30 },
    { ratePerSec: 3, seconds: 10, count: 30 },
    { ratePerSec: 0.5, seconds: 10, count: 5 },
    { ratePerSec: 0.1, seconds: 5, count: 0 },
    // 0.1 × 3 is a little below 0.3 in binary: the count must not lose one for it.
    { ratePerSec: 0.1, seconds: 30, count: 3 },
    { ratePerSec: 1_000, seconds: 0.0015, count: 1 },
  ];
  for (const { ratePerSec, seconds, count } of COUNTS) {
    for (const arrival of ['uniform', 'burst'] as const) {
      test(`${arrival}: ${ratePerSec}/s for ${seconds} s are ${count}, within the stretch`, () => {
        const times = list(arrival, ratePerSec, seconds);
        assert.equal(times.length, count);
        assert.ok(times.every((at) => at >= 0 && at < seconds * US_PER_SEC));
      });
    }
  }

  test('uniform: constant gaps from 0', () => {
    const times = list('uniform', 8, 2);
    assert.equal(times[0], 0);
    assert.ok(gapsOf(times).every((gap) => gap === 125_000));
  });

  test('burst: all at the start of each second', () => {
    assert.deepEqual(list('burst', 2, 3), [0, 0, 1e6, 1e6, 2e6, 2e6]);
  });

  test('poisson: gaps are exponential (mean, spread and law), ordered, within the stretch', () => {
    const times = list('poisson', 100, 200);
    const gaps = gapsOf(times);
    assert.ok(times.every((at) => at > 0 && at < 200 * US_PER_SEC));
    assert.ok(gaps.every((gap) => gap >= 0));
    // Seeded, so the bounds (five standard errors) hold always or never.
    assert.ok(Math.abs(times.length - 20_000) < 5 * Math.sqrt(20_000), `${times.length}`);
    const spread = Math.sqrt(mean(gaps.map((gap) => (gap - mean(gaps)) ** 2)));
    assert.ok(Math.abs(spread / mean(gaps) - 1) < 0.04, `${spread / mean(gaps)}`);
    for (const share of [0.1, 0.5, 0.9]) {
      const quantileUs = -10_000 * Math.log(1 - share);
      const below = gaps.filter((gap) => gap <= quantileUs).length / gaps.length;
      assert.ok(Math.abs(below - share) < 0.02, `${share}: ${below}`);
    }
  });

  test('poisson: the same seed gives the same times, another seed others', () => {
    assert.deepEqual(list('poisson', 20, 5, 7), list('poisson', 20, 5, 7));
    assert.notDeepEqual(list('poisson', 20, 5, 7), list('poisson', 20, 5, 8));
  });
});

describe('rampArrivals', () => {
  test('sends the integral of the rate, ordered, starting at 0 and within the stretch', () => {
    const times = [...rampArrivals(10, 50, 4 * US_PER_SEC)];
    assert.equal(times.length, 120);
    assert.equal(times[0], 0);
    assert.ok(gapsOf(times).every((gap) => gap > 0));
    assert.ok((times.at(-1) as number) < 4 * US_PER_SEC);
  });

  test('the pace follows the line at every moment', () => {
    const times = [...rampArrivals(10, 50, 4 * US_PER_SEC)];
    for (const [second, count] of [15, 25, 35, 45].entries()) {
      const within = times.filter((at) => at >= second * US_PER_SEC && at < (second + 1) * US_PER_SEC).length;
      assert.ok(Math.abs(within - count) <= 1, `second ${second}: ${within}`);
    }
    // 10 t + 5 t² = 1 is at (√120 − 10) / 10 s.
    assert.ok(Math.abs((times[1] as number) - 95_445) < 1);
    assert.ok(Math.abs((gapsOf(times).at(-1) as number) - 20_000) < 500);
  });

  test('downwards, level, and from 0', () => {
    const down = [...rampArrivals(50, 10, 4 * US_PER_SEC)];
    assert.equal(down.length, 120);
    assert.ok(down.every((at, i) => Number.isFinite(at) && at >= (down[i - 1] ?? 0) && at <= 4 * US_PER_SEC));
    assert.deepEqual([...rampArrivals(4, 4, US_PER_SEC)], [0, 250_000, 500_000, 750_000]);
    const fromZero = [...rampArrivals(0, 20, US_PER_SEC)];
    assert.equal(fromZero.length, 10);
    assert.ok(fromZero.every(Number.isFinite));
  });
});

describe('packSchedule', () => {
  const shot = (dueUs: number, more: Partial<Shot> = {}): Shot => ({
    dueUs,
    route: GATEWAY,
    request: 'home',
    connection: 'warm',
    ...more,
  });

  test('sorts by due time and keeps slot and shape with it; equal times keep their order', () => {
    const { dueUs, shapeIndex, slot, shapes } = packSchedule([
      shot(300, { slot: 3, route: directTo('c') }),
      shot(100, { slot: 1 }),
      shot(200, { slot: 2, route: directTo('b') }),
      shot(100, { slot: 11, route: directTo('b') }),
    ]);
    assert.deepEqual([...dueUs], [100, 100, 200, 300]);
    assert.deepEqual([...slot], [1, 11, 2, 3]);
    assert.deepEqual(
      [...shapeIndex].map((index) => shapes[index]?.route),
      [GATEWAY, directTo('b'), directTo('b'), directTo('c')],
    );
  });

  test('shares shapes: due time and slot are not part of them, everything else is', () => {
    const packed = packSchedule(Array.from({ length: 1_000 }, (_, i) => shot(i, { slot: i })));
    assert.equal(packed.shapes.length, 1);
    assert.deepEqual(packed.shapes[0], { route: GATEWAY, request: 'home', connection: 'warm' });
    const differences: Partial<Shot>[] = [
      {},
      { route: directTo('a') },
      { request: 'other' },
      { connection: 'new' },
      { delayMs: 5 },
      { limitUs: 7 },
      { tag: { kind: 'load' } },
      { tag: { kind: 'canary' } },
    ];
    assert.equal(packSchedule(differences.map((more) => shot(0, more))).shapes.length, differences.length);
  });

  test('rounds to whole µs, marks a missing slot, takes nothing at all', () => {
    const { dueUs, slot } = packSchedule([shot(1.4), shot(2.6, { slot: 0 })]);
    assert.deepEqual([...dueUs], [1, 3]);
    assert.deepEqual([...slot], [-1, 0]);
    assert.ok(dueUs.buffer instanceof SharedArrayBuffer);
    assert.equal(packSchedule([]).dueUs.length, 0);
  });
});

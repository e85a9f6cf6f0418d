import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changePoints, momentsOf, welchP } from '../../src/analysis/change-points.ts';
import { createRandom } from '../../src/model/random.ts';
import type { Random } from '../../src/model/time.ts';

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
function noise(random: Random, count: number, mean = 0, deviation = 1): number[] {
  return Array.from({ length: count }, () => mean + deviation * gaussian(random));
}

test('a shift of three deviations is found where it is, whatever the lengths', () => {
  fc.assert(
    fc.property(fc.integer({ min: 15, max: 40 }), fc.integer({ min: 15, max: 40 }), fc.integer(), (m, k, seed) => {
      const random = createRandom(seed);
      const points = changePoints([...noise(random, m), ...noise(random, k, 4)], random);
      assert.ok(
        points.some(({ index }) => Math.abs(index - m) <= 2),
        JSON.stringify({ m, k, points }),
      );
    }),
    { seed: 11, numRuns: 25 },
  );
});

test('several shifts are found in order', () => {
  const random = createRandom(3);
  const values = [...noise(random, 30), ...noise(random, 30, 5), ...noise(random, 30, 1)];
  assert.deepEqual(
    changePoints(values, random).map(({ index }) => index),
    [30, 60],
  );
});

test('a series without change has none: the share of errors is that of the level', () => {
  let wrong = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const random = createRandom(seed);
    if (changePoints(noise(random, 40), random).length > 0) wrong++;
  }
  // 1 expected at 1 %; merging takes some of them away.
  assert.ok(wrong <= 5, `${wrong}`);
});

test('the same seed finds the same, and neither scale nor place matters', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: -50, max: 50 }), (seed, shift) => {
      const values = [...noise(createRandom(seed), 20), ...noise(createRandom(seed + 1), 20, 3)];
      const own = changePoints(values, createRandom(seed)).map(({ index }) => index);
      const moved = changePoints(
        values.map((value) => 4 * value + shift),
        createRandom(seed),
      ).map(({ index }) => index);
      assert.deepEqual(moved, own);
    }),
    { seed: 12, numRuns: 15 },
  );
});

test('constants, outliers and short series are no change', () => {
  const random = createRandom(1);
  assert.deepEqual(
    changePoints(
      Array.from({ length: 50 }, () => 7),
      random,
    ),
    [],
  );
  assert.deepEqual(changePoints([1, 1, 9, 9], random), []);
  assert.deepEqual(changePoints([], random), []);
  const single = noise(random, 40);
  single[20] = 50;
  assert.deepEqual(changePoints(single, random), []);
});

test("Welch's test", () => {
  assert.equal(welchP([1, 1, 1], [1, 1, 1]), 1);
  assert.equal(welchP([1, 1, 1], [2, 2, 2]), 0);
  // t = 1.8974 at 5.882 degrees; both tails of its density integrated numerically.
  assert.ok(Math.abs(welchP([1, 2, 3, 4, 5], [2, 4, 6, 8, 10]) - 0.1075312) < 1e-6);
  assert.deepEqual(momentsOf([]), { count: 0, mean: 0, variance: 0 });
});

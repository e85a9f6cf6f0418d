import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWallWatch, readOffset } from '../../src/traffic/wall-watch.ts';

function facts(offsetsUs: readonly number[], spreadUs = 10) {
  const watch = createWallWatch();
  for (const offsetUs of offsetsUs) watch.reading(offsetUs, spreadUs);
  return watch.facts();
}

test('a clock that is left alone has no step, and no drift beyond the resolution of Date.now', () => {
  assert.deepEqual(facts([1e12, 1e12 + 700, 1e12 - 200, 1e12 + 300]), { steps: 0, largestStepUs: 0, driftUs: 300 });
});

test('steps are told with the largest, forward and back, and are no drift', () => {
  const found = facts([0, 500, 3_200_500, 3_201_000, 3_151_000]);
  assert.deepEqual(found, { steps: 2, largestStepUs: 3_200_000, driftUs: 1_000 });
  assert.equal(facts([0, -40_000]).largestStepUs, -40_000);
});

test('a slow drift adds up', () => {
  assert.deepEqual(facts(Array.from({ length: 121 }, (_, i) => i * 500)), {
    steps: 0,
    largestStepUs: 0,
    driftUs: 60_000,
  });
});

test('a reading that was interrupted says nothing', () => {
  const watch = createWallWatch();
  watch.reading(0, 10);
  watch.reading(90_000, 90_000);
  watch.reading(100, 10);
  assert.deepEqual(watch.facts(), { steps: 0, largestStepUs: 0, driftUs: 100 });
});

test('of several readings the closest one is taken', () => {
  const monotonic = [0, 50, 50, 51, 51, 90];
  const wall = [1_000, 1_050, 1_051];
  assert.deepEqual(
    readOffset(
      () => monotonic.shift() ?? 0,
      () => wall.shift() ?? 0,
    ),
    { offsetUs: 1_000_000, spreadUs: 1_000 },
  );
});

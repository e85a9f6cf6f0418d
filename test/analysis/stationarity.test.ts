import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelShift, trendP } from '../../src/analysis/stationarity.ts';
import { createRandom } from '../../src/model/random.ts';
import { drift, normal } from './noise.ts';

const noise = (length: number, seed: number): number[] => {
  const random = createRandom(seed);
  return Array.from({ length }, () => normal(random));
};

/** How often a p is below `level` over so many seeds. */
function share(seeds: number, level: number, p: (seed: number) => number): number {
  let below = 0;
  for (let seed = 1; seed <= seeds; seed++) if (p(seed) < level) below++;
  return below / seeds;
}

test('values without any order: at 5 % about one in twenty', () => {
  const trend = share(400, 0.05, (seed) => trendP(noise(30, seed)));
  const shift = share(400, 0.05, (seed) => levelShift(noise(30, seed)).p);
  assert.ok(trend > 0.02 && trend < 0.09, String(trend));
  assert.ok(shift < 0.07, String(shift));
});

test('neighbours that are alike are no change: at 1 in 100,000 none of 200', () => {
  for (const correlation of [0.5, 0.8]) {
    const wander = (seed: number): number[] => drift(createRandom(seed), correlation, 60);
    assert.equal(
      share(200, 1e-5, (seed) => levelShift(wander(seed)).p),
      0,
    );
    assert.ok(share(200, 1e-5, (seed) => trendP(wander(seed))) <= 0.01);
  }
});

test('a level that rises all the time is a trend, in both directions', () => {
  for (const way of [1, -1])
    assert.equal(
      share(40, 1e-5, (seed) => trendP(noise(40, seed).map((x, i) => x + way * 0.25 * i))),
      1,
    );
});

test('a level that moves at one moment is a shift there', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { index, p } = levelShift(noise(60, seed).map((x, i) => (i < 24 ? x : x + 6)));
    assert.ok(p < 1e-5, `${seed}: ${p}`);
    assert.ok(Math.abs(index - 24) <= 3, String(index));
  }
});

test('one value all the time, or hardly any, says nothing', () => {
  assert.equal(trendP(Array.from({ length: 30 }, () => 5)), 1);
  assert.equal(levelShift(Array.from({ length: 30 }, () => 5)).p, 1);
  assert.equal(trendP([1, 2, 3, 4]), 1);
  assert.equal(levelShift([1, 2, 3, 4]).p, 1);
});

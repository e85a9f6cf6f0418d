import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { onsetOf } from '../../src/analysis/onset.ts';
import { createRandom } from '../../src/model/random.ts';

/** So many with one share, then so many with another. */
function row(seed: number, first: readonly [number, number], then: readonly [number, number]): readonly boolean[] {
  const random = createRandom(seed);
  return [first, then].flatMap(([count, share]) => Array.from({ length: count }, () => random.next() < share));
}

describe('where something begins', () => {
  for (const [share, tolerance] of [
    [1, 2],
    [0.5, 10],
    [0.1, 60],
  ] as const)
    test(`at a share of ${share} it is found within ${tolerance}`, () => {
      const onset = onsetOf(row(3, [600, 0], [200, share]), 0.01);
      assert.ok(onset !== undefined);
      assert.ok(Math.abs(onset.index - 600) <= tolerance, JSON.stringify(onset));
      assert.ok(onset.low <= onset.index && onset.index <= onset.high);
      assert.ok(onset.p < 1e-6, `p ${onset.p}`);
    });

  test('the interval holds the place in at least 93 of 100 rows', () => {
    let inside = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const onset = onsetOf(row(seed, [400, 0.005], [200, 0.2]), 0.01);
      if (onset !== undefined && onset.low <= 400 && onset.high >= 400) inside++;
    }
    assert.ok(inside >= 93, `${inside}`);
  });

  test('from the first on', () => {
    assert.equal(onsetOf(row(1, [0, 0], [100, 1]), 0.01)?.index, 0);
  });

  test('a tolerated share has none worth the name, in 200 rows', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const onset = onsetOf(row(seed, [500, 0.01], [500, 0.01]), 0.01);
      assert.ok(onset === undefined || onset.p > 1e-4, `seed ${seed}: ${onset?.p}`);
    }
  });

  test('nothing, and nothing at all', () => {
    assert.equal(onsetOf([], 0.01), undefined);
    assert.equal(onsetOf([false, false, false], 0.01), undefined);
  });
});

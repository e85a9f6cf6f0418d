import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  distributionOf,
  distributionOfPairs,
  EMPTY_DISTRIBUTION,
  expandDistribution,
  mergeDistributions,
  mixtureOf,
} from '../../src/analysis/distribution.ts';

const times = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 60 });
const seed = 20_240_611;

test('quantiles of small samples are those of numpy', () => {
  const sample = distributionOf([3, 1, 2, 2, 10]);
  for (const [p, expected] of [
    [0, 1],
    [0.1, 1.4],
    [0.25, 2],
    [0.5, 2],
    [0.9, 7.2],
    [0.99, 9.72],
    [1, 10],
  ] as const)
    assert.ok(Math.abs(sample.quantile(p) - expected) < 1e-9, `p ${p}: ${sample.quantile(p)}`);
  assert.deepEqual(
    [sample.count, sample.min, sample.max, sample.mean, sample.cdf(2), sample.cdf(0.5), sample.cdf(10)],
    [5, 1, 10, 3.6, 0.6, 0, 1],
  );
});

test('the empty distribution has a count and nothing else', () => {
  assert.equal(EMPTY_DISTRIBUTION.count, 0);
  for (const value of [
    EMPTY_DISTRIBUTION.min,
    EMPTY_DISTRIBUTION.max,
    EMPTY_DISTRIBUTION.mean,
    EMPTY_DISTRIBUTION.quantile(0.5),
    EMPTY_DISTRIBUTION.cdf(1),
  ])
    assert.ok(Number.isNaN(value));
  assert.equal(mergeDistributions([]).count, 0);
  assert.equal(mixtureOf([EMPTY_DISTRIBUTION]).count, 0);
});

test('pairs may repeat a value and may be out of order', () => {
  const sample = distributionOfPairs([
    [5, 2],
    [1, 1],
    [5, 1],
    [7, 0],
  ]);
  assert.deepEqual(expandDistribution(sample), [1, 5, 5, 5]);
});

test('a quantile never falls when p rises, and stays within the sample', () => {
  fc.assert(
    fc.property(
      times,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 9 }),
      (raw, ps) => {
        const sample = distributionOf(raw);
        const quantiles = ps.toSorted((a, b) => a - b).map((p) => sample.quantile(p));
        quantiles.forEach((q, i) => {
          assert.ok(q >= (quantiles[i - 1] ?? sample.min) && q <= sample.max);
        });
      },
    ),
    { seed, numRuns: 200 },
  );
});

test('merging parts is the same as sampling everything at once', () => {
  fc.assert(
    fc.property(fc.array(times, { maxLength: 8 }), (parts) => {
      const merged = mergeDistributions(parts.map((part) => distributionOf(part)));
      const whole = distributionOf(parts.flat());
      assert.deepEqual([...merged.values], [...whole.values]);
      assert.deepEqual([...merged.counts], [...whole.counts]);
    }),
    { seed, numRuns: 200 },
  );
});

test('pairs and raw values give the same distribution', () => {
  fc.assert(
    fc.property(times, (raw) => {
      const whole = distributionOf(raw);
      const again = distributionOfPairs(raw.map((value) => [value, 1] as const));
      assert.deepEqual(
        expandDistribution(again),
        raw.toSorted((a, b) => a - b),
      );
      assert.equal(again.quantile(0.37), whole.quantile(0.37));
    }),
    { seed, numRuns: 100 },
  );
});

test('a mixture mixes shares, not quantiles, whatever the sizes of its parts', () => {
  const fast = distributionOf(Array.from({ length: 1_000 }, (_, i) => 100 + i / 10));
  const slow = distributionOf(Array.from({ length: 10 }, (_, i) => 1_000 + i));
  const equal = mixtureOf([fast, slow]);
  assert.ok(Math.abs(equal.cdf(500) - 0.5) < 1e-12);
  assert.ok(Math.abs(equal.count - 1_010) < 1e-6);
  assert.ok(Math.abs(mixtureOf([fast, slow], [3, 1]).cdf(500) - 0.75) < 1e-12);
  // A member that answered nothing leaves the others.
  assert.equal(mixtureOf([fast, EMPTY_DISTRIBUTION]).quantile(0.5), fast.quantile(0.5));
  // Parts of equal size: the mixture is the pool.
  const twin = distributionOf([1, 2, 3, 4]);
  assert.equal(mixtureOf([twin, distributionOf([5, 6, 7, 8])]).quantile(0.5), 4.5);
});

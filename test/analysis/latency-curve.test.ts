import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distributionOf } from '../../src/analysis/distribution.ts';
import { latencyCurve } from '../../src/analysis/latency-curve.ts';

test('a curve ends where fewer than two observations lie beyond, and rises', () => {
  const curve = latencyCurve(distributionOf(Array.from({ length: 1_000 }, (_, index) => index * 10)));
  assert.deepEqual(curve[0], [0, 1], 'no time of 0: an axis may be logarithmic');
  assert.equal(curve.at(-1)?.[0], 0.998);
  assert.equal(curve.find(([p]) => p === 0.5)?.[1], 4_995);
  assert.ok(curve.every(([, us], at) => us >= (curve[at - 1]?.[1] ?? 0)));
  assert.deepEqual(latencyCurve(distributionOf([])), []);
  assert.deepEqual(latencyCurve(distributionOf([5])), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distributionOf, EMPTY_DISTRIBUTION } from '../../src/analysis/distribution.ts';
import { timeoutValue } from '../../src/analysis/timeout-value.ts';
import { createRandom, exponential } from '../../src/model/random.ts';

test('a timer is found within half a percent, from one failure or from many, with little or much overhead', () => {
  for (const { baseUs, meanUs, toleranceUs } of [
    { baseUs: 2_000, meanUs: 1_000, toleranceUs: 2_000 },
    { baseUs: 20_000, meanUs: 20_000, toleranceUs: 45_000 },
  ]) {
    for (const failures of [1, 3, 10]) {
      const random = createRandom(40 + failures);
      let covered = 0;
      let squares = 0;
      const runs = 100;
      for (let run = 0; run < runs; run++) {
        const overhead = distributionOf(Array.from({ length: 200 }, () => baseUs + exponential(random, meanUs)));
        const elapsed = Array.from({ length: failures }, () => 30_000_000 + baseUs + exponential(random, meanUs));
        const found = timeoutValue(elapsed, overhead);
        assert.ok(found);
        if (found.low <= 30_000_000 && 30_000_000 <= found.high) covered++;
        squares += (found.value - 30_000_000) ** 2;
      }
      assert.ok(covered >= 95, `${failures} failures: covered ${covered} of ${runs}`);
      const error = Math.sqrt(squares / runs);
      assert.ok(error < toleranceUs / Math.sqrt(failures), `${failures} failures: off by ${error} µs`);
    }
  }
});

test('more failures, better value; the granularity of timers stays', () => {
  const overhead = distributionOf(Array.from({ length: 100 }, (_, i) => 2_000 + 40 * i));
  const one = timeoutValue([3_004_000], overhead);
  const many = timeoutValue([3_004_000, 3_005_000, 3_006_000, 3_004_500], overhead);
  assert.ok(one && many);
  assert.equal(one.granularityUs, 15_000);
  assert.ok(many.high - many.low < one.high - one.low);
  assert.ok(many.high - many.low >= 2 * many.granularityUs - 200);
  // Short timers: what five gateways were late by.
  assert.equal(timeoutValue([1_001_000], EMPTY_DISTRIBUTION)?.granularityUs, 8_000);
});

test('without overhead the elapsed time stands, without failures nothing does', () => {
  assert.deepEqual(timeoutValue([30_010_000, 30_000_000], EMPTY_DISTRIBUTION), {
    value: 30_000_000,
    low: 29_850_000,
    high: 30_150_000,
    granularityUs: 150_000,
    count: 2,
  });
  assert.equal(timeoutValue([], EMPTY_DISTRIBUTION), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, medianDeviation } from '../../src/analysis/medians.ts';
import { theilSen } from '../../src/analysis/slopes.ts';
import { createRandom, exponential } from '../../src/model/random.ts';

test('Theil-Sen agrees with scipy and ignores an outlier', () => {
  const x = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const y = [0.1, 1.3, 1.8, 3.5, 3.9, 5.2, 30, 6.8, 8.3, 9.1];
  const line = theilSen(x, y);
  assert.ok(line);
  assert.ok(Math.abs(line.slope - 1) < 1e-12);
  assert.ok(Math.abs(line.tau - 0.8666666666666666) < 1e-12);
  assert.ok(Math.abs(line.intercept - 0.15) < 1e-12);
  assert.ok(line.low <= 0.9166666666666667 && line.low > 0.8, `low ${line.low}`);
  assert.ok(line.high >= 1.1333333333333333 && line.high < 1.3, `high ${line.high}`);
  assert.ok(line.p < 0.001);
});

test('a line needs three points and two places', () => {
  assert.equal(theilSen([1, 2], [1, 2]), undefined);
  assert.equal(theilSen([3, 3, 3], [1, 2, 3]), undefined);
});

test('the interval covers the true slope, with all pairs and with sampled ones', () => {
  for (const { points, runs } of [
    { points: 60, runs: 200 },
    { points: 900, runs: 20 },
  ]) {
    const random = createRandom(points);
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const x = Array.from({ length: points }, () => random.next() * 5_000_000);
      const y = x.map((at) => 20_000 + 0.04 * at + exponential(random, 15_000));
      const line = theilSen(x, y, { random });
      assert.ok(line);
      if (line.low <= 0.04 && 0.04 <= line.high) covered++;
      assert.ok(line.p < 1e-3);
    }
    assert.ok(covered / runs >= 0.85, `${points} points: covered ${covered} of ${runs}`);
  }
});

test('sampled pairs repeat with the seed', () => {
  const random = createRandom(2);
  const x = Array.from({ length: 1_500 }, () => random.next());
  const y = x.map((at) => at + random.next());
  assert.deepEqual(theilSen(x, y, { random: createRandom(7) }), theilSen(x, y, { random: createRandom(7) }));
  const line = theilSen(x, y);
  assert.ok(line && Math.abs(line.slope - 1) < 0.1);
});

test('few points without ties have the exact chance of their order', () => {
  const rising = Array.from({ length: 10 }, (_, i) => i);
  assert.ok(Math.abs((theilSen(rising, rising)?.p ?? 1) / (2 / 3_628_800) - 1) < 1e-9);
  // One pair of neighbours the other way round: 1 + 4 of 120 orders are as steep, on either side.
  assert.ok(Math.abs((theilSen([1, 2, 3, 4, 5], [1, 3, 2, 4, 5])?.p ?? 1) - (2 * 5) / 120) < 1e-12);
  // As scipy.stats.kendalltau(method='exact').
  assert.ok(Math.abs((theilSen([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])?.p ?? 1) - 0.136_111) < 1e-6);
  const tied = theilSen(rising, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])?.p ?? 0;
  assert.ok(tied > 1e-5 && tied < 1e-2, `ties go by the normal approximation: ${tied}`);
});

test('no trend is not called one more often than promised', () => {
  const random = createRandom(9);
  for (const points of [10, 40]) {
    let alarms = 0;
    for (let run = 0; run < 400; run++) {
      const x = Array.from({ length: points }, (_, i) => i);
      const y = x.map(() => exponential(random, 1));
      if ((theilSen(x, y)?.p ?? 1) < 0.05) alarms++;
    }
    assert.ok(alarms <= 36, `${points} points: ${alarms} of 400`);
  }
});

test('median and its deviation', () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(medianDeviation([1, 1, 2, 2, 4, 6, 9]), 1);
  assert.ok(Number.isNaN(median([])));
});

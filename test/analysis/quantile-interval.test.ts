import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distributionOf, EMPTY_DISTRIBUTION } from '../../src/analysis/distribution.ts';
import { neededCount, orderStatisticEstimate, quantileInterval } from '../../src/analysis/quantile-interval.ts';
import { normalInverse } from '../../src/analysis/special.ts';
import { createRandom } from '../../src/model/random.ts';
import { blocksOf, drift } from './noise.ts';

test('a quantile needs as many independent values as its interval', () => {
  for (const [p, need] of [
    [0.5, 6],
    [0.9, 36],
    [0.95, 72],
    [0.99, 368],
    [0.999, 3_688],
    [0.9999, 36_887],
    [0.01, 368],
  ] as const)
    assert.equal(neededCount(p), need, `p ${p}`);
});

test('intervals cover the true quantile although the noise is correlated', () => {
  const runs = 250;
  for (const { seconds, perBlock, correlation, amplitude, p, atLeast } of [
    { seconds: 60, perBlock: 20, correlation: 0, amplitude: 0, p: 0.5, atLeast: 0.93 },
    { seconds: 60, perBlock: 20, correlation: 0.5, amplitude: 0.1, p: 0.5, atLeast: 0.88 },
    { seconds: 60, perBlock: 20, correlation: 0.5, amplitude: 0.1, p: 0.95, atLeast: 0.88 },
    // Eight seconds are eight blocks: Student's factor has to do the work.
    { seconds: 8, perBlock: 50, correlation: 0, amplitude: 0.1, p: 0.5, atLeast: 0.9 },
  ]) {
    const random = createRandom(11);
    const spread = Math.sqrt(0.25 + amplitude ** 2);
    const truth = 20_000 * Math.exp(spread * normalInverse(p));
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const { estimate } = quantileInterval(
        blocksOf(random, drift(random, correlation, seconds), amplitude, perBlock),
        p,
      );
      assert.equal(estimate.state, 'known');
      if (estimate.state === 'known' && estimate.low <= truth && truth <= (estimate.high ?? Infinity)) covered++;
    }
    assert.ok(covered / runs >= atLeast, `p ${p}, correlation ${correlation}: ${covered} of ${runs}`);
  }
});

test('correlated noise shows as a design effect and widens the interval', () => {
  const random = createRandom(3);
  const calm = quantileInterval(blocksOf(random, new Array<number>(60).fill(0), 0, 50), 0.5);
  const noisy = quantileInterval(blocksOf(random, drift(random, 0.7, 60), 0.3, 50), 0.5);
  assert.ok(calm.designEffect < 2.5 && noisy.designEffect > 8, `${calm.designEffect} ${noisy.designEffect}`);
  assert.ok(Math.abs(noisy.effectiveCount * noisy.designEffect - 3_000) < 1e-6);
  assert.ok(calm.estimate.state === 'known' && noisy.estimate.state === 'known');
  assert.ok(noisy.estimate.high! - noisy.estimate.low > 2 * (calm.estimate.high! - calm.estimate.low));
});

test('what a sample cannot support is not available, with the number that would do', () => {
  const random = createRandom(5);
  const independent = (seconds: number, perBlock: number) =>
    blocksOf(random, new Array<number>(seconds).fill(0), 0, perBlock);
  const small = quantileInterval(independent(20, 10), 0.99).estimate;
  assert.ok(small.state === 'n/a' && small.have === 200 && small.need >= 368 && small.need < 1_000);
  // Noise raises the need by the design effect.
  const noisy = quantileInterval(blocksOf(random, drift(random, 0.5, 30), 0.5, 20), 0.99).estimate;
  assert.ok(noisy.state === 'n/a' && noisy.have === 600 && noisy.need > 600, JSON.stringify(noisy));
  assert.deepEqual(quantileInterval([], 0.5).estimate, { state: 'n/a', need: 6, have: 0 });
  // Two blocks of 300: however many values, nothing is known of the noise between blocks.
  assert.deepEqual(quantileInterval(independent(2, 300), 0.5).estimate, { state: 'n/a', need: 900, have: 600 });
  assert.equal(quantileInterval(independent(3, 300), 0.5).estimate.state, 'known');
});

test('an upper bound that lies beyond the sample is left open', () => {
  // Three blocks: Student's factor 4.3 puts the upper share where 78 values have none.
  const block = distributionOf(Array.from({ length: 26 }, (_, i) => 1_000 + i));
  const { estimate } = quantileInterval([block, block, block], 0.95);
  assert.ok(estimate.state === 'known');
  assert.equal(estimate.high, undefined);
  assert.ok(estimate.low < estimate.value);
});

test('equal values have an interval of no width', () => {
  const blocks = Array.from({ length: 20 }, () => distributionOf(new Array<number>(20).fill(5_000)));
  assert.deepEqual(quantileInterval([EMPTY_DISTRIBUTION, ...blocks], 0.5).estimate, {
    state: 'known',
    value: 5_000,
    low: 5_000,
    high: 5_000,
  });
});

test('order statistics give the textbook ranks and cover independent values', () => {
  // n = 6 at the median: the whole sample, P = 1 - 2/64.
  const six = orderStatisticEstimate(distributionOf([1, 2, 3, 4, 5, 6]), 0.5);
  assert.deepEqual(six, { state: 'known', value: 3.5, low: 1, high: 6 });
  // n = 20: ranks 6 and 15.
  const twenty = orderStatisticEstimate(distributionOf(Array.from({ length: 20 }, (_, i) => i + 1)), 0.5);
  assert.deepEqual(twenty, { state: 'known', value: 10.5, low: 6, high: 15 });
  assert.deepEqual(orderStatisticEstimate(distributionOf([1, 2, 3]), 0.5), { state: 'n/a', need: 6, have: 3 });
  const random = createRandom(7);
  let covered = 0;
  for (let run = 0; run < 300; run++) {
    const estimate = orderStatisticEstimate(distributionOf(Array.from({ length: 80 }, () => random.next())), 0.95);
    if (estimate.state === 'known' && estimate.low <= 0.95 && 0.95 <= estimate.high!) covered++;
  }
  assert.ok(covered >= 282, `${covered} of 300`);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Arrival, fitBucket } from '../../src/analysis/token-bucket.ts';
import { createRandom } from '../../src/model/random.ts';

const COUNT = 120;

/** Poisson arrivals at 10/s. */
function times(seed: number, evenly = false): number[] {
  const random = createRandom(seed);
  let atUs = 0;
  return Array.from({ length: COUNT }, () => {
    atUs += evenly ? 100_000 : Math.round(-Math.log(1 - random.next()) * 100_000);
    return atUs;
  });
}

/** The limiter itself, with 2 ms of noise on the way to it. */
function limited(seed: number, perSec: number, capacity: number): Arrival[] {
  const random = createRandom(seed).fork('way');
  let [tokens, lastUs] = [capacity, 0];
  return times(seed).map((atUs) => {
    const thereUs = Math.max(lastUs, atUs + 2_000 * random.next());
    tokens = Math.min(capacity, tokens + ((thereUs - lastUs) * perSec) / 1e6);
    lastUs = thereUs;
    const isRefused = tokens < 1;
    if (!isRefused) tokens--;
    return { atUs, isRefused };
  });
}

describe('a limiter is found with its rate and its burst', () => {
  for (const [perSec, capacity] of [
    [5, 1],
    [5, 3],
    [2, 5],
    [8, 2],
  ] as const) {
    for (let seed = 1; seed <= 10; seed++) {
      test(`${perSec}/s, ${capacity} at once, seed ${seed}`, () => {
        const fit = fitBucket(limited(seed, perSec, capacity));
        assert.ok(fit !== undefined);
        assert.ok(Math.abs(fit.ratePerSec / perSec - 1) < 0.1, `${fit.ratePerSec}/s`);
        assert.ok(Math.abs(fit.capacity - capacity) <= 1, `${fit.capacity} at once`);
        assert.ok(fit.mismatches <= 0.08 * COUNT && fit.p < 2e-5, `${fit.mismatches} wrong, p ${fit.p}`);
        assert.ok(fit.mismatches * 2 < fit.byOrder, `${fit.mismatches} against ${fit.byOrder} by order`);
      });
    }
  }
});

describe('what is none', () => {
  test('refusals by chance fit no bucket', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed).fork('fate');
      const fit = fitBucket(times(seed).map((atUs) => ({ atUs, isRefused: random.next() < 0.4 })));
      assert.ok((fit?.p ?? 1) > 1e-3, `seed ${seed}: p ${fit?.p}`);
    }
  });
  test('every other one, and an outage, are told as well by the order', () => {
    for (const evenly of [true, false]) {
      const turns = fitBucket(times(1, evenly).map((atUs, i) => ({ atUs, isRefused: i % 2 === 1 })));
      assert.equal(turns?.byOrder, 0);
      const outage = fitBucket(times(1, evenly).map((atUs, i) => ({ atUs, isRefused: i >= 40 && i < 80 })));
      assert.equal(outage?.byOrder, 2);
    }
  });
  test('nothing refused, or all', () => {
    for (const isRefused of [true, false])
      assert.equal(fitBucket(times(1).map((atUs) => ({ atUs, isRefused }))), undefined);
    assert.equal(fitBucket([]), undefined);
  });
});

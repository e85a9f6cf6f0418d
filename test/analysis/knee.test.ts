import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { kneeOf, type Passage } from '../../src/analysis/knee.ts';
import { createRandom, exponential } from '../../src/model/random.ts';
import { rampArrivals } from '../../src/traffic/schedule.ts';

const SERVICE_US = 20_000;

/** A rising rate before so many workers. */
function ramp(workers: number, options: { from?: number; to?: number; sec?: number; seed?: number } = {}): Passage[] {
  const { from = 5, to = 200, sec = 20, seed } = options;
  const random = createRandom(seed ?? 1);
  const freeAt = new Array<number>(workers).fill(0);
  return [...rampArrivals(from, to, sec * 1e6)].map((dueUs) => {
    const worker = freeAt.indexOf(Math.min(...freeAt));
    const workUs = seed === undefined ? SERVICE_US : SERVICE_US / 2 + exponential(random, SERVICE_US / 2);
    const endUs = Math.max(dueUs, freeAt[worker] as number) + workUs;
    freeAt[worker] = endUs;
    return { dueUs, endUs };
  });
}

describe('the knee of a rising load', () => {
  for (const workers of [1, 2, 3])
    test(`${workers} workers let ${50 * workers}/s through`, () => {
      const knee = kneeOf(ramp(workers), SERVICE_US);
      assert.ok(knee !== undefined && knee.p < 1e-6, JSON.stringify(knee));
      const { value, low, high } = knee.ratePerSec;
      assert.ok(Math.abs(value - 50 * workers) <= 2.5 * workers, JSON.stringify(knee.ratePerSec));
      assert.ok(low <= value && value <= high && high - low <= 0.15 * value);
    });

  test('with work of random length, by 20 seeds', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const knee = kneeOf(ramp(2, { seed }), SERVICE_US);
      assert.ok(knee !== undefined && knee.p < 1e-3);
      assert.ok(Math.abs(knee.ratePerSec.value - 100) <= 12, `seed ${seed}: ${knee.ratePerSec.value}`);
    }
  });

  test('no bend where all that comes is let through, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const knee = kneeOf(ramp(20, { seed }), SERVICE_US);
      assert.ok(knee !== undefined && knee.p > 1e-3, `seed ${seed}: ${knee?.p}`);
    }
  });

  test('answers that do not come are not let through', () => {
    const passages = ramp(20).map(
      ({ dueUs, endUs = 0 }, i): Passage => (i > 1000 && i % 2 === 0 ? { dueUs } : { dueUs, endUs }),
    );
    const knee = kneeOf(passages, SERVICE_US);
    assert.ok(knee !== undefined && knee.p < 1e-3 && knee.ratePerSec.value < 170, JSON.stringify(knee?.ratePerSec));
  });

  test('too little: few requests, and a rate that does not rise', () => {
    assert.equal(kneeOf(ramp(1).slice(0, 100), SERVICE_US), undefined);
    const even = Array.from({ length: 400 }, (_, i): Passage => ({ dueUs: i * 1_000, endUs: i * 1_000 + 5 }));
    assert.equal(kneeOf(even, 5), undefined);
  });
});

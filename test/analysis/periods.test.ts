import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CANDIDATE_PERIODS_US, modalPhaseUs, onsetsOf, periodTest, turnOf } from '../../src/analysis/periods.ts';
import { createRandom } from '../../src/model/random.ts';

const HOUR = 3_600_000_000;

test('events in step reach the largest z there is, twice their number', () => {
  const times = Array.from({ length: 10 }, (_, i) => 5 * HOUR + i * 29 * HOUR);
  const { z, p, phaseUs } = periodTest(times, 29 * HOUR);
  assert.ok(Math.abs(z - 20) < 1e-6);
  assert.ok(Math.abs(p - Math.exp(-10)) < 1e-9);
  assert.ok(Math.abs(phaseUs - 5 * HOUR) < 1_000);
});

test('chance alone is as rare as p says, over all candidates', () => {
  const random = createRandom(5);
  let rejected = 0;
  for (let i = 0; i < 2_000; i++) {
    const times = Array.from({ length: 12 }, () => random.next() * 30 * 24 * HOUR);
    if (CANDIDATE_PERIODS_US.some((period) => periodTest(times, period).p * CANDIDATE_PERIODS_US.length < 0.01))
      rejected++;
  }
  // 2,000 trials at 1 %: 20 expected, 38 is four deviations above.
  assert.ok(rejected < 38, `${rejected}`);
});

test('no events and one event tell nothing', () => {
  assert.equal(periodTest([], HOUR).p, 1);
  assert.equal(periodTest([7], HOUR).p, 1);
});

test('turns are counted from the phase, and the mode stays among noise', () => {
  const place = { periodUs: HOUR, phaseUs: HOUR / 4 };
  assert.deepEqual(turnOf(3 * HOUR + HOUR / 4 + 9, place), { turn: 3, offUs: 9 });
  const times = [...Array.from({ length: 6 }, (_, i) => i * HOUR + HOUR / 4), HOUR * 0.9, HOUR * 1.7, HOUR * 3.6];
  assert.equal(modalPhaseUs(times, HOUR, 60_000_000), HOUR / 4);
});

test('what is close together is one event', () => {
  assert.deepEqual(onsetsOf([9, 1, 2, 20], 5), [1, 9, 20]);
  assert.deepEqual(onsetsOf([], 5), []);
});

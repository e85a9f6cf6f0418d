import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { distributionOf } from '../../src/analysis/distribution.ts';
import { type DayOfAnswers, headroomOf } from '../../src/analysis/headroom.ts';
import { createRandom } from '../../src/model/random.ts';

const DAY_US = 86_400_000_000;
const LIMIT = { value: 2_000_000, low: 1_990_000, high: 2_010_000 };

type Course = {
  readonly seed?: number;
  readonly days: number;
  readonly perDay?: number;
  /** How slow the slow ones of a day are, µs. */
  readonly slowUs: (day: number) => number;
  readonly noise?: number;
};

/** 1 % of answers are the slow ones, spread over half to one and a half of their time. */
function days({ seed = 1, days: count, perDay = 2_880, slowUs, noise = 0.1 }: Course): readonly DayOfAnswers[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, day) => {
    const level = slowUs(day) * (1 + noise * (random.next() - 0.5));
    const times = Array.from({ length: perDay }, () =>
      Math.round(random.next() < 0.01 ? level * (0.5 + random.next()) : 20_000 + 10_000 * random.next()),
    );
    return { startAtUs: day * DAY_US, times: distributionOf(times) };
  });
}

describe('headroom', () => {
  test('a rise is found with its pace and the day on which it crosses', () => {
    // p99.9 is 1.4 times the level: from 0.7 s, 28 ms more a day.
    const found = headroomOf(days({ days: 30, slowUs: (day) => 500_000 + 20_000 * day }), LIMIT);
    assert.equal(found?.quantile, 0.999);
    assert.ok(found?.trend.state === 'rising');
    const { perDayUs, daysLeft, p } = found.trend;
    assert.ok(perDayUs.low < 28_000 && perDayUs.high > 28_000, JSON.stringify(perDayUs));
    const trueDays = (LIMIT.value - 1.4 * (500_000 + 20_000 * 29.5)) / 28_000;
    assert.ok(daysLeft.low < trueDays && (daysLeft.high ?? 0) > trueDays, `${JSON.stringify(daysLeft)} ${trueDays}`);
    assert.ok(p < 1e-9);
    assert.ok(found.usedRatio > 0.6 && found.usedRatio < 1);
  });

  for (const { name, slowUs } of [
    { name: 'a level', slowUs: () => 600_000 },
    { name: 'a fall', slowUs: (day: number) => 1_200_000 - 20_000 * day },
    { name: 'a step', slowUs: (day: number) => (day < 15 ? 400_000 : 900_000) },
    { name: 'weekends', slowUs: (day: number) => (day % 7 < 2 ? 300_000 : 700_000) },
  ])
    test(`${name} is no trend, whatever the seed`, () => {
      for (let seed = 0; seed < 40; seed++) {
        const found = headroomOf(days({ seed, days: 28, perDay: 800, slowUs }), LIMIT);
        const p = found?.trend.state === 'rising' ? found.trend.p : 1;
        // One in a hundred may pass this level; the judge asks for far less.
        assert.ok(p > 1e-5, `seed ${seed}: ${p}`);
      }
    });

  test('too few days: what is missing is said, and the level is told all the same', () => {
    const found = headroomOf(days({ days: 8, slowUs: () => 500_000 }), LIMIT);
    assert.ok(found?.trend.state === 'unknown');
    assert.match(found.trend.have, /8: 2 more days needed/);
    assert.ok(found.usedRatio > 0.2 && found.usedRatio < 0.5);
  });

  test('few answers: p99 in place of p99.9; fewer: nothing', () => {
    assert.equal(headroomOf(days({ days: 12, perDay: 200, slowUs: () => 5e5 }), LIMIT)?.quantile, 0.99);
    assert.equal(headroomOf(days({ days: 12, perDay: 20, slowUs: () => 5e5 }), LIMIT), undefined);
    assert.equal(headroomOf([], LIMIT), undefined);
  });

  test('a day that was hardly watched does not count', () => {
    const whole = days({ days: 12, slowUs: () => 500_000 });
    const short = days({ days: 1, perDay: 30, slowUs: () => 9e6 }).map((day) => ({ ...day, startAtUs: 12 * DAY_US }));
    assert.deepEqual(headroomOf([...whole, ...short], LIMIT), headroomOf(whole, LIMIT));
  });
});

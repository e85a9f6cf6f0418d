import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dailySwing, matchedStretches, partnerOf, shiftAt, type Timed } from '../../src/analysis/same-hours.ts';
import { createRandom } from '../../src/model/random.ts';

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
/** A Monday. */
const FROM = Date.UTC(2026, 2, 2) * 1_000;

/** Every hour a value of the day's course, with a step. */
function course(days: number, stepAtUs = Number.POSITIVE_INFINITY, step = 0, deviation = 0.02, seed = 1): Timed[] {
  const random = createRandom(seed);
  return Array.from({ length: days * 24 }, (_, i) => {
    const atUs = FROM + i * HOUR;
    const own = 0.5 * Math.sin((2 * Math.PI * i) / 24) + deviation * (random.next() - 0.5);
    return { atUs, value: own + (atUs >= stepAtUs ? step : 0) };
  });
}

test('an hour is held against the same hour of the last day of its kind before the change', () => {
  const points = course(14);
  const byTime = new Map(points.map((one) => [one.atUs, one]));
  const dayOf = (atUs: number, beforeUs: number): number | undefined => {
    const partner = partnerOf(atUs, beforeUs, byTime);
    return partner === undefined ? undefined : (partner.atUs - FROM) / DAY;
  };
  assert.equal(dayOf(FROM + 2 * DAY, FROM + 2 * DAY), 1);
  assert.equal(dayOf(FROM + 3 * DAY, FROM + 2 * DAY), 1);
  // Monday: the Friday before. Saturday: no Saturday before it yet. The next Saturday: the Sunday before.
  assert.equal(dayOf(FROM + 7 * DAY, FROM + 7 * DAY), 4);
  assert.equal(dayOf(FROM + 5 * DAY, FROM + 5 * DAY), undefined);
  assert.equal(dayOf(FROM + 12 * DAY, FROM + 12 * DAY), 6);
});

test('a step is measured through the course of the day, with its interval', () => {
  const changeAtUs = FROM + 2 * DAY + 10 * HOUR;
  const shift = shiftAt(course(3, changeAtUs, 0.3), changeAtUs);
  assert.ok(shift !== undefined && shift.low <= 0.3 && 0.3 <= shift.high && shift.p < 1e-9, JSON.stringify(shift));
  assert.equal(shift.pairs, 14);
});

test('the course of a day alone is no shift, wherever one looks', () => {
  let wrong = 0;
  for (let hour = 30; hour < 66; hour++) {
    const shift = shiftAt(course(3, undefined, 0, 0.02, hour), FROM + hour * HOUR);
    if (shift !== undefined && shift.p < 0.01) wrong++;
  }
  // 36 places at 1 %.
  assert.ok(wrong <= 3, `${wrong}`);
});

test('with less than a day before, nothing can be matched', () => {
  assert.equal(shiftAt(course(1), FROM + 12 * HOUR), undefined);
  assert.deepEqual(matchedStretches(course(1), FROM + 12 * HOUR), []);
});

test('what a farm does by itself is its largest difference between two days', () => {
  const points = course(5).map(({ atUs, value }) => ({
    atUs,
    value: value + (atUs >= FROM + 2 * DAY && atUs < FROM + 3 * DAY ? 0.2 : 0),
  }));
  const swing = dailySwing(points, FROM + 5 * DAY);
  assert.ok(swing !== undefined && Math.abs(swing - 0.2) < 0.01, `${swing}`);
  assert.equal(dailySwing(course(2), FROM + 2 * DAY), undefined);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../../src/errors.ts';
import { createRandom } from '../../src/model/random.ts';
import { cronRhythm, everyRhythm, fasterRhythm, nextDue, nightAt, type Rhythm } from '../../src/monitor/schedule.ts';

const SEC = 1_000_000;
const HOUR = 3_600 * SEC;
const START = Date.UTC(2026, 2, 28, 12) * 1_000;
const iso = (atUs: number | undefined) => (atUs === undefined ? undefined : new Date(atUs / 1_000).toISOString());

function instants(rhythm: Rhythm, count: number, fromAtUs = START): number[] {
  const found: number[] = [];
  for (let at = fromAtUs; found.length < count; found.push(at)) at = rhythm.next(at) ?? Number.NaN;
  return found;
}

describe('every', () => {
  test('one instant in each interval, with gaps from almost none to almost two', () => {
    const times = instants(everyRhythm(30 * SEC, 1, createRandom(4)), 2_000);
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    assert.ok(gaps.every((gap) => gap > 0 && gap < 60 * SEC));
    assert.ok(Math.abs((times.at(-1) ?? 0) - START - 2_000 * 30 * SEC) < 60 * SEC, 'none is left out, none added');
    assert.ok(Math.min(...gaps) < 3 * SEC && Math.max(...gaps) > 57 * SEC);
  });

  test('never in step with minutes: every second of the minute has its share', () => {
    const times = instants(everyRhythm(30 * SEC, 1, createRandom(9)), 6_000);
    const counts = Array.from({ length: 60 }, () => 0);
    for (const at of times) counts[Math.floor(at / SEC) % 60]!++;
    // 100 expected in each; 5 standard deviations.
    assert.ok(
      counts.every((count) => count > 50 && count < 150),
      counts.join(),
    );
  });

  test('a smaller jitter moves less, none at all is even', () => {
    const even = instants(everyRhythm(30 * SEC, 0, createRandom(1)), 50);
    assert.ok(even.slice(1).every((at, i) => at - (even[i] ?? 0) === 30 * SEC));
    const little = instants(everyRhythm(30 * SEC, 0.2, createRandom(1)), 500);
    assert.ok(little.slice(1).every((at, i) => Math.abs(at - (little[i] ?? 0) - 30 * SEC) <= 6 * SEC));
  });

  test('the same seed gives the same instants, asked in any order', () => {
    const [a, b] = [everyRhythm(30 * SEC, 1, createRandom(3)), everyRhythm(30 * SEC, 1, createRandom(3))];
    b.next(START + HOUR);
    assert.deepEqual(instants(a, 20), instants(b, 20));
  });

  test('while something is wrong a sixth of it, 5 s at least and a minute at most', () => {
    const faster = (rhythm: Rhythm) => fasterRhythm(rhythm, START, createRandom(1)).intervalUs;
    assert.equal(faster(everyRhythm(60 * SEC, 1, createRandom(1))), 10 * SEC);
    assert.equal(faster(everyRhythm(12 * SEC, 1, createRandom(1))), 5 * SEC);
    assert.equal(faster(everyRhythm(2 * SEC, 1, createRandom(1))), 2 * SEC);
    assert.equal(faster(cronRhythm('0 * * * *', 'UTC', 0, createRandom(1))), 60 * SEC);
  });
});

describe('what is due when the monitor is free', () => {
  const rhythm = everyRhythm(30 * SEC, 0, createRandom(1));
  const first = rhythm.next(START) ?? 0;
  for (const { name, laterUs, due, leftOut } of [
    { name: 'before it is due nothing is left out', laterUs: -1, due: 0, leftOut: 0 },
    { name: 'a late one is sent late', laterUs: 29 * SEC, due: 0, leftOut: 0 },
    { name: 'of several the last is sent, the others are counted', laterUs: 95 * SEC, due: 3, leftOut: 3 },
  ]) {
    test(name, () => {
      assert.deepEqual(nextDue(rhythm, START, first + laterUs), { dueAtUs: first + due * 30 * SEC, leftOut });
    });
  }
});

describe('cron', () => {
  test('a line in its time zone, over the change to summer time', () => {
    const rhythm = cronRhythm('30 8 * * *', 'Europe/Berlin', 0, createRandom(1));
    assert.deepEqual(instants(rhythm, 2).map(iso), ['2026-03-29T06:30:00.000Z', '2026-03-30T06:30:00.000Z']);
    assert.equal(rhythm.text, 'cron 30 8 * * * (Europe/Berlin)');
  });

  test('with jitter one moved instant for each begin', () => {
    const times = instants(cronRhythm('0 * * * *', 'UTC', 0.5, createRandom(2)), 200);
    assert.deepEqual(
      times.map((at) => Math.floor((at - START) / HOUR)),
      times.map((_, i) => i + Math.floor(((times[0] ?? 0) - START) / HOUR)),
    );
    assert.ok(times.every((at) => (at - START) % HOUR < HOUR / 2));
  });

  test('a line that is none is refused in words', () => {
    assert.throws(() => cronRhythm('61 * * * *', undefined, 0, createRandom(1)), UserError);
  });
});

test('a night is the one that lasts, or the next; over midnight and over the change of time', () => {
  const night = (fromMinute: number, toMinute: number, at: string) => {
    const found = nightAt({ fromMinute, toMinute }, 'Europe/Berlin', Date.parse(at) * 1_000);
    return [iso(found?.fromAtUs), iso(found?.toAtUs)];
  };
  const [two, five, late] = [120, 300, 1_410];
  assert.deepEqual(night(two, five, '2026-01-10T12:00Z'), ['2026-01-11T01:00:00.000Z', '2026-01-11T04:00:00.000Z']);
  assert.deepEqual(night(two, five, '2026-01-11T02:00Z'), ['2026-01-11T01:00:00.000Z', '2026-01-11T04:00:00.000Z']);
  assert.deepEqual(night(late, five, '2026-01-10T23:30Z'), ['2026-01-10T22:30:00.000Z', '2026-01-11T04:00:00.000Z']);
  assert.deepEqual(night(late, five, '2026-03-28T23:30Z'), ['2026-03-28T22:30:00.000Z', '2026-03-29T03:00:00.000Z']);
});

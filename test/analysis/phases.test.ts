import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type PhaseWindow, phaseFit } from '../../src/analysis/phases.ts';
import { createRandom } from '../../src/model/random.ts';

const MIN = 60_000_000;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
const DAILY: PhaseWindow = { periodUs: DAY, halfUs: 10 * MIN };

describe('the fit of a phase', () => {
  test('events at one time of the day: place, turns, and a p that shows it', () => {
    const random = createRandom(1);
    const times = Array.from(
      { length: 8 },
      (_, day) => day * DAY + 3 * HOUR + Math.round((random.next() - 0.5) * 8 * MIN),
    );
    const fit = phaseFit(times, DAILY);
    assert.ok(Math.abs((fit?.phaseUs ?? 0) - 3 * HOUR) < 5 * MIN);
    assert.deepEqual([fit?.turns, fit?.kept], [8, 8]);
    assert.ok((fit?.p ?? 1) < 1e-10);
  });

  test('over midnight it is one time', () => {
    const times = Array.from({ length: 8 }, (_, day) => (day + 1) * DAY + (day % 2 === 0 ? -2 : 2) * MIN);
    // Two turns share a midnight: the last event of one day and the first of the next.
    assert.ok((phaseFit(times, DAILY)?.p ?? 1) < 1e-5);
  });

  test('many events of one afternoon are one observation', () => {
    const times = Array.from({ length: 20 }, (_, i) => 14 * HOUR + i * 6 * MIN);
    assert.equal(phaseFit(times, DAILY)?.p, 1);
  });

  test('a time of the day at which nothing was asked is no evidence', () => {
    const times = Array.from({ length: 8 }, (_, day) => day * DAY + 3 * HOUR);
    assert.equal(phaseFit(times, DAILY, () => 1)?.p, 1);
  });

  test('no events, one event', () => {
    assert.equal(phaseFit([], DAILY), undefined);
    assert.equal(phaseFit([5], DAILY)?.p, 1);
  });

  test('random events: p below a level no more often than the level says', () => {
    let below = 0;
    const seeds = 400;
    for (let seed = 0; seed < seeds; seed++) {
      const random = createRandom(seed);
      const times = Array.from({ length: 5 + (seed % 20) }, () => Math.round(random.next() * 20 * DAY));
      if ((phaseFit(times, { periodUs: DAY, halfUs: 90 * MIN })?.p ?? 1) < 0.05) below++;
    }
    assert.ok(below <= 0.05 * seeds + 10, `${below} of ${seeds}`);
  });
});

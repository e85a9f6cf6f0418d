import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { timeoutHeadroom } from '../../src/detectors/headroom.ts';
import type { HistoryEvidence } from '../../src/model/history.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import {
  type Answered,
  type Asked,
  DAY_US,
  FROM_AT_US,
  makeHistory,
  ordinary,
  withHistory,
} from '../helpers/synthetic-history.ts';
import { detect } from './candidates.ts';

const TIMER = { value: 2_000_000, low: 1_990_000, high: 2_010_000 };

/** Every hundredth request is slow, by `slowUs` on that day. */
const slowly =
  (slowUs: (day: number) => number) =>
  (asked: Asked): Answered => {
    const day = (asked.atUs - FROM_AT_US) / DAY_US;
    return asked.random.next() < 0.02 ? slowUs(day) * (0.8 + 0.2 * asked.random.next()) : ordinary(asked);
  };

function historyOf(
  slowUs: (day: number) => number,
  more: Partial<HistoryEvidence> = {},
  days = 20,
  seed = 1,
): HistoryEvidence {
  const everyUs = 150_000_000;
  return { ...makeHistory({ seed, days, everyUs, level: '1h', members: ['web1'], answer: slowly(slowUs) }), ...more };
}
const rising = (day: number): number => 600_000 + 40_000 * day;

describe('headroom to the timer of the gateway', () => {
  test('a rise is a ticket with the day on which the timer is reached', () => {
    const found = detect(timeoutHeadroom, withHistory(historyOf(rising, { gatewayTimerUs: TIMER })));
    assert.ok(found.state === 'candidates');
    const [candidate] = found.candidates;
    assert.equal(candidate?.severity, 'warning');
    assert.match(
      candidate?.title ?? '',
      /timer of 2 s: p99(\.9)? is .* rises by .* a day, and reaches it about 2026-0\d-\d\d \(/,
    );
    const { value = 0, low = 0, high = 0 } = candidate?.measured['crossingDays'] ?? {};
    // p99 is 0.9 of the level, which is 0.6 s + 40 ms · day: 2 s is reached at day 40.5.
    assert.match(candidate?.title ?? '', /: p99 is/);
    assert.ok(low <= 20.5 && high >= 20.5 && Math.abs(value - 20.5) < 3, `${low} ${value} ${high}`);
    assert.ok((candidate?.p ?? 1) < 1e-6);
  });

  for (const [name, recording, says] of [
    ['no history', makeRecording({}).build(), /only a history/],
    ['no timer is known', withHistory(historyOf(rising)), /none was measured/],
    [
      'answers longer than what was measured once',
      withHistory(historyOf(rising, { gatewayTimerUs: { value: 900_000 } })),
      /took longer than the one that was measured/,
    ],
    ['too few days', withHistory(historyOf(rising, { gatewayTimerUs: TIMER }, 6)), /more days needed/],
  ] as const)
    test(`cannot tell: ${name}`, () => {
      const found = detect(timeoutHeadroom, recording);
      assert.ok(found.state === 'insufficient-data' || found.state === 'not-applicable');
      assert.match(JSON.stringify(found), says);
    });

  test('a level is clear, and says how much is used', () => {
    const found = detect(timeoutHeadroom, withHistory(historyOf(() => 900_000, { gatewayTimerUs: TIMER }, 14)));
    assert.equal(found.state, 'clear');
    assert.match(JSON.stringify(found), /% of the 2 s that the gateway waits; no trend in 14 days/);
  });

  test('a rise of months is no line to be believed', () => {
    const slow = (day: number): number => 300_000 + 10_000 * day;
    const found = detect(timeoutHeadroom, withHistory(historyOf(slow, { gatewayTimerUs: TIMER })));
    assert.equal(found.state, 'clear');
    assert.match(JSON.stringify(found), /it rises, and at this pace reaches it in 1\d\d days|no trend/);
  });

  test('healthy histories: nothing that could pass the judge', () => {
    for (let seed = 0; seed < 20; seed++) {
      const found = detect(timeoutHeadroom, withHistory(historyOf(() => 800_000, { gatewayTimerUs: TIMER }, 12, seed)));
      for (const { p, severity } of found.state === 'candidates' ? found.candidates : [])
        assert.ok(p > 1e-4 || severity === 'info', `seed ${seed}: ${p}`);
    }
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonShift, estimateOffset, type OffsetInterval } from '../../../src/logs/join/clock.ts';
import { createRandom } from '../../../src/model/random.ts';

/** Requests with 1-s stamps at the host, as in IIS logs: what methods D.3 simulates. */
function pairs(count: number, offsetUs: (atUs: number) => number, seed = 1): OffsetInterval[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const startUs = Math.round(i * 7_000_000 + random.next() * 5_000_000);
    const endUs = startUs + Math.round(random.next() * 50_000) + 1_000;
    const stampUs = Math.floor((endUs + offsetUs(endUs)) / 1e6) * 1e6;
    return { atUs: startUs, lowUs: stampUs - endUs, highUs: stampUs + 1e6 - startUs };
  });
}

test('an offset is found within its own error, which shrinks with the number of pairs', () => {
  let widest = Number.POSITIVE_INFINITY;
  for (const count of [5, 20, 100, 500]) {
    const offset = estimateOffset(pairs(count, () => 1_234_567));
    assert.ok(offset !== undefined);
    assert.ok(Math.abs(offset.offsetUs - 1_234_567) <= offset.errorUs + 1, `${count}: ${JSON.stringify(offset)}`);
    assert.ok(offset.errorUs <= widest, `${count}: ${offset.errorUs} after ${widest}`);
    widest = offset.errorUs;
    assert.equal(offset.agreeRatio, 1);
  }
  assert.ok(widest < 60_000, `${widest}`);
});

test('one pair gives an offset of about a second, none gives nothing', () => {
  assert.equal(estimateOffset([]), undefined);
  const one = estimateOffset(pairs(1, () => 0));
  assert.ok(one !== undefined && Math.abs(one.offsetUs) <= one.errorUs && one.errorUs > 400_000);
});

test('a few wrong pairs are outvoted', () => {
  const wrong = pairs(3, () => 60_000_000, 9);
  const offset = estimateOffset([...pairs(100, () => -250_000), ...wrong]);
  assert.ok(offset !== undefined && Math.abs(offset.offsetUs + 250_000) <= offset.errorUs + 1);
  assert.ok(offset.agreeRatio > 0.95 && offset.agreeRatio < 1);
});

test('a drift is told from a clock that was set', () => {
  const drift = estimateOffset(pairs(400, (atUs) => Math.round((atUs * 1_000) / 1e6)));
  assert.ok(drift?.driftPpm !== undefined && Math.abs(drift.driftPpm - 1_000) < 60, JSON.stringify(drift));
  const step = estimateOffset(pairs(400, (atUs) => (atUs < 900e6 ? 0 : 40_000_000)));
  assert.equal(step?.driftPpm, undefined);
  assert.match(step?.note ?? '', /was set/);
});

for (const [what, spanSec, stepUs] of [
  ['whole seconds over 4 s', 4, 1_000_000],
  ['whole seconds over 30 s', 30, 1_000_000],
  ['whole milliseconds over 200 ms', 0.2, 1_000],
] as const)
  test(`no drift is claimed of ${what}, and the error says how far the pairs disagree`, () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed);
      // Lines that are late by more and more: what a busy disk or a wrong partner makes of them.
      const intervals = Array.from({ length: 60 }, (_, i): OffsetInterval => {
        const atUs = Math.round((i * spanSec * 1e6) / 60 + random.next() * 1_000);
        const lateUs = (i / 60) * 4 * stepUs;
        const stampUs = Math.floor((atUs + lateUs) / stepUs) * stepUs;
        return { atUs, lowUs: stampUs - atUs - 1_000, highUs: stampUs + stepUs - atUs };
      });
      const offset = estimateOffset(intervals);
      assert.ok(offset !== undefined && offset.driftPpm === undefined, JSON.stringify(offset));
      if (offset.agreeRatio < 0.95) {
        assert.match(offset.note ?? '', /too short to tell a drift/);
        const near = intervals.filter(
          ({ lowUs, highUs }) =>
            lowUs <= offset.offsetUs + offset.errorUs && highUs >= offset.offsetUs - offset.errorUs,
        );
        assert.ok(near.length >= 57, `${near.length}`);
      }
    }
  });

test('a wrong time zone stands out among differences, noise does not', () => {
  const random = createRandom(3);
  const noise = Array.from({ length: 200 }, () => (random.next() - 0.5) * 7_200e6);
  assert.equal(commonShift(noise), undefined);
  assert.equal(commonShift([]), undefined);
  const zone = Array.from({ length: 40 }, () => 3_600e6 + (random.next() - 0.5) * 1.2e6);
  assert.equal(commonShift([...noise, ...zone])?.shiftUs, 3_600e6);
});

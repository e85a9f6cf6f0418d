import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEVEL_US } from '../../../src/model/history.ts';
import {
  BIN_COUNT,
  LAST_CHOICES,
  rangeAround,
  readRange,
  type TimeRange,
} from '../../../src/monitor/web/time-range.ts';

const NOW_US = Date.UTC(2026, 2, 2, 12, 0, 7) * 1_000;

function read(search: string): TimeRange {
  const range = readRange(new URLSearchParams(search), NOW_US);
  assert.ok(!('problem' in range), JSON.stringify(range));
  return range;
}

for (const { key, lengthUs } of LAST_CHOICES) {
  test(`the last ${key}: at most ${BIN_COUNT} bins of whole intervals, the newest holds the present`, () => {
    const range = read(`last=${key}`);
    const bins = (range.toAtUs - range.fromAtUs) / range.binUs;
    assert.ok(Number.isInteger(bins) && bins <= BIN_COUNT && bins > 60, `${bins} bins`);
    assert.equal(range.binUs % LEVEL_US[range.level], 0);
    assert.ok(range.fromAtUs <= NOW_US - lengthUs + range.binUs);
    assert.ok(range.toAtUs > NOW_US && range.toAtUs - range.binUs <= NOW_US);
    assert.ok((range.toAtUs - range.fromAtUs) / LEVEL_US[range.level] <= 1_440, 'few enough intervals to read at once');
  });
}

test('nothing asked is the last 90 minutes, in minutes', () => {
  const range = read('');
  assert.equal(range.binUs, 60_000_000);
  assert.equal(range.level, '10s');
  assert.equal(range.search, '');
});

test('an address gives the same range again', () => {
  const range = read('from=2026-03-01T00:00Z&to=2026-03-01T06:00Z');
  assert.equal(range.last, undefined);
  assert.deepEqual(read(range.search), range);
});

for (const [search, words] of [
  ['last=5y', /last is one of/],
  ['from=yesterday', /are times like/],
  ['from=2026-03-01T00:00Z&to=x', /are times like/],
  ['to=2026-03-01T00:00Z', /needs from/],
  ['from=2026-03-02T00:00Z&to=2026-03-01T00:00Z', /not before/],
  ['from=2026-03-02T00:00Z&to=2026-03-02T00:00Z', /not before/],
  ['from=1970-01-01T00:00Z', /longer than ten years/],
] as const) {
  test(`${search} is refused with the reason`, () => {
    const range = readRange(new URLSearchParams(search), NOW_US);
    assert.ok('problem' in range);
    assert.match(range.problem, words);
  });
}

test('the time around a moment leaves room on both sides', () => {
  const range = read(rangeAround(NOW_US, NOW_US));
  assert.ok(range.fromAtUs <= NOW_US - 600_000_000 && range.toAtUs >= NOW_US + 600_000_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HistoryInterval, type HistoryLevel, LEVEL_US } from '../../../src/model/history.ts';
import {
  binsOf,
  comparable,
  createDecoder,
  fitRange,
  quantileOf,
  summarise,
} from '../../../src/monitor/web/time-bins.ts';
import type { TimeRange } from '../../../src/monitor/web/time-range.ts';
import { encodeValues } from '../../../src/recording/histogram.ts';

const START_US = Date.UTC(2026, 2, 2) * 1_000;
const RANGE: TimeRange = {
  fromAtUs: START_US,
  toAtUs: START_US + 180_000_000,
  binUs: 60_000_000,
  level: '10s',
  search: '',
};

function interval(atUs: number, valuesUs: readonly number[], more: Partial<HistoryInterval> = {}): HistoryInterval {
  return {
    profile: 'shop',
    route: 'gateway',
    requestName: 'home',
    connection: 'warm',
    level: '10s',
    startAtUs: atUs,
    count: valuesUs.length,
    failed: 0,
    outcomes: { 200: valuesUs.length },
    response: encodeValues(valuesUs),
    service: encodeValues(valuesUs),
    maxResponseUs: Math.max(0, ...valuesUs),
    maxServiceUs: Math.max(0, ...valuesUs),
    ...more,
  };
}

test('intervals go into the bin they begin in; counts, outcomes and histograms add up; empty bins are there', () => {
  const bins = binsOf(
    [
      interval(START_US, [1_000, 2_000]),
      interval(START_US + 50_000_000, [9_001], { count: 2, failed: 1, outcomes: { 200: 1, 502: 1 } }),
      interval(START_US + 120_000_000, [5_000]),
      interval(START_US - 10_000_000, [7_000]),
    ],
    RANGE,
    createDecoder(),
  );
  assert.deepEqual(
    bins.map(({ startAtUs, count, failed, maxUs, outcomes }) => [
      (startAtUs - START_US) / 60_000_000,
      count,
      failed,
      maxUs,
      outcomes,
    ]),
    [
      [0, 4, 1, 9_001, { 200: 3, 502: 1 }],
      [1, 0, 0, 0, {}],
      [2, 1, 0, 5_000, { 200: 1 }],
    ],
  );
  assert.equal(bins[0]?.response.count, 3);
  assert.equal(bins[0]?.response.quantile(0.5), 2_000);
});

for (const [what, level, binUs, bins] of [
  ['as asked', '10s', 60_000_000, 3],
  ['only five minutes are left', '5m', LEVEL_US['5m'], 1],
  ['only days are left', '1d', LEVEL_US['1d'], 1],
] as const) {
  test(`bins are never shorter than the intervals that there are: ${what}`, () => {
    const range = fitRange(RANGE, [interval(START_US, [1_000], { level: level as HistoryLevel })]);
    assert.equal(range.binUs, binUs);
    assert.equal((range.toAtUs - range.fromAtUs) / range.binUs, bins);
    assert.ok(range.fromAtUs <= RANGE.fromAtUs && range.toAtUs >= RANGE.toAtUs);
  });
}

test('new and kept connections are never mixed', () => {
  const [warm, cold] = [interval(START_US, [1_000]), interval(START_US, [9_000], { connection: 'new' })];
  assert.deepEqual(comparable([warm, cold]), { connection: 'warm', of: [warm] });
  assert.deepEqual(comparable([cold]), { connection: 'new', of: [cold] });
});

test('a quantile needs one request beyond it', () => {
  const of = (count: number) =>
    summarise(
      [
        interval(
          START_US,
          Array.from({ length: count }, (_, n) => n + 1),
        ),
      ],
      createDecoder(),
    );
  assert.equal(quantileOf(of(99), 0.99), undefined);
  assert.equal(quantileOf(of(100), 0.99), 99);
  assert.equal(quantileOf(of(2), 0.5), 1);
  assert.equal(quantileOf(of(1), 0.5), undefined);
});

test('what was decoded is remembered, within its limit', () => {
  const decode = createDecoder(2);
  const [a, b, c] = [encodeValues([1]), encodeValues([2]), encodeValues([3])];
  const first = decode(a);
  assert.equal(decode(a), first);
  decode(b);
  decode(c);
  assert.notEqual(decode(a), first, 'forgotten, and read again');
  assert.deepEqual(decode(a), [[1, 1]]);
});

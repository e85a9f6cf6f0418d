import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram as Reference,
} from 'hdr-histogram-js';
import {
  createHistogram,
  decodeHistogram,
  encodeValues,
  histogramOf,
  MAX_VALUE_US,
  mergeEncoded,
} from '../../src/recording/histogram.ts';

const timesUs = fc.array(fc.oneof(fc.nat(3_000), fc.nat(1_000_000), fc.integer({ min: 0, max: MAX_VALUE_US })), {
  minLength: 1,
  maxLength: 200,
});

function nearestRank(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(p * sorted.length - 1e-6)) - 1] as number;
}

function assertWithin(actual: number, expected: number, ratio: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * ratio, `${actual} is not within ${ratio} of ${expected}`);
}

function reference(text: string): Reference {
  return decodeFromCompressedBase64(text, 32, false);
}

for (const { name, value, count = 0, maxUs = 0, clamped = 0, rejected = 0 } of [
  { name: 'NaN', value: Number.NaN, rejected: 1 },
  { name: 'infinite', value: Number.POSITIVE_INFINITY, rejected: 1 },
  { name: 'negative', value: -1, rejected: 1 },
  { name: 'zero', value: 0, count: 1 },
  { name: 'a fraction, rounded and not cut', value: 1.7, count: 1, maxUs: 2 },
  { name: 'the largest', value: MAX_VALUE_US, count: 1, maxUs: MAX_VALUE_US },
  { name: 'above the largest', value: MAX_VALUE_US * 10, count: 1, maxUs: MAX_VALUE_US * 10, clamped: 1 },
]) {
  test(`record guards: ${name}`, () => {
    const histogram = createHistogram();
    histogram.record(value);
    assert.deepEqual(
      [histogram.count, histogram.maxUs, histogram.clampedCount, histogram.rejectedCount],
      [count, maxUs, clamped, rejected],
    );
    assert.equal(
      decodeHistogram(histogram.encode()).reduce((sum, [, n]) => sum + n, 0),
      count,
    );
  });
}

test('an empty histogram', () => {
  const empty = createHistogram();
  assert.equal(empty.quantile(0.5), 0);
  assert.deepEqual(decodeHistogram(empty.encode()), []);
  assert.deepEqual(decodeHistogram(''), []);
  assert.equal(mergeEncoded([]), empty.encode());
});

test('zero and one stay apart', () => {
  assert.deepEqual(decodeHistogram(encodeValues([0, 1, 1])), [
    [0, 1],
    [1, 2],
  ]);
});

test('a rank that is whole stays whole in floating point', () => {
  const histogram = createHistogram();
  for (let value = 1; value <= 100; value++) histogram.record(value);
  // 0.07 × 100 is 7.000000000000001.
  assert.equal(histogram.quantile(0.07), 7);
  assert.equal(histogram.quantile(0.071), 8);
});

test('quantiles are within 0.1 % of the exact ones, before and after encoding', () => {
  fc.assert(
    fc.property(timesUs, fc.constantFrom(0, 0.07, 0.5, 0.9, 0.99, 1), (values, p) => {
      const histogram = createHistogram();
      for (const value of values) histogram.record(value);
      assertWithin(histogram.quantile(p), nearestRank(values, p), 0.001);
      const decoded = histogramOf(histogram.encode());
      assert.equal(decoded.count, values.length);
      assertWithin(decoded.quantile(p), nearestRank(values, p), 0.001);
      assert.equal(histogram.maxUs, Math.max(...values));
    }),
    { numRuns: 100 },
  );
});

test('the library reads the same counts at the same values', () => {
  fc.assert(
    fc.property(timesUs, (values) => {
      const text = encodeValues(values);
      const library = reference(text);
      assert.equal(library.totalCount, values.length);
      for (const p of [0.5, 0.9, 1]) assertWithin(library.getValueAtPercentile(p * 100), nearestRank(values, p), 0.001);
      const packed = build({ bitBucketSize: 'packed', highestTrackableValue: MAX_VALUE_US, autoResize: false });
      for (const value of values) packed.recordValue(value);
      assert.deepEqual(decodeHistogram(encodeIntoCompressedBase64(packed)), decodeHistogram(text));
    }),
    { numRuns: 40 },
  );
});

test('merging is the same as recording everything in one', () => {
  fc.assert(
    fc.property(timesUs, timesUs, (a, b) => {
      const whole = encodeValues([...a, ...b]);
      assert.equal(mergeEncoded([encodeValues(a), encodeValues(b)]), whole);
      const merged = createHistogram();
      for (const values of [a, b]) {
        const part = createHistogram();
        for (const value of values) part.record(value);
        merged.merge(part);
      }
      assert.equal(merged.encode(), whole);
      assert.equal(merged.count, a.length + b.length);
      assert.equal(merged.maxUs, Math.max(...a, ...b));
    }),
    { numRuns: 50 },
  );
});

test('decoding and encoding again changes nothing', () => {
  fc.assert(
    fc.property(timesUs, (values) => {
      const text = encodeValues(values);
      assert.equal(encodeValues(decodeHistogram(text).flatMap(([value, count]) => new Array(count).fill(value))), text);
    }),
    { numRuns: 50 },
  );
});

for (const text of ['nonsense!', 'AAAA', Buffer.from('no histogram at all').toString('base64')]) {
  test(`refuses to decode ${text}`, () => {
    assert.throws(() => decodeHistogram(text));
  });
}

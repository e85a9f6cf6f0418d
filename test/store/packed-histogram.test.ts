import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeHistogram, encodeValues, histogramOf, MAX_VALUE_US } from '../../src/recording/histogram.ts';
import {
  bucketsOfValues,
  countOf,
  mergeBuckets,
  packBuckets,
  shownOfPacked,
  textOfPacked,
  unpackBuckets,
} from '../../src/store/packed-histogram.ts';

/** On both sides of the number from which the form changes. */
const valuesUs = fc.array(fc.oneof(fc.nat(3_000), fc.nat(1_000_000), fc.integer({ min: 0, max: MAX_VALUE_US + 10 })), {
  maxLength: 150,
});

test('what is packed comes back to the bucket, and is the same histogram for all others', () => {
  fc.assert(
    fc.property(valuesUs, fc.integer({ min: 1, max: 100_000 }), (values, times) => {
      const buckets = bucketsOfValues(values).map((number, i) => (i % 2 === 0 ? number : number * times));
      const packed = packBuckets(buckets);
      assert.deepEqual(unpackBuckets(packed), buckets);
      const expected = decodeHistogram(encodeValues(values)).map(([us, count]) => [us, count * times]);
      assert.deepEqual(decodeHistogram(textOfPacked(packed)), expected);
      assert.equal(countOf(buckets), values.length * times);
    }),
    { seed: 41, numRuns: 200 },
  );
});

test('quantiles are those of the histogram', () => {
  fc.assert(
    fc.property(valuesUs, (values) => {
      const maxUs = Math.max(0, ...values);
      const { response, quantilesUs } = shownOfPacked(packBuckets(bucketsOfValues(values)), maxUs);
      if (values.length === 0) assert.equal(quantilesUs, undefined);
      else {
        const histogram = histogramOf(response);
        const of = (p: number) => Math.min(histogram.quantile(p), maxUs);
        assert.deepEqual(quantilesUs, { p50: of(0.5), p95: of(0.95), p99: of(0.99) });
      }
    }),
    { seed: 42, numRuns: 200 },
  );
});

test('merging is the same as counting all at once', () => {
  fc.assert(
    fc.property(fc.array(valuesUs, { maxLength: 5 }), (parts) => {
      assert.deepEqual(mergeBuckets(parts.map(bucketsOfValues)), bucketsOfValues(parts.flat()));
    }),
    { seed: 43 },
  );
});

test('one time takes 3 or 4 bytes, none takes no room, what is no time is left out', () => {
  assert.equal(packBuckets(bucketsOfValues([20_000]))?.length, 3);
  assert.equal(packBuckets(bucketsOfValues([2_000_000]))?.length, 4);
  assert.equal(packBuckets([]), null);
  assert.deepEqual(bucketsOfValues([Number.NaN, -1, Number.POSITIVE_INFINITY]), []);
});

for (const [name, bytes] of [
  ['an unknown form', [7, 1, 2]],
  ['a number without an end', [1, 0x80]],
  ['a count of none', [1, 3, 0]],
  ['a cut HdrHistogram', [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1c, 0x84]],
] as const) {
  test(`damaged: ${name}`, () => {
    assert.equal(unpackBuckets(Uint8Array.from(bytes)), undefined);
    assert.equal(shownOfPacked(Uint8Array.from([1, 0x80]), 5).response, '');
  });
}

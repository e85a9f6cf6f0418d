import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { type Buckets, decodeHdr, encodeHdr, indexOfValue, valueOfIndex } from '../../src/recording/hdr-bytes.ts';
import { decodeHistogram, encodeValues, MAX_VALUE_US } from '../../src/recording/histogram.ts';

const valuesUs = fc.array(fc.oneof(fc.nat(3_000), fc.nat(1_000_000), fc.integer({ min: 0, max: MAX_VALUE_US })), {
  minLength: 1,
  maxLength: 300,
});

function bucketsOf(values: readonly number[], times = 1): Buckets {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(indexOfValue(value), (counts.get(indexOfValue(value)) ?? 0) + times);
  return [...counts].sort((a, b) => a[0] - b[0]).flat();
}

function ofLibrary() {
  return build({
    bitBucketSize: 64,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_VALUE_US,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
}

test('the library reads what is written here, deflated or not', () => {
  fc.assert(
    fc.property(valuesUs, fc.boolean(), fc.integer({ min: 1, max: 3_000_000_000 }), (values, isDeflated, times) => {
      const text = encodeHdr(bucketsOf(values, times), MAX_VALUE_US, isDeflated).toString('base64');
      const expected = ofLibrary();
      for (const value of values) expected.recordValueWithCount(value, times);
      const read = decodeFromCompressedBase64(text, 64, false);
      assert.equal(read.totalCount, expected.totalCount);
      for (const p of [0, 1, 25, 50, 90, 99, 99.9, 100])
        assert.equal(read.getValueAtPercentile(p), expected.getValueAtPercentile(p));
    }),
    { seed: 11, numRuns: 40 },
  );
});

for (const count of [0, 1, 5_000])
  test(`${count} different times are the same to the library and here, deflated or not`, () => {
    const values = Array.from({ length: count }, (_, i) => Math.round(1.003 ** i) + i);
    const buckets = bucketsOf(values.filter((value) => value <= MAX_VALUE_US));
    for (const isDeflated of [true, false]) {
      const bytes = encodeHdr(buckets, MAX_VALUE_US, isDeflated);
      assert.deepEqual(decodeHdr(bytes), buckets);
      const read = decodeFromCompressedBase64(bytes.toString('base64'), 64, false);
      assert.equal(
        read.totalCount,
        buckets.filter((_, at) => at % 2 === 1).reduce((sum, n) => sum + n, 0),
      );
    }
  });

test('what the library writes is read here', () => {
  fc.assert(
    fc.property(valuesUs, fc.integer({ min: 1, max: 70_000 }), (values, times) => {
      const written = ofLibrary();
      for (const value of values) written.recordValueWithCount(value, times);
      const bytes = Buffer.from(encodeIntoCompressedBase64(written), 'base64');
      assert.deepEqual(decodeHdr(bytes), bucketsOf(values, times));
    }),
    { seed: 12, numRuns: 60 },
  );
});

test('a bucket begins at the value that its index stands for', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_VALUE_US }), (valueUs) => {
      const lowUs = valueOfIndex(indexOfValue(valueUs));
      assert.ok(lowUs <= valueUs && valueUs - lowUs <= valueUs / 1_024);
      assert.equal(indexOfValue(lowUs), indexOfValue(valueUs));
    }),
    { seed: 13 },
  );
});

test('damaged bytes are no histogram, and nothing throws', () => {
  const whole = encodeHdr(bucketsOf([5, 70_000, 2_000_000]), MAX_VALUE_US, false);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ flip;
      const read = decodeHdr(damaged);
      if (read !== undefined) assert.deepEqual(read, decodeHdr(whole));
      assert.equal(decodeHdr(whole.subarray(0, at)), undefined);
    }),
    { seed: 14 },
  );
});

test('other numbers of digits are left to the library', () => {
  const coarse = build({ highestTrackableValue: 1_000_000, numberOfSignificantValueDigits: 2 });
  coarse.recordValue(500);
  const text = encodeIntoCompressedBase64(coarse);
  assert.equal(decodeHdr(Buffer.from(text, 'base64')), undefined);
  assert.deepEqual(
    decodeHistogram(text).map(([, count]) => count),
    [1],
  );
  assert.throws(() => decodeHistogram('AAAA'));
  assert.deepEqual(decodeHistogram(encodeValues([])), []);
});

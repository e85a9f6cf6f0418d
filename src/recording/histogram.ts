/**
 * Histograms of times: integer µs, 3 significant digits, 0 µs to 1 h. The only import of hdr-histogram-js, which accepts
 * NaN, truncates fractions and throws above its range: every input is checked here first.
 */
import { createRequire } from 'node:module';
import type { JsHistogram } from 'hdr-histogram-js';
import { type Buckets, decodeHdr, encodeHdr, indexOfValue, valueOfIndex } from './hdr-bytes.ts';

/** Values above are counted as this one; longer than any request the probe waits for. */
export const MAX_VALUE_US = 3_600_000_000;

/** Times below this have a bucket of 1 µs each; above, a bucket is at most 1/1024 of its value wide (3 significant digits). */
const SINGLE_UNIT_LIMIT_US = 2_048;

/** 0.07 × 100 is 7.000000000000001 in floating point: without slack the rank would be 8. Counts stay far below 1e9. */
const RANK_SLACK = 1e-6;

/** A value and how often it occurred. Values above 2048 µs are the middle of their bucket, at most 0.05 % off. */
export type ValueCount = readonly [valueUs: number, count: number];

export type Histogram = {
  /** Values recorded, clamped ones included, rejected ones not. */
  readonly count: number;
  /** The largest value as it was recorded, neither bucketed nor clamped; 0 when empty. A decoded text knows only its bucket. */
  readonly maxUs: number;
  /** Values above `MAX_VALUE_US`, counted as `MAX_VALUE_US`. */
  readonly clampedCount: number;
  /** NaN, infinite and negative values: counted here and nowhere else. */
  readonly rejectedCount: number;
  /** A fraction is rounded to the nearest µs; 0 is recorded as 0. Never throws. */
  record(valueUs: number, count?: number): void;
  merge(other: Histogram): void;
  /** The smallest value that at least the share `p` (0..1) of all values does not exceed (nearest rank); 0 when empty. */
  quantile(p: number): number;
  /** Recorded values in ascending order. */
  values(): readonly ValueCount[];
  /** HdrHistogram V2 in base64: deflated, or wrapped alone for a text that is not kept (see `encodeHdr`). Default deflated. */
  encode(isDeflated?: boolean): string;
};

/** Sparse: memory grows with the number of different buckets, not with the range. */
export function createHistogram(): Histogram {
  const buckets = new Map<number, number>();
  let total = 0;
  let maxUs = 0;
  let clampedCount = 0;
  let rejectedCount = 0;
  const sortedBuckets = (): [number, number][] => [...buckets].sort((a, b) => a[0] - b[0]);
  return {
    get count() {
      return total;
    },
    get maxUs() {
      return maxUs;
    },
    get clampedCount() {
      return clampedCount;
    },
    get rejectedCount() {
      return rejectedCount;
    },
    record(valueUs, count = 1) {
      if (!(valueUs >= 0 && valueUs < Number.POSITIVE_INFINITY)) {
        rejectedCount += count;
        return;
      }
      const wholeUs = Math.round(valueUs);
      if (wholeUs > maxUs) maxUs = wholeUs;
      if (wholeUs > MAX_VALUE_US) clampedCount += count;
      const low = bucketLowUs(Math.min(wholeUs, MAX_VALUE_US));
      buckets.set(low, (buckets.get(low) ?? 0) + count);
      total += count;
    },
    merge(other) {
      for (const [valueUs, count] of other.values()) {
        const low = bucketLowUs(valueUs);
        buckets.set(low, (buckets.get(low) ?? 0) + count);
      }
      total += other.count;
      maxUs = Math.max(maxUs, other.maxUs);
      clampedCount += other.clampedCount;
      rejectedCount += other.rejectedCount;
    },
    quantile(p) {
      const rank = Math.max(1, Math.ceil(p * total - RANK_SLACK));
      let seen = 0;
      for (const [low, count] of sortedBuckets()) {
        seen += count;
        if (seen >= rank) return Math.min(bucketMiddleUs(low), maxUs);
      }
      return 0;
    },
    values: () => sortedBuckets().map(([low, count]) => [bucketMiddleUs(low), count]),
    encode: (isDeflated = true) =>
      encodeHdr(
        sortedBuckets().flatMap(([low, count]) => [indexOfValue(low), count]),
        MAX_VALUE_US,
        isDeflated,
      ).toString('base64'),
  };
}

/** The recorded values of an encoded histogram, ascending. Throws when the text is not an HdrHistogram V2. */
export function decodeHistogram(text: string): readonly ValueCount[] {
  if (text === '') return [];
  const buckets = decodeHdr(Buffer.from(text, 'base64'));
  // Not written by us: the library knows all kinds, and says what is wrong with what is none.
  return buckets === undefined ? decodeByLibrary(text) : valuesOf(buckets);
}

/** As `decodeHistogram`, of buckets at hand. */
export function valuesOf(buckets: Buckets): readonly ValueCount[] {
  const values: ValueCount[] = [];
  for (let i = 0; i < buckets.length; i += 2)
    values.push([bucketMiddleUs(valueOfIndex(buckets[i] as number)), buckets[i + 1] as number]);
  return values;
}

/** Quantiles as `Histogram.quantile` gives them, ascending in `ps`, of buckets at hand; 0 when empty. */
export function quantilesOfBuckets(buckets: Buckets, ps: readonly number[], maxUs: number): readonly number[] {
  let total = 0;
  for (let i = 1; i < buckets.length; i += 2) total += buckets[i] as number;
  let at = 0;
  let seen = buckets[1] ?? 0;
  return ps.map((p) => {
    const rank = Math.max(1, Math.ceil(p * total - RANK_SLACK));
    while (seen < rank && at + 3 < buckets.length) {
      at += 2;
      seen += buckets[at + 1] as number;
    }
    return total === 0 ? 0 : Math.min(bucketMiddleUs(valueOfIndex(buckets[at] as number)), maxUs);
  });
}

const require = createRequire(import.meta.url);

function decodeByLibrary(text: string): readonly ValueCount[] {
  // Loaded when asked for: it takes a tenth of every start, and hardly any text needs it.
  const { decodeFromCompressedBase64 } = require('hdr-histogram-js') as typeof import('hdr-histogram-js');
  const decoded = decodeFromCompressedBase64(text, 32, false) as JsHistogram;
  const values: ValueCount[] = [];
  let remaining = decoded.totalCount;
  // The library's own iterator takes 20 times as long.
  for (let index = 0; index < decoded.countsArrayLength && remaining > 0; index++) {
    const count = decoded.getCountAtIndex(index);
    if (count === 0) continue;
    remaining -= count;
    values.push([bucketMiddleUs(bucketLowUs(decoded.valueFromIndex(index))), count]);
  }
  return values;
}

/** A histogram with the values of an encoded one; its maximum is known to its bucket only. Throws like `decodeHistogram`. */
export function histogramOf(text: string): Histogram {
  const histogram = createHistogram();
  for (const [valueUs, count] of decodeHistogram(text)) histogram.record(valueUs, count);
  return histogram;
}

/** As `Histogram.encode`. */
export function encodeValues(values: readonly number[], isDeflated = true): string {
  const histogram = createHistogram();
  for (const valueUs of values) histogram.record(valueUs);
  return histogram.encode(isDeflated);
}

/** Lossless: the merged text holds exactly the buckets of its parts. Throws like `decodeHistogram`. */
export function mergeEncoded(texts: readonly string[]): string {
  const histogram = createHistogram();
  for (const text of texts) for (const [valueUs, count] of decodeHistogram(text)) histogram.record(valueUs, count);
  return histogram.encode();
}

/** Width of the bucket that holds the value; a power of two, as in every HdrHistogram with 3 digits. */
function bucketSizeUs(valueUs: number): number {
  return valueUs < SINGLE_UNIT_LIMIT_US ? 1 : 2 ** (21 - Math.clz32(valueUs));
}

function bucketLowUs(valueUs: number): number {
  if (valueUs < SINGLE_UNIT_LIMIT_US) return valueUs;
  return valueUs - (valueUs % bucketSizeUs(valueUs));
}

function bucketMiddleUs(lowUs: number): number {
  return lowUs + Math.floor(bucketSizeUs(lowUs) / 2);
}

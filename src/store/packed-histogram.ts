/** Histograms as they lie in the file of history: the same buckets as HdrHistogram's, in as few bytes as is quick to read. */
import { type Buckets, decodeHdr, encodeHdr, indexOfValue } from '../recording/hdr-bytes.ts';
import { MAX_VALUE_US } from '../recording/histogram.ts';

/** First byte: what follows. */
const PAIRS = 1;
const HDR = 2;

/**
 * Up to so many buckets are stored as pairs of gap and count, about 2 bytes each; HdrHistogram's own form has 48 bytes of headers
 * before its first count. Above, that form is as small, and costs nothing to hand on: measured on a year of intervals of one day.
 */
const MAX_PAIRS = 64;

/** Null for an empty histogram: it takes no room at all. */
export function packBuckets(buckets: Buckets): Uint8Array | null {
  if (buckets.length === 0) return null;
  return buckets.length / 2 <= MAX_PAIRS ? packPairs(buckets) : packHdr(buckets);
}

/** Undefined when the bytes are damaged. */
export function unpackBuckets(packed: Uint8Array | null): Buckets | undefined {
  if (packed === null) return [];
  if (packed[0] === PAIRS) return unpackPairs(packed);
  return packed[0] === HDR ? decodeHdr(bufferOf(packed).subarray(1)) : undefined;
}

/** HdrHistogram V2 as base64, as all other parts know it; '' when empty or damaged, which `check` tells apart. */
export function textOfPacked(packed: Uint8Array | null): string {
  if (packed?.[0] === HDR) return bufferOf(packed).toString('base64', 1);
  return textOfBuckets(unpackBuckets(packed) ?? []);
}

export function textOfBuckets(buckets: Buckets): string {
  return buckets.length === 0 ? '' : encodeHdr(buckets, MAX_VALUE_US, false).toString('base64');
}

/** Times that are none (NaN, negative) stand in no histogram, as everywhere. */
export function bucketsOfValues(valuesUs: readonly number[]): Buckets {
  const counts = new Map<number, number>();
  for (const valueUs of valuesUs) {
    if (!(valueUs >= 0 && valueUs < Number.POSITIVE_INFINITY)) continue;
    const index = indexOfValue(Math.min(Math.round(valueUs), MAX_VALUE_US));
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  return flat(counts);
}

/** Lossless. */
export function mergeBuckets(parts: readonly Buckets[]): Buckets {
  const filled = parts.filter((part) => part.length > 0);
  if (filled.length < 2) return filled[0] ?? [];
  const counts = new Map<number, number>();
  for (const part of filled) {
    for (let i = 0; i < part.length; i += 2) {
      const index = part[i] as number;
      counts.set(index, (counts.get(index) ?? 0) + (part[i + 1] as number));
    }
  }
  return flat(counts);
}

export function countOf(buckets: Buckets): number {
  let count = 0;
  for (let i = 1; i < buckets.length; i += 2) count += buckets[i] as number;
  return count;
}

function flat(counts: ReadonlyMap<number, number>): Buckets {
  const indices = [...counts.keys()].sort((a, b) => a - b);
  return indices.flatMap((index) => [index, counts.get(index) as number]);
}

/** Gap to the bucket before, times two, as LEB128; odd: a count above 1 follows. */
function packPairs(buckets: Buckets): Uint8Array {
  const bytes: number[] = [PAIRS];
  const push = (value: number): void => {
    let rest = value;
    while (rest >= 0x80) {
      bytes.push((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  };
  let previous = 0;
  for (let i = 0; i < buckets.length; i += 2) {
    const index = buckets[i] as number;
    const count = buckets[i + 1] as number;
    push((index - previous) * 2 + (count === 1 ? 0 : 1));
    if (count !== 1) push(count);
    previous = index;
  }
  return Uint8Array.from(bytes);
}

function unpackPairs(packed: Uint8Array): Buckets | undefined {
  const buckets: number[] = [];
  let at = 1;
  const next = (): number | undefined => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = packed[at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  let index = 0;
  while (at < packed.length) {
    const coded = next();
    const count = coded === undefined ? undefined : coded % 2 === 0 ? 1 : next();
    if (coded === undefined || count === undefined || count === 0) return undefined;
    index += Math.floor(coded / 2);
    buckets.push(index, count);
  }
  return buckets;
}

function packHdr(buckets: Buckets): Uint8Array {
  return Buffer.concat([Uint8Array.of(HDR), encodeHdr(buckets, MAX_VALUE_US, true)]);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

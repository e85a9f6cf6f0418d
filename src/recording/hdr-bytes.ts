/**
 * HdrHistogram V2 as bytes, for histograms with 3 significant digits and a lowest value of 1: the only kind that gateprobe writes.
 * The library allocates 90 kB of counters to read one text; this goes from bytes to the few buckets that are not empty.
 * Format: HdrHistogram's `AbstractHistogram.encodeIntoCompressedByteBuffer`: cookie, length, then deflated: cookie, length of
 * payload, offset, digits, lowest, highest, ratio, and counts as zigzag LEB128, where a negative number is a run of zeros.
 */
import { deflateSync, inflateSync } from 'node:zlib';

/** [index, count, index, count, …], ascending by index, counts above 0. Indices are those of the library's array of counts. */
export type Buckets = readonly number[];

const COMPRESSED_COOKIE = 0x1c849314;
const PLAIN_COOKIE = 0x1c849313;
const HEADER_BYTES = 40;
/** Header of the compressed form, of a zlib stream, of its one stored block; and the checksum behind it. */
const COMPRESSED_HEADER_BYTES = 8;
const STORED_HEADER_BYTES = 7;
const CHECKSUM_BYTES = 4;
/** A stored block of zlib holds no more. */
const MAX_STORED_BYTES = 65_535;
/** A window of 4096 bytes sees all of a smaller text. */
const SMALL_WINDOW_BITS = 12;
const SMALL_BYTES = 1 << SMALL_WINDOW_BITS;
/** log2 of half the buckets of 1 µs: 2048 of them for 3 digits. */
const HALF_BITS = 10;
const HALF = 1 << HALF_BITS;
const DIGITS = 3;
/** A value of 5 bytes of LEB128 is above every index and, as a zigzag number, above every count that fits 34 bits. */
const MAX_VARINT_BYTES = 9;

/** The place of a value (integer, 0 to 2^32 - 1) in the array of counts. */
export function indexOfValue(valueUs: number): number {
  if (valueUs < 2 * HALF) return valueUs;
  const shift = 31 - Math.clz32(valueUs) - HALF_BITS;
  return shift * HALF + (valueUs >>> shift);
}

/** The smallest value of the bucket at this place. */
export function valueOfIndex(index: number): number {
  if (index < 2 * HALF) return index;
  const shift = (index >> HALF_BITS) - 1;
  return (index - shift * HALF) * 2 ** shift;
}

/**
 * The compressed form. `isDeflated` false wraps the counts in a zlib stream without compression: 30 times as fast, and every reader
 * takes it; for texts that are handed on and not kept.
 */
export function encodeHdr(buckets: Buckets, highestUs: number, isDeflated: boolean): Buffer {
  const plain = encodePlain(buckets, highestUs);
  const zipped = isDeflated || plain.length > MAX_STORED_BYTES ? deflated(plain) : storedZlib(plain);
  const bytes = Buffer.allocUnsafe(COMPRESSED_HEADER_BYTES + zipped.length);
  bytes.writeUInt32BE(COMPRESSED_COOKIE, 0);
  bytes.writeUInt32BE(zipped.length, 4);
  zipped.copy(bytes, COMPRESSED_HEADER_BYTES);
  return bytes;
}

/** Undefined when it is a histogram of another kind, or none. */
export function decodeHdr(bytes: Buffer): Buckets | undefined {
  if (bytes.length < COMPRESSED_HEADER_BYTES || bytes.readUInt32BE(0) !== COMPRESSED_COOKIE) return undefined;
  const zipped = bytes.subarray(COMPRESSED_HEADER_BYTES, COMPRESSED_HEADER_BYTES + bytes.readUInt32BE(4));
  const plain = unzipped(zipped);
  if (plain === undefined || plain.length < HEADER_BYTES || plain.readUInt32BE(0) !== PLAIN_COOKIE) return undefined;
  if (plain.readInt32BE(12) !== DIGITS || plain.readBigInt64BE(16) !== 1n) return undefined;
  const endAt = HEADER_BYTES + plain.readInt32BE(4);
  return endAt > plain.length ? undefined : readCounts(plain, endAt);
}

function readCounts(plain: Buffer, endAt: number): Buckets | undefined {
  const buckets: number[] = [];
  let index = 0;
  let at = HEADER_BYTES;
  while (at < endAt) {
    const short = plain[at] as number;
    // Most gaps and counts of a day have one byte.
    if (short < 0x80) {
      at++;
      if ((short & 1) === 1) index += (short + 1) >> 1;
      else {
        if (short > 0) buckets.push(index, short >> 1);
        index++;
      }
      continue;
    }
    let coded = 0;
    let factor = 1;
    for (let length = 1; ; length++) {
      const byte = plain[at++];
      if (byte === undefined) return undefined;
      // The ninth byte has no mark of its own: all its bits count.
      coded += (length === MAX_VARINT_BYTES ? byte : byte & 0x7f) * factor;
      if (byte < 0x80 || length === MAX_VARINT_BYTES) break;
      factor *= 128;
    }
    if (coded % 2 === 1) index += (coded + 1) / 2;
    else {
      if (coded > 0) buckets.push(index, coded / 2);
      index++;
    }
  }
  return buckets;
}

function encodePlain(buckets: Buckets, highestUs: number): Buffer {
  // At most a gap and a count of 9 bytes each.
  const plain = Buffer.allocUnsafe(HEADER_BYTES + buckets.length * MAX_VARINT_BYTES);
  let at = HEADER_BYTES;
  const writeVarint = (value: number): void => {
    let rest = value;
    while (rest >= 0x80) {
      plain[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    plain[at++] = rest;
  };
  let next = 0;
  for (let i = 0; i < buckets.length; i += 2) {
    const index = buckets[i] as number;
    if (index > next) writeVarint((index - next) * 2 - 1);
    writeVarint((buckets[i + 1] as number) * 2);
    next = index + 1;
  }
  plain.writeUInt32BE(PLAIN_COOKIE, 0);
  plain.writeInt32BE(at - HEADER_BYTES, 4);
  plain.writeInt32BE(0, 8);
  plain.writeInt32BE(DIGITS, 12);
  plain.writeBigInt64BE(1n, 16);
  plain.writeBigInt64BE(BigInt(highestUs), 24);
  // The ratio of integers to doubles, 1.0; JavaScript's writer puts an integer 1 here, and no reader of ours looks at it.
  plain.writeDoubleBE(1, 32);
  return plain.subarray(0, at);
}

/** Most histograms are a few hundred bytes, for which zlib would set up 256 kB: more work than all the rest. */
function deflated(plain: Buffer): Buffer {
  const isSmall = plain.length <= SMALL_BYTES;
  return deflateSync(plain, { level: 9, ...(isSmall && { windowBits: SMALL_WINDOW_BITS, memLevel: 4 }) });
}

/** RFC 1950 and 1951: a stream of one stored block. */
function storedZlib(plain: Buffer): Buffer {
  const stream = Buffer.allocUnsafe(STORED_HEADER_BYTES + plain.length + CHECKSUM_BYTES);
  stream.writeUInt16BE(0x7801, 0);
  stream[2] = 1;
  stream.writeUInt16LE(plain.length, 3);
  stream.writeUInt16LE(plain.length ^ 0xffff, 5);
  plain.copy(stream, STORED_HEADER_BYTES);
  stream.writeUInt32BE(adler32(plain), STORED_HEADER_BYTES + plain.length);
  return stream;
}

function adler32(bytes: Buffer): number {
  let a = 1;
  let b = 0;
  for (let i = 0; i < bytes.length; i++) {
    a += bytes[i] as number;
    if (a >= 65_521) a -= 65_521;
    b += a;
    if (b >= 65_521) b -= 65_521;
  }
  return b * 65_536 + a;
}

function unzipped(stream: Buffer): Buffer | undefined {
  const isStored = stream.length > STORED_HEADER_BYTES + CHECKSUM_BYTES && stream[0] === 0x78 && stream[2] === 1;
  if (isStored && stream.readUInt16LE(3) === stream.length - STORED_HEADER_BYTES - CHECKSUM_BYTES) {
    const plain = stream.subarray(STORED_HEADER_BYTES, stream.length - CHECKSUM_BYTES);
    return stream.readUInt32BE(stream.length - CHECKSUM_BYTES) === adler32(plain) ? plain : undefined;
  }
  try {
    return inflateSync(stream);
  } catch {
    // Damaged: whoever asked says what that means.
    return undefined;
  }
}

/** The digest of a body: CRC-32, taken piece by piece as the body arrives. */
import { crc32 } from 'node:zlib';

/** Below this a table is faster than the call into zlib with a view of the bytes (measured: 16 ns against 150 ns for 12 bytes). */
const SHORT_BYTES = 64;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** crc32 of what came before and these bytes. */
export function digestOf(bytes: Buffer, from: number, to: number, before: number): number {
  if (to - from > SHORT_BYTES) return crc32(bytes.subarray(from, to), before);
  let value = ~before;
  for (let at = from; at < to; at++)
    value = (value >>> 8) ^ (CRC_TABLE[(value ^ (bytes[at] as number)) & 0xff] as number);
  return ~value >>> 0;
}

/**
 * The piece of a body that was read last, with its digest. Under load a server sends the same page again and again, and to see that
 * it is the same costs a fifth of taking its digest. Mutable: one for all connections of a closed loop.
 */
export type KnownPiece = {
  bytes: Buffer;
  /** 0 where none is known. */
  length: number;
  /** Digest of what came before it, and with it. */
  before: number;
  digest: number;
  /** Pieces in a row that were not the one before. */
  misses: number;
};

/** For shorter ones the call costs as much as the digest. */
const LEAST_BYTES = 512;
/** As much as is read at once. */
const MOST_BYTES = 64 * 1_024;
/** So many different ones in a row are never the same: keeping each would be in vain. */
const MOST_MISSES = 16;
/** From then on one of so many is kept, in case that is over. */
const LATER_EVERY = 64;
const NOTHING = Buffer.alloc(0);

export function createKnownPiece(): KnownPiece {
  return { bytes: NOTHING, length: 0, before: 0, digest: 0, misses: 0 };
}

/** The same as `digestOf`, at less cost where the piece is known. */
export function digestOfKnown(known: KnownPiece, bytes: Buffer, from: number, to: number, before: number): number {
  const length = to - from;
  if (length < LEAST_BYTES || length > MOST_BYTES) return digestOf(bytes, from, to, before);
  if (length === known.length && before === known.before && known.bytes.compare(bytes, from, to, 0, length) === 0) {
    known.misses = 0;
    return known.digest;
  }
  const digest = digestOf(bytes, from, to, before);
  known.misses++;
  if (known.misses < MOST_MISSES || known.misses % LATER_EVERY === 0) keep(known, bytes, from, to, before, digest);
  return digest;
}

function keep(known: KnownPiece, bytes: Buffer, from: number, to: number, before: number, digest: number): void {
  if (known.bytes.length < to - from) known.bytes = Buffer.allocUnsafeSlow(MOST_BYTES);
  known.length = bytes.copy(known.bytes, 0, from, to);
  known.before = before;
  known.digest = digest;
}

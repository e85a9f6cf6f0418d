/**
 * The head that was read last, byte for byte. Under load a server answers a whole second long with the same one, and to see that it is the
 * same costs a tenth of reading it.
 */

/** Mutable: one per connection. */
export type KnownHead = {
  bytes: Buffer;
  /** 0 where none is known. */
  length: number;
  /** Heads in a row that were not the one before; the first on a connection counts, as it had none before. */
  misses: number;
};

/** Longer ones are rare, and each connection keeps one. */
const MOST_BYTES = 1_024;
/** So many different ones in a row carry something of their own (an id, a time): keeping each would be in vain. */
const MOST_MISSES = 16;
/** From then on one of so many is kept, in case that is over. */
const LATER_EVERY = 64;
const NOTHING = Buffer.alloc(0);

export function createKnownHead(): KnownHead {
  return { bytes: NOTHING, length: 0, misses: 0 };
}

/** Whether the bytes begin with it. */
export function beginsWithKnown({ bytes, length }: KnownHead, chunk: Buffer, from: number, to: number): boolean {
  return length > 0 && to - from >= length && bytes.compare(chunk, from, from + length, 0, length) === 0;
}

/** It was not, or may not be, the same: what was read of it is about to be overwritten. */
export function dropKnown(known: KnownHead): void {
  known.misses++;
  known.length = 0;
}

/** A whole head, with its empty line. The first is not kept: a connection may be for one request. */
export function keepKnown(known: KnownHead, chunk: Buffer, from: number, to: number): void {
  const { misses } = known;
  if (to - from > MOST_BYTES || misses < 2 || (misses >= MOST_MISSES && misses % LATER_EVERY !== 0)) return;
  if (known.bytes.length === 0) known.bytes = Buffer.allocUnsafeSlow(MOST_BYTES);
  known.length = chunk.copy(known.bytes, 0, from, to);
}

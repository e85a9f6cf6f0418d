/** Bytes that came in pieces, put together. The room is used again for the next answer. */

/** Mutable: one per use and connection. */
export type Gathered = { bytes: Buffer; length: number };

const NOTHING = Buffer.alloc(0);
/** Most heads are smaller. */
const LEAST_BYTES = 1_024;

export function createGathered(): Gathered {
  return { bytes: NOTHING, length: 0 };
}

/** Appends `chunk` from `from` to `to`, as far as `maxBytes` in all allow. */
export function gather(gathered: Gathered, chunk: Buffer, from: number, to: number, maxBytes: number): void {
  const added = Math.min(to - from, maxBytes - gathered.length);
  const needed = gathered.length + added;
  if (needed > gathered.bytes.length) {
    const larger = Buffer.allocUnsafeSlow(Math.max(LEAST_BYTES, 2 * needed));
    gathered.bytes.copy(larger, 0, 0, gathered.length);
    gathered.bytes = larger;
  }
  chunk.copy(gathered.bytes, gathered.length, from, from + added);
  gathered.length = needed;
}

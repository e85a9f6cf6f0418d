/** Unpacks gzip while it is read. */
import { createGunzip } from 'node:zlib';
import type { Bytes, Report } from './bytes.ts';

const INPUT_BYTES = 256 << 10;
/**
 * What goes into the unpacker at once. zlib keeps back what it made of a piece that turns out to be corrupt, so a piece is small;
 * and deflate grows by at most 1032:1 (zlib's technical notes), so that one piece makes at most 8 MB.
 */
const PIECE_BYTES = 8 << 10;

export type Unpacked = Bytes & {
  /** Whether it came to its end without an error. */
  isWhole(): boolean;
};

/** The text of a gzip file of one or several members. What is corrupt or cut off ends it and is reported. */
export function gunzipped(packed: Bytes, report: Report): Unpacked {
  const input = Buffer.allocUnsafeSlow(INPUT_BYTES);
  const made: Buffer[] = [];
  let fed = 0;
  let filled = 0;
  let state: 'open' | 'whole' | 'failed' | 'closed' = 'open';
  let settle: (() => void) | undefined;
  const gunzip = createGunzip({ chunkSize: 256 << 10 });
  gunzip.on('data', (piece: Buffer) => made.push(piece));
  gunzip.on('end', () => {
    if (state === 'open') state = 'whole';
    settle?.();
  });
  gunzip.on('close', () => settle?.());
  gunzip.on('error', (error: NodeJS.ErrnoException) => {
    if (state === 'open') {
      state = 'failed';
      report(brokenGzip(error));
    }
    settle?.();
  });
  /** Unpacks one more piece, or comes to the end. */
  const step = async (): Promise<void> => {
    if (fed === filled) {
      fed = 0;
      filled = await packed.fill(input, 0);
    }
    const piece = input.subarray(fed, Math.min(filled, fed + PIECE_BYTES));
    fed += piece.length;
    await new Promise<void>((resolve) => {
      settle = resolve;
      if (piece.length === 0) gunzip.end();
      else gunzip.write(piece, () => resolve());
    });
  };
  return {
    fill: async (target, start) => {
      while (made.length === 0 && state === 'open') await step();
      return state === 'closed' ? 0 : drain(made, target, start);
    },
    isWhole: () => state === 'whole',
    close: async () => {
      state = 'closed';
      gunzip.destroy();
      await packed.close();
    },
  };
}

function drain(made: Buffer[], target: Buffer, start: number): number {
  const piece = made[0];
  if (piece === undefined) return 0;
  const copied = piece.copy(target, start);
  if (copied < piece.length) made[0] = piece.subarray(copied);
  else made.shift();
  return copied;
}

function brokenGzip(error: NodeJS.ErrnoException): Parameters<Report>[0] {
  const isCut = error.code === 'Z_BUF_ERROR';
  return {
    message: isCut
      ? 'the gzip file ends in the middle; what came before was read'
      : 'the gzip file is corrupt; what came before was read',
    expected: 'a complete gzip file',
    found: error.message,
    hint: isCut
      ? 'It may still be being written or copied: try again later.'
      : 'Check it with gzip -t, and copy it again.',
  };
}

/** Long texts, piece by piece, to standard output or a file. */
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../errors.ts';
import { writePieces } from '../recording/folder.ts';

/** Whoever reads may have seen enough: `… | head` is no error. Waits for a slow reader. */
export async function printPieces(pieces: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/** Throws UserError where the file cannot be written. */
export async function storePieces(out: string, pieces: Iterable<string>): Promise<void> {
  try {
    await writePieces(resolve(out), pieces);
  } catch (error) {
    // Only the system's own errors are about the file; what is wrong with what is exported says so itself.
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UserError(`${out} cannot be written: ${(error as Error).message}`, {
      hint: 'Choose another file with --out.',
    });
  }
}

/** Bytes of one file or stream, as they come. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Problem } from '../../errors.ts';

/** Room that a caller of `fill` leaves at least: a layer that decodes needs space for the longest characters. */
export const MIN_ROOM_BYTES = 1_024;
/** One read. Larger ones gain nothing measurable and delay the event loop. */
const READ_BYTES = 1 << 20;

export interface Bytes {
  /**
   * Puts bytes into `target` from `start` on and resolves to their number; 0 is the end, also after an abort.
   * Never rejects: what fails is reported as a problem and ends the bytes.
   */
  fill(target: Buffer, start: number): Promise<number>;
  /** Also in the middle. Never rejects. */
  close(): Promise<void>;
}

export type RawBytes = Bytes & {
  /** Of a regular file when it was opened; what is written to it later is not read. */
  readonly sizeBytes?: number;
  readonly modifiedAtMs?: number;
  /** Whether nothing was added or changed since it was opened. Only of a regular file. */
  isUnchanged?(): Promise<boolean>;
};

/** Where a layer says what it could not read. */
export type Report = (problem: Omit<Problem, 'path'>) => void;

export type Opening = { readonly report: Report; readonly signal: AbortSignal | undefined };

const NO_BYTES: RawBytes = { fill: async () => 0, close: async () => undefined };

/** Opens a file; one that cannot be opened is reported and has no bytes. */
export async function openFile(path: string, { report, signal }: Opening): Promise<RawBytes> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    report(unreadable(error));
    return NO_BYTES;
  }
  try {
    const stats = await handle.stat();
    if (stats.isFile()) return fileBytes(handle, stats.size, stats.mtimeMs, { report, signal });
    await handle.close();
    if (!stats.isDirectory()) return streamBytes(createReadStream(path), { report, signal });
    report(unreadable({ code: 'EISDIR' }));
  } catch (error) {
    await handle.close().catch(() => undefined); // The first error is the one to show.
    report(unreadable(error));
  }
  return NO_BYTES;
}

function fileBytes(handle: FileHandle, sizeBytes: number, modifiedAtMs: number, opening: Opening): RawBytes {
  let position = 0;
  let isClosed = false;
  return {
    sizeBytes,
    modifiedAtMs,
    fill: async (target, start) => {
      const length = Math.min(target.length - start, sizeBytes - position, READ_BYTES);
      if (length <= 0 || opening.signal?.aborted) return 0;
      try {
        const { bytesRead } = await handle.read(target, start, length, position);
        position += bytesRead;
        return bytesRead;
      } catch (error) {
        position = sizeBytes;
        opening.report(unreadable(error));
        return 0;
      }
    },
    isUnchanged: async () => {
      // Asked of the handle: Windows brings the folder's own entry up to date only when the writer closes the file.
      const now = await handle.stat().catch(() => undefined);
      return now !== undefined && now.size === sizeBytes && now.mtimeMs === modifiedAtMs;
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await handle.close().catch(() => undefined); // Read only: nothing is lost by a close that fails.
    },
  };
}

/** Reads a stream, which belongs to the reader from then on: it is destroyed by `close` and when the signal is aborted. */
export function streamBytes(stream: Readable, { report, signal }: Opening): RawBytes {
  let rest: Buffer | undefined;
  let isOver = stream.destroyed || stream.readableEnded || signal?.aborted === true;
  let wake: (() => void) | undefined;
  const end = (): void => {
    isOver = true;
    wake?.();
  };
  if (stream.errored !== null) report(unreadable(stream.errored));
  stream.on('readable', () => wake?.());
  stream.on('end', end);
  stream.on('close', end);
  stream.on('error', (error) => {
    if (!isOver) report(unreadable(error));
    end();
  });
  signal?.addEventListener('abort', end, { once: true });
  const next = async (): Promise<Buffer | undefined> => {
    for (;;) {
      if (isOver) return undefined;
      const piece: unknown = stream.read();
      if (piece !== null) return typeof piece === 'string' ? Buffer.from(piece) : (piece as Buffer);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    fill: async (target, start) => {
      if (rest === undefined || rest.length === 0) rest = await next();
      if (rest === undefined || signal?.aborted) return 0;
      const copied = rest.copy(target, start);
      rest = rest.subarray(copied);
      return copied;
    },
    close: async () => {
      signal?.removeEventListener('abort', end);
      end();
      stream.destroy();
    },
  };
}

const REASONS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ENOENT: ['there is no such file', 'Check the path; a file may have been rotated away since it was listed.'],
  EACCES: ['no right to read it', 'Run as a user that may read it, or copy the file.'],
  EPERM: ['no right to read it', 'Run as a user that may read it, or copy the file.'],
  EISDIR: ['is a folder', 'Name the files in it, for example with *.log at the end.'],
  EBUSY: ['another program holds it', 'Copy the file and read the copy.'],
  EMFILE: ['too many files are open', 'Name fewer files at once.'],
};

/** What a failure of the file system means for the user. */
export function unreadable(error: unknown): Omit<Problem, 'path'> {
  const code = error instanceof Error || typeof error === 'object' ? String((error as { code?: unknown }).code) : '';
  const [message, hint] = REASONS[code] ?? [`cannot be read: ${error instanceof Error ? error.message : code}`];
  return { message, expected: 'a readable log file', ...(hint === undefined ? {} : { hint }) };
}

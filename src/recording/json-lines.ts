import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { UserError } from '../errors.ts';

const CHUNK_BYTES = 256 * 1024;
/** A kept exchange has at most 4 kB of body and the headers an HTTP parser accepts; a longer line is no line of ours. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

export const DAMAGED_HINT =
  'The file was damaged or changed after it was written. Use a copy that is intact, or run again.';

/**
 * The values of a JSONL file, one after another, so that memory does not grow with the file. `onTorn` is called when the last line
 * was not written completely; it is left out. Throws UserError for any other line that is not JSON.
 */
export function* readJsonLines(file: string, onTorn: () => void = () => {}): Generator<unknown> {
  let number = 0;
  let pending: { readonly number: number; readonly line: string } | undefined;
  for (const line of readLines(file)) {
    number++;
    if (line === '') continue;
    // A line is parsed when there is one after it: only the last one may be torn.
    if (pending !== undefined) yield parseLine(file, pending.number, pending.line);
    pending = { number, line };
  }
  if (pending === undefined) return;
  let last: unknown;
  try {
    last = JSON.parse(pending.line);
  } catch {
    onTorn();
    return;
  }
  yield last;
}

/** Whether the last line was not written completely. Reads no more than the end of the file. */
export function isTorn(file: string): boolean {
  const descriptor = openSync(file, 'r');
  try {
    const sizeBytes = fstatSync(descriptor).size;
    const tailBytes = Math.min(sizeBytes, MAX_LINE_BYTES);
    const tail = Buffer.alloc(tailBytes);
    readSync(descriptor, tail, 0, tailBytes, sizeBytes - tailBytes);
    const text = tail.at(-1) === NEWLINE ? tail.subarray(0, -1) : tail;
    const last = text.subarray(text.lastIndexOf(NEWLINE) + 1);
    if (last.length === 0) return false;
    JSON.parse(last.toString('utf8'));
    return false;
  } catch (error) {
    if (error instanceof SyntaxError) return true;
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function* readLines(file: string): Generator<string> {
  const descriptor = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let rest = Buffer.alloc(0);
    while (true) {
      const readBytes = readSync(descriptor, chunk, 0, CHUNK_BYTES, null);
      if (readBytes === 0) break;
      const data = Buffer.concat([rest, chunk.subarray(0, readBytes)]);
      let start = 0;
      for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
        yield data.toString('utf8', start, end);
        start = end + 1;
      }
      rest = data.subarray(start);
      if (rest.length > MAX_LINE_BYTES)
        throw new UserError(`${basename(file)}: a line is longer than 4 MB`, { hint: DAMAGED_HINT });
    }
    if (rest.length > 0) yield rest.toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}

function parseLine(file: string, number: number, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new UserError(`${file}, line ${number}: not valid JSON`, { hint: DAMAGED_HINT, cause: error });
  }
}

/** Cuts a line at its separators. The arrays are filled again and again. */

export type Tokens = { readonly starts: Int32Array; readonly ends: Int32Array };

/** More columns than any log has: IIS knows about 30 standard fields, and a line ends at 64 kB. */
export const MAX_TOKENS = 256;

export function createTokens(): Tokens {
  return { starts: new Int32Array(MAX_TOKENS), ends: new Int32Array(MAX_TOKENS) };
}

const BLANK = 32;
const TAB = 9;
const QUOTE = 34;

/**
 * Each blank or tab separates, two of them with nothing between hold an empty field. Returns the count; MAX_TOKENS + 1 for more.
 */
export function splitEach(buffer: Buffer, start: number, end: number, { starts, ends }: Tokens): number {
  let count = 0;
  let from = start;
  for (let at = start; at < end; at++) {
    const byte = buffer[at];
    if (byte !== BLANK && byte !== TAB) continue;
    if (count === MAX_TOKENS) return MAX_TOKENS + 1;
    starts[count] = from;
    ends[count++] = at;
    from = at + 1;
  }
  if (count === MAX_TOKENS) return MAX_TOKENS + 1;
  starts[count] = from;
  ends[count++] = end;
  return count;
}

/** Runs of separators count as one, also at both ends. With `isQuoted`, a field may stand in double quotes and hold blanks. */
export function splitRuns(
  buffer: Buffer,
  start: number,
  end: number,
  { starts, ends }: Tokens,
  isQuoted: boolean,
): number {
  let count = 0;
  for (let at = start; at < end; ) {
    if (isSeparator(buffer[at])) {
      at++;
      continue;
    }
    if (count === MAX_TOKENS) return MAX_TOKENS + 1;
    const closing = isQuoted && buffer[at] === QUOTE ? closingQuote(buffer, at + 1, end) : -1;
    let stop = closing < 0 ? at : closing + 1;
    while (stop < end && !isSeparator(buffer[stop])) stop++;
    starts[count] = closing < 0 ? at : at + 1;
    ends[count++] = closing < 0 ? stop : closing;
    at = stop;
  }
  return count;
}

/** A quote ends a field only before a separator or the end; inside it is written twice, or not escaped at all. */
function closingQuote(buffer: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (buffer[at] === QUOTE && (at + 1 >= end || isSeparator(buffer[at + 1]))) return at;
  }
  return -1;
}

function isSeparator(byte: number | undefined): boolean {
  return byte === BLANK || byte === TAB;
}

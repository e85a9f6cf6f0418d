/** `key=value` and `key="value"` in what users put behind their log lines. */

const PAIR = /(?:^|[\s,;])([A-Za-z_][\w.-]{0,63})=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))/gs;
/** A word that is no pair and no text in quotes or brackets: part of a value with blanks, which was written without quotes. */
const LOOSE_WORD = /^\s+[^\s="'[({|-][^\s=]*(?=\s|$)/;

/** Most pairs of a line that are looked at; more were not written by a format. */
const MAX_PAIRS = 64;

/**
 * Pairs in order. Of a key that stands twice the first one counts. A value that goes on behind its blank is left out: nobody can tell
 * where it ends.
 */
export function pairsIn(text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  let count = 0;
  for (const { 0: whole, 1: key = '', 2: quoted, 3: bare = '', index } of text.matchAll(PAIR)) {
    if (count++ === MAX_PAIRS) break;
    const isTorn =
      quoted === undefined && LOOSE_WORD.test(text.slice(index + whole.length, index + whole.length + 256));
    if (!isTorn && !pairs.has(key)) pairs.set(key, quoted ?? bare);
  }
  return pairs;
}

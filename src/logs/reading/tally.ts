/** Counts of one log while it is read. */
import type { BadLine } from './read-source.ts';
import { type Mask, shownText } from './shown-text.ts';

const SHOWN_BAD_LINES = 5;
const SHOWN_BAD_LENGTH = 300;

/** Lines that are not of the format: all counted, the first ones kept. */
export type BadLines = {
  readonly first: readonly BadLine[];
  count(): number;
  /** `text` is called for kept lines only. */
  add(line: number, reason: string, text: () => string): void;
};

export function createBadLines(mask: Mask): BadLines {
  const first: BadLine[] = [];
  let count = 0;
  return {
    first,
    count: () => count,
    add: (line, reason, text) => {
      count++;
      if (first.length < SHOWN_BAD_LINES) first.push({ line, text: shownText(text(), mask, SHOWN_BAD_LENGTH), reason });
    },
  };
}

/** Earliest and latest of what has a time. */
export type Span = { first: number; last: number };

export function emptySpan(): Span {
  return { first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY };
}

/** NaN compares as neither and is left out. */
export function widen(span: Span, atUs: number): void {
  if (atUs < span.first) span.first = atUs;
  if (atUs > span.last) span.last = atUs;
}

export function spanFields({ first, last }: Span): { readonly firstAtUs?: number; readonly lastAtUs?: number } {
  return first > last ? {} : { firstAtUs: first, lastAtUs: last };
}

/** Builds patterns out of literals and variables, and says what is wrong with them. */
import type { PatternProblem } from '../format.ts';
import type { Escape } from './clf-request.ts';
import { type CompiledPattern, type FieldCheck, type PatternField, widthOf } from './pattern-match.ts';

/** A piece of a pattern with its place in the user's text. */
export type PatternPart =
  | { readonly kind: 'literal'; readonly text: string; readonly offset: number }
  | {
      readonly kind: 'field';
      readonly name: string;
      readonly check: FieldCheck;
      readonly width?: number;
      readonly offset: number;
      /** As the user wrote it. */
      readonly shown: string;
    };

/** A user's text with escapes and quotes of the configuration undone, and the place of each character in the original. */
export type PlainPattern = { readonly text: string; readonly offsets: readonly number[] };

/** A pattern without alternatives. Two variables of any length need a character between them. */
export function joinParts(
  parts: readonly PatternPart[],
  escaping: Escape,
): CompiledPattern | readonly PatternProblem[] {
  const problems: PatternProblem[] = [];
  const fields: PatternField[] = [];
  let before = '';
  let pending: Extract<PatternPart, { kind: 'field' }> | undefined;
  let literal = '';
  const close = (): void => {
    if (pending === undefined) before = literal;
    else {
      const { name, check } = pending;
      fields.push({ name, check, width: pending.width ?? widthOf(check), after: Buffer.from(literal) });
    }
    literal = '';
  };
  for (const part of parts) {
    if (part.kind === 'literal') {
      literal += part.text;
      continue;
    }
    if (pending !== undefined && literal === '' && (pending.width ?? widthOf(pending.check)) === 0)
      problems.push({
        offset: part.offset,
        expected: `a character between ${pending.shown} and ${part.shown}, or nobody can tell where one ends`,
        found: part.shown,
      });
    close();
    pending = part;
  }
  close();
  if (fields.length === 0) problems.push({ offset: 0, expected: 'variables', found: 'none' });
  return problems.length > 0 ? problems : { before: Buffer.from(before), fields, escaping };
}

/** Longest piece of a pattern that a problem repeats. */
const SHOWN = 40;

export function shownPiece(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/**
 * Reads the quoted and bare words of a directive from `from` on: their texts, escapes undone, with the place of each character.
 * `escapes`: the letters that a backslash may stand before; before others it stands for itself.
 */
export function readWords(
  text: string,
  from: number,
  escapes: RegExp,
): { readonly words: readonly PlainPattern[]; readonly end: number } | PatternProblem {
  const words: PlainPattern[] = [];
  let at = from;
  for (;;) {
    while (at < text.length && /\s/.test(text[at] as string)) at++;
    if (at >= text.length || text[at] === ';') return { words, end: at };
    const quote = text[at] === '"' || text[at] === "'" ? text[at] : undefined;
    const start = at;
    if (quote !== undefined) at++;
    let plain = '';
    const offsets: number[] = [];
    for (; at < text.length && !isWordEnd(text[at] as string, quote); at++) {
      const isEscape = text[at] === '\\' && at + 1 < text.length && escapes.test(text[at + 1] as string);
      offsets.push(at);
      if (isEscape) at++;
      plain += isEscape ? unescapedLetter(text[at] as string) : text[at];
    }
    if (quote !== undefined && at >= text.length)
      return { offset: start, expected: `a closing ${quote}`, found: shownPiece(text.slice(start)) };
    if (quote !== undefined) at++;
    words.push({ text: plain, offsets });
  }
}

function isWordEnd(letter: string, quote: string | undefined): boolean {
  return quote === undefined ? /[\s;]/.test(letter) : letter === quote;
}

function unescapedLetter(letter: string): string {
  if (letter === 't') return '\t';
  return letter === 'n' ? '\n' : letter === 'r' ? '\r' : letter;
}

/** One text of several, as configurations join them. */
export function joinWords(words: readonly PlainPattern[]): PlainPattern {
  return { text: words.map(({ text }) => text).join(''), offsets: words.flatMap(({ offsets }) => offsets) };
}

/** A text that needs no undoing. */
export function barePattern(text: string): PlainPattern {
  return { text, offsets: Array.from({ length: text.length }, (_, at) => at) };
}

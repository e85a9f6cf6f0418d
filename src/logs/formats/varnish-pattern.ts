/** From a format of varnishncsa (`-F`) to a pattern that reads its lines. */
import type { PatternProblem } from '../format.ts';
import type { CompiledPattern, FieldCheck } from './pattern-match.ts';
import { joinParts, type PatternPart, shownPiece } from './pattern-text.ts';

/** What varnishncsa writes unless told otherwise. */
export const NCSA_DEFAULT = '%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-agent}i"';

const CHECKS: Readonly<Record<string, FieldCheck>> = {
  b: 'number',
  D: 'number',
  I: 'number',
  O: 'number',
  s: 'status',
  T: 'number',
  h: 'word',
  l: 'word',
  m: 'word',
  H: 'word',
};
/** Headers and variables that hold no blank, though others around them may. */
const WORDS = /^\{(?:x-request-id|traceparent|host|varnish:\w+)\}[iox]$/i;
const PLAIN = 'bDHhIlmOqrstTUu';
const ESCAPED: Readonly<Record<string, string>> = { n: '', t: '\t', '"': '"', '\\': '\\' };
const DIRECTIVE = /%(?:\{([^}]{1,200})\}([iotx])|(.))/y;

/**
 * `text`: as handed to `-F` or written in the file of `-f`; quotes around it and backslashes before quotes are the shell's. Names of fields
 * are the directives without `%`: `D`, `{X-Varnish}o`, `{Varnish:hitmiss}x`. Problems where no lines could be read with it.
 */
export function compileVarnishPattern(text: string): CompiledPattern | readonly PatternProblem[] {
  const problems: PatternProblem[] = [];
  const parts = patternParts(text, problems);
  const joined = joinParts(parts, 'backslash');
  if (!('fields' in joined)) return [...problems, ...joined];
  if (!joined.fields.some(({ name }) => name === 't'))
    problems.push({ offset: 0, expected: '%t', found: 'a format without time' });
  return problems.length > 0 ? problems : joined;
}

function patternParts(text: string, problems: PatternProblem[]): readonly PatternPart[] {
  const parts: PatternPart[] = [];
  const quote = /^\s*'.*'\s*$/s.test(text) ? "'" : '';
  let at = quote === '' ? 0 : text.indexOf(quote) + 1;
  const end = quote === '' ? text.trimEnd().length : text.lastIndexOf(quote);
  const literal = (piece: string): void => {
    if (piece !== '') parts.push({ kind: 'literal', text: piece, offset: at });
  };
  while (at < end) {
    const letter = text[at] as string;
    if (letter === '\\' && ESCAPED[text[at + 1] ?? ''] !== undefined) {
      literal(ESCAPED[text[at + 1] ?? ''] as string);
      at += 2;
      continue;
    }
    if (letter !== '%') {
      literal(letter);
      at++;
      continue;
    }
    DIRECTIVE.lastIndex = at;
    const [found = '', inner, kind, single] = DIRECTIVE.exec(text) ?? [];
    if (single === '%') literal('%');
    else if (inner !== undefined && kind === 't') {
      problems.push({ offset: at, expected: '%t, whose form is known', found: shownPiece(found) });
      return parts;
    } else if (inner !== undefined && kind !== undefined) parts.push(field(`{${inner}}${kind}`, at, found));
    else if (single !== undefined && PLAIN.includes(single)) parts.push(field(single, at, found));
    else {
      problems.push({ offset: at, expected: 'a directive of varnishncsa', found: shownPiece(text.slice(at)) });
      return parts;
    }
    at += found.length;
  }
  return parts;
}

/** A time stands in brackets of its own: they become part of the text around it. */
const BRACKETS = 2;

function field(name: string, offset: number, shown: string): PatternPart {
  // `[20/Nov/2026:17:41:42 +0000]` has one length, like the time inside it.
  if (name === 't') return { kind: 'field', name, check: 'fixed', width: 26 + BRACKETS, offset, shown };
  return { kind: 'field', name, check: CHECKS[name] ?? (WORDS.test(name) ? 'word' : 'text'), offset, shown };
}

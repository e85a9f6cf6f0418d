/** From a `LogFormat` of Apache httpd to a pattern that reads its lines. */
import type { PatternProblem } from '../format.ts';
import { timeParts } from './apache-time.ts';
import type { CompiledPattern, FieldCheck } from './pattern-match.ts';
import { barePattern, joinParts, type PatternPart, type PlainPattern, readWords, shownPiece } from './pattern-text.ts';

/** Nicknames that httpd's shipped configurations define. */
export const NAMED_APACHE_PATTERNS: Readonly<Record<string, string>> = {
  common: '%h %l %u %t "%r" %>s %b',
  combined: '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
  combinedio: '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O',
  vhost_combined: '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
};

// Letters of mod_log_config, mod_logio and mod_unique_id; `text` where blanks are possible.
const LETTERS: Readonly<Record<string, FieldCheck>> = {
  ...{ a: 'word', A: 'word', h: 'word', l: 'word', m: 'word', H: 'word', X: 'word', L: 'word', R: 'word', v: 'word' },
  ...{ V: 'word', b: 'number', B: 'number', D: 'number', I: 'number', O: 'number', S: 'number', T: 'number' },
  ...{ k: 'number', p: 'number', P: 'number', s: 'status', u: 'text', U: 'text', q: 'text', r: 'text', f: 'text' },
};
/** Letters that need a name in braces. */
const NAMED_LETTERS = /^(?:[CeinoRx]|\^t[io])$/;

/**
 * `text`: the format (`%h %l … \"%r\"`), the same in quotes, the whole directive (`LogFormat "…" nickname`), or a nickname that httpd ships
 * (`common combined combinedio vhost_combined`). Problems instead of a pattern that could not be read with certainty.
 */
export function compileApachePattern(text: string): CompiledPattern | readonly PatternProblem[] {
  const named = NAMED_APACHE_PATTERNS[text.trim()];
  const plain = named === undefined ? patternSource(text) : barePattern(named);
  if ('expected' in plain) return [plain];
  const problems: PatternProblem[] = [];
  const parts = patternParts(plain, problems);
  const joined = joinParts(parts, 'backslash');
  if (!('fields' in joined)) return [...problems, ...joined].sort((a, b) => a.offset - b.offset);
  if (!joined.fields.some(({ name }) => /^(?:begin|end):/.test(name)))
    problems.push({ offset: 0, expected: '%t or %{…}t', found: 'a format without time' });
  return problems.length > 0 ? problems : joined;
}

function patternSource(text: string): PlainPattern | PatternProblem {
  const directive = /^\s*LogFormat\s+/i.exec(text);
  if (directive === null && !/^\s*["']/.test(text)) return barePattern(text);
  const read = readWords(text, directive?.[0].length ?? 0, /["'\\]/);
  const [first, second, ...more] = 'words' in read ? read.words : [];
  const isWhole = first !== undefined && more.length === 0 && (second === undefined || /^[\w.-]+$/.test(second.text));
  if (isWhole) return first;
  // A bare format may itself begin with a quote: `"%r" %>s`.
  if (directive === null) return barePattern(text);
  if (!('words' in read)) return read;
  const offset = (more[0] ?? second)?.offsets[0] ?? directive[0].length;
  return { offset, expected: 'LogFormat "format" nickname', found: shownPiece(text.slice(offset)) };
}

// %, modifiers (`<`, `>`, statuses), a name in braces, a letter.
const DIRECTIVE = /%((?:!?\d{3}(?:,\d{3})*)?)([<>]*)(?:\{([^}]*)\})?([<>]*)(\^t[io]|[A-Za-z%])/y;
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function patternParts({ text, offsets }: PlainPattern, problems: PatternProblem[]): readonly PatternPart[] {
  const parts: PatternPart[] = [];
  for (let at = 0; at < text.length; ) {
    const offset = offsets[at] ?? at;
    if (text[at] === '\\' && at + 1 < text.length) {
      const letter = text[at + 1] as string;
      parts.push({ kind: 'literal', text: ESCAPED[letter] ?? letter, offset });
      at += 2;
      continue;
    }
    if (text[at] !== '%') {
      const stop = /[%\\]/.exec(text.slice(at + 1));
      const end = stop === null ? text.length : at + 1 + stop.index;
      parts.push({ kind: 'literal', text: text.slice(at, end), offset });
      at = end;
      continue;
    }
    DIRECTIVE.lastIndex = at;
    const found = DIRECTIVE.exec(text);
    const more = found === null ? undefined : directiveParts(found, offset);
    if (found === null || more === undefined) {
      problems.push({ offset, expected: 'a directive of mod_log_config', found: shownPiece(text.slice(at, at + 12)) });
      return parts;
    }
    if ('expected' in more) problems.push(more);
    else parts.push(...more);
    at = DIRECTIVE.lastIndex;
  }
  return parts;
}

/** Parts of one directive; undefined when there is no such directive. */
function directiveParts(found: RegExpExecArray, offset: number): readonly PatternPart[] | PatternProblem | undefined {
  const [shown, , before = '', variable, behind = '', letter = ''] = found;
  if (letter === '%') return [{ kind: 'literal', text: '%', offset }];
  if (letter === 't') return timeParts(variable, offset, shown);
  const isFinal = `${before}${behind}`.includes('>');
  if (variable === undefined) {
    const check = Object.hasOwn(LETTERS, letter) ? LETTERS[letter] : undefined;
    // Only for the status the modifier makes a difference that a line shows.
    return check && [{ kind: 'field', name: letter === 's' && isFinal ? '>s' : letter, check, offset, shown }];
  }
  const name = `{${variable}}${letter}`;
  if (NAMED_LETTERS.test(letter)) return [{ kind: 'field', name, check: 'text', offset, shown }];
  if (letter === 'T') return [{ kind: 'field', name, check: 'number', offset, shown }];
  if (letter === 'p' || letter === 'P' || letter === 'a' || letter === 'h')
    return [{ kind: 'field', name, check: 'word', offset, shown }];
  return undefined;
}

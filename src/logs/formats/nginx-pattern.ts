/** From a `log_format` of nginx to a pattern that reads its lines. */
import type { PatternProblem } from '../format.ts';
import type { Escape } from './clf-request.ts';
import type { CompiledPattern, FieldCheck } from './pattern-match.ts';
import {
  barePattern,
  joinParts,
  joinWords,
  type PatternPart,
  type PlainPattern,
  readWords,
  shownPiece,
} from './pattern-text.ts';

const COMBINED =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';

/** Formats that users name without writing them down. `upstreaminfo` is the default of ingress-nginx. */
export const NAMED_NGINX_PATTERNS: Readonly<Record<string, string>> = {
  combined: COMBINED,
  upstreaminfo: `${COMBINED} $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id`,
};

const CHECKS: Readonly<Record<string, FieldCheck>> = {
  status: 'status',
  time_local: 'clf-time',
  time_iso8601: 'iso-time',
  msec: 'seconds',
  request_time: 'seconds',
  upstream_queue_time: 'list',
  upstream_cache_status: 'word',
  remote_addr: 'word',
  binary_remote_addr: 'text',
  request_method: 'word',
  server_protocol: 'word',
  request_id: 'word',
  req_id: 'word',
  pipe: 'word',
  scheme: 'word',
};
const NUMBERS =
  /^(?:body_bytes_sent|bytes_sent|connection|connection_requests|request_length|remote_port|server_port|pid|proxy_protocol(?:_server)?_port)$/;
const LISTS =
  /^upstream_(?:addr|status|connect_time|header_time|response_time|first_byte_time|session_time|bytes_received|bytes_sent|response_length)$/;

/** Times of a line, the finest first. */
export const NGINX_TIMES = ['msec', 'time_iso8601', 'time_local'] as const;

function checkOf(name: string): FieldCheck {
  if (Object.hasOwn(CHECKS, name)) return CHECKS[name] as FieldCheck;
  if (NUMBERS.test(name)) return 'number';
  return LISTS.test(name) ? 'list' : 'text';
}

/**
 * `text`: the text of a `log_format`, the whole directive (`log_format name escape=json '…' '…';`), or the name `combined` or
 * `upstreaminfo`. Problems instead of a pattern that could not be read with certainty: variables without anything between them, no time.
 */
export function compileNginxPattern(text: string): CompiledPattern | readonly PatternProblem[] {
  const named = NAMED_NGINX_PATTERNS[text.trim()];
  const source =
    named === undefined ? patternSource(text) : { plain: barePattern(named), escaping: 'backslash' as const };
  if ('expected' in source) return [source];
  const problems: PatternProblem[] = [];
  const parts = patternParts(source.plain, problems);
  const joined = joinParts(parts, source.escaping);
  if (!('fields' in joined)) return [...problems, ...joined].sort((a, b) => a.offset - b.offset);
  const hasTime = joined.fields.some(({ name }) => (NGINX_TIMES as readonly string[]).includes(name));
  if (!hasTime)
    problems.push({
      offset: 0,
      expected: 'one of $msec, $time_iso8601 and $time_local',
      found: 'a format without time',
    });
  return problems.length > 0 ? problems : joined;
}

type Source = { readonly plain: PlainPattern; readonly escaping: Escape };

const ESCAPES: Readonly<Record<string, Escape>> = { default: 'backslash', json: 'json', none: 'none' };

/** What nginx undoes inside words of its configuration. */
const CONFIG_ESCAPES = /["'\\trn]/;

function patternSource(text: string): Source | PatternProblem {
  const directive = /^\s*log_format\s/.exec(text);
  if (directive === null && !/^\s*['"](?=.*\$)/s.test(text)) return { plain: barePattern(text), escaping: 'backslash' };
  const read = readWords(text, directive?.[0].length ?? 0, CONFIG_ESCAPES);
  // A bare JSON text begins with a brace and never comes here; a quoted one that does not end is what the user has to see.
  if ('expected' in read) return read;
  const words = directive === null ? read.words : read.words.slice(1);
  const named = /^escape=(.*)$/.exec(words[0]?.text ?? '')?.[1];
  if (named !== undefined && !Object.hasOwn(ESCAPES, named))
    return {
      offset: words[0]?.offsets[0] ?? 0,
      expected: 'escape=default, escape=json or escape=none',
      found: `escape=${shownPiece(named)}`,
    };
  const rest = text.slice(read.end).replace(/^;\s*$/, '');
  if (rest !== '') return { offset: read.end, expected: 'one log_format only', found: shownPiece(rest) };
  const plain = joinWords(named === undefined ? words : words.slice(1));
  return { plain, escaping: ESCAPES[named ?? 'default'] as Escape };
}

const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/y;

function patternParts({ text, offsets }: PlainPattern, problems: PatternProblem[]): readonly PatternPart[] {
  const parts: PatternPart[] = [];
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf('$', at);
    const stop = dollar < 0 ? text.length : dollar;
    if (stop > at) parts.push({ kind: 'literal', text: text.slice(at, stop), offset: offsets[at] ?? at });
    if (dollar < 0) break;
    VARIABLE.lastIndex = dollar;
    const found = VARIABLE.exec(text);
    const offset = offsets[dollar] ?? dollar;
    if (found === null) {
      problems.push({ offset, expected: 'the name of a variable behind $', found: shownPiece(text.slice(dollar)) });
      return parts;
    }
    const name = found[1] ?? found[2] ?? '';
    parts.push({ kind: 'field', name, check: checkOf(name), offset, shown: `$${name}` });
    at = VARIABLE.lastIndex;
  }
  return parts;
}

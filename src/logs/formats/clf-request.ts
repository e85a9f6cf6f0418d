/** Request lines, ids and escapes of access logs. */
import { isIP } from 'node:net';
import type { LogIds } from '../../model/log.ts';
import { PROBE_MARKER, probeIdIn, traceIn } from '../identity.ts';

const METHOD = /^[A-Za-z][A-Za-z_-]{0,31}$/;
const VERSION = / HTTP\/\d(?:\.\d)?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]+)(.*)$/is;

export type RequestParts = {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  /** Of an absolute request target, as HTTP/2 requests are logged by some. */
  readonly host?: string;
};

/** Path and query as logged, of a request target that holds both. */
export function targetParts(target: string): RequestParts {
  const absolute = ABSOLUTE.exec(target);
  const rest = absolute === null ? target : absolute[2] === '' ? '/' : (absolute[2] ?? '');
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return {
    ...(path === '' ? {} : { path }),
    ...(mark < 0 || mark === rest.length - 1 ? {} : { query: rest.slice(mark + 1) }),
    ...(absolute?.[1] === undefined ? {} : { host: absolute[1] }),
  };
}

/** Parts of `GET /p?q HTTP/1.1`; empty for what is no request line (`-`, bytes of TLS). Blanks inside the target are the client's. */
export function requestParts(line: string): RequestParts {
  const blank = line.indexOf(' ');
  const method = line.slice(0, blank);
  if (blank < 0 || !METHOD.test(method)) return {};
  const target = line.slice(blank + 1).replace(VERSION, '');
  return target === '' ? { method } : { method, ...targetParts(target) };
}

/** Ids out of the texts that may hold them. Queries may be percent-encoded. */
export function requestIds(found: {
  readonly userAgent?: string | undefined;
  readonly query?: string | undefined;
  readonly trace?: string | undefined;
  readonly request?: string | undefined;
  readonly local?: string | undefined;
}): LogIds {
  const { userAgent = '', query = '', request, local } = found;
  const probe = (userAgent.includes(PROBE_MARKER) ? probeIdIn(userAgent) : undefined) ?? probeInQuery(query);
  const trace = traceIn(found.trace ?? '')?.trace ?? (query.includes('00-') ? traceIn(query)?.trace : undefined);
  return {
    ...(probe === undefined ? {} : { probe }),
    ...(trace === undefined ? {} : { trace }),
    ...(request === undefined ? {} : { request }),
    ...(local === undefined ? {} : { local }),
  };
}

function probeInQuery(query: string): string | undefined {
  if (!query.includes('gateprobe')) return undefined;
  return probeIdIn(
    query.replace(/%(2f|20|28|29|3b|3d)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  );
}

/** How a program writes bytes that would break its lines: `\x22` and `\"` (nginx, Apache), JSON's escapes, or not at all. */
export type Escape = 'backslash' | 'json' | 'none';

const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' };

/** Text of bytes with their escapes undone. Bytes that are not UTF-8 become U+FFFD. */
export function plainText(buffer: Buffer, start: number, end: number, escaping: Escape): string {
  const text = buffer.toString('utf8', start, end);
  if (escaping === 'none' || !text.includes('\\')) return text;
  if (escaping === 'json')
    return text.replace(/\\(?:u([0-9a-f]{4})|(.))/gi, (_, hex: string | undefined, letter: string) =>
      hex === undefined ? (LETTERS[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return text.replace(/((?:\\x[0-9a-f]{2})+)|\\(.)/gis, (_, run: string | undefined, letter: string) =>
    run === undefined ? (LETTERS[letter] ?? letter) : Buffer.from(run.replaceAll(/\\x/gi, ''), 'hex').toString('utf8'),
  );
}

/** An address of a client as it stands in logs; undefined for names of hosts and what is none. */
export function addressOf(text: string | undefined): string | undefined {
  return text !== undefined && isIP(text) !== 0 ? text : undefined;
}

/** A port out of its digits. */
export function portOf(text: string | undefined): number | undefined {
  const port = text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port > 0 && port <= 65_535 ? port : undefined;
}

/** A count out of its digits; undefined for `-` and what no double holds exactly. */
export function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The record without what is undefined. */
export function known<T extends object>(record: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

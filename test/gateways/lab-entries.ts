import { readFileSync } from 'node:fs';
import type { LogFormat } from '../../src/logs/format.ts';
import { apache } from '../../src/logs/formats/apache.ts';
import { apacheError } from '../../src/logs/formats/apache-error.ts';
import { haproxy } from '../../src/logs/formats/haproxy.ts';
import { nginx } from '../../src/logs/formats/nginx.ts';
import { nginxError } from '../../src/logs/formats/nginx-error.ts';
import type { LogEntry, LogEntryKind, LogFormatId } from '../../src/model/log.ts';
import { readLines } from '../helpers/read-log.ts';

/**
 * Lines of the laboratory as entries: those of nginx, HAProxy and httpd by the formats of the product, the others by the shortest expressions that
 * do.
 */
export type LabLog = { readonly access: LogEntry; readonly errors: readonly LogEntry[] };
export type LabLogCase = { readonly key: string; readonly gateway: string; readonly log: LabLog | undefined };

const LAB = new URL('../fixtures/gateway-lab/', import.meta.url);
type RawCase = {
  readonly gateway: string;
  readonly case: string;
  readonly url: string;
  readonly client: { readonly status: number };
  readonly log: Readonly<Partial<Record<'access' | 'error' | 'trace', readonly string[]>>>;
};

type Loose = { readonly [Key in keyof LogEntry]?: LogEntry[Key] | undefined };

function entry(format: LogFormatId, kind: LogEntryKind, fields: Loose): LogEntry {
  const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return { format, kind, atUs: 0, stamp: 'end', resolutionUs: 1_000_000, ids: {}, ...known } as LogEntry;
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function field(line: string, name: string): string | undefined {
  return new RegExp(` ${name}="([^"]*)"`).exec(line)?.[1] ?? new RegExp(` ${name}=(\\S+)`).exec(line)?.[1];
}

function pathOf(line: string): string | undefined {
  return /"[A-Z]+ (?:http:\/\/[^/]+)?([^ ?"]*)/.exec(line)?.[1];
}

function statusOf(line: string): number | undefined {
  return number(/" (\d{3}) /.exec(line)?.[1]);
}

// The list of cases has long lines cut off; the log itself has them whole.
const WHOLE = readFileSync(new URL('raw/nginx-access.log', LAB), 'utf8').split('\n');

function patternIn(file: string, words: RegExp): string {
  return words.exec(readFileSync(new URL(file, LAB), 'utf8'))?.[1] ?? '';
}

function only(format: LogFormat, line: string, pattern: string): LogEntry {
  const found = readLines(
    format,
    WHOLE.find((whole) => whole.startsWith(line)) ?? line,
    pattern === '' ? {} : { pattern },
  ).entries[0];
  if (found === undefined) throw new Error(`${format.id} does not read: ${line}`);
  return found;
}

const ACCESS: Readonly<Record<string, (line: string) => LogEntry>> = {
  nginx: (line) => only(nginx, line, patternIn('conf/nginx.conf', /log_format probe '([^']*)'/)),
  haproxy: (line) => only(haproxy, line, ''),
  apache: (line) =>
    only(apache, line, patternIn('conf/apache.conf', /^LogFormat "(.*)" probe$/m).replaceAll('\\"', '"')),
  caddy: (line) => caddyEntry(line, 'access'),
  varnish: (line) =>
    entry('varnish', 'access', {
      path: pathOf(line),
      status: statusOf(line),
      durationUs: number(field(line, 'D')),
      ids: { local: field(line, 'vxid') ?? '' },
    }),
};

function caddyEntry(line: string, kind: 'access' | 'error'): LogEntry {
  // Long lines were cut; what is wanted stands before the headers of the answer.
  const data = JSON.parse(line.replace(/,"resp_headers".*$/, '}')) as {
    msg: string;
    status?: number;
    size?: number;
    duration?: number;
    error?: string;
    request?: { uri: string };
  };
  return entry('caddy', kind, {
    path: data.request?.uri,
    status: data.status,
    bytesSent: data.size,
    durationUs: data.duration === undefined ? undefined : Math.round(data.duration * 1e6),
    message: data.msg,
    extra: data.error === undefined ? undefined : { error: data.error },
  });
}

function errorsOf({ gateway, log }: RawCase): readonly LogEntry[] {
  const lines = log.error ?? [];
  switch (gateway) {
    case 'nginx':
      return readLines(nginxError, lines.join('\n')).entries;
    case 'apache':
      return readLines(apacheError, lines.join('\n')).entries;
    case 'caddy':
      return lines.filter((line) => !line.includes('http.log.access')).map((line) => caddyEntry(line, 'error'));
    default:
      return [];
  }
}

/** FetchErrors of the backend request that belongs to an access line. */
function fetchErrors(trace: readonly string[], vxid: string | undefined): readonly LogEntry[] {
  const errors: LogEntry[] = [];
  let isOurs = false;
  for (const line of trace) {
    const begin = /Begin\s+bereq (\d+)/.exec(line);
    if (begin !== null) isOurs = begin[1] === vxid;
    const message = /^--\s+FetchError\s+(.*)$/.exec(line)?.[1];
    if (isOurs && message !== undefined) errors.push(entry('varnishlog', 'error', { message }));
  }
  return errors;
}

// Cases whose error lines are about later requests.
const WITHOUT_ERRORS = ['apache kaidle2'];

function logOf(raw: RawCase, key: string): LabLog | undefined {
  const lines = raw.log.access ?? [];
  const read = ACCESS[raw.gateway];
  if (read === undefined || lines.length === 0) return undefined;
  const entries = lines.map(read);
  const path = new URL(raw.url).pathname;
  const own = entries.find((one) => one.path === path && one.status === raw.client.status) ?? entries[0];
  if (own === undefined) return undefined;
  const errors = raw.gateway === 'varnish' ? fetchErrors(raw.log.trace ?? [], own.ids.local) : errorsOf(raw);
  return { access: own, errors: WITHOUT_ERRORS.includes(key) ? [] : errors };
}

/** All 324 requests, named `<gateway> <case>`, and `#2` where a case comes again. */
export function labLogs(): readonly LabLogCase[] {
  const seen = new Map<string, number>();
  return readFileSync(new URL('lab-cases.jsonl', LAB), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const raw = JSON.parse(line) as RawCase;
      const name = `${raw.gateway} ${raw.case}`;
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      const key = count === 1 ? name : `${name} #${count}`;
      return { key, gateway: raw.gateway, log: logOf(raw, key) };
    });
}

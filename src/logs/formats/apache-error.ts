/** Apache httpd's error log. */
import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type FormatOptions, type LineReader, type LogFormat } from '../format.ts';
import { monthOf, zoneToUtc } from '../wall-time.ts';
import { addressOf, countOf, known, portOf, requestIds } from './clf-request.ts';
import { headLines, shareOf } from './clf-shares.ts';
import { midnightUs, SECOND_US } from './clf-time.ts';

// `%{u}t` and `%t`; `%{cu}t` and `%{c}t`.
const CTIME = /^\[(?:\w{3} )?(\w{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))? (\d{4})\] /;
const COMPACT = /^\[(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?\] /;
const LEVELS = 'emerg|alert|crit|error|warn|notice|info|debug|trace[1-8]';
/** `[proxy_http:error]`; `[-:error]` without module; `[error]` of 2.2. */
const LEVEL = new RegExp(`^\\[(?:([\\w-]+):)?(${LEVELS})\\] `);
/** Longest beginning that holds time and level. */
const HEAD_BYTES = 120;

type Time = { readonly atUs: number; readonly resolutionUs: number; readonly length: number };

function timeOf(text: string, toUtc: (localMs: number) => number): Time | undefined {
  const local = CTIME.exec(text);
  const compact = local === null ? COMPACT.exec(text) : null;
  const [whole = '', ...rest] = local ?? compact ?? [];
  if (whole === '') return undefined;
  const [a = '', b = '', c = ''] = rest;
  const [hour, minute, second, fraction = ''] = local === null ? rest.slice(3) : rest.slice(2, 6);
  const midnight =
    local === null
      ? midnightUs(Number(a), Number(b) - 1, Number(c))
      : midnightUs(Number(rest[6]), monthOf(a), Number(b));
  if (!(Number(hour) <= 23 && Number(minute) <= 59 && Number(second) <= 60)) return undefined;
  const ms = midnight / 1_000 + (Number(hour) * 3_600 + Number(minute) * 60 + Number(second)) * 1_000;
  const atUs = toUtc(ms) * 1_000 + Number(fraction.padEnd(6, '0'));
  if (Number.isNaN(atUs)) return undefined;
  return { atUs, resolutionUs: fraction === '' ? SECOND_US : 10 ** (6 - fraction.length), length: whole.length };
}

const PREFIXES: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['process', /^\[pid (\d+)(?::tid \w+)?\] /],
  ['local', /^\[L ([^\]\s]*)\] /],
  ['connection', /^\[C ([^\]\s]*)\] /],
  // `%7F`: the source, at the levels debug and trace.
  ['source', /^([\w./-]+\.c\(\d+\)): /],
  ['client', /^\[client ([^\]\s]*)\] /],
  ['remote', /^\[remote ([^\]\s]*)\] /],
];
/** `(111)Connection refused: `, `(EAI 2)Name or service not known: `, `(OS 10061)…: `. Stays part of the message. */
const ERRNO = /^\((\d+|EAI -?\d+|OS \d+)\)[^:]*: /;
const CODE = /^(AH\d{5}): /;
/** Of messages that end so (AH00898, AH01106) the path is the request's own; decoded, so only characters that never were encoded tell. */
const RETURNED_BY = / returned by (\/[\w.~/:@!$&'*+,;=-]*)(?: \(([A-Z]+)\))?$/;
const REFERER = /, referer: (.*)$/s;

/** Takes the prefixes off, in whatever order the format has them. */
function cutPrefixes(text: string): { readonly found: ReadonlyMap<string, string>; readonly message: string } {
  const found = new Map<string, string>();
  let kept = '';
  let rest = text;
  for (let isPrefix = true; isPrefix; ) {
    isPrefix = false;
    const errno = found.has('errno') ? null : ERRNO.exec(rest);
    if (errno !== null) {
      found.set('errno', errno[1] ?? '');
      kept = errno[0];
      rest = rest.slice(errno[0].length);
      isPrefix = true;
    }
    for (const [name, pattern] of PREFIXES) {
      const match = found.has(name) ? null : pattern.exec(rest);
      if (match === null) continue;
      found.set(name, match[1] ?? '');
      rest = rest.slice(match[0].length);
      isPrefix = true;
    }
  }
  const code = CODE.exec(rest)?.[1];
  if (code !== undefined) found.set('code', code);
  const referer = found.has('client') ? REFERER.exec(rest) : null;
  if (referer !== null) found.set('referer', referer[1] ?? '');
  return { found, message: kept + (referer === null ? rest : rest.slice(0, referer.index)) };
}

// `127.0.0.1:39172`, `::1:39172`, `[::1]:39172`, and 2.2's address without port.
const PEER = /^\[?(.*?)\]?:(\d{1,5})$/;

function peerOf(text: string | undefined): Pick<LogEntry, 'clientIp' | 'clientPort'> {
  const [, ip, port] = PEER.exec(text ?? '') ?? [];
  const clientIp = addressOf(ip) ?? addressOf(text);
  return known({ clientIp, clientPort: addressOf(ip) === undefined ? undefined : portOf(port) });
}

function entryOf(text: string, time: Time): LogEntry {
  const level = LEVEL.exec(text.slice(time.length));
  const { found, message } = cutPrefixes(text.slice(time.length + (level?.[0].length ?? 0)));
  const module = level?.[1];
  const [, path, method] = RETURNED_BY.exec(message) ?? [];
  const extra = known({
    module: module === '-' ? undefined : module,
    errno: found.get('errno'),
    source: found.get('source'),
    connection: notDash(found.get('connection')),
    // Of a connection that httpd itself made, or that has no request yet.
    remote: found.get('remote'),
    referer: found.get('referer'),
  }) as Record<string, string>;
  return {
    format: 'apache-error',
    kind: 'error',
    atUs: time.atUs,
    stamp: 'moment',
    resolutionUs: time.resolutionUs,
    message,
    ...known({ path, method, level: level?.[2], code: found.get('code'), processId: countOf(found.get('process')) }),
    ...peerOf(found.get('client')),
    ids: requestIds({ local: notDash(found.get('local')) }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function notDash(text: string | undefined): string | undefined {
  return text === '-' || text === '' ? undefined : text;
}

function openApacheError(options: FormatOptions): LineReader {
  const row = emptyRow();
  const toUtc = zoneToUtc(options.timeZone);
  const line = { buffer: Buffer.alloc(0) as Buffer, start: 0, end: 0 };
  let time: Time | undefined;
  return {
    row,
    read(buffer, start, end) {
      if (end <= start) return 'blank';
      const head = buffer[start] === 91 ? buffer.toString('latin1', start, Math.min(end, start + HEAD_BYTES)) : '';
      time = timeOf(head, toUtc);
      if (time === undefined || !LEVEL.test(head.slice(time.length))) return 'bad';
      row.atUs = time.atUs;
      line.buffer = buffer;
      line.start = start;
      line.end = end;
      return 'entry';
    },
    entry: () => entryOf(line.buffer.toString('utf8', line.start, line.end), time as Time),
    missing: () => [],
  };
}

/**
 * Messages of httpd. `message` keeps the AH number and the error in front of it (`(111)Connection refused: AH00957: …`), since both together
 * say what happened; process, client and log id are taken out. Times are local (`options.timeZone`).
 */
export const apacheError: LogFormat = {
  id: 'apache-error',
  title: 'Apache httpd error log',
  stamp: 'moment',
  // Errors are written at once (httpd opens its error log unbuffered); 1 s for a busy disk.
  flushGuardUs: SECOND_US,
  recognise: (head) =>
    0.95 *
    shareOf(headLines(head), (line) => {
      const time = timeOf(line, (ms) => ms);
      return time !== undefined && LEVEL.test(line.slice(time.length));
    }),
  reading: { unit: 'lines', open: openApacheError },
};

/** nginx's error log. */
import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type FormatOptions, type LineReader, type LogFormat } from '../format.ts';
import { zoneToUtc } from '../wall-time.ts';
import { addressOf, countOf, known, requestIds, requestParts } from './clf-request.ts';
import { headLines, shareOf } from './clf-shares.ts';
import { clockUs, midnightUs, pairAt, SECOND_US } from './clf-time.ts';
import { cutErrorTail } from './nginx-error-tail.ts';

const LINE =
  /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[(debug|info|notice|warn|error|crit|alert|emerg)\] (\d+)#(\d+): (?:(\*\d+) )?(.*)$/s;
/** Bytes of `2026/11/20 17:35:10`. */
const TIME_LENGTH = 19;

/** Milliseconds of the time at a place as if it were UTC; NaN when it is none. */
function localMs(buffer: Buffer, at: number, end: number): number {
  if (end - at < TIME_LENGTH || buffer[at + 4] !== 47 || buffer[at + 7] !== 47 || buffer[at + 10] !== 32)
    return Number.NaN;
  const year = pairAt(buffer, at) * 100 + pairAt(buffer, at + 2);
  return (midnightUs(year, pairAt(buffer, at + 5) - 1, pairAt(buffer, at + 8)) + clockUs(buffer, at + 11)) / 1_000;
}

function entryOf(text: string, atUs: number): LogEntry {
  const [, level, processId, , connection, rest = ''] = LINE.exec(text) ?? [];
  const { message, fields } = cutErrorTail(rest);
  const line = fields.get('request');
  const { host: absoluteHost, ...request } = requestParts(line ?? '');
  const upstream = fields.get('upstream');
  const address = upstream === undefined ? undefined : addressIn(upstream);
  const extra = extraOf(fields, message);
  if (request.method === undefined && line !== undefined) extra['request'] = line;
  return {
    format: 'nginx-error',
    kind: 'error',
    atUs,
    stamp: 'moment',
    resolutionUs: SECOND_US,
    message,
    ...request,
    ...known({
      level,
      processId: countOf(processId),
      clientIp: addressOf(fields.get('client')),
      host: fields.get('host') ?? absoluteHost,
      upstream: address === undefined ? undefined : [{ address }],
    }),
    ids: requestIds({ query: request.query, local: connection }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** `127.0.0.1:18001` of `http://127.0.0.1:18001/close`; a group's name where nginx has not chosen a member; `unix:/path`. */
function addressIn(upstream: string): string | undefined {
  const rest = upstream.replace(/^[a-z]+:\/\//, '');
  const socket = /^(unix:[^:]+)/.exec(rest)?.[1];
  const address = socket ?? rest.replace(/\/.*$/s, '');
  return address === '' ? undefined : address;
}

function extraOf(fields: ReadonlyMap<string, string>, message: string): Record<string, string> {
  const extra: Record<string, string> = {};
  for (const [name, value] of fields)
    if (!['request', 'host', 'client'].includes(name) && value !== '') extra[name] = value;
  const errno = /\((\d{1,5}): [^()]*\)/.exec(message)?.[1];
  return errno === undefined ? extra : { ...extra, errno };
}

function openNginxError(options: FormatOptions): LineReader {
  const row = emptyRow();
  const toUtc = zoneToUtc(options.timeZone);
  const line = { buffer: Buffer.alloc(0) as Buffer, start: 0, end: 0 };
  let isOpen = false;
  return {
    row,
    read(buffer, start, end) {
      if (end <= start) return isOpen ? 'part' : 'blank';
      const local = localMs(buffer, start, end);
      const text = Number.isNaN(local) ? '' : buffer.toString('latin1', start, Math.min(end, start + 80));
      // What an application wrote to its standard error is logged with its line ends; the lines behind the first have no time.
      if (!LINE.test(text)) return isOpen && Number.isNaN(local) ? 'part' : 'bad';
      row.atUs = toUtc(local) * 1_000;
      if (Number.isNaN(row.atUs)) return 'bad';
      isOpen = isUnfinished(buffer, start, end);
      line.buffer = buffer;
      line.start = start;
      line.end = end;
      return 'entry';
    },
    entry: () => entryOf(line.buffer.toString('utf8', line.start, line.end), row.atUs),
    missing: () => [],
  };
}

const STDERR = Buffer.from('sent in stderr: "');

function isUnfinished(buffer: Buffer, start: number, end: number): boolean {
  const line = buffer.subarray(start, end);
  return line.includes(STDERR) && !line.includes(', client: ');
}

/**
 * Messages of nginx, about a request where `*N` stands before them: `N` is `$connection` of the access log. `message` is what stands before
 * `, client: `. Times are local (`options.timeZone`), whole seconds.
 */
export const nginxError: LogFormat = {
  id: 'nginx-error',
  title: 'nginx error log',
  stamp: 'moment',
  // Errors are written at once, unless they go to memory; 2 s: one for times of whole seconds, one for a busy disk.
  flushGuardUs: 2 * SECOND_US,
  recognise: (head) => 0.95 * shareOf(headLines(head), (line) => LINE.test(line)),
  reading: { unit: 'lines', open: openNginxError },
};

import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type LineReader, type LogFormat } from '../format.ts';
import { errorNumberIn, plainWin32 } from './iis-codes.ts';
import { type HttperrFields, httperrFields } from './iis-httperr-line.ts';
import { requestIds, splitTarget } from './iis-query.ts';
import { dateKey, dayOf, timeUs } from './w3c-bytes.ts';
import { given } from './w3c-entry.ts';

const SECOND_US = 1_000_000;
/** A URL is at most 4 kB and a verb 255 bytes (http.sys documentation); longer lines are no lines of this log. */
const MAX_LINE = 16_384;
/** A line has 18 columns at most; the rest of a longer one is not looked at. */
const MAX_PIECES = 64;
/** Not an error: http.sys closed a connection that had been idle for the whole connection timeout. */
const NORMAL_REASON = 'Timer_ConnectionIdle';

const WANTED = ['sc-status', 's-siteid', 's-reason', 's-queuename'];

/** Errors of http.sys, the part of IIS in the kernel: requests that reached no site, and connections that it ended. UTC. */
export const httperr: LogFormat = {
  id: 'httperr',
  title: 'HTTPERR (http.sys)',
  stamp: 'end',
  // Written by the same buffering as the site logs; there about a minute is common knowledge, hence the margin.
  flushGuardUs: 70_000_000,
  recognise,
  reading: { unit: 'lines', open: openReader },
};

function recognise(head: string): number {
  const text = head.replace(/^ï»¿/, '');
  if (/^#Software: Microsoft HTTP API/m.test(text)) return 1;
  if (/^#Fields:/m.test(text)) return /^#Fields:.*\bs-reason\b/m.test(text) ? 0.95 : 0;
  const lines = text.split('\n', 41);
  const whole = lines.length > 1 ? lines.slice(0, -1) : lines;
  const pieces = whole.map((line) => line.trim()).filter((line) => line !== '');
  const isAll = pieces.every((line) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /.test(line) && fieldsOf(line) !== undefined);
  return isAll && pieces.length > 0 ? 0.85 : 0;
}

function fieldsOf(line: string, declared?: readonly string[]): HttperrFields | undefined {
  return httperrFields(line.split(/[ \t]+/, MAX_PIECES), declared);
}

function openReader(): LineReader {
  const row = emptyRow();
  const logged = new Set<string>();
  let declared: readonly string[] | undefined;
  let fields: HttperrFields = {};
  let lastKey = 0;
  let lastDay = Number.NaN;
  let isFirst = true;

  const readTime = (buffer: Buffer, start: number, end: number): number => {
    const timeEnd = Math.min(end, start + 19);
    const key = dateKey(buffer, start, Math.min(end, start + 10));
    if (key !== lastKey) {
      lastDay = dayOf(key);
      lastKey = key;
    }
    return lastDay + timeUs(buffer, start + 11, timeEnd);
  };

  return {
    row,
    read: (buffer, from, to) => {
      const start = isFirst && buffer[from] === 0xef && from + 3 <= to ? from + 3 : from;
      isFirst = false;
      const line = buffer.toString('utf8', start, Math.min(to, start + MAX_LINE)).replace(/[\s\0]+$/, '');
      if (line === '') return 'blank';
      if (line.startsWith('#')) {
        const names = /^#Fields:[ \t]*(.*)$/.exec(line)?.[1];
        if (names !== undefined) declared = names.split(/[ \t]+/, MAX_PIECES).filter((name) => name !== '');
        for (const name of names === undefined ? [] : (declared ?? [])) logged.add(name);
        return 'directive';
      }
      row.atUs = readTime(buffer, start, to);
      const found = Number.isNaN(row.atUs) ? undefined : fieldsOf(line, declared);
      if (found === undefined) return 'bad';
      fields = found;
      row.status = Number(fieldOf(found, 'sc-status') ?? -1);
      const fault = errorNumberIn(found['fault-code'] ?? '');
      row.win32 = fault === undefined || fault === 0 ? -1 : plainWin32(fault);
      return 'entry';
    },
    entry: () => entryOf(fields, row.atUs, row.win32),
    missing: () => (logged.size === 0 ? [] : WANTED.filter((name) => !logged.has(name))),
  };
}

function fieldOf(fields: HttperrFields, name: string): string | undefined {
  const value = fields[name];
  return value === undefined || value === '-' || value === '' ? undefined : value;
}

function numberOf(fields: HttperrFields, name: string): number | undefined {
  const value = fieldOf(fields, name);
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

function entryOf(fields: HttperrFields, atUs: number, win32: number): LogEntry {
  const reason = fieldOf(fields, 's-reason');
  const { path, query } = splitTarget(fieldOf(fields, 'cs-uri') ?? '');
  const extra: Record<string, string> = reason === NORMAL_REASON ? { normal: 'yes' } : {};
  for (const name of [
    'cs-version',
    'streamid',
    'streamid_ex',
    's-siteid',
    'transport',
    'fault-code',
    'extended-fault-code',
  ]) {
    const value = fieldOf(fields, name);
    if (value !== undefined) extra[name] = value;
  }
  return {
    format: 'httperr',
    kind: 'kernel',
    atUs,
    stamp: 'end',
    resolutionUs: SECOND_US,
    ...given('method', fieldOf(fields, 'cs-method')),
    ...given('path', path === '' ? undefined : path),
    ...given('query', query === '' ? undefined : query),
    ...given('status', numberOf(fields, 'sc-status')),
    ...given('win32', win32 < 0 ? undefined : win32),
    ...given('flags', reason),
    ...given('clientIp', fieldOf(fields, 'c-ip')),
    ...given('clientPort', numberOf(fields, 'c-port')),
    ...given('serverIp', fieldOf(fields, 's-ip')),
    ...given('serverPort', numberOf(fields, 's-port')),
    ...given('pool', fieldOf(fields, 's-queuename')),
    ids: requestIds({ query }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

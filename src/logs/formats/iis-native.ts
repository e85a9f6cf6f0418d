import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type FormatOptions, type LineReader, type LogFormat } from '../format.ts';
import { zoneToUtc } from '../wall-time.ts';
import { plainWin32 } from './iis-codes.ts';
import { cutArrKeys, requestIds } from './iis-query.ts';
import { dayUs } from './w3c-bytes.ts';
import { given } from './w3c-entry.ts';

const SECOND_US = 1_000_000;
const MS_US = 1000;
const COLUMNS = 15;
/** IIS ends a line at 64 kB. */
const MAX_LINE = 65_536;
const MAX_PIECES = 64;

/**
 * The native format of IIS: 15 fixed columns behind one another, in the server's local time. It has no place for a substatus, a host or
 * a User-Agent.
 */
export const iisNative: LogFormat = {
  id: 'iis-native',
  title: 'IIS native log',
  stamp: 'end',
  // As for W3C logs: 64 kB or about a minute, the latter by common knowledge.
  flushGuardUs: 70_000_000,
  recognise,
  reading: { unit: 'lines', open: openReader },
};

function recognise(head: string): number {
  const lines = head.split('\n', 41);
  const whole = lines.length > 1 ? lines.slice(0, -1) : lines;
  const filled = whole.filter((line) => line.trim() !== '');
  const isAll = filled.every((line) => piecesOf(line) !== undefined);
  return isAll && filled.length > 0 ? 0.95 : 0;
}

const DATE = /^(\d{1,2})\/(\d{1,2})\/(\d{4}|\d\d)$/;
const TIME = /^(\d{1,2}):(\d\d):(\d\d)$/;
/** FTP sites write the same columns under `MSFTPSVC`. */
const SERVICE = /^W3SVC\d*$/;
const NUMBER = /^(?:\d{1,15}|-)$/;

/** The columns of a line; undefined when it is of another format. */
function piecesOf(line: string): readonly string[] | undefined {
  const pieces = line.replace(/,?[\s\0]*$/, '').split(', ', MAX_PIECES);
  const [, , date = '', time = '', service = ''] = pieces;
  const isOurs = pieces.length >= COLUMNS && DATE.test(date) && TIME.test(time) && SERVICE.test(service);
  return isOurs && pieces.slice(7, 12).every((piece) => NUMBER.test(piece)) ? pieces : undefined;
}

function openReader(options: FormatOptions): LineReader {
  const row = emptyRow();
  const toUtc = zoneToUtc(options.timeZone);
  let pieces: readonly string[] = [];
  const number = (column: number): number => {
    const text = pieces[column] ?? '-';
    return text === '-' ? -1 : Number(text);
  };
  return {
    row,
    read: (buffer, start, end) => {
      const line = buffer.toString('utf8', start, Math.min(end, start + MAX_LINE));
      if (/^[\s\0]*$/.test(line)) return 'blank';
      const found = piecesOf(line);
      if (found === undefined) return 'bad';
      const localUs = localTime(found[2] as string, found[3] as string);
      if (Number.isNaN(localUs)) return 'bad';
      pieces = found;
      row.atUs = Math.round(toUtc(localUs / MS_US) * MS_US);
      const taken = number(7);
      row.durationUs = taken < 0 || taken > Number.MAX_SAFE_INTEGER / MS_US ? -1 : taken * MS_US;
      row.status = number(10) > 999 ? -1 : number(10);
      const win32 = number(11);
      row.win32 = win32 < 0 ? -1 : plainWin32(win32);
      return 'entry';
    },
    entry: () => entryOf(pieces, row),
    missing: () => ['sc-substatus', 'cs(User-Agent)', 's-port'],
  };
}

/** µs as if the time were UTC; month first, as the documentation has it. Two digits mean a year from 1970 to 2069. */
function localTime(date: string, time: string): number {
  const [, month, day, yearText = ''] = DATE.exec(date) ?? [];
  const [, hours, minutes, seconds] = TIME.exec(time) ?? [];
  const short = Number(yearText);
  const year = yearText.length === 4 ? short : short + (short < 70 ? 2000 : 1900);
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 60) return Number.NaN;
  const sinceMidnight = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * SECOND_US;
  return dayUs(year, Number(month) - 1, Number(day)) + sinceMidnight;
}

function entryOf(pieces: readonly string[], row: LineReader['row']): LogEntry {
  const text = (column: number): string | undefined => {
    const value = pieces[column];
    return value === undefined || value === '-' || value === '' ? undefined : value;
  };
  const number = (column: number): number | undefined => {
    const value = text(column);
    return value === undefined ? undefined : Number(value);
  };
  // A target with a comma and a blank in it has no certain end.
  const isCertain = pieces.length === COLUMNS;
  const cut = cutArrKeys((isCertain ? text(14) : undefined) ?? '');
  const extra: Record<string, string> = { ...cut.extra, ...given('s-sitename', text(4)) };
  if (!isCertain) extra['target'] = pieces.slice(13).join(', ');
  if ((pieces[11] ?? '').length > 5) extra['win32'] = pieces[11] as string;
  return {
    format: 'iis-native',
    kind: 'access',
    atUs: row.atUs,
    stamp: 'end',
    resolutionUs: SECOND_US,
    ...given('method', text(12)),
    ...given('path', isCertain ? text(13) : undefined),
    ...given('query', cut.query),
    ...given('status', row.status < 0 ? undefined : row.status),
    ...given('win32', row.win32 < 0 ? undefined : row.win32),
    ...(row.durationUs < 0 ? {} : { durationUs: row.durationUs, durationResolutionUs: MS_US }),
    ...given('bytesReceived', number(8)),
    ...given('bytesSent', number(9)),
    ...given('clientIp', text(0)),
    ...given('serverIp', text(6)),
    ...given('hostName', text(5)),
    ids: requestIds({ ...given('query', cut.query), ...given('arrId', cut.arrId) }),
    extra,
  };
}

import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type FormatOptions, type LineReader, type LogFormat, type Row } from '../format.ts';
import { plainWin32 } from './iis-codes.ts';
import { DAY_US, dateKey, dayOf, dayUs, digits, NOT_A_NUMBER, timeUs } from './w3c-bytes.ts';
import { type Encoding, entryOf } from './w3c-entry.ts';
import { alignSurplus, inferLayout, layoutOf, type W3cLayout } from './w3c-layout.ts';
import { createTokens, MAX_TOKENS, splitEach, splitRuns } from './w3c-tokens.ts';

const HASH = 35;
/** A clock that goes back by more than this in a log without dates has passed midnight; a few seconds are only lines out of order. */
const MIDNIGHT_US = DAY_US / 2;
/** Lines of several processors may stand out of order by seconds; a minute is the time after which IIS writes everything. */
const LATE_US = 60_000_000;
/** One block an hour would fill this in a year; a file that holds more is not from IIS. */
const MAX_BREAKS = 10_000;

const WANTED = [
  'date',
  'time',
  'c-ip',
  'cs-method',
  'cs-uri-stem',
  'cs-uri-query',
  'cs(User-Agent)',
  'sc-status',
  'sc-substatus',
  'sc-win32-status',
  'time-taken',
];

/** W3C extended log of an IIS site, also as the Advanced Logging module writes it. Times are UTC and mark the end of the request. */
export const iisW3c: LogFormat = {
  id: 'iis-w3c',
  title: 'IIS W3C extended log',
  stamp: 'end',
  // http.sys writes at 64 kB or after about a minute; that figure is common knowledge, not documented, hence the margin.
  flushGuardUs: 70_000_000,
  recognise,
  reading: { unit: 'lines', open: openReader },
};

const SAMPLE_LINES = 40;

function recognise(head: string): number {
  const text = head.replace(/^ï»¿/, '');
  const fields = /^#Fields:[ \t]*(.*)$/m.exec(text)?.[1];
  if (fields !== undefined) {
    // FTP and SMTP logs of IIS and the logs of some content networks have the same header.
    if (/\b(?:s-reason|x-session|x-fullpath|x-edge-\S+)/.test(fields)) return 0;
    if (!/\b(?:cs-uri-stem|sc-status)\b/.test(fields)) return 0;
    if (/^#Software: (?:Microsoft Internet Information Services|IIS Advanced Logging)/m.test(text)) return 1;
    return /\bcs-uri-stem\b/.test(fields) ? 0.9 : 0.6;
  }
  const reader = openReader({});
  const lines = text.split('\n').slice(0, SAMPLE_LINES);
  // The last piece may be half a line, unless it is all there is.
  const whole = lines.length > 1 ? lines.slice(0, -1) : lines;
  let entries = 0;
  for (const line of whole) {
    const bytes = Buffer.from(line.replace(/\r$/, ''), 'latin1');
    const kind = reader.read(bytes, 0, bytes.length);
    if (kind === 'bad') return 0;
    if (kind === 'entry') entries++;
  }
  return entries > 0 ? 0.8 : 0;
}

function openReader(options: FormatOptions): LineReader {
  const row = emptyRow();
  const tokens = createTokens();
  const header = createHeader();
  const clock = createClock(options);
  // Plain `ex…` is written in the code page of the server, `u_ex…` in UTF-8.
  const encoding: Encoding = /^ex[\dt]/i.test(options.fileName ?? '') ? 'latin1' : 'utf8';
  let line = 0;
  let bytes: Buffer = Buffer.alloc(0);
  let layout: W3cLayout | undefined;

  const accept = (buffer: Buffer, candidate: W3cLayout): boolean => {
    if (!readNumbers(row, buffer, candidate, tokens)) return false;
    row.atUs = clock.read(buffer, candidate, tokens);
    if (Number.isNaN(row.atUs)) return false;
    layout = candidate;
    bytes = buffer;
    return true;
  };

  /** Everything that is not one field after the other: doubled blanks, quotes, blanks in fields, no header. */
  const acceptOdd = (buffer: Buffer, start: number, end: number): boolean => {
    const declared = header.layout();
    if (declared !== undefined) {
      const columns = declared.keys.length;
      if (splitRuns(buffer, start, end, tokens, true) === columns && accept(buffer, declared)) return true;
      const count = splitRuns(buffer, start, end, tokens, false);
      if (count === columns && accept(buffer, declared)) return true;
      const isSurplus = count > columns && count <= MAX_TOKENS && !header.isInferred();
      if (isSurplus && alignSurplus(declared, buffer, tokens, count)) return accept(buffer, declared);
    }
    const inferred = inferLayout(buffer, tokens, splitRuns(buffer, start, end, tokens, false));
    if (inferred === undefined || !accept(buffer, inferred)) return false;
    header.infer(inferred);
    return true;
  };

  return {
    row,
    read: (buffer, from, to) => {
      line++;
      const start =
        line === 1 && buffer[from] === 0xef && buffer[from + 1] === 0xbb && from + 3 <= to ? from + 3 : from;
      let end = to;
      // A file that is being written ends in zeros on some systems.
      while (end > start && (buffer[end - 1] === 13 || buffer[end - 1] === 0)) end--;
      if (buffer[start] === HASH && end > start) {
        header.directive(buffer.toString('latin1', start, Math.min(end, start + 16_384)), line);
        clock.directive(header.date());
        return 'directive';
      }
      const declared = header.layout();
      const isPlain =
        declared !== undefined &&
        !header.isQuoted() &&
        splitEach(buffer, start, end, tokens) === declared.keys.length &&
        accept(buffer, declared);
      if (isPlain || acceptOdd(buffer, start, end)) {
        header.entry(row.atUs);
        return 'entry';
      }
      return isBlank(buffer, start, end) ? 'blank' : 'bad';
    },
    entry: (): LogEntry => entryOf(bytes, layout as W3cLayout, tokens, row, encoding),
    missing: header.missing,
    breaks: header.breaks,
  };
}

function readNumbers(row: Row, buffer: Buffer, layout: W3cLayout, { starts, ends }: ReturnType<typeof createTokens>) {
  const number = (column: number): number =>
    column < 0 ? -1 : digits(buffer, starts[column] as number, ends[column] as number);
  const status = number(layout.status);
  const substatus = number(layout.substatus);
  const win32 = number(layout.win32);
  const taken = number(layout.taken);
  if (status === NOT_A_NUMBER || status > 999 || substatus === NOT_A_NUMBER || win32 === NOT_A_NUMBER) return false;
  if (taken === NOT_A_NUMBER) return false;
  row.status = status;
  row.substatus = substatus;
  row.win32 = win32 < 0 ? -1 : plainWin32(win32);
  row.durationUs = taken < 0 || taken > Number.MAX_SAFE_INTEGER / 1000 ? -1 : taken * 1000;
  return true;
}

type Clock = {
  /** NaN when the line tells no time. */
  read(buffer: Buffer, layout: W3cLayout, tokens: ReturnType<typeof createTokens>): number;
  directive(date: { readonly dayUs: number; readonly timeUs: number }): void;
};

/** The day of lines without date: from `#Date`, else the file's name, else its last change; counted on at midnight. */
function createClock(options: FormatOptions): Clock {
  let knownKey = 0;
  let knownDay = Number.NaN;
  let runningDay = dayOfFile(options);
  let runningTime = 0;
  let hasPassedMidnight = false;
  return {
    read: (buffer, { date, time }, { starts, ends }) => {
      const sinceMidnight = time < 0 ? 0 : timeUs(buffer, starts[time] as number, ends[time] as number);
      if (date >= 0) {
        const key = dateKey(buffer, starts[date] as number, ends[date] as number);
        if (key !== knownKey) {
          knownDay = dayOf(key);
          knownKey = key;
        }
        return knownDay + sinceMidnight;
      }
      if (time < 0 || Number.isNaN(sinceMidnight)) return Number.NaN;
      if (runningTime - sinceMidnight > MIDNIGHT_US) {
        runningDay += DAY_US;
        hasPassedMidnight = true;
      }
      const isLate = hasPassedMidnight && runningTime < LATE_US && sinceMidnight > DAY_US - LATE_US;
      if (isLate) return runningDay - DAY_US + sinceMidnight;
      runningTime = sinceMidnight;
      return runningDay + sinceMidnight;
    },
    directive: (date) => {
      if (Number.isNaN(date.dayUs)) return;
      hasPassedMidnight = false;
      runningDay = date.dayUs;
      runningTime = date.timeUs;
    },
  };
}

function dayOfFile({ fileName = '', modifiedAtMs }: FormatOptions): number {
  // Daily (u_ex261121.log) and hourly (u_ex26112109.log) files; years before 2000 had no such names that matter.
  const name = /^(?:u_)?ex(\d\d)(\d\d)(\d\d)(?:\d\d)?(?:_x)?\.log/i.exec(fileName);
  if (name !== null) return dayUs(2000 + Number(name[1]), Number(name[2]) - 1, Number(name[3]));
  return modifiedAtMs === undefined ? Number.NaN : Math.floor((modifiedAtMs * 1000) / DAY_US) * DAY_US;
}

type HeaderBreak = { readonly line: number; atUs: number };

/** What the directives said so far. Their order is free; a block ends with the first entry behind it. */
function createHeader() {
  let layout: W3cLayout | undefined;
  let isQuoted = false;
  let isInferred = false;
  let isInBlock = false;
  let hasEntries = false;
  let date = { dayUs: Number.NaN, timeUs: 0 };
  const logged = new Set<string>();
  const breaks: HeaderBreak[] = [];
  const newest = (): HeaderBreak | undefined => (isInBlock && hasEntries ? breaks.at(-1) : undefined);

  const open = (line: number): void => {
    if (isInBlock) return;
    isInBlock = true;
    date = { dayUs: Number.NaN, timeUs: 0 };
    if (hasEntries && breaks.length < MAX_BREAKS) breaks.push({ line, atUs: Number.NaN });
  };
  const use = (next: W3cLayout): void => {
    layout = next;
    for (const key of next.keys.slice(0, MAX_TOKENS)) logged.add(key);
  };

  return {
    layout: () => layout,
    isQuoted: () => isQuoted,
    isInferred: () => isInferred,
    date: () => date,
    infer: (inferred: W3cLayout) => {
      // A line that a declared layout cannot hold says nothing about the next one.
      if (layout !== undefined && !isInferred) return;
      isInferred = true;
      use(inferred);
    },
    directive: (text: string, line: number): void => {
      const [, name = '', value = ''] = /^#([\w-]+):[ \t]*(.*)$/.exec(text) ?? [];
      if (/^(?:Software|Version|Date|Start-Date|Fields)$/.test(name)) open(line);
      if (name === 'Software') isQuoted = value.includes('Advanced Logging');
      else if (name === 'Fields') {
        const names = value.split(/[ \t]+/).filter((field) => field !== '');
        isInferred = false;
        use(layoutOf(names.slice(0, MAX_TOKENS)));
      } else if (name === 'Date' || name === 'Start-Date') {
        const bytes = Buffer.from(value.trim(), 'latin1');
        const day = dayOf(dateKey(bytes, 0, Math.min(10, bytes.length)));
        const time = timeUs(bytes, 11, bytes.length);
        if (Number.isNaN(day) || Number.isNaN(time)) return;
        date = { dayUs: day, timeUs: time };
        const block = newest();
        if (block !== undefined) block.atUs = day + time;
      }
    },
    entry: (atUs: number): void => {
      if (isInBlock) {
        const block = newest();
        if (block !== undefined && Number.isNaN(block.atUs)) block.atUs = atUs;
        isInBlock = false;
      }
      hasEntries = true;
    },
    missing: (): readonly string[] =>
      layout === undefined ? [] : WANTED.filter((name) => !logged.has(name.toLowerCase())),
    breaks: () => breaks.filter(({ atUs }) => !Number.isNaN(atUs)),
  };
}

function isBlank(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((buffer[at] as number) > 32) return false;
  return true;
}

/** A tiny format of lines, a tiny format of documents, and ways to read them. */
import { Readable } from 'node:stream';
import { emptyRow, type FormatOptions, type LineKind, type LogFormat } from '../../../src/logs/format.ts';
import { type OpenLog, type OpenOptions, openLog } from '../../../src/logs/reading/chunks.ts';
import { readSource, type SourceOptions, type SourceResult } from '../../../src/logs/reading/read-source.ts';
import type { LogEntry, PlacedEntry } from '../../../src/model/log.ts';

export const NOW_MS = Date.UTC(2026, 10, 21, 12);

/** `<seconds> <status> <text>`; `#` begins a directive, `+` a part of a record. */
export const smallLines: LogFormat = {
  id: 'combined',
  title: 'small lines',
  stamp: 'end',
  flushGuardUs: 0,
  recognise: (head) => (/^(#.*\r?\n)*\d+ \d{3} /.test(head) ? 0.8 : 0),
  reading: { unit: 'lines', open: openSmall },
};

function openSmall(options: FormatOptions) {
  const row = emptyRow();
  let text = '';
  return {
    row,
    options,
    read: (buffer: Buffer, start: number, end: number): LineKind => {
      text = buffer.toString('utf8', start, end);
      if (text === '') return 'blank';
      if (text.startsWith('#')) return 'directive';
      if (text.startsWith('+')) return 'part';
      const match = /^(\d+|-) (\d{3}) /.exec(text);
      if (match === null) return 'bad';
      row.atUs = match[1] === '-' ? Number.NaN : Number(match[1]) * 1_000_000;
      row.status = Number(match[2]);
      return 'entry';
    },
    entry: () => smallEntry(row.atUs, row.status, text),
    missing: () => ['time-taken'],
    breaks: () => [{ line: 3, atUs: 5 }],
  };
}

function smallEntry(atUs: number, status: number, message: string): LogEntry {
  return { format: 'combined', kind: 'access', atUs, stamp: 'end', resolutionUs: 1, status, message, ids: {} };
}

/** `<r at="1" s="200">text</r>` in anything; `<bad/>` cannot be read. */
export const smallDocument: LogFormat = {
  id: 'freb',
  title: 'small documents',
  stamp: 'start',
  flushGuardUs: 0,
  recognise: (head) => (head.includes('<r at=') ? 0.9 : 0),
  reading: {
    unit: 'document',
    open: () => {
      let rest = '';
      let length = 0;
      const bad: { offset: number; reason: string }[] = [];
      const take = (): LogEntry[] => {
        const found: LogEntry[] = [];
        let end = 0;
        for (const match of rest.matchAll(/<r at="(\d+)" s="(\d+)">([^<]*)<\/r>|<bad\/>/g)) {
          end = match.index + match[0].length;
          if (match[1] === undefined) bad.push({ offset: length, reason: 'bad is bad' });
          else found.push(smallEntry(Number(match[1]) * 1_000_000, Number(match[2]), match[3] ?? ''));
        }
        rest = rest.slice(Math.max(end, rest.length - 1_000));
        return found;
      };
      return {
        push: (text) => {
          rest += text;
          length += text.length;
          return take();
        },
        end: () => [],
        bad: () => bad.slice(0, 5),
        badCount: () => bad.length,
      };
    },
  },
};

export type Read = {
  readonly rows: readonly string[];
  readonly entries: readonly PlacedEntry[];
  readonly result: SourceResult;
};

/** Reads an open log with all entries wanted; rows as `line:status:seconds`, with `!` where the probe's mark is. */
export async function readOpen(
  log: OpenLog,
  format: LogFormat = smallLines,
  more: Partial<SourceOptions> = {},
): Promise<Read> {
  const rows: string[] = [];
  const entries: PlacedEntry[] = [];
  const result = await readSource({
    format,
    log,
    source: 3,
    mask: (text) => text.replaceAll('secret', '***'),
    sink: {
      row: (row, line, isProbe) => {
        rows.push(`${line}:${row.status}:${row.atUs / 1e6}${isProbe ? '!' : ''}`);
        return true;
      },
      entry: (entry) => entries.push(entry),
    },
    ...more,
  });
  return { rows, entries, result };
}

/** Reads pieces as if they came on standard input. */
export async function readPieces(
  pieces: Iterable<Buffer | string> | AsyncIterable<Buffer | string>,
  format: LogFormat = smallLines,
  more: Partial<SourceOptions> = {},
): Promise<Read> {
  return readOpen(await openPieces(pieces, { signal: more.signal }), format, more);
}

export function openPieces(
  pieces: Iterable<Buffer | string> | AsyncIterable<Buffer | string>,
  options: Partial<OpenOptions> = {},
): Promise<OpenLog> {
  const stdin = Readable.from(pieces, { objectMode: false });
  return openLog({ kind: 'stdin', name: 'standard input' }, { stdin, wallMs: () => NOW_MS, ...options });
}

export function openPath(path: string, options: Partial<OpenOptions> = {}): Promise<OpenLog> {
  return openLog({ kind: 'file', path, name: path, sizeBytes: 0 }, { wallMs: () => NOW_MS, ...options });
}

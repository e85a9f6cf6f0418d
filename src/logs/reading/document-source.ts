/** Logs that are documents (XML). */
import { StringDecoder } from 'node:string_decoder';
import { setImmediate } from 'node:timers/promises';
import type { LogEntry } from '../../model/log.ts';
import { type DocumentReader, emptyRow, type Row } from '../format.ts';
import { PROBE_MARKER } from '../identity.ts';
import { maskedEntry } from './masked-entry.ts';
import type { SourceOptions, SourceResult } from './read-source.ts';
import { MAX_RAW_LENGTH, shownText } from './shown-text.ts';
import { createBadLines, emptySpan, spanFields, widen } from './tally.ts';

const BUFFER_BYTES = 1 << 20;
/**
 * A piece of text ends behind a line or a closing tag: a record is complete at its closing tag, so that each piece completes one
 * at most and its place and text are known.
 */
const PIECE_END = /\n|<\/[^<>\n]{1,256}>/g;
/** Longer text without such an end is cut. */
const MAX_PIECE_LENGTH = 64 << 10;
/** More of one record's text is not kept. */
const MAX_KEPT_LENGTH = 4 * MAX_RAW_LENGTH;

/** Reads a whole document with `reader`. See `readSource`. */
export async function readDocument(reader: DocumentReader, options: SourceOptions): Promise<SourceResult> {
  const { log, signal } = options;
  const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, (log.maxTextBytes ?? BUFFER_BYTES) + 4_096));
  const decoder = new StringDecoder('utf8');
  const records = createRecords(reader, options);
  let bytes = 0;
  while (signal?.aborted !== true) {
    const got = await log.fill(buffer, 0);
    if (got === 0) break;
    bytes += got;
    records.add(decoder.write(buffer.subarray(0, got)));
    await setImmediate();
  }
  const isAborted = signal?.aborted === true;
  if (!isAborted) records.end(decoder.end());
  return { ...records.result(), torn: 'none', missing: [], breaks: [], bytes, problems: [...log.problems], isAborted };
}

function createRecords(reader: DocumentReader, { sink, source, mask }: SourceOptions) {
  const bad = createBadLines(mask);
  const span = emptySpan();
  let entries = 0;
  let badCount = 0;
  /** The line that comes next, and whether it has begun. */
  let line = 1;
  let isInLine = false;
  /** Text that is not handed on yet. */
  let rest = '';
  /** The beginning of what came since the last record, and the line that it begins on. */
  let pending = '';
  let pendingLine = 1;
  let isProbe = false;

  const deliver = (found: readonly LogEntry[]): void => {
    for (const entry of found) {
      entries++;
      widen(span, entry.atUs);
      if (sink.row(rowOf(entry), pendingLine, isProbe, false))
        sink.entry({ ...maskedEntry(entry, mask), source, line: pendingLine, raw: shownText(pending.trimEnd(), mask) });
    }
    if (found.length === 0) return;
    pending = '';
    isProbe = false;
  };
  const noteBad = (): void => {
    const now = reader.badCount();
    const reason = reader.bad().at(-1)?.reason ?? 'cannot be read';
    for (; badCount < now; badCount++) bad.add(pendingLine, reason, () => pending.trimEnd());
  };
  const push = (piece: string): void => {
    if (pending === '') {
      pendingLine = line;
      pending = piece.trimStart();
    } else if (pending.length < MAX_KEPT_LENGTH) pending += piece;
    // A mark is never cut by a line or a tag, and a value of more than 64 kB has no User-Agent.
    isProbe ||= piece.includes(PROBE_MARKER);
    deliver(reader.push(piece));
    noteBad();
    isInLine = !piece.endsWith('\n');
    if (!isInLine) line++;
  };
  return {
    add: (text: string): void => {
      rest += text;
      let start = 0;
      for (const match of rest.matchAll(PIECE_END)) {
        const end = match.index + match[0].length;
        push(rest.slice(start, end));
        start = end;
      }
      rest = rest.slice(start);
      if (rest.length > MAX_PIECE_LENGTH) {
        push(rest);
        rest = '';
      }
    },
    end: (text: string): void => {
      rest += text;
      if (rest !== '') push(rest);
      deliver(reader.end());
      noteBad();
    },
    result: () => ({
      lines: isInLine ? line : line - 1,
      entries,
      directives: 0,
      blanks: 0,
      bad: { count: bad.count(), first: bad.first },
      ...spanFields(span),
    }),
  };
}

function rowOf(entry: LogEntry): Row {
  const row = emptyRow();
  row.atUs = entry.atUs;
  row.status = entry.status ?? -1;
  row.substatus = entry.substatus ?? -1;
  row.win32 = entry.win32 ?? -1;
  row.durationUs = entry.durationUs ?? -1;
  return row;
}

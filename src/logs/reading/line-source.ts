/** Logs that are made of lines. */
import type { PlacedEntry } from '../../model/log.ts';
import type { LineReader } from '../format.ts';
import { PROBE_MARKER } from '../identity.ts';
import { type LineHandler, MAX_LINE_BYTES, readLines } from './lines.ts';
import { maskedEntry } from './masked-entry.ts';
import type { SourceOptions, SourceResult, TornEnd } from './read-source.ts';
import { MAX_RAW_LENGTH, shownText } from './shown-text.ts';
import { createBadLines, emptySpan, spanFields, widen } from './tally.ts';

const MARKER = Buffer.from(PROBE_MARKER);
/** Of records with several lines so much text is kept; more is not shown. Four bytes a character at most. */
const MAX_RECORD_BYTES = 4 * MAX_RAW_LENGTH;

/** Reads all lines with `reader`. See `readSource`. */
export async function readLineSource(reader: LineReader, options: SourceOptions): Promise<SourceResult> {
  const { sink, log, mask, format } = options;
  const { row } = reader;
  const bad = createBadLines(mask);
  const span = emptySpan();
  const marks = createMarks();
  const record = createRecord();
  // Directives of other formats are no blocks: varnishlog's begin each record.
  const hasBlocks = reader.breaks !== undefined;
  let isInBlock = false;
  let entries = 0;
  let directives = 0;
  let blanks = 0;
  let torn: TornEnd = 'none';

  const take = (buffer: Buffer, start: number, end: number, line: number): void => {
    const isNewBlock = isInBlock && entries > 0;
    isInBlock = false;
    entries++;
    widen(span, row.atUs);
    const isProbe = marks.isIn(start, end) || record.isProbe;
    const firstLine = record.line === 0 ? line : record.line;
    if (sink.row(row, firstLine, isProbe, isNewBlock)) {
      const text = record.textWith(buffer, start, end);
      sink.entry({
        ...maskedEntry(reader.entry(), mask),
        source: options.source,
        line: firstLine,
        raw: shownText(text, mask),
      } satisfies PlacedEntry);
    }
    if (record.line !== 0) record.clear();
  };
  const handler: LineHandler = {
    block: marks.begin,
    line: (buffer, start, end, line) => {
      const kind = reader.read(buffer, start, end);
      if (kind === 'entry') take(buffer, start, end, line);
      else if (kind === 'part') record.add(buffer, start, end, line, marks.isIn(start, end));
      else if (kind === 'blank') blanks++;
      else {
        record.clear();
        if (kind === 'directive') {
          directives++;
          isInBlock = hasBlocks;
        } else bad.add(line, `not a line of ${format.title}`, () => buffer.toString('utf8', start, end));
      }
    },
    tooLong: (buffer, start, end, line) => {
      record.clear();
      const shown = Math.min(end, start + MAX_RECORD_BYTES);
      bad.add(line, `longer than ${MAX_LINE_BYTES} bytes`, () => buffer.toString('utf8', start, shown));
    },
    torn: async (buffer, start, end, line) => {
      torn = 'left';
      if (!(await log.isComplete())) return;
      marks.begin(buffer, start, end);
      if (reader.read(buffer, start, end) !== 'entry') return;
      torn = 'read';
      take(buffer, start, end, line);
    },
  };
  const counts = await readLines(log, handler, { signal: options.signal, maxTextBytes: log.maxTextBytes });
  return {
    lines: counts.lines + (torn === 'none' ? 0 : 1),
    entries,
    directives,
    blanks,
    bad: { count: bad.count(), first: bad.first },
    torn,
    ...spanFields(span),
    missing: reader.missing(),
    breaks: reader.breaks?.() ?? [],
    bytes: counts.bytes,
    problems: [...log.problems],
    isAborted: counts.isAborted,
  };
}

/**
 * Which lines have the probe's mark: the next place of it in the block is searched for once and kept, so that lines without it
 * cost one comparison.
 */
function createMarks() {
  let block: Buffer = MARKER;
  let blockEnd = 0;
  let next = Number.POSITIVE_INFINITY;
  const search = (from: number): void => {
    const found = block.indexOf(MARKER, from);
    next = found < 0 || found >= blockEnd ? Number.POSITIVE_INFINITY : found;
  };
  return {
    begin: (buffer: Buffer, start: number, end: number): void => {
      block = buffer.subarray(0, end);
      blockEnd = end;
      search(start);
    },
    /** Asked with growing positions. */
    isIn: (start: number, end: number): boolean => {
      if (next < start) search(start);
      return next < end;
    },
  };
}

/** Lines that belong to a record which is not complete yet: only their beginning is kept. */
function createRecord() {
  const kept = Buffer.allocUnsafeSlow(MAX_RECORD_BYTES);
  let length = 0;
  const record = {
    /** First line; 0: none is pending. */
    line: 0,
    isProbe: false,
    add: (buffer: Buffer, start: number, end: number, line: number, isProbe: boolean): void => {
      if (record.line === 0) record.line = line;
      record.isProbe ||= isProbe;
      length += buffer.copy(kept, length, start, end);
      if (length < kept.length) kept[length++] = 10;
    },
    textWith: (buffer: Buffer, start: number, end: number): string =>
      kept.toString('utf8', 0, length) + (length === kept.length ? '' : buffer.toString('utf8', start, end)),
    clear: (): void => {
      record.line = 0;
      record.isProbe = false;
      length = 0;
    },
  };
  return record;
}

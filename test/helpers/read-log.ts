/** Reads a text with a log format, as the product does, and keeps everything. */
import type { FormatOptions, LineKind, LogFormat, Row } from '../../src/logs/format.ts';
import type { LogEntry } from '../../src/model/log.ts';

export type ReadLog = {
  readonly kinds: readonly LineKind[];
  readonly entries: readonly LogEntry[];
  /** Copies of the row at each entry. */
  readonly rows: readonly Row[];
  readonly bad: readonly string[];
  readonly missing: readonly string[];
};

/** For formats of lines. Bytes before and behind each line differ from call to call, so that a reader that looks outside is caught. */
export function readLines(format: LogFormat, text: string | Buffer, options: FormatOptions = {}): ReadLog {
  if (format.reading.unit !== 'lines') throw new Error(`${format.id} is not made of lines`);
  const reader = format.reading.open(options);
  const kinds: LineKind[] = [];
  const entries: LogEntry[] = [];
  const rows: Row[] = [];
  const bad: string[] = [];
  for (const line of linesOf(text)) {
    const padded = Buffer.concat([Buffer.from('"7 '), line, Buffer.from(' 502 "\n')]);
    const kind = reader.read(padded, 3, 3 + line.length);
    kinds.push(kind);
    if (kind === 'entry') {
      rows.push({ ...reader.row });
      entries.push(reader.entry());
    }
    if (kind === 'bad') bad.push(line.toString('latin1'));
  }
  return { kinds, entries, rows, bad, missing: reader.missing() };
}

/** For documents; the text arrives in pieces of `pieceLength`. */
export function readDocument(format: LogFormat, text: string, options: FormatOptions = {}, pieceLength = 7_001) {
  if (format.reading.unit !== 'document') throw new Error(`${format.id} is made of lines`);
  const reader = format.reading.open(options);
  const entries: LogEntry[] = [];
  for (let at = 0; at < text.length; at += pieceLength) entries.push(...reader.push(text.slice(at, at + pieceLength)));
  entries.push(...reader.end());
  return { entries, bad: reader.bad(), badCount: reader.badCount() };
}

export function linesOf(text: string | Buffer): Buffer[] {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    const stop = newline < 0 ? bytes.length : newline;
    lines.push(bytes.subarray(start, stop > start && bytes[stop - 1] === 13 ? stop - 1 : stop));
    start = stop + 1;
  }
  return lines;
}

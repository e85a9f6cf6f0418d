import type { LogEntry, LogFormatId, Stamp } from '../model/log.ts';

/** What the profile or the command line says about a source. */
export type FormatOptions = {
  /** nginx `log_format` or Apache `LogFormat`, as in the gateway's configuration. */
  readonly pattern?: string;
  /** IANA name or offset, for formats whose times have no zone; default UTC. */
  readonly timeZone?: string;
  /** Time of the file's last change (ms since 1970): gives the year or date where lines have none. */
  readonly modifiedAtMs?: number;
  /** The file's own name, which in IIS holds the date. */
  readonly fileName?: string;
};

/**
 * Numbers of the line just read. One object, filled again and again: reading gigabytes makes no object per line.
 * Unknown is NaN for times and -1 for the rest.
 */
export type Row = {
  /** µs since 1970, UTC. */
  atUs: number;
  status: number;
  substatus: number;
  win32: number;
  durationUs: number;
};

export function emptyRow(): Row {
  return { atUs: Number.NaN, status: -1, substatus: -1, win32: -1, durationUs: -1 };
}

/**
 * `entry`: `row` and `entry()` hold the line. `directive`: a header or comment. `part`: belongs to a record that is not complete yet.
 * `blank`: nothing in it. `bad`: not of this format; counted and shown, never thrown.
 */
export type LineKind = 'entry' | 'directive' | 'part' | 'blank' | 'bad';

/** Reads the lines of one file in order. Keeps what headers said. Never throws, whatever the bytes. */
export interface LineReader {
  readonly row: Row;
  /** One line without its line end: `buffer` from `start` to `end`. */
  read(buffer: Buffer, start: number, end: number): LineKind;
  /** The line just read as a whole, strings included. Only valid right after `read` said `entry`; costs much more than `row`. */
  entry(): LogEntry;
  /** Which wanted fields the file does not log so far, by the format's own names (`time-taken`, `$upstream_status`). */
  missing(): readonly string[];
  /** Header blocks seen in the middle of the file: the line number and what it means (IIS: restart or 15 idle minutes). */
  breaks?(): readonly { readonly line: number; readonly atUs: number }[];
}

/** Reads a document that is not made of lines (XML). Text arrives in pieces of any length. */
export interface DocumentReader {
  /** Entries completed by this piece, with the number of characters before each record. */
  push(text: string): readonly LogEntry[];
  /** What was pending. A torn last record is left alone. */
  end(): readonly LogEntry[];
  /** Places that could not be read, at most a few. */
  bad(): readonly { readonly offset: number; readonly reason: string }[];
  badCount(): number;
}

/** One format of log. One file each in `logs/formats/`, one line in `catalog.ts`. */
export interface LogFormat {
  readonly id: LogFormatId;
  readonly title: string;
  readonly stamp: Stamp;
  /** How long a line may be missing after the event, because the program buffers (µs). Where that comes from stands beside the value. */
  readonly flushGuardUs: number;
  /** 0..1: how sure that a file that begins so is of this format. `head`: at most 64 kB, as latin1. 0 for what it cannot read. */
  recognise(head: string): number;
  readonly reading:
    | { readonly unit: 'lines'; open(options: FormatOptions): LineReader }
    | { readonly unit: 'document'; open(options: FormatOptions): DocumentReader };
}

/** A pattern that cannot be used, with the place in it. Given at load time, so that all user errors are shown at once. */
export type PatternProblem = { readonly offset: number; readonly expected: string; readonly found: string };

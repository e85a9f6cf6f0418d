/** One log from its text to counted and placed entries. */
import type { Problem } from '../../errors.ts';
import type { PlacedEntry } from '../../model/log.ts';
import type { FormatOptions, LogFormat, Row } from '../format.ts';
import type { OpenLog } from './chunks.ts';
import { readDocument } from './document-source.ts';
import { readLineSource } from './line-source.ts';
import type { Mask } from './shown-text.ts';

/** What becomes of the entries. */
export interface EntrySink {
  /**
   * Numbers of each entry; `row` holds them during the call only. `isProbe`: its text has the mark of a request of the probe.
   * `line`: 1-based, the first line of a record that has several. `isNewBlock`: a header block stands between it and an entry before.
   * True: the whole entry is wanted, which costs much more.
   */
  row(row: Row, line: number, isProbe: boolean, isNewBlock: boolean): boolean;
  /** A wanted entry, right after its `row`. */
  entry(entry: PlacedEntry): void;
}

export type SourceOptions = {
  readonly format: LogFormat;
  /** Closed at the end, however it ends. */
  readonly log: OpenLog;
  /** Name and time of change of the file are added where they are missing. */
  readonly formatOptions?: FormatOptions;
  /** Index of the source in entries. */
  readonly source: number;
  readonly sink: EntrySink;
  readonly mask: Mask;
  readonly signal?: AbortSignal | undefined;
};

/** A line that is not of the format; `text` is masked and safe to show. */
export type BadLine = { readonly line: number; readonly text: string; readonly reason: string };

/** The last line, where it has no line end: `left` alone as it may be half of one, or `read` as it is certainly whole. */
export type TornEnd = 'none' | 'read' | 'left';

export type SourceResult = {
  readonly lines: number;
  readonly entries: number;
  readonly directives: number;
  readonly blanks: number;
  readonly bad: { readonly count: number; readonly first: readonly BadLine[] };
  readonly torn: TornEnd;
  /** Earliest and latest time of an entry (µs since 1970, UTC). The latest is the watermark: what is missing before it is absent. */
  readonly firstAtUs?: number;
  readonly lastAtUs?: number;
  /** Wanted fields that are not logged, by the format's own names. */
  readonly missing: readonly string[];
  /** Header blocks in the middle of the file. */
  readonly breaks: readonly { readonly line: number; readonly atUs: number }[];
  /** Of text, unpacked. */
  readonly bytes: number;
  readonly problems: readonly Problem[];
  /** Stopped by the signal: the rest was not read. */
  readonly isAborted: boolean;
};

/**
 * Reads a log to its end, or to where it was when it was opened. What is wrong with the log is in the result;
 * rejects only where the sink throws.
 */
export async function readSource(options: SourceOptions): Promise<SourceResult> {
  const { format, log } = options;
  const formatOptions: FormatOptions = {
    ...(log.fileName === undefined ? {} : { fileName: log.fileName }),
    ...(log.modifiedAtMs === undefined ? {} : { modifiedAtMs: log.modifiedAtMs }),
    ...options.formatOptions,
  };
  try {
    return format.reading.unit === 'lines'
      ? await readLineSource(format.reading.open(formatOptions), options)
      : await readDocument(format.reading.open(formatOptions), options);
  } finally {
    await log.close();
  }
}

/** History in one SQLite file. Several processes may read it while one writes. */
import { statSync } from 'node:fs';
import {
  HISTORY_LEVELS,
  type History,
  type HistoryLevel,
  type HistoryQuery,
  type HistorySize,
  LEVEL_US,
  type RoundRecord,
  type WriteProblem,
} from '../model/history.ts';
import type { HistorySettings } from '../model/profile.ts';
import { type Database, openDatabase } from './database.ts';
import { problemsOf } from './integrity.ts';
import { talliesOfRound } from './interval.ts';
import { createIntervalRows, type IntervalRows } from './interval-rows.ts';
import {
  addKept,
  addRound,
  eventOf,
  eventsOf,
  findingsOf,
  keptOf,
  putEvent,
  putFinding,
  putQuiet,
  quietOf,
  roundsOf,
} from './records.ts';
import {
  DEFAULT_MAX_BYTES,
  limitFile,
  PRUNABLE,
  profilesOf,
  prune,
  pruneByAge,
  pruneBySize,
  prunedBeforeUs,
  type RetentionOptions,
  shrinkFile,
} from './retention.ts';
import { rollUp } from './rollup.ts';
import { createSeriesTable } from './series.ts';

/** Intervals of a series when no level is asked for: as many as a chart has room for. */
const DEFAULT_INTERVALS = 500;

export type HistoryOptions = {
  /** Writes are refused as broken. The file must be there. */
  readonly isReadOnly?: boolean;
  /** Of the whole file. Default 1 GB. */
  readonly maxBytes?: number;
  /** How long a profile is kept; asked each time, so that a profile may change. Default: as `retention.ts` says. */
  readonly settingsOf?: (profile: string) => HistorySettings | undefined;
};

/** What the file can do beyond what those who measure and show need. */
export type HistoryFile = History & {
  readonly file: string;
  /** When which round began, how late, and what it came to; of all kinds, oldest first. The route of the query is not looked at. */
  rounds(query: HistoryQuery): readonly RoundRecord[];
  /** Deletes everything of one profile, or of all, that is older; what still goes on stays. */
  prune(beforeAtUs: number, profile?: string): WriteProblem | undefined;
};

/**
 * Opens, and where necessary makes or migrates, the history in a data folder (its `history.sqlite`) or in the file of that path.
 * Throws UserError when it cannot be opened or was written by a newer gateprobe.
 */
export function openHistory(path: string, options: HistoryOptions = {}): HistoryFile {
  const { isReadOnly = false, maxBytes = DEFAULT_MAX_BYTES, settingsOf = () => undefined } = options;
  const database = openDatabase(path, isReadOnly);
  if (!isReadOnly) limitFile(database, maxBytes, false);
  const series = createSeriesTable(database);
  const rows = createIntervalRows(database, series);
  const { write, read } = database;
  return {
    file: database.file,
    append: (round, kept) =>
      write(() => {
        // A burst on purpose, or requests that were sent because others failed, would not be a fair sample of the farm.
        if (round.kind === 'scheduled') rows.add(talliesOfRound(round, LEVEL_US['10s']));
        addRound(database, round);
        for (const one of kept) addKept(database, one);
      }),
    addQuiet: (span) => write(() => putQuiet(database, span)),
    putEvent: (event) => write(() => putEvent(database, event)),
    putFinding: (record) => write(() => putFinding(database, record)),
    profiles: () => profilesOf(database).filter((profile) => profile !== ''),
    intervals: (query) => read(() => intervalsOf(database, rows, query, series.ids(query.profile, query.route))),
    kept: (query) => keptOf(database, query),
    rounds: (query) => roundsOf(database, query),
    quiet: (query) => quietOf(database, query),
    events: (query) => eventsOf(database, query),
    event: (id) => eventOf(database, id),
    findings: (query) => findingsOf(database, query),
    maintain: (nowAtUs) => maintain(database, rows, nowAtUs, { maxBytes, settingsOf }),
    prune: (beforeAtUs, profile) => pruneAll(database, rows, beforeAtUs, profile),
    size: () => read(() => sizeOf(database)),
    check: () => problemsOf(database, rows),
    close: () => database.close(),
  };
}

type IntervalQuery = HistoryQuery & { readonly level?: HistoryLevel };

function intervalsOf(database: Database, rows: IntervalRows, query: IntervalQuery, series: readonly number[]) {
  const { profile, fromAtUs, toAtUs, limit } = query;
  if (series.length === 0 || !(toAtUs > fromAtUs)) return [];
  const level = query.level ?? finestLevel(query, (what) => prunedBeforeUs(database, profile, what));
  const toSlot = Math.ceil(toAtUs / LEVEL_US[level]);
  const firstSlot = Math.floor(fromAtUs / LEVEL_US[level]);
  const most = limit ?? (query.level === undefined ? DEFAULT_INTERVALS : Number.POSITIVE_INFINITY);
  return rows.read(level, { fromSlot: Math.max(firstSlot, toSlot - most, 0), toSlot }, series);
}

/** The finest that covers the time in few enough intervals, and has not been deleted for its beginning; the coarsest if none does. */
function finestLevel(query: IntervalQuery, prunedBefore: (level: HistoryLevel) => number): HistoryLevel {
  const { fromAtUs, toAtUs, limit = DEFAULT_INTERVALS } = query;
  const fits = HISTORY_LEVELS.filter((level) => {
    const slots = Math.ceil(toAtUs / LEVEL_US[level]) - Math.floor(fromAtUs / LEVEL_US[level]);
    // An interval at the edge of the time makes one more than asked for; that alone is no reason for a coarser level.
    return slots <= limit + 1 && prunedBefore(level) <= fromAtUs;
  });
  return fits[0] ?? '1d';
}

function maintain(
  database: Database,
  rows: IntervalRows,
  nowAtUs: number,
  options: RetentionOptions,
): WriteProblem | undefined {
  limitFile(database, options.maxBytes, true);
  try {
    const problem = rollUp(database, rows, nowAtUs);
    const pruneProblem =
      pruneByAge(database, rows, nowAtUs, options) ??
      pruneBySize(database, rows, options.maxBytes) ??
      shrinkFile(database);
    if (pruneProblem !== undefined) return pruneProblem;
    // Where there was no room to roll up, there is now.
    return problem === undefined ? undefined : rollUp(database, rows, nowAtUs);
  } finally {
    limitFile(database, options.maxBytes, false);
  }
}

function pruneAll(database: Database, rows: IntervalRows, beforeUs: number, only?: string): WriteProblem | undefined {
  for (const profile of only === undefined ? profilesOf(database) : [only]) {
    for (const what of PRUNABLE) {
      const problem = prune(database, rows, { profile, what, beforeUs });
      if (problem !== undefined) return problem;
    }
  }
  return shrinkFile(database);
}

function sizeOf(database: Database): HistorySize {
  const count = (table: string): number =>
    Number(database.statement(`SELECT COUNT(*) AS count FROM ${table}`).get()?.['count'] ?? 0);
  const bytes = [database.file, `${database.file}-wal`].map(
    (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0,
  );
  return {
    bytes: bytes.reduce((sum, size) => sum + size, 0),
    intervals: {
      '10s': count('interval_10s'),
      '5m': count('interval_5m'),
      '1h': count('interval_1h'),
      '1d': count('interval_1d'),
    },
    kept: count('kept'),
    events: count('event'),
    findings: count('finding'),
  };
}

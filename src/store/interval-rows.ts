/** Intervals in the file: written so that they add up, read with what is not rolled up yet. */
import { HISTORY_LEVELS, type HistoryInterval, type HistoryLevel, LEVEL_US, type SeriesKey } from '../model/history.ts';
import type { Database } from './database.ts';
import { mergeTallies, type SlotTally, type Tally } from './interval.ts';
import { packBuckets, textOfBuckets, textOfPacked, unpackBuckets } from './packed-histogram.ts';
import type { SeriesTable } from './series.ts';

/** A row as it lies in the file. */
export type PackedRow = {
  readonly slot: number;
  readonly series: number;
  readonly count: number;
  readonly failed: number;
  /** JSON. */
  readonly outcomes: string;
  readonly response: Uint8Array | null;
  readonly service: Uint8Array | null;
  readonly max_response_us: number;
  readonly max_service_us: number;
};

/** A tally with its place. */
export type Row = { readonly slot: number; readonly series: number; readonly tally: Tally };
/** From one slot (inclusive) to another (exclusive). */
export type SlotRange = { readonly fromSlot: number; readonly toSlot: number };

/** Undefined: none. */
export function coarserLevel(level: HistoryLevel): HistoryLevel | undefined {
  return HISTORY_LEVELS[HISTORY_LEVELS.indexOf(level) + 1];
}

export function finerLevel(level: HistoryLevel): HistoryLevel | undefined {
  return HISTORY_LEVELS[HISTORY_LEVELS.indexOf(level) - 1];
}

/** How many intervals of the finer level make one of this. */
export function ratioOf(finer: HistoryLevel, coarser: HistoryLevel): number {
  return LEVEL_US[coarser] / LEVEL_US[finer];
}

export type IntervalRows = {
  /** Within a write. What belongs to intervals that were rolled up already goes into those as well, so that sums stay equal. */
  add(tallies: readonly SlotTally[]): void;
  put(level: HistoryLevel, row: Row): void;
  /** As it lies in the file, in order of time. */
  packed(level: HistoryLevel, range: SlotRange, series: readonly number[] | undefined): Iterable<PackedRow>;
  /** Slots before this one are made from the finer level; 0 when none is. Not for the finest level. */
  rolledBefore(level: HistoryLevel): number;
  setRolledBefore(level: HistoryLevel, slot: number): void;
  /** All intervals, also those that are not rolled up yet, in order of time. */
  read(level: HistoryLevel, range: SlotRange, series: readonly number[]): HistoryInterval[];
};

export function createIntervalRows(database: Database, seriesTable: SeriesTable): IntervalRows {
  const rows: IntervalRows = {
    add(tallies) {
      for (const { key, slot, tally } of tallies) addFrom('10s', { slot, series: seriesTable.idOf(key), tally });
    },
    put: (level, row) => write(database, level, row),
    packed: (level, { fromSlot, toSlot }, series) => {
      const all = database
        .statement(`SELECT * FROM interval_${level} WHERE slot >= ? AND slot < ? ORDER BY slot, series`)
        .iterate(fromSlot, toSlot) as Iterable<unknown> as Iterable<PackedRow>;
      return series === undefined ? all : ofSeries(all, new Set(series));
    },
    rolledBefore(level) {
      const row = database.statement('SELECT before_slot FROM rolled WHERE level = ?').get(level);
      return Number(row?.['before_slot'] ?? 0);
    },
    setRolledBefore(level, slot) {
      database
        .statement(
          'INSERT INTO rolled VALUES (?, ?) ON CONFLICT (level) DO UPDATE SET before_slot = excluded.before_slot',
        )
        .run(level, slot);
    },
    read(level, range, series) {
      const intervals: HistoryInterval[] = [];
      for (const row of rows.packed(level, range, series)) {
        const key = seriesTable.keyOf(row.series);
        if (key !== undefined) intervals.push(ofPacked(row, level, key));
      }
      for (const row of unrolled(rows, level, range, series)) {
        const key = seriesTable.keyOf(row.series);
        if (key !== undefined) intervals.push(ofTally(row, level, key));
      }
      return intervals;
    },
  };

  const addFrom = (level: HistoryLevel, row: Row): void => {
    const found = database
      .statement(`SELECT * FROM interval_${level} WHERE slot = ? AND series = ?`)
      .get(row.slot, row.series) as PackedRow | undefined;
    const tally = found === undefined ? row.tally : mergeTallies([tallyOfPacked(found), row.tally]);
    write(database, level, { ...row, tally });
    const coarser = coarserLevel(level);
    if (coarser === undefined) return;
    const slot = Math.floor(row.slot / ratioOf(level, coarser));
    if (slot < rows.rolledBefore(coarser)) addFrom(coarser, { ...row, slot });
  };
  return rows;
}

/** Intervals of this level that no roll-up has made yet, merged from the finer ones. In order of time. */
export function unrolled(
  rows: IntervalRows,
  level: HistoryLevel,
  { fromSlot, toSlot }: SlotRange,
  series: readonly number[] | undefined,
): readonly Row[] {
  const finer = finerLevel(level);
  if (finer === undefined) return [];
  const ratio = ratioOf(finer, level);
  const firstSlot = Math.max(fromSlot, rows.rolledBefore(level));
  if (firstSlot >= toSlot) return [];
  const range = { fromSlot: firstSlot * ratio, toSlot: toSlot * ratio };
  const stored = [...rows.packed(finer, range, series)].map((row) => ({ ...row, tally: tallyOfPacked(row) }));
  return merged([...stored, ...unrolled(rows, finer, range, series)], ratio);
}

/** Rows of `ratio` slots each become one. In order of time and series. */
export function merged(parts: readonly Row[], ratio: number): readonly Row[] {
  const groups = new Map<number, Map<number, Tally[]>>();
  for (const { slot, series, tally } of parts) {
    const coarse = Math.floor(slot / ratio);
    const bySeries = groups.get(coarse) ?? new Map<number, Tally[]>();
    groups.set(coarse, bySeries);
    const tallies = bySeries.get(series);
    if (tallies === undefined) bySeries.set(series, [tally]);
    else tallies.push(tally);
  }
  const rows = [...groups].flatMap(([slot, bySeries]) =>
    [...bySeries].map(([series, tallies]) => ({ slot, series, tally: mergeTallies(tallies) })),
  );
  return rows.sort((a, b) => a.slot - b.slot || a.series - b.series);
}

/** A damaged histogram counts as empty; `check` names it. */
export function tallyOfPacked(row: PackedRow): Tally {
  return {
    count: row.count,
    failed: row.failed,
    outcomes: JSON.parse(row.outcomes) as Record<string, number>,
    response: unpackBuckets(row.response) ?? [],
    service: unpackBuckets(row.service) ?? [],
    maxResponseUs: row.max_response_us,
    maxServiceUs: row.max_service_us,
  };
}

function* ofSeries(all: Iterable<PackedRow>, wanted: ReadonlySet<number>): Generator<PackedRow> {
  for (const row of all) if (wanted.has(row.series)) yield row;
}

function write(database: Database, level: HistoryLevel, { slot, series, tally }: Row): void {
  database
    .statement(`INSERT OR REPLACE INTO interval_${level} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    .run(
      slot,
      series,
      tally.count,
      tally.failed,
      JSON.stringify(tally.outcomes),
      packBuckets(tally.response),
      packBuckets(tally.service),
      tally.maxResponseUs,
      tally.maxServiceUs,
    );
}

function ofPacked(row: PackedRow, level: HistoryLevel, key: SeriesKey): HistoryInterval {
  return {
    ...key,
    level,
    startAtUs: row.slot * LEVEL_US[level],
    count: row.count,
    failed: row.failed,
    outcomes: JSON.parse(row.outcomes) as Record<string, number>,
    response: textOfPacked(row.response),
    service: textOfPacked(row.service),
    maxResponseUs: row.max_response_us,
    maxServiceUs: row.max_service_us,
  };
}

function ofTally({ slot, tally }: Row, level: HistoryLevel, key: SeriesKey): HistoryInterval {
  return {
    ...key,
    level,
    startAtUs: slot * LEVEL_US[level],
    ...tally,
    response: textOfBuckets(tally.response),
    service: textOfBuckets(tally.service),
  };
}

/** How long history is kept, and what goes first when its file becomes too large. */
import { HISTORY_LEVELS, type HistoryLevel, LEVEL_US, type WriteProblem } from '../model/history.ts';
import type { HistorySettings } from '../model/profile.ts';
import type { Database } from './database.ts';
import { coarserLevel, type IntervalRows, ratioOf } from './interval-rows.ts';
import { pragmaOf } from './schema.ts';

const DAY_US = LEVEL_US['1d'];

/** What is pruned by its age. */
export const PRUNABLE = [...HISTORY_LEVELS, 'round', 'kept', 'quiet', 'event', 'finding'] as const;
export type Prunable = (typeof PRUNABLE)[number];

/**
 * 10 s: two weeks, so that the same weekday is there twice when last week's fault is looked at. 5 min: a quarter, between two releases
 * of most applications. 1 h: a year and a month, to see a season beside the one before. Days, events and findings: ten years, which
 * is what a profile may ask for at most; they take 2 MB a year. Rounds and exchanges: a quarter, as long as their 5 minutes can be drawn.
 */
const DEFAULT_KEEP_US: Readonly<Record<Prunable, number>> = {
  '10s': 14 * DAY_US,
  '5m': 90 * DAY_US,
  '1h': 400 * DAY_US,
  '1d': 3_650 * DAY_US,
  round: 90 * DAY_US,
  kept: 90 * DAY_US,
  quiet: 400 * DAY_US,
  event: 3_650 * DAY_US,
  finding: 3_650 * DAY_US,
};

/** The aim for a year of one profile with 8 members; with the times above it takes about a third of it. */
export const DEFAULT_MAX_BYTES = 1_000_000_000;
/** Writing goes on this far above the size that is kept: deletion comes now and then, rounds come all the time. */
export const LIMIT_FACTOR = 1.25;
/** While history is maintained: what rolls up and deletes needs room itself before it gives any back. */
const MAINTENANCE_FACTOR = 1.5;
/** Down to this share of the size that is kept, so that the next deletion is not due at once. */
const TARGET_RATIO = 0.95;
/** Share of the largest table that goes at a time. */
const STEP_RATIO = 0.1;
/** Each step takes a tenth of the largest of five tables: after so many there is nothing left to take. */
const MAX_STEPS = 100;
/** Rows in one write: 20 ms of work, so that nobody waits long for it. */
const MAX_DELETED_ROWS = 5_000;
/** Rows whose size stands for those of a table. */
const SAMPLE_ROWS = 500;
/** A row without its content: key, header, its share of a page that is not full. */
const ROW_BYTES = 40;
/** Free pages are used by what comes next; beyond this share they are given back. */
const MAX_FREE_RATIO = 0.05;
/** At a time: 16 MB. */
const MAX_VACUUM_PAGES = 2_000;

/** Where no profile says otherwise. `keepUs` is an upper limit for everything. */
export function keepUsOf(what: Prunable, settings: HistorySettings = {}): number {
  const { keepUs = Number.POSITIVE_INFINITY, levelsUs = {}, exchangesUs } = settings;
  const wishUs = what === 'kept' ? exchangesUs : isLevel(what) ? levelsUs[what] : undefined;
  return Math.min(keepUs, wishUs ?? DEFAULT_KEEP_US[what]);
}

export type RetentionOptions = {
  readonly maxBytes: number;
  readonly settingsOf: (profile: string) => HistorySettings | undefined;
};

/** The moment before which nothing of a profile is there any more; 0 when nothing was deleted. */
export function prunedBeforeUs(database: Database, profile: string, what: Prunable): number {
  const row = database.statement('SELECT before_us FROM pruned WHERE profile = ? AND what = ?').get(profile, what);
  return Number(row?.['before_us'] ?? 0);
}

/**
 * Deletes what is older than its profile keeps it. `nowAtUs` is believed as far as there are rounds: a clock that jumped years ahead
 * must not delete everything.
 */
export function pruneByAge(
  database: Database,
  rows: IntervalRows,
  nowAtUs: number,
  { settingsOf }: Pick<RetentionOptions, 'settingsOf'>,
): WriteProblem | undefined {
  const newest = database.statement('SELECT MAX(slot) AS slot FROM interval_10s').get()?.['slot'];
  const believedUs = typeof newest === 'number' ? Math.min(nowAtUs, newest * LEVEL_US['10s'] + DAY_US) : nowAtUs;
  for (const profile of profilesOf(database)) {
    for (const what of PRUNABLE) {
      // In steps of an hour, or of an interval where that is longer: each looks through what other profiles still keep.
      const stepUs = isLevel(what) ? Math.max(LEVEL_US[what], LEVEL_US['1h']) : LEVEL_US['1h'];
      const beforeUs = Math.floor((believedUs - keepUsOf(what, settingsOf(profile))) / stepUs) * stepUs;
      if (beforeUs <= prunedBeforeUs(database, profile, what)) continue;
      const problem = prune(database, rows, { profile, what, beforeUs });
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

/** Takes tenths of the largest of what can be had in a coarser form, oldest first, until the file is small enough. */
export function pruneBySize(database: Database, rows: IntervalRows, maxBytes: number): WriteProblem | undefined {
  if (usedBytes(database) <= maxBytes) return undefined;
  for (let step = 0; step < MAX_STEPS && usedBytes(database) > maxBytes * TARGET_RATIO; step++) {
    const usedBefore = usedBytes(database);
    const [largest] = (['10s', '5m', '1h', 'kept'] as const)
      .map((what) => ({ what, bytes: estimatedBytes(database, what), beforeUs: tenthUs(database, rows, what) }))
      .filter(({ bytes, beforeUs }) => bytes > 0 && beforeUs !== undefined)
      .sort((a, b) => b.bytes - a.bytes);
    if (largest?.beforeUs === undefined) return undefined;
    for (const profile of profilesOf(database)) {
      const problem = prune(database, rows, { profile, what: largest.what, beforeUs: largest.beforeUs });
      if (problem !== undefined) return problem;
    }
    if (usedBytes(database) === usedBefore && step > MAX_STEPS / 2) return undefined;
  }
  return undefined;
}

/** Gives back pages that nothing is likely to need soon. */
export function shrinkFile(database: Database): WriteProblem | undefined {
  const free = pragmaOf(database.connection, 'freelist_count');
  if (free <= pragmaOf(database.connection, 'page_count') * MAX_FREE_RATIO) return undefined;
  return database.write(() => {
    // It frees one page each time it is asked for a row.
    database.connection.prepare(`PRAGMA incremental_vacuum(${MAX_VACUUM_PAGES})`).all();
  });
}

/** How far the file may grow: while measuring, or while it is being maintained. It never has to be smaller than it is. */
export function limitFile(database: Database, maxBytes: number, isMaintaining: boolean): void {
  const bytes = maxBytes * (isMaintaining ? MAINTENANCE_FACTOR : LIMIT_FACTOR);
  const pages = Math.ceil(bytes / pragmaOf(database.connection, 'page_size'));
  database.connection.prepare(`PRAGMA max_page_count = ${pages}`).all();
}

export function profilesOf(database: Database): readonly string[] {
  const rows = database
    .statement(
      'SELECT profile FROM series UNION SELECT profile FROM event UNION SELECT profile FROM finding UNION SELECT profile FROM quiet',
    )
    .all();
  return rows.map((row) => String(row['profile']));
}

type Pruning = { readonly profile: string; readonly what: Prunable; readonly beforeUs: number };

/** In writes of a few thousand rows. What is not rolled up yet stays, whatever its age. */
export function prune(database: Database, rows: IntervalRows, pruning: Pruning): WriteProblem | undefined {
  const { profile, what } = pruning;
  const beforeUs = isLevel(what) ? Math.min(pruning.beforeUs, rolledUs(rows, what)) : pruning.beforeUs;
  if (beforeUs <= 0) return undefined;
  for (;;) {
    let deleted = 0;
    const problem = database.write(() => {
      deleted = Number(deletion(database, { profile, what, beforeUs }).changes);
      database
        .statement(
          'INSERT INTO pruned VALUES (?, ?, ?) ON CONFLICT (profile, what) DO UPDATE SET before_us = MAX(before_us, excluded.before_us)',
        )
        .run(profile, what, beforeUs);
    });
    if (problem !== undefined || deleted < MAX_DELETED_ROWS) return problem;
  }
}

function deletion(database: Database, { profile, what, beforeUs }: Pruning) {
  if (isLevel(what))
    return database
      .statement(
        `DELETE FROM interval_${what} WHERE (slot, series) IN (SELECT slot, series FROM interval_${what}
          WHERE slot < ? AND series IN (SELECT id FROM series WHERE profile = ?) ORDER BY slot LIMIT ?)`,
      )
      .run(Math.floor(beforeUs / LEVEL_US[what]), profile, MAX_DELETED_ROWS);
  const conditions = {
    kept: 'id IN (SELECT id FROM kept WHERE profile = ? AND at_us < ? LIMIT ?)',
    round:
      '(profile, started_us, kind) IN (SELECT profile, started_us, kind FROM round WHERE profile = ? AND started_us < ? LIMIT ?)',
    quiet:
      '(profile, from_us, route, why) IN (SELECT profile, from_us, route, why FROM quiet WHERE profile = ? AND to_us < ? LIMIT ?)',
    // What still goes on is not old.
    event: 'id IN (SELECT id FROM event WHERE profile = ? AND to_us < ? LIMIT ?)',
    finding: 'id IN (SELECT id FROM finding WHERE profile = ? AND closed_us IS NOT NULL AND last_us < ? LIMIT ?)',
  };
  return database
    .statement(`DELETE FROM ${what} WHERE ${conditions[what]}`)
    .run(profile, Math.ceil(beforeUs), MAX_DELETED_ROWS);
}

/** Intervals before it are in the next level as well. Of days there is none: all of them may go. */
function rolledUs(rows: IntervalRows, level: HistoryLevel): number {
  const coarser = coarserLevel(level);
  if (coarser === undefined) return Number.POSITIVE_INFINITY;
  return rows.rolledBefore(coarser) * ratioOf(level, coarser) * LEVEL_US[level];
}

function usedBytes({ connection }: Database): number {
  const pages = pragmaOf(connection, 'page_count') - pragmaOf(connection, 'freelist_count');
  return pages * pragmaOf(connection, 'page_size');
}

function estimatedBytes(database: Database, what: HistoryLevel | 'kept'): number {
  const table = tableOf(what);
  const content = what === 'kept' ? 'length(exchange)' : 'ifnull(length(response), 0) + ifnull(length(service), 0)';
  const newest = what === 'kept' ? 'id' : 'slot';
  const sample = `SELECT ${content} AS bytes FROM ${table} ORDER BY ${newest} DESC LIMIT ${SAMPLE_ROWS}`;
  const row = database
    .statement(`SELECT (SELECT COUNT(*) FROM ${table}) AS count, (SELECT AVG(bytes) FROM (${sample})) AS bytes`)
    .get();
  return Number(row?.['count'] ?? 0) * (Number(row?.['bytes'] ?? 0) + ROW_BYTES);
}

/** The moment before which the oldest tenth lies, as far as it may be deleted. */
function tenthUs(database: Database, rows: IntervalRows, what: HistoryLevel | 'kept'): number | undefined {
  const table = tableOf(what);
  const order = what === 'kept' ? 'at_us' : 'slot';
  const count = Number(database.statement(`SELECT COUNT(*) AS count FROM ${table}`).get()?.['count'] ?? 0);
  const row = database
    .statement(`SELECT ${order} AS place FROM ${table} ORDER BY ${order} LIMIT 1 OFFSET ?`)
    .get(Math.floor(count * STEP_RATIO));
  if (row === undefined) return undefined;
  const place = Number(row['place']);
  if (what === 'kept') return place + 1;
  const endUs = (place + 1) * LEVEL_US[what];
  const allowedUs = rolledUs(rows, what);
  // Less than a tenth, where the rest is not rolled up yet; nothing, where all of it is not.
  const oldest = Number(database.statement(`SELECT MIN(slot) AS slot FROM ${table}`).get()?.['slot'] ?? place);
  return allowedUs <= oldest * LEVEL_US[what] ? undefined : Math.min(endUs, allowedUs);
}

function tableOf(what: HistoryLevel | 'kept'): string {
  return what === 'kept' ? 'kept' : `interval_${what}`;
}

function isLevel(what: Prunable): what is HistoryLevel {
  return (HISTORY_LEVELS as readonly string[]).includes(what);
}

/** Whether the file of history is whole: SQLite's own check, and what must hold between our rows. */
import { HISTORY_LEVELS, type HistoryLevel, LEVEL_US } from '../model/history.ts';
import type { Database } from './database.ts';
import { coarserLevel, type IntervalRows, type PackedRow, ratioOf } from './interval-rows.ts';
import { countOf, unpackBuckets } from './packed-histogram.ts';
import { unzipJson } from './records.ts';

/** More problems than anybody reads. */
const MAX_PROBLEMS = 100;

export function problemsOf(database: Database, rows: IntervalRows): readonly string[] {
  const problems: string[] = [];
  try {
    database.read(() => {
      for (const problem of findProblems(database, rows)) {
        problems.push(problem);
        if (problems.length < MAX_PROBLEMS) continue;
        problems.push('and more');
        return;
      }
    });
  } catch (error) {
    // A file so damaged that it cannot be read to its end is the worst problem, and not the checker's.
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return problems;
}

function* findProblems(database: Database, rows: IntervalRows): Generator<string> {
  for (const row of database.connection.prepare('PRAGMA integrity_check').iterate()) {
    const text = String(row['integrity_check']);
    if (text !== 'ok') yield text;
  }
  for (const level of HISTORY_LEVELS) {
    for (const row of rows.packed(level, { fromSlot: 0, toSlot: Number.MAX_SAFE_INTEGER }, undefined)) {
      const fault = faultOf(row);
      if (fault !== undefined) yield `interval ${level} of ${timeOf(row.slot, level)}, series ${row.series}: ${fault}`;
    }
    yield* sumFaults(database, rows, level);
  }
  const orphans = HISTORY_LEVELS.map((level) => `SELECT series FROM interval_${level}`).join(' UNION ');
  for (const row of database.connection.prepare(`${orphans} EXCEPT SELECT id FROM series`).iterate())
    yield `intervals of series ${row['series']}, which has no name`;
  for (const { table, column } of [
    { table: 'kept', column: 'exchange' },
    { table: 'finding', column: 'record' },
  ]) {
    for (const row of database.connection.prepare(`SELECT id, ${column} AS content FROM ${table}`).iterate())
      if (!isReadable(row['content'])) yield `${table} ${row['id']} cannot be read`;
  }
}

function faultOf(row: PackedRow): string | undefined {
  const response = unpackBuckets(row.response);
  const service = unpackBuckets(row.service);
  if (response === undefined || service === undefined) return 'its histogram is damaged';
  const outcomes = Object.values(JSON.parse(row.outcomes) as Record<string, number>);
  const total = outcomes.reduce((sum, count) => sum + count, 0);
  if (total !== row.count) return `${row.count} requests, but ${total} outcomes`;
  const good = row.count - row.failed;
  if (countOf(response) > good || countOf(service) > good)
    return `more times than the ${good} requests that did not fail`;
  return undefined;
}

/** Sums of a level must be those of the level below, where both are there. */
function* sumFaults(database: Database, rows: IntervalRows, level: HistoryLevel): Generator<string> {
  const coarser = coarserLevel(level);
  if (coarser === undefined) return;
  const ratio = ratioOf(level, coarser);
  const found = database.connection.prepare(
    `SELECT coarse.slot AS slot, coarse.series AS series, coarse.count AS count, SUM(fine.count) AS sum
      FROM interval_${coarser} AS coarse JOIN series ON series.id = coarse.series
      JOIN interval_${level} AS fine ON fine.slot >= coarse.slot * ${ratio} AND fine.slot < (coarse.slot + 1) * ${ratio}
        AND fine.series = coarse.series
      WHERE coarse.slot * ${LEVEL_US[coarser]} >= ifnull(
        (SELECT before_us FROM pruned WHERE pruned.profile = series.profile AND pruned.what = '${level}'), 0)
      GROUP BY coarse.slot, coarse.series HAVING coarse.count <> SUM(fine.count) OR coarse.failed <> SUM(fine.failed)`,
  );
  for (const row of found.iterate())
    yield `interval ${coarser} of ${timeOf(Number(row['slot']), coarser)}, series ${row['series']}: ${row['count']} requests, but ${row['sum']} in its parts of ${level}`;
  const before = rows.rolledBefore(coarser);
  const extra = database.connection
    .prepare(`SELECT COUNT(*) AS count FROM interval_${coarser} WHERE slot >= ?`)
    .get(before);
  if (Number(extra?.['count']) > 0)
    yield `${extra?.['count']} intervals of ${coarser} are newer than what was rolled up`;
}

function timeOf(slot: number, level: HistoryLevel): string {
  return new Date((slot * LEVEL_US[level]) / 1_000).toISOString();
}

function isReadable(content: unknown): boolean {
  try {
    unzipJson(content);
    return true;
  } catch {
    // What is wrong with it does not matter: it is lost.
    return false;
  }
}

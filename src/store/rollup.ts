/** From fine to coarse: every complete interval of a level is merged from the level below, once, exactly. */

import type { WriteProblem } from '../model/history.ts';
import { HISTORY_LEVELS, type HistoryLevel, LEVEL_US } from '../model/history.ts';
import type { Database } from './database.ts';
import { finerLevel, type IntervalRows, merged, ratioOf, tallyOfPacked } from './interval-rows.ts';

/**
 * Fine intervals that are merged in one write: about 20,000 rows of a profile with 8 members, 0.2 s of work, so that a history that
 * stood still for a month is caught up in steps and not in one long lock.
 */
const MAX_FINE_SLOTS = 2_160;

/** What is complete at that time; what comes later for such an interval is added where it belongs when it comes. */
export function rollUp(database: Database, rows: IntervalRows, nowAtUs: number): WriteProblem | undefined {
  for (const level of HISTORY_LEVELS) {
    const finer = finerLevel(level);
    if (finer === undefined) continue;
    const problem = rollUpLevel(database, rows, { level, finer, nowAtUs });
    if (problem !== undefined) return problem;
  }
  return undefined;
}

type Step = { readonly level: HistoryLevel; readonly finer: HistoryLevel; readonly nowAtUs: number };

function rollUpLevel(
  database: Database,
  rows: IntervalRows,
  { level, finer, nowAtUs }: Step,
): WriteProblem | undefined {
  const ratio = ratioOf(finer, level);
  const endSlot = Math.floor(nowAtUs / LEVEL_US[level]);
  const stride = Math.max(1, Math.floor(MAX_FINE_SLOTS / ratio));
  while (rows.rolledBefore(level) < endSlot) {
    const problem = database.write(() => {
      // Asked within the write: another process may have been here.
      const fromSlot = rows.rolledBefore(level);
      const next = firstSlotFrom(database, finer, fromSlot * ratio);
      const startSlot = next === undefined ? endSlot : Math.min(endSlot, Math.floor(next / ratio));
      const toSlot = Math.min(endSlot, startSlot + stride);
      if (toSlot <= fromSlot) return;
      const range = { fromSlot: startSlot * ratio, toSlot: toSlot * ratio };
      const fine = [...rows.packed(finer, range, undefined)].map((row) => ({ ...row, tally: tallyOfPacked(row) }));
      for (const row of merged(fine, ratio)) rows.put(level, row);
      rows.setRolledBefore(level, toSlot);
    });
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Times without any data, such as those before the first round, are passed over. */
function firstSlotFrom(database: Database, level: HistoryLevel, slot: number): number | undefined {
  const row = database.statement(`SELECT MIN(slot) AS slot FROM interval_${level} WHERE slot >= ?`).get(slot);
  return typeof row?.['slot'] === 'number' ? row['slot'] : undefined;
}

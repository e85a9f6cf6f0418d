/** Series have numbers in the file: a key of 50 characters would be half of a row. */
import type { SeriesKey } from '../model/history.ts';
import type { RouteId } from '../model/route.ts';
import type { Database } from './database.ts';

export type SeriesTable = {
  /** Adds it where it is new; within a write. */
  idOf(key: SeriesKey): number;
  /** Undefined only for a damaged file. */
  keyOf(id: number): SeriesKey | undefined;
  ids(profile: string, route?: RouteId): readonly number[];
};

export function createSeriesTable(database: Database): SeriesTable {
  const ids = new Map<string, number>();
  const keys = new Map<number, SeriesKey>();
  database.onRollback(() => {
    ids.clear();
    keys.clear();
  });
  const remember = (id: number, key: SeriesKey): number => {
    ids.set(nameOf(key), id);
    keys.set(id, key);
    return id;
  };
  return {
    idOf(key) {
      const known = ids.get(nameOf(key));
      if (known !== undefined) return known;
      const { profile, route, requestName, connection } = key;
      const values = [profile, route, requestName, connection];
      database
        .statement('INSERT OR IGNORE INTO series (profile, route, request, connection) VALUES (?, ?, ?, ?)')
        .run(...values);
      const row = database
        .statement('SELECT id FROM series WHERE profile = ? AND route = ? AND request = ? AND connection = ?')
        .get(...values);
      return remember(Number(row?.['id']), { profile, route, requestName, connection });
    },
    keyOf(id) {
      const known = keys.get(id);
      if (known !== undefined) return known;
      const row = database.statement('SELECT profile, route, request, connection FROM series WHERE id = ?').get(id);
      if (row === undefined) return undefined;
      const key: SeriesKey = {
        profile: String(row['profile']),
        route: row['route'] as RouteId,
        requestName: String(row['request']),
        connection: row['connection'] === 'new' ? 'new' : 'warm',
      };
      remember(id, key);
      return key;
    },
    // Not from memory: another process may have added one.
    ids(profile, route) {
      const rows =
        route === undefined
          ? database.statement('SELECT id FROM series WHERE profile = ? ORDER BY id').all(profile)
          : database.statement('SELECT id FROM series WHERE profile = ? AND route = ? ORDER BY id').all(profile, route);
      return rows.map((row) => Number(row['id']));
    },
  };
}

function nameOf({ profile, route, requestName, connection }: SeriesKey): string {
  return `${profile}\n${route}\n${requestName}\n${connection}`;
}

/** The tables of history, and how an older file becomes a newer one. */
import type { DatabaseSync } from 'node:sqlite';
import { UserError } from '../errors.ts';

/** `gate` in ASCII: tells our files from other programs' (SQLite's `application_id`). */
const APPLICATION_ID = 0x67617465;

/**
 * Each entry takes a file from its index to the next version; entries are only ever added. Tables of intervals have their time first
 * in the key: rows are added at the end, so that pages fill, and removed at the beginning.
 */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  profile TEXT NOT NULL,
  route TEXT NOT NULL,
  request TEXT NOT NULL,
  connection TEXT NOT NULL,
  UNIQUE (profile, route, request, connection)
) STRICT;
${['10s', '5m', '1h', '1d']
  .map(
    (level) => `CREATE TABLE interval_${level} (
  slot INTEGER NOT NULL,
  series INTEGER NOT NULL,
  count INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  outcomes TEXT NOT NULL,
  response BLOB,
  service BLOB,
  max_response_us INTEGER NOT NULL,
  max_service_us INTEGER NOT NULL,
  PRIMARY KEY (slot, series)
) STRICT, WITHOUT ROWID;`,
  )
  .join('\n')}
CREATE TABLE rolled (level TEXT PRIMARY KEY, before_slot INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE pruned (
  profile TEXT NOT NULL,
  what TEXT NOT NULL,
  before_us INTEGER NOT NULL,
  PRIMARY KEY (profile, what)
) STRICT, WITHOUT ROWID;
CREATE TABLE kept (
  id INTEGER PRIMARY KEY,
  profile TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  route TEXT NOT NULL,
  reason TEXT NOT NULL,
  exchange BLOB NOT NULL
) STRICT;
CREATE INDEX kept_time ON kept (profile, at_us);
CREATE TABLE quiet (
  profile TEXT NOT NULL,
  from_us INTEGER NOT NULL,
  route TEXT NOT NULL,
  why TEXT NOT NULL,
  to_us INTEGER NOT NULL,
  PRIMARY KEY (profile, from_us, route, why)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  id TEXT PRIMARY KEY,
  profile TEXT NOT NULL,
  kind TEXT NOT NULL,
  from_us INTEGER NOT NULL,
  to_us INTEGER,
  route TEXT,
  event TEXT NOT NULL
) STRICT;
CREATE INDEX event_time ON event (profile, from_us);
CREATE TABLE finding (
  id TEXT PRIMARY KEY,
  profile TEXT NOT NULL,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  closed_us INTEGER,
  record BLOB NOT NULL
) STRICT;
CREATE INDEX finding_time ON finding (profile, last_us);
`,
  `
CREATE TABLE round (
  profile TEXT NOT NULL,
  started_us INTEGER NOT NULL,
  kind TEXT NOT NULL,
  ended_us INTEGER NOT NULL,
  lag_us INTEGER NOT NULL,
  count INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  PRIMARY KEY (profile, started_us, kind)
) STRICT, WITHOUT ROWID;
`,
];

/**
 * Brings the file to the newest version, each step whole or not at all. Throws UserError for a file of a newer gateprobe and for
 * one that is no history.
 */
export function migrate(database: DatabaseSync, file: string, migrations: readonly string[] = MIGRATIONS): void {
  assertOurs(database, file, migrations.length);
  while (versionOf(database) < migrations.length) {
    database.exec('BEGIN IMMEDIATE');
    try {
      // Asked again: another process may have done this step while we waited for it.
      const version = versionOf(database);
      const step = migrations[version];
      if (step !== undefined) {
        database.exec(step);
        database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version + 1};`);
      }
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** Throws UserError as `migrate` does, and changes nothing. An older version is fine for it. */
export function assertOurs(database: DatabaseSync, file: string, newest: number = MIGRATIONS.length): void {
  const version = versionOf(database);
  const applicationId = pragmaOf(database, 'application_id');
  if (applicationId !== APPLICATION_ID && (applicationId !== 0 || version !== 0 || hasTables(database)))
    throw new UserError(`${file} is an SQLite file of another program`, { hint: 'Give another file or folder.' });
  if (version > newest)
    throw new UserError(
      `${file} was written by a newer gateprobe: its version is ${version}, this one knows ${newest}`,
      { hint: 'Use the newer gateprobe, or another folder. The file was not changed.' },
    );
}

export function versionOf(database: DatabaseSync): number {
  return pragmaOf(database, 'user_version');
}

export function pragmaOf(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

function hasTables(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined;
}

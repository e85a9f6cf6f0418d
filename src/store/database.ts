/** One connection to the file of history: how it is opened, how writes are made whole, and what their failures are called. */
import { existsSync, mkdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { UserError } from '../errors.ts';
import type { WriteProblem } from '../model/history.ts';
import { assertOurs, MIGRATIONS, migrate, versionOf } from './schema.ts';

/** In the data folder. */
const HISTORY_FILE = 'history.sqlite';

/** Rows of a day have about 1 kB: with SQLite's 4 kB they would spill into pages of their own. */
const PAGE_BYTES = 8_192;
/** A round in another process takes 1 ms; who waits longer waits for a big deletion, and a monitor has more to do meanwhile. */
const LOCK_WAIT_MS = 250;
/** What the log of writes may keep on disk once its content is in the file. */
const MAX_WAL_BYTES = 16_000_000;
/** Below this much room an error of writing is a full disk: the log of writes needs it. */
const FULL_DISK_BYTES = 1_000_000;

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;

export type Database = {
  readonly file: string;
  readonly connection: DatabaseSync;
  /** Prepared once. */
  statement(sql: string): StatementSync;
  /** All of `work` or nothing of it. Undefined when it is written. Throws what is no failure of writing. */
  write(work: () => void): WriteProblem | undefined;
  /** One state of the file for several queries, also while another process writes. */
  read<T>(work: () => T): T;
  /** Called when a write was taken back: what was remembered of it is wrong. */
  onRollback(forget: () => void): void;
  close(): void;
};

/** The file of a data folder, there already or not; a path that is a file or ends as one of ours is the file itself. */
export function historyFile(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  const isFile = stat === undefined ? extname(path) === extname(HISTORY_FILE) : !stat.isDirectory();
  return isFile ? path : join(path, HISTORY_FILE);
}

/** Throws UserError when there is no such file to read, it cannot be opened, or is not a history of this or an older version. */
export function openDatabase(path: string, isReadOnly: boolean): Database {
  const file = historyFile(path);
  if (isReadOnly && !existsSync(file)) throw noHistory(path);
  try {
    const connection = connect(file, isReadOnly);
    return createDatabase(file, connection);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file} cannot be opened as history: ${reasonOf(error)}`, {
      hint: 'Is it a file of gateprobe, whole, on a local disk, and may this user write there? Moved away, a new one is made.',
      cause: error,
    });
  }
}

export function noHistory(path: string): UserError {
  return new UserError(`there is no history in ${path}`, {
    hint: 'Give the data folder of gateprobe monitor, or its history.sqlite, with --data.',
  });
}

function connect(file: string, isReadOnly: boolean): DatabaseSync {
  if (!isReadOnly) mkdirSync(dirname(file), { recursive: true });
  const connection = new DatabaseSync(file, { readOnly: isReadOnly, timeout: LOCK_WAIT_MS });
  try {
    // Before anything is changed in it.
    assertOurs(connection, file);
    if (isReadOnly) {
      if (versionOf(connection) < MIGRATIONS.length)
        throw new UserError(`${file} was written by an older gateprobe`, {
          hint: 'gateprobe history prune, or the monitor, brings it to this version.',
        });
      return connection;
    }
    connection.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;`);
    // A kill loses nothing that was committed; a power cut may lose the newest rounds, and leaves the file whole.
    connection.exec(`PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = ${MAX_WAL_BYTES};`);
    migrate(connection, file);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function createDatabase(file: string, connection: DatabaseSync): Database {
  const statements = new Map<string, StatementSync>();
  const forgets: (() => void)[] = [];
  return {
    file,
    connection,
    statement(sql) {
      let statement = statements.get(sql);
      if (statement === undefined) {
        statement = connection.prepare(sql);
        statements.set(sql, statement);
      }
      return statement;
    },
    write(work) {
      try {
        connection.exec('BEGIN IMMEDIATE');
        work();
        connection.exec('COMMIT');
        return undefined;
      } catch (error) {
        // SQLite takes the whole write back by itself when the disk is full, and then has none to take back.
        if (connection.isTransaction) connection.exec('ROLLBACK');
        for (const forget of forgets) forget();
        const code = errorCodeOf(error);
        if (code === undefined) throw error;
        return problemOf(file, code, reasonOf(error));
      }
    },
    read(work) {
      if (connection.isTransaction) return work();
      connection.exec('BEGIN');
      try {
        return work();
      } finally {
        connection.exec('COMMIT');
      }
    },
    onRollback: (forget) => forgets.push(forget),
    close: () => connection.close(),
  };
}

/** SQLite's own number; undefined for errors that are not its. */
function errorCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

function problemOf(file: string, code: number, reason: string): WriteProblem {
  if (code === SQLITE_BUSY || code === SQLITE_LOCKED)
    return { reason: 'locked', text: `another program is writing to ${file} for more than ${LOCK_WAIT_MS} ms` };
  // Also the log of writes and the memory it shares need room, and say so with other numbers.
  const isFull = code === SQLITE_FULL || ((code === SQLITE_IOERR || code === SQLITE_CANTOPEN) && !hasRoom(file));
  if (isFull && hasRoom(file))
    return { reason: 'full', text: `${file} is as large as the profile's history.maxSize lets it be` };
  if (isFull) return { reason: 'full', text: `the disk has no room for ${file}: ${reason}` };
  return { reason: 'broken', text: `${file} cannot be written: ${reason}` };
}

function hasRoom(file: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(file));
    return bavail * bsize > FULL_DISK_BYTES;
  } catch {
    // The folder is gone: that is no question of room.
    return true;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

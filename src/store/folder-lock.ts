/** One monitor per history: two would count every round of a profile twice, and tell everything twice. */
import { DatabaseSync } from 'node:sqlite';
import { UserError } from '../errors.ts';

const SQLITE_BUSY = 5;
/** A monitor that is being restarted may still be about to end. */
const WAIT_MS = 2_000;

export type FolderLock = { release(): void };

/**
 * Held until it is released or the process ends, however it ends: it is a lock of the system, taken by SQLite, which knows how
 * that is done on each. Reading the history, and writing single things to it, is open to others. Throws UserError where another
 * monitor holds it.
 */
export function lockHistory(file: string): FolderLock {
  const connection = new DatabaseSync(`${file}.lock`, { timeout: WAIT_MS });
  try {
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new UserError(`another monitor keeps its history in ${file}`, {
      hint: 'Give this one a folder of its own with --data, or watch all profiles with one monitor.',
    });
  }
  return { release: () => connection.close() };
}

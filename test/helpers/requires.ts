/** Tests that need a program of the system: without it they are skipped and say so, on CI they fail. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps servers where the PATH of an ordinary user does not look. */
const SYSTEM_FOLDERS = process.platform === 'win32' ? [] : ['/usr/local/sbin', '/usr/sbin', '/sbin'];
const SUFFIXES = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];

/** Path of a program; undefined when there is none of that name. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.flatMap((folder) => SUFFIXES.map((end) => join(folder, name + end))).find(isExecutable);
}

/**
 * For the `skip` option of a test: `false` when all programs are there, else the reason to skip.
 * With CI=true a missing program throws, so that the test file fails instead of passing unseen.
 */
export function missingProgram(...names: readonly string[]): string | false {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return false;
  const message = `needs ${missing.join(', ')}, which is not on this machine`;
  if (process.env['CI'] === 'true') throw new Error(message);
  return message;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: the next candidate.
    return false;
  }
}

/** From the names that a user gives to the files that are read. */
import { glob, realpath, stat } from 'node:fs/promises';
import path, { type PlatformPath } from 'node:path';
import type { Problem } from '../../errors.ts';
import { unreadable } from './bytes.ts';

/** `name`: as shown to the user, relative to the base folder where it lies in it. */
export type LogInput =
  | { readonly kind: 'file'; readonly path: string; readonly name: string; readonly sizeBytes: number }
  | { readonly kind: 'stdin'; readonly name: string };

export type FoundFiles = { readonly inputs: readonly LogInput[]; readonly problems: readonly Problem[] };

/**
 * The files that names and glob patterns mean, each once, in the order of the patterns and within one in time order by name.
 * `-` is standard input. What cannot be found or read is collected. A name that exists is that file, also with `[` or `*` in it.
 */
export async function findFiles(patterns: readonly string[], baseFolder: string): Promise<FoundFiles> {
  const inputs = new Map<string, LogInput>();
  const problems: Problem[] = [];
  for (const pattern of patterns) {
    if (pattern === '-') {
      inputs.set('-', { kind: 'stdin', name: 'standard input' });
      continue;
    }
    const found = await filesOf(pattern, baseFolder);
    problems.push(...found.problems);
    for (const file of found.files) {
      // One file under two names (a link, or another case on Windows) is read once.
      const real = await realpath(file.path).catch(() => file.path);
      if (!inputs.has(real)) inputs.set(real, { ...file, kind: 'file', name: shownName(file.path, baseFolder) });
    }
  }
  return { inputs: [...inputs.values()], problems };
}

type Found = {
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly problems: readonly Problem[];
};

async function filesOf(pattern: string, baseFolder: string): Promise<Found> {
  const literal = path.resolve(baseFolder, pattern);
  const split = splitPattern(pattern);
  const stats = pattern === '' ? undefined : await stat(literal).catch((error: unknown) => error);
  if (stats !== undefined && !(stats instanceof Error)) {
    const { size, isDirectory } = stats as { size: number; isDirectory(): boolean };
    if (!isDirectory.call(stats)) return { files: [{ path: literal, sizeBytes: size }], problems: [] };
    const hint = `Name the files in it: ${path.join(pattern, '*.log')}`;
    return { files: [], problems: [{ path: pattern, message: 'is a folder', expected: 'a file or a pattern', hint }] };
  }
  if (split === undefined) return { files: [], problems: [missing(pattern, stats, baseFolder)] };
  const folder = path.resolve(baseFolder, split.folder);
  const files: { path: string; sizeBytes: number }[] = [];
  for await (const relative of glob(split.rest, { cwd: folder })) {
    const file = path.join(folder, relative);
    // A folder that matches is passed over, and so is what vanished since.
    const each = await stat(file).catch(() => undefined);
    if (each !== undefined && !each.isDirectory()) files.push({ path: file, sizeBytes: each.size });
  }
  if (files.length === 0) return { files, problems: [await noMatch(pattern, folder)] };
  return { files: files.sort((a, b) => inTimeOrder(a.path, b.path)), problems: [] };
}

/**
 * The part of a pattern that is a folder, and the part with wildcards; undefined without wildcards. A share (`\\server\share`) or
 * a drive is so never part of what is matched. Backslashes separate folders on Windows only.
 */
export function splitPattern(
  pattern: string,
  paths: PlatformPath = path,
): { readonly folder: string; readonly rest: string } | undefined {
  const wildcard = /[*?{[]|[!+@]\(/.exec(pattern);
  if (wildcard === null) return undefined;
  const fixed = pattern.slice(0, wildcard.index);
  const cut = Math.max(fixed.lastIndexOf('/'), paths.sep === '\\' ? fixed.lastIndexOf('\\') : -1) + 1;
  const rest = pattern.slice(cut);
  return { folder: pattern.slice(0, cut), rest: paths.sep === '\\' ? rest.replaceAll('\\', '/') : rest };
}

function missing(pattern: string, error: unknown, baseFolder: string): Problem {
  if (pattern === '') return { path: '""', message: 'is empty', expected: 'a file or a pattern' };
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return { path: pattern, ...unreadable(error) };
  return {
    path: pattern,
    message: 'there is no such file',
    expected: 'a readable log file',
    hint:
      separatorHint(pattern) ?? (path.isAbsolute(pattern) ? 'Check the path.' : `It is looked for in ${baseFolder}.`),
  };
}

async function noMatch(pattern: string, folder: string): Promise<Problem> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  return {
    path: pattern,
    message: isThere ? 'no file matches' : `there is no folder ${folder}`,
    expected: 'at least one file',
    hint: separatorHint(pattern) ?? (isThere ? `Look at what is in ${folder}.` : 'Check the path.'),
  };
}

function separatorHint(pattern: string): string | undefined {
  if (path.sep === '\\' || !pattern.includes('\\')) return undefined;
  return `Backslashes separate folders on Windows only: ${pattern.replaceAll('\\', '/')}`;
}

function shownName(file: string, baseFolder: string): string {
  const relative = path.relative(baseFolder, file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}

const NATURAL = new Intl.Collator('en', { numeric: true });

/** Oldest first as far as names tell: `access.log.2.gz`, `access.log.1`, `access.log`; `access.log-20261120`, `access.log`; `u_ex261120.log`, `u_ex261121.log`. */
export function inTimeOrder(a: string, b: string): number {
  const left = rotationOf(a);
  const right = rotationOf(b);
  return (
    NATURAL.compare(left.stem, right.stem) ||
    left.rank - right.rank ||
    NATURAL.compare(left.date, right.date) ||
    NATURAL.compare(a, b)
  );
}

type Rotation = { readonly stem: string; readonly rank: number; readonly date: string };

/** A number behind the name is an age (logrotate), a date is a date; the name alone is the newest. */
function rotationOf(file: string): Rotation {
  const name = file.replace(/\.gz$/i, '');
  const aged = /^(.+)\.(\d{1,4})$/.exec(name);
  if (aged?.[1] !== undefined) return { stem: aged[1], rank: -Number(aged[2]), date: '' };
  const dated = /^(.+?)[.-](\d{4}-?\d\d-?\d\d[^/\\]*)$/.exec(name);
  if (dated?.[1] !== undefined && dated[2] !== undefined && /log$/i.test(dated[1]))
    return { stem: dated[1], rank: -1e5, date: dated[2] };
  return { stem: name, rank: 0, date: '' };
}

/** Files that include others: bounded, without loops, and also found when they were copied from another machine. */
import type { ConfigSource } from '../../model/declared.ts';
import type { Draft } from './draft.ts';

/** The most files and text that one configuration may bring in; real ones stay below a few hundred files. */
const MAX_FILES = 1_000;
const MAX_DEPTH = 20;
const MAX_CHARACTERS = 64_000_000;

export type FileTree = {
  /** Text of a file, without byte order mark; undefined (and a problem) when it cannot be read. */
  readonly read: (path: string, from: Place) => string | undefined;
  /** The files that an include names, in order. */
  readonly matches: (pattern: string, baseFolder: string, from: Place, mayBeMissing: boolean) => readonly string[];
  /** Reads `path` with `work` unless it is already open (a loop) or too deep. */
  readonly within: (path: string, from: Place, work: (text: string) => void) => void;
};
export type Place = { readonly file: string; readonly line: number };

export function createFileTree(source: ConfigSource, draft: Draft): FileTree {
  const open: string[] = [];
  let filesRead = 0;
  let charactersRead = 0;
  const problem = (from: Place, expected: string, found: string, fix: string): undefined => {
    draft.addProblem({ ...from, expected, found, fix });
    return undefined;
  };
  const read = (path: string, from: Place): string | undefined => {
    if (filesRead >= MAX_FILES || charactersRead > MAX_CHARACTERS)
      return problem(from, `at most ${MAX_FILES} files`, path, 'Read the parts on their own.');
    const text = source.readFile(path);
    if (text === undefined) return problem(from, 'a file that can be read', path, 'Copy it beside the others.');
    filesRead++;
    charactersRead += text.length;
    draft.addFile(path);
    if (text.slice(0, 4_096).includes('\0'))
      return problem(
        { file: path, line: 1 },
        'a text file',
        'a file with zero bytes',
        'Give the configuration itself.',
      );
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  };
  return {
    read,
    matches: (pattern, baseFolder, from, mayBeMissing) => {
      const found = places(pattern, baseFolder, folderOf(open[0] ?? from.file));
      for (const place of found) {
        const files = /[*?[]/.test(place) ? source.glob(place) : source.readFile(place) === undefined ? [] : [place];
        if (files.length > 0) return files;
      }
      // A pattern that matches nothing is no mistake to any of these programs; a file that is not there is.
      if (!mayBeMissing && !/[*?[]/.test(pattern))
        problem(from, 'the included file', pattern, 'Copy it beside the others, in the same folders.');
      return [];
    },
    within: (path, from, work) => {
      if (open.includes(path))
        return problem(from, 'files that do not include each other', path, 'Remove the include.');
      if (open.length >= MAX_DEPTH)
        return problem(from, `at most ${MAX_DEPTH} levels of includes`, path, 'Flatten it.');
      const text = read(path, from);
      if (text === undefined) return;
      open.push(path);
      work(text);
      open.pop();
    },
  };
}

/**
 * Where an included file may be. On the machine itself: as written. A copy (`cp -r /etc/nginx farm/`) is looked for below the folder of the
 * main file, by the original path without its first folders; a pattern keeps at least one folder, or it would match everything. A copy
 * never reads the files of the machine that it was copied to.
 */
function places(pattern: string, baseFolder: string, mainFolder: string): readonly string[] {
  const isHere = (path: string): boolean => !isAbsolute(path) || isOwn(path, mainFolder);
  if (!isAbsolute(pattern))
    return [...(isHere(baseFolder) ? [join(baseFolder, pattern)] : []), join(mainFolder, pattern)];
  if (isHere(pattern)) return [pattern];
  const parts = pattern.split(/[\\/]+/).filter((part) => part !== '' && !part.endsWith(':'));
  const keep = /[*?[]/.test(parts.at(-1) ?? '') ? 2 : 1;
  const suffixes = parts.map((_, i) => parts.slice(i)).filter((rest) => rest.length >= keep);
  return suffixes.map((rest) => join(mainFolder, rest.join('/')));
}

function isAbsolute(path: string): boolean {
  return /^(?:[\\/]|[a-z]:[\\/])/i.test(path);
}

/** The main file stands where programs are configured, or beside what it includes. */
function isOwn(path: string, mainFolder: string): boolean {
  const first = (text: string): string | undefined => /^(?:[a-z]:)?[\\/][^\\/]+/i.exec(text)?.[0].toLowerCase();
  return /^\/(?:etc|usr|opt)(?:\/|$)/.test(mainFolder) || (isAbsolute(mainFolder) && first(path) === first(mainFolder));
}

/** Of either kind of system: what is read may come from another one. */
export function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  return end < 0 ? '' : end === 0 ? path.slice(0, 1) : path.slice(0, end);
}

export function join(folder: string, name: string): string {
  if (folder === '') return name;
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  return /[\\/]$/.test(folder) ? `${folder}${name}` : `${folder}${separator}${name}`;
}

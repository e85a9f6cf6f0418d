/** The rules of `test/architecture.test.ts` as functions: files in, one line for each offence out. Paths begin with src/ or test/. */
import { posix } from 'node:path';
import type { Import, Syntax } from './syntax.ts';

/** What each part of src may import, besides itself and what is open to all. */
export type Layers = Readonly<Record<string, readonly string[]>>;
/** Where each package may be imported: starts of paths. */
export type Owners = Readonly<Record<string, readonly string[]>>;
export type TextFile = { readonly path: string; readonly text: string };

const OPEN_TO_ALL = ['model', 'errors'];
const TERMINAL = /^console\.|^process\.(stdout|stderr|stdin|exit|exitCode|argv)$/;
const TERMINAL_MODULES = ['node:console', 'node:process', 'console', 'process'];

/** The folder under src or test, or the file itself when it lies at the top: `traffic`, `pipeline`. */
export function partOf(path: string): string {
  return path.split('/')[1]?.replace(/(\.test)?\.ts$/, '') ?? '';
}

function isRelative({ specifier }: Import): boolean {
  return specifier.startsWith('.');
}

function targetOf(path: string, { specifier }: Import): string {
  return posix.join(posix.dirname(path), specifier);
}

export function layerOffences(sources: readonly Syntax[], layers: Layers): string[] {
  return sources.flatMap(({ path, imports }) => {
    const allowed = layers[partOf(path)];
    if (allowed === undefined) return [`${path}: ${partOf(path)} is not in the layer table`];
    const open = [...allowed, partOf(path), ...OPEN_TO_ALL];
    return imports
      .filter(isRelative)
      .map((one) => ({ target: targetOf(path, one), line: one.line }))
      .filter(({ target }) => !target.startsWith('src/') || !open.includes(partOf(target)))
      .map(({ target, line }) => `${path}:${line}: imports ${target}`);
  });
}

export function ownerOffences(sources: readonly Syntax[], owners: Owners): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports
      .filter((one) => !isRelative(one) && !one.specifier.startsWith('node:'))
      .map(({ specifier, line }) => ({ name: packageOf(specifier), line }))
      .filter(({ name }) => owners[name]?.some((owner) => path.startsWith(owner)) !== true)
      .map(({ name, line }) => `${path}:${line}: ${name} (owner: ${owners[name]?.join(', ') ?? 'none, name one'})`),
  );
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Printing, arguments and exits; also the modules that give them under another name. */
export function terminalOffences(sources: readonly Syntax[], mayUse: RegExp): string[] {
  return sources
    .filter(({ path }) => !mayUse.test(path))
    .flatMap(({ path, globals, imports }) => [
      ...globals.filter(({ text }) => TERMINAL.test(text)).map(({ line, text }) => `${path}:${line}: ${text}`),
      ...imports
        .filter(({ specifier, isType }) => !isType && TERMINAL_MODULES.includes(specifier))
        .map(({ line, specifier }) => `${path}:${line}: import of ${specifier}`),
    ]);
}

export function longFiles(files: readonly TextFile[], limit: number): string[] {
  return files
    .map(({ path, text }) => ({ path, length: text.replace(/\n$/, '').split('\n').length }))
    .filter(({ length }) => length > limit)
    .map(({ path, length }) => `${path}: ${length} lines`);
}

export function longFunctions(sources: readonly Syntax[], limit: number): string[] {
  return sources.flatMap(({ path, functions }) =>
    functions.filter(({ length }) => length > limit).map(({ line, length }) => `${path}:${line}: ${length} lines`),
  );
}

/** The type `any`, and exports without a name. */
export function vagueOffences(sources: readonly Syntax[]): string[] {
  return sources.flatMap(({ path, anyTypes, defaultExports }) => [
    ...anyTypes.map(({ line, text }) => `${path}:${line}: ${text.slice(0, 100)}`),
    ...defaultExports.map(({ line }) => `${path}:${line}: export default`),
  ]);
}

export function linesWith(pattern: RegExp, files: readonly TextFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 100)}`] : [])),
  );
}

/** Which tests count for a part of src, and what is started by other means than an import. */
export type Coverage = {
  /** Parts whose files may be reached from the tests of any folder. */
  readonly byAnyTest: readonly string[];
  /** Files run as threads, processes or commands: from the file that starts them to the file that is started. */
  readonly starts: readonly (readonly [from: string, to: string])[];
  /** Path and the reason why no test of its folder reaches it. */
  readonly exceptions: Readonly<Record<string, string>>;
};

/**
 * Files with code that no test of their folder reaches, nor an exception excuses. Reached means imported by the test,
 * directly or over files of the same folder or of test/: a list such as the catalog does not count as a test of all it names.
 */
export function untestedOffences(files: readonly Syntax[], coverage: Coverage): string[] {
  const sources = files.filter(({ path, isTypeOnly }) => path.startsWith('src/') && !isTypeOnly);
  const offences = [...new Set(sources.map(({ path }) => partOf(path)))].sort().flatMap((part) => {
    const reached = reachedBy(files, part, coverage);
    const own = sources.filter(({ path }) => partOf(path) === part);
    const missing = own.map(({ path }) => path).filter((path) => !reached.has(path) && !(path in coverage.exceptions));
    return missing.length > 1 && missing.length === own.length
      ? [`src/${part}/: none of ${own.length} files`]
      : missing;
  });
  const known = new Set(files.map(({ path }) => path));
  const named = [...Object.keys(coverage.exceptions), ...coverage.starts.flat()];
  const stale = [...new Set(named)].filter((path) => !known.has(path));
  return [...offences, ...stale.map((path) => `${path}: the rule names it, but it is not there`)];
}

function reachedBy(files: readonly Syntax[], part: string, { byAnyTest, starts }: Coverage): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const isOpen = byAnyTest.includes(part);
  const reached = new Set<string>();
  const waiting = [...byPath.keys()].filter((path) => path.endsWith('.test.ts') && (isOpen || partOf(path) === part));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = byPath.get(path);
    const mayPass = isOpen || path.startsWith('test/') || partOf(path) === part || starts.some(([, to]) => to === path);
    if (file === undefined || reached.has(path) || !mayPass) continue;
    reached.add(path);
    waiting.push(
      ...file.imports.filter((one) => !one.isType && isRelative(one)).map((one) => targetOf(file.path, one)),
    );
    waiting.push(...starts.filter(([from]) => from === file.path).map(([, to]) => to));
  }
  return reached;
}

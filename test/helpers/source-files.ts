/** The sources of this repository as text, for tests that hold rules about them. */
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

/** `path` is relative to the folder, with slashes; `code` is the text without comments, line for line. */
export type Source = { readonly path: string; readonly text: string; readonly code: string };

export function readSources(folder: string): Source[] {
  return globSync('**/*.ts', { cwd: join(ROOT, folder) })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => !path.startsWith('fixtures/'))
    .map((path) => {
      const text = readFileSync(join(ROOT, folder, path), 'utf8');
      return { path, text, code: withoutComments(text) };
    });
}

const NOT_OURS = ['node_modules', 'dist', '.git', 'reports'];

/** Every file that is kept, of any type, with its whole text as `code`. What runs and builds write is left out. */
export function readRepository(): { readonly path: string; readonly code: string }[] {
  const roots = [...readdirSync(ROOT).filter((name) => !NOT_OURS.includes(name)), 'reports/sample'];
  return roots
    .filter((name) => existsSync(join(ROOT, name)))
    .flatMap((name) =>
      isFile(name)
        ? [name]
        : readdirSync(join(ROOT, name), { recursive: true }).map((path) => join(name, String(path))),
    )
    .filter((path) => isFile(path) && !path.endsWith('.tgz'))
    .map((path) => ({ path, code: readFileSync(join(ROOT, path), 'utf8') }));
}

function isFile(path: string): boolean {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile() === true;
}

/** A comment follows white space, a bracket or nothing; the slashes of an address in a text do not. */
function withoutComments(text: string): string {
  return text
    .replaceAll(/(?<=^|[\s;{(,])\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .replaceAll(/(?<=^|\s)\/\/.*$/gm, '');
}

/** What a file imports or re-exports, as written; also `import('…')`. The sources are formatted, so quotes are single. */
export function importsOf({ code }: Source): string[] {
  const pattern = /^(?:import|export|\})[^\n';]*\bfrom '([^'\n]+)'|^import '([^'\n]+)'|\bimport\(\s*'([^'\n]+)'/gm;
  return [...code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

export type Location = { readonly line: number; readonly length: number };

const FUNCTION_START = new RegExp(
  [
    /^\s*(export )?(async )?function\b(?!.*\}$)/,
    /=> \{$/,
    /^\s*(?!if|for|while|switch|catch|else|do|try)(\w+ )*\w+\(.*\)(: .*)? \{$/,
  ]
    .map((pattern) => pattern.source)
    .join('|'),
);

/** In formatted sources a function ends at the first line of its own indent that closes a brace and opens none. */
export function functionLengths({ text }: Source): Location[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    if (!FUNCTION_START.test(line)) return [];
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    const end = lines.findIndex((next, j) => j > i && next.startsWith(`${indent}}`) && !next.endsWith('{'));
    return [{ line: i + 1, length: (end === -1 ? lines.length : end + 1) - i }];
  });
}

/** The files of this repository as text, for tests that hold rules about them. */
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { TextFile } from './rules.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

/** All TypeScript of src and test by path, with slashes; fixtures and declarations of foreign modules are left out. */
export function readSources(): Record<string, string> {
  const paths = globSync('{src,test}/**/*.ts', { cwd: ROOT })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => !path.startsWith('test/fixtures/') && !path.endsWith('.d.ts'))
    .sort();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));
}

const NOT_OURS = ['node_modules', 'dist', '.git', 'reports'];

/** Every file that is kept, of any type, with its whole text. What runs and builds write is left out. */
export function readRepository(): TextFile[] {
  const roots = [...readdirSync(ROOT).filter((name) => !NOT_OURS.includes(name)), 'reports/sample'];
  return roots
    .filter((name) => existsSync(join(ROOT, name)))
    .flatMap((name) =>
      isFile(name)
        ? [name]
        : readdirSync(join(ROOT, name), { recursive: true }).map((path) => join(name, String(path))),
    )
    .filter((path) => isFile(path) && !path.endsWith('.tgz'))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

function isFile(path: string): boolean {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile() === true;
}

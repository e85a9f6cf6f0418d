/** Test files that share a process: starting one and loading the same modules takes longer than most of them. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Parts whose tests neither start processes nor change what a process has of its own (environment, exit code, signals):
 * they cannot disturb each other.
 */
const PURE = ['analysis', 'charts', 'detectors', 'experiments', 'gateways', 'logs', 'model', 'profile'];
/** So few that a file which hangs or breaks takes little with it, and both processors have work to the end. */
const FILES_EACH = 6;

/** The files to run instead: one for some pure files of the same part, the others as they are. Written below `folder`, which is emptied. */
export function bundleTests(files: readonly string[], folder: string): readonly string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const partOf = (file: string): string => file.split('/')[1] ?? '';
  const bundles = PURE.flatMap((part) => {
    const own = files.filter((file) => partOf(file) === part);
    return Array.from({ length: Math.ceil(own.length / FILES_EACH) }, (_, at) => {
      // Plain JavaScript: Node strips no types of what lies in node_modules.
      const bundle = join(folder, `${part}-${at}.test.mjs`);
      const members = own.slice(at * FILES_EACH, (at + 1) * FILES_EACH);
      writeFileSync(bundle, members.map((file) => `import ${JSON.stringify(pathToFileURL(file).href)};\n`).join(''));
      return bundle;
    });
  });
  return [...files.filter((file) => !PURE.includes(partOf(file))), ...bundles];
}

/** `npm run build`: what is published, in dist. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
/** Read at run time, from beside the code that reads them. */
const ASSETS = ['**/*.css', 'monitor/web/assets/*.js', 'report/page.js', '**/*.schema.json', 'gateways/codes/*.txt'];
const SHEBANG = '#!/usr/bin/env node\n';

function build(): void {
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const compiled = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (compiled.status !== 0) throw new Error('tsc found errors: see above');
  for (const path of globSync(ASSETS, { cwd: join(ROOT, 'src') }))
    cpSync(join(ROOT, 'src', path), join(ROOT, 'dist', path));
  makeExecutable(join(ROOT, 'dist', 'cli.js'));
}

function makeExecutable(path: string): void {
  const code = readFileSync(path, 'utf8');
  if (!code.startsWith('#!')) writeFileSync(path, SHEBANG + code);
  chmodSync(path, 0o755);
}

build();

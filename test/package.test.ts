/** The package as a user gets it: packed, installed into an empty folder, run. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const IS_WINDOWS = process.platform === 'win32';
/** An install from a cold cache over a slow line. */
const LIMIT_MS = 180_000;

const folder = mkdtempSync(join(tmpdir(), 'gateprobe-package-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

test('the packed package installs, starts, and has what it exports', { timeout: LIMIT_MS }, () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const checkout = copyCheckout();
  run(checkout, 'npm', 'pack', '--pack-destination', folder, '--loglevel', 'error');
  const tarball = join(folder, `${manifest.name}-${manifest.version}.tgz`);

  const prefix = join(folder, 'prefix');
  mkdirSync(prefix);
  run(folder, 'npm', 'install', '-g', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund', tarball);
  const command = IS_WINDOWS ? join(prefix, 'gateprobe.cmd') : join(prefix, 'bin', 'gateprobe');
  assert.equal(run(folder, command, '--version').trim(), manifest.version);

  const installed = join(prefix, ...(IS_WINDOWS ? [] : ['lib']), 'node_modules', manifest.name);
  for (const path of exportedFiles(manifest.exports)) readFileSync(join(installed, path));
  const script = join(installed, 'names.mjs');
  writeFileSync(script, `console.log(Object.keys(await import('${manifest.name}')).length > 0);`);
  assert.equal(run(folder, process.execPath, script).trim(), 'true', 'the library has public names');
  const consumer = join(installed, 'consumer.ts');
  writeFileSync(
    consumer,
    `import * as library from '${manifest.name}';\nexport const names: string[] = Object.keys(library);\n`,
  );
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--module', 'nodenext', '--types', ''];
  run(installed, process.execPath, compiler, ...flags, consumer);
  assert.throws(() => readFileSync(join(installed, 'test', basename(import.meta.filename))), 'tests stay at home');
});

/** Packing writes dist, which must not appear in a checkout where others work. */
function copyCheckout(): string {
  const left = ['node_modules', 'dist', '.git', 'reports'].map((name) => join(ROOT, name));
  const copy = join(folder, 'checkout');
  cpSync(ROOT, copy, { recursive: true, filter: (path) => !left.includes(path) });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction');
  return copy;
}

function exportedFiles(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(exportedFiles) : [];
}

/** With the Node that runs this test first on the PATH, and without what an outer `npm test` left behind. */
function run(cwd: string, program: string, ...args: readonly string[]): string {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(package|lifecycle|command|config_local)|INIT_CWD|NODE_TEST_CONTEXT)/i.test(name),
  );
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  return execFileSync(program, [...args], {
    cwd,
    env: { ...Object.fromEntries(kept), PATH: path },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    // npm and the installed command are .cmd files there.
    shell: IS_WINDOWS,
  });
}

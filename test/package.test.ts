/** The package as a user gets it: packed, installed into an empty folder, run. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const IS_WINDOWS = process.platform === 'win32';
/** An install from a cold cache over a slow line. */
const LIMIT_MS = 180_000;
const NPM_FLAGS = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error'];
/** What the package holds at its top, beside the packages that it needs itself. */
const CONTENTS = ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'package.json', 'profiles'];

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'gateprobe-package-'));
const prefix = join(folder, 'prefix');
const installed = join(prefix, ...(IS_WINDOWS ? [] : ['lib']), 'node_modules', manifest.name);
const command = IS_WINDOWS ? join(prefix, 'gateprobe.cmd') : join(prefix, 'bin', 'gateprobe');
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

before(
  async () => {
    const packed = await run(copyCheckout(), 'npm', 'pack', '--pack-destination', folder, '--loglevel', 'error');
    assert.equal(packed.code, 0, packed.stderr);
    mkdirSync(prefix);
    const tarball = join(folder, `${manifest.name}-${manifest.version}.tgz`);
    const install = await run(folder, 'npm', 'install', '-g', '--prefix', prefix, ...NPM_FLAGS, tarball);
    assert.equal(install.code, 0, install.stderr);
  },
  { timeout: LIMIT_MS },
);

test('the package holds what a user needs and nothing else', () => {
  const top = readdirSync(installed).filter((name) => name !== 'node_modules');
  assert.deepEqual(
    top.filter((name) => !CONTENTS.includes(name)),
    [],
  );
  const odd = globSync('dist/**/*.*', { cwd: installed }).filter(
    (path) => !/\.(js|d\.ts|css|schema\.json)$|^dist[/\\]gateways[/\\]codes[/\\][\w-]+\.txt$/.test(path),
  );
  assert.deepEqual(odd, []);
  for (const path of exportedFiles(manifest.exports)) readFileSync(join(installed, path));
});

test('the installed command starts, tells its version, and checks a profile of the package', async () => {
  assert.equal((await run(folder, command, '--version')).stdout.trim(), manifest.version);
  const checked = await run(folder, command, 'check', join(installed, 'profiles', 'quick-compare.yaml'));
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(checked.stdout, /quick-compare\.yaml is valid/);
});

test('the installed command measures: its threads start, its report is written', { timeout: 60_000 }, async (t) => {
  const urls = [await startServer(t), await startServer(t)];
  const out = join(folder, 'report');
  const compared = await run(folder, command, 'compare', ...urls, '--for', '1s', '--rate', '20/s', '--out', out);
  // Whether one second on a busy machine makes a valid run is not the question here.
  assert.ok([0, 1, 3].includes(compared.code), `${compared.code}\n${compared.stderr}`);
  const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
  for (const route of report.routes) assert.ok(route.outcomes['200'] > 0, JSON.stringify(route.outcomes));
  assert.match(readFileSync(join(out, 'report.html'), 'utf8'), /<style>/);
});

test('the library has its public names, with types', async () => {
  const script = join(installed, 'names.mjs');
  writeFileSync(script, `console.log(Object.keys(await import('${manifest.name}')).length > 0);`);
  assert.equal((await run(folder, process.execPath, script)).stdout.trim(), 'true');
  const consumer = join(installed, 'consumer.ts');
  const lines = [
    `import * as library from '${manifest.name}';`,
    'export const names: string[] = Object.keys(library);',
  ];
  writeFileSync(consumer, lines.join('\n'));
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--module', 'nodenext', '--types', ''];
  const compiled = await run(installed, process.execPath, compiler, ...flags, consumer);
  assert.equal(compiled.code, 0, compiled.stdout);
});

test('npm ci accepts package-lock.json, also for systems other than this one', async () => {
  const checkout = join(folder, 'lock');
  mkdirSync(checkout);
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(ROOT, name), join(checkout, name));
  const checked = await run(checkout, 'npm', 'ci', '--dry-run', '--ignore-scripts', ...NPM_FLAGS);
  assert.equal(checked.code, 0, checked.stderr);
});

/** Packing writes dist, which must not appear in a checkout where others work. */
function copyCheckout(): string {
  const left = ['node_modules', 'dist', '.git', 'reports'].map((name) => join(ROOT, name));
  const copy = join(folder, 'checkout');
  cpSync(ROOT, copy, { recursive: true, filter: (path) => !left.includes(path) });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction');
  return copy;
}

async function startServer(t: TestContext): Promise<string> {
  const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function exportedFiles(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(exportedFiles) : [];
}

type Result = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** With the Node that runs this test first on the PATH, and without what an outer `npm test` left behind. */
function run(cwd: string, program: string, ...args: readonly string[]): Promise<Result> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(package|lifecycle|command|config_local)|INIT_CWD|NODE_TEST_CONTEXT)/i.test(name),
  );
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const options = {
    cwd,
    env: { ...Object.fromEntries(kept), PATH: path },
    // npm and the installed command are .cmd files there.
    shell: IS_WINDOWS,
  };
  return new Promise((resolve) => {
    execFile(program, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr: stderr || (error?.message ?? '') });
    });
  });
}

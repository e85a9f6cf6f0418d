import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from '../helpers/cli.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-reports-'));
  await cp(
    join(import.meta.dirname, '..', '..', 'reports', 'sample', 'report.json'),
    join(folder, 'one', 'report.json'),
  );
});
after(() => rm(folder, { recursive: true, force: true }));

test('reports lists runs and writes an index beside them', async () => {
  const { code, stdout, stderr } = await runCli(['reports', folder]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^\d{4}-\d\d-\d\d \d\d:\d\d {2}demo +Error +\S.*\n +one\n$/);
  assert.match(await readFile(join(folder, 'index.html'), 'utf8'), /<a href="one\/report\.html">/);
  await stat(join(folder, 'report.css'));
});

test('as JSON, and without writing', async () => {
  await rm(join(folder, 'index.html'), { force: true });
  const { code, stdout } = await runCli(['reports', folder, '--json', '--no-index']);
  assert.equal(code, 0);
  const { runs } = JSON.parse(stdout) as { runs: readonly { name: string; profile: string }[] };
  assert.deepEqual([runs.length, runs[0]?.name, runs[0]?.profile], [1, 'one', 'demo']);
  await assert.rejects(stat(join(folder, 'index.html')));
});

test('a folder that is not there is said', async () => {
  const { code, stderr } = await runCli(['reports', join(folder, 'nothing')]);
  assert.equal(code, 2);
  assert.match(stderr, /is no folder/);
});

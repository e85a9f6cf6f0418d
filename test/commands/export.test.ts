import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeRecording } from '../../src/recording/folder.ts';
import { runCli } from '../helpers/cli.ts';
import { makeRecording } from '../helpers/make-recording.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-export-'));
  const recording = makeRecording({ noise: 0 })
    .experiment('compare', [{ route: 'gateway', us: 4_000 }])
    .build();
  await writeRecording(folder, recording);
});
after(() => rm(folder, { recursive: true, force: true }));

test('export prints the requests of a run, and writes its sums to a file', async () => {
  const table = await runCli(['export', folder, '--format', 'csv']);
  assert.equal(table.code, 0, table.stderr);
  assert.match(table.stdout, /^due_at,seq,.*\r\n\d{4}-.*,gateway,home,ok,200,200,/);
  assert.equal(table.stderr, '');
  const out = join(folder, 'run.prom');
  const sums = await runCli(['export', join(folder, 'recording'), '--format', 'prometheus', '--out', out]);
  assert.equal(sums.code, 0, sums.stderr);
  assert.equal(sums.stdout, '');
  assert.match(sums.stderr, /run\.prom is written/);
  assert.match(await readFile(out, 'utf8'), /^gateprobe_requests_total\{[^}]*route="gateway"[^}]*\} 1$/m);
});

test('wrong words, folders and files are said', async () => {
  assert.equal((await runCli(['export', folder])).code, 2);
  assert.equal((await runCli(['export', folder, '--format', 'xlsx'])).code, 2);
  const missing = await runCli(['export', join(folder, 'nothing'), '--format', 'jsonl']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /does not exist/);
  const out = join(folder, 'no', 'such', 'run.csv');
  const unwritable = await runCli(['export', folder, '--format', 'csv', '--out', out]);
  assert.equal(unwritable.code, 2);
  assert.match(unwritable.stderr, /run\.csv cannot be written/);
  assert.ok(!existsSync(out));
});

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from '../helpers/cli.ts';

let folder = '';
let url = '';
const server = http.createServer((_request, response) => response.end('hello'));

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-commands-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

test('init writes a profile that check accepts, and does not overwrite one', async () => {
  const file = join(folder, 'new.yaml');
  const args = ['init', 'https://shop.example.com', '--member', 'http://192.0.2.11:8080', '--out', file];
  const first = await runCli(args);
  assert.equal(first.code, 0, first.stderr);
  const check = await runCli(['check', file]);
  assert.equal(check.code, 0, check.stderr);
  assert.match(check.stdout, /is valid/);
  assert.match(check.stdout, /Together about \d+/);
  const again = await runCli(args);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /--force/);
  const plan = await runCli(['check', file, '--json']);
  assert.equal((JSON.parse(plan.stdout) as { schemaVersion: number }).schemaVersion, 1);
});

test('check --auto tells the most that run --auto sends, and sends nothing', async () => {
  const file = join(folder, 'auto.yaml');
  // Nobody answers at these addresses: they are for documentation (RFC 5737).
  const init = await runCli(['init', 'http://192.0.2.1', '--member', 'http://192.0.2.11:8080', '--out', file]);
  assert.equal(init.code, 0, init.stderr);
  const check = await runCli(['check', '--auto', '--budget', '2m', file]);
  assert.equal(check.code, 0, check.stderr);
  assert.match(check.stdout, /at most 1,500 requests and take at most 2 min \(--budget\)/);
  assert.match(check.stdout, /baseline: .*\n {4}Always, first\. At most 40 requests through the gateway/);
  assert.match(check.stdout, /slow or failing on purpose/);
  const json = await runCli(['check', '--auto', '--json', file]);
  assert.equal((JSON.parse(json.stdout) as { most: { requests: number } }).most.requests, 1_500);
  assert.equal((await runCli(['check', '--budget', '2m', file])).code, 2);
});

test('compare measures without a profile; diagnose and report read what it wrote', async () => {
  const out = join(folder, 'compare');
  const run = await runCli([
    'compare',
    url,
    url.replace('127.0.0.1', 'localhost'),
    '--for',
    '2s',
    '--rate',
    '20/s',
    '--out',
    out,
    '--seed',
    '3',
  ]);
  assert.equal(run.code, 0, run.stderr + run.stdout);
  assert.match(run.stdout, /gateway adds/);
  assert.match(run.stdout, /seed 3/);
  assert.ok((await stat(join(out, 'report.html'))).size > 10_000);
  const json = await runCli(['diagnose', out, '--json']);
  assert.equal(json.code, 0, json.stderr);
  assert.equal((JSON.parse(json.stdout) as { schemaVersion: number }).schemaVersion, 1);
  const junit = await runCli(['report', out, '--format', 'junit', '--out', join(folder, 'j.xml')]);
  assert.equal(junit.code, 0, junit.stderr);
  assert.match(await readFile(join(folder, 'j.xml'), 'utf8'), /<testsuite/);
  const unknown = await runCli(['report', out, '--format', 'word']);
  assert.equal(unknown.code, 2);
});

test('compare says what is wrong with its options', async () => {
  const result = await runCli(['compare', url, url, '--for', '10']);
  assert.equal(result.code, 2);
  assert.match(result.stderr, /--for/);
});

test('every command has a help page', async () => {
  for (const command of ['demo', 'run', 'selftest', 'lab', 'member']) {
    const result = await runCli([command, '--help']);
    assert.equal(result.code, 0);
    assert.match(result.stdout, new RegExp(`gateprobe ${command}`));
  }
});

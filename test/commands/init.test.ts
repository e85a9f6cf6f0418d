import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from '../helpers/cli.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-init-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const entry = (method: string, url: string) => ({ request: { method, url, headers: [] } });
const RECORDED = {
  log: {
    version: '1.2',
    entries: [
      entry('GET', 'https://shop.example.com/'),
      entry('GET', 'https://shop.example.com/basket?token=s3cr3t'),
      entry('POST', 'https://shop.example.com/pay'),
      entry('GET', 'https://cdn.example.com/a.js'),
    ],
  },
};

test('init --har writes a profile that check accepts, and says what it left out', async () => {
  const recording = join(folder, 'shop.har');
  const out = join(folder, 'shop.yaml');
  await writeFile(recording, JSON.stringify(RECORDED));
  // The gateway by its address: the browser knew it by the name that is its Host header.
  const args = ['init', 'https://192.0.2.1', '--host', 'shop.example.com', '--member', 'http://192.0.2.11:8080'];
  const init = await runCli([...args, '--har', recording, '--out', out]);
  assert.equal(init.code, 0, init.stderr);
  assert.match(init.stderr, /2 different requests for 2 of its 4/);
  assert.match(init.stderr, /Left out: 1 of another origin: https:\/\/cdn\.example\.com/);
  assert.match(init.stderr, /basket is asked without the values of token/);
  const text = await readFile(out, 'utf8');
  assert.match(text, /\{ name: basket, path: "\/basket\?token=" \}/);
  assert.match(text, /# Left out: 1 neither GET nor HEAD/);
  assert.doesNotMatch(text + init.stderr, /s3cr3t/);
  const check = await runCli(['check', out]);
  assert.equal(check.code, 0, check.stderr);
});

test('init --har with a file that is none writes nothing', async () => {
  const recording = join(folder, 'bad.har');
  const out = join(folder, 'bad.yaml');
  await writeFile(recording, '{"log":{}}');
  const args = ['init', 'https://shop.example.com', '--member', 'http://192.0.2.11:8080', '--out', out, '--har'];
  const bad = await runCli([...args, recording]);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /bad\.har is no browser recording \(HAR 1\.2\): log\.entries: expected array/);
  const missing = await runCli([...args, join(folder, 'missing.har')]);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /missing\.har cannot be read/);
  assert.ok(!existsSync(out));
});

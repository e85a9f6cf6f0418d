import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeRecording } from '../../src/recording/folder.ts';
import { runCli } from '../helpers/cli.ts';
import { makeRecording } from '../helpers/make-recording.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-baseline-'));
  for (const [name, seed, us] of [
    ['a', 1, 42_000],
    ['b', 2, 42_000],
    ['slow', 3, 60_000],
  ] as const) {
    const recording = makeRecording({ seed, noise: 1 })
      .compare({ durationUs: 30e6, member: 40_000, gateway: us })
      .build();
    await writeRecording(join(folder, 'reports', name), recording);
  }
});
after(() => rm(folder, { recursive: true, force: true }));

const cli = (...args: readonly string[]) => runCli(args, { cwd: folder });

test('set, list, show, diff by name, remove: as a user does it', async () => {
  const none = await cli('baseline', 'list');
  assert.match(none.stdout, /^No baseline in reports/);
  const set = await cli('baseline', 'set', 'main', join('reports', 'a'));
  assert.equal(set.code, 0, set.stderr);
  assert.match(set.stdout, /^main is now .+ requests through .+, from reports.a\./);
  assert.match((await cli('baseline', 'list')).stdout, /^main {2}\S+ of .+ UTC, [\d,]+ requests through /);
  const listed = JSON.parse((await cli('baseline', 'list', '--json')).stdout) as { baselines: { from: string }[] };
  assert.equal(listed.baselines[0]?.from, 'a');
  assert.match((await cli('baseline', 'show', 'main')).stdout, /set {7}.+, from a\n/);
  for (const word of ['main', 'baseline:main']) {
    const worse = await cli('diff', word, join('reports', 'slow'));
    assert.equal(worse.code, 1, worse.stderr);
    assert.match(worse.stdout, /^Worse: /);
  }
  // A folder of the same name goes first; the prefix names the baseline all the same.
  const again = await cli('baseline', 'set', 'main', join('reports', 'b'));
  assert.match(again.stdout, /Before, it was /);
  assert.match((await cli('baseline', 'remove', 'main')).stdout, /is removed/);
  assert.equal((await cli('baseline', 'show', 'main')).code, 2);
});

test('without a run the newest is taken; slips are told', async () => {
  const reports = join(folder, 'reports');
  const set = await cli('baseline', 'set', 'newest', '--reports', reports);
  assert.equal(set.code, 0, set.stderr);
  const slip = await cli('diff', 'newset', 'a');
  assert.equal(slip.code, 2);
  assert.match(slip.stderr, /Did you mean the baseline newest\?/);
  for (const args of [
    ['baseline', 'set', '../x'],
    ['baseline', 'set', 'x', 'nowhere'],
    ['baseline', 'set', 'x', '--reports', 'nowhere'],
    ['baseline', 'remove', 'x'],
    ['baseline'],
  ]) {
    assert.equal((await cli(...args)).code, 2, args.join(' '));
  }
});

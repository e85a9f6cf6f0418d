import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildServerOf, createBuildOutput } from '../../src/commands/build-output.ts';
import { writeRecording } from '../../src/recording/folder.ts';
import { runCli } from '../helpers/cli.ts';
import { makeRecording } from '../helpers/make-recording.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-build-'));
  for (const [name, seed, us] of [
    ['a', 1, 42_000],
    ['slow', 3, 60_000],
  ] as const) {
    const recording = makeRecording({ seed, noise: 1 })
      .compare({ durationUs: 30e6, member: 40_000, gateway: us })
      .build();
    await writeRecording(join(folder, name), recording);
  }
});
after(() => rm(folder, { recursive: true, force: true }));

test('the build server is told by its variables, or by the option', () => {
  for (const [choice, env, server] of [
    [undefined, {}, undefined],
    [undefined, { GITHUB_ACTIONS: 'true' }, 'github'],
    [undefined, { GITHUB_ACTIONS: 'false' }, undefined],
    [undefined, { TF_BUILD: 'True' }, 'azure'],
    ['none', { TF_BUILD: 'True' }, undefined],
    ['github', { TF_BUILD: 'True' }, 'github'],
    ['azure', {}, 'azure'],
  ] as const) {
    assert.equal(buildServerOf(choice, env), server, JSON.stringify([choice, env]));
  }
});

test('annotations point at the line of the threshold', async () => {
  const file = join(folder, 'shop.yaml');
  await writeFile(file, 'name: shop\nthresholds:\n  - gateway p50 < 1s\n');
  const { placeOf } = createBuildOutput('github', { GITHUB_WORKSPACE: folder });
  assert.deepEqual(placeOf(file)('gateway p50 < 1s'), { file: 'shop.yaml', line: 3, column: 5 });
  assert.equal(placeOf(file)('gateway p99 < 1s'), undefined);
  assert.equal(placeOf(join(folder, 'gone.yaml'))('gateway p50 < 1s'), undefined);
  assert.equal(placeOf(undefined)('gateway p50 < 1s'), undefined);
  assert.equal(createBuildOutput('none', {}).placeOf(file)('gateway p50 < 1s'), undefined);
});

test('diff on GitHub: the answer guarded, an annotation, a summary', async () => {
  const summary = join(folder, 'summary.md');
  await writeFile(summary, 'before\n');
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
  const run = await runCli(['diff', join(folder, 'a'), join(folder, 'slow')], { env });
  assert.equal(run.code, 1, run.stderr);
  const token = /^::stop-commands::([\w-]{36})\nWorse: /.exec(run.stdout)?.[1];
  assert.ok(
    token !== undefined && run.stdout.includes(`\n::${token}::\n::error title=Worse than before%3A `),
    run.stdout,
  );
  assert.match(await readFile(summary, 'utf8'), /^before\n\*\*Worse: /);
});

test('diff on Azure: an issue, the summary, and standard output stays data where data was asked for', async () => {
  const env = { TF_BUILD: 'True' };
  const out = join(folder, 'out.md');
  const run = await runCli(['diff', join(folder, 'a'), join(folder, 'slow'), '--out', out, '--fail-on', 'never'], {
    env,
  });
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /\n##vso\[task\.logissue type=warning;\]Worse than before/);
  assert.ok(
    run.stdout.includes(`\n##vso[task.uploadsummary]${out}\n##vso[task.complete result=SucceededWithIssues;]\n`),
  );
  const json = await runCli(['diff', join(folder, 'a'), join(folder, 'slow'), '--json'], { env });
  assert.equal((JSON.parse(json.stdout) as { verdict: string }).verdict, 'worse');
  assert.match(json.stderr, /##vso\[task\.logissue type=error;\]/);
  const quiet = await runCli(['diff', join(folder, 'a'), join(folder, 'slow'), '--ci', 'none'], { env });
  assert.doesNotMatch(quiet.stdout + quiet.stderr, /##vso/);
});

test('a summary that cannot be written is told and changes nothing', async () => {
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(folder, 'no', 'where') };
  const run = await runCli(['diff', join(folder, 'a'), join(folder, 'a')], { env });
  assert.equal(run.code, 0, run.stdout);
  assert.match(run.stderr, /The summary cannot be written to /);
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeRecording } from '../../src/recording/folder.ts';
import { runCli } from '../helpers/cli.ts';
import { makeRecording } from '../helpers/make-recording.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-diff-'));
  const gateway = (us: number) => () => ({ us });
  for (const [name, seed, us] of [
    ['a', 1, 42_000],
    ['b', 2, 42_000],
    ['slow', 3, 60_000],
  ] as const) {
    const recording = makeRecording({ seed, noise: 1 })
      .compare({ durationUs: 30e6, member: 40_000, gateway: gateway(us) })
      .build();
    await writeRecording(join(folder, name), recording);
  }
});
after(() => rm(folder, { recursive: true, force: true }));

test('diff answers in its first words and by its exit code', async () => {
  const same = await runCli(['diff', join(folder, 'a'), join(folder, 'b')]);
  assert.equal(same.code, 0, same.stderr);
  assert.match(same.stdout, /^No change: the gateway's p50 is within ±5 %/);
  const out = join(folder, 'new', 'diff.json');
  const worse = await runCli(['diff', join(folder, 'a'), join(folder, 'slow'), '--out', out]);
  assert.equal(worse.code, 1, worse.stderr);
  assert.match(worse.stdout, /^Worse: the gateway's p\d\d of home grew by 1[78]\.?\d* ms/);
  assert.equal((JSON.parse(await readFile(out, 'utf8')) as { verdict: string }).verdict, 'worse');
});

test('diff --calibrate counts pairs; wrong usage exits with 2', async () => {
  const calibration = await runCli(['diff', '--calibrate', join(folder, 'a'), join(folder, 'b'), '--json']);
  assert.equal(calibration.code, 0, calibration.stderr);
  assert.equal((JSON.parse(calibration.stdout) as { pairs: number }).pairs, 1);
  for (const args of [
    ['diff', join(folder, 'a')],
    ['diff', '--calibrate', join(folder, 'a')],
    ['diff', 'nowhere', 'no'],
  ]) {
    assert.equal((await runCli(args)).code, 2, args.join(' '));
  }
});

test('rules of the command line decide, in every format; a slip in one is told', async () => {
  const pair = (name: string): readonly string[] => ['diff', join(folder, 'a'), join(folder, name)];
  const kept = await runCli([...pair('slow'), '--threshold', 'change p50 < 90%', 'change p95 < 90%']);
  assert.equal(kept.code, 0, kept.stderr);
  assert.match(kept.stdout, /^Passes: all 2 thresholds on change are kept\./);
  const broken = await runCli([
    ...pair('slow'),
    '--threshold',
    'change p50 < 5%',
    '--format',
    'md',
    '--fail-on',
    'never',
  ]);
  assert.equal(broken.code, 1, broken.stderr);
  assert.match(broken.stdout, /^\*\*Breaks change p50 &lt; 5%: \+/);
  const junit = await runCli([...pair('b'), '--threshold', 'change p50 < 20%', '--format', 'junit']);
  assert.match(junit.stdout, /<testcase classname="gateprobe.thresholds" name="change p50 &lt; 20%" time="0">/);
  assert.equal((await runCli([...pair('slow'), '--fail-on', 'never'])).code, 0);
  for (const [rule, message] of [
    ['change p50 < 5% of hom', /unknown request "hom"\n {2}Did you mean home\?/],
    ['change direct web9 p50 < 5%', /unknown member "web9"/],
    ['change p42 < 5%', /change p42 < 5%\n {11}\^/],
    ['gateway p50 < 1s', /is about one run/],
  ] as const) {
    const slip = await runCli([...pair('b'), '--threshold', rule]);
    assert.equal(slip.code, 2, slip.stdout);
    assert.match(slip.stderr, message);
  }
});

test('with more than twenty runs of the profile beside it, the course over the runs is in every format', async () => {
  const reports = join(folder, 'runs');
  const { profile } = JSON.parse(await readFile(join(folder, 'a', 'recording', 'manifest.json'), 'utf8')) as {
    profile: { name: string };
  };
  for (let run = 1; run <= 30; run++) {
    const value = (run >= 19 ? 65 : 50) + (run % 5);
    const startedAt = new Date(Date.UTC(2026, 9, run, 2)).toISOString();
    const routes = [{ route: 'gateway', latencyMs: { p50: { value } } }];
    const report = { profile, startedAt, validity: { ok: true }, worst: 'none', findings: [], routes };
    await mkdir(join(reports, `run-${startedAt.slice(0, 10)}`), { recursive: true });
    await writeFile(join(reports, `run-${startedAt.slice(0, 10)}`, 'report.json'), JSON.stringify(report));
  }
  const pair = ['diff', join(folder, 'a'), join(folder, 'b'), '--reports', reports];
  const sentence = /Since run 19 \(19 October 2026[^)]*\) the gateway’s p50 is 2\d(\.\d)? % higher/;
  const out = join(folder, 'course.html');
  const text = await runCli([...pair, '--out', out]);
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout.replace(/\s+/g, ' '), sentence);
  assert.match(await readFile(out, 'utf8'), sentence);
  const json = JSON.parse((await runCli([...pair, '--json'])).stdout) as { history: { sentences: string[] } };
  assert.match(json.history.sentences[0] ?? '', sentence);
  assert.match((await runCli([...pair, '--format', 'md'])).stdout, sentence);
  const none = await runCli(['diff', join(folder, 'a'), join(folder, 'b'), '--reports', join(folder, 'nothing')]);
  assert.doesNotMatch(none.stdout, /Since run/);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { compareWithBaseline, loadBaseline } from '../../src/commands/against.ts';
import type { Comparison } from '../../src/model/comparison.ts';
import { diagnose } from '../../src/pipeline.ts';
import { readRecording, writeRecording } from '../../src/recording/folder.ts';
import { type CliResult, runCli } from '../helpers/cli.ts';
import { makeRecording } from '../helpers/make-recording.ts';

let folder = '';
const servers: Server[] = [];

async function startServer(): Promise<string> {
  const server = createServer((_, response) => void setTimeout(() => response.end('ok'), 20));
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-against-'));
  const [gateway, member] = [await startServer(), await startServer()];
  const profile = (name: string, more: string): Promise<void> =>
    writeFile(
      join(folder, `${name}.yaml`),
      `name: shop\ngateway: { url: "${gateway}" }\nmembers: [{ name: web1, url: "${member}" }]\n` +
        'experiments:\n  - compare: { rate: 25/s, for: 8s, newConnections: 10% }\n' +
        more,
    );
  await profile('generous', 'thresholds: [gateway p50 < 10s, change p50 < 900%]\n');
  await profile('strict', 'thresholds: [change p50 < 10%]\n');
  // Whatever this machine does now: a gateway that was twice as fast as its member, or half as fast.
  for (const [name, gatewayUs] of [
    ['fast', 20_000],
    ['slow', 400_000],
  ] as const) {
    const recording = makeRecording({ seed: 1, noise: 1, members: ['web1'] })
      .compare({ durationUs: 20e6, member: 60_000, gateway: gatewayUs })
      .build();
    await writeRecording(join(folder, 'reports', name), recording);
  }
});
after(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true, force: true });
});

const cli = (...args: readonly string[]): Promise<CliResult> => runCli(args, { cwd: folder });

async function comparisonOf(name: string): Promise<Comparison> {
  return JSON.parse(await readFile(join(folder, name, 'comparison.json'), 'utf8')) as Comparison;
}

/** 24 earlier runs of the profile; since the 13th its gateway takes twice as long. */
async function writeEarlierRuns(reports: string, profile: string): Promise<void> {
  for (let run = 1; run <= 24; run++) {
    const value = (run >= 13 ? 10 : 5) + (run % 5) / 10;
    const startedAt = new Date(Date.UTC(2025, 9, run, 2)).toISOString();
    const routes = [{ route: 'gateway', latencyMs: { p50: { value } } }];
    const report = { profile, startedAt, validity: { ok: true }, worst: 'none', findings: [], routes };
    await mkdir(join(reports, startedAt.slice(0, 10)), { recursive: true });
    await writeFile(join(reports, startedAt.slice(0, 10), 'report.json'), JSON.stringify(report));
  }
}

test('a gateway that became slower breaks the rule, twice; the report and the exit code say so', async (t) => {
  const run = await cli('run', 'strict.yaml', '--against', join('reports', 'fast'), '--out', 'broken');
  // Whether a busy machine makes a valid run is not the question here.
  if (run.code === 3) return t.skip('the machine is too busy for a valid run');
  assert.equal(run.code, 1, run.stdout + run.stderr);
  assert.match(run.stderr, /change p50 < 10% is broken\. The compares are run once more/);
  assert.match(run.stdout, /failed +change p50 < 10%/);
  assert.match(run.stdout, /\nAgainst reports.fast: Breaks change p50 < 10%: \+/);
  const { repeat, thresholds } = await comparisonOf('broken');
  if (repeat?.invalid.length === 0) assert.match(thresholds?.[0]?.because ?? '', /; repeated: \+/);
  const junit = await readFile(join(folder, 'broken', 'junit.xml'), 'utf8');
  assert.match(junit, /name="change p50 &lt; 10%"[^>]*><failure/);
  const again = await readRecording(join(folder, 'broken', 'repeat'));
  const slots = Map.groupBy(again.exchanges, ({ slot }) => slot);
  const firsts = [...slots.values()].map((asked) =>
    asked.toSorted((a, b) => a.dueUs - b.dueUs).map(({ route }) => route),
  );
  assert.ok(firsts.length > 40, `${firsts.length} rounds`);
  // Both arms in each round, and which is first is drawn.
  assert.ok(firsts.every((routes) => routes.toSorted().join() === 'direct:web1,gateway'));
  const share = firsts.filter(([first]) => first === 'gateway').length / firsts.length;
  assert.ok(share > 0.2 && share < 0.8, `${share}`);
});

test('one that became faster keeps it, by the name of a baseline; nothing is repeated', async (t) => {
  await writeEarlierRuns(join(folder, 'reports'), 'shop');
  assert.equal((await cli('baseline', 'set', 'main', join('reports', 'slow'))).code, 0);
  const run = await cli('run', 'generous.yaml', '--against', 'main', '--out', 'kept', '--json', '--fail-on', 'never');
  if (run.code === 3) return t.skip('the machine is too busy for a valid run');
  assert.equal(run.code, 0, run.stdout + run.stderr);
  const { thresholds } = JSON.parse(run.stdout) as { thresholds: { text: string; gate: string }[] };
  assert.deepEqual(
    thresholds.map(({ gate }) => gate),
    ['pass', 'pass'],
  );
  assert.match(run.stderr, /^Against main: Passes: the threshold on change is kept\./m);
  const { repeat, history } = await comparisonOf('kept');
  assert.equal(repeat, undefined);
  // This run is the 25th, although it is not in the reports folder.
  assert.equal(history?.runs.length, 25);
  const course = /Over its 25 runs: Since run 13 \(13 October 2025[^)]*\) the gateway’s p50 is [\d.]+ % higher/;
  assert.match(run.stderr.replace(/\s+/g, ' '), course);
});

test('the course over more than twenty runs is in the comparison; the run counts once, wherever it is written to', async () => {
  const reports = join(folder, 'course');
  const recording = makeRecording({ seed: 1, noise: 1, members: ['web1'] })
    .compare({ durationUs: 20e6, member: 5_000, gateway: 10_000 })
    .build();
  const profile = { ...recording.manifest.profile, secrets: [] };
  const report = diagnose(recording);
  const baseline = await loadBaseline(join(folder, 'reports', 'fast'), reports);
  const hold = async (name: string) => {
    const at = join(reports, name);
    await mkdir(at, { recursive: true });
    await writeFile(join(at, 'report.json'), JSON.stringify({ ...report, routes: [] }));
    return compareWithBaseline(recording, { baseline, profile, report, folder: at });
  };
  assert.equal((await hold('first')).history, undefined, 'one run has no course');
  await writeEarlierRuns(reports, report.profile.name);
  const { history } = await hold('first');
  assert.equal(history?.runs.length, 25);
  const sentence = /Since run 13 \(13 October 2025[^)]*\) the gateway’s p50 is \d+ % higher/;
  const page = await readFile(join(reports, 'first', 'comparison.html'), 'utf8');
  assert.match(page, sentence);
  assert.match(page, /over 25 runs/);
  assert.match(await readFile(join(reports, 'first', 'comparison.md'), 'utf8'), sentence);
  await rm(join(reports, 'first'), { recursive: true });
  const elsewhere = { baseline, profile, report, folder: join(folder, 'elsewhere') };
  const last = (await compareWithBaseline(recording, elsewhere)).history?.runs.at(-1);
  assert.deepEqual(last, { name: 'elsewhere', startedAt: report.startedAt });
});

test('a baseline that is not there ends the command before anything is sent', async () => {
  const run = await cli('run', 'strict.yaml', '--against', 'mian');
  assert.equal(run.code, 2);
  assert.match(run.stderr, /Did you mean the baseline main\?|no baseline is called so/);
});

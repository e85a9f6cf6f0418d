import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
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

test('more than twenty runs of a profile have a course: in the list, the page and the JSON', async () => {
  const many = join(folder, 'many');
  const sample = JSON.parse(await readFile(join(folder, 'one', 'report.json'), 'utf8')) as { routes: object[] };
  for (let run = 1; run <= 30; run++) {
    const value = (run >= 19 ? 65 : 50) + (run % 5);
    const routes = sample.routes.map((route, at) => (at === 0 ? { ...route, latencyMs: { p50: { value } } } : route));
    const startedAt = new Date(Date.UTC(2026, 9, run, 2)).toISOString();
    const name = `demo-${startedAt.slice(0, 10)}`;
    await mkdir(join(many, name), { recursive: true });
    const report = { ...sample, routes, startedAt, validity: { ok: true, reasons: [] } };
    await writeFile(join(many, name, 'report.json'), JSON.stringify(report));
  }
  const { code, stdout, stderr } = await runCli(['reports', many]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^demo: Since run 19 \(19 October 2026.*\) the gateway’s p50 is 2\d(\.\d)? % higher/);
  const page = await readFile(join(many, 'index.html'), 'utf8');
  assert.match(page, /Over the runs/);
  assert.match(page, /<svg/);
  const json = JSON.parse((await runCli(['reports', many, '--json', '--no-index'])).stdout) as {
    histories: { profile: string; series: { id: string; changes: { number: number }[] }[] }[];
  };
  const [history] = json.histories;
  assert.equal(history?.profile, 'demo');
  assert.deepEqual(
    history?.series.find(({ id }) => id === 'gateway p50')?.changes.map(({ number }) => number),
    [19],
  );
});

test('a folder that is not there is said', async () => {
  const { code, stderr } = await runCli(['reports', join(folder, 'nothing')]);
  assert.equal(code, 2);
  assert.match(stderr, /is no folder/);
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UserError } from '../../src/errors.ts';
import {
  type BaselineFacts,
  baselineFolder,
  checkBaselineName,
  latestRun,
  listBaselines,
  removeBaseline,
  setBaseline,
} from '../../src/recording/baselines.ts';
import { readRecording, writeRecording } from '../../src/recording/folder.ts';
import { memoryRecording } from '../../src/recording/memory.ts';
import { exchange, FRAME, temporaryFolder } from './traffic.ts';

const FACTS: BaselineFacts = {
  startedAt: '2026-03-01T10:00:00.000Z',
  runId: '0123',
  profile: 'shop',
  requests: 1,
  gateway: { kind: 'nginx', url: 'http://127.0.0.1:1', servers: ['nginx/1.28.0'] },
  version: '0.1.0',
};
const AT = new Date('2026-03-02T08:00:00Z');

async function runIn(reports: string, name: string): Promise<string> {
  const folder = join(reports, name);
  await writeRecording(folder, memoryRecording(FRAME, [exchange(0)]));
  return folder;
}

test('a baseline is a copy: it outlives its run, and says where it came from', async (context) => {
  const reports = temporaryFolder(context);
  const run = await runIn(reports, 'shop-1');
  assert.equal(await setBaseline(reports, 'main', run, FACTS, AT), undefined);
  rmSync(run, { recursive: true });
  const read = await readRecording(await baselineFolder(reports, 'main'));
  assert.equal(read.exchangeCount, 1);
  assert.deepEqual(await listBaselines(reports), [
    { schemaVersion: 1, name: 'main', setAt: AT.toISOString(), ...FACTS, from: 'shop-1' },
  ]);
});

test('a name that is set again gives what it was, and leaves nothing else behind', async (context) => {
  const reports = temporaryFolder(context);
  const run = await runIn(reports, 'shop-1');
  await setBaseline(reports, 'main', run, FACTS, AT);
  const before = await setBaseline(reports, 'main', run, { ...FACTS, runId: '4567' }, AT);
  assert.equal(before?.runId, '0123');
  assert.deepEqual(
    (await listBaselines(reports)).map(({ runId }) => runId),
    ['4567'],
  );
  assert.deepEqual(readdirSync(join(reports, 'baselines')), ['main']);
  // Its own copy may be set again under another name, and under its own.
  const own = await baselineFolder(reports, 'main');
  await setBaseline(reports, 'main', own, FACTS, AT);
  assert.ok(existsSync(join(own, 'recording', 'manifest.json')));
});

test('what cannot be copied leaves the old baseline', async (context) => {
  const reports = temporaryFolder(context);
  await setBaseline(reports, 'main', await runIn(reports, 'shop-1'), FACTS, AT);
  mkdirSync(join(reports, 'empty'));
  await assert.rejects(setBaseline(reports, 'main', join(reports, 'empty'), FACTS, AT), UserError);
  assert.equal((await listBaselines(reports)).length, 1);
  await readRecording(await baselineFolder(reports, 'main'));
});

test('remove takes the copy and not the run; an unknown name is told with those there are', async (context) => {
  const reports = temporaryFolder(context);
  const run = await runIn(reports, 'shop-1');
  await setBaseline(reports, 'main', run, FACTS, AT);
  await assert.rejects(
    baselineFolder(reports, 'mian'),
    (error) => error instanceof UserError && /main/.test(error.hint ?? ''),
  );
  await assert.rejects(setBaseline(reports, 'MAIN', run, FACTS, AT), /baseline main already/);
  await removeBaseline(reports, 'main');
  assert.deepEqual(await listBaselines(reports), []);
  assert.ok(existsSync(run));
  await assert.rejects(removeBaseline(reports, 'main'), UserError);
});

test('names are folder names on every system', () => {
  for (const name of ['main', 'v1.2.3', 'release_2026-03', 'A']) checkBaselineName(name);
  for (const name of [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    'a b',
    'con',
    'NUL.txt',
    'x.',
    '-x',
    'x'.repeat(61),
    'a:b',
  ]) {
    assert.throws(() => checkBaselineName(name), UserError, name);
  }
});

test('a damaged baseline is told, and does not look like one', async (context) => {
  const reports = temporaryFolder(context);
  await setBaseline(reports, 'main', await runIn(reports, 'shop-1'), FACTS, AT);
  for (const text of ['{', 'null', '{}', '{"schemaVersion":1}', '{"schemaVersion":2}']) {
    writeFileSync(join(reports, 'baselines', 'main', 'baseline.json'), text);
    await assert.rejects(listBaselines(reports), /damaged/, text);
  }
});

test('the newest run is the one that began last; what is damaged or none is passed over', async (context) => {
  const reports = temporaryFolder(context);
  assert.equal(await latestRun(join(reports, 'nowhere')), undefined);
  assert.equal(await latestRun(reports), undefined);
  for (const [name, startedAt] of [
    ['a', '2026-03-02T00:00:00.000Z'],
    ['b', '2026-03-01T00:00:00.000Z'],
  ] as const) {
    const recording = memoryRecording(FRAME, [exchange(0)]);
    await writeRecording(join(reports, name), { ...recording, manifest: { ...recording.manifest, startedAt } });
  }
  mkdirSync(join(reports, 'c', 'recording'), { recursive: true });
  writeFileSync(join(reports, 'c', 'recording', 'manifest.json'), '{');
  assert.equal(await latestRun(reports), join(reports, 'a'));
});

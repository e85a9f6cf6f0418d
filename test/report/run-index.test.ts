import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createReports } from '../../src/monitor/web/reports.ts';
import { jsonWriter } from '../../src/report/json.ts';
import { inOrderOfRuns, type RunEntry, runEntryOf, runIndexHtml, runIndexText } from '../../src/report/run-index.ts';
import { clearReport, demoReport, HOSTILE, invalidReport } from './sample-report.ts';

const RUNS: readonly RunEntry[] = [
  {
    name: 'shop-20260302-091504',
    profile: 'shop',
    startedAt: '2026-03-02T09:15:04.000Z',
    worst: 'error',
    isValid: true,
    findings: 3,
    titles: ['The gateway gives up after 2 s.', 'b', 'c'],
  },
  { name: 'calm', profile: 'shop', startedAt: '2026-03-04T00:00:00.000Z', worst: 'none', isValid: true, titles: [] },
  { name: 'bad', profile: 'x', startedAt: '2026-03-03T00:00:00.000Z', worst: 'error', isValid: false, titles: ['b'] },
  { name: 'cut off', titles: [] },
];

test('newest first; what has no time comes last', () => {
  assert.deepEqual(
    inOrderOfRuns(RUNS).map(({ name }) => name),
    ['calm', 'bad', 'shop-20260302-091504', 'cut off'],
  );
});

test('a line tells when, profile, verdict and the worst finding; the one below the folder', () => {
  const lines = runIndexText(inOrderOfRuns(RUNS)).split('\n');
  assert.match(lines[0] ?? '', /^2026-03-04 00:00 {2}shop +No fault found +–$/);
  assert.match(lines[2] ?? '', /^2026-03-03 00:00 {2}x +Not valid +The probe was at its own limit/);
  assert.match(lines[4] ?? '', /^2026-03-02 09:15 {2}shop +Error +The gateway gives up after 2 s\. \(and 2 more\)$/);
  assert.match(lines[5] ?? '', /^ +shop-20260302-091504$/);
  assert.match(lines[6] ?? '', /Cannot be read/);
});

test('the page links each report, and foreign text does nothing', () => {
  const page = runIndexHtml([...RUNS, { name: `../${HOSTILE}`, profile: HOSTILE, worst: HOSTILE, titles: [HOSTILE] }]);
  assert.match(page, /<a href="shop-20260302-091504\/report\.html">2 March 2026, 09:15:04 UTC<\/a>/);
  assert.match(page, /<a href="cut%20off\/report\.html">/);
  assert.match(page, /<a href="\.\.%2F/, 'no way out of the folder');
  assert.ok(!page.includes(HOSTILE));
  assert.equal(page.match(/<script/g)?.length, 1);
  assert.doesNotMatch(page, /<img/);
  assert.match(runIndexHtml([]), /No run is in this folder yet/);
});

test('a report in memory has the same line as one that is read from disk', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gateprobe-entry-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, report] of [
    ['demo', demoReport()],
    ['clear', clearReport()],
    ['invalid', invalidReport()],
  ] as const) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'report.json'), jsonWriter.render(report) as string);
    const read = (await createReports(folder).list()).find((entry) => entry.name === name);
    assert.deepEqual(runEntryOf(name, report), read);
  }
  assert.ok(Object.keys(runEntryOf('demo', demoReport()).latencyMs ?? {}).includes('gateway p50'));
});

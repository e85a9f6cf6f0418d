import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Exchange } from '../../src/model/exchange.ts';
import type { LogSource } from '../../src/model/profile.ts';
import type { Recording } from '../../src/model/recording.ts';
import { GATEWAY, memberOf } from '../../src/model/route.ts';
import { attachLogs } from '../../src/pipeline/attach-logs.ts';
import { diagnose } from '../../src/pipeline.ts';
import { renderHtml } from '../../src/report/html.ts';
import { renderTerminal } from '../../src/report/terminal.ts';
import { makeRecording } from '../helpers/make-recording.ts';

const HEADER =
  '#Fields: date time cs-method cs-uri-stem s-port c-ip cs(User-Agent) sc-status sc-win32-status time-taken\n';
const HOUR_US = 3_600_000_000;

type LineOptions = { readonly path?: string; readonly withIds?: boolean; readonly shiftUs?: number };

/** A W3C log of those requests. */
function logOf(recording: Recording, exchanges: readonly Exchange[], options: LineOptions = {}): string {
  const { path = '/', withIds = true, shiftUs = 0 } = options;
  const startedUs = Date.parse(recording.manifest.startedAt) * 1000;
  const lines = exchanges.map(({ requestId, endUs }) => {
    const [date, time] = new Date((startedUs + endUs + shiftUs) / 1000).toISOString().slice(0, 19).split('T');
    const agent = withIds ? `gateprobe/0.1.0+(run=00000001;+id=${requestId})` : 'curl';
    return `${date} ${time} GET ${path} 80 10.0.0.9 ${agent} 200 0 10\n`;
  });
  return HEADER + lines.join('');
}

function healthyRun(): Recording {
  return makeRecording({ seed: 3, noise: 1, members: ['web1', 'web2'] })
    .compare({ durationUs: 10_000_000 })
    .build();
}

/** A clock that only sleeping moves; `onSleep` is what happens meanwhile. */
function sleepingClock(onSleep: (count: number) => void = () => undefined) {
  let us = 0;
  let sleeps = 0;
  return {
    nowUs: () => us,
    wallMs: () => us / 1000,
    sleep: async (durationUs: number) => {
      us += durationUs;
      onSleep(++sleeps);
    },
  };
}

async function attached(
  recording: Recording,
  files: Readonly<Record<string, string>>,
  onSleep?: (count: number, folder: string) => void,
) {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-attach-'));
  try {
    for (const [from, text] of Object.entries(files)) writeFileSync(join(folder, `${from}.log`), text);
    const logs = Object.keys(files).map((from): LogSource => ({ from, files: `${from}.log` }));
    const clock = sleepingClock((count) => onSleep?.(count, folder));
    const texts: string[] = [];
    const done = await attachLogs(recording, {
      profile: { ...recording.manifest.profile, logs, secrets: [] } as Parameters<typeof attachLogs>[1]['profile'],
      baseFolder: folder,
      clock,
      wallMs: () => Date.parse(recording.manifest.startedAt) + 60_000,
      signal: new AbortController().signal,
      onWait: (text) => texts.push(text),
    });
    return { ...done, texts, waitedUs: clock.nowUs() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the logs of all hosts are waited for at once, and it is said whose and why', async () => {
  const recording = healthyRun();
  const own = (host: string) =>
    recording.exchanges.filter(({ route }) => (host === 'gateway' ? route === GATEWAY : memberOf(route) === host));
  const hosts = ['gateway', 'web1', 'web2'];
  const early = Object.fromEntries(
    hosts.map((host) => [host, logOf(recording, own(host).slice(0, host === 'web2' ? undefined : 3))]),
  );
  const {
    texts,
    waitedUs,
    recording: joined,
  } = await attached(recording, early, (count, folder) => {
    if (count === 4) writeFileSync(join(folder, 'gateway.log'), logOf(recording, own('gateway')));
    if (count === 6) writeFileSync(join(folder, 'web1.log'), logOf(recording, own('web1')));
  });
  assert.equal(waitedUs, 6 * 500_000);
  assert.equal(texts.length, 1);
  assert.match(texts[0] ?? '', /up to 75 s .* the log of the gateway and web1: .*late/);
  const reached = joined.logs?.sources.map(({ watermarkUs = 0 }) => watermarkUs) ?? [];
  const lastUs =
    Date.parse(recording.manifest.startedAt) * 1000 + Math.max(...recording.exchanges.map(({ endUs }) => endUs));
  assert.ok(reached.length === 3 && reached.every((us) => lastUs - us < 2_000_000), JSON.stringify(reached));
  assert.deepEqual(joined.logs?.problems, []);
});

test('a gateway that its answers do not tell is known by its log', async () => {
  const healthy = healthyRun();
  const recording: Recording = { ...healthy, gateway: { kind: 'unknown', certainty: 0, because: [], declared: false } };
  const text = logOf(
    recording,
    recording.exchanges.filter(({ route }) => route === GATEWAY),
  );
  const joined = await attached(recording, { gateway: text });
  assert.equal(joined.recording.gateway.kind, 'arr');
});

test('the waiting ends after 75 s for all of them together', async () => {
  const recording = healthyRun();
  const other = logOf(recording, recording.exchanges.slice(0, 40), { path: '/other', withIds: false });
  const { waitedUs } = await attached(recording, { gateway: other, web1: other, web2: other });
  assert.equal(waitedUs, 75_000_000);
});

const CASES: readonly (readonly [why: string, options: LineOptions, note: RegExp])[] = [
  [
    'of another zone',
    { path: '/other', withIds: false, shiftUs: 2 * HOUR_US },
    /gateway\.log \(iis-w3c, gateway\): none of the run’s \d+ answered requests is in it: \d+ lines from 2026-03-04 07:\d\d:\d\d to .* UTC, the run from 2026-03-04 05:\d\d:\d\d to .*were \+02:00: look at the clock/,
  ],
  ['of another zone behind', { path: '/other', withIds: false, shiftUs: -5.5 * HOUR_US }, /were -05:30/],
  ['of yesterday', { path: '/other', withIds: false, shiftUs: -24.1 * HOUR_US }, /ends before the run/],
  ['of later', { path: '/other', withIds: false, shiftUs: 0.1 * HOUR_US }, /begins after the run/],
  ['of something else at the same time', { path: '/other', withIds: false }, /it is another log/],
];

for (const [why, options, note] of CASES)
  test(`a log ${why} is told in the first warning, in terminal and page`, async () => {
    const recording = healthyRun();
    const lines = recording.exchanges.filter(({ route }) => route === GATEWAY);
    const { recording: joined } = await attached(recording, { gateway: logOf(recording, lines, options) });
    const report = diagnose({ ...joined, warnings: ['a', 'b', 'c', 'd'] });
    assert.match(report.warnings[0] ?? '', note);
    const terminal = renderTerminal(report, { color: false }).replaceAll(/\s+/g, ' ');
    assert.match(terminal, /Warning: gateway\.log \(iis-w3c, gateway\): none of the run’s/);
    assert.match(await renderHtml(report), /none of the run’s/);
  });

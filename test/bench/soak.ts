/**
 * `npm run bench:soak -- --minutes 30`: the monitor, killed every two minutes, before a farm with known faults, on a clock that
 * runs 120 times as fast, with a real Prometheus and Alertmanager beside it where they are installed. Prints what became of each fault,
 * what else was told, which rules fired, what the kills cost, memory and file size, and PASS or FAIL for each point.
 * In 5 minutes the first three faults are due, the recycle after 8, the change of latency after 20. Sends at most some 20 requests a second, to this machine only. Exit code 1: something is not as it should be.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadProfile } from '../../src/profile/load.ts';
import { openHistory } from '../../src/store/history.ts';
import { freePort } from '../helpers/gateways/gateway-process.ts';
import { findProgram } from '../helpers/requires.ts';
import { MONDAY_US } from '../store/rounds.ts';
import { startAlerting } from './soak/alerting.ts';
import type { DaemonOrder, DaemonReport } from './soak/daemon-process.ts';
import type { FarmCount, FarmStarted } from './soak/farm-process.ts';
import { FAULTS } from './soak/faults.ts';
import type { Life } from './soak/outcome.ts';
import type { Scale } from './soak/scaled-clock.ts';
import { verdicts } from './soak/verdicts.ts';

const PROFILE = 'soak';
const KILL_EVERY_MS = 120_000;
/** Of the whole time: the last third is one life, long enough to tell whether memory grows. */
const KILLS_RATIO = 2 / 3;
const PROGRAMS = ['prometheus', 'prometheus-alertmanager'] as const;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    speed: { type: 'string', default: '120' },
    keep: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'gateprobe-soak-'));
mkdirSync(folder, { recursive: true });
const data = join(folder, 'data');
const scale: Scale = { anchorMs: Date.now(), labStartMs: MONDAY_US / 1_000, speed: Number(values.speed) };

let hooks = 0;
const receiver = http.createServer((request, response) => {
  hooks++;
  request.resume();
  response.end();
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
const farm = start('farm-process', scale, []);
const port = await freePort();
const missing = PROGRAMS.filter((program) => findProgram(program) === undefined);
const alerting = missing.length > 0 ? undefined : await startAlerting(`127.0.0.1:${port}`, scale);
try {
  const [started] = (await once(farm, 'message')) as [FarmStarted];
  const profile = join(folder, 'soak.yaml');
  writeFileSync(profile, profileOf(started, (receiver.address() as AddressInfo).port));
  const lives = await soak({ scale, profile, data, reports: join(folder, 'reports'), port });
  const alerts = await alerting?.read();
  farm.send('stop');
  const [{ arrivedAtMs }] = (await once(farm, 'message')) as [FarmCount];
  const history = openHistory(data, { isReadOnly: true });
  try {
    const watched = await loadProfile(profile);
    const checks = verdicts({ history, profile: PROFILE, watched, scale, minutes, lives, arrivedAtMs, alerts, hooks });
    if (alerts === undefined) console.log(`\nnot shown: rules and Alertmanager, without ${missing.join(' and ')}`);
    console.log('');
    for (const { isGood, text } of checks) console.log(`${isGood ? 'PASS' : 'FAIL'}  ${text}`);
    process.exitCode = checks.every(({ isGood }) => isGood) ? 0 : 1;
  } finally {
    history.close();
  }
} finally {
  farm.kill();
  await alerting?.stop();
  receiver.close();
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
}

function start(entry: string, argument: unknown, execArgv: readonly string[]): ChildProcess {
  const file = fileURLToPath(new URL(`./soak/${entry}.ts`, import.meta.url));
  return fork(file, [JSON.stringify(argument)], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

function profileOf({ gatewayPort, members }: FarmStarted, hookPort: number): string {
  const { night } = FAULTS.cold;
  const clockTime = (min: number): string =>
    `${String(Math.floor(min / 60)).padStart(2, '0')}:${String(min % 60).padStart(2, '0')}`;
  return [
    `name: ${PROFILE}`,
    `gateway: { url: "http://127.0.0.1:${gatewayPort}" }`,
    `members: [${members.map(({ name, port }) => `{ name: ${name}, url: "http://127.0.0.1:${port}" }`).join(', ')}]`,
    'requests: [{ name: home, path: / }]',
    'schedule:',
    '  every: 30s',
    '  timezone: UTC',
    `  quiet: { from: "${clockTime(night.from)}", to: "${clockTime(night.to)}", windows: 3, longest: 12m }`,
    `alerts: { webhook: { url: "http://127.0.0.1:${hookPort}/" } }`,
  ].join('\n');
}

/** One life of the daemon after the other. */
async function soak(order: DaemonOrder): Promise<readonly Life[]> {
  const lives: Life[] = [];
  const endAtMs = scale.anchorMs + minutes * 60_000;
  const lastKillAtMs = scale.anchorMs + Math.max(minutes * KILLS_RATIO, minutes < 10 ? minutes - 1 : 0) * 60_000;
  while (Date.now() < endAtMs) {
    const startedAtMs = Date.now();
    const killAtMs = startedAtMs + KILL_EVERY_MS;
    const isKilled = killAtMs < lastKillAtMs;
    const daemon = start('daemon-process', order, ['--expose-gc']);
    const exited = once(daemon, 'exit');
    const reports: DaemonReport[] = [];
    daemon.on('message', (report) => reports.push(report as DaemonReport));
    await Promise.race([sleep((isKilled ? killAtMs : endAtMs) - Date.now()), exited]);
    if (daemon.exitCode !== null) throw new Error(`the monitor ended by itself with exit code ${daemon.exitCode}`);
    const endedAtMs = Date.now();
    daemon.kill(isKilled ? 'SIGKILL' : 'SIGTERM');
    await exited;
    lives.push({ startedAtMs, endedAtMs, nextAtMs: isKilled ? Date.now() : undefined, isKilled, reports });
    console.error(`${((Date.now() - scale.anchorMs) / 60_000).toFixed(1)} min: ${isKilled ? 'killed' : 'stopped'}`);
  }
  return lives;
}

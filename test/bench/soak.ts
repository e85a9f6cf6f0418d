/**
 * `npm run bench:soak -- --minutes 30`: the monitor, killed every two minutes, before a farm with known faults, on a clock that
 * runs 120 times as fast. Prints what became of each fault, what else was told, what the kills cost, and memory and file size.
 * In 5 minutes the first three faults are due, the recycle after 8, the change of latency after 20. Sends at most some 20 requests a second, to this machine only. Exit code 1: something is not as it should be.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/model/random.ts';
import { type HistoryFile, openHistory } from '../../src/store/history.ts';
import { MONDAY_US, randomRound, SECOND_US } from '../store/rounds.ts';
import type { DaemonOrder, DaemonReport } from './soak/daemon-process.ts';
import type { FarmCount, FarmStarted } from './soak/farm-process.ts';
import { FAULTS, MEMBERS } from './soak/faults.ts';
import { killCosts, type Life, memorySlope, otherFindings, ownLagsUs, pages, plantedOutcomes } from './soak/outcome.ts';
import { labMsAt, type Scale } from './soak/scaled-clock.ts';

const PROFILE = 'soak';
const ROUTES = MEMBERS.length + 1;
const EVERY_US = 30 * SECOND_US;
const KILL_EVERY_MS = 120_000;
/** Of the whole time: the last third is one life, long enough to tell whether memory grows. */
const KILLS_RATIO = 2 / 3;
/** Held memory may grow by this much a minute before it is called a leak; at 120 times the pace it is 0.6 MB a day. */
const MOST_KB_A_MINUTE = 50;
/** Rows of failures, events and findings come on top of what is predicted, and pages are not full. */
const MOST_SIZE_RATIO = 3;

/** Later than this in real time (p99) a round is late by more than a busy machine makes it. */
const MOST_LAG_MS = 50;

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
const minuteOf = (atUs: number): number => (atUs / 1_000 - scale.labStartMs) / 60_000;
const systemMsOf = (atUs: number): number => scale.anchorMs + (atUs / 1_000 - scale.labStartMs) / scale.speed;

let hooks = 0;
const receiver = http.createServer((request, response) => {
  hooks++;
  request.resume();
  response.end();
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
const farm = start('farm-process', scale, []);
try {
  const [started] = (await once(farm, 'message')) as [FarmStarted];
  const profile = join(folder, 'soak.yaml');
  writeFileSync(profile, profileOf(started, (receiver.address() as AddressInfo).port));
  const lives = await soak({ scale, profile, data, reports: join(folder, 'reports') });
  farm.send('stop');
  const [{ arrivedAtMs }] = (await once(farm, 'message')) as [FarmCount];
  const history = openHistory(data, { isReadOnly: true });
  try {
    process.exitCode = told(history, lives, arrivedAtMs) ? 0 : 1;
  } finally {
    history.close();
  }
} finally {
  farm.kill();
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
    daemon.kill(isKilled ? 'SIGKILL' : 'SIGTERM');
    await exited;
    lives.push({ startedAtMs, nextAtMs: isKilled ? Date.now() : undefined, isKilled, reports });
    console.error(`${((Date.now() - scale.anchorMs) / 60_000).toFixed(1)} min: ${isKilled ? 'killed' : 'stopped'}`);
  }
  return lives;
}

function told(history: HistoryFile, lives: readonly Life[], arrivedAtMs: readonly number[]): boolean {
  const all = { profile: PROFILE, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER };
  const endMin = (labMsAt(scale, Date.now()) - scale.labStartMs) / 60_000;
  const events = history.events(all);
  const planted = plantedOutcomes(events, minuteOf, endMin);
  console.log(`${minutes} min at ${scale.speed} times the pace: ${(endMin / 60).toFixed(1)} h of the lab\n\nplanted`);
  for (const { planted: one, state, events: own } of planted) {
    console.log(`  ${state.padEnd(10)} ${one.name}`);
    for (const event of own.slice(0, 3)) console.log(`             ${clockOf(event.fromAtUs)} ${event.title}`);
  }
  const others = otherFindings(events, minuteOf);
  const { opened, others: otherPages } = pages(events, minuteOf);
  const tickets = events.filter(({ kind, facts }) => kind === 'alert' && facts['urgency'] === 'ticket').length;
  list('other findings', others);
  list(
    `pages (${opened.length}; beside them ${tickets} tickets told; ${hooks} calls of the webhook): others`,
    otherPages,
  );
  const isIntact = history.check().length === 0;
  console.log(`history is ${isIntact ? 'intact' : `broken: ${history.check().join('; ')}`}`);
  const rounds = history.rounds(all);
  const costs = killCosts(lives, arrivedAtMs, rounds, systemMsOf, ROUTES);
  const areKillsCheap = costs.every(
    (cost, i) => Math.abs(cost.requests) <= (lives[i]?.isKilled === true ? 5 * ROUTES : ROUTES),
  );
  for (const [i, { requests, rounds: lost }] of costs.entries())
    console.log(
      `  life ${i + 1} ${lives[i]?.isKilled === true ? 'killed ' : 'stopped'} ${requests} requests in no round: ${lost} rounds`,
    );
  const isPunctual = showLags(ownLagsUs(rounds).map((us) => us / scale.speed));
  const checks = [planted.every(({ state }) => state === 'found' || state === 'not-due'), others.length === 0];
  return [
    ...checks,
    otherPages.length === 0,
    isIntact,
    areKillsCheap,
    isPunctual,
    showMemory(lives),
    showSize(history),
  ].every((isGood) => isGood);
}

function list(title: string, told: readonly { readonly atMin: number; readonly title: string }[]): void {
  console.log(`\n${title}: ${told.length === 0 ? 'none' : told.length}`);
  for (const one of told) console.log(`  ${clockOf(scale.labStartMs * 1_000 + one.atMin * 60_000_000)} ${one.title}`);
}

function clockOf(atUs: number): string {
  return new Date(atUs / 1_000).toISOString().slice(5, 16).replace('T', ' ');
}

function showLags(lagsUs: readonly number[]): boolean {
  const sorted = lagsUs.toSorted((a, b) => a - b);
  const at = (share: number): number => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1_000;
  console.log(
    `${sorted.length} rounds began late by (real ms): median ${at(0.5).toFixed(1)}, p99 ${at(0.99).toFixed(1)}, most ${at(1).toFixed(1)}`,
  );
  return at(0.99) <= MOST_LAG_MS;
}

function showMemory(lives: readonly Life[]): boolean {
  const { slope, reports, lastBytes } = memorySlope(lives);
  const last = lives.at(-1)?.reports.at(-1);
  const cpu = last === undefined ? 0 : last.cpuUs / 1_000 / last.upMs;
  console.log(`the monitor took ${(100 * cpu).toFixed(1)} % of a core`);
  if (slope === undefined) {
    console.log(
      `memory held ${(lastBytes / 1e6).toFixed(1)} MB; whether it grows cannot be told: ${reports} reports after the longest life had settled`,
    );
    return true;
  }
  const { low, high, p } = slope;
  console.log(
    `memory held ${(lastBytes / 1e6).toFixed(1)} MB; slope ${slope.slope.toFixed(1)} kB a minute (99 %: ${low.toFixed(1)} … ${high.toFixed(1)}), p ${p.toExponential(1)}, ${reports} reports`,
  );
  return low <= MOST_KB_A_MINUTE;
}

/** Against a file of as many made-up rounds of as many routes, of which nothing failed. */
function showSize(history: HistoryFile): boolean {
  const all = { profile: PROFILE, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER };
  const scheduled = history.rounds(all).filter(({ kind }) => kind === 'scheduled').length;
  const other = mkdtempSync(join(tmpdir(), 'gateprobe-soak-size-'));
  const predicted = openHistory(other);
  try {
    const random = createRandom(1);
    for (let i = 0; i < scheduled; i++) {
      const atUs = MONDAY_US + i * EVERY_US;
      const { round } = randomRound(random, atUs, { profile: PROFILE, isNew: i % 2 === 0, members: MEMBERS.length });
      predicted.append(round, []);
      if (i % 10 === 0) predicted.maintain(atUs);
    }
    predicted.close();
    const is = history.size();
    // Of the files themselves: what stands in the log of writes is in the file once it is closed.
    const [isBytes, wasBytes] = [statSync(history.file).size, statSync(predicted.file).size];
    console.log(
      `file ${(isBytes / 1e6).toFixed(2)} MB, predicted for ${scheduled} rounds ${(wasBytes / 1e6).toFixed(2)} MB; intervals ${JSON.stringify(is.intervals)}, kept ${is.kept}, events ${is.events}, findings ${is.findings}`,
    );
    return isBytes <= MOST_SIZE_RATIO * wasBytes;
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
}

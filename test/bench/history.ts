/**
 * `npm run bench:history -- [days] [folder] [minutes of work]`: a history of one profile with 8 members and a round every 30 s, made
 * through the same calls that the monitor makes; prints the size of the file and how long the views of a dashboard wait. With a folder
 * it goes on where the last call stopped, and keeps it; after so many minutes of work it stops and shows what is there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '../../src/model/finding.ts';
import type { HistoryInterval } from '../../src/model/history.ts';
import { createRandom } from '../../src/model/random.ts';
import { decodeHistogram } from '../../src/recording/histogram.ts';
import { type HistoryFile, openHistory } from '../../src/store/history.ts';
import { DAY_US, HOUR_US, MINUTE_US, MONDAY_US, randomRound, SECOND_US } from '../store/rounds.ts';

const MAX_BYTES = 1_000_000_000;
const MAX_VIEW_MS = 200;
const REPEATS = 5;
const EVERY_US = 30 * SECOND_US;
const PROFILE = 'shop';

const days = Number(process.argv[2] ?? 365);
const given = process.argv[3];
const maxMinutes = Number(process.argv[4] ?? Number.POSITIVE_INFINITY);
const folder = given ?? mkdtempSync(join(tmpdir(), 'gateprobe-monitor-'));
const history = openHistory(folder);
try {
  const endUs = fill(history);
  const { bytes, intervals, kept, events, findings } = history.size();
  const covered = (endUs - MONDAY_US) / DAY_US;
  console.log(`${covered.toFixed(1)} days of 9 routes, a round every 30 s: ${(bytes / 1e6).toFixed(0)} MB`);
  console.log(`intervals ${JSON.stringify(intervals)}, kept ${kept}, events ${events}, findings ${findings}\n`);
  const isQuick = showViews(history, endUs);
  if (bytes > MAX_BYTES || !isQuick) process.exitCode = 1;
} finally {
  history.close();
  if (given === undefined) rmSync(folder, { recursive: true });
}

/** The end of what is there. */
function fill(file: HistoryFile): number {
  const [last] = file.rounds({ profile: PROFILE, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER, limit: 1 });
  const beganMs = performance.now();
  const startUs = last === undefined ? MONDAY_US : last.startedAtUs + EVERY_US;
  const random = createRandom(startUs % 4_294_967_296);
  let slowestMs = 0;
  let maintainMs = 0;
  let atUs = startUs;
  for (; atUs < MONDAY_US + days * DAY_US; atUs += EVERY_US) {
    const number = (atUs - MONDAY_US) / EVERY_US;
    const { round, kept } = randomRound(random, atUs, { profile: PROFILE, isNew: number % 2 === 0 });
    const problem = file.append(round, kept);
    if (problem !== undefined) throw new Error(problem.text);
    if (number % 10 === 0) {
      const startMs = performance.now();
      file.maintain(atUs);
      const tookMs = performance.now() - startMs;
      maintainMs += tookMs;
      slowestMs = Math.max(slowestMs, tookMs);
      if (performance.now() - beganMs > maxMinutes * 60_000) break;
    }
    if (number % 700 === 0) tell(file, atUs, number);
  }
  const rounds = (atUs - startUs) / EVERY_US;
  const perRoundMs = (performance.now() - beganMs - maintainMs) / rounds;
  console.log(
    `${rounds} rounds: ${perRoundMs.toFixed(3)} ms each with making them up; maintaining every 5 minutes: ${(maintainMs / (rounds / 10)).toFixed(2)} ms, at most ${slowestMs.toFixed(0)} ms`,
  );
  return atUs;
}

/** About four spells of failures a day, each told twice, and a finding every other day. */
function tell(file: HistoryFile, atUs: number, number: number): void {
  const facts = { requestIds: Array.from({ length: 7 }, (_, i) => (number + i).toString(16).padStart(16, '0')) };
  const event = {
    id: `failing-${number}`,
    profile: PROFILE,
    kind: 'failing',
    severity: 'error',
    fromAtUs: atUs,
  } as const;
  file.putEvent({ ...event, route: 'gateway', title: 'gateway failed 2 of 7', facts });
  file.putEvent({ ...event, route: 'gateway', title: 'gateway failed 2 of 7', facts, toAtUs: atUs + 90 * SECOND_US });
  if (number % 7_000 !== 0) return;
  const finding: Finding = {
    cause: 'member/error',
    scope: { route: 'direct', member: 'web3' },
    severity: 'error',
    confidence: 'likely',
    title: 'web3 answers 1 of 50 requests with 500',
    meaning: 'Its application fails. '.repeat(20),
    measured: { errorRatio: { value: 0.02, low: 0.01, high: 0.03 } },
    rivals: [],
    exhibits: [],
    remedy: { steps: ['Read its log.'], commands: [], howToVerify: 'Run it again.' },
    p: 1e-9,
  } as unknown as Finding;
  const times = { firstSeenAtUs: atUs, lastSeenAtUs: atUs + HOUR_US, closedAtUs: atUs + 2 * HOUR_US, timesSeen: 3 };
  file.putFinding({ id: `finding-${number}`, profile: PROFILE, finding, ...times });
}

function showViews(file: HistoryFile, endUs: number): boolean {
  const last = (spanUs: number) => ({ profile: PROFILE, fromAtUs: endUs - spanUs, toAtUs: endUs });
  const views: readonly (readonly [name: string, show: () => readonly unknown[]])[] = [
    ['the last 90 intervals (15 minutes)', () => drawn(file.intervals({ ...last(15 * MINUTE_US), limit: 90 }))],
    ['one hour', () => drawn(file.intervals(last(HOUR_US)))],
    ['24 hours', () => drawn(file.intervals(last(DAY_US)))],
    ['24 hours of one route', () => drawn(file.intervals({ ...last(DAY_US), route: 'direct:web3' }))],
    ['7 days', () => drawn(file.intervals(last(7 * DAY_US)))],
    ['30 days', () => drawn(file.intervals(last(30 * DAY_US)))],
    ['30 days by the hour', () => drawn(file.intervals({ ...last(30 * DAY_US), level: '1h' }))],
    ['7 days, every histogram read', () => decoded(file.intervals(last(7 * DAY_US)))],
    ['one year', () => drawn(file.intervals(last(365 * DAY_US)))],
    ['events of 30 days', () => file.events(last(30 * DAY_US))],
    ['events of a year', () => file.events(last(365 * DAY_US))],
    ['findings of a year', () => file.findings(last(365 * DAY_US))],
    ['open findings', () => file.findings({ ...last(365 * DAY_US), open: true })],
    ['kept exchanges of 7 days', () => file.kept(last(7 * DAY_US))],
    ['rounds of 24 hours', () => file.rounds(last(DAY_US))],
    ['size', () => [file.size()]],
  ];
  let isQuick = true;
  for (const [name, show] of views) {
    const times: number[] = [];
    let rows = 0;
    for (let i = 0; i < REPEATS; i++) {
      const startMs = performance.now();
      rows = show().length;
      times.push(performance.now() - startMs);
    }
    const [first = 0] = times;
    const medianMs = times.toSorted((a, b) => a - b)[REPEATS >> 1] ?? 0;
    isQuick &&= medianMs < MAX_VIEW_MS;
    console.log(
      `${name.padEnd(36)} ${String(rows).padStart(6)} rows  ${medianMs.toFixed(1).padStart(6)} ms  (first ${first.toFixed(1)} ms)`,
    );
  }
  return isQuick;
}

/** What a chart draws. */
function drawn(intervals: readonly HistoryInterval[]): readonly unknown[] {
  return intervals.map(({ quantilesUs, failed, count }) => [quantilesUs?.p50, quantilesUs?.p99, failed / count]);
}

/** As a chart that merges series does it: every histogram is read. */
function decoded(intervals: readonly HistoryInterval[]): readonly unknown[] {
  return intervals.map(({ response }) => decodeHistogram(response).length);
}

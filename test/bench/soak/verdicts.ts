/** What the soak came to, point by point: the details as text, and whether each point holds, with its figure. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryEvent } from '../../../src/model/history.ts';
import type { Profile } from '../../../src/model/profile.ts';
import { createRandom } from '../../../src/model/random.ts';
import { USES_REMEMBERED } from '../../../src/monitor/idle-drops.ts';
import { type HistoryFile, openHistory } from '../../../src/store/history.ts';
import { MONDAY_US, randomRound, SECOND_US } from '../../store/rounds.ts';
import { alertOutcome, type FiredAlert } from './alert-outcome.ts';
import type { Alerts } from './alerting.ts';
import { evidentAtMin, saysAt, toldByMin } from './evidence.ts';
import { MEMBERS, type Planted } from './faults.ts';
import {
  faultToldAtMin,
  killCosts,
  type Life,
  memorySlope,
  otherFindings,
  pages,
  plantedOutcomes,
  type Told,
} from './outcome.ts';
import { labMsAt, type Scale } from './scaled-clock.ts';

export type Check = { readonly isGood: boolean; readonly text: string };

export type Soaked = {
  readonly history: HistoryFile;
  readonly profile: string;
  readonly watched: Profile;
  readonly scale: Scale;
  readonly minutes: number;
  readonly lives: readonly Life[];
  readonly arrivedAtMs: readonly number[];
  /** Undefined: Prometheus is not on this machine. */
  readonly alerts: Alerts | undefined;
  readonly hooks: number;
};

const ROUTES = MEMBERS.length + 1;
const EVERY_US = 30 * SECOND_US;
/** Before that it is not known what is ordinary, and history says nothing (`FAULTS`). */
const LEARNT_MIN = 120;
/** A life needs some time until all is loaded and judged once. */
const LOADED_AFTER_MS = 90_000;
/** What fills the longest: uses of kept and of new connections, which take turns from round to round. All else is full before, or known from history. */
const FULL_AFTER_US = 2 * USES_REMEMBERED * EVERY_US;
/** The smallest leak there is: of each request one value, or one pointer, is kept. */
const LEAST_LEAK_BYTES = 8;
/** Rows of failures, events and findings come on top of what is predicted, and pages are not full. */
const MOST_SIZE_RATIO = 3;
/** Later than this in real time (p99) a round is late by more than a busy machine makes it. */
const MOST_LAG_MS = 50;

/** Prints what it judges by. */
export function verdicts(soaked: Soaked): readonly Check[] {
  const { history, scale, profile, minutes } = soaked;
  const endMs = Math.max(...soaked.lives.map(({ endedAtMs }) => endedAtMs));
  const endMin = minuteOf(scale, labMsAt(scale, endMs) * 1_000);
  console.log(`${minutes} min at ${scale.speed} times the pace: ${(endMin / 60).toFixed(1)} h of the lab`);
  const events = history.events({ profile, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER });
  return [
    ...foundChecks(soaked, events, endMin),
    ...(soaked.alerts === undefined ? [] : ruleChecks(soaked, soaked.alerts, events, endMs)),
    ...roundChecks(soaked),
    memoryCheck(soaked),
    sizeCheck(history, profile),
  ];
}

function minuteOf({ labStartMs }: Scale, atUs: number): number {
  return (atUs / 1_000 - labStartMs) / 60_000;
}

function clockOf(scale: Scale, atMin: number): string {
  return new Date(scale.labStartMs + atMin * 60_000).toISOString().slice(5, 16).replace('T', ' ');
}

function list(scale: Scale, title: string, told: readonly Told[]): void {
  console.log(`\n${title}: ${told.length === 0 ? 'none' : told.length}`);
  for (const one of told) console.log(`  ${clockOf(scale, one.atMin)} ${one.title}`);
}

/** Of a fault whose evidence depends on the machine's pace: when history said it, and the monitor had its time to look. */
function dueAtMin({ history, watched, scale, lives }: Soaked, planted: Planted, endMin: number): number {
  const { evidence, span, toldBy, evidentBy = Number.POSITIVE_INFINITY } = planted;
  if (evidence === undefined) return toldBy;
  const isSaidAt = (atMin: number): boolean =>
    saysAt(history, watched, (scale.labStartMs + atMin * 60_000) * 1_000, evidence);
  const evidentMin = evidentAtMin(isSaidAt, Math.max(span.from, LEARNT_MIN), endMin);
  if (evidentMin === undefined) return evidentBy;
  const minuteOfMs = (ms: number): number => minuteOf(scale, labMsAt(scale, ms) * 1_000);
  return Math.min(evidentBy, Math.max(toldBy, toldByMin(evidentMin, lives, minuteOfMs)));
}

function foundChecks(soaked: Soaked, events: readonly HistoryEvent[], endMin: number): readonly Check[] {
  const { scale, hooks } = soaked;
  const minute = (atUs: number): number => minuteOf(scale, atUs);
  const planted = plantedOutcomes(events, minute, endMin, (one) => dueAtMin(soaked, one, endMin));
  console.log('\nplanted');
  for (const { planted: one, toldBy, state, events: own } of planted) {
    const due = Number.isFinite(toldBy)
      ? `due by ${clockOf(scale, toldBy)}`
      : 'its history never says so three looks in a row';
    console.log(`  ${state.padEnd(10)} ${one.name}; ${due}`);
    for (const event of own.slice(0, 3))
      console.log(`             ${clockOf(scale, minute(event.fromAtUs))} ${event.title}`);
  }
  const others = otherFindings(events, minute);
  const { opened, others: otherPages } = pages(events, minute);
  const tickets = events.filter(({ kind, facts }) => kind === 'alert' && facts['urgency'] === 'ticket');
  list(scale, 'other findings', others);
  const toldOf = (event: HistoryEvent): Told => ({ atMin: minute(event.fromAtUs), title: event.title });
  list(scale, 'pages', opened);
  list(scale, `tickets (${hooks} calls of the webhook, with pages)`, tickets.map(toldOf));
  const found = planted.filter(({ state }) => state === 'found').length;
  const due = planted.filter(({ state }) => state !== 'not-due').length;
  return [
    {
      isGood: found === due,
      text: `${found} of ${due} planted faults that were due are found once, in time, with the right cause and member`,
    },
    { isGood: others.length === 0, text: `${others.length} other findings` },
    {
      isGood: otherPages.length === 0,
      text: `${otherPages.length} of ${opened.length} pages are about nothing that was planted`,
    },
  ];
}

function ruleChecks(
  { scale, lives }: Soaked,
  alerts: Alerts,
  events: readonly HistoryEvent[],
  endMs: number,
): readonly Check[] {
  const minuteOfMs = (ms: number): number => minuteOf(scale, labMsAt(scale, ms) * 1_000);
  const downMs = lives.flatMap(({ endedAtMs, nextAtMs }) =>
    // A start takes some seconds, the next scrape one more.
    nextAtMs === undefined ? [] : [{ fromMs: endedAtMs, toMs: nextAtMs + 10_000 }],
  );
  const { fired, received } = alerts;
  const toldAtMin = faultToldAtMin(events, (atUs) => minuteOf(scale, atUs));
  const { expected, others, lost } = alertOutcome(fired, received, { minuteOfMs, endMs, downMs, toldAtMin });
  const words = ({ labels }: FiredAlert): string =>
    [labels['alertname'], labels['cause'], labels['member'] ?? labels['route']]
      .filter((one) => one !== undefined)
      .join(' ');
  const toldOf = (one: FiredAlert): Told => ({
    atMin: minuteOfMs(one.fromMs),
    title: `${words(one)}, for ${((one.toMs - one.fromMs) / 1_000).toFixed(0)} s`,
  });
  const looksMin = alerts.looksSec.map((sec) => sec / 60).sort((a, b) => a - b);
  const look = (share: number): string => (looksMin[Math.floor(share * (looksMin.length - 1))] ?? 0).toFixed(1);
  console.log(
    `\n${looksMin.length} looks at history, due every 5 min, took (lab min) median ${look(0.5)}, most ${look(1)}`,
  );
  console.log('\nrules of Prometheus, with their durations divided by the pace');
  for (const { alert, state } of expected)
    console.log(`  ${state.padEnd(10)} ${alert.name} ${Object.values(alert.where).join(' ')}`);
  list(scale, 'fired', fired.toSorted((a, b) => a.fromMs - b.fromMs).map(toldOf));
  list(scale, 'fired where nothing was planted', others.map(toldOf));
  list(scale, 'fired and not handed on by Alertmanager', lost.map(toldOf));
  const due = expected.filter(({ state }) => state !== 'not-due');
  const got = due.filter(({ state }) => state === 'received').length;
  return [
    {
      isGood: got === due.length,
      text: `${got} of ${due.length} rules that were due fired, and Alertmanager handed them on`,
    },
    {
      isGood: others.length === 0,
      text: `${others.length} of ${fired.length} times a rule fired where nothing was planted`,
    },
    {
      isGood: lost.length === 0,
      text: `${lost.length} that fired were not handed on; ${received.length} notices came from Alertmanager`,
    },
  ];
}

function roundChecks({ history, profile, scale, lives, arrivedAtMs }: Soaked): readonly Check[] {
  const broken = history.check();
  const rounds = history.rounds({ profile, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER });
  const systemMsOf = (atUs: number): number => scale.anchorMs + (atUs / 1_000 - scale.labStartMs) / scale.speed;
  const costs = killCosts(lives, arrivedAtMs, rounds, systemMsOf, ROUTES);
  const isCheap = costs.every(
    ({ requests }, i) => Math.abs(requests) <= (lives[i]?.isKilled === true ? 5 * ROUTES : ROUTES),
  );
  const kills = lives.filter(({ isKilled }) => isKilled).length;
  const lags = rounds.map(({ lagUs }) => lagUs / scale.speed / 1_000).sort((a, b) => a - b);
  const at = (share: number): string => (lags[Math.floor(share * (lags.length - 1))] ?? 0).toFixed(1);
  return [
    {
      isGood: broken.length === 0,
      text: broken.length === 0 ? 'history is intact' : `history is broken: ${broken.join('; ')}`,
    },
    {
      isGood: isCheap,
      text: `${kills} kills cost ${costs.map(({ rounds: lost }) => lost).join(', ')} rounds (${costs.map(({ requests }) => requests).join(', ')} requests in no round; the last life was stopped)`,
    },
    {
      isGood: Number(at(0.99)) <= MOST_LAG_MS,
      text: `${lags.length} rounds began late by (real ms) median ${at(0.5)}, p99 ${at(0.99)} (limit ${MOST_LAG_MS}), most ${at(1)}`,
    },
  ];
}

/**
 * When all windows are full nothing is kept of a request any more: what is held as data must grow by less than the smallest leak. What the
 * compiler makes of the program is told and not judged: it comes to an end with the program's functions, over many lab days.
 */
function longestMs(lives: readonly Life[]): number {
  return Math.max(...lives.map(({ startedAtMs, endedAtMs }) => endedAtMs - startedAtMs));
}

function memoryCheck({ lives, scale }: Soaked): Check {
  const last = lives.at(-1)?.reports.at(-1);
  const cpu = last === undefined ? 0 : last.cpuUs / 1_000 / last.upMs;
  console.log(`\nthe monitor took ${(100 * cpu).toFixed(1)} % of a core in its last life`);
  const fullMs = Math.max(LOADED_AFTER_MS, FULL_AFTER_US / 1_000 / scale.speed);
  const resident = memorySlope(lives, LOADED_AFTER_MS, ({ rssBytes }) => rssBytes);
  console.log(`resident with all threads ${(resident.lastBytes / 1e6).toFixed(0)} MB${slopeText(resident.slope)}`);
  const code = memorySlope(lives, fullMs, ({ codeBytes }) => codeBytes);
  console.log(`compiled code ${(code.lastBytes / 1e6).toFixed(1)} MB${slopeText(code.slope)}`);
  const early = memorySlope(lives, fullMs, ({ dataBytes }) => dataBytes).slope;
  // What V8 notes of functions that are called often is data, too: it comes in the first minutes, and a leak does not end with them.
  const judgedMs = Math.max(fullMs, longestMs(lives) / 2);
  const { slope, reports, lastBytes } = memorySlope(lives, judgedMs, ({ dataBytes }) => dataBytes);
  console.log(`data held${slopeText(early)} from ${(fullMs / 1_000).toFixed(0)} s on`);
  const held = `data held ${(lastBytes / 1e6).toFixed(1)} MB`;
  const after = `${reports} reports from ${(judgedMs / 1_000).toFixed(0)} s on, when its windows are full and its code is warm`;
  if (slope === undefined) return { isGood: true, text: `${held}; whether it grows cannot be told: ${after}` };
  const mostKb = (LEAST_LEAK_BYTES * ROUTES * scale.speed * 60 * SECOND_US) / EVERY_US / 1_000;
  return {
    isGood: slope.low <= mostKb,
    text: `${held}${slopeText(slope)}; limit ${mostKb.toFixed(1)}: ${LEAST_LEAK_BYTES} bytes kept of each request; ${after}`,
  };
}

function slopeText(slope: ReturnType<typeof memorySlope>['slope']): string {
  if (slope === undefined) return '';
  return `; slope ${slope.slope.toFixed(1)} kB a minute (99 %: ${slope.low.toFixed(1)} … ${slope.high.toFixed(1)})`;
}

/** Against a file of as many made-up rounds of as many routes, of which nothing failed. */
function sizeCheck(history: HistoryFile, profile: string): Check {
  const all = { profile, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER };
  const scheduled = history.rounds(all).filter(({ kind }) => kind === 'scheduled').length;
  const other = mkdtempSync(join(tmpdir(), 'gateprobe-soak-size-'));
  const predicted = openHistory(other);
  try {
    const random = createRandom(1);
    for (let i = 0; i < scheduled; i++) {
      const atUs = MONDAY_US + i * EVERY_US;
      const { round } = randomRound(random, atUs, { profile, isNew: i % 2 === 0, members: MEMBERS.length });
      predicted.append(round, []);
      if (i % 10 === 0) predicted.maintain(atUs);
    }
    predicted.close();
    const is = history.size();
    // Of the files themselves: what stands in the log of writes is in the file once it is closed.
    const [isBytes, wasBytes] = [statSync(history.file).size, statSync(predicted.file).size];
    const rows = `intervals ${JSON.stringify(is.intervals)}, kept ${is.kept}, events ${is.events}, findings ${is.findings}`;
    return {
      isGood: isBytes <= MOST_SIZE_RATIO * wasBytes,
      text: `file ${(isBytes / 1e6).toFixed(2)} MB, predicted for ${scheduled} rounds ${(wasBytes / 1e6).toFixed(2)} MB, limit ${MOST_SIZE_RATIO} times; ${rows}`,
    };
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
}

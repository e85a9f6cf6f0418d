/** What a history says of the faults that were planted, of everything else that was told, and of what kills cost. Pure. */
import { theilSen } from '../../../src/analysis/slopes.ts';
import type { HistoryEvent, RoundRecord } from '../../../src/model/history.ts';
import { isAtLeast } from '../../../src/model/severity.ts';
import type { DaemonReport } from './daemon-process.ts';
import { FAILING, isLessOfFault, PLANTED, type Planted, TELLS_LESS } from './faults.ts';

export type PlantedOutcome = {
  readonly planted: Planted;
  readonly toldBy: number;
  readonly state: 'found' | 'missed' | 'told-twice' | 'late' | 'not-due';
  readonly events: readonly HistoryEvent[];
};

/** Minutes of lab time of an event's begin. */
export type MinuteOf = (atUs: number) => number;

/** `toldByOf`: when each must have been told at the latest, lab minutes; infinite where nothing said it. */
export function plantedOutcomes(
  events: readonly HistoryEvent[],
  minuteOf: MinuteOf,
  endMin: number,
  toldByOf: (planted: Planted) => number = ({ toldBy }) => toldBy,
): readonly PlantedOutcome[] {
  return PLANTED.map((planted) => {
    const toldBy = toldByOf(planted);
    const own = events.filter((event) => planted.is(event) && isWithin(minuteOf(event.fromAtUs), planted));
    const opened = own.map(({ fromAtUs }) => minuteOf(fromAtUs)).sort((a, b) => a - b);
    const [first] = opened;
    const state =
      first === undefined
        ? endMin < toldBy
          ? 'not-due'
          : 'missed'
        : first > toldBy
          ? 'late'
          : own.length > 1 && planted.isRepeated !== true
            ? 'told-twice'
            : 'found';
    return { planted, toldBy, state, events: own };
  });
}

/** From its begin on: what a finding tells stays in the history of a day. */
function isWithin(atMin: number, { span }: Planted): boolean {
  return atMin >= span.from;
}

/** Lab minute at which the fault of which something else tells less was told; undefined: not at all. */
export function faultToldAtMin(events: readonly HistoryEvent[], minuteOf: MinuteOf): number | undefined {
  const { of, member, from } = TELLS_LESS;
  return events
    .filter((event) => event.kind === 'finding' && event.cause === of && event.member === member)
    .map(({ fromAtUs }) => minuteOf(fromAtUs))
    .filter((atMin) => atMin >= from)
    .sort((a, b) => a - b)[0];
}

export type Told = { readonly atMin: number; readonly title: string };

/** Findings of warning and above, and cold starts, that are of no fault. */
export function otherFindings(events: readonly HistoryEvent[], minuteOf: MinuteOf): readonly Told[] {
  const toldAtMin = faultToldAtMin(events, minuteOf);
  return events
    .filter(
      (event) =>
        ((event.kind === 'finding' && isAtLeast(event.severity, 'warning')) || event.kind === 'cold-start') &&
        !isLessOfFault(event, minuteOf(event.fromAtUs), toldAtMin) &&
        !PLANTED.some((planted) => planted.is(event) && isWithin(minuteOf(event.fromAtUs), planted)),
    )
    .map((event) => ({ atMin: minuteOf(event.fromAtUs), title: `${event.cause ?? event.kind}: ${event.title}` }));
}

/** Pages that were opened, and those among them that no planted failure explains. */
export function pages(
  events: readonly HistoryEvent[],
  minuteOf: MinuteOf,
): { readonly opened: readonly Told[]; readonly others: readonly Told[] } {
  const opened = events.filter(
    ({ kind, facts }) =>
      kind === 'alert' && facts['urgency'] === 'page' && (facts['notice'] === 'opened' || facts['notice'] === 'worse'),
  );
  const told = (event: HistoryEvent): Told => ({ atMin: minuteOf(event.fromAtUs), title: event.title });
  const isPlanted = (event: HistoryEvent): boolean =>
    FAILING.some(
      ({ from, to, routes }) =>
        minuteOf(event.fromAtUs) >= from &&
        minuteOf(event.fromAtUs) <= to &&
        (event.facts['routes'] as readonly string[]).every((route) => routes.includes(route)),
    );
  return { opened: opened.map(told), others: opened.filter((event) => !isPlanted(event)).map(told) };
}

export type Life = {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** When the next one began; undefined for the last. */
  readonly nextAtMs: number | undefined;
  readonly isKilled: boolean;
  readonly reports: readonly DaemonReport[];
};

export type KillCost = {
  readonly atMs: number;
  /** Requests that reached a member and stand in no round. */
  readonly requests: number;
  readonly rounds: number;
};

/** Every request of the probe reaches a member, directly or through the gateway: what is in no round was lost. */
export function killCosts(
  lives: readonly Life[],
  arrivedAtMs: readonly number[],
  rounds: readonly RoundRecord[],
  systemMsOf: (atUs: number) => number,
  routes: number,
): readonly KillCost[] {
  return lives.map(({ startedAtMs, nextAtMs = Number.POSITIVE_INFINITY }) => {
    const isOwn = (atMs: number): boolean => atMs >= startedAtMs && atMs < nextAtMs;
    const arrived = arrivedAtMs.filter(isOwn).length;
    const kept = rounds
      .filter(({ startedAtUs }) => isOwn(systemMsOf(startedAtUs)))
      .reduce((sum, { count }) => sum + count, 0);
    return { atMs: nextAtMs, requests: arrived - kept, rounds: Math.ceil((arrived - kept) / routes) };
  });
}

/** Of reports every 2 s: three minutes. In less, a step of the compiler passes for a slope. */
const LEAST_REPORTS = 90;

/** Memory of the longest life from `fromMs` of it on: kB a minute, with its interval; undefined with too few reports. */
export function memorySlope(lives: readonly Life[], fromMs: number, bytesOf: (report: DaemonReport) => number) {
  const whole = lives.map(({ reports }) => reports).toSorted((a, b) => b.length - a.length)[0] ?? [];
  const longest = whole.filter(({ upMs }) => upMs >= fromMs);
  const isLong = longest.length >= LEAST_REPORTS;
  const slope = !isLong
    ? undefined
    : theilSen(
        longest.map(({ upMs }) => upMs / 60_000),
        longest.map((report) => bytesOf(report) / 1_000),
        { confidence: 0.99 },
      );
  const last = whole.at(-1);
  return { slope, reports: longest.length, lastBytes: last === undefined ? 0 : bytesOf(last) };
}

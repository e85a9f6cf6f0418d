/** What is wrong with the farm of the soak, and when: minutes of lab time since its begin. */
import type { Finding } from '../../../src/model/finding.ts';
import type { HistoryEvent } from '../../../src/model/history.ts';

/** In lab minutes. */
type Span = { readonly from: number; readonly to: number };

/** Rounds every 30 s need 99 minutes until it is known what is ordinary: all faults come later, but the recycle, which has no begin. */
export const FAULTS = {
  /** web1 is gone after so long without a request, and takes so long to start: less than the gateway waits, as the recycle does. */
  cold: { member: 'web1', idleMin: 8, startMs: 300, night: { from: 105, to: 235 } },
  /** web3 is started anew that often, whatever it does. */
  recycle: { member: 'web3', everyMin: 30, phaseMin: 7, startMs: 280 },
  /** Long, because a confirm burst of slow answers takes a quarter of an hour at this pace. Every second answer takes longer than the gateway waits; asked directly it comes. */
  timeout: { from: 245, to: 365, ratio: 0.5, slowMs: 600, responseMs: 400 },
  /** web2 answers 503 to everything for half of the time. */
  flapping: { member: 'web2', from: 380, to: 500, everyMin: 30, downMin: 15 },
  /** From then on web1 takes longer for everything. A day before it and six hours after it are needed. */
  change: { member: 'web1', from: 1_805, addedMs: 60 },
} as const;

export const MEMBERS = ['web1', 'web2', 'web3'] as const;

export function isDown(member: string, atMin: number): boolean {
  const { flapping } = FAULTS;
  const isTime = atMin >= flapping.from && atMin < flapping.to;
  return member === flapping.member && isTime && (atMin - flapping.from) % flapping.everyMin < flapping.downMin;
}

export function isSlowTime(atMin: number): boolean {
  return atMin >= FAULTS.timeout.from && atMin < FAULTS.timeout.to;
}

/** Which start of the recycled member holds. */
export function recycleAt(atMin: number): number {
  return Math.floor((atMin - FAULTS.recycle.phaseMin) / FAULTS.recycle.everyMin);
}

export type Planted = {
  readonly name: string;
  /** When it can be seen at all, and when it must have been told at the latest. */
  readonly span: Span;
  readonly toldBy: number;
  /** Of the findings that tell it, or the kind of event where it is no finding. */
  readonly is: (event: HistoryEvent) => boolean;
  /** Told again and again by design: a cold start is an event each time. */
  readonly isRepeated?: true;
  /** What says it, where it must be told only once history says it (`evidence.ts`), if that is later than `toldBy`. */
  readonly evidence?: (finding: Finding) => boolean;
  /** By then history must say it: a detector that has become blind does not make its fault one that is not due. */
  readonly evidentBy?: number;
};

const ofCause = (cause: string, member?: string) => (event: HistoryEvent) =>
  event.kind === 'finding' && event.cause === cause && (member === undefined || event.member === member);

/**
 * The third outage makes a habit (`detectors/flapping.ts`) and is over 75 minutes after the first began; a stretch of five minutes
 * without failures must follow, and history is judged every five minutes: 10 to 15 more. The rest is for a kill just then.
 * That is for evidence as a farm gives it: a member that fails is asked 60 times in five minutes. Here answers and confirm bursts take as
 * long as ever, 120 times as long by the lab's clock: it is asked three to seven times, on a busy machine less. How many outages it takes
 * is then not known beforehand, and the history is asked when it said so.
 */
const FLAPPING_TOLD_BY = FAULTS.flapping.from + 2 * FAULTS.flapping.everyMin + FAULTS.flapping.downMin + 45;
/**
 * Rayleigh's p is exp(−n²/(n + m)) for n starts at one phase and m slow answers at any other (methods C.5). For 8 periods, 3 members and
 * 288 looks a day, together once in ten thousand, the exponent must be 18. Slow answers in the two hours of the gateway's timeout make
 * some six events of their own at this member: n = 24. Not seen are four starts before it is known what is ordinary, four in those two
 * hours, two in quiet windows, and one in a kill; and one more turn until it is looked at. How many slow answers that are depends on the
 * rounds that meet them: three soaks had 8 to 13, one of them n = 27. So it must be told once history says it, and history must say it
 * with 14 of them: n = 28.
 */
const RECYCLE_MISSED = 4 + 4 + 2 + 1 + 1;
const RECYCLE_TOLD_BY = (24 + RECYCLE_MISSED) * FAULTS.recycle.everyMin;
const RECYCLE_EVIDENT_BY = (28 + RECYCLE_MISSED) * FAULTS.recycle.everyMin;
/**
 * Six hourly stretches after it (`detectors/change-places.ts`), the two that its begin and the moment of looking cut, and an hour until
 * history is looked at as far back again. A change of more than its double is beyond chance by then (methods C.9).
 */
const CHANGE_TOLD_BY = FAULTS.change.from + (6 + 2 + 1) * 60;

/** Judged every five minutes, what takes a month every hour. */
export const PLANTED: readonly Planted[] = [
  {
    name: 'web1 goes cold after 8 min without a request',
    span: FAULTS.cold.night,
    toldBy: FAULTS.cold.night.to,
    // The gateway is asked at the same moment, and may pass its request on to the one that starts.
    // So may web3 be starting by its own timer just then.
    is: ({ kind, member }) => kind === 'cold-start' && member !== FAULTS.flapping.member,
    isRepeated: true,
  },
  {
    name: 'the gateway waits 400 ms',
    span: FAULTS.timeout,
    toldBy: FAULTS.timeout.to + 15,
    is: ofCause('timeout/gateway-response'),
  },
  {
    name: 'web2 goes up and down',
    span: FAULTS.flapping,
    toldBy: FLAPPING_TOLD_BY,
    is: ofCause('member/flapping', FAULTS.flapping.member),
    evidence: ({ cause, scope }) => cause === 'member/flapping' && scope.member === FAULTS.flapping.member,
  },
  {
    name: 'web3 starts anew every 30 min',
    span: { from: 0, to: Number.POSITIVE_INFINITY },
    toldBy: RECYCLE_TOLD_BY,
    is: ofCause('cold-start/recycle', FAULTS.recycle.member),
    evidence: ({ cause, scope }) => cause === 'cold-start/recycle' && scope.member === FAULTS.recycle.member,
    evidentBy: RECYCLE_EVIDENT_BY,
  },
  {
    name: 'web1 answers 60 ms later since 30 h 5 min',
    span: { from: FAULTS.change.from, to: Number.POSITIVE_INFINITY },
    toldBy: CHANGE_TOLD_BY,
    is: ofCause('change/latency', FAULTS.change.member),
  },
];

/**
 * Less than a fault, and true of it: the member that goes up and down answers with errors. That is right from the fault's begin until the
 * fault itself is told, whenever that is, and held back from then on; whether the fault was told in time is a point of its own.
 */
export const TELLS_LESS = {
  ...{ cause: 'member/errors', of: 'member/flapping', member: FAULTS.flapping.member },
  from: FAULTS.flapping.from,
} as const;

export function isLessOfFault(event: HistoryEvent, atMin: number, toldAtMin: number | undefined): boolean {
  const { cause, member, from } = TELLS_LESS;
  return ofCause(cause, member)(event) && atMin >= from && atMin <= (toldAtMin ?? Number.POSITIVE_INFINITY);
}

/** Times in which failures are planted: pages in them are right. The rules look back five rounds, spells end with two good ones. */
export const FAILING: readonly (Span & { readonly routes: readonly string[] })[] = [
  { ...FAULTS.timeout, to: FAULTS.timeout.to + 5, routes: ['gateway'] },
  { ...FAULTS.flapping, to: FAULTS.flapping.to + 5, routes: ['gateway', `direct:${FAULTS.flapping.member}`] },
];

/** An alert of `docs/integrations/prometheus` that may fire between these lab minutes. */
export type ExpectedAlert = Span & {
  readonly name: string;
  readonly where: Readonly<Record<string, string>>;
  /** Must fire, at the latest then; left out: it may. */
  readonly firesBy?: number;
  /** It must fire once its finding was told, whenever that was. */
  readonly isOnceTold?: true;
  /** It may fire until what tells more of the same fault is told (`TELLS_LESS`). */
  readonly isUntilTold?: true;
};

const THROUGH = { route: 'gateway' } as const;
const STRAIGHT = { route: 'direct', member: FAULTS.flapping.member } as const;
const { timeout, flapping } = FAULTS;
/** Prometheus looks every second, two lab minutes, and sees what begins or ends at the next scrapes. */
export const SCRAPES_MIN = 10;
/** An alert ends when its short window has left the failures behind. */
const FAST_TAIL = 5 + SCRAPES_MIN;
const SLOW_TAIL = 30 + SCRAPES_MIN;
const LEAK_TAIL = 360 + SCRAPES_MIN;

const findingAlert = (cause: string, where: Readonly<Record<string, string>>, from: number, firesBy?: number) => ({
  ...{ name: 'GateprobeFinding', where: { cause, ...where }, from, to: Number.POSITIVE_INFINITY },
  ...(firesBy === undefined ? {} : { firesBy: firesBy + SCRAPES_MIN }),
});

/** While web2 is down a third of what comes through the gateway fails as well: its alerts may fire, the member's must. */
export const ALERTS: readonly ExpectedAlert[] = [
  { name: 'GateprobeGatewayFails', where: THROUGH, from: timeout.from, to: flapping.to + FAST_TAIL },
  {
    ...{ name: 'GateprobeMemberFails', where: STRAIGHT, from: flapping.from, to: flapping.to + FAST_TAIL },
    firesBy: flapping.from + 10,
  },
  {
    ...{ name: 'GateprobeErrorBudgetBurnsFast', where: THROUGH, from: timeout.from, to: flapping.to + FAST_TAIL },
    // Every second request fails: three failures take a few rounds.
    firesBy: timeout.from + 20,
  },
  {
    ...{ name: 'GateprobeErrorBudgetBurnsFast', where: STRAIGHT, from: flapping.from, to: flapping.to + FAST_TAIL },
    firesBy: flapping.from + 20,
  },
  { name: 'GateprobeErrorBudgetBurns', where: THROUGH, from: timeout.from, to: flapping.to + SLOW_TAIL },
  { name: 'GateprobeErrorBudgetBurns', where: STRAIGHT, from: flapping.from, to: flapping.to + SLOW_TAIL },
  { name: 'GateprobeErrorBudgetLeaks', where: THROUGH, from: timeout.from, to: flapping.to + LEAK_TAIL },
  { name: 'GateprobeErrorBudgetLeaks', where: STRAIGHT, from: flapping.from, to: flapping.to + LEAK_TAIL },
  findingAlert('timeout/gateway-response', THROUGH, timeout.from, timeout.to + 15),
  { ...findingAlert(TELLS_LESS.of, STRAIGHT, flapping.from, FLAPPING_TOLD_BY), isOnceTold: true },
  { ...findingAlert(TELLS_LESS.cause, STRAIGHT, TELLS_LESS.from), isUntilTold: true },
  findingAlert('cold-start/recycle', { route: 'direct', member: FAULTS.recycle.member }, 0, RECYCLE_TOLD_BY),
  findingAlert('change/latency', { route: 'direct', member: FAULTS.change.member }, FAULTS.change.from, CHANGE_TOLD_BY),
];

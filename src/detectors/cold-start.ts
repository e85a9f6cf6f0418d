/** Slow first requests after an idle time, and whether the application or only the connection was cold. */
import { chanceOfStep, idleBracket, type LadderStep } from '../analysis/ladder.ts';
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { mannWhitney, rankP } from '../analysis/rank.ts';
import type { CauseId } from '../model/causes.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { Estimate, Exhibit } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { areAlike, connectingUs, isFirstAfterPause, waitUs } from './idle-firsts.ts';
import { isRepeatedAttempt } from './syn-loss.ts';

/**
 * A rung is cold when its first request is among the slowest of 100 (methods C.5). Of fewer than 200 warm ones a single one may be as slow:
 * the first request of a run can have met a start itself …
 */
const RUNG_P = 0.01;
const LEAST_WARM_AS_SLOW = 2;
/** … and one of 20 is the least that says anything. */
const MOST_RUNG_P = 0.05;
/** … and the excess is felt: three times a warm request, and 100 ms more (methods C.5); more also than one answer in ten that a cache or a busy moment makes wait. */
const LEAST_RATIO = 3;
const LEAST_EXCESS_US = 100_000;
const ORDINARY_RATIO = 0.9;

/** So many warm requests are enough for an exact test of a few cold ones (two against 600: 6e-6), of more it would be an approximation. */
const MOST_WARM = 600;

function evenly(values: readonly number[]): readonly number[] {
  const step = Math.max(1, values.length / MOST_WARM);
  return values.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
}

/**
 * Connects that took as long as a lost attempt and its repetition. A way that loses one in fifty does so twice in a ladder of six once in 170 runs,
 * four times hardly ever: only then is it the pause that loses them.
 */
const LEAST_LOST = 4;

/** Rests that differ by so many times what is left of their sum's spread take turns with the wait: four deviations, as for a timer's mark. */
const RESTS_DIFFER_TIMES = 4;

function rungP(warmCount: number): number {
  return Math.min(MOST_RUNG_P, Math.max(RUNG_P, LEAST_WARM_AS_SLOW / (warmCount + 1)));
}

type Part = 'application' | 'connection';

/** The time a cold application adds shows in the wait for the answer, a cold connection in the phases before it. */
function partUs(exchange: Exchange, part: Part): number {
  return part === 'connection' ? connectingUs(exchange) : waitUs(exchange);
}

type Rung = {
  readonly first: Exchange;
  readonly gapUs: number;
  /** The silence on its route as it was: never shorter than the gap, longer where the probe woke late. */
  readonly silenceUs: number;
  readonly excessUs: number;
  readonly isCold: boolean;
  /** As slow as a cold one, but not beyond what warm ones do at times: it shows neither. */
  readonly isUnclear: boolean;
};
type Ladder = {
  readonly rungs: readonly Rung[];
  readonly warmUs: readonly number[];
  readonly baseUs: number;
  /** First requests that failed: a cold start is slow and succeeds, a failure after silence has another cause. */
  readonly failedCount: number;
};

/** Ordinary answers to the same request. Without its connection the wait is the same on a new and on a warm one. */
function slotTimes(route: RouteId, part: Part, requestName: string, measures: Measures): readonly number[] {
  const connection = part === 'connection' ? { connection: 'new' as const } : {};
  const slots = measures.exchanges({ route, roles: ['slot'], requestName, cohorts: ['ok'], ...connection });
  // How long it was silent before the run nobody knows: what was sent until the first was answered may have waited for a start.
  const [first] = slots.toSorted((a, b) => a.dueUs - b.dueUs);
  const awakeUs = first?.endUs ?? 0;
  return slots.filter(({ sentUs, dueUs }) => (sentUs ?? dueUs) >= awakeUs).map((exchange) => partUs(exchange, part));
}

function ladderOf(route: RouteId, part: Part, measures: Measures): Ladder | undefined {
  const idle = measures.exchanges({ experimentKind: 'idle', route });
  const sent = idle.filter(isFirstAfterPause);
  const firsts = sent.filter((exchange) => !isFailure(exchange));
  const requestName = firsts[0]?.requestName;
  if (requestName === undefined) return undefined;
  const after = idle.filter(
    (exchange) => !isFailure(exchange) && exchange.connection?.isNew === true && isAfterTheFirst(exchange, sent),
  );
  const warmUs = [...after.map((exchange) => partUs(exchange, part)), ...slotTimes(route, part, requestName, measures)];
  if (warmUs.length < 5) return undefined;
  const baseUs = median(warmUs);
  const ordinaryUs = warmUs.toSorted((a, b) => a - b)[Math.floor(ORDINARY_RATIO * (warmUs.length - 1))] ?? baseUs;
  const floorUs = Math.max(LEAST_RATIO * baseUs, ordinaryUs + LEAST_EXCESS_US);
  const endsUs = measures.exchanges({ route }).map(({ endUs }) => endUs);
  const rungs = firsts.flatMap((first): readonly Rung[] => {
    const beforeUs = lastBefore(endsUs, first.dueUs);
    // How long the silence before the first request of a run was, nobody knows.
    if (beforeUs === undefined) return [];
    const us = partUs(first, part);
    const gapUs = first.tag?.kind === 'idle' ? first.tag.gapUs : 0;
    const silenceUs = Math.max(gapUs, (first.sentUs ?? first.dueUs) - beforeUs);
    const isSlow = us >= floorUs;
    const isCold = isSlow && rankP(us, warmUs) <= rungP(warmUs.length);
    return [{ first, gapUs, silenceUs, excessUs: us - baseUs, isCold, isUnclear: isSlow && !isCold }];
  });
  return { rungs, warmUs, baseUs, failedCount: sent.length - firsts.length };
}

/** What was sent while the first request still waited for a start waited with it: that is no warm request. */
function isAfterTheFirst({ tag, dueUs, sentUs }: Exchange, firsts: readonly Exchange[]): boolean {
  if (tag?.kind !== 'idle' || tag.order === 0 || sentUs === undefined) return false;
  const own = firsts.filter((first) => first.dueUs <= dueUs).at(-1);
  return own !== undefined && sentUs >= own.endUs;
}

function lastBefore(endsUs: readonly number[], atUs: number): number | undefined {
  const before = endsUs.filter((endUs) => endUs <= atUs);
  return before.length === 0 ? undefined : before.reduce((a, b) => Math.max(a, b));
}

/**
 * Warm after a pause: the threshold is above the pause, which is sure; cold: it is at most the silence as it was. In
 * between any value is as likely as its half or its double, since gaps are chosen by ratio: the value is the geometric
 * mean.
 */
function bracketOf({
  rungs,
}: Ladder): { readonly threshold: Required<Estimate>; readonly cold: readonly Rung[] } | undefined {
  const idleUs = ({ isCold, gapUs, silenceUs }: Rung): number => (isCold ? silenceUs : gapUs);
  const told = rungs.filter(({ isUnclear }) => !isUnclear);
  const bracket = idleBracket(told.map((rung): LadderStep => ({ gapUs: idleUs(rung), isCold: rung.isCold })));
  const { coldFromUs: high, warmUpToUs: low = 0 } = bracket;
  if (high === undefined || !bracket.isConsistent) return undefined;
  const value = Math.round(low === 0 ? high : Math.sqrt(low * high));
  return { threshold: { value, low, high }, cold: rungs.filter(({ isCold }) => isCold) };
}

/**
 * How far warm requests lie from the median of their own route, over all routes: a few first requests need more to be
 * held against than one route has. Through the gateway only ordinary slots: after a pause it may meet a member that starts.
 */
function warmExcesses(route: RouteId, ladder: Ladder, part: Part, measures: Measures): readonly number[] {
  const [requestName = ''] = measures.exchanges({ experimentKind: 'idle' }).map((exchange) => exchange.requestName);
  const others = measures.members.map(directTo).filter((other) => other !== route);
  return [
    ladder.warmUs,
    ...others.map((other) => ladderOf(other, part, measures)?.warmUs ?? []),
    ...(route === GATEWAY ? [] : [slotTimes(GATEWAY, part, requestName, measures)]),
  ].flatMap((warmUs) => {
    const baseUs = warmUs.length === 0 ? 0 : median(warmUs);
    return warmUs.map((us) => us - baseUs);
  });
}

/** The read timer of Go gateways runs from the last byte on, while the connection rests: rest and wait together are constant, which a start cannot know. */
function isRestingTimer(cold: readonly Rung[]): boolean {
  const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
  const rests = cold.map(({ silenceUs }) => silenceUs);
  return spread(rests) >= RESTS_DIFFER_TIMES * spread(cold.map(({ silenceUs, excessUs }) => silenceUs + excessUs));
}

function candidateFor(route: RouteId, part: Part, measures: Measures): Candidate | undefined {
  const ladder = ladderOf(route, part, measures);
  if (ladder === undefined) return undefined;
  const bracket = bracketOf(ladder);
  if (bracket === undefined || bracket.cold.length < 2) return undefined;
  const { cold, threshold } = bracket;
  const excesses = cold.map(({ excessUs }) => excessUs);
  const warm = [
    ...evenly(warmExcesses(route, ladder, part, measures)),
    ...ladder.rungs.filter(({ isCold }) => !isCold).map(({ excessUs }) => excessUs),
  ];
  // How often an ordinary answer is as slow as a cold one has to be.
  const coldRatio = Math.min(rungP(ladder.warmUs.length), rankP(Math.min(...excesses), warm));
  const penalty = {
    value: Math.round(median(excesses)),
    low: Math.round(Math.min(...excesses)),
    high: Math.round(Math.max(...excesses)),
  };
  const member = memberOf(route);
  const who = member ?? 'the gateway';
  const where =
    threshold.low === 0
      ? `at most ${formatDuration(threshold.high)}`
      : `more than ${formatDuration(threshold.low)} and at most ${formatDuration(threshold.high)}`;
  const isTimerLike =
    member === undefined && measures.members.length > 0 && (areAlike(excesses) || isRestingTimer(cold));
  const isByLoss = part === 'connection' && cold.length < LEAST_LOST && cold.every(isLostAttempt);
  return {
    cause: part === 'application' ? 'cold-start/idle' : 'cold-start/connection',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: isByLoss ? 'info' : 'warning',
    confidence: isTimerLike || isByLoss ? 'possible' : 'confirmed',
    // Every member was looked at, and the gateway where none was cold.
    p: Math.min(
      1,
      chanceOfStep(ladder.rungs, mannWhitney(excesses, warm).p, coldRatio) * (measures.members.length + 1),
    ),
    title:
      part === 'application'
        ? `${who} starts cold after an idle time of ${where}: the first request then takes ${formatDuration(penalty.value)} longer.`
        : `The connection to ${who} is cold after an idle time of ${where}: the first request then takes ${formatDuration(penalty.value)} longer to connect.`,
    meaning: `${cold.length} of ${cold.length} first requests after such a pause were slow and succeeded${ladder.failedCount > 0 ? `; ${ladder.failedCount} more failed, which no cold start does, and are left out` : ''}. Requests after them took ${formatDuration(ladder.baseUs)}. ${part === 'application' ? 'The excess is in the wait for the answer, not in connecting: the application had gone to sleep.' : 'The excess is in name lookup, connect or TLS, not in the wait for the answer.'} Traffic of others keeps an application warm: the threshold found is a lower bound.${isTimerLike ? ' The members themselves were awake and all waits are equally long: the gateway may as well have waited for a connection that was gone.' : ''}${isByLoss ? ' They took as long as an attempt that was lost and repeated, which a lossy way does at any time.' : ''}`,
    measured: { idleThresholdUs: threshold, penaltyUs: penalty },
    exhibits: [
      ladderExhibit(route, ladder, part),
      exchangesExhibit(
        `cold-${route.replace(':', '-')}`,
        'First requests after idleness',
        'Each was the first on its route after the pause.',
        cold.map(({ first }) => first),
      ),
    ],
    rivals: [
      part === 'application'
        ? { cause: 'cold-start/connection', whyNot: 'connecting was as fast as for warm requests' }
        : { cause: 'cold-start/idle', whyNot: 'the wait for the answer was as short as for warm requests' },
      { cause: 'queue/member', whyNot: 'nothing else was asked at that moment' },
    ],
    explains: seqsOf(cold.map(({ first }) => first)),
  };
}

function isLostAttempt({ first }: Rung): boolean {
  return isRepeatedAttempt(first.phasesUs?.connect ?? 0);
}

function ladderExhibit(route: RouteId, ladder: Ladder, part: Part): Exhibit {
  const point = ({ gapUs, excessUs }: Rung): [number, number] => [
    gapUs,
    Math.max(1, Math.round(excessUs + ladder.baseUs)),
  ];
  return {
    kind: 'xy',
    id: `idle-ladder-${route.replace(':', '-')}`,
    title: `Idle ladder of ${memberOf(route) ?? 'the gateway'}`,
    reading: `Each point is the first request after a pause of that length (${part === 'application' ? 'without connecting' : 'connecting only'}). The step is where it turns cold; the line is a warm request.`,
    x: { title: 'pause before the request', unit: 'us', scale: 'log' },
    y: { title: 'elapsed time', unit: 'us', scale: 'log' },
    series: [
      { name: 'cold', role: 'cold', style: 'points', points: ladder.rungs.filter(({ isCold }) => isCold).map(point) },
      { name: 'warm', role: 'warm', style: 'points', points: ladder.rungs.filter(({ isCold }) => !isCold).map(point) },
    ],
    marks: [{ axis: 'y', value: Math.round(ladder.baseUs), label: `warm: ${formatDuration(ladder.baseUs)}` }],
  };
}

function detectPart(part: Part, measures: Measures): Detection {
  const idle = measures.exchanges({ experimentKind: 'idle' });
  if (idle.length === 0) return insufficient('an idle ladder (idle: { gaps: [30s, 5m, 21m] })', 'none in this run');
  const direct = measures.members
    .map((member) => candidateFor(directTo(member), part, measures))
    .filter((candidate) => candidate !== undefined);
  // All routes are asked at once: a cold member makes the gateway's first request slow as well.
  const gateway = direct.length > 0 ? undefined : candidateFor(GATEWAY, part, measures);
  const longest = Math.max(...idle.map(({ tag }) => (tag?.kind === 'idle' ? tag.gapUs : 0)));
  return candidatesOr(
    [...direct, ...(gateway === undefined ? [] : [gateway])],
    `after pauses of up to ${formatDuration(longest)} first requests were as fast as warm ones`,
  );
}

function coldStart(cause: CauseId, part: Part): Detector {
  return { cause, detect: ({ measures }) => detectPart(part, measures) };
}

export const coldIdle: Detector = coldStart('cold-start/idle', 'application');
export const coldConnection: Detector = coldStart('cold-start/connection', 'connection');

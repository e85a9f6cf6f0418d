/** Answers that take longer, or less, since a moment, and stay so. */
import { historyBlocks, historyTimes, usualConnection } from '../analysis/history-blocks.ts';
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { dailySwing, type Shift, shiftAt, type Timed } from '../analysis/same-hours.ts';
import type { Exhibit } from '../model/finding.ts';
import type { HistoryEvidence } from '../model/history.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { createRandom } from '../model/random.ts';
import { GATEWAY, memberOf, type RouteId, routesTo } from '../model/route.ts';
import { changeBlockUs, changePlaces, LEAST_AFTER, missingForChange, stampOf } from './change-places.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';

/** Below a fifth and 10 ms nobody feels it (methods C.0). */
const LEAST_RATIO = 0.2;
const LEAST_US = 10_000;
/** A farm whose days differ by themselves must change by more than twice their largest difference. */
const BEYOND_SWING = 2;
/** Quantiles of stretches in which more failed tell of failures, not of answers. */
const MOST_FAILED_RATIO = 0.1;
/** The median of a handful is no median; a 95th percentile needs twenty to lie inside its sample (methods A.7). */
const QUANTILES = [
  { p: 0.5, name: 'the median answer', leastCount: 5 },
  { p: 0.95, name: 'the slowest twentieth of answers', leastCount: 40 },
] as const;
/** As a level for saying anything; the judge asks for more before it warns. */
const LARGEST_P = 0.01;
/** What a member does at the same time is seen through the gateway as well. */
const SAME_TIME_US = 3 * 3_600_000_000;

type Change = {
  readonly route: RouteId;
  readonly quantile: (typeof QUANTILES)[number];
  readonly atUs: number;
  readonly lastBeforeAtUs: number;
  readonly beforeUs: number;
  readonly shift: Shift;
  readonly p: number;
  /** ln µs. */
  readonly points: readonly Timed[];
};

/** ln of a quantile per stretch: a change by a ratio is the same at any level. */
function pointsOf(
  history: HistoryEvidence,
  route: RouteId,
  { p, leastCount }: (typeof QUANTILES)[number],
  blockUs: number,
): readonly Timed[] {
  const failing = new Set(
    historyBlocks(history, { route }, blockUs)
      .filter(({ count, failed }) => failed > MOST_FAILED_RATIO * count)
      .map(({ startAtUs }) => startAtUs),
  );
  return historyTimes(history, { route, connection: usualConnection(history, route) }, blockUs, 'service').flatMap(
    ({ startAtUs, times }) =>
      times.count < leastCount || failing.has(startAtUs)
        ? []
        : [{ atUs: startAtUs, value: Math.log(Math.max(1, times.quantile(p))) }],
  );
}

function changeOf(
  route: RouteId,
  quantile: (typeof QUANTILES)[number],
  points: readonly Timed[],
  blockUs: number,
  { seed, members }: Measures,
): Change | undefined {
  const random = createRandom(seed).fork(`change ${route} ${quantile.p}`);
  const places = changePlaces(points, blockUs, random);
  const changes = places.flatMap(({ atUs, lastBeforeAtUs }): readonly Change[] => {
    const shift = shiftAt(points, atUs);
    const beforeUs = Math.exp(median(points.filter((one) => one.atUs < atUs).map(({ value }) => value)));
    if (shift === undefined || !isFelt(points, atUs, beforeUs, shift)) return [];
    // Any stretch could have been the place, on any route, at either quantile.
    const searched = points.length * (members.length + 1) * QUANTILES.length;
    const p = Math.min(1, shift.p * searched);
    return p > LARGEST_P ? [] : [{ route, quantile, atUs, lastBeforeAtUs, beforeUs, shift, p, points }];
  });
  return changes.sort((a, b) => Math.abs(b.shift.difference) - Math.abs(a.shift.difference))[0];
}

function isFelt(points: readonly Timed[], atUs: number, beforeUs: number, { difference }: Shift): boolean {
  const ratio = Math.exp(difference);
  const swing = dailySwing(points, atUs) ?? 0;
  // Still so at the end: an incident that is over is none.
  const tail = points.slice(-LEAST_AFTER);
  const atEnd = shiftOfTail(points, atUs, tail);
  return (
    Math.abs(ratio - 1) >= LEAST_RATIO &&
    Math.abs(ratio - 1) * beforeUs >= LEAST_US &&
    Math.abs(difference) > BEYOND_SWING * swing &&
    atEnd !== undefined &&
    Math.sign(atEnd) === Math.sign(difference) &&
    Math.abs(atEnd) >= Math.abs(difference) / 2
  );
}

const DAY_US = 24 * 3_600_000_000;

/** Median of the last stretches against the same hour of the last day before the change, whatever its kind. */
function shiftOfTail(points: readonly Timed[], changeAtUs: number, tail: readonly Timed[]): number | undefined {
  const byTime = new Map(points.map((one) => [one.atUs, one.value]));
  const differences = tail.flatMap(({ atUs, value }) => {
    const days = Math.max(1, Math.ceil((atUs - changeAtUs + 1) / DAY_US));
    const before = byTime.get(atUs - days * DAY_US);
    return before === undefined ? [] : [value - before];
  });
  return differences.length === 0 ? undefined : median(differences);
}

/** Members that changed alike are one finding; a gateway that only passes on what they do is none. */
function gathered(changes: readonly Change[], members: number): readonly (readonly Change[])[] {
  const isSame = (a: Change, b: Change): boolean =>
    Math.abs(a.atUs - b.atUs) <= SAME_TIME_US && Math.sign(a.shift.difference) === Math.sign(b.shift.difference);
  const groups: Change[][] = [];
  for (const change of changes.filter(({ route }) => route !== GATEWAY)) {
    const group = groups.find(([first]) => first !== undefined && isSame(first, change));
    if (group === undefined) groups.push([change]);
    else group.push(change);
  }
  const split = groups.flatMap((group) => (group.length === members ? [group] : group.map((one) => [one])));
  const gateway = changes.find(({ route }) => route === GATEWAY);
  const isPassedOn = gateway !== undefined && changes.some((one) => one !== gateway && isSame(one, gateway));
  return gateway === undefined || isPassedOn ? split : [[gateway], ...split];
}

function candidateOf(group: readonly Change[], history: HistoryEvidence, { members }: Measures): Candidate {
  const [first] = group as [Change, ...Change[]];
  const member = group.length > 1 ? undefined : memberOf(first.route);
  const isGateway = first.route === GATEWAY;
  const who = isGateway ? 'Through the gateway' : (member ?? `All ${members.length} members, asked directly`);
  const { difference, low, high } = first.shift;
  const ratio = Math.exp(difference);
  const isSlower = difference > 0;
  const afterUs = first.beforeUs * ratio;
  const change = isSlower ? formatRatio(ratio - 1) : formatRatio(1 - ratio);
  const where = isGateway
    ? 'The members, asked directly, did not change at that time: it lies in the gateway or on the way to it.'
    : member === undefined
      ? 'All members changed at the same time, asked directly as well: it is what they share, not the gateway.'
      : 'It shows when the member is asked directly as well: it is the member, not the gateway.';
  return {
    cause: 'change/latency',
    scope: isGateway ? { route: 'gateway' } : { route: 'direct', ...(member === undefined ? {} : { member }) },
    severity: isSlower ? 'warning' : 'info',
    confidence: 'likely',
    p: Math.max(...group.map(({ p }) => p)),
    title: `${who}: since ${stampOf(first.atUs)} ${first.quantile.name} takes ${formatDuration(afterUs)}, ${change} ${isSlower ? 'longer' : 'less'} than before (${formatDuration(first.beforeUs)}).`,
    meaning: `Held against the same hours of days before, ${first.shift.pairs} stretches differ, and it has stayed so. ${where}`,
    measured: {
      changedAtUs: { value: first.atUs, low: first.lastBeforeAtUs, high: first.atUs },
      beforeUs: { value: Math.round(first.beforeUs) },
      afterUs: {
        value: Math.round(afterUs),
        low: Math.round(first.beforeUs * Math.exp(low)),
        high: Math.round(first.beforeUs * Math.exp(high)),
      },
    },
    rivals: [
      { cause: 'stall/pause', whyNot: 'it lasts for hours, and the course of a day is taken out' },
      isGateway
        ? { cause: 'member/slow', whyNot: 'no member changed at that time when asked directly' }
        : { cause: 'gateway/overhead', whyNot: 'it shows without the gateway as well' },
    ],
    exhibits: [courseExhibit(group, history)],
    explains: new Set(),
  };
}

function courseExhibit(group: readonly Change[], { fromAtUs }: HistoryEvidence): Exhibit {
  const [first] = group as [Change, ...Change[]];
  return {
    kind: 'xy',
    id: `change-latency-${first.route.replace(':', '-')}`,
    title: `${first.quantile.p === 0.5 ? 'Median' : '95th percentile'} over time`,
    reading: 'Each step is one stretch of the history. The line marks where the level changed.',
    x: { title: 'time since the beginning', unit: 'us', scale: 'linear' },
    y: { title: 'time to answer', unit: 'us', scale: 'linear' },
    series: group.map(({ route, points }) => ({
      name: memberOf(route) ?? 'gateway',
      role: route === GATEWAY ? ('gateway' as const) : ('direct' as const),
      style: 'step' as const,
      points: points.map(({ atUs, value }): [number, number] => [atUs - fromAtUs, Math.round(Math.exp(value))]),
    })),
    marks: [{ axis: 'x', value: first.atUs - fromAtUs, label: stampOf(first.atUs) }],
  };
}

function detect({ measures }: { readonly measures: Measures }): Detection {
  const { history, members } = measures;
  if (history === undefined) return notApplicable('only a history (gateprobe monitor) can show it, and none was given');
  const blockUs = changeBlockUs(history);
  const routes: readonly RouteId[] = routesTo(members);
  const starts = routes.map((route) => historyBlocks(history, { route }, blockUs).map(({ startAtUs }) => startAtUs));
  const longest = starts.reduce((most, own) => (own.length > most.length ? own : most), []);
  const missing = missingForChange(longest, blockUs);
  if (missing !== undefined) return insufficient(missing.need, missing.have);
  const changes = routes.flatMap((route) => {
    for (const quantile of QUANTILES) {
      const points = pointsOf(history, route, quantile, blockUs);
      const change = changeOf(route, quantile, points, blockUs, measures);
      if (change !== undefined) return [change];
    }
    return [];
  });
  return candidatesOr(
    gathered(changes, members.length).map((group) => candidateOf(group, history, measures)),
    'no route became slower or faster and stayed so; the course of a day is taken out',
  );
}

/** Methods C.9: change points of hourly quantiles, told from the course of the day. */
export const changeLatency: Detector = { cause: 'change/latency', detect };

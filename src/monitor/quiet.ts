/**
 * Quiet windows. Probing keeps applications warm: what an idle timeout does is seen only after silence. In a window the whole
 * farm is silent from one moment on, the gateway too, because it would pass requests on to members; each member is then asked
 * once, past the gateway, at the end of its own gap. Gaps are chosen so that the threshold is narrowed window by window. Pure.
 */
import type { QuietSpec } from '../model/profile.ts';
import { GATEWAY, type RouteId } from '../model/route.ts';
import { type Random, US_PER_SEC } from '../model/time.ts';
import type { Night } from './schedule.ts';

/** The first request after a silence, fast or slow. */
export type IdleObservation = { readonly gapUs: number; readonly isCold: boolean };

export type IdleBounds = {
  /** After a silence so long the application was still warm. */
  readonly longestWarmUs?: number;
  /** After one so long it was cold. */
  readonly shortestColdUs?: number;
  /** Cold starts behind that: one alone may be chance, or a restart. */
  readonly coldCount: number;
};

export type QuietWindow = {
  readonly fromAtUs: number;
  /** nightly: the long one that begins a night; planned: those that narrow the threshold. */
  readonly why: 'planned' | 'nightly';
  /** Every route is silent until then; the gateway longest. */
  readonly untilAtUs: ReadonlyMap<RouteId, number>;
};

/** Older ones may be of another configuration: 30 are about ten nights. */
const REMEMBERED = 30;
/** Where the threshold lies to within 5 %, or a minute, nothing is gained by narrowing it (WAS looks once a minute). */
const NARROW_RATIO = 0.05;
const NARROW_US = 60 * US_PER_SEC;
/** Once that is so, or three long silences were warm, one night in seven shows whether it still holds. */
const SETTLED_AFTER = 3;
const NIGHTS_BETWEEN_CHECKS = 7;
/** A gap a tenth above the shortest cold one sees it again; one observation alone may be chance. */
const CHECK_RATIO = 1.1;
/** Between two windows the farm is asked as usual, so that it is warm and a fault of the meantime is seen. */
export const WARM_UP_US = 600 * US_PER_SEC;
const DAY_US = 86_400 * US_PER_SEC;

/**
 * The split between warm and cold gaps that contradicts the fewest observations (isotonic regression of one step); of equal
 * ones the lowest, because other traffic can keep an application warm and nothing makes it cold early but chance.
 */
export function idleBounds(observations: readonly IdleObservation[]): IdleBounds {
  const recent = observations
    .slice(-REMEMBERED)
    .toSorted((a, b) => a.gapUs - b.gapUs || Number(a.isCold) - Number(b.isCold));
  let wrong = recent.filter(({ isCold }) => !isCold).length;
  let best = { wrong, split: 0 };
  recent.forEach(({ isCold }, i) => {
    wrong += isCold ? 1 : -1;
    if (wrong < best.wrong) best = { wrong, split: i + 1 };
  });
  const longestWarmUs = recent.slice(0, best.split).findLast(({ isCold }) => !isCold)?.gapUs;
  const shortestColdUs = recent.slice(best.split).find(({ isCold }) => isCold)?.gapUs;
  return {
    ...(longestWarmUs === undefined ? {} : { longestWarmUs }),
    ...(shortestColdUs === undefined ? {} : { shortestColdUs }),
    coldCount: recent.slice(best.split).filter(({ isCold }) => isCold).length,
  };
}

function isNarrow(lowUs: number, highUs: number): boolean {
  return highUs - lowUs <= Math.max(NARROW_RATIO * highUs, NARROW_US);
}

/** With the newest one, and without those that nobody looks at any more. */
export function remembered(
  observations: readonly IdleObservation[],
  newest: IdleObservation,
): readonly IdleObservation[] {
  return [...observations, newest].slice(-REMEMBERED);
}

/** Whether more silence would tell nothing new of this route. */
export function isSettled(observations: readonly IdleObservation[], leastUs: number, longestUs: number): boolean {
  const { longestWarmUs = 0, shortestColdUs } = idleBounds(observations);
  if (shortestColdUs !== undefined) return isNarrow(Math.max(longestWarmUs, leastUs), shortestColdUs);
  const long = observations.slice(-REMEMBERED).filter(({ gapUs, isCold }) => !isCold && gapUs >= longestUs * 0.99);
  return long.length >= SETTLED_AFTER;
}

/**
 * The silence that tells most about a route. The nightly one asks whether it goes cold at all; the others bisect, by the
 * geometric mean, since a threshold of minutes is as likely as one of an hour.
 */
export function gapOf(
  observations: readonly IdleObservation[],
  why: QuietWindow['why'],
  { leastUs, longestUs }: { readonly leastUs: number; readonly longestUs: number },
): number | undefined {
  const { longestWarmUs = 0, shortestColdUs } = idleBounds(observations);
  if (why === 'nightly')
    return shortestColdUs === undefined ? longestUs : Math.min(longestUs, Math.round(shortestColdUs * CHECK_RATIO));
  if (shortestColdUs === undefined) return undefined;
  const lowUs = Math.max(longestWarmUs, leastUs);
  return isNarrow(lowUs, shortestColdUs) ? undefined : Math.round(Math.sqrt(lowUs * shortestColdUs));
}

export type QuietPlan = {
  readonly spec: QuietSpec;
  readonly night: Night;
  /** Windows of this night so far. */
  readonly done: number;
  readonly nowAtUs: number;
  /** Pauses up to this are ordinary: no silence is shorter. */
  readonly leastUs: number;
  readonly members: readonly { readonly route: RouteId; readonly observations: readonly IdleObservation[] }[];
  readonly random: Random;
};

/** The next window of this night; undefined when there is none left, no room, or nothing to learn. */
export function planWindow(plan: QuietPlan): QuietWindow | undefined {
  const { spec, night, done, nowAtUs, leastUs, members } = plan;
  const nightNumber = Math.floor(night.fromAtUs / DAY_US);
  const bounds = { leastUs, longestUs: Math.max(spec.longestUs, leastUs) };
  if (done >= spec.windows || members.length === 0) return undefined;
  const why = done === 0 ? ('nightly' as const) : ('planned' as const);
  const isCheckNight = nightNumber % NIGHTS_BETWEEN_CHECKS === 0;
  const curious = members.filter(
    ({ observations }) =>
      (why === 'nightly' && isCheckNight) || !isSettled(observations, bounds.leastUs, bounds.longestUs),
  );
  const gaps = curious.flatMap(({ route, observations }) => {
    const gapUs = gapOf(observations, why, bounds);
    return gapUs === undefined ? [] : [{ route, gapUs }];
  });
  const longestUs = Math.max(0, ...gaps.map(({ gapUs }) => gapUs));
  const earliestAtUs = Math.max(nowAtUs, night.fromAtUs) + WARM_UP_US;
  const slackUs = night.toAtUs - earliestAtUs - longestUs;
  if (longestUs === 0 || slackUs < 0) return undefined;
  // The later windows of the night need their share of what is left.
  const roomUs = slackUs / (spec.windows - done);
  const random = plan.random.fork(`night ${nightNumber} window ${done}`);
  const fromAtUs = Math.round(earliestAtUs + random.next() * roomUs);
  const untilAtUs = new Map<RouteId, number>(gaps.map(({ route, gapUs }) => [route, fromAtUs + gapUs]));
  return { fromAtUs, why, untilAtUs: untilAtUs.set(GATEWAY, fromAtUs + longestUs) };
}

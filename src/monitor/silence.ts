/** Carries out the quiet windows: begins them, ends them route by route, and says what the first request after one showed. */
import { type Exchange, isFailure, serviceTimeUs } from '../model/exchange.ts';
import type { History, HistoryEvent } from '../model/history.ts';
import { formatDuration } from '../model/quantity.ts';
import { memberOf, type RouteId } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { ask, followUp } from './asking.ts';
import { type MonitorDeps, tell, wallUs } from './deps.ts';
import { type IdleObservation, planWindow, remembered } from './quiet.ts';
import { firstsOrder, idleRequest, routesOf } from './round.ts';
import { nightAt } from './schedule.ts';
import { isFailingNow, type Watched } from './watched.ts';

/** Planning looks at the calendar and the observations: cheap, but not every second. */
const PLAN_AGAIN_US = 300 * US_PER_SEC;
/** Observations of older nights are of another configuration. */
const REMEMBER_US = 90 * 86_400 * US_PER_SEC;

/** When the window that is planned or lasts wants something; undefined when there is none. */
export function silenceDueAtUs({ window, silent }: Watched): number | undefined {
  if (window === undefined) return undefined;
  if (silent.size === 0) return window.fromAtUs;
  return Math.min(...[...silent].map((route) => window.untilAtUs.get(route) ?? window.fromAtUs));
}

/** Plans the next window where there is none and the farm is well. */
export function planSilence(watched: Watched, nowAtUs: number): void {
  const { schedule, profile, ordinary, baseline } = watched;
  if (watched.window !== undefined || nowAtUs < watched.planAgainAtUs || schedule.quiet.windows === 0) return;
  watched.planAgainAtUs = nowAtUs + PLAN_AGAIN_US;
  const night = nightAt(schedule.quiet, schedule.timezone, nowAtUs);
  // A window far ahead is planned when its night has begun: until then a reload may change it.
  if (night === undefined || night.fromAtUs > nowAtUs || isFailingNow(watched)) return;
  const done = watched.night?.fromAtUs === night.fromAtUs ? watched.night.done : 0;
  watched.night = { fromAtUs: night.fromAtUs, done };
  const { name } = idleRequest(profile);
  // Until every route has its baseline, a first request could not be judged, and would pass for a warm one later.
  if (!routesOf(profile).every((route) => baseline.isReady(route, name))) return;
  const members = routesOf(profile)
    .filter((route) => memberOf(route) !== undefined)
    .map((route) => ({ route, observations: watched.observations.get(route) ?? [] }));
  const first = ordinary.next(nowAtUs) ?? nowAtUs;
  // A round lies anywhere in its interval: two intervals is the longest pause without a silence.
  const leastUs = 2 * (ordinary.intervalUs ?? (ordinary.next(first) ?? first) - first);
  watched.window = planWindow({
    ...{ spec: schedule.quiet, night, done, nowAtUs, leastUs, members },
    random: watched.random.fork('quiet'),
  });
}

/** Does what is due: everybody falls silent, or some are asked for the first time again. */
export async function stepSilence(deps: MonitorDeps, watched: Watched): Promise<void> {
  const { window, silent } = watched;
  const nowAtUs = wallUs(deps.clock);
  if (window === undefined || nowAtUs < (silenceDueAtUs(watched) ?? nowAtUs)) return;
  if (silent.size === 0) return begin(deps, watched, nowAtUs);
  const awake = [...silent].filter((route) => (window.untilAtUs.get(route) ?? 0) <= nowAtUs);
  const gaps = new Map<RouteId, number>();
  for (const route of awake) {
    endSpan(deps, watched, route, nowAtUs);
    gaps.set(route, nowAtUs - (watched.lastEndAtUs.get(route) ?? window.fromAtUs));
  }
  const dueAtUs = Math.min(...awake.map((route) => window.untilAtUs.get(route) ?? nowAtUs));
  const round = await ask(deps, watched, firstsOrder(watched.profile, gaps), dueAtUs);
  for (const exchange of round.exchanges) observe(deps, watched, exchange, round.startedAtUs);
  if (silent.size === 0) {
    watched.night = watched.night && { ...watched.night, done: watched.night.done + 1 };
    watched.window = undefined;
    watched.planAgainAtUs = 0;
    deps.publish({ kind: 'state' });
  }
  await followUp(deps, watched, round);
}

function begin(deps: MonitorDeps, watched: Watched, nowAtUs: number): void {
  const { window, profile } = watched;
  if (window === undefined) return;
  // While something is wrong, looking comes before learning; and a window that begins late would end late.
  if (isFailingNow(watched) || nowAtUs - window.fromAtUs > PLAN_AGAIN_US) {
    watched.window = undefined;
    return;
  }
  // Members that this window does not look at are asked directly as ever; the gateway would pass requests on to all.
  for (const route of window.untilAtUs.keys()) watched.silent.add(route);
  deps.watching.closeIdle(profile.name);
  deps.log.info(
    { profile: profile.name, why: window.why },
    `silent for up to ${formatDuration(Math.max(...window.untilAtUs.values()) - window.fromAtUs)}, to see what idle time does`,
  );
  deps.publish({ kind: 'state' });
}

/** Ends a window early: a stop, a reload. What was silent until now is kept as silence. */
export function breakSilence(deps: MonitorDeps, watched: Watched, nowAtUs: number): void {
  for (const route of [...watched.silent]) endSpan(deps, watched, route, nowAtUs);
  watched.window = undefined;
}

function endSpan(deps: MonitorDeps, watched: Watched, route: RouteId, nowAtUs: number): void {
  const { window, profile, silent } = watched;
  silent.delete(route);
  if (window === undefined || nowAtUs <= window.fromAtUs) return;
  const fromAtUs = Math.max(window.fromAtUs, watched.lastEndAtUs.get(route) ?? 0);
  deps.keeper.keepQuiet({ profile: profile.name, route, fromAtUs, toAtUs: nowAtUs, why: window.why }, nowAtUs);
}

function observe(deps: MonitorDeps, watched: Watched, exchange: Exchange, startedAtUs: number): void {
  const { route, tag } = exchange;
  const isCold = watched.baseline.isCold(exchange);
  if (tag?.kind !== 'idle' || isCold === undefined) return;
  const { gapUs } = tag;
  watched.observations.set(route, remembered(watched.observations.get(route) ?? [], { gapUs, isCold }));
  if (!isCold) return;
  const event = coldStart(watched, exchange, gapUs, startedAtUs);
  deps.log.info({ profile: watched.profile.name, event: event.id }, event.title);
  tell(deps, event);
}

/** Information: whether users ever meet it depends on their own traffic, which the judge weighs. */
function coldStart(
  { profile, baseline }: Watched,
  exchange: Exchange,
  gapUs: number,
  startedAtUs: number,
): HistoryEvent {
  const { route, requestId, requestName } = exchange;
  const member = memberOf(route);
  const tookUs = serviceTimeUs(exchange) ?? 0;
  const ordinaryUs = baseline.medianUs(exchange) ?? 0;
  return {
    id: `cold-start:${profile.name}:${route}:${startedAtUs}`,
    profile: profile.name,
    kind: 'cold-start',
    severity: 'info',
    fromAtUs: startedAtUs + exchange.dueUs,
    toAtUs: startedAtUs + exchange.endUs,
    route,
    ...(member === undefined ? {} : { member }),
    title: `${member === undefined ? 'Through the gateway' : `On ${member}`} the first request after ${formatDuration(gapUs)} of silence took ${formatDuration(tookUs)} instead of ${formatDuration(ordinaryUs)}`,
    facts: { requestId, requestName, gapUs, tookUs, ordinaryUs },
  };
}

/**
 * What earlier nights showed: every first request after a silence was kept, and the cold ones have an event. Failures say
 * nothing about idle time.
 */
export function recallObservations(history: Pick<History, 'kept' | 'events'>, watched: Watched, nowAtUs: number): void {
  const query = { profile: watched.profile.name, fromAtUs: nowAtUs - REMEMBER_US, toAtUs: nowAtUs };
  const cold = new Set(
    history.events({ ...query, kinds: ['cold-start'] }).map(({ facts }) => String(facts['requestId'])),
  );
  const found = new Map<RouteId, IdleObservation[]>();
  const firsts = history.kept(query).filter(({ reason, exchange }) => reason === 'first' && !isFailure(exchange));
  for (const { exchange } of firsts.toSorted((a, b) => a.atUs - b.atUs)) {
    const { tag, route, requestId } = exchange;
    if (tag?.kind !== 'idle') continue;
    const list = found.get(route) ?? [];
    list.push({ gapUs: tag.gapUs, isCold: cold.has(requestId) });
    found.set(route, list);
  }
  for (const [route, list] of found) watched.observations.set(route, list);
}

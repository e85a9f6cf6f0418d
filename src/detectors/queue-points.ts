/** The points (arrival, elapsed) of an open-loop burst, per route: what slopes are read from. */

import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { type Slope, theilSen } from '../analysis/slopes.ts';
import { type Exchange, responseTimeUs } from '../model/exchange.ts';
import type { Exhibit, XySeries } from '../model/finding.ts';
import type { ExperimentRecord } from '../model/recording.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';

export type Points = {
  readonly arrivalUs: readonly number[];
  readonly elapsedUs: readonly number[];
  readonly exchanges: readonly Exchange[];
};

export type BurstView = {
  readonly record: ExperimentRecord;
  readonly loadFromUs: number;
  readonly loadToUs: number;
  readonly load: Points;
  /** By member: canary requests due while the load ran. */
  readonly canaries: ReadonlyMap<string, Points>;
  /** By member: what it takes when nothing else is asked of it. */
  readonly quietUs: ReadonlyMap<string, number>;
  readonly quietGatewayUs: number | undefined;
};

/** Answers and failures that took their time: an instant refusal says nothing about waiting. */
function pointsOf(exchanges: readonly Exchange[]): Points {
  const used = exchanges.filter(({ outcome }) => outcome.kind === 'response' || outcome.kind === 'timeout');
  return { arrivalUs: used.map(({ dueUs }) => dueUs), elapsedUs: used.map(withoutConnecting), exchanges: used };
}

/** Open-loop bursts of the run with their points. */
export function openBursts(measures: Measures): readonly BurstView[] {
  return measures.experiments
    .filter(({ planned, loop }) => planned.kind === 'burst' && loop === 'open')
    .map((record) => burstView(measures, record))
    .filter(({ load }) => load.arrivalUs.length > 0);
}

function burstView(measures: Measures, record: ExperimentRecord): BurstView {
  const load = pointsOf(measures.exchanges({ experimentId: record.id, route: GATEWAY, roles: ['load'] }));
  const loadFromUs = Math.min(...load.arrivalUs);
  const loadToUs = Math.max(...load.arrivalUs);
  const during = (exchange: Exchange): boolean => exchange.dueUs >= loadFromUs && exchange.dueUs <= loadToUs;
  const canaries = new Map(
    measures.members.map((member) => [
      member,
      pointsOf(
        measures.exchanges({ experimentId: record.id, route: directTo(member), roles: ['canary'] }).filter(during),
      ),
    ]),
  );
  return {
    record,
    loadFromUs,
    loadToUs,
    load,
    canaries,
    quietUs: quietLevels(measures, record),
    quietGatewayUs: quietLevel(measures, GATEWAY, loadRequest(load)),
  };
}

function loadRequest(load: Points): string | undefined {
  return load.exchanges[0]?.requestName;
}

function quietLevels(measures: Measures, record: ExperimentRecord): ReadonlyMap<string, number> {
  const levels = new Map<string, number>();
  for (const member of measures.members) {
    const name = measures.exchanges({ experimentId: record.id, route: directTo(member), roles: ['canary'] })[0]
      ?.requestName;
    const level = quietLevel(measures, directTo(member), name);
    if (level !== undefined) levels.set(member, level);
  }
  return levels;
}

/** Median of ordinary slots for the same request, without what new connections cost; undefined without a compare. */
export function quietLevel(measures: Measures, route: RouteId, requestName: string | undefined): number | undefined {
  const slots = measures.exchanges({
    route,
    roles: ['slot'],
    cohorts: ['ok'],
    ...(requestName === undefined ? {} : { requestName }),
  });
  return slots.length < 5 ? undefined : median(slots.map(withoutConnecting));
}

export function withoutConnecting(exchange: Exchange): number {
  const { dns = 0, connect = 0, tls = 0 } = exchange.phasesUs ?? {};
  return responseTimeUs(exchange) - dns - connect - tls;
}

/** A canary whose median stays within a quarter of its quiet level, or 5 ms, saw no queue (methods C.4 asks for 1.2 ×; small services need the floor). */
const FLAT_RATIO = 1.25;
const FLAT_US = 5_000;
/**
 * In a queue that grows evenly the median wait is half of the last: a member that took a tenth of it longer than when
 * quiet did not make the wait. On a day when everything is half as slow again (noise 10 of the synthetic runs) the
 * other two bounds hid 2 of 20 queues of 4 s in a gateway.
 */
const FLAT_RISE_RATIO = 0.1;

/** Whether a member asked directly stayed at its quiet level while requests through the gateway waited for `riseUs`; false without any. */
export function keptItsLevel(elapsedUs: readonly number[], quietUs: number, riseUs: number): boolean {
  if (elapsedUs.length === 0) return false;
  return median(elapsedUs) <= quietUs + Math.max(quietUs * (FLAT_RATIO - 1), FLAT_US, riseUs * FLAT_RISE_RATIO);
}

/** Slope of elapsed time on arrival; undefined with fewer than eight points, which cannot carry an interval. */
export function slopeOf(points: Points): Slope | undefined {
  return points.arrivalUs.length < 8 ? undefined : theilSen(points.arrivalUs, points.elapsedUs);
}

/** The burst as a picture: arrival against elapsed, with the canary of each member. */
export function burstScatter(burst: BurstView, highlighted?: string): Exhibit {
  const relative = (points: Points): [number, number][] =>
    points.arrivalUs.map((arrivalUs, i) => [arrivalUs - burst.loadFromUs, points.elapsedUs[i] as number]);
  const canaries = [...burst.canaries].map(
    ([member, points]): XySeries => ({
      name: `canary direct to ${member}`,
      role: member === highlighted ? 'failure' : 'canary',
      style: 'points',
      points: relative(points),
    }),
  );
  return {
    kind: 'xy',
    id: `burst-scatter-${burst.record.id}`,
    title: 'The burst: when a request arrived, and how long it took',
    reading:
      'A cloud that rises to the right is a queue that grows. Where the canary, which asks a member directly, rises as well, requests wait in that member; where it stays flat, they wait in the gateway.',
    x: { title: 'arrival in the burst', unit: 'us', scale: 'linear' },
    y: { title: 'elapsed time', unit: 'us', scale: 'linear' },
    series: [
      { name: 'through the gateway', role: 'gateway', style: 'points', points: relative(burst.load) },
      ...canaries.filter(({ points }) => points.length > 0),
    ],
  };
}

/** What a run says about each metric of a comparison: one entry per route, request and quantile, and its failures. */
import type { LatencyCurves } from '../model/comparison.ts';
import { GATEWAY, type RouteId, routesTo } from '../model/route.ts';
import { MIN_CHANGE_BLOCKS, type QuantileStatistic, quantileStatistic } from './change-statistic.ts';
import { type Distribution, EMPTY_DISTRIBUTION } from './distribution.ts';
import { latencyCurve } from './latency-curve.ts';
import type { Measures, Selection } from './measures.ts';
import { neededCount } from './quantile-interval.ts';

export type RunQuantile = {
  readonly id: string;
  readonly route: RouteId;
  readonly requestName: string;
  readonly p: number;
  readonly count: number;
  /** Left out where the sample cannot support it. */
  readonly statistic?: QuantileStatistic;
  /** Requests that the sample should have for the quantile. */
  readonly needCount: number;
};

export type RunErrors = {
  readonly id: string;
  readonly route: RouteId;
  readonly requestName: string;
  readonly failed: number;
  readonly sent: number;
  /** Failures come in bursts: so many of them count as one. */
  readonly designEffect: number;
};

/** p50 for what is usual, p95 for what is noticed, p99 where a run is long enough. */
export const CHANGE_QUANTILES: readonly number[] = [0.5, 0.95, 0.99];
/** Experiments that provoke failures on purpose (timeouts, keep-alive races) are not in it. */
const ERROR_ROLES: readonly string[] = ['slot', 'load', 'canary', 'volley', 'none'];

/** The requests whose times are compared. */
const COMPARED: Selection = { experimentKind: 'compare', connection: 'warm', roles: ['slot'], cohorts: ['ok'] };

export type RunCurve = Pick<LatencyCurves, 'route' | 'requestName'> & { readonly points: LatencyCurves['base'] };

/** The times behind the quantiles, for a picture. */
export function runCurves(measures: Measures): readonly RunCurve[] {
  const routes: readonly RouteId[] = routesTo(measures.members);
  return requestNames(measures).flatMap((requestName) =>
    routes.map((route) => {
      return { route, requestName, points: latencyCurve(measures.times({ ...COMPARED, requestName, route })) };
    }),
  );
}

export function runQuantiles(measures: Measures): readonly RunQuantile[] {
  const routes: readonly RouteId[] = routesTo(measures.members);
  return requestNames(measures).flatMap((requestName) => {
    const { arms, counts } = alignedArms(measures, routes, requestName);
    return routes.flatMap((route, at) =>
      CHANGE_QUANTILES.map((p): RunQuantile => {
        const id = `${route} ${requestName} p${String(p).slice(2).padEnd(2, '0')}`;
        const count = counts[at] ?? 0;
        const smallest = route === GATEWAY ? Math.min(...counts.filter((n) => n > 0), count) : count;
        const needCount = Math.max(neededCount(p), MIN_CHANGE_BLOCKS);
        const frame = { id, route, requestName, p, count, needCount };
        if (smallest < needCount) return frame;
        const members = route === GATEWAY ? arms.slice(1) : [];
        const statistic = quantileStatistic({ gateway: arms[at] ?? [], members }, p);
        return statistic === undefined ? frame : { ...frame, statistic };
      }),
    );
  });
}

export function runErrors(measures: Measures): readonly RunErrors[] {
  const routes: readonly RouteId[] = routesTo(measures.members);
  return requestNames(measures).flatMap((requestName) =>
    routes.map((route) => {
      const selection: Selection = { route, requestName, roles: ERROR_ROLES };
      const { failed, sent } = measures.counts(selection);
      return {
        id: `${route} ${requestName} errors`,
        route,
        requestName,
        failed,
        sent,
        designEffect: burstiness(measures, selection, failed),
      };
    }),
  );
}

/** Variance of the failures per block over their mean, as for counts that are independent it is 1; not below 1. */
function burstiness(measures: Measures, selection: Selection, failed: number): number {
  const all = measures.blocks({ ...selection, cohorts: ['ok', 'error', 'timeout'] });
  if (failed < 2 || all.length < MIN_CHANGE_BLOCKS) return 1;
  const failures = new Map(
    measures
      .blocks({ ...selection, cohorts: ['error', 'timeout'] })
      .map(({ startUs, times }) => [startUs, times.count]),
  );
  const perBlock = all.map(({ startUs }) => failures.get(startUs) ?? 0);
  const mean = perBlock.reduce((sum, n) => sum + n, 0) / perBlock.length;
  if (mean === 0) return 1;
  const variance = perBlock.reduce((sum, n) => sum + (n - mean) ** 2, 0) / (perBlock.length - 1);
  return Math.max(1, variance / mean);
}

function requestNames(measures: Measures): readonly string[] {
  return measures.profile.requests.map(({ name }) => name);
}

/** Warm slots of compares, cut at the same moments for every route; empty where a route had nothing. */
function alignedArms(
  measures: Measures,
  routes: readonly RouteId[],
  requestName: string,
): { readonly arms: readonly (readonly Distribution[])[]; readonly counts: readonly number[] } {
  const blocks = routes.map((route) => measures.blocks({ ...COMPARED, requestName, route }));
  const starts = [...new Set(blocks.flatMap((arm) => arm.map(({ startUs }) => startUs)))].sort((a, b) => a - b);
  const arms = blocks.map((arm) => {
    const byStart = new Map(arm.map(({ startUs, times }) => [startUs, times]));
    return starts.map((startUs) => byStart.get(startUs) ?? EMPTY_DISTRIBUTION);
  });
  return { arms, counts: arms.map((arm) => arm.reduce((sum, { count }) => sum + count, 0)) };
}

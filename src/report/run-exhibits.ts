/** Evidence that belongs to no single finding: curves, phases, outcomes, overhead. */

import type { Distribution } from '../analysis/distribution.ts';
import { distributionOf } from '../analysis/distribution.ts';
import { latencyCurve } from '../analysis/latency-curve.ts';
import type { Measures } from '../analysis/measures.ts';
import { PHASES } from '../model/exchange.ts';
import type { Exhibit, XySeries } from '../model/finding.ts';
import { GATEWAY, type RouteId, routesTo } from '../model/route.ts';
import { ordinaryLatency } from './build.ts';
import { rampExhibits } from './ramp-parts.ts';
import { drainExhibits, waterfallExhibits } from './request-exhibits.ts';
import { shiftExhibit } from './shift-exhibit.ts';
import { heatExhibit, panelExhibit } from './time-exhibits.ts';
import { wayName } from './way-name.ts';

export function runExhibits(measures: Measures): readonly Exhibit[] {
  const routes = routesTo(measures.members);
  return [
    curves(measures, routes),
    shiftExhibit(measures),
    heatExhibit(measures),
    panelExhibit(measures),
    ...waterfallExhibits(measures),
    phases(measures, routes),
    outcomes(measures, routes),
    ...drainExhibits(measures),
    ...rampExhibits(measures),
  ].filter((exhibit) => exhibit !== undefined);
}

function curveOf(name: string, role: XySeries['role'], times: Distribution): XySeries {
  return { name, role, style: 'line', points: latencyCurve(times) };
}

function curves(measures: Measures, routes: readonly RouteId[]): Exhibit | undefined {
  const series = routes
    .map((route) =>
      curveOf(
        wayName(route),
        route === GATEWAY ? 'gateway' : 'direct',
        measures.times(ordinaryLatency(route, measures)),
      ),
    )
    .filter(({ points }) => points.length > 1);
  if (series.length === 0) return undefined;
  return {
    kind: 'xy',
    id: 'latency-curves',
    title: 'Through the gateway and directly: latency by percentile',
    reading:
      'Each line is one way. The distance between the gateway and the members is what the gateway adds; a line that rises early to the right has more slow requests.',
    x: { title: 'percentile', unit: 'ratio', scale: 'percentile' },
    y: { title: 'response time', unit: 'us', scale: 'log' },
    series,
  };
}

function phases(measures: Measures, routes: readonly RouteId[]): Exhibit | undefined {
  const shown = routes.filter(
    (route) => measures.exchanges({ route, roles: ['slot'], cohorts: ['ok'], connection: 'new' }).length > 0,
  );
  if (shown.length === 0) return undefined;
  const median = (route: RouteId, phase: (typeof PHASES)[number]): number => {
    const times = distributionOf(
      measures
        .exchanges({ route, roles: ['slot'], cohorts: ['ok'], connection: 'new' })
        .map(({ phasesUs }) => phasesUs?.[phase] ?? 0),
    );
    return Math.round(times.quantile(0.5));
  };
  return {
    kind: 'bars',
    id: 'phases',
    title: 'Where the time goes on a new connection',
    reading: 'Median time of each phase, per way. Wait is the time until the first byte of the answer.',
    categories: shown.map(wayName),
    unit: 'us',
    stacked: true,
    series: PHASES.map((phase) => ({ name: phase, values: shown.map((route) => median(route, phase)) })).filter(
      ({ values }) => values.some((value) => value > 0),
    ),
  };
}

function outcomes(measures: Measures, routes: readonly RouteId[]): Exhibit {
  const counts = routes.map((route) => measures.counts({ route }));
  const keys = [...new Set(counts.flatMap(({ outcomes }) => Object.keys(outcomes)))].sort();
  return {
    kind: 'bars',
    id: 'outcomes',
    title: 'How requests ended, per way',
    reading:
      'Share of all due requests of the run, deliberately slow ones included. Every due request is in here, also those that were never sent.',
    categories: routes.map(wayName),
    unit: 'ratio',
    stacked: true,
    series: keys.map((key) => ({
      name: key,
      values: counts.map(({ outcomes, due }) => (due === 0 ? 0 : (outcomes[key] ?? 0) / due)),
    })),
  };
}

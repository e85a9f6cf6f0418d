import { type Distribution, mergeDistributions } from '../analysis/distribution.ts';
import type { Measures } from '../analysis/measures.ts';
import { cohortOf, type Exchange } from '../model/exchange.ts';
import type { Estimate, Exhibit, XySeries } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import { afterSendUs } from './elapsed.ts';

/** Share of requests that ended by a time: direct answers go on beyond the timer, the gateway's stand at it like at a wall. */
export function timeoutWall(measures: Measures, requestNames: ReadonlySet<string>, timeout: Estimate): Exhibit {
  const mine = (exchange: Exchange): boolean => requestNames.has(exchange.requestName) && exchange.sentUs !== undefined;
  const direct = measures.members
    .flatMap((member) => measures.exchanges({ route: directTo(member) }))
    .filter((exchange) => mine(exchange) && cohortOf(exchange) === 'ok');
  const gateway = measures.exchanges({ route: GATEWAY }).filter(mine);
  return {
    kind: 'xy',
    id: 'timeout-wall',
    title: 'The wall: how long the same requests take on both ways',
    reading:
      'Each line is the share of requests that ended by that time. Direct answers go on to the right; through the gateway everything that is not ready ends at the wall.',
    x: { title: 'elapsed time', unit: 'us', scale: 'linear' },
    y: { title: 'share ended', unit: 'ratio', scale: 'linear' },
    series: [
      ...(measures.history === undefined
        ? [stepsOf('direct, answered', 'direct', direct), stepsOf('through the gateway', 'gateway', gateway)]
        : // Of ordinary answers a history has the distribution alone.
          [
            curveOf('direct, answered', 'direct', answered(measures, measures.members.map(directTo), requestNames)),
            curveOf('through the gateway, answered', 'gateway', answered(measures, [GATEWAY], requestNames)),
          ]),
      stepsOf(
        'through the gateway, failed',
        'failure',
        gateway.filter((exchange) => ['error', 'timeout'].includes(cohortOf(exchange))),
      ),
    ].filter(({ points }) => points.length > 0),
    marks: [{ axis: 'x', value: timeout.value, label: `timer ${formatDuration(timeout.value)}` }],
  };
}

function stepsOf(name: string, role: XySeries['role'], exchanges: readonly Exchange[]): XySeries {
  const times = exchanges.map(afterSendUs).sort((a, b) => a - b);
  return {
    name: `${name} (${times.length})`,
    role,
    style: 'step',
    points: times.map((us, index): [number, number] => [us, (index + 1) / times.length]),
  };
}

function answered(measures: Measures, routes: readonly RouteId[], requestNames: ReadonlySet<string>): Distribution {
  return mergeDistributions(
    routes.flatMap((route) =>
      [...requestNames].map((requestName) => measures.times({ route, requestName, cohorts: ['ok'] }, 'service')),
    ),
  );
}

/** Points of a curve: a month of answers is no longer line than a day. */
const CURVE_POINTS = 200;

function curveOf(name: string, role: XySeries['role'], times: Distribution): XySeries {
  const shares = Array.from({ length: CURVE_POINTS }, (_, i) => (i + 1) / CURVE_POINTS);
  return {
    name: `${name} (${times.count})`,
    role,
    style: 'step',
    points: times.count === 0 ? [] : shares.map((share): [number, number] => [times.quantile(share), share]),
  };
}

/**
 * What alert rules count and look at, one series of each kind for every route, there before its first request: a counter that
 * is born with its first failure hides just that one from `increase` (Prometheus sees a change between two values only).
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import { type Cohort, cohortOf } from '../model/exchange.ts';
import type { Round } from '../model/history.ts';
import type { RouteId } from '../model/route.ts';
import type { MonitorFeed, MonitorState } from './feed.ts';
import { type Labels, routeLabels } from './metrics-labels.ts';

const ROUTE = ['profile', 'route', 'member'];
const CLASSES: readonly Cohort[] = ['ok', 'error', 'timeout', 'aborted', 'not-sent'];
/** `maintenance`: rounds of any kind that ended in a window; what fails there is not to count afterwards. */
const KINDS = ['scheduled', 'confirm', 'maintenance'] as const;

export type RouteMetrics = {
  count(round: Round): void;
  /** Profiles or their routes changed: new ones begin at 0, what is gone leaves, or it would fail for ever. */
  follow(): void;
};

export function createRouteMetrics(registry: Registry, feed: MonitorFeed): RouteMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'gateprobe_route_requests_total',
    help: 'Requests that were due, by route and class; every route has all from the start. kind is that of the round: scheduled, confirm, or maintenance.',
    labelNames: [...ROUTE, 'kind', 'class'],
    registers,
  });
  const success = new Gauge({
    name: 'gateprobe_success',
    help: 'Whether every request of the last round on this route succeeded.',
    labelNames: ROUTE,
    registers,
  });
  addSilence(registers, feed);
  /** By profile and route. */
  const known = new Map<string, Labels>();
  const begin = (labels: Labels): void => {
    for (const kind of KINDS) for (const one of CLASSES) requests.inc({ ...labels, kind, class: one }, 0);
  };
  const end = (labels: Labels): void => {
    success.remove(labels);
    for (const kind of KINDS) for (const one of CLASSES) requests.remove({ ...labels, kind, class: one });
  };
  const follow = (): void => {
    const now = routesOf(feed.state());
    for (const [key, labels] of known)
      if (!now.has(key)) {
        end(labels);
        known.delete(key);
      }
    for (const [key, labels] of now)
      if (!known.has(key)) {
        begin(labels);
        known.set(key, labels);
      }
  };
  follow();
  return {
    follow,
    count({ profile, kind, exchanges }) {
      const inForce = feed.state().profiles.find((one) => one.profile === profile);
      const counted = inForce?.maintenance === undefined ? kind : 'maintenance';
      for (const exchange of exchanges)
        requests.inc({ ...routeLabels(profile, exchange.route), kind: counted, class: cohortOf(exchange) });
      for (const [route, isGood] of successByRoute(exchanges)) success.set(routeLabels(profile, route), isGood ? 1 : 0);
    },
  };
}

function addSilence(registers: Registry[], feed: MonitorFeed): void {
  new Gauge({
    name: 'gateprobe_quiet',
    help: '1 while nothing is sent on this route on purpose, to see when a member falls asleep.',
    labelNames: ROUTE,
    registers,
    collect() {
      this.reset();
      for (const { profile, routes } of feed.state().profiles)
        for (const { route, quiet } of routes) this.set(routeLabels(profile, route), quiet === undefined ? 0 : 1);
    },
  });
}

function routesOf({ profiles }: MonitorState): ReadonlyMap<string, Labels> {
  return new Map(
    profiles.flatMap(({ profile, routes }) =>
      routes.map(({ route }) => [`${profile}\n${route}`, routeLabels(profile, route)] as const),
    ),
  );
}

/** Only routes that were asked; nothing sent says nothing. */
function successByRoute(exchanges: Round['exchanges']): ReadonlyMap<RouteId, boolean> {
  const good = new Map<RouteId, boolean>();
  for (const exchange of exchanges) {
    const cohort = cohortOf(exchange);
    if (cohort === 'not-sent' || cohort === 'aborted') continue;
    good.set(exchange.route, (good.get(exchange.route) ?? true) && cohort === 'ok');
  }
  return good;
}

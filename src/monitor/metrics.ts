/**
 * What Prometheus reads. `/metrics` counts every request since the monitor started; `/probe` tells the newest one of a target
 * in the words of blackbox_exporter, and sends nothing: asking more often puts no load on anybody.
 */
import { Counter, Histogram, Registry } from 'prom-client';
import { cohortOf, type Exchange, responseTimeUs, serviceTimeUs } from '../model/exchange.ts';
import type { History, Round } from '../model/history.ts';
import type { MonitorFeed } from './feed.ts';
import { addHealthMetrics } from './metrics-health.ts';
import { createOutcomeLimit, outcomeLabels, requestLabels, routeLabels } from './metrics-labels.ts';
import { createProbeAnswers, type ProbeAnswer } from './metrics-probe.ts';
import { createRouteMetrics } from './metrics-routes.ts';

export type MetricValues = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export type Metrics = {
  readonly contentType: string;
  /** The text of all metrics. */
  render(): Promise<string>;
  /** The same as values, for other ways to tell them. */
  read(): Promise<MetricValues>;
  renderProbe(target: string | undefined, module: string | undefined): Promise<ProbeAnswer>;
  close(): void;
};

/**
 * Seconds. Steps of about two up to 10 s; above, on both sides of the timeouts that proxies come with (30, 60, 90, 120, 300 s): a
 * request that ended just above one of them is then in a bucket of its own.
 */
export const BUCKETS_SEC: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 35, 60, 65, 90, 95, 120, 125, 300,
  305,
];

export function createMetrics(feed: MonitorFeed, history: History): Metrics {
  const registry = new Registry();
  const count = createRequestMetrics(registry);
  const routes = createRouteMetrics(registry, feed);
  const probes = createProbeAnswers(feed);
  addHealthMetrics(registry, feed, history);
  const unsubscribe = feed.subscribe((message) => {
    if (message.kind === 'state') routes.follow();
    if (message.kind !== 'round') return;
    count(message.round);
    routes.count(message.round);
    probes.note(message.round);
  });
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    read: () => registry.getMetricsAsJSON(),
    renderProbe: (target, module) => probes.answer(target, module),
    close: () => {
      unsubscribe();
      registry.clear();
    },
  };
}

const ROUTE = ['profile', 'route', 'member'];
const REQUEST = [...ROUTE, 'request', 'connection'];

function createRequestMetrics(registry: Registry): (round: Round) => void {
  const registers = [registry];
  const histogram = (name: string, help: string, labelNames: string[]) =>
    new Histogram({ name, help, labelNames, buckets: [...BUCKETS_SEC], registers });
  const response = histogram(
    'gateprobe_response_seconds',
    'Time from the moment a request was due to its end, failures included.',
    REQUEST,
  );
  const service = histogram(
    'gateprobe_service_seconds',
    'Time from the moment a request was sent to its end, failures included.',
    REQUEST,
  );
  const phase = histogram('gateprobe_phase_seconds', 'Time spent in one phase of a request.', [...ROUTE, 'phase']);
  const requests = new Counter({
    name: 'gateprobe_requests_total',
    help: 'Requests that were due, by how they ended; class is ok, error, timeout, aborted or not-sent.',
    labelNames: [...ROUTE, 'request', 'outcome', 'status', 'substatus', 'class'],
    registers,
  });
  const rounds = new Counter({
    name: 'gateprobe_rounds_total',
    help: 'Rounds that ended.',
    labelNames: ['profile', 'kind'],
    registers,
  });
  const limit = createOutcomeLimit();
  return ({ profile, kind, exchanges }) => {
    rounds.inc({ profile, kind });
    for (const exchange of exchanges) {
      const { request, ...route } = requestLabels(profile, exchange);
      const { connection: _, ...onRoute } = route as { connection?: string };
      const ended = limit(profile, outcomeLabels(exchange.outcome));
      requests.inc({ ...onRoute, request: request ?? '', ...ended, class: cohortOf(exchange) });
      observe({ response, service, phase }, profile, exchange);
    }
  };
}

type TimeMetrics = { readonly response: Histogram; readonly service: Histogram; readonly phase: Histogram };

/** What was never sent, or was stopped by us, has no time. */
function observe({ response, service, phase }: TimeMetrics, profile: string, exchange: Exchange): void {
  const cohort = cohortOf(exchange);
  const serviceUs = serviceTimeUs(exchange);
  if (cohort === 'not-sent' || cohort === 'aborted' || serviceUs === undefined) return;
  const labels = requestLabels(profile, exchange);
  response.observe(labels, responseTimeUs(exchange) / 1_000_000);
  service.observe(labels, serviceUs / 1_000_000);
  for (const [name, us] of Object.entries(exchange.phasesUs ?? {}))
    phase.observe({ ...routeLabels(profile, exchange.route), phase: name }, us / 1_000_000);
}

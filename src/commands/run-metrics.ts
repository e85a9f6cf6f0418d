/**
 * A run as Prometheus text (exposition format 0.0.4). Names of the monitor where they mean the same, with the experiment as a further
 * label: some of them send requests that are slow or failing on purpose.
 */
import type { Recording, Window } from '../model/recording.ts';
import type { Report } from '../model/report.ts';
import { US_PER_SEC } from '../model/time.ts';
import { BUCKETS_SEC } from '../monitor/metrics.ts';
import { findingLabels } from '../monitor/metrics-health.ts';
import { createOutcomeLimit, type Labels, routeLabels } from '../monitor/metrics-labels.ts';
import { decodeHistogram } from '../recording/histogram.ts';

/** Values by labels, as they are written. */
type Series = Map<string, number>;
type Times = { readonly labels: Labels; readonly buckets: number[]; count: number; sumUs: number };

/** Counts and times of all requests, kept one by one or not. Times are those of the histograms: at most 0.05 % off. */
export function* runMetricPieces(recording: Recording, report: Report): Generator<string> {
  const { manifest } = recording;
  const profile = manifest.profile.name;
  const run = { profile, run_id: manifest.runId };
  const info = { ...run, version: manifest.tool.version, gateway: recording.gateway.kind };
  yield* gauge('gateprobe_run_info', 'The run that is exported: 1.', [[info, 1]]);
  yield* gauge('gateprobe_run_start_time_seconds', 'When it started, in seconds since 1970.', [
    [{ profile }, Date.parse(manifest.startedAt) / 1_000],
  ]);
  yield* gauge('gateprobe_run_duration_seconds', 'How long it took.', [
    [{ profile }, manifest.durationUs / US_PER_SEC],
  ]);
  yield* gauge('gateprobe_run_valid', 'Whether the probe was in order, so that what it measured can be believed.', [
    [{ profile }, report.validity.ok ? 1 : 0],
  ]);
  yield* gauge(
    'gateprobe_finding',
    '1 for each finding.',
    report.findings.map((finding) => [findingLabels({ profile, finding }), 1]),
  );
  const { requests, response, service } = collect(recording, profile);
  yield* head('gateprobe_requests_total', 'counter', 'Requests that were due, by how they ended.');
  yield* lines('gateprobe_requests_total', requests);
  yield* histogram(
    'gateprobe_response_seconds',
    'Time from the moment a request was due to its end, failures included.',
    response,
  );
  yield* histogram(
    'gateprobe_service_seconds',
    'Time from the moment a request was sent to its end, failures included.',
    service,
  );
}

type Collected = {
  readonly requests: Series;
  readonly response: ReadonlyMap<string, Times>;
  readonly service: ReadonlyMap<string, Times>;
};

function collect(recording: Recording, profile: string): Collected {
  const requests: Series = new Map();
  const response = new Map<string, Times>();
  const service = new Map<string, Times>();
  const limit = createOutcomeLimit();
  for (const window of recording.windows()) {
    const { experimentId, route, requestName, connection, cohort } = window;
    const labels = { ...routeLabels(profile, route), request: requestName, experiment: experimentId };
    for (const [outcome, count] of Object.entries(window.outcomes)) {
      const ended = limit(profile, { outcome, status: /^\d{3}(?=:|$)/.exec(outcome)?.[0] ?? '', substatus: '' });
      const key = textOf({ ...labels, ...ended, class: cohort });
      requests.set(key, (requests.get(key) ?? 0) + count);
    }
    // What was never sent, or was stopped by us, has no time.
    if (cohort === 'not-sent' || cohort === 'aborted') continue;
    addTimes(response, { ...labels, connection }, window.response);
    addTimes(service, { ...labels, connection }, window.service);
  }
  return { requests, response, service };
}

function addTimes(all: Map<string, Times>, labels: Labels, encoded: Window['response']): void {
  const values = decodeHistogram(encoded);
  if (values.length === 0) return;
  const key = textOf(labels);
  const times = all.get(key) ?? { labels, buckets: BUCKETS_SEC.map(() => 0), count: 0, sumUs: 0 };
  all.set(key, times);
  for (const [valueUs, count] of values) {
    times.count += count;
    times.sumUs += valueUs * count;
    const index = BUCKETS_SEC.findIndex((boundSec) => valueUs <= boundSec * US_PER_SEC);
    if (index >= 0) times.buckets[index] = (times.buckets[index] ?? 0) + count;
  }
}

function* histogram(name: string, help: string, all: ReadonlyMap<string, Times>): Generator<string> {
  yield* head(name, 'histogram', help);
  for (const [key, { labels, buckets, count, sumUs }] of all) {
    let below = 0;
    for (const [index, boundSec] of BUCKETS_SEC.entries()) {
      below += buckets[index] ?? 0;
      yield `${name}_bucket${textOf({ ...labels, le: String(boundSec) })} ${below}\n`;
    }
    yield `${name}_bucket${textOf({ ...labels, le: '+Inf' })} ${count}\n`;
    yield `${name}_sum${key} ${sumUs / US_PER_SEC}\n${name}_count${key} ${count}\n`;
  }
}

function* gauge(name: string, help: string, values: readonly (readonly [Labels, number])[]): Generator<string> {
  yield* head(name, 'gauge', help);
  // Two findings may differ in what no label says; a series may come once only.
  yield* lines(name, new Map(values.map(([labels, value]) => [textOf(labels), value])));
}

function* head(name: string, type: 'gauge' | 'counter' | 'histogram', help: string): Generator<string> {
  yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function* lines(name: string, series: ReadonlyMap<string, number>): Generator<string> {
  for (const [labels, value] of series) yield `${name}${labels} ${value}\n`;
}

/** Backslash, quote and line feed are escaped, and nothing else. */
function textOf(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return `{${parts.join(',')}}`;
}

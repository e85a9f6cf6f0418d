import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../src/model/time.ts';
import { createMetrics } from '../../src/monitor/metrics.ts';
import { type OtlpOptions, startOtlp } from '../../src/monitor/otlp.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { type OtlpReceiver, type Point, plain, startOtlpReceiver } from '../helpers/services/otlp-receiver.ts';
import { BAD, NOW_US, sampleFarm } from './sample-farm.ts';

/** Far away: in these tests it is the end that sends. */
const NEVER_MS = 3_600_000;

async function setUp(t: TestContext, more: Partial<OtlpOptions> = {}) {
  const receiver = await startOtlpReceiver();
  t.after(() => receiver.stop());
  const farm = sampleFarm();
  const metrics = createMetrics(farm.feed, farm.history);
  const clock: Clock = { ...createClock(createEpoch()), wallMs: () => NOW_US / 1_000 };
  const base = { feed: farm.feed, metrics, clock, instance: 'here:1', exportEveryMs: NEVER_MS };
  return { receiver, farm, metrics, otlp: startOtlp({ ...base, url: receiver.url, ...more }) };
}

function pointsOf(receiver: OtlpReceiver, name: string): readonly Point[] {
  const metric = receiver.metrics().find((one) => one.name === name);
  return (metric?.sum ?? metric?.gauge ?? metric?.histogram)?.dataPoints ?? [];
}

test('metrics arrive under the names of /metrics, with the same values', async (t) => {
  const { receiver, farm, metrics, otlp } = await setUp(t);
  farm.addRound();
  farm.addRound(BAD);
  const text = await metrics.render();
  await otlp.close();
  const [request] = receiver.taken.filter(({ path }) => path === '/v1/metrics');
  assert.equal(request?.headers['content-type'], 'application/json');
  const named = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name, type]) => [name, type]);
  const withValues = named.filter(([name]) => new RegExp(`^${name}(_count)?[ {]`, 'm').test(text));
  const kindOf = { counter: 'sum', gauge: 'gauge', histogram: 'histogram' } as const;
  const came = receiver
    .metrics()
    .map((metric) => [metric.name, Object.entries(kindOf).find(([, key]) => metric[key] !== undefined)?.[0]]);
  assert.deepEqual(came.toSorted(), withValues.toSorted());
  const failed = pointsOf(receiver, 'gateprobe_requests_total').filter(
    ({ attributes }) => plain(attributes)['status'] === '502',
  );
  assert.deepEqual(
    failed.map(({ attributes, asDouble }) => [plain(attributes)['member'], asDouble]),
    [
      [undefined, 2],
      ['web1', 2],
      ['web2', 2],
    ],
    'what is empty is left out',
  );
  const [requests] = receiver.metrics().filter(({ name }) => name === 'gateprobe_requests_total');
  assert.deepEqual([requests?.sum?.isMonotonic, requests?.sum?.aggregationTemporality], [true, 2], 'cumulative');
});

test('a histogram has its own counts in each bucket, and times begin with the monitor', async (t) => {
  const { receiver, farm, otlp } = await setUp(t);
  farm.addRound();
  farm.addRound();
  await otlp.close();
  const points = pointsOf(receiver, 'gateprobe_response_seconds');
  assert.equal(points.length, 6, 'three routes, new and kept');
  for (const { count, sum, bucketCounts = [], explicitBounds = [], startTimeUnixNano, timeUnixNano } of points) {
    assert.equal(count, 2);
    assert.ok(sum !== undefined && sum > 0.01 && sum < 0.2, `${sum} s`);
    assert.equal(
      bucketCounts.reduce((all, one) => all + one, 0),
      2,
    );
    assert.equal(bucketCounts.length, explicitBounds.length + 1);
    assert.deepEqual(
      explicitBounds.toSorted((a, b) => a - b),
      explicitBounds,
    );
    const fullest = bucketCounts.findIndex((one) => one > 0);
    assert.ok([0.01, 0.025, 0.05].includes(explicitBounds[fullest] ?? 0), `up to ${explicitBounds[fullest]} s`);
    assert.equal(startTimeUnixNano, `${NOW_US - 7_200_000_000}000`);
    assert.equal(timeUnixNano, `${NOW_US}000`);
  }
  const units = new Map(receiver.metrics().map(({ name, unit }) => [name, unit]));
  assert.equal(units.get('gateprobe_response_seconds'), 's');
  assert.equal(units.get('gateprobe_monitor_history_size_bytes'), 'By');
  assert.equal(units.get('gateprobe_rounds_total'), '1');
});

test('an event is a log record each time that it is told', async (t) => {
  const { receiver, farm, otlp } = await setUp(t);
  const [event] = farm.history.events({ profile: 'shop', fromAtUs: 0, toAtUs: 1e16, kinds: ['failing'] });
  assert.ok(event?.toAtUs !== undefined);
  const { toAtUs, ...open } = event;
  farm.feed.publish({ kind: 'event', event: open });
  farm.feed.publish({ kind: 'event', event });
  await otlp.close();
  const [begun, over] = receiver.logs();
  assert.equal(receiver.logs().length, 2);
  assert.deepEqual([begun?.severityNumber, begun?.severityText, begun?.eventName], [17, 'ERROR', 'gateprobe.failing']);
  assert.equal(begun?.body.stringValue, event.title);
  assert.equal(begun?.timeUnixNano, `${event.fromAtUs}000`);
  assert.equal(over?.timeUnixNano, `${toAtUs}000`);
  const states = [begun, over].map((one) => plain(one?.attributes ?? [])['gateprobe.event.state']);
  assert.deepEqual(states, ['open', 'over']);
  const { profile, route, member, 'gateprobe.event.id': id } = plain(over?.attributes ?? []);
  assert.deepEqual(
    { profile, route, member, id },
    { profile: 'shop', route: 'direct', member: 'web2', id: 'failing-1' },
  );
});

test('who it is, and what else the receiver wants, comes from the variables of OpenTelemetry', async (t) => {
  const variables = {
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20sesame',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
  };
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
  const { receiver, farm, otlp } = await setUp(t);
  farm.addRound();
  await otlp.close();
  const [request] = receiver.taken;
  assert.equal(request?.headers['authorization'], 'Bearer sesame');
  const body = request?.body as { resourceMetrics: { resource: { attributes: [] } }[] };
  const resource = plain(body.resourceMetrics[0]?.resource.attributes ?? []);
  assert.equal(resource['service.name'], 'gateprobe');
  assert.equal(resource['service.instance.id'], 'here:1');
  assert.equal(resource['service.version'], '0.1.0');
  assert.equal(resource['deployment.environment'], 'test');
});

test('a receiver that refuses is told once, and once when it takes again', { timeout: 60_000 }, async (t) => {
  const told: string[] = [];
  const { receiver, otlp } = await setUp(t, {
    exportEveryMs: 100,
    onFailure: (signal, text) => told.push(`${signal} fail: ${text}`),
    onSuccess: (signal) => told.push(`${signal} arrive`),
  });
  receiver.answer(400);
  const until = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) await delay(20);
  };
  await until(() => told.some((line) => line.startsWith('metrics fail')));
  const refused = receiver.taken.length;
  await until(() => receiver.taken.length > refused + 2);
  receiver.answer(200);
  await until(() => told.at(-1) === 'metrics arrive');
  await otlp.close();
  const changes = told.map((line) => line.split(':')[0]);
  assert.deepEqual(changes.slice(changes.indexOf('metrics fail')), ['metrics fail', 'metrics arrive']);
});

test('nobody there: it is told, and the end does not wait for it', { timeout: 60_000 }, async (t) => {
  const told: string[] = [];
  const gone = await startOtlpReceiver();
  await gone.stop();
  const { farm, otlp } = await setUp(t, {
    url: gone.url,
    exportEveryMs: 100,
    onFailure: (signal, text) => told.push(`${signal}: ${text}`),
  });
  farm.addRound();
  while (told.length === 0) await delay(20);
  assert.match(told[0] ?? '', /^(metrics|events): \S/);
  await otlp.close();
  const seen = told.length;
  farm.addRound();
  assert.equal(told.length, seen);
});

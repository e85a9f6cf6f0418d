import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { responseTimeUs, serviceTimeUs } from '../../src/model/exchange.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import {
  balanced,
  fails,
  makeRecording,
  notSent,
  plus,
  queueOf,
  refused,
  reset,
  sometimes,
  timesOut,
  truncated,
} from './make-recording.ts';

const SEC = 1_000_000;

test('the same seed makes the same recording, another seed another one', () => {
  const make = (seed: number) =>
    makeRecording({ seed, noise: 10 })
      .compare({ durationUs: 5 * SEC })
      .build().exchanges;
  assert.deepEqual(make(3), make(3));
  assert.notDeepEqual(make(3), make(4));
});

test('without noise every time is exactly as given', () => {
  const measures = createMeasures(
    makeRecording()
      .compare({
        durationUs: 10 * SEC,
        gateway: 12_345,
        member: { web1: 10_000, web2: 20_000 },
        newConnectionRatio: 0.5,
      })
      .build(),
  );
  const gateway = measures.times({ route: GATEWAY, connection: 'warm' });
  assert.deepEqual([gateway.count, gateway.min, gateway.max], [100, 12_345, 12_345]);
  assert.equal(measures.times({ route: directTo('web2'), connection: 'warm' }).mean, 20_000);
  assert.equal(measures.times({ route: GATEWAY, connection: 'new' }).min, 12_345 + 400);
  assert.deepEqual(measures.members, ['web1', 'web2']);
});

test('more noise spreads the times more, and keeps exact ones exact', () => {
  const spread = (noise: 0 | 1 | 10): number => {
    const times = createMeasures(makeRecording({ noise }).compare().build()).times({
      connection: 'warm',
      route: GATEWAY,
    });
    return times.quantile(0.95) / times.quantile(0.05);
  };
  assert.equal(spread(0), 1);
  assert.ok(spread(1) > 1.02 && spread(1) < 1.3 && spread(10) > 1.8, `${spread(1)} ${spread(10)}`);
  const exact = makeRecording({ noise: 10 })
    .compare({ gateway: timesOut(30 * SEC), newConnectionRatio: 0 })
    .build();
  for (const exchange of exact.exchanges) {
    if (exchange.route === GATEWAY) assert.equal(serviceTimeUs(exchange), 30 * SEC);
  }
});

test('outcomes are counted as the recorder counts them', () => {
  const recording = makeRecording({ members: ['a', 'b', 'c', 'd', 'e'] })
    .compare({
      durationUs: 5 * SEC,
      gateway: balanced(fails(4_000, 502, 3), truncated(5_000), 9_000, notSent()),
      member: { a: refused(), b: reset(2_000), c: timesOut(3 * SEC), d: 10_000, e: reset(1_000, 'fin') },
    })
    .build();
  const measures = createMeasures(recording);
  assert.deepEqual(measures.counts({ route: GATEWAY }).outcomes, {
    '502.3': 25,
    '200:truncated': 25,
    '200': 25,
    'not-sent:cap': 25,
  });
  const direct = (name: string) => measures.counts({ route: directTo(name) }).outcomes;
  assert.deepEqual(direct('a'), { 'error:refused': 100 });
  assert.deepEqual(direct('b'), { 'error:reset': 100 });
  assert.deepEqual(direct('c'), { 'timeout:headers': 100 });
  assert.deepEqual(direct('e'), { 'error:closed': 100 });
  assert.equal(recording.exchangeCount, 600);
  assert.equal(recording.experiments[0]?.dueCount, 600);
  assert.equal(recording.experiments[0]?.sentCount, 575);
});

test('by default a gateway passes its members on, later, and turns their refusals into 502', () => {
  const measures = createMeasures(
    makeRecording()
      .compare({ member: { web1: 10_000, web2: refused() }, newConnectionRatio: 0 })
      .build(),
  );
  assert.deepEqual(measures.counts({ route: GATEWAY }).outcomes, { '200': 600, '502': 600 });
  assert.equal(measures.times({ route: GATEWAY }).quantile(0.5), 12_000);
});

test('load and canaries share a queue, so both grow in an overload', () => {
  const queue = queueOf({ servers: 2, serviceUs: 100_000 });
  const measures = createMeasures(
    makeRecording({ members: ['web1'] })
      .burst({ ratePerSec: 40, durationUs: 3 * SEC, gateway: plus(2_000, queue), member: queue })
      .build(),
  );
  const load = measures.exchanges({ roles: ['load'] });
  assert.equal(load.length, 120);
  assert.ok(responseTimeUs(load.at(-1)!) > 3 * SEC, 'twice the capacity for 3 s leaves 3 s of work');
  const canaries = measures.exchanges({ roles: ['canary'] });
  assert.equal(canaries.length, 12);
  assert.ok(responseTimeUs(canaries.at(-1)!) > 2 * SEC);
  // A queue that is full refuses.
  const full = queueOf({ servers: 1, serviceUs: SEC, maxWaiting: 3 });
  const refusing = makeRecording().burst({ ratePerSec: 20, durationUs: SEC, gateway: full, canaryPerSec: 0 }).build();
  assert.deepEqual(createMeasures(refusing).counts({}).outcomes, { '200': 4, '503': 16 });
});

test('a closed loop sends when an answer came, and its record says so', () => {
  const recording = makeRecording()
    .burst({ connections: 4, durationUs: SEC, gateway: 100_000, canaryPerSec: 0 })
    .build();
  assert.equal(recording.exchanges.length, 40);
  assert.equal(recording.experiments[0]?.loop, 'closed');
});

test('a ramp speeds up, volleys start at one instant, gaps precede the first request of an idle rung', () => {
  const recording = makeRecording({ members: ['web1'] })
    .ramp({ fromPerSec: 10, toPerSec: 100, durationUs: 10 * SEC, canaryPerSec: 0 })
    .volley({ sizes: [4, 8], rounds: 2 })
    .idle({ gapsUs: [60 * SEC, 1_260 * SEC], isCold: ({ gapUs }) => gapUs > 1_200 * SEC })
    .timeout({ gatewayTimeoutUs: 30 * SEC })
    .build();
  const measures = createMeasures(recording);
  const ramp = measures.exchanges({ experimentKind: 'ramp' });
  assert.ok(Math.abs(ramp.length - 550) < 30, `${ramp.length} in a ramp from 10/s to 100/s for 10 s`);

  const volley = measures.exchanges({ experimentKind: 'volley', route: GATEWAY });
  const eights = volley.filter(({ tag }) => tag?.kind === 'volley' && tag.size === 8 && tag.round === 1);
  assert.equal(eights.length, 8);
  assert.equal(new Set(eights.map(({ dueUs }) => dueUs)).size, 1);

  const firsts = measures
    .exchanges({ experimentKind: 'idle', route: GATEWAY })
    .filter(({ tag }) => tag?.kind === 'idle' && tag.order === 0);
  assert.deepEqual(
    firsts.map((exchange) => [exchange.connection?.isNew, responseTimeUs(exchange) > SEC]),
    [
      [true, false],
      [true, true],
      [true, false],
      [true, true],
    ],
  );

  const delays = measures.exchanges({ experimentKind: 'timeout', route: GATEWAY });
  assert.deepEqual(
    delays.map(({ tag, outcome }) => [
      tag?.kind === 'delay' ? tag.purpose : '',
      outcome.kind === 'response' ? outcome.status : 0,
    ]),
    [
      ['control', 200],
      ['beyond', 504],
      ['below', 200],
      ['above', 504],
    ],
  );
  assert.deepEqual(
    recording.experiments.map(({ id }) => id),
    ['ramp-1', 'volley-1', 'idle-1', 'timeout-1'],
  );
  for (const [i, { startUs }] of recording.experiments.entries()) {
    assert.ok(startUs >= (recording.experiments[i - 1]?.endUs ?? 0));
  }
});

test('exchanges can be written one by one, and everything can be overridden', () => {
  const recording = makeRecording({ quality: { busyRatio: 0.99 }, recognised: { kind: 'nginx', certainty: 1 } })
    .compare({ durationUs: SEC })
    .experiment('compare', [{ route: GATEWAY, us: 4_000, slot: 7, tag: { kind: 'slot', arm: 'warm' } }])
    .exchange({ route: directTo('web1'), dueUs: 10, us: 3_000, requestId: 'feedfeedfeedfeed' })
    .record({ stop: 'abort-rule', stopReason: 'too many failures' })
    .build();
  const written = recording.exchanges.filter(({ experimentId }) => experimentId === 'compare-2');
  assert.deepEqual(
    written.map((exchange) => [exchange.route, serviceTimeUs(exchange), exchange.requestId.startsWith('feed')]),
    [
      [GATEWAY, 4_000, false],
      [directTo('web1'), 3_000, true],
    ],
  );
  assert.equal(recording.experiments[1]?.stop, 'abort-rule');
  assert.equal(recording.experiments[1]?.dueCount, 2);
  assert.equal(recording.quality.busyRatio, 0.99);
  assert.equal(recording.gateway.kind, 'nginx');
  assert.throws(() => {
    (written[0] as { endUs: number }).endUs = 0;
  }, TypeError);
});

test('rare replies come about as often as asked for', () => {
  const recording = makeRecording({ seed: 8 })
    .compare({ gateway: sometimes(0.05, fails(3_000, 502), 9_000) })
    .build();
  const failed = createMeasures(recording).counts({ route: GATEWAY }).failed;
  assert.ok(failed > 35 && failed < 90, `${failed} of 1200`);
});

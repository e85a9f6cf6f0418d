import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { keyOfExchange, nameOfKey } from '../../src/analysis/selection.ts';
import { cohortOf, type Exchange, type Outcome, responseTimeUs, serviceTimeUs } from '../../src/model/exchange.ts';
import type { Recording, Window } from '../../src/model/recording.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { createOpenWindows } from '../../src/recording/windows.ts';
import { fails, makeRecording, refused, sometimes, truncated } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

/** The same run with only some exchanges kept, as a long one is. */
function thinned(recording: Recording, isKept: (exchange: Exchange) => boolean): Recording {
  return { ...recording, exchanges: recording.exchanges.filter(isKept) };
}

test('times are exact where everything was kept, and those of the histograms where not', () => {
  const recording = makeRecording({ seed: 5, noise: 1 }).compare().build();
  const exact = createMeasures(recording);
  const binned = createMeasures(thinned(recording, ({ seq }) => seq % 10 === 0));
  const raw = recording.exchanges.filter((e) => e.route === GATEWAY && e.connection?.isNew === false);
  for (const which of ['response', 'service'] as const) {
    const selection = { route: GATEWAY, connection: 'warm' } as const;
    const values = raw.map((e) => (which === 'response' ? responseTimeUs(e) : serviceTimeUs(e)!));
    const times = exact.times(selection, which);
    assert.equal(times.count, values.length);
    assert.equal(times.max, Math.max(...values));
    assert.equal(times.mean.toFixed(6), (values.reduce((sum, v) => sum + v, 0) / values.length).toFixed(6));
    const coarse = binned.times(selection, which);
    assert.equal(coarse.count, values.length);
    // Kept beside the histogram.
    assert.equal(coarse.max, Math.max(...values));
    for (const p of [0.01, 0.5, 0.95, 0.99]) {
      assert.ok(Math.abs(coarse.quantile(p) / times.quantile(p) - 1) < 0.001, `${which} p${p}`);
    }
  }
});

test('counts are those of the windows, whether or not exchanges were kept', () => {
  const recording = makeRecording({ members: ['web1'] })
    .compare({ durationUs: 20 * SEC, gateway: sometimes(0.1, fails(3_000, 502, 3), 9_000), member: truncated(5_000) })
    .build();
  const all = createMeasures(recording).counts({ route: GATEWAY });
  assert.equal(all.due, 400);
  assert.equal(all.ok + all.failed, 400);
  assert.deepEqual(Object.keys(all.outcomes).sort(), ['200', '502.3']);
  assert.equal(all.outcomes['502.3'], all.failed);
  // All failures kept, successes thinned: the substatus still adds up.
  const failuresKept = createMeasures(thinned(recording, (e) => cohortOf(e) !== 'ok' || e.seq % 7 === 0));
  assert.deepEqual(failuresKept.counts({ route: GATEWAY }), all);
  // Failures thinned: no part of them can be named.
  const thin = createMeasures(thinned(recording, (e) => e.seq % 3 === 0)).counts({ route: GATEWAY });
  assert.deepEqual(thin.outcomes, { '200': all.ok, '502': all.failed });
  assert.deepEqual(createMeasures(recording).counts({ route: directTo('web1') }).outcomes, { '200:truncated': 400 });
});

test('a status with and without substatus is split only where it says something', () => {
  const recording = makeRecording({ members: ['web1'] })
    .experiment('compare', [
      { route: GATEWAY, outcome: fails(1, 500, 0).outcome! },
      { route: GATEWAY, outcome: fails(1, 500, 19).outcome! },
      { route: GATEWAY, outcome: fails(1, 500).outcome! },
    ])
    .build();
  assert.deepEqual(createMeasures(recording).counts({}).outcomes, { '500': 2, '500.19': 1 });
});

test('selections restrict by every field', () => {
  const measures = createMeasures(
    makeRecording({ members: ['web1', 'web2'] })
      .compare({ durationUs: 10 * SEC, requests: ['home', 'search'], newConnectionRatio: 0.5 })
      .burst({ durationUs: SEC, ratePerSec: 50 })
      .burst({ durationUs: SEC, connections: 2 })
      .build(),
  );
  for (const { selection, due } of [
    { selection: {}, due: 600 + 50 + 8 + 8 + measures.counts({ experimentId: 'burst-2', roles: ['load'] }).due },
    { selection: { experimentId: 'compare-1' }, due: 600 },
    { selection: { experimentKind: 'compare', requestName: 'search' }, due: 300 },
    { selection: { experimentKind: 'compare', connection: 'new' }, due: 300 },
    { selection: { route: directTo('web2'), roles: ['slot'] }, due: 200 },
    { selection: { roles: ['canary'], experimentId: 'burst-1' }, due: 8 },
    { selection: { roles: ['load', 'canary'], loop: 'open' }, due: 58 },
    { selection: { cohorts: ['error'] }, due: 0 },
    { selection: { experimentId: 'nothing' }, due: 0 },
  ] as const)
    assert.equal(measures.counts(selection).due, due, JSON.stringify(selection));
  const seqs = measures.exchanges({ route: GATEWAY }).map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  );
});

test('times are those of ok answers unless cohorts are named', () => {
  const measures = createMeasures(
    makeRecording({ members: ['web1'] })
      .compare({ durationUs: 10 * SEC, gateway: sometimes(0.3, fails(500, 503), 9_000) })
      .build(),
  );
  assert.equal(measures.times({ route: GATEWAY, connection: 'warm' }).min, 9_000);
  assert.equal(measures.times({ route: GATEWAY, connection: 'warm', cohorts: ['error'] }).max, 500);
  assert.equal(measures.times({ route: GATEWAY, cohorts: ['timeout'] }).count, 0);
});

test('blocks are at least a second, at most about sixty, in order, and lie within one experiment', () => {
  const recording = makeRecording({ members: ['web1'] })
    .compare({ durationUs: 90 * SEC, ratePerSec: 5 })
    .compare({ durationUs: 10 * SEC, ratePerSec: 5 })
    .compare({ durationUs: 400 * SEC, ratePerSec: 2 })
    .build();
  for (const source of [recording, thinned(recording, ({ seq }) => seq === 0)]) {
    const measures = createMeasures(source);
    const blocks = measures.blocks({ route: GATEWAY, connection: 'warm' });
    assert.ok(blocks.length > 30 && blocks.length <= 63, `${blocks.length} blocks`);
    const total = blocks.reduce((sum, { times }) => sum + times.count, 0);
    assert.equal(total, measures.counts({ route: GATEWAY, connection: 'warm' }).due);
    blocks.forEach((block, i) => {
      assert.ok(block.lengthUs >= SEC && block.startUs % SEC === 0);
      assert.ok(block.startUs > (blocks[i - 1]?.startUs ?? -1));
      const within = recording.experiments.filter(({ startUs, endUs }) => {
        return block.startUs + block.lengthUs > startUs && block.startUs < endUs;
      });
      assert.ok(block.times.count > 0 && within.length >= 1);
    });
    // One experiment alone is cut finer; it begins within a second, so its ten seconds touch eleven.
    assert.equal(measures.blocks({ route: GATEWAY, connection: 'warm', experimentId: 'compare-2' }).length, 11);
  }
});

test('an overhead of 2 ms is found, the same with kept exchanges and with histograms', () => {
  const recording = makeRecording({ seed: 9, noise: 1 })
    .compare({ durationUs: 60 * SEC })
    .build();
  for (const source of [recording, thinned(recording, ({ seq }) => seq < 100)]) {
    const overhead = createMeasures(source).overhead(0.5);
    assert.ok(overhead.state === 'known');
    assert.ok(Math.abs(overhead.value - 2_000) < 100, `${overhead.value}`);
    assert.ok(overhead.low < overhead.value && overhead.value < overhead.high! && overhead.high! - overhead.low < 400);
  }
  assert.deepEqual(createMeasures(recording).overhead(0.5), createMeasures(recording).overhead(0.5));
});

test('the members are mixed equally, and only those that answer', () => {
  const measures = createMeasures(
    makeRecording({ members: ['fast', 'slow', 'down'] })
      .compare({ gateway: 11_000, member: { fast: 10_000, slow: 30_000, down: refused() } })
      .build(),
  );
  const at = (p: number) => {
    const overhead = measures.overhead(p);
    return overhead.state === 'known' ? overhead.value : undefined;
  };
  assert.equal(at(0.25), 1_000);
  assert.equal(at(0.9), -19_000);
  assert.equal(measures.overhead(0.999).state, 'n/a');
  assert.equal(measures.overhead(0.5, 'no such request').state, 'n/a');
});

test('slot differences compare within a slot, and leave out slots with a hole', () => {
  const recording = makeRecording({ members: ['web1', 'web2'] })
    .compare({
      durationUs: 10 * SEC,
      gateway: 25_000,
      member: { web1: 10_000, web2: sometimes(0.2, fails(1, 500), 20_000) },
    })
    .build();
  const measures = createMeasures(recording);
  const differences = measures.slotDifferences();
  assert.equal(new Set(differences).size, 1);
  assert.equal(differences[0], 10_000);
  const slots = measures.counts({ route: directTo('web2'), connection: 'warm' }).ok;
  assert.equal(differences.length, slots);
  assert.deepEqual(measures.slotDifferences('no such request'), []);
  // A member that is down does not take every slot with it.
  const down = makeRecording({ members: ['web1', 'web2'] })
    .compare({
      durationUs: 10 * SEC,
      gateway: 25_000,
      member: { web1: 10_000, web2: refused() },
      newConnectionRatio: 0,
    })
    .build();
  assert.deepEqual(new Set(createMeasures(down).slotDifferences()), new Set([15_000]));
});

test('questions are answered once, and in any spelling', () => {
  let reads = 0;
  const recording = makeRecording()
    .compare({ durationUs: 5 * SEC })
    .build();
  const windows = [...recording.windows()];
  const counting: Recording = {
    ...thinned(recording, () => false),
    windows: () => {
      reads++;
      return windows;
    },
  };
  const measures = createMeasures(counting);
  assert.equal(reads, 0, 'nothing is read before a question');
  measures.counts({ route: GATEWAY });
  measures.counts({ cohorts: ['ok'] });
  assert.equal(reads, 1);
  const first = measures.times({ roles: ['slot', 'load'], route: GATEWAY });
  assert.equal(measures.times({ route: GATEWAY, roles: ['load', 'slot', 'slot'] }), first);
  assert.equal(measures.times({ route: GATEWAY, roles: ['load', 'slot'], cohorts: ['ok'] }), first);
  measures.quantile({ route: GATEWAY }, 0.5);
  assert.equal(reads, 2);
  measures.times({ route: GATEWAY }, 'service');
  assert.equal(reads, 3);
});

test('windows that come twice, late or merged are added up', () => {
  const recording = makeRecording({ members: [] })
    .compare({ durationUs: 20 * SEC, newConnectionRatio: 0 })
    .build();
  const [first, ...rest] = [...recording.windows()] as [Window, ...Window[]];
  const again: Recording = { ...recording, exchanges: [], windows: () => [...rest, first, first] };
  const measures = createMeasures(again);
  assert.equal(measures.counts({}).due, 420);
  assert.equal(measures.times({}).count, 420);
  assert.equal(measures.blocks({})[0]?.times.count, 40);
});

test('an exchange has the key under which the recorder counts it', () => {
  const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
    fc
      .record({ status: fc.constantFrom(200, 404, 502), complete: fc.boolean() })
      .map(({ status, complete }): Outcome => ({ kind: 'response', status, complete, bodyBytes: 1, bodyDigest: 1 })),
    fc
      .constantFrom('connect', 'headers', 'body')
      .map((waitingFor): Outcome => ({ kind: 'timeout', waitingFor, limitUs: 1, bytesReceived: 0 })),
    fc
      .constantFrom('dns', 'connect', 'tls', 'send', 'wait', 'receive')
      .map((phase): Outcome => ({ kind: 'connection-error', phase, code: 'reset', detail: '', bytesReceived: 0 })),
    fc.constant<Outcome>({ kind: 'aborted' }),
    fc.constant<Outcome>({ kind: 'not-sent', reason: 'cap' }),
  );
  const [sample] = makeRecording({ members: [] }).compare({ durationUs: SEC }).build().exchanges as [Exchange];
  const exchanges = fc
    .record({ outcome: outcomes, isNew: fc.option(fc.boolean()), arm: fc.constantFrom('warm', 'new', 'load', 'none') })
    .map(({ outcome, isNew, arm }): Exchange => {
      const { connection, tag: _tag, ...rest } = sample;
      return {
        ...rest,
        outcome,
        ...(isNew === null ? {} : { connection: { ...connection!, isNew } }),
        ...(arm === 'none'
          ? {}
          : { tag: arm === 'load' ? { kind: 'load' } : { kind: 'slot', arm: arm as 'warm' | 'new' } }),
      };
    });
  fc.assert(
    fc.property(exchanges, (exchange) => {
      const windows = createOpenWindows();
      windows.add(exchange, cohortOf(exchange));
      const [window] = windows.close(Infinity);
      assert.equal(nameOfKey(keyOfExchange(exchange)), nameOfKey(window!));
    }),
    { seed: 7, numRuns: 300 },
  );
});

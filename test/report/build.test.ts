import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { CauseId } from '../../src/model/causes.ts';
import type { Exhibit, Finding } from '../../src/model/finding.ts';
import type { Recording } from '../../src/model/recording.ts';
import type { Report } from '../../src/model/report.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { buildReport, type Judged, ordinaryLatency } from '../../src/report/build.ts';
import { jsonWriter } from '../../src/report/json.ts';
import { runExhibits } from '../../src/report/run-exhibits.ts';
import { terminalWriter } from '../../src/report/terminal.ts';
import { fails, makeRecording, notSent, OK, sometimes } from '../helpers/make-recording.ts';

const SEC = 1_000_000;
const NOTHING: Judged = { findings: [], detectors: [], thresholds: [], invalidReasons: [] };

function built(recording: Recording, judged: Partial<Judged> = {}): Report {
  return buildReport(recording, createMeasures(recording), { ...NOTHING, ...judged });
}

function finding(cause: CauseId, severity: Finding['severity']): Finding {
  return {
    cause,
    scope: { route: 'gateway' },
    severity,
    confidence: 'likely',
    title: `${cause} was found.`,
    meaning: 'Made up.',
    measured: {},
    rivals: [],
    exhibits: [],
    remedy: { steps: ['Mend it.'], commands: [], howToVerify: 'Look again.' },
  };
}

const healthy = makeRecording({ seed: 2 }).compare().build();

test('what the run was, who took part, and that it is valid', () => {
  const report = built(healthy);
  assert.deepEqual([report.runId, report.seed, report.interrupted], ['synthetic-2', 2, false]);
  assert.deepEqual(report.profile, {
    name: 'synthetic',
    gatewayUrl: 'http://gateway.test',
    members: [
      { name: 'web1', url: 'http://web1.test:8080' },
      { name: 'web2', url: 'http://web2.test:8080' },
    ],
  });
  assert.deepEqual(report.validity, { ok: true, reasons: [] });
  assert.equal(report.worst, 'none');
  assert.equal(report.durationUs, healthy.manifest.durationUs);
  assert.equal(report.quality, healthy.quality);
});

for (const noise of [0, 1, 10] as const) {
  test(`routes have their latency on warm connections, and the gateway its overhead (noise ${noise})`, () => {
    const recording = makeRecording({ seed: 3, noise }).compare({ newConnectionRatio: 0.5 }).build();
    const { routes, overheadUs } = built(recording);
    assert.deepEqual(
      routes.map(({ route, member }) => [route, member]),
      [
        ['gateway', undefined],
        ['direct', 'web1'],
        ['direct', 'web2'],
      ],
    );
    const tolerance = noise === 10 ? 0.3 : noise === 1 ? 0.05 : 0;
    for (const [index, truthUs] of [12_000, 10_000, 10_000].entries()) {
      const route = routes[index];
      const p50 = route?.latencyUs['p50'];
      assert.ok(p50?.state === 'known' && Math.abs(p50.value - truthUs) <= tolerance * truthUs, JSON.stringify(p50));
      assert.equal(route?.count, 1200);
      assert.equal(route?.latencyCount, 600);
      assert.deepEqual(route?.outcomes, { '200': 1200 });
      assert.equal(route?.failureRatio?.value, 0);
      assert.ok((route?.failureRatio?.high ?? 0) > 0, 'no failure seen is not none possible');
      assert.equal(route?.latencyUs['p999']?.state, 'n/a');
      assert.equal(route?.phasesUs['connect']?.count, 600);
    }
    const overhead = overheadUs['p50'];
    assert.ok(
      overhead?.state === 'known' && overhead.low <= 2_000 && (overhead.high ?? 0) >= 2_000,
      JSON.stringify(overhead),
    );
  });
}

test('without slots the load of a burst is the ordinary latency; with them it is not', () => {
  const burst = { ratePerSec: 50, durationUs: 4 * SEC, gateway: 80_000 };
  const alone = createMeasures(makeRecording().burst(burst).build());
  assert.equal(alone.times(ordinaryLatency(GATEWAY, alone)).max, 80_000);
  const both = createMeasures(
    makeRecording()
      .compare({ durationUs: 5 * SEC })
      .burst(burst)
      .build(),
  );
  assert.equal(both.times(ordinaryLatency(GATEWAY, both)).max, 12_000);
});

test('failures, unsent requests and routes without traffic are counted, never divided by zero', () => {
  const recording = makeRecording({ seed: 4, members: ['web1', 'idle'] })
    .experiment('compare', [
      { route: GATEWAY },
      { route: GATEWAY, outcome: { kind: 'response', status: 502, bodyBytes: 0, complete: true, bodyDigest: 1 } },
      { route: GATEWAY, outcome: { kind: 'not-sent', reason: 'cap' } },
      { route: directTo('web1') },
    ])
    .build();
  const [gateway, , idle] = built(recording).routes;
  assert.equal(gateway?.count, 3);
  assert.equal(gateway?.failureRatio?.value, 0.5);
  assert.deepEqual(idle, { ...idle, count: 0, latencyCount: 0, outcomes: {}, phasesUs: {} });
  assert.equal(idle?.failureRatio, undefined);
  assert.equal(idle?.maxUs, undefined);
});

test('the headline: nothing found', () => {
  const detectors: Judged['detectors'] = [
    { id: 'queue/member', title: '', verdict: { state: 'clear', checked: 'x' } },
    { id: 'queue/gateway', title: '', verdict: { state: 'clear', checked: 'x' } },
    { id: 'cold-start/idle', title: '', verdict: { state: 'insufficient-data', need: 'a ladder', have: 'none' } },
  ];
  const report = built(healthy, { detectors });
  assert.match(
    report.headline[0] ?? '',
    /^No fault found: 1[ ,.\u202f\u00a0]?200 requests .* none of them failed; 2 causes/,
  );
  assert.match(report.headline[1] ?? '', /^The gateway adds 2 ms/);
  assert.deepEqual(report.untested, [{ what: 'cold-start/idle', why: 'needs a ladder; there was: none' }]);
});

test('the headline: failures without a name, and an overhead known only about', () => {
  const gateway = sometimes(0.01, fails(3_000, 502), 12_000);
  const failing = makeRecording({ seed: 5 }).compare({ gateway }).build();
  assert.match(
    built(failing).headline[0] ?? '',
    /^No cause found: .* of them failed \(\d+ 502\), and no cause that was looked for fits them/,
  );
  const short = makeRecording({ seed: 6, noise: 1 }).compare({ durationUs: SEC, ratePerSec: 8 }).build();
  assert.match(built(short).headline[1] ?? '', /adds (about )?\d/);
  const none = makeRecording({ members: [] }).compare({ durationUs: SEC, gateway: 5_000 }).build();
  assert.equal(built(none).headline.length, 1);
});

test('the headline: findings at warning and above in their order, and the worst of all', () => {
  const findings = [
    finding('gateway/cascade', 'critical'),
    finding('queue/member', 'warning'),
    finding('member/slow', 'info'),
  ];
  const report = built(healthy, { findings });
  assert.deepEqual(report.headline, ['gateway/cascade was found.', 'queue/member was found.']);
  assert.equal(report.worst, 'critical');
  assert.equal(built(healthy, { findings: findings.toReversed() }).worst, 'critical');
  const info = built(healthy, { findings: [finding('member/slow', 'info')] });
  assert.equal(info.worst, 'info');
  assert.match(info.headline[0] ?? '', /^No fault found/);
});

test('the headline: a run that is not valid says nothing about the target', () => {
  const findings = [finding('probe/saturated', 'error')];
  const report = built(healthy, { findings, invalidReasons: ['The probe sent late.'] });
  assert.deepEqual(report.validity, { ok: false, reasons: ['The probe sent late.'] });
  assert.match(report.headline[0] ?? '', /not valid/);
  assert.equal(report.headline[1], 'The probe sent late.');
});

test('an interrupted run says so in its headline, also beside findings', () => {
  const recording: Recording = { ...healthy, manifest: { ...healthy.manifest, interrupted: true } };
  assert.match(built(recording).headline.at(-1) ?? '', /interrupted/);
  assert.match(
    built(recording, { findings: [finding('queue/member', 'warning')] }).headline.at(-1) ?? '',
    /interrupted/,
  );
  assert.equal(built(recording).interrupted, true);
});

test('experiments that were not run or cut short, and detectors that failed, are untested', () => {
  const recording = makeRecording()
    .compare({ durationUs: SEC })
    .burst({ durationUs: SEC })
    .record({ stop: 'guard', stopReason: 'needs more than the limits allow' })
    .idle({})
    .record({ stop: 'interrupted' })
    .build();
  const report = built(recording, {
    detectors: [{ id: 'member/slow', title: '', verdict: { state: 'failed', error: 'division by cucumber' } }],
  });
  assert.deepEqual(report.untested, [
    { what: 'experiment burst-1', why: 'needs more than the limits allow' },
    { what: 'experiment idle-1', why: 'not run' },
    { what: 'member/slow', why: 'the detector failed: division by cucumber' },
  ]);
});

test('experiments are summed up with the routes that they asked', () => {
  const recording = makeRecording({ seed: 7 })
    .compare({ durationUs: 10 * SEC })
    .burst({ durationUs: 2 * SEC, ratePerSec: 50, canaryPerSec: 0, gateway: sometimes(0.2, notSent(), 12_000) })
    .record({ stop: 'abort-rule', stopReason: 'too many failures', notes: ['a note'] })
    .build();
  const [compare, burst] = built(recording).experiments;
  assert.deepEqual(
    compare?.routes.map(({ route }) => route),
    [GATEWAY, directTo('web1'), directTo('web2')],
  );
  assert.deepEqual(
    [compare?.id, compare?.kind, compare?.loop, compare?.due, compare?.stop],
    ['compare-1', 'compare', 'open', 600, 'completed'],
  );
  assert.equal(compare?.stopReason, undefined);
  assert.deepEqual(
    burst?.routes.map(({ route }) => route),
    [GATEWAY],
  );
  assert.deepEqual([burst?.stop, burst?.stopReason, burst?.notes], ['abort-rule', 'too many failures', ['a note']]);
  assert.ok(burst !== undefined && burst.sent < burst.due && burst.due === 100);
});

test('warnings of the run and notes of the profile are passed on', () => {
  const recording = makeRecording({ profile: { notes: ['a key that is not used'] } })
    .compare({ durationUs: SEC })
    .build();
  assert.deepEqual(built({ ...recording, warnings: ['the clock jumped'] }).warnings, [
    'the clock jumped',
    'a key that is not used',
  ]);
});

test('a report of any run can be written', async () => {
  for (const recording of [
    healthy,
    makeRecording().build(),
    makeRecording({ members: [] }).compare({ durationUs: SEC }).build(),
  ]) {
    const report = built(recording);
    assert.ok(report.headline.length > 0);
    assert.doesNotMatch(await jsonWriter.render(report), /NaN|Infinity|undefined/);
    assert.doesNotMatch(await terminalWriter.render(report), /NaN|Infinity|undefined/);
  }
});

function exhibitOf(recording: Recording, id: string): Exhibit | undefined {
  return runExhibits(createMeasures(recording)).find((exhibit) => exhibit.id === id);
}

test('exhibits of a run: curves, overhead, phases, outcomes', () => {
  const recording = makeRecording({ seed: 8, noise: 1 }).compare({ newConnectionRatio: 0.25 }).build();
  const exhibits = runExhibits(createMeasures(recording));
  assert.deepEqual(
    exhibits.map(({ id }) => id),
    [
      'latency-curves',
      'overhead-curve',
      'latency-over-time',
      'ways-over-time',
      'typical-request',
      'slowest-request',
      'phases',
      'outcomes',
    ],
  );
  const curves = exhibitOf(recording, 'latency-curves');
  assert.ok(curves?.kind === 'xy');
  assert.deepEqual(
    curves.series.map(({ name }) => name),
    ['gateway', 'web1, direct', 'web2, direct'],
  );
  for (const { points } of curves.series) {
    assert.ok(points.every(([p, us], i) => p > (points[i - 1]?.[0] ?? -1) && us >= (points[i - 1]?.[1] ?? 0)));
    // 900 warm slots: two of them lie beyond p99.5, none of which would lie beyond p99.9.
    assert.equal(points.at(-1)?.[0], 0.995);
  }
  const overhead = exhibitOf(recording, 'overhead-curve');
  assert.ok(overhead?.kind === 'xy');
  const { points = [], band = [] } = overhead.series[0] ?? {};
  assert.ok(points.length >= 2);
  assert.deepEqual(
    band.map(([p]) => p),
    points.map(([p]) => p),
  );
  assert.ok(points.every(([, us], i) => us >= (band[i]?.[1] ?? 0) && us <= (band[i]?.[2] ?? 0)));
});

test('phases are medians of new connections; outcomes are shares of all that was due', () => {
  const recording = makeRecording()
    .compare({ newConnectionRatio: 0.5, gateway: ({ index }) => (index % 4 === 0 ? fails(9_000, 502) : 12_000) })
    .build();
  const phases = exhibitOf(recording, 'phases');
  assert.ok(phases?.kind === 'bars');
  assert.deepEqual(
    phases.series.map(({ name }) => name),
    ['connect', 'send', 'wait', 'receive'],
  );
  assert.deepEqual(phases.series[0]?.values, [400, 400, 400]);
  assert.deepEqual(phases.series[2]?.values, [11_880, 9_880, 9_880]);
  const outcomes = exhibitOf(recording, 'outcomes');
  assert.ok(outcomes?.kind === 'bars');
  assert.deepEqual(outcomes.series, [
    { name: '200', values: [0.75, 1, 1] },
    { name: '502', values: [0.25, 0, 0] },
  ]);
});

test('exhibits that have nothing to show are left out', () => {
  const short = makeRecording().compare({ durationUs: SEC, newConnectionRatio: 0 }).build();
  assert.equal(exhibitOf(short, 'phases'), undefined);
  assert.equal(exhibitOf(short, 'overhead-curve'), undefined);
  assert.deepEqual(
    runExhibits(createMeasures(makeRecording().build())).map(({ id }) => id),
    ['outcomes'],
  );
});

test('the headline: nothing is said of what a gateway adds that does other work than its members', () => {
  const redirect = () => ({ us: 12_000, outcome: { ...OK, status: 301 } });
  const adds = /adds/;
  const alike = makeRecording({ seed: 5, noise: 1 }).compare({ gateway: 12_000 }).build();
  assert.match(built(alike).headline.join(' '), adds);
  const other = built(makeRecording({ seed: 5, noise: 1 }).compare({ gateway: redirect }).build());
  assert.doesNotMatch(other.headline.join(' '), adds);
  assert.match(other.warnings[0] ?? '', /they do not do the same work/);
});

test('what the gateway refuses and every member answers is no calm report, though no request failed', async () => {
  const tooLarge = fails(1_000, 413);
  const make = (member: Record<string, ReturnType<typeof fails> | number>) =>
    built(
      makeRecording({ seed: 2, members: ['web1', 'web2'] })
        .compare({ ratePerSec: 2, durationUs: 20 * SEC, gateway: tooLarge, member })
        .build(),
    );
  const report = make({ web1: 10_000, web2: 10_000 });
  assert.deepEqual(report.refused, ['home']);
  assert.match(report.headline[0] ?? '', /^The gateway refuses home \(413\), which every member answers well/);
  assert.match(report.headline[1] ?? '', /^No other fault found: 40 requests/);
  assert.match(await terminalWriter.render(report), /The gateway refuses 1 request that members answer/);
  assert.ok(report.warnings.some((warning) => warning.includes('client_max_body_size')));
  const everywhere = make({ web1: tooLarge, web2: tooLarge });
  assert.equal(everywhere.refused, undefined);
  assert.match(everywhere.headline[0] ?? '', /^No fault found/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { judgeThreshold, overhead } from '../../src/detectors/thresholds.ts';
import type { Threshold } from '../../src/model/profile.ts';
import type { Recording } from '../../src/model/recording.ts';
import type { ThresholdResult } from '../../src/model/report.ts';
import { CONNECT_US, fails, makeRecording, type RecordingBuilder, sometimes } from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertNotApplicable,
  detect,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const GATEWAY_SIDE: Threshold['subject'] = { kind: 'gateway' };
const MS = 1_000;

function threshold(
  subject: Threshold['subject'],
  metric: Threshold['metric'] | number,
  comparison: Threshold['comparison'],
  limit: number,
  request?: string,
): Threshold {
  const what = typeof metric === 'number' ? ({ kind: 'quantile', p: metric } as const) : metric;
  const text = `${subject.kind} ${what.kind} ${comparison} ${limit}`;
  return { text, subject, metric: what, comparison, limit, ...(request === undefined ? {} : { request }) };
}

function judged(recording: Recording, ...of: Parameters<typeof threshold>): ThresholdResult {
  return judgeThreshold(threshold(...of), createMeasures(recording));
}

for (const noise of NOISES) {
  const recording = makeRecording({ seed: 2, noise })
    .compare({ member: { web1: 10_000, web2: 40_000 }, gateway: 45_000 })
    .build();
  test(`quantiles are judged on each side of a limit (noise ${noise})`, () => {
    for (const [subject, limit, verdict] of [
      [GATEWAY_SIDE, 90 * MS, 'pass'],
      [GATEWAY_SIDE, 15 * MS, 'fail'],
      [{ kind: 'direct', member: 'web1' }, 20 * MS, 'pass'],
      [{ kind: 'direct', member: 'web2' }, 20 * MS, 'fail'],
      // Without a name the slowest member decides.
      [{ kind: 'direct' }, 20 * MS, 'fail'],
      [{ kind: 'direct' }, 90 * MS, 'pass'],
      [{ kind: 'overhead' }, 60 * MS, 'pass'],
      [{ kind: 'overhead' }, 1 * MS, 'fail'],
    ] as const) {
      const result = judged(recording, subject, 0.5, '<', limit);
      assert.equal(result.verdict, verdict, JSON.stringify(result));
      assert.equal(result.unit, 'us');
      assert.match(result.because, /^measured/);
      assert.equal(judged(recording, subject, 0.5, '>=', limit).verdict, verdict === 'pass' ? 'fail' : 'pass');
    }
  });

  test(`overhead beyond the agreement is a finding, within it none (noise ${noise})`, () => {
    const agreed = (limit: number) =>
      makeRecording({ seed: 3, noise, profile: { thresholds: [threshold({ kind: 'overhead' }, 0.5, '<', limit)] } })
        .compare({ gateway: 30_000 })
        .build();
    const candidate = onlyCandidate(overhead, agreed(5 * MS));
    assertNear(candidate.measured['overheadUs'], 20 * MS, noise === 10 ? 0.3 : 0.05);
    assert.ok(candidate.p < ALPHA);
    assert.deepEqual([candidate.severity, candidate.scope.route], ['warning', 'gateway']);
    assert.match(candidate.title, /agreed was overhead/);
    assertClear(overhead, agreed(60 * MS));
  });
}

test('failures are judged on the interval of their ratio', () => {
  const errors = { kind: 'errors' } as const;
  const failing = (ratio: number) =>
    makeRecording({ seed: 4, noise: 1 })
      .compare({ gateway: sometimes(ratio, fails(3_000, 502), 12_000) })
      .build();
  for (const [ratio, limit, verdict] of [
    [0, 0.01, 'pass'],
    [0.05, 0.01, 'fail'],
    [0.01, 0.01, 'undecided'],
    [0.05, 0.5, 'pass'],
  ] as const) {
    const result = judged(failing(ratio), GATEWAY_SIDE, errors, '<', limit);
    assert.equal(result.verdict, verdict, JSON.stringify(result));
    assert.equal(result.unit, 'ratio');
  }
  // Members are asked directly: the gateway's failures are not theirs.
  assert.equal(judged(failing(0.5), { kind: 'direct' }, errors, '<', 0.01).verdict, 'pass');
});

test('requests that were slow on purpose are not errors of ordinary operation', () => {
  const recording = makeRecording({ seed: 5 })
    .compare()
    .timeout({ gatewayTimeoutUs: 30 * SEC })
    .build();
  const result = judged(recording, GATEWAY_SIDE, { kind: 'errors' }, '<', 0.01);
  assert.equal(result.measured?.value, 0);
});

test('the longest answer is known exactly', () => {
  const recording = makeRecording({ seed: 6 })
    .compare({ gateway: ({ index }) => (index === 70 ? 90_000 : 12_000) })
    .build();
  const longest = { kind: 'max' } as const;
  assert.deepEqual(judged(recording, GATEWAY_SIDE, longest, '<=', 90_000).measured, {
    value: 90_000,
    low: 90_000,
    high: 90_000,
  });
  assert.equal(judged(recording, GATEWAY_SIDE, longest, '<=', 90_000).verdict, 'pass');
  assert.equal(judged(recording, GATEWAY_SIDE, longest, '<', 90_000).verdict, 'fail');
});

test('a threshold on one request looks at that request', () => {
  const recording = makeRecording({ seed: 7 })
    .compare({
      requests: ['home', 'report'],
      gateway: ({ requestName }) => (requestName === 'report' ? 200_000 : 12_000),
    })
    .build();
  assert.equal(judged(recording, GATEWAY_SIDE, 0.5, '<', 50 * MS, 'home').verdict, 'pass');
  assert.equal(judged(recording, GATEWAY_SIDE, 0.5, '<', 50 * MS, 'report').verdict, 'fail');
});

test('without slots the load of a burst is judged', () => {
  const recording = makeRecording({ seed: 8 })
    .burst({ gateway: 12_000, ratePerSec: 100, durationUs: 10 * SEC })
    .build();
  assert.equal(judged(recording, GATEWAY_SIDE, 0.5, '<', 20 * MS).verdict, 'pass');
});

test('what the sample cannot support is undecided, and says what it needs', () => {
  const few: RecordingBuilder = makeRecording({ seed: 9, noise: 1 }).compare({ durationUs: SEC });
  assert.match(judged(few.build(), GATEWAY_SIDE, 0.999, '<', 1).because, /^needs \d+ independent answers, has \d+$/);
  const none = makeRecording().build();
  for (const metric of [0.5, { kind: 'errors' }, { kind: 'max' }] as const) {
    const result = judged(none, GATEWAY_SIDE, metric, '<', 1);
    assert.equal(result.verdict, 'undecided', JSON.stringify(result));
    assert.equal(result.measured, undefined);
  }
});

test('a phase is judged on the requests that have it, where all were kept', () => {
  const recording = makeRecording({ seed: 11, noise: 1 }).compare({ gateway: 30_000 }).build();
  const on = (phase: 'connect' | 'wait' | 'tls', limit: number, p = 0.5): ThresholdResult =>
    judgeThreshold({ ...threshold(GATEWAY_SIDE, p, '<', limit), phase }, createMeasures(recording));
  assert.equal(on('wait', 60 * MS).verdict, 'pass');
  assert.equal(on('wait', 10 * MS).verdict, 'fail');
  // Those on new connections only.
  assertNear(on('connect', 50 * MS).measured, CONNECT_US, 0.3);
  assert.equal(on('connect', 50 * MS).verdict, 'pass');
  assert.deepEqual(on('tls', 50 * MS).because, 'no request has a phase tls');
  assert.match(on('connect', 50 * MS, 0.9999).because, /^needs \d+ independent answers/);
  const longest = judgeThreshold(
    { ...threshold(GATEWAY_SIDE, { kind: 'max' }, '<', 10 * SEC), phase: 'wait' },
    createMeasures(recording),
  );
  assert.equal(longest.verdict, 'pass');
  // A recording that kept the slowest only would show them as usual.
  const thinned = { ...recording, exchanges: recording.exchanges.slice(0, 50) };
  const few = judgeThreshold({ ...threshold(GATEWAY_SIDE, 0.5, '<', 60 * MS), phase: 'wait' }, createMeasures(thinned));
  assert.equal(few.verdict, 'undecided');
  assert.match(few.because, /known of \d+ of \d+ requests only/);
});

test('during looks at that experiment alone', () => {
  const recording = makeRecording({ seed: 12, noise: 1 })
    .compare({ gateway: 12_000 })
    .burst({ gateway: 80_000, ratePerSec: 100, durationUs: 10 * SEC })
    .burst({ gateway: sometimes(0.2, fails(3_000, 502), 200_000), ratePerSec: 100, durationUs: 10 * SEC })
    .build();
  const on = (during: string, limit: number, metric: Threshold['metric'] | number = 0.5): ThresholdResult =>
    judgeThreshold({ ...threshold(GATEWAY_SIDE, metric, '<', limit), during }, createMeasures(recording));
  assert.equal(on('compare', 40 * MS).verdict, 'pass');
  assert.equal(on('burst-1', 40 * MS).verdict, 'fail');
  assert.equal(on('burst-1', 140 * MS).verdict, 'pass');
  assert.equal(on('burst-2', 140 * MS).verdict, 'fail');
  assert.equal(on('burst-1', 0.01, { kind: 'errors' }).verdict, 'pass');
  assert.equal(on('burst', 0.01, { kind: 'errors' }).verdict, 'fail');
  assert.equal(on('burst-2', 0.01, { kind: 'errors' }).verdict, 'fail');
  assert.equal(on('ramp', 40 * MS).verdict, 'undecided');
});

test('a closed loop has no response times to hold against a limit', () => {
  const recording = makeRecording({ seed: 13 })
    .burst({ gateway: 12_000, connections: 10, durationUs: 5 * SEC })
    .build();
  const result = judgeThreshold(
    { ...threshold(GATEWAY_SIDE, 0.5, '<', SEC), during: 'burst' },
    createMeasures(recording),
  );
  assert.deepEqual([result.verdict, /closed loop/.test(result.because)], ['undecided', true]);
  // Opening a connection takes as long as it takes.
  const connecting = judgeThreshold(
    { ...threshold(GATEWAY_SIDE, { kind: 'max' }, '<', SEC), phase: 'connect', during: 'burst' },
    createMeasures(recording),
  );
  assert.doesNotMatch(connecting.because, /closed loop/);
});

test('what undecided means is what the profile says; pass and fail mean themselves', () => {
  for (const [onUndecided, gate] of [
    [undefined, 'warn'],
    ['warn', 'warn'],
    ['pass', 'pass'],
    ['fail', 'fail'],
  ] as const) {
    const profile = onUndecided === undefined ? {} : { onUndecided };
    const recording = makeRecording({ seed: 14, noise: 1, profile })
      .compare({ durationUs: 30 * SEC })
      .build();
    assert.equal(judged(recording, GATEWAY_SIDE, 0.9999, '<', 1).gate, gate);
    assert.equal(judged(recording, GATEWAY_SIDE, 0.5, '<', SEC).gate, 'pass');
    assert.equal(judged(recording, GATEWAY_SIDE, 0.5, '<', 1).gate, 'fail');
    // A change cannot be told from one run.
    const change = judged(recording, { kind: 'change', route: 'gateway' }, 0.5, '<', 0.1);
    assert.deepEqual([change.verdict, change.gate], ['undecided', gate]);
    assert.match(change.because, /needs a baseline/);
  }
});

test('healthy runs break no threshold that is true of them: 40 seeds', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const recording = makeRecording({ seed, noise: 1 })
      .compare({ durationUs: 20 * SEC, gateway: 20_000 })
      .build();
    const measures = createMeasures(recording);
    for (const one of [
      threshold(GATEWAY_SIDE, 0.5, '<', 30 * MS),
      { ...threshold(GATEWAY_SIDE, 0.5, '<', 30 * MS), phase: 'wait' as const },
      { ...threshold(GATEWAY_SIDE, { kind: 'errors' }, '<', 0.05), during: 'compare' },
    ])
      assert.notEqual(judgeThreshold(one, measures).verdict, 'fail', `seed ${seed}`);
  }
});

test('overhead: not applicable without an agreement, insufficient without slots', () => {
  assertNotApplicable(overhead, makeRecording().compare({ durationUs: SEC }).build(), /no threshold on overhead/);
  const thresholds = [threshold({ kind: 'overhead' }, 0.99, '<', 5 * MS)];
  const few = makeRecording({ seed: 10, noise: 1, profile: { thresholds } }).compare({ durationUs: SEC }).build();
  assertInsufficient(overhead, few, /more slots for "overhead/, /needs/);
  const other = [threshold(GATEWAY_SIDE, 0.5, '<', 1)];
  assert.equal(
    detect(
      overhead,
      makeRecording({ profile: { thresholds: other } })
        .compare()
        .build(),
    ).state,
    'not-applicable',
  );
});

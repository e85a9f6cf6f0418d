import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { judgeThreshold, overhead } from '../../src/detectors/thresholds.ts';
import type { Threshold } from '../../src/model/profile.ts';
import type { Recording } from '../../src/model/recording.ts';
import type { ThresholdResult } from '../../src/model/report.ts';
import { fails, makeRecording, type RecordingBuilder, sometimes } from '../helpers/make-recording.ts';
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

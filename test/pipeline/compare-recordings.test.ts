import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/model/finding.ts';
import type { Recording } from '../../src/model/recording.ts';
import { findingChanges } from '../../src/pipeline/compare-findings.ts';
import { calibrate, compareRuns, summariseRun } from '../../src/pipeline/compare-recordings.ts';
import { makeRecording, type RecordingOptions } from '../helpers/make-recording.ts';

function run(options: RecordingOptions, addedUs = 2_000): Recording {
  return makeRecording({ noise: 1, ...options })
    .compare({ durationUs: 30e6, member: 40_000, gateway: () => ({ us: 40_000 + addedUs }) })
    .build();
}

test('two runs alike: no change, nothing to warn of', () => {
  const comparison = compareRuns(summariseRun(run({ seed: 1 })), summariseRun(run({ seed: 2 })));
  assert.equal(comparison.verdict, 'same');
  assert.deepEqual(comparison.differences, []);
  assert.deepEqual(JSON.parse(JSON.stringify(comparison)), comparison);
});

test('a slower gateway is worse, and its waiting phase says where', () => {
  const comparison = compareRuns(summariseRun(run({ seed: 1 })), summariseRun(run({ seed: 2 }, 12_000)));
  assert.equal(comparison.verdict, 'worse');
  const wait = comparison.phases.find(({ route, phase }) => route === 'gateway' && phase === 'wait');
  assert.ok(Math.abs((wait?.headUs ?? 0) - (wait?.baseUs ?? 0) - 10_000) < 1_000, JSON.stringify(wait));
});

test('what is not like for like is told', () => {
  const head = run({ seed: 2, recognised: { kind: 'nginx' }, quality: { achievedRateRatio: 0.5 } });
  const other = { ...head, manifest: { ...head.manifest, host: { ...head.manifest.host, cpus: 99 } } };
  const { differences } = compareRuns(summariseRun(run({ seed: 1 })), summariseRun(other));
  assert.deepEqual(
    differences.map(({ what }) => what),
    ['kind of gateway', 'machine of the probe', 'achieved share of the rate'],
  );
});

test('a probe at its limit makes the comparison invalid', () => {
  const overloaded = run({
    seed: 2,
    quality: { latenessUs: { p50: 4e4, p99: 4e5, p999: 4e5, max: 4e5 }, busyRatio: 1 },
  });
  const comparison = compareRuns(summariseRun(run({ seed: 1 })), summariseRun(overloaded));
  assert.equal(comparison.verdict, 'invalid');
  assert.match(comparison.invalid.join(), /^head: /);
});

test('calibration counts every pair once', () => {
  const summaries = [1, 2, 3, 4].map((seed) => summariseRun(run({ seed })));
  const { pairs, recordings, alarms, metrics } = calibrate(summaries);
  assert.deepEqual({ pairs, recordings, alarms }, { pairs: 6, recordings: 4, alarms: 0 });
  assert.ok(metrics.some(({ id, pairs: of }) => id === 'gateway home p50' && of === 6));
});

test('findings: appeared, vanished, changed, and what one side could not tell', () => {
  const finding = (value: number): Finding =>
    ({
      cause: 'gateway/read-timeout',
      scope: { route: 'gateway' },
      severity: 'error',
      title: `limit ${value}`,
      measured: { timeoutUs: { value, low: value - 1, high: value + 1 } },
    }) as unknown as Finding;
  const side = (findings: readonly Finding[], state: 'clear' | 'found' | 'insufficient-data') => ({
    findings,
    detectors: [{ id: 'gateway/read-timeout' as Finding['cause'], title: '', verdict: { state } as never }],
  });
  const stateOf = (...sides: Parameters<typeof findingChanges>) => findingChanges(...sides).map(({ state }) => state);
  assert.deepEqual(stateOf(side([], 'clear'), side([finding(9)], 'found')), ['appeared']);
  assert.deepEqual(stateOf(side([], 'insufficient-data'), side([finding(9)], 'found')), ['unjudged-before']);
  assert.deepEqual(stateOf(side([finding(9)], 'found'), side([], 'clear')), ['vanished']);
  assert.deepEqual(stateOf(side([finding(9)], 'found'), side([], 'insufficient-data')), ['unjudged-now']);
  assert.deepEqual(stateOf(side([finding(9)], 'found'), side([finding(9.5)], 'found')), ['stayed']);
  assert.deepEqual(stateOf(side([finding(9)], 'found'), side([finding(19)], 'found')), ['changed']);
});

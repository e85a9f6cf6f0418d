import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { compareRuns, summariseRun } from '../../src/pipeline/compare-recordings.ts';
import { confirmComparison, judgeComparison } from '../../src/pipeline/gate.ts';
import { parseThreshold } from '../../src/profile/threshold.ts';
import { comparisonJson, publicComparison } from '../../src/report/comparison-json.ts';
import { fails, makeRecording, sometimes } from '../helpers/make-recording.ts';

const SCHEMA = JSON.parse(readFileSync(new URL('../../src/report/comparison.schema.json', import.meta.url), 'utf8'));
const validate: ValidateFunction = new Ajv2020({ allErrors: true, strict: true, strictTypes: false }).compile(SCHEMA);

const run = (seed: number, gatewayUs: number, failRatio = 0, durationUs = 20e6) =>
  summariseRun(
    makeRecording({ seed, noise: 1 })
      .compare({ durationUs, member: 40_000, gateway: sometimes(failRatio, fails(gatewayUs, 502), gatewayUs) })
      .build(),
  );
const BASE = run(1, 42_000);
const rules = {
  thresholds: ['change p50 < 10%', 'change errors < 1%', 'change p95 < 10ms'].map((text) => {
    const parsed = parseThreshold(text);
    assert.ok(parsed.ok);
    return parsed.value;
  }),
};

test('what is written keeps to the schema: alike, worse, failing, too short, repeated', () => {
  const worse = judgeComparison(compareRuns(BASE, run(2, 60_000)), rules);
  for (const comparison of [
    compareRuns(BASE, run(3, 42_000)),
    worse,
    judgeComparison(compareRuns(BASE, run(4, 42_000, 0.2)), rules),
    judgeComparison(compareRuns(BASE, run(5, 42_000, 0, 1e6)), rules),
    confirmComparison(worse, compareRuns(BASE, run(6, 42_000)), rules),
    { ...worse, verdict: 'invalid', invalid: ['head: late'] } as const,
  ]) {
    const value: unknown = JSON.parse(comparisonJson(comparison));
    assert.ok(validate(value), JSON.stringify(validate.errors?.slice(0, 5), undefined, 2));
  }
});

test('times are milliseconds, shares stay shares, and the answer comes with it', () => {
  const comparison = judgeComparison(compareRuns(BASE, run(2, 60_000)), rules);
  const value = JSON.parse(JSON.stringify(publicComparison(comparison)));
  const p50 = value.metrics.find(({ id }: { id: string }) => id === 'gateway home p50');
  assert.ok(p50.base > 38 && p50.base < 48 && p50.change.value > 14 && p50.change.value < 22, JSON.stringify(p50));
  assert.equal(p50.unit, 'ms');
  const errors = value.metrics.find(({ id }: { id: string }) => id === 'gateway home errors');
  assert.deepEqual([errors.unit, errors.base, errors.floor], ['ratio', 0, 0.001]);
  assert.match(value.answer[0], /^Breaks change p50 < 10%/);
  assert.ok(value.phases.every(({ baseMs }: { baseMs: number }) => baseMs < 1_000));
});

test('the schema refuses what is not of it', () => {
  const value = JSON.parse(comparisonJson(compareRuns(BASE, run(3, 42_000))));
  for (const broken of [
    { ...value, extra: 1 },
    { ...value, verdict: 'good' },
    { ...value, answer: [] },
    { ...value, metrics: [{ ...value.metrics[0], unit: 'us' }] },
  ]) {
    assert.equal(validate(broken), false);
  }
});

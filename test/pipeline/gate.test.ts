import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison } from '../../src/model/comparison.ts';
import type { Threshold } from '../../src/model/profile.ts';
import { compareRuns, type RunSummary, summariseRun } from '../../src/pipeline/compare-recordings.ts';
import { confirmComparison, doubtOf, type GateRules, isGateClosed, judgeComparison } from '../../src/pipeline/gate.ts';
import { parseThreshold } from '../../src/profile/threshold.ts';
import { fails, makeRecording, sometimes } from '../helpers/make-recording.ts';

function run(seed: number, gatewayUs = 42_000, noise: 0 | 1 | 10 = 1, durationUs = 30e6): RunSummary {
  return summariseRun(
    makeRecording({ seed, noise }).compare({ durationUs, member: 40_000, gateway: gatewayUs }).build(),
  );
}

function rules(texts: readonly string[], onUndecided?: GateRules['onUndecided']): GateRules {
  const thresholds = texts.map((text): Threshold => {
    const parsed = parseThreshold(text);
    assert.ok(parsed.ok, text);
    return parsed.value;
  });
  return { thresholds, ...(onUndecided === undefined ? {} : { onUndecided }) };
}

const NONE = rules([]);
const BASE = run(1);

function verdicts({ thresholds = [] }: Comparison): readonly string[] {
  return thresholds.map(({ verdict }) => verdict);
}

test('rules on change are judged, others are the business of the run', () => {
  const of = rules(['gateway p50 < 1s', 'change p50 < 10%', 'change p50 < 100ms', 'change direct p50 < 60%']);
  assert.deepEqual(verdicts(judgeComparison(compareRuns(BASE, run(2)), of)), ['pass', 'pass', 'pass']);
  assert.deepEqual(verdicts(judgeComparison(compareRuns(BASE, run(3, 60_000)), of)), ['fail', 'pass', 'pass']);
  assert.equal(judgeComparison(compareRuns(BASE, run(2)), NONE).thresholds, undefined);
});

test('the gate: worse closes it, unless rules say how much is too much', () => {
  const worse = compareRuns(BASE, run(3, 60_000));
  const same = compareRuns(BASE, run(2));
  assert.equal(isGateClosed(worse, 'warning'), true);
  assert.equal(isGateClosed(worse, 'never'), false);
  assert.equal(isGateClosed(same, 'warning'), false);
  // 18 ms of 42 are 43 %.
  assert.equal(isGateClosed(judgeComparison(worse, rules(['change p50 < 70%', 'change p95 < 70%'])), 'warning'), false);
  assert.equal(isGateClosed(judgeComparison(worse, rules(['change p50 < 20%'])), 'warning'), true);
  // A broken rule counts also where findings do not.
  assert.equal(isGateClosed(judgeComparison(worse, rules(['change p50 < 20%'])), 'never'), true);
  assert.equal(isGateClosed({ ...worse, verdict: 'invalid' }, 'warning'), false);
});

test('undecided closes it only where the profile says so', () => {
  const few = compareRuns(run(1, 42_000, 1, 2e6), run(2, 42_000, 1, 2e6));
  assert.equal(isGateClosed(judgeComparison(few, rules(['change p95 < 10%'])), 'warning'), false);
  const strict = judgeComparison(few, rules(['change p95 < 10%'], 'fail'));
  assert.deepEqual(verdicts(strict), ['undecided']);
  assert.equal(isGateClosed(strict, 'never'), true);
});

test('doubt: what looks worse, what is not kept, what cannot be told', () => {
  const worse = compareRuns(BASE, run(3, 60_000));
  assert.match(doubtOf(worse, NONE) ?? '', /gateway home p50.* looks worse/);
  assert.equal(doubtOf(compareRuns(BASE, run(2)), NONE), undefined);
  const kept = rules(['change p50 < 70%']);
  assert.equal(doubtOf(judgeComparison(worse, kept), kept), undefined);
  const broken = rules(['change p50 < 20%']);
  assert.match(doubtOf(judgeComparison(worse, broken), broken) ?? '', /^change p50 < 20% is broken$/);
  // Failures are counted: a second look would not change what was seen.
  const failing = summariseRun(
    makeRecording({ seed: 4, noise: 1 })
      .compare({ durationUs: 30e6, member: 40_000, gateway: sometimes(0.2, fails(42_000, 502), 42_000) })
      .build(),
  );
  const errors = rules(['change errors < 1%']);
  const judged = judgeComparison(compareRuns(BASE, failing), errors);
  assert.deepEqual(verdicts(judged), ['fail']);
  assert.equal(doubtOf(judged, errors), undefined);
});

test('a repeat that agrees confirms, and one that does not takes it back', () => {
  const first = compareRuns(BASE, run(3, 60_000));
  const again = confirmComparison(first, compareRuns(BASE, run(4, 60_000)), NONE);
  assert.equal(again.verdict, 'worse');
  assert.ok(again.repeat?.confirmed.includes('gateway home p50'));
  const not = confirmComparison(first, compareRuns(BASE, run(5)), NONE);
  assert.equal(not.verdict, 'cannot-tell');
  assert.deepEqual(not.repeat?.confirmed, []);
  assert.ok(not.repeat?.refuted.includes('gateway home p50'));
  assert.equal(isGateClosed(not, 'warning'), false);
  // A repeat that says nothing changes nothing.
  const invalid = { ...compareRuns(BASE, run(5)), verdict: 'invalid', invalid: ['head: late'] } as const;
  assert.equal(confirmComparison(first, invalid, NONE).verdict, 'worse');
});

test('rules after a repeat: broken twice is broken, once is undecided; undecided and then kept is kept', () => {
  const strict = rules(['change p50 < 20%', 'change p50 < 100%'], 'fail');
  const slow = judgeComparison(compareRuns(BASE, run(3, 60_000)), strict);
  const twice = confirmComparison(slow, compareRuns(BASE, run(4, 60_000)), strict);
  assert.deepEqual(verdicts(twice), ['fail', 'pass']);
  assert.match(twice.thresholds?.[0]?.because ?? '', /; repeated: \+/);
  const once = confirmComparison(slow, compareRuns(BASE, run(5)), strict);
  assert.deepEqual(verdicts(once), ['undecided', 'pass']);
  assert.match(once.thresholds?.[0]?.because ?? '', /do not agree; undecided counts as failed here$/);
  // 3 s are too short for this rule, 30 s are not.
  const close = rules(['change p95 < 8%']);
  const short = judgeComparison(compareRuns(BASE, run(6, 42_000, 10, 6e6)), close);
  const long = confirmComparison(short, compareRuns(BASE, run(7, 42_000, 0)), close);
  assert.deepEqual([verdicts(short), verdicts(long)], [['undecided'], ['pass']]);
});

test('an unchanged farm closes no gate: 40 pairs', () => {
  const of = rules(['change p50 < 10%', 'change p95 < 20%', 'change errors < 1%']);
  let closed = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const comparison = compareRuns(run(100 + seed, 42_000, 1, 20e6), run(200 + seed, 42_000, 1, 20e6));
    if (isGateClosed(comparison, 'warning') || isGateClosed(judgeComparison(comparison, of), 'warning')) closed++;
  }
  assert.equal(closed, 0);
});

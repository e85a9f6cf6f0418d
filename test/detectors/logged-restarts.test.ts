import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DETECTORS, GATEWAYS } from '../../src/catalog.ts';
import { judge } from '../../src/detectors/judge.ts';
import { isRestart } from '../../src/detectors/logged-cold.ts';
import { restartsFromLogs } from '../../src/detectors/logged-restarts.ts';
import { arr } from '../../src/gateways/arr.ts';
import type { AfterGap, LogEvidence } from '../../src/model/journey.ts';
import { createRandom, exponential } from '../../src/model/random.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import { contextOf, evidenceOf, NINE, SEC, summary } from './synthetic-journeys.ts';

const OK = { count: 900, p50: 20_000, p90: 30_000, p99: 60_000, max: 9 * SEC };
const SOURCES = [summary({ index: 0 }), summary({ index: 1, okDurationUs: OK })];

function gap(index: number, more: Partial<AfterGap> = {}): AfterGap {
  return {
    source: 1,
    line: 10 * index + 10,
    atUs: NINE + index * 5_000 * SEC,
    gapUs: 3 * SEC,
    durationUs: 9 * SEC,
    nextUs: 20_000,
    isNewBlock: true,
    ...more,
  };
}

function withGaps(afterGaps: readonly AfterGap[]): LogEvidence {
  return evidenceOf([], { sources: SOURCES, afterGaps });
}

const QUICK = { durationUs: 25_000 };
const CASES: readonly (readonly [why: string, gaps: readonly AfterGap[], found: boolean])[] = [
  ['four slow starts', [0, 1, 2, 3].map((i) => gap(i)), true],
  ['three, the least', [0, 1, 2].map((i) => gap(i)), true],
  ['two', [0, 1].map((i) => gap(i)), false],
  ['blocks alone', [0, 1, 2, 3].map((i) => gap(i, QUICK)), false],
  ['quick as often as slow', [0, 1, 2, 3, 4, 5].map((i) => gap(i, i % 2 === 0 ? QUICK : {})), false],
  ['slow for long, not only at first', [0, 1, 2, 3].map((i) => gap(i, { nextUs: 8 * SEC })), false],
  ['pauses that close the log', [0, 1, 2, 3].map((i) => gap(i, { gapUs: 1_000 * SEC })), false],
  [
    'no block',
    [0, 1, 2, 3].map((i) => {
      const { isNewBlock: _none, ...rest } = gap(i);
      return rest;
    }),
    false,
  ],
];

for (const [why, gaps, isFound] of CASES)
  test(`restarts told by header blocks: ${why}`, () => {
    const [candidate, ...rest] = restartsFromLogs(withGaps(gaps), contextOf(withGaps(gaps)));
    assert.equal(candidate !== undefined, isFound, candidate?.title);
    assert.equal(rest.length, 0);
    if (candidate === undefined) return;
    assert.deepEqual(
      [candidate.cause, candidate.scope.member, candidate.confidence],
      ['cold-start/recycle', 'web1', 'likely'],
    );
    assert.ok(candidate.p < 1e-5);
    assert.equal(candidate.measured['penaltyUs']?.value, 9 * SEC - 20_000);
  });

test('the judge keeps it as a warning; in a run it is a note, as it was before the run', () => {
  const logs = withGaps([0, 1, 2, 3].map((i) => gap(i)));
  const { findings } = judge(DETECTORS, GATEWAYS, contextOf(logs, arr));
  assert.deepEqual(
    findings.map(({ cause, severity }) => [cause, severity]),
    [['cold-start/recycle', 'warning']],
  );
  const recording = makeRecording({ seed: 1 }).compare().build();
  assert.equal(restartsFromLogs(logs, contextOf(logs, arr, recording))[0]?.severity, 'info');
});

test('a pause is not a restart, and a restart is not counted as a pause', () => {
  assert.equal(isRestart(gap(0)), true);
  assert.equal(isRestart(gap(0, { gapUs: 901 * SEC })), false);
  const logs = withGaps([0, 1, 2, 3].map((i) => gap(i)));
  assert.ok(
    judge(DETECTORS, GATEWAYS, contextOf(logs, arr)).findings.every(({ cause }) => cause !== 'cold-start/idle'),
  );
  const idle = withGaps([0, 1, 2, 3].map((i) => gap(i, { gapUs: (1_300 + i) * SEC })));
  const [found] = judge(DETECTORS, GATEWAYS, contextOf(idle, arr)).findings;
  assert.equal(found?.cause, 'cold-start/idle');
  assert.match(found?.meaning ?? '', /Before 4 of them IIS began a new header block/);
});

for (const noise of [0, 1, 10])
  test(`healthy servers with many header blocks, noise ${noise}: nothing in 40 seeds`, () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed);
      // Heavy tails: one request in a hundred takes seconds, whatever stands before it.
      const time = () =>
        Math.round(20_000 + noise * exponential(random, 20_000) + (random.next() < 0.001 * noise ? 4 * SEC : 0));
      const gaps = Array.from({ length: 30 }, (_, i) =>
        gap(i, { gapUs: Math.round(random.next() * 1_200 * SEC), durationUs: time(), nextUs: time() }),
      );
      const logs = withGaps(gaps);
      assert.deepEqual(restartsFromLogs(logs, contextOf(logs)), [], `seed ${seed}`);
    }
  });

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextGaps } from '../../../src/pipeline/auto/idle-gaps.ts';
import { SEC } from './states.ts';

/** Climbs the ladder against an application that sleeps after `thresholdUs`. */
function climb(
  thresholdUs: number,
  mostRungs = 40,
): { gaps: number[][]; pauses: { gapUs: number; isCold: boolean }[] } {
  const pauses: { gapUs: number; isCold: boolean }[] = [];
  const gaps: number[][] = [];
  for (let rung = 0; rung < mostRungs; rung++) {
    const next = nextGaps(pauses);
    if (next === undefined) break;
    gaps.push([...next.spec.gapsUs]);
    for (let repeat = 0; repeat < next.spec.repeats; repeat++)
      for (const gapUs of next.spec.gapsUs) pauses.push({ gapUs, isCold: gapUs >= thresholdUs });
  }
  return { gaps, pauses };
}

for (const thresholdSec of [0.7, 1.5, 1.8, 5, 20, 50]) {
  test(`a threshold of ${thresholdSec} s is bracketed, and cold four times`, () => {
    const { pauses, gaps } = climb(thresholdSec * SEC);
    const cold = pauses.filter(({ isCold }) => isCold).map(({ gapUs }) => gapUs);
    const coldFromUs = Math.min(...cold);
    const warmUpToUs = Math.max(...pauses.filter(({ isCold }) => !isCold).map(({ gapUs }) => gapUs));
    assert.ok(warmUpToUs < thresholdSec * SEC && coldFromUs >= thresholdSec * SEC);
    assert.ok(coldFromUs <= 2 * warmUpToUs, `${warmUpToUs}–${coldFromUs}`);
    assert.ok(cold.length >= 4);
    assert.ok(gaps.length <= 10, `${gaps.length} steps`);
  });
}

test('an application that never sleeps doubles the silence without end', () => {
  const { gaps } = climb(Number.POSITIVE_INFINITY, 8);
  assert.deepEqual(
    gaps.map(([gapUs]) => (gapUs ?? 0) / SEC),
    [1, 2, 4, 8, 16, 32, 64, 128],
  );
});

test('a cold start that does not come again ends the ladder', () => {
  const once = [
    { gapUs: SEC, isCold: false },
    { gapUs: 2 * SEC, isCold: true },
    { gapUs: 1_414_000, isCold: false },
  ];
  const proof = nextGaps(once);
  assert.deepEqual(proof?.spec, { gapsUs: [SEC / 2, 2 * SEC], repeats: 3 });
  const repeated = Array.from({ length: 3 }, () => ({ gapUs: 2 * SEC, isCold: false }));
  assert.equal(nextGaps([...once, ...repeated]), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewRunsP, spellsOf } from '../../src/analysis/runs.ts';
import { stateChangeRatio } from '../../src/model/state-changes.ts';

/** All orders of a small series, counted one by one. */
function counted(runs: number, first: number, second: number): number {
  const n = first + second;
  let few = 0;
  let all = 0;
  for (let bits = 0; bits < 2 ** n; bits++) {
    const states = Array.from({ length: n }, (_, i) => (bits >> i) & 1);
    if (states.reduce((sum, bit) => sum + bit, 0) !== first) continue;
    all++;
    const own = states.filter((bit, i) => i === 0 || bit !== states[i - 1]).length;
    if (own <= runs) few++;
  }
  return few / all;
}

test('the probability of few runs is that of counting all orders', () => {
  for (const [first, second] of [
    [3, 5],
    [4, 4],
    [1, 7],
    [6, 2],
  ] as const)
    for (let runs = 1; runs <= first + second; runs++)
      assert.ok(
        Math.abs(fewRunsP(runs, first, second) - counted(runs, first, second)) < 1e-9,
        `${runs} ${first} ${second}`,
      );
});

test('a state that never came tells nothing', () => {
  assert.equal(fewRunsP(1, 0, 9), 1);
});

test('spells are found, at both ends as well', () => {
  assert.deepEqual(spellsOf([true, false, true, true]), [
    { from: 0, to: 1 },
    { from: 2, to: 4 },
  ]);
  assert.deepEqual(spellsOf([]), []);
});

test('the share of changes weighs newer ones more', () => {
  const calm = Array.from({ length: 21 }, () => false);
  assert.equal(stateChangeRatio(calm), 0);
  assert.equal(stateChangeRatio(calm.map((_, i) => i % 2 === 0)), 1);
  const early = stateChangeRatio(calm.map((_, i) => i < 2));
  const late = stateChangeRatio(calm.map((_, i) => i >= 19));
  assert.ok(early < late && Math.abs(early + late - 0.1) < 0.01, `${early} ${late}`);
});

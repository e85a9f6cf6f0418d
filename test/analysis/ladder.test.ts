import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chanceOfStep, idleBracket } from '../../src/analysis/ladder.ts';

const MIN = 60_000_000;
const steps = (...pairs: readonly (readonly [minutes: number, isCold: boolean])[]) =>
  pairs.map(([minutes, isCold]) => ({ gapUs: minutes * MIN, isCold }));

test('the threshold lies between the longest warm and the shortest cold gap', () => {
  for (const { name, given, warm, cold, isConsistent } of [
    {
      name: 'clean',
      given: steps([1, false], [1, false], [19, false], [19, false], [21, true], [21, true], [30, true]),
      warm: 19,
      cold: 21,
      isConsistent: true,
    },
    { name: 'never cold', given: steps([1, false], [10, false]), warm: 10, cold: undefined, isConsistent: true },
    { name: 'always cold', given: steps([1, true], [10, true]), warm: undefined, cold: 1, isConsistent: true },
    { name: 'nothing', given: [], warm: undefined, cold: undefined, isConsistent: true },
    {
      name: 'one warm answer above the threshold is a contradiction, not a bracket',
      given: steps([5, false], [5, false], [21, true], [21, true], [30, false], [30, true], [45, true], [45, true]),
      warm: 5,
      cold: 21,
      isConsistent: false,
    },
    {
      name: 'a mixed rung widens the bracket to its neighbours',
      given: steps([5, false], [5, false], [20, true], [20, false], [30, true], [30, true]),
      warm: 5,
      cold: 30,
      isConsistent: false,
    },
  ]) {
    const bracket = idleBracket(given);
    assert.equal(bracket.warmUpToUs, warm === undefined ? undefined : warm * MIN, name);
    assert.equal(bracket.coldFromUs, cold === undefined ? undefined : cold * MIN, name);
    assert.equal(bracket.isConsistent, isConsistent, name);
  }
});

test('rungs are told by gap, whatever the order of the steps', () => {
  const bracket = idleBracket(steps([30, true], [5, false], [30, false], [10, true]));
  assert.deepEqual(
    bracket.rungs.map(({ gapUs, repeats, coldCount, state }) => [gapUs / MIN, repeats, coldCount, state]),
    [
      [5, 1, 0, 'warm'],
      [10, 1, 1, 'cold'],
      [30, 2, 1, 'mixed'],
    ],
  );
  assert.equal(bracket.contradictions, 1);
});

test('a step whose place is chosen afterwards is as improbable as all its places together', () => {
  const ladder = steps([1, false], [1, false], [5, false], [5, false], [21, true], [21, true]);
  const p = 1e-6;
  // What is slow once in a thousand is slow often enough for two at once, hardly for three.
  assert.ok(Math.abs(chanceOfStep(ladder, p, 1e-3) - (p + 2e-9 + 1e-12)) < 1e-14);
  // What is slow each second time fits everywhere: 2 at 21, one or both of 5, one or both of 1.
  assert.ok(Math.abs(chanceOfStep(ladder, p, 0.5) - 7 * p) < 1e-12);
  assert.equal(chanceOfStep(ladder, 1, 1), 1);
  // Never less than what was seen where it was seen.
  assert.equal(chanceOfStep(steps([21, true]), 0.02, 0), 0.02);
});

test('which of several repeats of one pause are cold is one more choice', () => {
  const once = steps([1, false], [5, false], [21, true], [30, true]);
  const mixed = steps([1, false], [5, false], [5, false], [5, false], [21, true], [30, true]);
  const p = 1e-6;
  assert.ok(Math.abs(chanceOfStep(once, p, 0.5) - 3 * p) < 1e-12);
  assert.ok(Math.abs(chanceOfStep(mixed, p, 0.5) - (1 + 3 + 3 + 1 + 1) * p) < 1e-12);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apartBeginning, warmUpCut } from '../../src/analysis/warm-up-cut.ts';
import { createRandom } from '../../src/model/random.ts';
import { normal } from './noise.ts';

function noisy(length: number, seed: number, added: (i: number) => number): number[] {
  const random = createRandom(seed);
  return Array.from({ length }, (_, i) => 20 + normal(random) + added(i));
}

test('a beginning that decays is cut where it is over', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const cut = warmUpCut(noisy(60, seed, (i) => 80 * Math.exp(-i / 3)));
    assert.ok(cut !== undefined && cut >= 6 && cut <= 25, `${seed}: ${cut}`);
  }
});

test('a level that never settles has no cut', () => {
  assert.equal(warmUpCut(noisy(60, 1, (i) => -i)), undefined);
});

test('a beginning stands apart only where all of it is above all that came later', () => {
  const rows: readonly (readonly [values: readonly number[], length: number])[] = [
    [[100, 20, 20, 20, 20], 1],
    [[100, 60, 20, 20, 20], 2],
    [[100, 20, 20, 90, 20], 0],
    [[20, 20, 20, 20, 20], 0],
    [[38, 20, 20, 20, 20], 0],
    [[40, 20, 20, 20, 20], 1],
    [[100, 90, 80, 20], 0],
    [[], 0],
  ];
  for (const [values, length] of rows) assert.equal(apartBeginning(values), length, values.join(' '));
});

test('no beginning of noise stands apart: forty seeds', () => {
  for (let seed = 1; seed <= 40; seed++) assert.equal(apartBeginning(noisy(30, seed, () => 0)), 0);
});

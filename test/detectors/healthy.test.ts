/** Farms in which nothing is wrong, through the whole judgement. `npm run bench:judge` does the same with 500 seeds of each. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HEALTHY_SHAPES } from '../helpers/healthy-shapes.ts';
import { alarmsOf, judged } from '../helpers/judged.ts';
import { fails, makeRecording, sometimes } from '../helpers/make-recording.ts';

/** Over all shapes, so that the whole takes a few seconds. */
const SEEDS = 40;
const SEEDS_OF_EACH = 4;

describe('nobody is called by a healthy farm', () => {
  for (const [index, { name, make }] of HEALTHY_SHAPES.entries())
    test(name, () => {
      for (let i = 0; i < SEEDS_OF_EACH; i++) {
        // Other seeds for each shape: together all of them.
        const seed = 1 + ((index * SEEDS_OF_EACH + i) % SEEDS);
        assert.deepEqual(alarmsOf(judged(make(seed))), [], `seed ${seed}`);
      }
    });
});

/** Shapes and seeds for which a detector once called somebody. */
const ONCE_CALLED: readonly (readonly [shape: string, seed: number])[] = [
  ['noisy, lognormal with sigma 1', 14],
  ['cache in the members', 183],
  ['retransmissions of 0.1 %', 426],
];

describe('nor any more by what once was taken for a fault', () => {
  for (const [name, seed] of ONCE_CALLED)
    test(`${name}, seed ${seed}`, () => {
      const shape = HEALTHY_SHAPES.find((one) => one.name === name);
      assert.ok(shape !== undefined, name);
      assert.deepEqual(alarmsOf(judged(shape.make(seed))), []);
    });
});

test('what is wrong is seen by the same eyes', () => {
  const recording = makeRecording({ seed: 1, noise: 1 })
    .compare({ member: { web2: sometimes(0.2, fails(5_000, 500), 10_000) } })
    .build();
  assert.deepEqual(alarmsOf(judged(recording)), ['member/errors@web2']);
});

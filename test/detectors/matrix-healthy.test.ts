/** The experiments of each row without its fault: looked at, and clear. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Noise } from './matrix/row.ts';
import { ROWS } from './matrix/rows.ts';
import { detectionOf, wordsOf } from './matrix/trial.ts';

const NOISES: readonly Noise[] = [0, 1, 10];
const SEEDS = 40;

for (const row of ROWS)
  test(`${row.cause} is silent, ${SEEDS} seeds`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const noise = NOISES[seed % NOISES.length] as Noise;
      const detection = detectionOf(row, row.healthy(seed, noise));
      assert.equal(detection.state, 'clear', `seed ${seed}, noise ${noise}: ${wordsOf(detection)}`);
    }
  });

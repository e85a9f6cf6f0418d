/** Every detector of the catalog against every kind of recording; faults through the judgement as `diagnose` makes it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DETECTORS } from '../../src/catalog.ts';
import { isAtLeast } from '../../src/model/severity.ts';
import type { Noise, Row } from './matrix/row.ts';
import { ROWS } from './matrix/rows.ts';
import { detectionOf, isTold, tryFault, wordsOf } from './matrix/trial.ts';

const NOISES: readonly Noise[] = [0, 1, 10];
/** The kinds that a row must have; `good` and `healthy` are made at each noise. */
const KINDS = ['good', 'healthy', 'borderline', 'tooLittle', 'notApplicable'] as const satisfies readonly (keyof Row)[];

test('every detector of the catalog has one row, and every row every kind', () => {
  const causes = ROWS.map(({ cause }) => cause);
  assert.deepEqual(causes.toSorted(), DETECTORS.map(({ cause }) => cause).toSorted());
  for (const row of ROWS) for (const kind of KINDS) assert.ok(row[kind] !== undefined, `${row.cause}: no ${kind}`);
});

for (const row of ROWS) {
  describe(row.cause, () => {
    for (const noise of NOISES)
      test(`good: found alone, at its place, with its values (noise ${noise})`, () => {
        const trial = tryFault(row, 1, noise);
        assert.ok(trial.isFound && trial.isPlaced, trial.told);
        assert.deepEqual(trial.wrongValues, []);
        assert.deepEqual(trial.alsoTold, [], trial.told);
      });

    test('borderline: not told just below, told just above', () => {
      const { severity } = row.good;
      const { below, above } = row.borderline;
      for (const seed of [1, 2]) {
        // Not as a warning either, where the fault itself is an error.
        const least = isAtLeast(severity, 'warning') ? 'warning' : severity;
        assert.equal(isTold(row.cause, below(seed), least), false, `below, seed ${seed}`);
        const recording = above(seed);
        assert.equal(
          isTold(row.cause, recording, severity),
          true,
          `above, seed ${seed}: ${wordsOf(detectionOf(row, recording))}`,
        );
      }
    });

    test('too little: says what it needs', () => {
      const { tooLittle } = row;
      if ('never' in tooLittle) return assert.match(tooLittle.never, /\w+ \w+/);
      const detection = detectionOf(row, tooLittle.recording());
      assert.ok(detection.state === 'insufficient-data', wordsOf(detection));
      assert.match(detection.need, tooLittle.need);
    });

    test('not applicable: says why', () => {
      const { notApplicable } = row;
      if ('never' in notApplicable) return assert.match(notApplicable.never, /\w+ \w+/);
      const detection = detectionOf(row, notApplicable.recording());
      assert.ok(detection.state === 'not-applicable', wordsOf(detection));
      assert.match(detection.reason, notApplicable.reason);
    });
  });
}

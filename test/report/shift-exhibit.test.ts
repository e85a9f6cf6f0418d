import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { type ShiftPoint, shiftExhibit, shiftReading } from '../../src/report/shift-exhibit.ts';
import { makeRecording } from '../helpers/make-recording.ts';

function shape(...points: readonly (readonly [p: number, value: number, half: number])[]): readonly ShiftPoint[] {
  return points.map(([p, value, half]) => ({ p, value, low: value - half, high: value + half }));
}

const SHAPES: readonly (readonly [name: string, points: readonly ShiftPoint[], says: RegExp])[] = [
  ['noise', shape([0.1, 200, 900], [0.5, -100, 800], [0.9, 400, 3_000]), /nowhere told from noise/],
  [
    'flat',
    shape([0.1, 2_000, 100], [0.5, 2_050, 100], [0.9, 1_900, 400]),
    /flat.*constant cost between 1\.95 ms and 2\.1 ms/,
  ],
  [
    'rising',
    shape([0.1, 2_000, 100], [0.5, 2_000, 100], [0.9, 9_000, 900], [0.95, 40_000, 5_000]),
    /rises from \+2 ms at p50 to \+40 ms at p95/,
  ],
  ['rising, not beyond its interval', shape([0.5, 2_000, 100], [0.95, 9_000, 8_000]), /flat/],
  [
    'masking',
    shape([0.5, 1_000, 200], [0.9, -20_000, 4_000], [0.99, -90_000, 9_000]),
    /slow end is faster.*−20 ms at p90/,
  ],
  [
    'faster everywhere',
    shape([0.1, -5_000, 100], [0.5, -5_000, 100], [0.9, -5_100, 100]),
    /answers sooner.*−5 ms at p50/,
  ],
  [
    'a little steeper than its intervals allow',
    shape([0.1, 2_000, 50], [0.5, 2_100, 50], [0.9, 2_400, 50], [0.95, 2_600, 50]),
    /nearly flat, from \+2 ms to \+2\.6 ms/,
  ],
  [
    'a hump',
    shape([0.1, 1_000, 100], [0.3, 5_000, 100], [0.5, 1_000, 100], [0.9, 1_000, 100]),
    /does not rise towards the slow end/,
  ],
  ['just above noise', shape([0.1, 50, 100], [0.5, 70, 60], [0.9, 40, 90]), /constant cost between 10 µs and 130 µs/],
];

for (const [name, points, says] of SHAPES)
  test(`the sentence under the shift function: ${name}`, () => assert.match(shiftReading(points), says));

test('a constant hop is never read as waiting, on quiet days and on bad ones', () => {
  const readings = Array.from({ length: 12 }, (_, seed) => {
    const recording = makeRecording({ seed: seed + 1, noise: seed % 2 === 0 ? 1 : 10 })
      .compare({ durationUs: 40_000_000 })
      .build();
    return shiftExhibit(createMeasures(recording))?.reading ?? '';
  });
  assert.equal(readings.filter((reading) => reading.includes('In this run it rises')).length, 0, readings.join('\n'));
});

test('an exhibit has its intervals, and needs two percentiles', () => {
  const exhibit = shiftExhibit(createMeasures(makeRecording({ seed: 2, noise: 1 }).compare().build()));
  assert.ok(exhibit?.kind === 'xy');
  const [series] = exhibit.series;
  assert.ok((series?.points.length ?? 0) >= 8);
  assert.equal(series?.band?.length, series?.points.length);
  assert.equal(shiftExhibit(createMeasures(makeRecording().build())), undefined);
});

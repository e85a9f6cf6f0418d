import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTimeline } from '../../src/analysis/timeline.ts';
import { countWindows, timeWindows } from '../../src/analysis/window-index.ts';
import type { Window } from '../../src/model/recording.ts';
import { encodeValues } from '../../src/recording/histogram.ts';
import { makeRecording } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

function windowOf(second: number, valuesUs: readonly number[], changes: Partial<Window> = {}): Window {
  return {
    experimentId: 'compare-1',
    route: 'gateway',
    requestName: 'home',
    connection: 'warm',
    role: 'slot',
    cohort: 'ok',
    startUs: second * SEC,
    lengthUs: SEC,
    count: valuesUs.length,
    outcomes: { '200': valuesUs.length },
    response: encodeValues(valuesUs),
    service: encodeValues(valuesUs.map((value) => value / 2)),
    maxResponseUs: Math.max(0, ...valuesUs),
    maxServiceUs: Math.max(0, ...valuesUs) / 2,
    ...changes,
  };
}

const [sample] = makeRecording().compare({ durationUs: SEC }).build().experiments;
const timeline = createTimeline([{ ...sample!, startUs: 0, endUs: 3_600 * SEC }], 3_600 * SEC);

test('an hour of windows becomes sixty cells, whatever their order', () => {
  const windows = Array.from({ length: 3_600 }, (_, second) => windowOf(second, [10_000, 20_000 + second]));
  for (const order of [windows, windows.toReversed()]) {
    const [cells] = [...timeWindows(order, 'response', timeline).values()];
    assert.equal(cells?.size, 60);
    for (const [cell, times] of cells ?? []) {
      assert.equal(times.count, 120);
      assert.equal(times.max, 20_000 + 60 * cell + 59);
    }
  }
});

test('keys are kept apart, and what was never sent has counts but no times', () => {
  const windows = [
    windowOf(0, [1_000]),
    windowOf(0, [2_000], { connection: 'new' }),
    windowOf(1, [3_000], { route: 'direct:web1' }),
    windowOf(1, [0, 0], { cohort: 'not-sent', outcomes: { 'not-sent:cap': 2 } }),
    windowOf(1, [5_000, 6_000], { outcomes: { '200': 1, '404': 1 } }),
  ];
  const counted = [...countWindows(windows).values()];
  assert.equal(counted.length, 4);
  assert.deepEqual(Object.fromEntries(counted[0]!.outcomes), { '200': 2, '404': 1 });
  const timed = timeWindows(windows, 'service', timeline);
  assert.equal(timed.size, 3);
  assert.deepEqual(
    [...[...timed.values()][0]!.values()].map(({ count, min, max }) => [count, min, max]),
    [[3, 500, 3_000]],
  );
});

test('the exact maximum replaces the bucket it fell into', () => {
  const [cells] = [...timeWindows([windowOf(0, [1_234_567, 1_234_000, 100])], 'response', timeline).values()];
  const times = cells?.get(0);
  assert.equal(times?.max, 1_234_567);
  assert.equal(times?.count, 3);
});

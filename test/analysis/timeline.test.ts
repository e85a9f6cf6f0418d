import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTimeline, MAX_BLOCKS } from '../../src/analysis/timeline.ts';
import { makeRecording } from '../helpers/make-recording.ts';

const SEC = 1_000_000;
const [sample] = makeRecording().compare({ durationUs: SEC }).build().experiments;
const experiment = (id: string, startUs: number, endUs: number) => ({ ...sample!, id, startUs, endUs });

test('a minute that begins and ends within a second is cut into seconds, as one between whole seconds', () => {
  const minute = { startUs: 2_300_000, endUs: 62_900_000 };
  const timeline = createTimeline([experiment('minute', minute.startUs, minute.endUs)], 70 * SEC);
  assert.equal(timeline.cellOf('minute', 3_500_000), 1);
  const plan = timeline.blockPlan(['minute']);
  assert.equal(plan.extentOf(plan.blockOf('minute', 1)).lengthUs, SEC);
});

test('a short experiment has cells of a second, an hour has cells of a minute', () => {
  const timeline = createTimeline(
    [experiment('short', 500_000, 30.5 * SEC), experiment('hour', 40 * SEC, 3_640 * SEC)],
    3_640 * SEC,
  );
  assert.equal(timeline.cellOf('short', 500_000), 0);
  assert.equal(timeline.cellOf('short', 10.2 * SEC), 10);
  // A window that starts with the second in which the experiment begins lies in its first cell.
  assert.equal(timeline.cellOf('short', 0), 0);
  assert.equal(timeline.cellOf('hour', 40 * SEC), 0);
  assert.equal(timeline.cellOf('hour', 3_639 * SEC), 59);
  assert.equal(timeline.cellOf('unknown', 0), 0);
});

test('blocks of several experiments share the number by length and never mix', () => {
  const experiments = [0, 1, 2].map((i) =>
    experiment(`e${i}`, i * 200 * SEC, i * 200 * SEC + (i === 1 ? 5 : 180) * SEC),
  );
  const timeline = createTimeline(experiments, 600 * SEC);
  const plan = timeline.blockPlan(experiments.map(({ id }) => id));
  const blocks = new Set<string>();
  for (const { id, startUs, endUs } of experiments) {
    for (let atUs = startUs; atUs < endUs; atUs += SEC) {
      const block = plan.blockOf(id, timeline.cellOf(id, atUs));
      const { startUs: from, lengthUs } = plan.extentOf(block);
      assert.ok(from <= atUs && atUs < from + lengthUs, `${id} at ${atUs}`);
      blocks.add(block);
    }
  }
  assert.ok(blocks.size > MAX_BLOCKS / 2 && blocks.size <= MAX_BLOCKS + experiments.length, `${blocks.size}`);
  const alone = timeline.blockPlan(['e1']);
  assert.deepEqual(alone.extentOf(alone.blockOf('e1', 3)), { startUs: 203 * SEC, lengthUs: SEC });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Exchange } from '../../src/model/exchange.ts';
import { createSample, type Sample } from '../../src/recording/sample.ts';
import { exchange } from './traffic.ts';

/** What is in the sample, as its sequence numbers. */
function contents(sample: Sample<Exchange>): number[] {
  return sample
    .items()
    .map(({ seq }) => seq)
    .sort((a, b) => a - b);
}

test('holds everything up to its capacity, and one group keeps its lowest priorities', () => {
  const sample = createSample<Exchange>(3);
  const priorities = [50, 10, 40, 30, 20];
  for (const [seq, priority] of priorities.entries()) {
    sample.offer('a', false, priority, exchange(seq));
    if (seq === 2) assert.deepEqual(contents(sample), [0, 1, 2]);
  }
  assert.deepEqual(contents(sample), [1, 3, 4]);
});

test('what was once too much for a group stays out, so that the sample remains uniform', () => {
  const sample = createSample<Exchange>(2);
  for (const [seq, priority] of [30, 20, 25].entries()) sample.offer('a', false, priority, exchange(seq));
  // Group b makes room in a: its limit is now 25, and 27 must not come in although there would be room later.
  sample.offer('b', true, 90, exchange(3));
  sample.offer('a', false, 27, exchange(4));
  assert.deepEqual(contents(sample), [1, 3]);
});

test('the largest group gives way, protected groups last', () => {
  const sample = createSample<Exchange>(6);
  for (let seq = 0; seq < 5; seq++) sample.offer('protected', true, seq, exchange(seq));
  for (let seq = 10; seq < 20; seq++) sample.offer('rare', false, seq, exchange(seq));
  assert.deepEqual(contents(sample), [0, 1, 2, 3, 4, 10]);
  for (let seq = 5; seq < 10; seq++) sample.offer('protected', true, seq, exchange(seq));
  assert.deepEqual(contents(sample), [0, 1, 2, 3, 4, 5]);
});

test('exchanges of one priority are kept or dropped together', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 60 }), fc.integer({ min: 1, max: 30 }), (slots, capacity) => {
      const sample = createSample<Exchange>(capacity);
      for (const [seq, slot] of slots.entries()) sample.offer('slots', false, slot, exchange(seq, { slot }));
      const kept = new Set(sample.items().map(({ slot }) => slot));
      assert.deepEqual(
        contents(sample),
        [...slots.keys()].filter((seq) => kept.has(slots[seq])),
      );
      assert.ok(sample.size <= capacity);
    }),
  );
});

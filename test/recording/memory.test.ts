import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryRecording } from '../../src/recording/memory.ts';
import { exchange, FRAME, NOT_SENT } from './traffic.ts';

test('all exchanges are kept in order and counted in windows', () => {
  const exchanges = [exchange(2, { outcome: NOT_SENT }), exchange(0), exchange(1, { dueUs: 1_500_000 })];
  const recording = memoryRecording(FRAME, exchanges);
  assert.deepEqual(
    recording.exchanges.map(({ seq }) => seq),
    [0, 1, 2],
  );
  assert.equal(recording.exchangeCount, 3);
  assert.deepEqual([...recording.windows()].map(({ startUs, cohort, count }) => [startUs, cohort, count]).sort(), [
    [0, 'not-sent', 1],
    [0, 'ok', 1],
    [1_000_000, 'ok', 1],
  ]);
  assert.equal(recording.manifest, FRAME.manifest);
});

import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { addDeadline, createDeadlines, removeDeadline, setDeadline } from '../../src/traffic/deadlines.ts';

/** Node's timers and our clock, moved on together. */
function withTime(
  run: (nowMs: () => number, tick: (ms: number) => void, make: ReturnType<typeof createDeadlines>) => void,
) {
  mock.timers.enable({ apis: ['setTimeout'] });
  let ms = 0;
  const clock = { nowUs: () => ms * 1_000, wallMs: () => ms, sleep: () => Promise.resolve() };
  const tick = (by: number): void => {
    for (let i = 0; i < by; i++) {
      ms++;
      mock.timers.tick(1);
    }
  };
  try {
    run(() => ms, tick, createDeadlines(clock));
  } finally {
    mock.timers.reset();
  }
}

describe('deadlines', () => {
  test('each comes once, in its time, whatever the order they were set in', () =>
    withTime((nowMs, tick, deadlines) => {
      const came: [string, number][] = [];
      for (const [name, atMs] of [
        ['c', 30],
        ['a', 5],
        ['b', 12],
      ] as const) {
        const deadline = addDeadline(deadlines, () => came.push([name, nowMs()]));
        setDeadline(deadlines, deadline, atMs * 1_000);
      }
      tick(100);
      assert.deepEqual(came, [
        ['a', 5],
        ['b', 12],
        ['c', 30],
      ]);
    }));

  test('one that is moved again and again does not come, and comes at last when it is left alone', () =>
    withTime((nowMs, tick, deadlines) => {
      const came: number[] = [];
      const deadline = addDeadline(deadlines, () => came.push(nowMs()));
      for (let i = 0; i < 50; i++) {
        setDeadline(deadlines, deadline, (nowMs() + 10) * 1_000);
        tick(4);
      }
      assert.deepEqual(came, []);
      tick(50);
      assert.deepEqual(came, [206]);
    }));

  test('one that is taken back or removed does not come', () =>
    withTime((_nowMs, tick, deadlines) => {
      const came: string[] = [];
      const [back, gone] = ['back', 'gone'].map((name) => addDeadline(deadlines, () => came.push(name)));
      assert.ok(back !== undefined && gone !== undefined);
      setDeadline(deadlines, back, 5_000);
      setDeadline(deadlines, gone, 5_000);
      setDeadline(deadlines, back, Number.POSITIVE_INFINITY);
      removeDeadline(deadlines, gone);
      tick(50);
      assert.deepEqual(came, []);
    }));

  test('may be set again, and others removed, by the one that comes', () =>
    withTime((nowMs, tick, deadlines) => {
      const came: number[] = [];
      const other = addDeadline(deadlines, () => assert.fail('it was removed'));
      const deadline = addDeadline(deadlines, () => {
        came.push(nowMs());
        removeDeadline(deadlines, other);
        if (came.length < 3) setDeadline(deadlines, deadline, (nowMs() + 7) * 1_000);
      });
      setDeadline(deadlines, deadline, 7_000);
      setDeadline(deadlines, other, 9_000);
      tick(100);
      assert.deepEqual(came, [7, 14, 21]);
    }));
});

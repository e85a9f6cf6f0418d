import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chanceOfFit } from '../../../src/logs/join/chance.ts';
import { SEC } from './lines.ts';

/** A request of one second; others begin at these times, in seconds from its start. */
function chance(others: readonly number[], coveredSec: number, widthSec = 2): number {
  return chanceOfFit({
    fromUs: 0,
    toUs: SEC,
    widthUs: widthSec * SEC,
    isCovered: (fromUs, toUs) => fromUs >= -coveredSec * SEC && toUs <= (coveredSec + 1) * SEC,
    count: (fromUs, toUs) => others.filter((at) => at * SEC >= fromUs && at * SEC <= toUs).length,
  });
}

const every = (stepSec: number): number[] => Array.from({ length: 1_200 / stepSec }, (_, i) => i * stepSec - 600);

test('the chance of a line that fits, by how often such lines come', () => {
  const rows: readonly [what: string, others: readonly number[], coveredSec: number, expected: number][] = [
    ['none within 7 s, and no more is known', [], 0, 1 - Math.exp(-2 / 7)],
    ['none within 20 minutes', [], 1_000, 1 - Math.exp(-2 / 1_201)],
    ['one every minute, none just now', every(60).map((at) => at + 30), 1_000, 1 - Math.exp(-2 / 60)],
    ['one just now', [1], 1_000, 1 - Math.exp(-2 / 7)],
    ['ten per second', every(0.1), 1_000, 1],
    ['a burst just now, and none else', [-1, 0, 1, 2], 1_000, 1 - Math.exp((-2 * 4) / 7)],
    ['a burst long ago', every(0.1).filter((at) => at < -500), 1_000, 1 - Math.exp((-2 * 1_001) / 1_201)],
  ];
  for (const [what, others, coveredSec, expected] of rows)
    assert.ok(Math.abs(chance(others, coveredSec) - expected) < 0.02, `${what}: ${chance(others, coveredSec)}`);
});

test('a wider stamp makes chance likelier', () => {
  assert.ok(chance([], 100, 0.1) < chance([], 100, 2));
});

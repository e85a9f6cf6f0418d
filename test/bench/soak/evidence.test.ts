import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evidentAtMin, toldByMin } from './evidence.ts';
import type { Life } from './outcome.ts';

const minuteOfMs = (ms: number): number => ms / 1_000;
const life = (endedMin: number, nextMin: number | undefined): Life => ({
  ...{ startedAtMs: 0, endedAtMs: endedMin * 1_000, isKilled: nextMin !== undefined, reports: [] },
  nextAtMs: nextMin === undefined ? undefined : nextMin * 1_000,
});

test('what is said once and then no more need not have been told', () => {
  const said = (minutes: readonly number[]) => evidentAtMin((atMin) => minutes.includes(atMin), 380, 500);
  assert.equal(said([]), undefined);
  assert.equal(said([400, 405, 415]), undefined);
  assert.equal(said([400, 410, 415, 420, 425]), 420);
});

test('a kill just then gives the next life the time until it looks, another one does not', () => {
  assert.equal(toldByMin(500, [life(200, 204), life(900, undefined)], minuteOfMs), 505);
  assert.equal(toldByMin(500, [life(498, 502)], minuteOfMs), 505 + 4 + 10 + 10);
});

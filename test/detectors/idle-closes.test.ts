import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idleClosed } from '../../src/detectors/idle-closes.ts';
import type { Journey } from '../../src/model/journey.ts';
import { evidenceOf, journeyOf, NINE, SEC, said } from './synthetic-journeys.ts';

const ordinary = Array.from({ length: 200 }, (_, index) =>
  journeyOf({ startUs: NINE + index * 7 * SEC, takenUs: 20_000, status: 200, reading: said('ok') }),
);

function dropped(atSec: number, takenUs = 3_000): Journey {
  return journeyOf({
    startUs: NINE + atSec * SEC,
    takenUs,
    status: 502,
    reading: said('response/reset-before-headers', 0.8),
  });
}

function closes(seconds: readonly number[]) {
  return seconds.map((sec) => ({ source: 1, atUs: NINE + sec * SEC }));
}

test('breaks in the second of an idle close are races when chance does not make so many', () => {
  const races = [103, 304, 505, 706].map((sec) => dropped(sec));
  const isIdleClosed = idleClosed(evidenceOf([...ordinary, ...races], { idleCloses: closes([103, 304, 505, 706]) }));
  assert.ok(races.every(isIdleClosed));
  assert.ok(!ordinary.some(isIdleClosed));
});

test('few coincidences, closes all the time, slow breaks and no closes prove nothing', () => {
  const races = [103, 304, 505, 706].map((sec) => dropped(sec));
  const none = (journeys: readonly Journey[], at: readonly number[]): void => {
    const isIdleClosed = idleClosed(evidenceOf([...ordinary, ...journeys], { idleCloses: closes(at) }));
    assert.ok(!journeys.some(isIdleClosed));
  };
  none(races.slice(0, 2), [103, 304]);
  none(
    races,
    Array.from({ length: 1_400 }, (_, index) => index),
  );
  none(
    [103, 304, 505, 706].map((sec) => dropped(sec, SEC)),
    [104, 305, 506, 707],
  );
  none(races, []);
});

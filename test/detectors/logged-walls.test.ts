import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decidedJourneys } from '../../src/detectors/log-decisions.ts';
import { arr } from '../../src/gateways/arr.ts';
import { generic } from '../../src/gateways/generic.ts';
import type { Journey } from '../../src/model/journey.ts';
import { createRandom } from '../../src/model/random.ts';
import { contextOf, evidenceOf, journeyOf, NINE, SEC, said } from './synthetic-journeys.ts';

const UNKNOWN = said('unknown', 0);

function mute(takenUs: readonly number[], more: Partial<Parameters<typeof journeyOf>[0]> = {}): Journey[] {
  return takenUs.map((us, index) =>
    journeyOf({ startUs: NINE + index * 61 * SEC, takenUs: us, status: 502, reading: UNKNOWN, ...more }),
  );
}

function walls(journeys: readonly Journey[], gateway = generic) {
  return decidedJourneys(contextOf(evidenceOf(journeys), gateway)).filter(({ decision }) => decision.row === '7');
}

const AT_30 = [29.9, 30, 30.05, 29.95, 30.1, 30.02].map((sec) => sec * SEC);

test('failures of which no line says anything, all after one time, are a timer', () => {
  const found = walls(mute(AT_30));
  assert.equal(found.length, 6);
  for (const { decision } of found) {
    assert.equal(decision.cause, 'timeout/gateway-response');
    assert.equal(decision.confidence, 'possible');
    assert.ok(Math.abs((decision.waitedUs ?? 0) - 30 * SEC) < 100_000);
    assert.match(decision.because, /6 failures took 30/);
  }
});

test('a default timer at that time, or a member at work for longer, makes it likely', () => {
  assert.equal(walls(mute(AT_30), arr)[0]?.decision.confidence, 'likely');
  const outlasted = [
    ...mute(AT_30),
    ...mute([30.01 * SEC], { startUs: NINE, member: { takenUs: 30.2 * SEC, status: 500 } }),
  ];
  const found = walls(outlasted);
  assert.equal(found[0]?.decision.confidence, 'likely');
  assert.match(found[0]?.decision.because ?? '', /a member was at work for longer in 1/);
});

test('few failures, quick failures, spread failures and broken walls are none', () => {
  assert.equal(walls(mute(AT_30.slice(0, 4))).length, 0, 'four');
  assert.equal(walls(mute(AT_30.map((us) => us / 100))).length, 0, 'quick');
  const random = createRandom(7);
  assert.equal(walls(mute(Array.from({ length: 60 }, () => SEC + random.next() * 60 * SEC))).length, 0, 'spread');
  const later = journeyOf({ startUs: NINE, takenUs: 40 * SEC, status: 200, reading: said('ok') });
  assert.equal(walls([...mute(AT_30), later]).length, 0, 'an answer came later');
  const many = Array.from({ length: 30 }, (_, index) => (2 + index) * SEC);
  assert.equal(walls([...mute(AT_30), ...mute(many)]).length, 0, 'most fail at other times');
});

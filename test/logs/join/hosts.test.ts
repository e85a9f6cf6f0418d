import assert from 'node:assert/strict';
import { test } from 'node:test';
import { correctionUs } from '../../../src/logs/join/clock.ts';
import { joinedRanges } from '../../../src/logs/join/hosts.ts';
import { planNear } from '../../../src/logs/join/near-plan.ts';
import { createRandom } from '../../../src/model/random.ts';
import { goodPairs, joinAll, NOON, SEC, source } from './lines.ts';

function clockOf(options: Parameters<typeof goodPairs>[1], count = 80) {
  const { gateway, member } = goodPairs(count, options);
  const { clocks, journeys } = joinAll([source(0, undefined, gateway), source(1, 'web1', member)]);
  const found = journeys.filter(({ members }) => members[0]?.presence === 'present').length;
  return { clock: clocks[1], found };
}

for (const [what, offsetUs, ids] of [
  ['equal clocks, by path', 0, false],
  ['equal clocks, by id', 0, true],
  ['1.7 s apart, by id', 1_700_000, true],
  ['43 s apart, by path', -43_000_000, false],
  ['a zone of one hour, by path', 3_600 * SEC, false],
  ['a zone of 5:30 behind, by path', -19_800 * SEC, false],
] as const)
  test(`clock: ${what}`, () => {
    const { clock, found } = clockOf({ offsetUs, ids });
    assert.ok(clock?.known === true, JSON.stringify(clock));
    assert.ok(Math.abs(clock.offsetUs - offsetUs) <= clock.errorUs + 1, JSON.stringify(clock));
    assert.equal(found, 80);
  });

test('a clock that drifts is followed', () => {
  const drift = (atUs: number): number => Math.round(((atUs - NOON) * 5_000) / 1e6);
  const { clock, found } = clockOf({ offsetUs: drift, ids: true }, 400);
  assert.ok(clock?.driftPpm !== undefined && Math.abs(clock.driftPpm - 5_000) < 200, JSON.stringify(clock));
  for (const after of [0, 2_700 * SEC]) {
    const host = NOON + after + drift(NOON + after);
    assert.ok(Math.abs(host + correctionUs(clock, host) - NOON - after) < SEC, JSON.stringify(clock));
  }
  assert.equal(found, 400);
});

test('a clock that was set in between is not known', () => {
  const { clock } = clockOf({ offsetUs: (atUs) => (atUs > NOON + 300 * SEC ? 60 * SEC : 0), ids: true });
  assert.deepEqual([clock?.known, /set/.test(clock?.note ?? '')], [false, true]);
});

test('logs that share nothing have no known clock, and nothing is absent in them', () => {
  const { gateway } = goodPairs(30);
  const { member } = goodPairs(30, { path: '/other' });
  const { clocks, journeys } = joinAll([source(0, undefined, gateway), source(1, 'web1', member)]);
  assert.equal(clocks[1]?.known, false);
  assert.ok(journeys.every(({ members }) => members.every(({ presence }) => presence !== 'absent')));
});

test('requests every ten seconds could be any neighbour’s: not known', () => {
  const { gateway, member } = goodPairs(60, { stepUs: 10 * SEC });
  const even = (lines: typeof gateway) => lines.map((entry, i) => ({ ...entry, atUs: NOON + i * 10 * SEC }));
  const { clocks } = joinAll([source(0, undefined, even(gateway)), source(1, 'web1', even(member))]);
  assert.equal(clocks[1]?.known, false);
});

test('files that follow each other are one range, a missing one is a gap', () => {
  const range = (from: number, to: number) => ({ fromUs: from * SEC, toUs: to * SEC });
  assert.deepEqual(joinedRanges([range(1_000, 1_900), range(0, 995), range(1_500, 1_600)]), [range(0, 1_900)]);
  assert.deepEqual(joinedRanges([range(0, 100), range(900, 1_000)]), [range(0, 100), range(900, 1_000)]);
  assert.deepEqual(joinedRanges([]), []);
});

test('near a busy log few failures are looked up wholly, of every kind some', () => {
  const spans = Array.from({ length: 5_000 }, (_, i) => ({
    fromUs: NOON + i * 60 * SEC,
    toUs: NOON + i * 60 * SEC + 30 * SEC,
    path: i % 100 === 0 ? '/rare' : '/a',
    kind: i % 100 === 0 ? 'rare' : 'often',
  }));
  const plan = planNear(spans, 1_000, createRandom(1));
  const seconds = plan.secondsAt(0);
  assert.ok(seconds.size >= 60 && seconds.size < 140, `${seconds.size}`);
  assert.deepEqual([...(plan.paths ?? [])].sort(), ['/a', '/rare']);
  const shifted = plan.secondsAt(3_600 * SEC);
  for (let at = 0; at < 300_000; at += 7)
    assert.equal(shifted.has(NOON / SEC + at + 3_600), seconds.has(NOON / SEC + at));
  assert.equal(planNear(spans, 0.1, createRandom(1)).secondsAt(0).size, 5_000 * 37);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decidedJourneys } from '../../src/detectors/log-decisions.ts';
import { arr } from '../../src/gateways/arr.ts';
import { generic } from '../../src/gateways/generic.ts';
import type { DeclaredSetting, PlacedConfig, SettingMeaning } from '../../src/model/declared.ts';
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

function declared(...timers: readonly (readonly [SettingMeaning, number])[]): PlacedConfig {
  const settings = timers.map(
    ([meaning, sec], index): DeclaredSetting => ({
      file: 'gateway.conf',
      line: 10 + index,
      directive: meaning,
      scope: 'farm',
      depth: 0,
      value: `${sec}s`,
      isDefault: false,
      valueUs: sec * SEC,
      meaning,
    }),
  );
  return { kind: 'nginx', files: ['gateway.conf'], settings, problems: [], members: [], role: 'gateway' };
}

function decidedWith(config: PlacedConfig, journeys = mute(AT_30), gateway = arr) {
  const { measures } = contextOf(evidenceOf(journeys), gateway);
  const [first] = decidedJourneys({ measures: { ...measures, configs: [config] }, gateway });
  return first?.decision;
}

for (const [what, config, row, confidence, because] of [
  [
    'the declared timer',
    declared(['response-timeout', 30]),
    '7',
    'likely',
    /that is gateway\.conf:10 response-timeout 30s/,
  ],
  [
    'another value than the default',
    declared(['response-timeout', 90]),
    '7',
    'possible',
    /no timer of the configuration/,
  ],
  [
    'the connect timer alone',
    declared(['response-timeout', 90], ['connect-timeout', 30]),
    '12',
    'likely',
    /that is gateway\.conf:11 connect-timeout/,
  ],
  [
    'the queue timer alone',
    declared(['response-timeout', 90], ['queue-timeout', 30]),
    '13',
    'likely',
    /that is gateway\.conf:11 queue-timeout/,
  ],
  [
    'two timers of one value',
    declared(['response-timeout', 30], ['connect-timeout', 30]),
    '7',
    'possible',
    /any of gateway\.conf:10 .* and gateway\.conf:11/,
  ],
  ['no response timer in it: the default counts', declared(['connect-timeout', 5]), '7', 'likely', /unless set/],
] as const)
  test(`a wall and a configuration: ${what}`, () => {
    const decision = decidedWith(config);
    assert.deepEqual([decision?.row, decision?.confidence], [row, confidence], decision?.because);
    assert.match(decision?.because ?? '', because);
  });

test('a wall while a member is at work is no connect timer, and a member’s configuration is not the gateway’s', () => {
  const outlasted = mute(AT_30, { member: { takenUs: 30.2 * SEC, status: 500 } });
  const both = declared(['response-timeout', 30], ['connect-timeout', 30]);
  const decision = decidedWith(both, outlasted);
  assert.deepEqual([decision?.row, decision?.confidence], ['7', 'likely']);
  assert.doesNotMatch(decision?.because ?? '', /connect-timeout/);
  const own = { ...declared(['response-timeout', 30]), role: 'member' as const };
  assert.match(decidedWith(own)?.because ?? '', /unless set/);
});

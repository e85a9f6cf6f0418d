import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeLatency } from '../../src/detectors/change-latency.ts';
import { GATEWAY, memberOf } from '../../src/model/route.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import {
  type Answered,
  type Asked,
  DAY_US,
  FROM_AT_US,
  HOUR_US,
  historyRecording,
  makeHistory,
  ordinary,
  withHistory,
} from '../helpers/synthetic-history.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertNotApplicable,
  assertPresentable,
  assertSilent,
  NOISES,
  onlyCandidate,
} from './expectation.ts';

const EVERY_US = 300_000_000;
const CHANGED_AT_US = FROM_AT_US + 2 * DAY_US + 14 * HOUR_US;

/** Answers of these take so much longer since the change, until they no longer do. */
function slower(byUs: number, isConcerned: (asked: Asked) => boolean, untilUs = Number.POSITIVE_INFINITY) {
  return (asked: Asked): Answered =>
    asked.atUs >= CHANGED_AT_US && asked.atUs < untilUs && isConcerned(asked)
      ? ordinary(asked) + byUs
      : ordinary(asked);
}

for (const noise of NOISES) {
  test(`one member that became slower is named, and the gateway is not (noise ${noise})`, () => {
    const answer = slower(
      15_000,
      ({ route, round }) => memberOf(route) === 'web2' || (route === GATEWAY && round % 2 === 0),
    );
    const candidate = onlyCandidate(
      changeLatency,
      historyRecording({ seed: 2, noise, days: 4, everyUs: EVERY_US, level: '1h', answer }),
    );
    assertPresentable(candidate);
    assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    assertNear(candidate.measured['afterUs'], 26_000, 0.15);
    const at = candidate.measured['changedAtUs'];
    assert.ok(
      Math.abs((at?.value ?? 0) - CHANGED_AT_US) <= 3 * HOUR_US,
      `${((at?.value ?? 0) - CHANGED_AT_US) / HOUR_US} h`,
    );
    assert.match(candidate.title, /^web2: since 2026-03-04 \d\d:00 UTC the median answer takes/);
  });

  test(`a gateway that became slower is named, the members are not (noise ${noise})`, () => {
    const answer = slower(20_000, ({ route }) => route === GATEWAY);
    const candidate = onlyCandidate(
      changeLatency,
      historyRecording({ seed: 3, noise, days: 4, everyUs: EVERY_US, level: '1h', answer }),
    );
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assert.match(candidate.meaning, /members, asked directly, did not change/);
  });

  test(`a strong course of the day is no change (noise ${noise})`, () => {
    const answer = (asked: Asked): Answered => {
      const hour = (asked.atUs % DAY_US) / HOUR_US;
      return ordinary(asked) * (hour > 8 && hour < 18 ? 3 : 1);
    };
    for (let seed = 1; seed <= 4; seed++)
      assertClear(changeLatency, historyRecording({ seed, noise, days: 4, everyUs: EVERY_US, level: '1h', answer }));
  });
}

test('members that all changed are one finding', () => {
  const answer = slower(15_000, () => true);
  const candidate = onlyCandidate(
    changeLatency,
    historyRecording({ seed: 4, days: 4, everyUs: EVERY_US, level: '1h', answer }),
  );
  assert.deepEqual(candidate.scope, { route: 'direct' });
  assert.match(candidate.title, /^All 2 members, asked directly: since/);
});

test('weekends that are quicker are no change', () => {
  const answer = (asked: Asked): Answered => {
    const day = Math.floor((asked.atUs - FROM_AT_US) / DAY_US) % 7;
    return ordinary(asked) * (day >= 5 ? 1 : 2);
  };
  for (const days of [6.5, 8.5])
    assertSilent(changeLatency, historyRecording({ seed: 5, days, everyUs: EVERY_US, level: '1h', answer }), `${days}`);
});

test('faster is information', () => {
  const answer = (asked: Asked): Answered =>
    ordinary(asked) + (asked.atUs < CHANGED_AT_US && memberOf(asked.route) ? 40_000 : 0);
  const candidate = onlyCandidate(
    changeLatency,
    historyRecording({ seed: 6, days: 4, everyUs: EVERY_US, level: '1h', answer }),
  );
  assert.equal(candidate.severity, 'info');
  assert.match(candidate.title, /less than before/);
});

test('an incident that is over, and a change that nobody feels, are none', () => {
  const over = slower(30_000, () => true, CHANGED_AT_US + 5 * HOUR_US);
  assertSilent(changeLatency, historyRecording({ seed: 7, days: 4, everyUs: EVERY_US, level: '1h', answer: over }));
  const small = slower(5_000, () => true);
  assertClear(changeLatency, historyRecording({ seed: 8, days: 4, everyUs: EVERY_US, level: '1h', answer: small }));
});

test('a healthy history is clear, 40 seeds at all noises', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const noise = NOISES[seed % 3] ?? 1;
    assertClear(
      changeLatency,
      historyRecording({ seed, noise, days: 2.5, everyUs: EVERY_US, level: '1h' }),
      `seed ${seed}`,
    );
  }
});

test('a day of history cannot tell a change from the time of day', () => {
  assertInsufficient(
    changeLatency,
    historyRecording({ seed: 9, days: 1, everyUs: EVERY_US }),
    /30 h of history/,
    /^24 h$/,
  );
});

/** The look goes back a month, the farm is watched since yesterday. */
const youngRecording = (seed: number, answer: (asked: Asked) => Answered) => {
  const history = makeHistory({ seed, days: 1.75, everyUs: EVERY_US, level: '1h', answer });
  return withHistory({ ...history, fromAtUs: history.toAtUs - 30 * DAY_US });
};

test('a day before and sixteen hours after are enough, however far back is looked', () => {
  const answer = (asked: Asked): Answered =>
    asked.atUs >= FROM_AT_US + 26 * HOUR_US && memberOf(asked.route) === 'web2'
      ? ordinary(asked) + 15_000
      : ordinary(asked);
  const candidate = onlyCandidate(changeLatency, youngRecording(9, answer));
  assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
  assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
});

test('a farm that is watched since yesterday and does not change is clear, 40 seeds', () => {
  for (let seed = 1; seed <= 40; seed++) assertClear(changeLatency, youngRecording(seed, ordinary), `seed ${seed}`);
});

test('a run without history is not asked', () => {
  assertNotApplicable(changeLatency, makeRecording({ seed: 1 }).compare().build(), /history/);
});

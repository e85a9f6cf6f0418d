import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeErrors } from '../../src/detectors/change-errors.ts';
import { GATEWAY, memberOf } from '../../src/model/route.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import {
  type Answered,
  type Asked,
  DAY_US,
  FROM_AT_US,
  HOUR_US,
  historyRecording,
  ordinary,
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
const CHANGED_AT_US = FROM_AT_US + 2 * DAY_US + 10 * HOUR_US;

function failing(ratio: number, isConcerned: (asked: Asked) => boolean, status = 502) {
  return (asked: Asked): Answered =>
    asked.atUs >= CHANGED_AT_US && isConcerned(asked) && asked.random.next() < ratio
      ? { us: ordinary(asked), status }
      : ordinary(asked);
}

for (const noise of NOISES) {
  test(`a gateway that fails more since a moment is told, with both shares (noise ${noise})`, () => {
    const answer = failing(0.1, ({ route }) => route === GATEWAY);
    const candidate = onlyCandidate(
      changeErrors,
      historyRecording({ seed: 2, noise, days: 4, everyUs: EVERY_US, level: '1h', answer }),
    );
    assertPresentable(candidate);
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assert.equal(candidate.severity, 'warning');
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    assertNear(candidate.measured['afterRatio'], 0.1, 0.35);
    const at = candidate.measured['changedAtUs']?.value ?? 0;
    assert.ok(Math.abs(at - CHANGED_AT_US) <= 4 * HOUR_US, `${(at - CHANGED_AT_US) / HOUR_US} h`);
    assert.ok(candidate.explains.size > 10);
  });

  test(`a member that fails more is told, and the gateway is not told on top (noise ${noise})`, () => {
    const answer = failing(
      0.3,
      ({ route, round }) => memberOf(route) === 'web1' || (route === GATEWAY && round % 2 === 0),
      500,
    );
    const candidate = onlyCandidate(
      changeErrors,
      historyRecording({ seed: 3, noise, days: 4, everyUs: EVERY_US, level: '1h', answer }),
    );
    assert.deepEqual(candidate.scope, { route: 'direct', member: 'web1' });
  });
}

test('another status that is no failure is information', () => {
  const answer = failing(0.5, ({ route }) => route === GATEWAY, 304);
  const candidate = onlyCandidate(
    changeErrors,
    historyRecording({ seed: 4, days: 4, everyUs: EVERY_US, level: '1h', answer }),
  );
  assert.equal(candidate.severity, 'info');
  assert.match(candidate.title, /of answers are (304|200)/);
});

test('errors that come every day at the same hour are no change, nor are bursts of them', () => {
  const nightly = (asked: Asked): Answered => {
    const hour = (asked.atUs % DAY_US) / HOUR_US;
    return hour > 1 && hour < 3 && asked.random.next() < 0.5 ? { us: 9_000, status: 503 } : ordinary(asked);
  };
  for (let seed = 1; seed <= 5; seed++)
    assertSilent(changeErrors, historyRecording({ seed, days: 4, everyUs: EVERY_US, level: '1h', answer: nightly }));
  for (let seed = 1; seed <= 10; seed++) {
    const starts = Array.from({ length: 6 }, (_, i) => FROM_AT_US + ((seed * 37 + i * 151) % 960) * (HOUR_US / 10));
    const bursts = (asked: Asked): Answered =>
      starts.some((atUs) => asked.atUs >= atUs && asked.atUs < atUs + HOUR_US / 2)
        ? { us: 9_000, status: 503 }
        : ordinary(asked);
    assertSilent(
      changeErrors,
      historyRecording({ seed, days: 4, everyUs: EVERY_US, level: '1h', answer: bursts }),
      `seed ${seed}`,
    );
  }
});

test('a change below one request of a hundred is not worth a message', () => {
  const answer = failing(0.006, ({ route }) => route === GATEWAY);
  assertSilent(changeErrors, historyRecording({ seed: 6, days: 4, everyUs: 60_000_000, level: '1h', answer }));
});

test('a healthy history is clear, 40 seeds with some errors at random', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const ratio = (seed % 4) / 100;
    const answer = (asked: Asked): Answered =>
      asked.random.next() < ratio ? { us: 9_000, status: 503 } : ordinary(asked);
    assertClear(
      changeErrors,
      historyRecording({ seed, days: 2.5, everyUs: EVERY_US, level: '1h', answer }),
      `seed ${seed}`,
    );
  }
});

test('a day of history cannot tell a change from the time of day', () => {
  assertInsufficient(
    changeErrors,
    historyRecording({ seed: 9, days: 1, everyUs: EVERY_US }),
    /30 h of history/,
    /^24 h$/,
  );
});

test('a run without history is not asked', () => {
  assertNotApplicable(changeErrors, makeRecording({ seed: 1 }).compare().build(), /history/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recycle } from '../../src/detectors/recycle.ts';
import { directTo, memberOf } from '../../src/model/route.ts';
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

/** The first answer after each turn takes 3 s; the second of them a little as well. */
function everyPeriod(periodUs: number, phaseUs: number, member = 'web1'): (asked: Asked) => Answered {
  return (asked) => {
    const sinceUs = (asked.atUs - FROM_AT_US - phaseUs + 1_000 * periodUs) % periodUs;
    return memberOf(asked.route) === member && sinceUs < EVERY_US
      ? { us: ordinary(asked) + 3_000_000, slow: true }
      : ordinary(asked);
  };
}

/** So many slow answers a day at random. */
function atRandom(perDay: number): (asked: Asked) => Answered {
  return (asked) =>
    asked.random.next() < (perDay * EVERY_US) / DAY_US ? { us: 2_000_000, slow: true } : ordinary(asked);
}

for (const noise of NOISES) {
  for (const hours of [24, 29, 12, 6, 48]) {
    test(`a restart every ${hours} h is found, with its period, its member and what it costs (noise ${noise})`, () => {
      const answer = everyPeriod(hours * HOUR_US, 3.5 * HOUR_US);
      const recording = historyRecording({
        seed: hours,
        noise,
        days: hours === 48 ? 40 : 24,
        everyUs: EVERY_US,
        level: '1h',
        answer,
      });
      const candidate = onlyCandidate(recycle, recording);
      assertPresentable(candidate);
      assert.deepEqual(candidate.scope, { route: 'direct', member: 'web1' });
      assertNear(candidate.measured['periodUs'], hours * HOUR_US, 0);
      assertNear(candidate.measured['penaltyUs'], 3_000_000, noise === 10 ? 0.5 : 0.1);
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      assert.match(candidate.title, new RegExp(`web1 starts cold every ${hours} h`));
    });
  }

  test(`slow answers at random have no period (noise ${noise})`, () => {
    for (let seed = 1; seed <= 10; seed++)
      assertSilent(
        recycle,
        historyRecording({ seed, noise, days: 14, everyUs: EVERY_US, level: '1h', answer: atRandom(2) }),
      );
  });
}

test('a healthy history is clear, 40 seeds', () => {
  for (let seed = 1; seed <= 40; seed++)
    assertClear(recycle, historyRecording({ seed, days: 2, everyUs: EVERY_US, level: '1h' }), `seed ${seed}`);
});

test('ten slow answers at random do not hide a restart every 29 h of 30 days', () => {
  const restart = everyPeriod(29 * HOUR_US, HOUR_US);
  const answer = (asked: Asked): Answered =>
    asked.random.next() < (10 * EVERY_US) / (90 * DAY_US) ? { us: 2_000_000, slow: true } : restart(asked);
  const recording = historyRecording({ seed: 3, days: 30, everyUs: EVERY_US, level: '1h', answer });
  assertNear(onlyCandidate(recycle, recording).measured['periodUs'], 29 * HOUR_US, 0);
});

test('slow answers in busy hours are no restart, although they come every day', () => {
  const answer = (asked: Asked): Answered => {
    const hour = (asked.atUs % DAY_US) / HOUR_US;
    return hour > 9 && hour < 17 && asked.random.next() < 0.1 ? { us: 2_000_000, slow: true } : ordinary(asked);
  };
  assertSilent(recycle, historyRecording({ seed: 4, days: 21, everyUs: EVERY_US, level: '1h', answer }));
});

test('a few events say how many more are needed', () => {
  const answer = everyPeriod(29 * HOUR_US, HOUR_US);
  const recording = historyRecording({ seed: 5, days: 4, everyUs: EVERY_US, level: '1h', answer });
  assertInsufficient(recycle, recording, /7 cold starts/, /^4: 3 more needed/);
});

test('a cold start after a planned silence is the idle timeout, not a restart', () => {
  const quiet = Array.from({ length: 20 }, (_, day) => ({
    profile: 'farm',
    route: directTo('web1'),
    fromAtUs: FROM_AT_US + day * DAY_US + 2 * HOUR_US,
    toAtUs: FROM_AT_US + day * DAY_US + 3 * HOUR_US,
    why: 'nightly' as const,
  }));
  const answer = everyPeriod(DAY_US, 3 * HOUR_US);
  assertClear(recycle, historyRecording({ seed: 6, days: 20, everyUs: EVERY_US, level: '1h', quiet, answer }));
});

test('turns before the farm was watched are not held against a restart', () => {
  const history = makeHistory({ seed: 8, days: 0.5, answer: everyPeriod(HOUR_US / 2, 10 * 60_000_000) });
  const monthBack = { ...history, fromAtUs: history.toAtUs - 30 * DAY_US };
  const candidate = onlyCandidate(recycle, withHistory(monthBack));
  assertNear(candidate.measured['periodUs'], HOUR_US / 2, 0);
  assert.equal(candidate.affected?.of, 24);
});

test('a run without history is not asked', () => {
  assertNotApplicable(recycle, makeRecording({ seed: 1 }).compare().build(), /history/);
});

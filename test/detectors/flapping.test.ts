import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberFlapping } from '../../src/detectors/flapping.ts';
import { type HistoryInterval, LEVEL_US } from '../../src/model/history.ts';
import { createRandom } from '../../src/model/random.ts';
import type { Recording } from '../../src/model/recording.ts';
import { directTo, memberOf } from '../../src/model/route.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import {
  type Answered,
  type Asked,
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
  detect,
  NOISES,
  onlyCandidate,
} from './expectation.ts';

const MINUTE_US = 60_000_000;

/** Down for `forUs` of every `everyUs`, `times` times. */
function goingDown(who: readonly string[], everyUs: number, forUs: number, times = 99): (asked: Asked) => Answered {
  return (asked) => {
    const sinceUs = asked.atUs - FROM_AT_US - HOUR_US;
    const isDown = sinceUs >= 0 && sinceUs % everyUs < forUs && sinceUs / everyUs < times;
    return isDown && who.includes(memberOf(asked.route) ?? '') ? { us: 300, refused: true } : ordinary(asked);
  };
}

for (const noise of NOISES) {
  test(`a member that is down 15 minutes of every two hours is named (noise ${noise})`, () => {
    const answer = goingDown(['web2'], 2 * HOUR_US, 15 * MINUTE_US);
    const candidate = onlyCandidate(memberFlapping, historyRecording({ seed: 2, noise, days: 1, answer }));
    assertPresentable(candidate);
    assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
    assertNear(candidate.measured['downUs'], 15 * MINUTE_US, 0.34);
    assertNear(candidate.measured['upUs'], 105 * MINUTE_US, 0.1);
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    assert.match(candidate.title, /web2 goes up and down: down 12 times in 24 h/);
    assert.ok(candidate.explains.size > 100);
  });

  test(`errors at random are no flapping (noise ${noise})`, () => {
    const answer = (asked: Asked): Answered =>
      asked.random.next() < 0.1 ? { us: 5_000, status: 500 } : ordinary(asked);
    for (let seed = 1; seed <= 5; seed++)
      assertSilent(memberFlapping, historyRecording({ seed, noise, days: 1, answer }));
  });
}

test('short outages of single rounds at random cannot be told from single errors', () => {
  const answer = (asked: Asked): Answered => (asked.random.next() < 0.1 ? { us: 300, refused: true } : ordinary(asked));
  for (let seed = 1; seed <= 20; seed++) {
    const detection = detect(memberFlapping, historyRecording({ seed, days: 1, everyUs: 5 * MINUTE_US, answer }));
    if (detection.state === 'candidates')
      for (const { p } of detection.candidates) assert.ok(p > ALPHA, `${seed}: ${p}`);
  }
});

test('a healthy history is clear, 40 seeds', () => {
  for (let seed = 1; seed <= 40; seed++)
    assertClear(memberFlapping, historyRecording({ seed, days: 1, everyUs: 2 * MINUTE_US }), `seed ${seed}`);
});

test('outages of one interval each are seen by how many requests fail in them', () => {
  const answer = goingDown(['web1'], 4 * HOUR_US, 5 * MINUTE_US);
  const candidate = onlyCandidate(
    memberFlapping,
    historyRecording({ seed: 6, days: 1, everyUs: MINUTE_US / 2, answer }),
  );
  assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
});

test('two outages are not yet a habit', () => {
  const answer = goingDown(['web1'], 4 * HOUR_US, 30 * MINUTE_US, 2);
  assertClear(memberFlapping, historyRecording({ seed: 3, days: 1, answer }));
});

test('members that fail at the same times are not flapping each', () => {
  const answer = goingDown(['web1', 'web2'], 2 * HOUR_US, 15 * MINUTE_US);
  const detection = detect(memberFlapping, historyRecording({ seed: 4, days: 1, answer }));
  assert.equal(detection.state, 'clear');
  assert.match(detection.state === 'clear' ? detection.checked : '', /what they share/);
});

test('an hour of history in intervals of five minutes is too little', () => {
  assertInsufficient(memberFlapping, historyRecording({ seed: 5, days: 1 / 24 }), /21 intervals/, /^12$/);
});

test('a run without history is not asked', () => {
  assertNotApplicable(memberFlapping, makeRecording({ seed: 1 }).compare().build(), /history/);
});

/**
 * Asked every 30 s, and `pacedUs` apart from a failure on until two rounds were good: six times as often, as a monitor does, or less
 * often, where a failure takes long.
 */
function pacedRecording(
  seed: number,
  hours: number,
  fails: (atUs: number, chance: number) => boolean,
  pacedUs = MINUTE_US / 12,
): Recording {
  const random = createRandom(seed);
  const key = { profile: 'farm', route: directTo('web1'), requestName: 'page', connection: 'warm' as const };
  const cells = new Map<number, { count: number; failed: number }>();
  let good = 2;
  for (let sinceUs = 0; sinceUs < hours * HOUR_US; sinceUs += good < 2 ? pacedUs : MINUTE_US / 2) {
    const isBad = fails(sinceUs, random.next());
    good = isBad ? 0 : good + 1;
    const startAtUs = FROM_AT_US + Math.floor(sinceUs / LEVEL_US['5m']) * LEVEL_US['5m'];
    const cell = cells.get(startAtUs) ?? { count: 0, failed: 0 };
    cells.set(startAtUs, { count: cell.count + 1, failed: cell.failed + (isBad ? 1 : 0) });
  }
  const intervals = [...cells].map(
    ([startAtUs, { count, failed }]): HistoryInterval => ({
      ...{ ...key, level: '5m', startAtUs, count, failed, outcomes: { 503: failed, 200: count - failed } },
      ...{ response: '', service: '', maxResponseUs: 0, maxServiceUs: 0 },
    }),
  );
  const empty = makeHistory({ days: 0 });
  // Looked back a day, of which only these hours were watched.
  const window = { fromAtUs: FROM_AT_US + (hours - 24) * HOUR_US, toAtUs: FROM_AT_US + hours * HOUR_US };
  return withHistory({ ...empty, ...window, series: [{ ...key, intervals }] });
}

for (const [how, pacedUs] of [
  ['more often', MINUTE_US / 12],
  ['less often, because its failures take long', (3 / 4) * MINUTE_US],
] as const)
  test(`three outages of a quarter of an hour are enough, though a failing member is asked ${how}`, () => {
    const isDown = (sinceUs: number): boolean => {
      const beganUs = sinceUs - 6 * HOUR_US;
      return beganUs >= 0 && beganUs % (HOUR_US / 2) < HOUR_US / 4;
    };
    const candidate = onlyCandidate(memberFlapping, pacedRecording(1, 7.5, isDown, pacedUs));
    // A day is looked at 288 times, and all looks together may err once in ten thousand.
    assert.ok(candidate.p < ALPHA / 288, `p ${candidate.p}`);
    assert.match(candidate.title, /down 3 times in 7\.5 h/);
  });

for (const [how, pacedUs] of [
  ['are followed more closely', MINUTE_US / 12],
  ['leave no time to ask for more', 4 * MINUTE_US],
] as const)
  test(`errors at random stay errors at random, though they ${how}`, () => {
    for (const ratio of [0.03, 0.1, 0.3, 0.45])
      for (let seed = 1; seed <= 40; seed++) {
        const detection = detect(
          memberFlapping,
          pacedRecording(seed, 24, (_, chance) => chance < ratio, pacedUs),
        );
        if (detection.state !== 'candidates') continue;
        for (const { p } of detection.candidates) assert.ok(p > ALPHA, `${ratio}, ${seed}: ${p}`);
      }
  });

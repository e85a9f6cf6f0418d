import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberFlapping } from '../../src/detectors/flapping.ts';
import { memberOf } from '../../src/model/route.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import {
  type Answered,
  type Asked,
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

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { memberSkew } from '../../src/detectors/member-skew.ts';
import type { Recording } from '../../src/model/recording.ts';
import { makeRecording, OK, type Responder, refused } from '../helpers/make-recording.ts';
import {
  assertClear,
  assertInsufficient,
  assertNear,
  assertNotApplicable,
  assertPresentable,
  NOISES,
  onlyCandidate,
} from './expectation.ts';

const MEMBERS = ['web1', 'web2', 'web3'];

/** Chosen by chance with these weights. */
function weighted(...weights: readonly [number, number, number]): Responder {
  return ({ random }) => {
    const at = random.next() * (weights[0] + weights[1] + weights[2]);
    const answeredBy = at < weights[0] ? 'web1' : at < weights[0] + weights[1] ? 'web2' : 'web3';
    return { us: 12_000, outcome: OK, facts: { answeredBy } };
  };
}

function farm(gateway: Responder, seed = 7, noise: 0 | 1 | 10 = 1, web3: Responder = 10_000): Recording {
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({ member: { web1: 10_000, web2: 10_000, web3 }, gateway })
    .build();
}

describe('uneven shares', () => {
  for (const noise of NOISES)
    test(`are told with the member that is furthest off (noise ${noise})`, () => {
      const candidate = onlyCandidate(memberSkew, farm(weighted(6, 2, 2), 7, noise));
      assertPresentable(candidate);
      assert.deepEqual([candidate.severity, candidate.scope.member], ['info', 'web1']);
      assertNear(candidate.measured['share'], 0.6, 0.15);
    });

  test('with a member that gets nothing although it answers', () => {
    const candidate = onlyCandidate(memberSkew, farm(weighted(1, 1, 0)));
    assert.match(candidate.title, /none of \d+ answers from web3, which answers directly/);
    assert.equal(candidate.scope.member, 'web3');
  });
});

describe('nothing is said', () => {
  test('of even shares by chance, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++) assertClear(memberSkew, farm(weighted(1, 1, 1), seed), `seed ${seed}`);
  });
  test('of a member that is down: its fault is told', () =>
    assertClear(memberSkew, farm(weighted(1, 1, 0), 7, 1, refused())));
  test('of a slight difference', () => assertClear(memberSkew, farm(weighted(36, 32, 32))));
  test('where answers do not name their member', () =>
    assertInsufficient(memberSkew, farm(12_000), /memberId/, /0 of/));
  test('of a single member', () =>
    assertNotApplicable(
      memberSkew,
      makeRecording({ members: ['web1'] })
        .compare()
        .build(),
      /two members/,
    ));
});

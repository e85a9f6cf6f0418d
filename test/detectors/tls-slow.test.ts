import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tlsSlow } from '../../src/detectors/tls-slow.ts';
import type { Recording } from '../../src/model/recording.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { makeRecording, type Reply, type Responder } from '../helpers/make-recording.ts';
import { syntheticProfile } from '../helpers/synthetic-frame.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertNotApplicable,
  assertPresentable,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const MEMBERS = ['web1', 'web2'];

/** New connections make a handshake; in so many of them it takes `slowUs`. */
function handshakes(ratio: number, slowUs: number, connect = 400): Responder {
  return (ask): Reply => {
    if (ask.connection !== 'new') return 10_000;
    const tls = ask.random.next() < ratio ? slowUs : 2_000 + 2 * connect;
    return { us: 10_000 + connect + tls, exact: true, facts: { phasesUs: { connect, tls, wait: 9_000 } } };
  };
}

function farm(web2: Responder, seed = 4, noise: 0 | 1 | 10 = 0): Recording {
  const profile = syntheticProfile(MEMBERS, 'home');
  const members = profile.members.map((member) => ({ ...member, url: member.url.replace('http:', 'https:') }));
  return makeRecording({ seed, noise, members: MEMBERS, profile: { members } })
    .compare({
      durationUs: 30 * SEC,
      newConnectionRatio: 0.5,
      member: { web1: handshakes(0, 0), web2 },
      gateway: 12_000,
    })
    .build();
}

describe('slow handshakes', () => {
  for (const noise of NOISES)
    test(`are the member's that has them (noise ${noise})`, () => {
      const candidate = onlyCandidate(tlsSlow, farm(handshakes(0.3, 800_000), 4, noise));
      assertPresentable(candidate);
      assert.equal(candidate.scope.member, 'web2');
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      assertNear(candidate.measured['delayUs'], 800_000, 0.01);
      assert.match(candidate.rivals[0]?.whyNot ?? '', /1 other routes were quick/);
    });

  test('that a long way explains are not slow', () => assertClear(tlsSlow, farm(handshakes(0.3, 700_000, 150_000))));
  test('that are rare are not told', () => assertClear(tlsSlow, farm(handshakes(0.02, 800_000))));
  test('do not appear in healthy farms, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++) assertClear(tlsSlow, farm(handshakes(0, 0), seed, 10), `seed ${seed}`);
  });
  test('are not looked for without TLS', () =>
    assertNotApplicable(tlsSlow, makeRecording().compare().build(), /over TLS/));
  test('need enough handshakes', () => {
    const profile = syntheticProfile(['web1'], 'home');
    const gateway = { ...profile.gateway, url: 'https://gateway.test' };
    const recording = makeRecording({ members: ['web1'], profile: { gateway } })
      .experiment('compare', [{ route: GATEWAY, us: 3_000 }])
      .build();
    assertInsufficient(tlsSlow, recording, /10 handshakes/, /0/);
  });
});

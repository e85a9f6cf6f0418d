import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gatewayBuffering } from '../../src/detectors/buffering.ts';
import type { Recording } from '../../src/model/recording.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { type FullReply, makeRecording, OK, type Responder } from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertNotApplicable,
  assertPresentable,
  NOISES,
  onlyCandidate,
} from './expectation.ts';

/** First byte after `wait`, the rest within `receive`; times vary by a tenth. */
function pieces(wait: number, receive: number, type = 'text/html'): Responder {
  return ({ random }): FullReply => {
    const swing = 0.95 + 0.1 * random.next();
    const phasesUs = { send: 20, wait: Math.round(wait * swing), receive: Math.round(receive * swing) };
    const answer = { status: 200, headers: { 'content-type': type } };
    return { us: phasesUs.wait + phasesUs.receive + 20, exact: true, outcome: OK, answer, facts: { phasesUs } };
  };
}

function farm(member: Responder, gateway: Responder, seed = 7, noise: 0 | 1 | 10 = 1): Recording {
  return makeRecording({ seed, noise }).compare({ member, gateway }).build();
}

describe('an answer sent piece by piece', () => {
  for (const noise of NOISES)
    test(`that comes all at once through the gateway (noise ${noise})`, () => {
      const recording = farm(pieces(20_000, 900_000), pieces(925_000, 2_000), 7, noise);
      const candidate = onlyCandidate(gatewayBuffering, recording);
      assertPresentable(candidate);
      assert.equal(candidate.severity, 'info');
      assert.ok(candidate.p < ALPHA);
      assertNear(candidate.measured['heldUs'], 900_000, 0.05);
      assert.match(candidate.title, /holds \/ back/);
    });

  test('is a warning where its type is a stream', () => {
    const stream = 'text/event-stream; charset=utf-8';
    const candidate = onlyCandidate(
      gatewayBuffering,
      farm(pieces(20_000, 900_000, stream), pieces(925_000, 2_000, stream)),
    );
    assert.equal(candidate.severity, 'warning');
  });
});

describe('nothing is said', () => {
  const cases: readonly (readonly [title: string, member: Responder, gateway: Responder])[] = [
    ['of pieces that come as pieces', pieces(20_000, 900_000), pieces(22_000, 905_000)],
    ['of quick answers', pieces(20_000, 2_000), pieces(22_000, 2_000)],
    ['of a gateway that is slow by itself', pieces(20_000, 2_000), pieces(900_000, 2_000)],
    ['of a gateway that only begins later', pieces(20_000, 900_000), pieces(500_000, 900_000)],
    ['of pieces within a tenth of a second', pieces(20_000, 100_000), pieces(121_000, 1_000)],
  ];
  for (const [title, member, gateway] of cases) test(title, () => assertClear(gatewayBuffering, farm(member, gateway)));
  test('of healthy farms, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++)
      assertClear(gatewayBuffering, farm(10_000, 12_000, seed, 10), `seed ${seed}`);
  });
  test('with few answers', () =>
    assertInsufficient(
      gatewayBuffering,
      makeRecording()
        .experiment('compare', [{ route: GATEWAY, us: 3_000 }])
        .build(),
      /8 answers/,
      /0/,
    ));
  test('without members', () =>
    assertNotApplicable(gatewayBuffering, makeRecording({ members: [] }).compare().build(), /no members/));
});

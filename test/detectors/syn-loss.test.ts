import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { synLoss } from '../../src/detectors/syn-loss.ts';
import type { Recording } from '../../src/model/recording.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { type Ask, makeRecording, type Reply, type Responder, refused } from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertPresentable,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const MEMBERS = ['web1', 'web2'];
const WORK = { send: 20, wait: 9_000, receive: 100 };

/** New connections take `extraUs(random)` longer in so many of them. */
function lossy(ratio: number, extraUs: (ask: Ask) => number): Responder {
  return (ask): Reply => {
    if (ask.connection !== 'new') return 10_000;
    const connect = 400 + (ask.random.next() < ratio ? Math.round(extraUs(ask)) : 0);
    return { us: 10_000 + connect, exact: true, facts: { phasesUs: { connect, ...WORK } } };
  };
}

/** Two lost attempts, which prove nothing. */
function twice(): Responder {
  let left = 2;
  const slowOnce = lossy(1, repeats) as (ask: Ask) => Reply;
  return (ask) => (ask.connection === 'new' && left-- > 0 ? slowOnce(ask) : 10_000);
}

const repeats = ({ random }: Ask): number => (random.next() < 0.8 ? 1.01 : 3.03) * SEC;

function farm(web2: Responder, gateway: Responder = lossy(0, () => 0), seed = 4, noise: 0 | 1 | 10 = 0): Recording {
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({ durationUs: 60 * SEC, newConnectionRatio: 0.5, member: { web1: lossy(0, () => 0), web2 }, gateway })
    .build();
}

/** Behind the gateway some requests wait a second or three. */
const waits: Responder = (ask) => {
  const wait = 11_000 + (ask.random.next() < 0.03 ? Math.round(repeats(ask)) : 0);
  return { us: wait + 120, exact: true, facts: { phasesUs: { ...WORK, wait } } };
};

describe('attempts to connect that are repeated', () => {
  for (const noise of NOISES)
    test(`to one member name that member and how many (noise ${noise})`, () => {
      const candidate = onlyCandidate(synLoss, farm(lossy(0.05, repeats), undefined, 4, noise));
      assertPresentable(candidate);
      assert.equal(candidate.scope.member, 'web2');
      assert.equal(candidate.severity, 'warning');
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      assertNear(candidate.measured['lossRatio'], 0.05, 0.7);
      assert.match(candidate.title, /between this machine and web2/);
    });

  test('to the gateway are at the gateway', () => {
    const candidate = onlyCandidate(
      synLoss,
      farm(
        lossy(0, () => 0),
        lossy(0.05, repeats),
      ),
    );
    assert.deepEqual([candidate.scope.route, candidate.scope.member], [GATEWAY, undefined]);
  });

  test('between gateway and members show as waiting, and stay possible', () => {
    const candidate = onlyCandidate(synLoss, farm(10_000, waits));
    assertPresentable(candidate);
    assert.equal(candidate.confidence, 'possible');
    assert.match(candidate.title, /between the gateway and its members/);
  });
});

describe('nothing is said', () => {
  const others: readonly (readonly [title: string, responder: Responder])[] = [
    ['connects that are slow at any time', lossy(0.08, ({ random }) => (0.5 + 3 * random.next()) * SEC)],
    ['two of them', twice()],
    ['connects that are slow by 200 ms', lossy(0.1, () => 200_000)],
  ];
  for (const [title, responder] of others) test(`of ${title}`, () => assertClear(synLoss, farm(responder)));

  // HAProxy waits 1 s before it tries another member.
  test('of waits behind the gateway where a member goes down and comes back', () => {
    const flaps: Responder = ({ atUs }) => (atUs % (3 * SEC) < SEC ? refused() : 10_000);
    assertClear(synLoss, farm(flaps, waits));
  });

  test('of pages that take exactly a second, directly as well', () => {
    const second: Responder = ({ random }) => (random.next() < 0.1 ? 1.02 * SEC : 10_000);
    assertClear(synLoss, makeRecording({ members: MEMBERS }).compare({ member: second, gateway: second }).build());
  });

  test('of healthy farms, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++) assertClear(synLoss, farm(10_000, 12_000, seed, 10), `seed ${seed}`);
  });

  test('with few connections', () =>
    assertInsufficient(
      synLoss,
      makeRecording({ members: MEMBERS })
        .experiment('compare', [{ route: GATEWAY, us: 3_000 }])
        .build(),
      /20 new/,
      /\d/,
    ));
});

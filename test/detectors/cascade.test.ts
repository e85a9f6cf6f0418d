import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cascade } from '../../src/detectors/cascade.ts';
import { type Ask, fails, makeRecording, type Reply, type Responder, sometimes } from '../helpers/make-recording.ts';
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

const SLOW: Reply = { ...fails(6 * SEC, 504), exact: true };

/** Due at 5 s, one request waits 3 s for each of two members; then all fail at once for a while. */
function tookAllOut(outageUs: number, trigger: Reply = SLOW): Responder {
  return ({ index, atUs }: Ask) => {
    if (index === 100) return trigger;
    return atUs >= 11 * SEC && atUs < 11 * SEC + outageUs ? fails(300, 502) : 12_000;
  };
}

for (const noise of NOISES) {
  test(`one slow request, then ten seconds of failures for all, while members answer (noise ${noise})`, () => {
    const candidate = onlyCandidate(
      cascade,
      makeRecording({ seed: 2, noise })
        .compare({ gateway: tookAllOut(10 * SEC) })
        .build(),
    );
    assertPresentable(candidate);
    assert.deepEqual([candidate.severity, candidate.scope.route], ['critical', 'gateway']);
    assert.ok(candidate.p < ALPHA);
    assertNear(candidate.measured['timeoutUs'], 3 * SEC, 0.001);
    assertNear(candidate.measured['outageUs'], 10 * SEC, 0.02);
    assert.deepEqual(candidate.affected, { count: 200, of: 1200 });
    assert.equal(candidate.explains.size, 201);
  });

  test(`failures at once without a slow one before them are another cause (noise ${noise})`, () => {
    const gateway = tookAllOut(10 * SEC, 12_000);
    assertClear(cascade, makeRecording({ seed: 3, noise }).compare({ gateway }).build());
  });

  test(`members that fail as well are down, not taken out (noise ${noise})`, () => {
    const member: Responder = ({ atUs }: Ask) => (atUs >= 11 * SEC && atUs < 21 * SEC ? fails(300, 503) : 10_000);
    assertClear(
      cascade,
      makeRecording({ seed: 4, noise })
        .compare({ gateway: tookAllOut(10 * SEC), member })
        .build(),
    );
  });

  test(`scattered failures and slow ones are clear (noise ${noise})`, () => {
    const gateway = sometimes(0.01, SLOW, sometimes(0.1, fails(300, 502), 12_000));
    assertClear(cascade, makeRecording({ seed: 5, noise }).compare({ gateway }).build());
    assertClear(cascade, makeRecording({ seed: 6, noise }).compare().build());
  });
}

test('seven in a row are not enough, eight are', () => {
  const outage = (failures: number) =>
    makeRecording({ seed: 7, noise: 1 })
      .compare({ gateway: tookAllOut(failures * 50_000) })
      .build();
  assertClear(cascade, outage(7));
  const eight = onlyCandidate(cascade, outage(8));
  assert.equal(eight.affected?.count, 8);
  assert.ok(eight.p < ALPHA);
});

test('an outage that the run did not see the end of lasts to its last failure', () => {
  const gateway = tookAllOut(60 * SEC);
  const candidate = onlyCandidate(
    cascade,
    makeRecording({ seed: 8, noise: 1 })
      .compare({ durationUs: 20 * SEC, gateway })
      .build(),
  );
  assertNear(candidate.measured['outageUs'], 9 * SEC, 0.02);
});

test('one member has no other to take out; a handful of requests say nothing', () => {
  const one = makeRecording({ members: ['web1'] }).compare({ gateway: tookAllOut(10 * SEC) });
  assertNotApplicable(cascade, one.build(), /one member/);
  assertInsufficient(
    cascade,
    makeRecording()
      .compare({ durationUs: SEC / 4 })
      .build(),
    /8 requests/,
    /^5$/,
  );
});

test('the wait names no timer where another slow failure had taken a member out before', () => {
  const after = tookAllOut(10 * SEC);
  const gateway: Responder = (ask: Ask) => (ask.index === 60 ? SLOW : typeof after === 'function' ? after(ask) : after);
  const candidate = onlyCandidate(cascade, makeRecording({ seed: 9 }).compare({ gateway }).build());
  assert.equal(candidate.measured['timeoutUs'], undefined);
});

/** As `tookAllOut`, with more slow requests before: each due at its index and of its own wait. */
function withEarlier(waits: Readonly<Record<number, number>>): Responder {
  const after = tookAllOut(10 * SEC);
  return (ask: Ask) => {
    const us = waits[ask.index];
    if (us !== undefined) return { ...fails(us, 504), exact: true };
    return typeof after === 'function' ? after(ask) : after;
  };
}

test('slow requests that shared the members: the longest tried all, the others fewer, one timer each', () => {
  const gateway = withEarlier({ 60: 3 * SEC, 80: 3 * SEC });
  const candidate = onlyCandidate(cascade, makeRecording({ seed: 10, noise: 1 }).compare({ gateway }).build());
  assertPresentable(candidate);
  assert.match(candidate.title, /^3 slow requests within 5 s \(.+, up to 6 s\) made the gateway take all members out/);
  assertNear(candidate.measured['timeoutUs'], 3 * SEC, 0.001);
  assert.equal(candidate.explains.size, 201);
});

test('equal waits, and waits that are no multiples of one timer, name none', () => {
  for (const gateway of [withEarlier({ 60: 6 * SEC }), withEarlier({ 60: 4 * SEC, 80: 3 * SEC })]) {
    const candidate = onlyCandidate(cascade, makeRecording({ seed: 11 }).compare({ gateway }).build());
    assert.equal(candidate.measured['timeoutUs'], undefined);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coldConnection, coldIdle } from '../../src/detectors/cold-start.ts';
import type { ExchangeTag, PhaseName } from '../../src/model/exchange.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../../src/model/route.ts';
import { type IdleOptions, type LooseExchange, makeRecording } from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertPresentable,
  assertSilent,
  candidatesOf,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const MINUTE = 60 * SEC;
const GAPS = [MINUTE, 5 * MINUTE, 15 * MINUTE, 21 * MINUTE, 30 * MINUTE];

function farm(seed: number, noise: 0 | 1 | 10, options: IdleOptions, members = ['web1', 'web2']) {
  const answering = typeof options.member === 'number' ? { member: options.member } : {};
  return makeRecording({ seed, noise, members })
    .compare({ durationUs: 60 * SEC, newConnectionRatio: 0.25, ...answering })
    .idle({ gapsUs: GAPS, ...options });
}

for (const noise of NOISES) {
  test(`the member that sleeps after 20 minutes is named, with the bracket and the penalty (noise ${noise})`, () => {
    const isCold: IdleOptions['isCold'] = ({ route, gapUs }) => gapUs > 20 * MINUTE && memberOf(route) !== 'web1';
    const recording = farm(2, noise, { isCold }).build();
    const candidate = onlyCandidate(coldIdle, recording);
    assertPresentable(candidate);
    assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
    assert.equal(candidate.severity, 'warning');
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    const threshold = candidate.measured['idleThresholdUs'];
    assert.deepEqual([threshold?.low, threshold?.high], [15 * MINUTE, 21 * MINUTE]);
    assertNear(threshold, 18 * MINUTE, 0.01);
    assertNear(candidate.measured['penaltyUs'], 3 * SEC, noise === 10 ? 0.9 : 0.1);
    assert.equal(candidate.explains.size, 4);
    assertClear(coldConnection, recording);
  });

  test(`members that stay awake are clear (noise ${noise})`, () => {
    const recording = farm(3, noise, {}).build();
    assertClear(coldIdle, recording);
    assertClear(coldConnection, recording);
  });

  test(`a gateway alone starts cold, where the members do not (noise ${noise})`, () => {
    const recording = farm(4, noise, {
      isCold: ({ route, gapUs }) => route === GATEWAY && gapUs > 10 * MINUTE,
    }).build();
    const candidate = onlyCandidate(coldIdle, recording);
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assertNear(candidate.measured['idleThresholdUs'], 10 * MINUTE, 0.01);
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
  });

  test(`only the connection is cold (noise ${noise})`, () => {
    const recording = farm(5, noise, {}).build();
    const slow = farm(5, noise, {})
      .experiment('idle', connectingSlowly(directTo('web1')))
      .build();
    assertClear(coldConnection, recording);
    const candidate = onlyCandidate(coldConnection, slow);
    assertPresentable(candidate);
    assert.equal(candidate.scope.member, 'web1');
    assertNear(candidate.measured['penaltyUs'], 2 * SEC, 0.01);
    assertSilent(coldIdle, slow);
  });
}

/** First requests after an hour that spend 2 s in TLS. */
function connectingSlowly(route: RouteId): LooseExchange[] {
  const phasesUs: Partial<Record<PhaseName, number>> = {
    connect: 400,
    tls: 2 * SEC,
    send: 20,
    wait: 9_000,
    receive: 100,
  };
  return Array.from({ length: 4 }, (_, repeat) => {
    const tag: ExchangeTag = { kind: 'idle', gapUs: 60 * MINUTE, repeat, order: 0 };
    const connection = { id: 5_000 + repeat, isNew: true, ageUs: 0, idleUs: 0 };
    return { route, dueUs: (repeat + 1) * 60 * MINUTE, us: 2 * SEC + 9_520, tag, phasesUs, connection };
  });
}

test('both members asleep are both named, and the gateway is not on top of them', () => {
  const recording = farm(6, 1, { isCold: ({ gapUs }) => gapUs > 20 * MINUTE }).build();
  assert.deepEqual(
    candidatesOf(coldIdle, recording).map(({ scope }) => scope.member),
    ['web1', 'web2'],
  );
});

test('cold after every pause: the threshold is at most the shortest', () => {
  const candidate = onlyCandidate(coldIdle, farm(7, 1, { isCold: () => true }, ['web1']).build());
  const threshold = candidate.measured['idleThresholdUs'];
  assert.deepEqual([threshold?.low, threshold?.high], [0, MINUTE]);
  assert.match(candidate.title, /at most 60 s/);
});

test('less than 100 ms, or less than three times, is not felt', () => {
  const asleep = { isCold: () => true };
  assertClear(coldIdle, farm(8, 1, { ...asleep, coldUs: 80_000 }).build());
  assertClear(coldIdle, farm(8, 1, { ...asleep, coldUs: 500_000, member: 300_000 }).build());
});

test('one slow request is chance, and slow ones in no order of pauses are not idleness', () => {
  assertClear(coldIdle, farm(9, 1, { isCold: ({ gapUs, repeat }) => gapUs === 30 * MINUTE && repeat === 0 }).build());
  assertClear(coldIdle, farm(9, 1, { isCold: ({ gapUs }) => gapUs === MINUTE }).build());
});

test('a member that errors on its cold start is cold as well', () => {
  const recording = farm(10, 1, {
    member: ({ tag }) =>
      tag?.kind === 'idle' && tag.order === 0 && tag.gapUs > 20 * MINUTE
        ? { us: 4 * SEC, outcome: { kind: 'response', status: 503, bodyBytes: 9, complete: true, bodyDigest: 1 } }
        : 10_000,
  }).build();
  const [candidate] = candidatesOf(coldIdle, recording);
  assert.match(candidate?.meaning ?? '', /4 failed/);
});

test('no ladder, or nothing warm on a new connection to compare with', () => {
  const compare = makeRecording({ seed: 11 }).compare({ durationUs: 10 * SEC });
  for (const detector of [coldIdle, coldConnection])
    assertInsufficient(detector, compare.build(), /idle ladder/, /none in this run/);
  const alone = makeRecording({ seed: 12 }).idle({ isCold: () => true, warm: 0, repeats: 1 });
  assertSilent(coldIdle, alone.build());
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rateLimited } from '../../src/detectors/rate-limited.ts';
import { rejected } from '../../src/detectors/rejected.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Recording } from '../../src/model/recording.ts';
import { GATEWAY } from '../../src/model/route.ts';
import {
  type FullReply,
  fails,
  makeRecording,
  notSent,
  OK,
  queueOf,
  type Responder,
  sometimes,
} from '../helpers/make-recording.ts';
import {
  assertClear,
  assertInsufficient,
  assertPresentable,
  assertSilent,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const LIMITED: Exchange['outcome'] = { ...OK, status: 429, bodyDigest: 429 };

function tooMany(headers: Readonly<Record<string, string>> = {}): FullReply {
  return { us: 1_500, outcome: LIMITED, answer: { status: 429, headers } };
}

/** Answers so many in each second, then refuses until the next. */
function perSecond(limit: number, refusal: FullReply): Responder {
  let second = -1;
  let count = 0;
  return ({ atUs }) => {
    const now = Math.floor(atUs / SEC);
    if (now !== second) [second, count] = [now, 0];
    return ++count > limit ? refusal : 30_000;
  };
}

function burst(gateway: Responder, seed = 3, noise: 0 | 1 | 10 = 1): Recording {
  return makeRecording({ seed, noise })
    .compare({ durationUs: 10 * SEC })
    .burst({ ratePerSec: 60, durationUs: 4 * SEC, gateway, member: 30_000 })
    .build();
}

describe('a limiter that counts by time', () => {
  for (const noise of NOISES)
    test(`is told by its headers, with the rate at which it began (noise ${noise})`, () => {
      const recording = burst(perSecond(40, tooMany({ 'retry-after': '1' })), 3, noise);
      const candidate = onlyCandidate(rateLimited, recording);
      assertPresentable(candidate);
      assert.deepEqual([candidate.severity, candidate.scope.route], ['warning', 'probe']);
      assert.match(candidate.title, /\(429\)/);
      const rate = candidate.measured['ratePerSec']?.value ?? 0;
      assert.ok(rate >= 40 && rate <= 62, String(rate));
      assertSilent(rejected, recording, 'queue/rejected');
    });

  test('is told without headers where refusals come at any level of concurrency', () => {
    // Slow and quick pages in turn: what is under way swings, the count of a second does not.
    let index = 0;
    const swing: Responder = (ask) => ((index++ >> 3) % 2 === 0 ? 400_000 * ask.random.next() : 3_000);
    const limit = perSecond(40, tooMany());
    const recording = burst((ask) => {
      const reply = typeof limit === 'function' ? limit(ask) : limit;
      return typeof reply === 'number' && typeof swing === 'function' ? swing(ask) : reply;
    });
    onlyCandidate(rateLimited, recording);
    assertSilent(rejected, recording, 'queue/rejected');
  });

  test('is told by the words of the body, where the status is another', () => {
    const said = (bodyStart: string): FullReply =>
      fails(1_500, 503, undefined, { status: 503, headers: {}, bodyStart });
    const of = (bodyStart: string): Recording =>
      makeRecording({ seed: 3, members: ['web1'] })
        .compare({ ratePerSec: 4, durationUs: 15 * SEC, gateway: perSecond(2, said(bodyStart)) })
        .build();
    assert.match(onlyCandidate(rateLimited, of('Too many requests\n')).title, /refused as too many \(503\)/);
    assertSilent(rateLimited, of('<h1>Service Unavailable</h1>'));
  });

  test("is told by IIS's substatus", () => {
    const outcome: Exchange['outcome'] = { ...OK, status: 403, substatus: 502 };
    const candidate = onlyCandidate(rateLimited, burst(perSecond(40, { us: 1_000, outcome })));
    assert.match(candidate.title, /403\.502/);
  });

  test('is a note where it hardly disturbs', () => {
    let left = 2;
    const recording = burst(({ index }) => (index > 50 && left-- > 0 ? tooMany({ 'retry-after': '1' }) : 30_000));
    assert.equal(onlyCandidate(rateLimited, recording).severity, 'info');
  });

  test('says what was not sent because of it', () => {
    const recording = burst(
      sometimes(0.3, notSent('retry-after'), sometimes(0.2, tooMany({ 'retry-after': '1' }), 30_000)),
    );
    assert.match(onlyCandidate(rateLimited, recording).meaning, /more were not sent .*Retry-After/);
  });
});

describe('nothing is said', () => {
  test('of 429 at one level of concurrency: that is a queue', () => {
    const full = queueOf({ servers: 4, serviceUs: 200_000, maxWaiting: 0, full: tooMany() });
    const recording = makeRecording({ noise: 1 })
      .compare({ durationUs: 10 * SEC })
      .volley({ sizes: [8, 32], gateway: full })
      .build();
    assertClear(rateLimited, recording);
    onlyCandidate(rejected, recording);
  });
  test('of one answer', () => {
    let left = 1;
    assertClear(
      rateLimited,
      burst(({ index }) => (index > 50 && left-- > 0 ? tooMany() : 30_000)),
    );
  });
  test('of 503 and of an ordinary 403', () => {
    assertClear(rateLimited, burst(sometimes(0.2, fails(1_000, 503), 30_000)));
    assertClear(rateLimited, burst(sometimes(0.2, { us: 9_000, outcome: { ...OK, status: 403 } }, 30_000)));
  });
  test('of healthy farms, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++)
      assertClear(
        rateLimited,
        makeRecording({ seed, noise: 10 })
          .compare({ durationUs: 10 * SEC })
          .build(),
      );
  });
  test('without ordinary requests', () =>
    assertInsufficient(
      rateLimited,
      makeRecording()
        .experiment('compare', [{ route: GATEWAY, ...notSent() }])
        .build(),
      /ordinary/,
      /none/,
    ));
});

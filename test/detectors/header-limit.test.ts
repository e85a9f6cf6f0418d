import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { invalidResponse } from '../../src/detectors/invalid-response.ts';
import type { Recording } from '../../src/model/recording.ts';
import {
  balanced,
  type FullReply,
  fails,
  makeRecording,
  OK,
  type Responder,
  sometimes,
} from '../helpers/make-recording.ts';
import { ALPHA, assertClear, assertPresentable, NOISES, onlyCandidate } from './expectation.ts';

const MEMBERS = ['web1', 'web2', 'web3'];
const BAD = fails(11_000, 502);

function withHeader(us: number, headerBytes: number): FullReply {
  return { us, outcome: OK, facts: { headerBytes } };
}

function farm(web2: Responder, gateway: Responder, seed = 7, noise: 0 | 1 | 10 = 1): Recording {
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({ member: { web1: 10_000, web2, web3: 10_000 }, gateway })
    .build();
}

const large = sometimes(0.4, withHeader(10_000, 9_000), withHeader(10_000, 2_500));

describe('headers that the probe takes and the gateway does not', () => {
  for (const noise of NOISES)
    test(`name the member and the sizes (noise ${noise})`, () => {
      const gateway = balanced(12_000, sometimes(0.4, BAD, withHeader(12_000, 2_600)), 12_000);
      const candidate = onlyCandidate(invalidResponse, farm(large, gateway, 7, noise));
      assertPresentable(candidate);
      assert.equal(candidate.scope.member, 'web2');
      assert.deepEqual([candidate.severity, candidate.confidence], ['error', 'likely']);
      assert.match(candidate.title, /9 kB.*none above 2\.6 kB/);
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      assert.equal(candidate.measured['headerBytes']?.value, 9_000);
    });

  test('on a page that always fails are possible only', () => {
    const byPage =
      (page: Responder, other: Responder): Responder =>
      (ask) => {
        const responder = ask.requestName === 'login' ? page : other;
        return typeof responder === 'function' ? responder(ask) : responder;
      };
    const member = byPage(withHeader(10_000, 12_000), 10_000);
    const recording = makeRecording({ seed: 3, noise: 1, members: MEMBERS })
      .compare({ requests: ['home', 'login'], member, gateway: byPage(BAD, 12_000) })
      .build();
    const candidate = onlyCandidate(invalidResponse, recording);
    assert.equal(candidate.confidence, 'possible');
    assert.equal(candidate.scope.member, undefined);
  });
});

describe('nothing is said', () => {
  const gatewayFails = balanced(12_000, sometimes(0.4, BAD, 12_000), 12_000);
  const cases: readonly (readonly [title: string, member: Responder, gateway: Responder])[] = [
    [
      'where the gateway passes such headers on',
      large,
      sometimes(0.13, BAD, sometimes(0.3, withHeader(12_000, 9_100), 12_000)),
    ],
    ['where no member sends large ones', 10_000, gatewayFails],
    ['where nothing fails', large, 12_000],
    [
      'where far more fails than large headers come',
      sometimes(0.05, withHeader(10_000, 9_000), 10_000),
      sometimes(0.6, BAD, 12_000),
    ],
    [
      'where failures take as long as timers',
      large,
      balanced(12_000, sometimes(0.4, fails(2_000_000, 504), 12_000), 12_000),
    ],
  ];
  for (const [title, member, gateway] of cases) test(title, () => assertClear(invalidResponse, farm(member, gateway)));
});

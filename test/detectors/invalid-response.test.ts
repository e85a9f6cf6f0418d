import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { invalidResponse } from '../../src/detectors/invalid-response.ts';
import type { ConnectionErrorCode } from '../../src/model/exchange.ts';
import { GATEWAY } from '../../src/model/route.ts';
import {
  balanced,
  type FullReply,
  fails,
  makeRecording,
  OK,
  type Responder,
  reset,
  sometimes,
} from '../helpers/make-recording.ts';
import { ALPHA, assertClear, assertInsufficient, assertPresentable, NOISES, onlyCandidate } from './expectation.ts';

const MEMBERS = ['web1', 'web2', 'web3'];

function garbage(us = 10_000): FullReply {
  const detail = 'Response does not match the HTTP/1.1 protocol (Expected HTTP/, RTSP/ or ICE/)';
  return { us, outcome: { kind: 'connection-error', phase: 'receive', code: 'parse', detail, bytesReceived: 0 } };
}

function tooLarge(code: ConnectionErrorCode): FullReply {
  return {
    us: 10_000,
    outcome: { kind: 'connection-error', phase: 'receive', code, detail: 'too large', bytesReceived: 0 },
  };
}

const bigHeader = tooLarge('header-too-large');

function farm(web2: Responder, gateway: Responder, seed = 7, noise: 0 | 1 | 10 = 1) {
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({ member: { web1: 10_000, web2, web3: 10_000 }, gateway })
    .build();
}

describe('a member whose answers are not HTTP', () => {
  const cases: readonly { title: string; member: FullReply; gateway: FullReply; says: RegExp }[] = [
    { title: 'garbage that becomes 502', member: garbage(), gateway: fails(12_000, 502), says: /not valid HTTP/ },
    { title: 'garbage that is passed on', member: garbage(), gateway: garbage(12_000), says: /not valid HTTP/ },
    { title: 'a header beyond 64 kB', member: bigHeader, gateway: fails(12_000, 502), says: /more than 64 kB/ },
  ];
  for (const { title, member, gateway, says } of cases) {
    for (const noise of NOISES) {
      test(`${title}, noise ${noise}`, () => {
        const share = balanced(12_000, sometimes(0.3, gateway, 12_000), 12_000);
        const recording = farm(sometimes(0.3, member, 10_000), share, 11, noise);
        const candidate = onlyCandidate(invalidResponse, recording);
        assertPresentable(candidate);
        assert.equal(candidate.scope.member, 'web2');
        assert.match(candidate.title, /^web2 /);
        assert.match(candidate.title, says);
        assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
        assert.equal(candidate.severity, 'error');
        assert.equal(candidate.confidence, 'confirmed');
        const failed = recording.exchanges.filter(
          ({ route, outcome }) => route === GATEWAY && !(outcome.kind === 'response' && outcome.status === 200),
        );
        assert.ok(failed.length > 3 && failed.every(({ seq }) => candidate.explains.has(seq)));
      });
    }
  }

  test('whose first bytes are known shows them', () => {
    const reply = garbage();
    const outcome = {
      ...(reply.outcome as { kind: 'connection-error' }),
      detail: 'x (Expected HTTP/); it began with "SSH-2.0"',
    };
    const recording = farm(
      sometimes(0.3, { ...reply, outcome: outcome as NonNullable<FullReply['outcome']> }, 10_000),
      12_000,
    );
    assert.match(onlyCandidate(invalidResponse, recording).title, /they begin with "SSH-2\.0"\./);
  });

  test('that speaks HTTP/2 only is told by its first frame', () => {
    const reply = garbage();
    const detail = 'x (Expected HTTP/); it began with "\\x00\\x00\\x00\\x04\\x00\\x00\\x00\\x00\\x00"';
    const outcome = { ...(reply.outcome as { kind: 'connection-error' }), detail } as NonNullable<FullReply['outcome']>;
    const { title } = onlyCandidate(invalidResponse, farm({ ...reply, outcome }, 12_000));
    assert.match(title, /they begin as HTTP\/2 does: it speaks nothing else here\./);
  });

  test('that the gateway hides is a warning', () => {
    const candidate = onlyCandidate(invalidResponse, farm(sometimes(0.3, garbage(), 10_000), 12_000));
    assert.equal(candidate.severity, 'warning');
    assert.match(candidate.title, /hides it so far/);
  });

  test('a page with status 200 that no member sends is shown as passed on', () => {
    const text: FullReply = { us: 12_000, outcome: { ...OK, bodyBytes: 24, bodyDigest: 99 } };
    const candidate = onlyCandidate(
      invalidResponse,
      farm(sometimes(0.3, garbage(), 10_000), sometimes(0.1, text, 12_000)),
    );
    assert.equal(candidate.severity, 'error');
    assert.match(candidate.meaning, /another body than members send/);
  });
});

test('answers that only the gateway breaks are told there, without blaming a member', () => {
  const candidate = onlyCandidate(invalidResponse, farm(10_000, sometimes(0.2, garbage(), 12_000)));
  assertPresentable(candidate);
  assert.deepEqual([candidate.scope, candidate.confidence], [{ route: GATEWAY }, 'likely']);
  const alone = makeRecording({ members: [] }).compare({ gateway: garbage() }).build();
  assert.equal(onlyCandidate(invalidResponse, alone).confidence, 'possible');
});

describe('nothing is said', () => {
  test('of members that answer well, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++) assertClear(invalidResponse, farm(10_000, 12_000, seed), `seed ${seed}`);
  });

  const others: readonly { title: string; member: Responder }[] = [
    { title: 'a body beyond the limit of the profile', member: tooLarge('too-large') },
    { title: 'a connection that is reset', member: reset(8_000) },
    { title: 'a 500 of the application', member: fails(8_000, 500) },
  ];
  for (const { title, member } of others)
    test(`of ${title}`, () => assertClear(invalidResponse, farm(sometimes(0.3, member, 10_000), 12_000)));

  test('of two events, which could be one incident', () => {
    let left = 2;
    const member: Responder = ({ index }) => (index > 20 && left-- > 0 ? garbage() : 10_000);
    assertClear(invalidResponse, farm(member, 12_000));
  });

  test('with too few direct requests it says what is missing', () => {
    const recording = makeRecording({ members: MEMBERS })
      .experiment('compare', [{ route: GATEWAY, us: 4_000 }])
      .build();
    assertInsufficient(invalidResponse, recording, /5 direct requests/, /0/);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { connectionUnreachable } from '../../src/detectors/connection.ts';
import { judge } from '../../src/detectors/judge.ts';
import { gatewayUnreachable } from '../../src/detectors/reachability.ts';
import { tlsFailed } from '../../src/detectors/tls.ts';
import { generic } from '../../src/gateways/generic.ts';
import type { Recording } from '../../src/model/recording.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { type FullReply, fails, makeRecording, OK, type Responder, sometimes } from '../helpers/make-recording.ts';
import { syntheticProfile } from '../helpers/synthetic-frame.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNotApplicable,
  assertPresentable,
  NOISES,
  onlyCandidate,
} from './expectation.ts';

const MEMBERS = ['web1', 'web2', 'web3'];
const SELF_SIGNED = 'DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate';

function handshake(detail: string): FullReply {
  return {
    us: 3_000,
    outcome: { kind: 'connection-error', phase: 'tls', code: 'tls', detail, bytesReceived: 0 },
    facts: { phasesUs: { connect: 400 } },
  };
}

/** Answers of which half the field names the member that gave it. */
function answered(...names: readonly string[]): Responder {
  return ({ index }) => ({ us: 12_000, outcome: OK, facts: { answeredBy: names[index % names.length] as string } });
}

/** What the profile of a farm over TLS looks like. */
function overTls() {
  const profile = syntheticProfile(MEMBERS, 'home');
  const secure = <T extends { readonly url: string }>(target: T): T => ({
    ...target,
    url: target.url.replace('http:', 'https:'),
  });
  return { gateway: secure(profile.gateway), members: profile.members.map(secure) };
}

function farm(web2: Responder, gateway: Responder, seed = 5, noise: 0 | 1 | 10 = 1): Recording {
  return makeRecording({ seed, noise, members: MEMBERS, profile: overTls() })
    .compare({ member: { web1: 10_000, web2, web3: 10_000 }, gateway })
    .build();
}

describe('a member whose handshake fails', () => {
  const reasons: readonly (readonly [detail: string, words: RegExp])[] = [
    [SELF_SIGNED, /signed by itself/],
    ['CERT_HAS_EXPIRED: certificate has expired', /has expired/],
    ["ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames", /for another name/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE: unable to verify the first certificate', /does not send the chain/],
    ['ERR_SSL_WRONG_VERSION_NUMBER: wrong version number', /does not speak TLS/],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: tlsv1 alert protocol version', /no version of TLS in common/],
    ['a reason that nobody knows', /a reason that nobody knows/],
  ];
  for (const [detail, words] of reasons)
    test(`because ${words.source}: confirmed by the gateway's share of failures`, () => {
      const recording = farm(handshake(detail), sometimes(1 / 3, fails(14_000, 502), 12_000));
      const candidate = onlyCandidate(tlsFailed, recording);
      assertPresentable(candidate);
      assert.match(candidate.title, words);
      assert.deepEqual(
        [candidate.scope.member, candidate.severity, candidate.confidence],
        ['web2', 'error', 'confirmed'],
      );
      assert.ok(candidate.p < ALPHA);
    });

  test('but the gateway gets answers from it: how the probe sees it, no fault', () => {
    const candidate = onlyCandidate(tlsFailed, farm(handshake(SELF_SIGNED), answered('web1', 'web2', 'web3')));
    assert.deepEqual([candidate.severity, candidate.confidence], ['info', 'possible']);
    assert.match(candidate.title, /gateway gets along with it/);
    assert.match(candidate.meaning, /tls\.ca/);
  });

  test('and the gateway never takes it: left out', () => {
    const candidate = onlyCandidate(tlsFailed, farm(handshake(SELF_SIGNED), answered('web1', 'web3')));
    assert.deepEqual([candidate.severity, candidate.confidence], ['warning', 'likely']);
    assert.match(candidate.title, /leaves this member out/);
  });

  test('and nobody knows who answers through the gateway: possible only', () => {
    const candidate = onlyCandidate(tlsFailed, farm(handshake(SELF_SIGNED), 12_000));
    assert.deepEqual([candidate.severity, candidate.confidence], ['warning', 'possible']);
    assert.match(candidate.meaning, /memberId/);
  });

  test('because nobody answers the handshake: not called unreachable', () => {
    const limitUs = 2_000_000;
    const deaf: FullReply = {
      us: limitUs,
      exact: true,
      outcome: { kind: 'timeout', waitingFor: 'connect', limitUs, bytesReceived: 0 },
      facts: { phasesUs: { connect: 500 } },
    };
    const recording = farm(deaf, sometimes(1 / 3, fails(14_000, 502), 12_000));
    assert.match(onlyCandidate(tlsFailed, recording).title, /not over after 2 s/);
    assertClear(connectionUnreachable, recording);
  });
});

describe('the gateway', () => {
  for (const noise of NOISES)
    test(`whose certificate is refused is told beside the gateway that cannot be reached, noise ${noise}`, () => {
      const recording = farm(10_000, handshake(SELF_SIGNED), 3, noise);
      const { findings } = judge([tlsFailed, gatewayUnreachable], [], {
        measures: createMeasures(recording),
        gateway: generic,
      });
      assert.deepEqual(
        findings.map(({ cause, severity, scope }) => [cause, severity, scope.route]),
        [
          ['gateway/unreachable', 'critical', GATEWAY],
          ['tls/failed', 'error', GATEWAY],
        ],
      );
    });

  test('of which one machine has another certificate', () => {
    const candidate = onlyCandidate(tlsFailed, farm(10_000, sometimes(0.3, handshake(SELF_SIGNED), 12_000)));
    assertPresentable(candidate);
    assert.equal(candidate.severity, 'error');
    assert.match(candidate.title, /% of TLS handshakes/);
  });
});

describe('nothing is said', () => {
  test('of handshakes that succeed, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++) assertClear(tlsFailed, farm(10_000, 12_000, seed), `seed ${seed}`);
  });
  test('of two failures', () => {
    let left = 2;
    assertClear(
      tlsFailed,
      farm(() => (left-- > 0 ? handshake(SELF_SIGNED) : 10_000), 12_000),
    );
  });
  test('of a farm without TLS', () =>
    assertNotApplicable(tlsFailed, makeRecording({ members: MEMBERS }).compare().build(), /neither .* over TLS/));
  test('of a run that made hardly a connection', () => {
    const recording = makeRecording({ members: MEMBERS, profile: overTls() })
      .experiment('compare', [{ route: GATEWAY, us: 4_000 }])
      .build();
    assertInsufficient(tlsFailed, recording, /new connections/, /\d/);
  });
});

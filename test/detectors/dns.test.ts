import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { dnsFailed, dnsSlow } from '../../src/detectors/dns.ts';
import { judge } from '../../src/detectors/judge.ts';
import { gatewayUnreachable } from '../../src/detectors/reachability.ts';
import { generic } from '../../src/gateways/generic.ts';
import type { Recording, ResolvedTarget } from '../../src/model/recording.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { type FullReply, fails, makeRecording, OK, type Responder, sometimes } from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertNotApplicable,
  assertPresentable,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const MEMBERS = ['web1', 'web2', 'web3'];

function unresolved(detail = 'getaddrinfo ENOTFOUND web2.invalid'): FullReply {
  return { us: 100, outcome: { kind: 'connection-error', phase: 'dns', code: 'dns', detail, bytesReceived: 0 } };
}

function farm(web2: Responder, gateway: Responder, seed = 5, noise: 0 | 1 | 10 = 1): Recording {
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({ member: { web1: 10_000, web2, web3: 10_000 }, gateway })
    .build();
}

function target(route: ResolvedTarget['route'], dnsUs: number): ResolvedTarget {
  return { route, hostname: `${route}.test`, address: '192.0.2.1', family: 4, dnsUs };
}

describe('a name that does not resolve', () => {
  for (const noise of NOISES)
    test(`of a member, and the gateway fails for its share, noise ${noise}`, () => {
      const candidate = onlyCandidate(
        dnsFailed,
        farm(unresolved(), sometimes(1 / 3, fails(4_000, 502), 12_000), 5, noise),
      );
      assertPresentable(candidate);
      assert.match(candidate.title, /name of web2 does not resolve: getaddrinfo ENOTFOUND/);
      assert.deepEqual(
        [candidate.scope.member, candidate.severity, candidate.confidence],
        ['web2', 'error', 'confirmed'],
      );
      assert.ok(candidate.p < ALPHA);
    });

  test('of a member that the gateway finds: no fault of the farm', () => {
    const gateway: Responder = ({ index }) => ({
      us: 12_000,
      outcome: OK,
      facts: { answeredBy: MEMBERS[index % 3] as string },
    });
    const candidate = onlyCandidate(dnsFailed, farm(unresolved(), gateway));
    assert.deepEqual([candidate.severity, candidate.confidence], ['info', 'possible']);
  });

  test('because the resolver is silent', () => {
    const candidate = onlyCandidate(dnsFailed, farm(unresolved('getaddrinfo EAI_AGAIN web2.test'), 12_000));
    assert.match(candidate.title, /resolver of this machine gave no answer/);
  });

  test('of the gateway is told beside the gateway that cannot be reached', () => {
    const { findings } = judge([dnsFailed, gatewayUnreachable], [], {
      measures: createMeasures(farm(10_000, unresolved('getaddrinfo ENOTFOUND shop.invalid'))),
      gateway: generic,
    });
    assert.deepEqual(
      findings.map(({ cause, severity, scope }) => [cause, severity, scope.route]),
      [
        ['gateway/unreachable', 'critical', GATEWAY],
        ['dns/failed', 'error', GATEWAY],
      ],
    );
  });

  test('is not seen where all resolve, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++) assertClear(dnsFailed, farm(10_000, 12_000, seed), `seed ${seed}`);
  });
});

describe('a name that takes long', () => {
  const recordingOf = (targets: readonly ResolvedTarget[]): Recording =>
    makeRecording({ members: ['web1'], targets })
      .compare()
      .build();

  test('is told with its time, at its target', () => {
    const candidate = onlyCandidate(
      dnsSlow,
      recordingOf([target(GATEWAY, 2_000), target(directTo('web1'), 5.01 * SEC)]),
    );
    assertPresentable(candidate);
    assert.equal(candidate.scope.member, 'web1');
    assert.match(candidate.title, /took 5\.01 s/);
    assert.match(candidate.meaning, /next one was asked/);
    assert.equal(candidate.measured['delayUs']?.value, 5.01 * SEC);
  });

  test('but below a second it is not', () =>
    assertClear(dnsSlow, recordingOf([target(GATEWAY, 2_000), target(directTo('web1'), 0.99 * SEC)])));

  test('does not exist among addresses', () =>
    assertNotApplicable(dnsSlow, recordingOf([target(GATEWAY, 0), target(directTo('web1'), 0)]), /no name/));
});

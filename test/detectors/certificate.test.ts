import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { certificateExpiring } from '../../src/detectors/certificate.ts';
import type { CertificateFacts } from '../../src/model/exchange.ts';
import type { Recording, ResolvedTarget } from '../../src/model/recording.ts';
import { directTo, GATEWAY, type RouteId } from '../../src/model/route.ts';
import { type FullReply, makeRecording } from '../helpers/make-recording.ts';
import { syntheticManifest, syntheticProfile } from '../helpers/synthetic-frame.ts';
import {
  assertClear,
  assertInsufficient,
  assertNear,
  assertNotApplicable,
  assertPresentable,
  onlyCandidate,
} from './expectation.ts';

const DAY_MS = 86_400_000;
const STARTED_MS = Date.parse(syntheticManifest(1, { ...syntheticProfile(['web1'], 'home') }, 1).startedAt);

function certificate(lifetimeDays: number, daysLeft: number): CertificateFacts {
  return {
    subject: 'shop.example.com',
    issuer: 'Example CA',
    validFromAt: new Date(STARTED_MS + (daysLeft - lifetimeDays) * DAY_MS).toISOString(),
    validToAt: new Date(STARTED_MS + daysLeft * DAY_MS).toISOString(),
    names: ['shop.example.com'],
    fingerprint: 'ab12cd34ef',
  };
}

function recordingOf(
  shown: Partial<Record<RouteId, readonly CertificateFacts[]>>,
  member: number | FullReply = 3_000,
): Recording {
  const profile = syntheticProfile(['web1'], 'home');
  const targets = [GATEWAY, directTo('web1')].map(
    (route): ResolvedTarget => ({
      route,
      hostname: 'shop.example.com',
      address: '192.0.2.1',
      ...(shown[route] === undefined ? {} : { certificates: shown[route] }),
    }),
  );
  const gateway = { ...profile.gateway, url: 'https://gateway.test' };
  return makeRecording({ members: ['web1'], targets, profile: { gateway } })
    .compare({ member })
    .build();
}

describe('a certificate', () => {
  const cases: readonly (readonly [lifetimeDays: number, daysLeft: number, severity: string, title: RegExp])[] = [
    [90, 22, 'info', /ends in 22 days/],
    [90, 20, 'warning', /ends in 20 days/],
    [90, 6.5, 'error', /ends in 6 days/],
    [365, 29.5, 'info', /ends in 29 days/],
    [365, 20.5, 'warning', /ends in 20 days/],
    [365, 0.5, 'error', /less than a day/],
    [6, 1.2, 'warning', /ends in 1 day \(/],
    [90, -3.1, 'error', /ended 3 days ago/],
  ];
  for (const [lifetimeDays, daysLeft, severity, title] of cases)
    test(`of ${lifetimeDays} days with ${daysLeft} left: ${severity}`, () => {
      const candidate = onlyCandidate(
        certificateExpiring,
        recordingOf({ [GATEWAY]: [certificate(lifetimeDays, daysLeft)] }),
      );
      assertPresentable(candidate);
      assert.equal(candidate.severity, severity);
      assert.match(candidate.title, title);
      assert.match(candidate.title, /of the gateway/);
      if (daysLeft > 0) assertNear(candidate.measured['daysLeft'], daysLeft, 1e-6);
    });

  for (const [lifetimeDays, daysLeft] of [
    [90, 31],
    [90, 25],
    [365, 60],
    // Short-lived ones are always near their end.
    [6, 2],
  ] as const)
    test(`of ${lifetimeDays} days with ${daysLeft} left: nothing to do`, () =>
      assertClear(certificateExpiring, recordingOf({ [GATEWAY]: [certificate(lifetimeDays, daysLeft)] })));

  test('of a member names the member', () => {
    const candidate = onlyCandidate(certificateExpiring, recordingOf({ [directTo('web1')]: [certificate(90, 2)] }));
    assert.equal(candidate.scope.member, 'web1');
  });

  test('that has ended and makes handshakes fail is left to that finding', () => {
    const outcome = {
      kind: 'connection-error',
      phase: 'tls',
      code: 'tls',
      detail: 'CERT_HAS_EXPIRED: certificate has expired',
      bytesReceived: 0,
    } as const;
    assertClear(
      certificateExpiring,
      recordingOf({ [directTo('web1')]: [certificate(90, -2)] }, { us: 3_000, outcome }),
    );
  });

  test('that nobody showed', () =>
    assertInsufficient(certificateExpiring, recordingOf({}), /certificate/, /no handshake/));

  test('is not looked for without TLS', () =>
    assertNotApplicable(certificateExpiring, makeRecording().compare().build(), /over TLS/));
});

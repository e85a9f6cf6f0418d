import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Profile } from '../../src/model/profile.ts';
import { directTo } from '../../src/model/route.ts';
import { isAtLeast } from '../../src/model/severity.ts';
import { judgeSpan, type ShownCertificate } from '../../src/monitor/judged-span.ts';
import { diagnose } from '../../src/pipeline.ts';
import { syntheticProfile } from '../helpers/synthetic-frame.ts';
import { FROM_AT_US, HOUR_US, makeHistory } from '../helpers/synthetic-history.ts';

const NOW = FROM_AT_US + 3 * HOUR_US;
const PROFILE: Profile = { ...syntheticProfile(['web1', 'web2'], 'page'), name: 'farm', secrets: [] };

/** Three healthy hours, and what handshakes showed. */
function findingsOf(profile: Profile, shown: ShownCertificate) {
  const evidence = makeHistory({ days: 1 / 8 });
  const history = {
    intervals: () => evidence.series.flatMap(({ intervals }) => intervals),
    ...{ kept: () => evidence.kept, quiet: () => [], events: () => [], findings: () => [] },
  };
  const order = { profile, nowAtUs: NOW, spanUs: 24 * HOUR_US, looks: 288, certificates: [shown] };
  return judgeSpan(history, order, { version: '0', diagnose })
    .findings.filter(({ severity }) => isAtLeast(severity, 'warning'))
    .map(({ cause, scope, severity }) => [cause, scope.member, severity]);
}

test('a certificate that handshakes showed is judged although nothing failed, at the end of the time', () => {
  const days = (count: number): string => new Date(NOW / 1_000 + count * 86_400_000).toISOString();
  const shown = (validToAt: string): ShownCertificate => ({
    route: directTo('web1'),
    certificate: {
      ...{ subject: 'web1', issuer: 'CA', names: ['web1'], fingerprint: 'ab', validFromAt: days(-340), validToAt },
    },
  });
  const secure: Profile = {
    ...PROFILE,
    members: PROFILE.members.map((one) => ({ ...one, url: 'https://web1.test' })),
  };
  for (const [left, severity] of [
    [25, undefined],
    [20.5, 'warning'],
    [6.5, 'error'],
  ] as const) {
    assert.deepEqual(
      findingsOf(secure, shown(days(left))),
      severity === undefined ? [] : [['tls/certificate-expiring', 'web1', severity]],
    );
  }
  const patient = { ...secure, certificates: { warningUs: 10 * 86_400_000_000, errorUs: 2 * 86_400_000_000 } };
  assert.deepEqual(findingsOf(patient, shown(days(11))), [], 'the profile says when');
  assert.deepEqual(findingsOf(patient, shown(days(9))), [['tls/certificate-expiring', 'web1', 'warning']]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DETECTORS, GATEWAYS } from '../../src/catalog.ts';
import { judge } from '../../src/detectors/judge.ts';
import { loggedCandidates } from '../../src/detectors/logged-candidates.ts';
import { arr } from '../../src/gateways/arr.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { Journey, LogEvidence } from '../../src/model/journey.ts';
import { makeRecording, refused } from '../helpers/make-recording.ts';
import { contextOf, evidenceOf, journeyOf, line, NINE, SEC, said } from './synthetic-journeys.ts';

function findings(logs: LogEvidence): readonly Finding[] {
  return judge(DETECTORS, GATEWAYS, contextOf(logs, arr)).findings;
}

test('a member without a name is called as the gateway calls it, where all requests went to the same', () => {
  const closed = (addresses: readonly string[]): readonly Journey[] =>
    addresses.map((member, index) => ({
      ...journeyOf({
        startUs: NINE + index * SEC,
        takenUs: 2_000,
        status: 502,
        path: '/a',
        reading: said('connect/refused', 1, { because: 'error log', member }),
      }),
      members: [],
    }));
  const titleOf = (addresses: readonly string[]): string | undefined =>
    findings(evidenceOf(closed(addresses))).find(({ cause }) => cause === 'connection/refused')?.title;
  const [one, other] = ['192.0.2.12:8080', '192.0.2.13:8080'] as const;
  assert.equal(titleOf([one, one, one]), `A member's port is closed (${one}) for /a: 3 requests of 1,000 in the logs.`);
  assert.equal(titleOf([one, other, one]), "A member's port is closed for /a: 3 requests of 1,000 in the logs.");
});

/** HAProxy's `SC` means refused and no TLS alike; the probe reached the member over this scheme, or was refused as well. */
function unconnected(scheme: string, member: Parameters<ReturnType<typeof makeRecording>['compare']>[0] = {}) {
  const plain = makeRecording({ seed: 1 })
    .compare({ durationUs: 10 * SEC, ...member })
    .build();
  const { profile } = plain.manifest;
  const members = profile.members.map((one) => ({ ...one, url: one.url.replace('http:', `${scheme}:`) }));
  const recording = { ...plain, manifest: { ...plain.manifest, profile: { ...profile, members } } };
  const journeys = Array.from({ length: 6 }, (_, seq) =>
    journeyOf({
      startUs: NINE + seq * SEC,
      takenUs: 3_000_000,
      status: 503,
      path: '/a',
      reading: said('connect/refused', 0.6, { member: 'shop/web1', rivals: ['tls/verify', 'tls/handshake'] }),
      client: { seq: 90_000 + seq },
    }),
  );
  const logs = evidenceOf(journeys);
  const context = contextOf(logs, arr, recording);
  return (['tls/failed', 'connection/refused'] as const).flatMap((cause) =>
    loggedCandidates(cause, context).map(({ confidence, scope }) => `${cause} ${scope.member} ${confidence}`),
  );
}

test('refused or no TLS: the probe’s own TLS connections tell that the port is open', () => {
  assert.deepEqual(unconnected('https'), ['tls/failed web1 likely']);
  assert.deepEqual(unconnected('http'), ['connection/refused web1 possible']);
  assert.deepEqual(unconnected('https', { member: refused() }), ['connection/refused web1 possible']);
});

test('an attempt that was made again is not told as one request at several members', () => {
  const retried = Array.from({ length: 3 }, (_, index) =>
    journeyOf({ startUs: NINE + index * SEC, takenUs: 1_000, status: 200, path: '/', reading: said('ok/retried') }),
  );
  const [finding] = findings(evidenceOf(retried));
  assert.deepEqual([finding?.cause, finding?.severity], ['gateway/retry-duplicate', 'info']);
  assert.match(
    finding?.title ?? '',
    /^An attempt failed and the gateway made another, which was answered, for \/: 3 requests of /,
  );
  assert.match(finding?.remedy.steps[0] ?? '', /^Find the member whose attempts fail/);
});

test('why the gateway took members out stands in its log', () => {
  const down = (server: string, reason: string, atUs: number) =>
    line({
      source: 0,
      atUs,
      kind: 'event',
      message: `Server shop/${server} is DOWN, reason: ${reason}`,
      extra: { backend: 'shop', server, state: 'DOWN', reason },
    });
  const events = [
    down('web1', 'Layer7 timeout', NINE),
    down('web2', 'Layer4 timeout', NINE),
    down('web1', 'Layer7 timeout', NINE + SEC),
  ];
  const journeys = Array.from({ length: 5 }, (_, index) => ({
    ...journeyOf({ startUs: NINE + index * SEC, takenUs: 1_000, status: 503, reading: said('pool/none') }),
    events,
  }));
  const meaningWith = (own: readonly Journey[]): string =>
    findings(evidenceOf(own)).find(({ cause }) => cause === 'member/none-available')?.meaning ?? '';
  assert.match(
    meaningWith(journeys),
    /Its log says why members were taken out: web1: Layer7 timeout \(2 times\), web2: Layer4 timeout\./,
  );
  assert.doesNotMatch(meaningWith(journeys.map((one) => ({ ...one, events: [] }))), /Its log says/);
});

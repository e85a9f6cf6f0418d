import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gcp } from '../../../src/logs/formats/gcp.ts';
import { readDocument } from '../../helpers/read-log.ts';
import { fuzzDocument, record } from './small-records.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/logs/gcp/${name}`, import.meta.url), 'utf8');
const BASE_US = Date.UTC(2026, 10, 20, 17, 44, 49) * 1_000;

test('one entry a line; entries of other services are passed over', () => {
  const { entries, badCount } = readDocument(gcp, fixture('lines.jsonl'));
  assert.deepEqual([entries.length, badCount], [2, 0]);
  assert.deepEqual(entries[0], {
    format: 'gcp',
    kind: 'access',
    atUs: BASE_US + 509_114,
    stamp: 'start',
    resolutionUs: 1,
    method: 'GET',
    path: '/cart',
    query: 'id=7',
    host: 'shop.example.com',
    status: 500,
    flags: 'response_sent_by_backend',
    level: 'WARNING',
    durationUs: 123_456,
    durationResolutionUs: 1,
    bytesSent: 1_534,
    bytesReceived: 366,
    clientIp: '192.0.2.10',
    clientPort: 53_412,
    userAgent: 'gateprobe/0.1.0 (run=0a1b2c3d; id=00112233445566aa)',
    upstream: [{ address: '192.0.2.81', status: 500 }],
    extra: { backendTargetProjectNumber: 'projects/123', backendServiceName: 'web', insertId: '1abc' },
    ids: { probe: '00112233445566aa', trace: '4bf92f3577b34da6a3ce929d0e0e4736' },
  });
  assert.deepEqual(
    [entries[1]?.flags, entries[1]?.durationUs, entries[1]?.clientIp, entries[1]?.upstream],
    ['backend_timeout', 30_000_500, '2001:db8::10', [{ address: '192.0.2.82' }]],
  );
});

test('a printed array, in pieces of any length', () => {
  for (const pieceLength of [1, 7, 100_000]) {
    const { entries, badCount } = readDocument(gcp, fixture('array.json'), {}, pieceLength);
    assert.equal(badCount, 0);
    assert.deepEqual(
      entries.map(({ atUs, status, flags, durationUs, clientGone, upstream }) => [
        atUs - BASE_US,
        status,
        flags,
        durationUs,
        clientGone,
        upstream,
      ]),
      [
        [3_000_001, 503, 'failed_to_pick_backend', 5_000, undefined, undefined],
        [4_000_000, 200, 'client_disconnected_before_any_response', 1_500_000, true, undefined],
      ],
    );
  }
});

test('hostile values of good keys are left out', () => {
  const { entries } = readDocument(
    gcp,
    record({
      httpRequest: { latency: 'x', status: 1e9, remoteIp: {}, requestUrl: [], serverIp: 7 },
      resource: { type: 'http_load_balancer' },
      jsonPayload: { statusDetails: {} },
      timestamp: '2026-11-20T17:44:49Z',
      trace: 'projects/p/traces/00000000000000000000000000000000',
    }),
  );
  assert.deepEqual(entries, [
    {
      format: 'gcp',
      kind: 'access',
      atUs: BASE_US,
      stamp: 'start',
      resolutionUs: 1,
      upstream: [{ address: '7' }],
      ids: {},
    },
  ]);
});

test('mutated documents', () => {
  for (const name of ['lines.jsonl', 'array.json']) fuzzDocument(gcp, fixture(name));
});

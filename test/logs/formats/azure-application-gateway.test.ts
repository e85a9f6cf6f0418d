import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { azureApplicationGateway as azure } from '../../../src/logs/formats/azure-application-gateway.ts';
import { readDocument } from '../../helpers/read-log.ts';
import { fuzzDocument, record } from './small-records.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/logs/azure-application-gateway/${name}`, import.meta.url), 'utf8');
const BASE_US = Date.UTC(2026, 10, 20, 17, 44, 49) * 1_000;

test('second generation: an entry, whole', () => {
  const { entries, badCount } = readDocument(azure, fixture('v2.jsonl'));
  assert.equal(badCount, 0);
  assert.deepEqual(entries[0], {
    format: 'azure-application-gateway',
    kind: 'access',
    atUs: BASE_US,
    resolutionUs: 1_000_000,
    stamp: 'end',
    method: 'GET',
    path: '/cart',
    query: 'id=7',
    status: 200,
    flags: 'ERRORINFO_NO_ERROR',
    durationUs: 34_000,
    durationResolutionUs: 1_000,
    bytesSent: 466,
    bytesReceived: 184,
    clientIp: '192.0.2.10',
    clientPort: 45_057,
    hostName: 'appgw_2',
    host: 'shop.example.com',
    userAgent: 'gateprobe/0.1.0 (run=0a1b2c3d; id=00112233445566aa)',
    upstream: [{ address: '192.0.2.81:80', status: 200, responseUs: 28_000 }],
    extra: {
      upstreamSourcePort: '21564',
      serverResponseLatency: '0.028',
      clientResponseTime: '0',
      WAFEvaluationTime: '0.000',
      requestUri: '/cart',
      listenerName: 'https',
      ruleName: 'shop',
      backendPoolName: 'web',
      backendSettingName: 'web-80',
    },
    ids: { probe: '00112233445566aa', request: '592d1649f75a8d480a3c4dc6a975309d' },
  });
});

test('second generation: several servers, none, and other logs between', () => {
  const { entries } = readDocument(azure, fixture('v2.jsonl'));
  assert.deepEqual(
    entries.map(({ status, flags, durationUs, upstream }) => [status, flags, durationUs, upstream?.length]),
    [
      [200, 'ERRORINFO_NO_ERROR', 34_000, 1],
      [504, 'ERRORINFO_UPSTREAM_TIMED_OUT', 20_013_000, 2],
      [502, 'ERRORINFO_UPSTREAM_NO_LIVE', 0, 0],
    ],
  );
  assert.deepEqual(entries[1]?.upstream?.[1], { address: '192.0.2.81:80', status: 504, responseUs: 20_001_000 });
});

test('the unit of timeTaken is told by the generation, or not at all', () => {
  const { entries } = readDocument(azure, fixture('v1.jsonl'));
  assert.deepEqual(
    entries.map(({ path, query, durationUs, upstream, ids }) => [path, query, durationUs, upstream, ids.request]),
    [
      ['/cart', 'id=7', 205_000, [{ address: '192.0.2.81', status: 404 }], '874f1f0f-6807-41c9-b7bc-f3cfa74aa0b1'],
      ['/undecided', undefined, undefined, [{ address: '192.0.2.81:80', status: 200, responseUs: 23_000 }], undefined],
      ['/both', undefined, undefined, undefined, '1'],
    ],
  );
});

test('arrays on one line and on many, and the names of Log Analytics', () => {
  const lines = readDocument(azure, fixture('v2.jsonl')).entries.slice(0, 2);
  for (const name of ['records-lines.json', 'records-one-line.json'])
    for (const pieceLength of [1, 13, 100_000])
      assert.deepEqual(readDocument(azure, fixture(name), {}, pieceLength).entries, lines, `${name} ${pieceLength}`);
  const analytics = readDocument(azure, fixture('log-analytics.json'));
  assert.equal(analytics.badCount, 0);
  assert.deepEqual(
    analytics.entries.map(({ atUs, status, durationUs, upstream, clientGone }) => [
      atUs - BASE_US,
      status,
      durationUs,
      upstream,
      clientGone,
    ]),
    [
      [0, 502, 34_000, [{ address: '192.0.2.81:80', status: 502 }], undefined],
      [1_000_000, 499, 500_000, [], true],
    ],
  );
});

test('damage costs its own records only', () => {
  const [first = '', second = ''] = fixture('v2.jsonl').split('\n');
  const torn = `${first.slice(0, 300)}\n${second}\nhello\n${first}\n{"a":1}\n${second}\n`;
  const { entries, badCount } = readDocument(azure, torn, {}, 50);
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['/slow', '/cart', '/slow'],
  );
  assert.equal(badCount, 3);
});

test('hostile values of good keys are left out', () => {
  const { entries } = readDocument(
    azure,
    record({
      category: 'ApplicationGatewayAccessLog',
      timeStamp: '2026-11-20T17:44:49Z',
      properties: { httpStatus: {}, timeTaken: '1e9', serverRouted: [1], sentBytes: -1, clientIP: 'x', userAgent: [] },
    }),
  );
  assert.deepEqual(
    entries,
    [
      {
        format: 'azure-application-gateway',
        kind: 'access',
        atUs: BASE_US,
        resolutionUs: 1_000_000,
        stamp: 'end',
        clientIp: undefined,
        upstream: [],
        ids: {},
      },
    ].map(({ clientIp: _, ...entry }) => entry),
  );
});

test('mutated documents', () => {
  for (const name of ['v2.jsonl', 'v1.jsonl', 'records-lines.json', 'log-analytics.json'])
    fuzzDocument(azure, fixture(name));
});

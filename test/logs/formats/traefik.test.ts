import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { traefik } from '../../../src/logs/formats/traefik.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/logs/traefik/${name}`, import.meta.url), 'utf8');
const BASE_US = Date.UTC(2026, 10, 20, 17, 44, 49) * 1_000;

test('CLF: status, duration in ms, and the member', () => {
  const { entries, rows } = readLines(traefik, fixture('clf.log'));
  assert.deepEqual(
    entries.map(({ atUs, status, durationUs, bytesSent, upstream, clientGone }) => [
      atUs - BASE_US,
      status,
      durationUs,
      bytesSent,
      upstream?.map(({ address }) => address),
      clientGone,
    ]),
    [
      [0, 200, 5_000, 1_534, ['192.0.2.81:8080'], undefined],
      [1_000_000, 504, 30_001_000, 15, ['192.0.2.82:8080'], undefined],
      [2_000_000 - 3_600_000_000, 404, 0, 19, [], undefined],
      [3_000_000, 499, 180_000, 21, ['192.0.2.81:8080'], true],
      [4_000_000, undefined, 2_000, undefined, ['192.0.2.81:8080'], undefined],
    ],
  );
  assert.deepEqual(
    rows.map(({ status, durationUs }) => [status, durationUs]),
    [
      [200, 5_000],
      [504, 30_001_000],
      [404, 0],
      [499, 180_000],
      [-1, 2_000],
    ],
  );
  assert.deepEqual(entries[0]?.ids, { probe: '00112233445566aa' });
  assert.equal(entries[4]?.path, '/half');
});

test('JSON: an entry, whole', () => {
  const { entries } = readLines(traefik, fixture('json.log'));
  assert.deepEqual(entries[0], {
    format: 'traefik',
    kind: 'access',
    atUs: BASE_US + 503_803,
    stamp: 'start',
    resolutionUs: 1,
    method: 'REPORT',
    path: '/cart',
    query: 'id=7',
    status: 207,
    durationUs: 8_184,
    durationResolutionUs: 1,
    bytesSent: 287,
    bytesReceived: 366,
    clientIp: '192.0.2.10',
    clientPort: 63_261,
    host: 'shop.example.com',
    userAgent: 'gateprobe/0.1.0 (run=0a1b2c3d; id=00112233445566aa)',
    upstream: [{ address: '192.0.2.81:8080', status: 207, responseUs: 7_349, bytesReceived: 287 }],
    retries: 0,
    extra: {
      router: 'shop@docker',
      service: 'shop@docker',
      originStatus: '207',
      originDuration: '7349966',
      overhead: '834369',
      entryPoint: 'https',
      requestCount: '17348',
    },
    ids: { probe: '00112233445566aa' },
  });
});

test('JSON: ServiceURL as an object, retries, and requests that no member got', () => {
  const text = fixture('json.log');
  const { entries } = readLines(traefik, text);
  assert.deepEqual(entries[1]?.upstream, [
    { address: '192.0.2.82:8080', status: 502, responseUs: 1_100, bytesReceived: 11 },
  ]);
  assert.deepEqual([entries[1]?.retries, entries[1]?.durationUs], [2, 1_200]);
  assert.deepEqual(entries[1]?.ids, { trace: '4bf92f3577b34da6a3ce929d0e0e4736' });
  assert.deepEqual(entries[2]?.upstream, []);
  // A file in which no line names a member may have dropped these fields.
  const alone = readLines(traefik, text.split('\n')[2] ?? '');
  assert.equal(alone.entries[0]?.upstream, undefined);
});

test('what is not of the format is bad', () => {
  for (const line of ['x', '{}', '{"StartUTC":7,"DownstreamStatus":200,"Overhead":1}', '192.0.2.1 - - [x] "GET /" - -'])
    assert.deepEqual(readLines(traefik, line).kinds, ['bad'], line);
});

test('hostile values of good keys are left out', () => {
  const line =
    '{"__proto__":{"Duration":5},"StartUTC":"2026-11-20T17:44:49Z","DownstreamStatus":-1,"Overhead":{},"Duration":1e300,"ServiceURL":[1],"OriginStatus":"abc","RequestPath":["/"],"RetryAttempts":1.5,"TraceId":"xyz"}';
  assert.deepEqual(readLines(traefik, line).entries, [
    {
      format: 'traefik',
      kind: 'access',
      atUs: BASE_US,
      stamp: 'start',
      resolutionUs: 1,
      extra: { originStatus: 'abc' },
      ids: {},
    },
  ]);
});

test('mutated lines', () => {
  fuzzLines(traefik, fixture('clf.log') + fixture('json.log'));
});

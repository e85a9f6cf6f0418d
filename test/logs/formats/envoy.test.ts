import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { envoy } from '../../../src/logs/formats/envoy.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/logs/envoy/${name}`, import.meta.url), 'utf8');
const BASE_US = Date.UTC(2026, 10, 20, 17, 44, 49) * 1_000;

test('a line of the default format, whole', () => {
  const { entries, rows } = readLines(envoy, fixture('default.log'));
  assert.deepEqual(entries[0], {
    format: 'envoy',
    kind: 'access',
    atUs: BASE_US + 209_000,
    stamp: 'start',
    resolutionUs: 1_000,
    method: 'GET',
    path: '/shop/cart',
    query: 'id=7',
    status: 200,
    durationUs: 12_000,
    durationResolutionUs: 1_000,
    bytesSent: 1_534,
    bytesReceived: 0,
    host: 'shop.example.com',
    userAgent: 'gateprobe/0.1.0 (run=0a1b2c3d; id=00112233445566aa)',
    upstream: [{ address: '192.0.2.81:8080', headerUs: 11_000 }],
    extra: { upstreamServiceTime: '11', forwardedFor: '192.0.2.10' },
    flags: '-',
    ids: { probe: '00112233445566aa', request: '6f1c2d3e-0000-4000-8000-000000000001' },
  });
  assert.deepEqual(rows[0], { atUs: BASE_US + 209_000, status: 200, substatus: -1, win32: -1, durationUs: 12_000 });
});

test('default format: flags, clients that left, no member, TCP', () => {
  const { entries, rows, missing } = readLines(envoy, fixture('default.log'));
  assert.deepEqual(
    entries.map(({ atUs, status, flags, durationUs, clientGone, upstream }) => [
      atUs - BASE_US,
      status,
      flags,
      durationUs,
      clientGone,
      upstream?.map(({ address }) => address),
    ]),
    [
      [209_000, 200, '-', 12_000, undefined, ['192.0.2.81:8080']],
      [1_001_000, 503, 'UF,URX', 3_002_000, undefined, ['192.0.2.82:8080']],
      [2_500_000, 504, 'UT', 15_000_000, undefined, ['[2001:db8::81]:8080']],
      [3_000_000, 0, 'DC', 180_000, true, ['192.0.2.81:8080']],
      [4_120_000, 404, 'NR', 0, undefined, []],
      [5_000_000, undefined, 'UF', 10_000_000, undefined, ['192.0.2.83:5432']],
    ],
  );
  assert.deepEqual(
    rows.map(({ status }) => status),
    [200, 503, 504, 0, 404, -1],
  );
  assert.equal(entries[2]?.userAgent, 'agent with "quotes" inside');
  assert.equal(missing.length, 3);
});

test("Istio's format: details, transport failure, addresses", () => {
  const { entries, missing } = readLines(envoy, fixture('istio.log'));
  assert.deepEqual(
    entries.map(({ flags, extra, clientIp, clientPort }) => [
      flags,
      extra?.['details'],
      extra?.['transport'],
      clientIp,
      clientPort,
    ]),
    [
      ['-', 'via_upstream', undefined, '192.0.2.5', 51_234],
      [
        'UF',
        'upstream_reset_before_response_started{remote_connection_failure|TLS_error:_268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED}',
        'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end',
        '192.0.2.5',
        51_236,
      ],
      ['UC', 'upstream_reset_before_response_started{connection termination}', undefined, '2001:db8::5', 51_238],
      ['NR', 'filter_chain_not_found', undefined, '192.0.2.5', 51_240],
    ],
  );
  assert.deepEqual(missing, ['%UPSTREAM_REQUEST_ATTEMPT_COUNT%']);
});

test('JSON: keys of the operator, texts and numbers, null', () => {
  const { entries, bad } = readLines(envoy, fixture('json.log'));
  assert.deepEqual(bad, []);
  assert.deepEqual(
    entries.map(({ path, status, flags, durationUs, retries, upstream, clientGone, extra }) => [
      path,
      status,
      flags,
      durationUs,
      retries,
      upstream,
      clientGone,
      extra?.['details'],
    ]),
    [
      [
        '/shop/cart',
        200,
        '-',
        12_000,
        0,
        [{ address: '192.0.2.81:8080', headerUs: 11_000 }],
        undefined,
        'via_upstream',
      ],
      [
        '/shop/pay',
        503,
        'UF,URX',
        3_002_000,
        2,
        [{ address: '192.0.2.82:8080' }],
        undefined,
        'upstream_reset_before_response_started{connection_timeout}',
      ],
      ['/nowhere', 404, 'NR', 0, undefined, [], undefined, 'route_not_found'],
      ['/left', 0, 'DC', 180_000, undefined, [{ address: '192.0.2.81:8080' }], true, 'downstream_remote_disconnect'],
    ],
  );
  assert.deepEqual(entries[1]?.ids, {
    probe: '00112233445566ab',
    trace: '4bf92f3577b34da6a3ce929d0e0e4736',
    request: '6f1c2d3e-0000-4000-8000-000000000022',
  });
  assert.equal(entries[1]?.extra?.['transport'], 'delayed_connect_error:_111');
});

test('what is not of the format is bad', () => {
  for (const line of [
    'x',
    '[2026-11-20T17:44:49.209Z]',
    '[2026-02-30T17:44:49.209Z] "GET / HTTP/1.1" 200 - 0 1 2 3 "-" "-" "-" "-" "-"',
    '[2026-11-20T17:44:49.209Z] "GET / HTTP/1.1" 200 - 0 1 2',
    '{"start_time":"2026-11-20T17:44:49.209Z","status":200}',
    '{"start_time":{},"response_code":[],"response_flags":{"__proto__":1},"upstream_host":7}',
    `{"start_time":${'['.repeat(50_000)}`,
  ])
    assert.deepEqual(readLines(envoy, line).kinds, ['bad'], line.slice(0, 80));
});

test('hostile values of good keys are left out', () => {
  const line =
    '{"__proto__":{"method":"X"},"start_time":"2026-11-20T17:44:49Z","method":["GET"],"path":{"a":1},"response_code":1e400,"response_flags":["UF"],"upstream_host":{"a":1},"duration":-5,"bytes_sent":1e300,"user_agent":7}';
  const { entries } = readLines(envoy, line);
  assert.deepEqual(entries, [
    {
      format: 'envoy',
      kind: 'access',
      atUs: BASE_US,
      stamp: 'start',
      resolutionUs: 1_000_000,
      userAgent: '7',
      upstream: [],
      ids: {},
    },
  ]);
});

test('mutated lines', () => {
  fuzzLines(envoy, fixture('default.log') + fixture('istio.log') + fixture('json.log'));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HopOutcome } from '../../src/model/hop.ts';
import { HOP_OUTCOMES } from '../../src/model/hop.ts';
import type { LogEntry, LogFormatId } from '../../src/model/log.ts';
import { LOG_FORMATS } from '../../src/model/log.ts';
import type { GatewayKind } from '../../src/model/profile.ts';
import { GATEWAYS } from './gateways.ts';

const MEMBER = { address: '10.0.0.7:8080' };
const ANSWERED = (status: number): Partial<LogEntry> => ({ status, upstream: [{ ...MEMBER, status }] });
const ASKED = (status: number, more: Partial<LogEntry> = {}): Partial<LogEntry> => ({
  status,
  upstream: [MEMBER],
  ...more,
});
const DETAILS = (status: number, flags: string, details: string, transport = '-'): Partial<LogEntry> =>
  ASKED(status, { flags, extra: { response_code_details: details, upstream_transport_failure_reason: transport } });
const SEC = 1_000_000;

type Row = readonly [line: Partial<LogEntry>, expected: HopOutcome, atLeast: number, atMost: number];
type Table = readonly [kind: GatewayKind, format: LogFormatId, rows: readonly Row[]];

const TABLES: readonly Table[] = [
  [
    'envoy',
    'envoy',
    [
      [ASKED(200, { flags: '-' }), 'ok', 0.9, 1],
      [ASKED(503, { flags: '-' }), 'member/status', 0.9, 1],
      [ASKED(503, { flags: 'UF' }), 'connect/failed', 0.8, 0.95],
      [ASKED(503, { flags: 'UF,URX' }), 'connect/failed', 0.8, 0.95],
      [ASKED(503, { flags: 'URX,UF' }), 'connect/failed', 0.8, 0.95],
      [DETAILS(503, 'UF', 'upstream_reset_before_response_started{connection_timeout}'), 'connect/timeout', 1, 1],
      [
        DETAILS(
          503,
          'UF',
          'upstream_reset_before_response_started{remote_connection_failure}',
          'delayed_connect_error:_111',
        ),
        'connect/refused',
        1,
        1,
      ],
      [
        DETAILS(
          503,
          'UF',
          'upstream_reset_before_response_started{remote_connection_failure}',
          'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED',
        ),
        'tls/verify',
        1,
        1,
      ],
      [
        DETAILS(503, 'UC', 'upstream_reset_before_response_started{connection_termination}'),
        'response/reset-before-headers',
        0.8,
        0.95,
      ],
      [
        DETAILS(503, 'UC', 'upstream reset before response started{connection termination}'),
        'response/reset-before-headers',
        0.8,
        0.95,
      ],
      [DETAILS(200, 'UC', 'upstream_reset_after_response_started{connection_termination}'), 'response/truncated', 1, 1],
      [ASKED(200, { flags: 'UC' }), 'response/truncated', 0.9, 1],
      [ASKED(504, { flags: 'UT', durationUs: 15 * SEC }), 'response/timeout', 1, 1],
      [DETAILS(502, 'UPE', 'upstream_reset_before_response_started{protocol_error}'), 'response/malformed', 1, 1],
      [{ status: 503, flags: 'UH', upstream: [] }, 'pool/none', 1, 1],
      [{ status: 503, flags: 'UO', upstream: [] }, 'pool/circuit-open', 1, 1],
      [{ status: 404, flags: 'NR', upstream: [] }, 'gateway/no-route', 1, 1],
      [{ status: 0, flags: 'DC' }, 'client/abort', 0.9, 1],
      [{ status: 200, flags: '-', upstream: [] }, 'gateway/local-response', 0.8, 0.9],
      [ASKED(503, { flags: 'QQ' }), 'unknown', 0, 0],
      [ASKED(503, { flags: 'URX' }), 'unknown', 0, 0],
      [ASKED(503), 'unknown', 0, 0],
    ],
  ],
  [
    'traefik',
    'traefik',
    [
      [{ ...ANSWERED(200), bytesSent: 6 }, 'ok', 0.9, 1],
      [{ ...ANSWERED(200), bytesSent: 6, retries: 1 }, 'ok/retried', 0.9, 1],
      [{ ...ANSWERED(502), bytesSent: 312 }, 'member/status', 0.7, 0.9],
      [{ ...ANSWERED(502), bytesSent: 11 }, 'unknown', 0, 0],
      [{ ...ANSWERED(504), bytesSent: 15, durationUs: 30 * SEC }, 'connect/timeout', 0.5, 0.65],
      [{ ...ANSWERED(504), bytesSent: 15, durationUs: 5 * SEC }, 'response/timeout', 0.5, 0.65],
      [{ ...ANSWERED(503), bytesSent: 20 }, 'pool/none', 0.8, 0.9],
      [{ status: 404, upstream: [], bytesSent: 19 }, 'gateway/no-route', 0.8, 0.9],
      [{ status: 429, upstream: [] }, 'gateway/rate-limit', 0.7, 0.9],
      [ANSWERED(499), 'client/abort', 0.9, 1],
      [ANSWERED(502), 'unknown', 0, 0],
    ],
  ],
  [
    'aws-alb',
    'aws-alb',
    [
      [ANSWERED(200), 'ok', 1, 1],
      [ANSWERED(502), 'member/status', 1, 1],
      [ASKED(502, { extra: { request_processing_time: '-1' } }), 'connect/refused', 0.5, 0.65],
      [ASKED(502, { queueUs: 1_000 }), 'response/reset-before-headers', 0.5, 0.65],
      [ASKED(504, { durationUs: 10 * SEC }), 'connect/timeout', 0.6, 0.69],
      [ASKED(504, { durationUs: 60 * SEC }), 'response/timeout', 0.8, 0.9],
      [ASKED(504), 'response/timeout', 0.5, 0.65],
      [{ status: 504, upstream: [{ ...MEMBER, status: 200 }] }, 'response/truncated', 0.8, 0.9],
      [{ status: 503, upstream: [] }, 'pool/none', 0.9, 1],
      [{ status: 460, upstream: [MEMBER] }, 'client/abort', 1, 1],
      [{ status: 403, upstream: [] }, 'gateway/denied', 0.8, 1],
      [{ status: 302, upstream: [] }, 'gateway/local-response', 0.8, 0.9],
      [ASKED(502, { flags: 'LambdaInvalidResponse' }), 'response/malformed', 0.9, 1],
      [{ status: 502, upstream: [] }, 'unknown', 0, 0],
    ],
  ],
  [
    'azure-application-gateway',
    'azure-application-gateway',
    [
      [ANSWERED(200), 'ok', 1, 1],
      [ANSWERED(500), 'member/status', 1, 1],
      [ASKED(502, { flags: 'ERRORINFO_UPSTREAM_NO_LIVE' }), 'pool/none', 0.8, 0.9],
      [ASKED(502, { flags: 'ERRORINFO_UPSTREAM_CLOSED_CONNECTION' }), 'response/reset-before-headers', 0.9, 0.9],
      [ASKED(504, { flags: 'ERRORINFO_UPSTREAM_TIMED_OUT', durationUs: 20 * SEC }), 'response/timeout', 0.9, 0.9],
      [ASKED(499, { flags: 'ERRORINFO_CLIENT_CLOSED_REQUEST' }), 'client/abort', 1, 1],
      [ASKED(502, { flags: 'ERRORINFO_NEW' }), 'unknown', 0, 0],
      [ASKED(502), 'unknown', 0, 0],
      [ASKED(504, { durationUs: 20 * SEC }), 'response/timeout', 0.6, 0.69],
      [{ status: 403, upstream: [] }, 'gateway/denied', 0.7, 0.9],
    ],
  ],
  [
    'gcp-load-balancer',
    'gcp',
    [
      [{ status: 200, flags: 'response_sent_by_backend' }, 'ok', 1, 1],
      [{ status: 503, flags: 'response_sent_by_backend' }, 'member/status', 1, 1],
      [{ status: 502, flags: 'failed_to_pick_backend' }, 'pool/none', 1, 1],
      [{ status: 503, flags: 'failed_to_connect_to_backend' }, 'connect/failed', 0.9, 1],
      [{ status: 502, flags: 'backend_timeout', durationUs: 30 * SEC }, 'response/timeout', 1, 1],
      [
        { status: 502, flags: 'backend_connection_closed_before_data_sent_to_client' },
        'response/reset-before-headers',
        0.9,
        0.9,
      ],
      [{ status: 200, flags: 'backend_connection_closed_after_partial_response_sent' }, 'response/truncated', 1, 1],
      [{ status: 502, flags: 'server_cert_chain_exceeded_limit' }, 'tls/verify', 1, 1],
      [{ status: 503, flags: 'server_cert_validation_timed_out' }, 'tls/handshake-timeout', 1, 1],
      [{ status: 0, flags: 'client_disconnected_before_any_response' }, 'client/abort', 1, 1],
      [{ status: 429, flags: 'throttled_by_security_policy' }, 'gateway/rate-limit', 1, 1],
      [{ status: 502, flags: 'something_new' }, 'unknown', 0, 0],
      [{ status: 502 }, 'unknown', 0, 0],
    ],
  ],
  [
    'yarp',
    'windows-events',
    [
      [
        {
          message:
            'Yarp.ReverseProxy.Forwarder.HttpForwarder: RequestTimedOut: The request timed out before receiving a response.',
        },
        'response/timeout',
        0.8,
        0.9,
      ],
      [
        {
          message:
            'Yarp.ReverseProxy.Forwarder.HttpForwarder: Request: An error was encountered before receiving a response. SocketException (10061): actively refused',
        },
        'connect/refused',
        1,
        1,
      ],
      [{ message: 'Yarp.ReverseProxy.Forwarder.HttpForwarder: NoAvailableDestinations: none' }, 'pool/none', 1, 1],
      [
        { message: 'Yarp.ReverseProxy.Forwarder.HttpForwarder: ResponseBodyDestination: gone' },
        'response/truncated',
        0.9,
        0.9,
      ],
    ],
  ],
  [
    'nginx',
    'nginx',
    [
      [{ status: 502 }, 'unknown', 0, 0],
      [ASKED(502, { upstream: [{ address: '10.0.0.7:80', status: 502, responseUs: 1 }] }), 'unknown', 0, 0],
      [ASKED(200, { upstream: [{ address: '10.0.0.7:80', status: 200 }] }), 'ok', 0.6, 0.69],
      [{ status: 502, upstream: [{ address: 'backend', status: 502 }] }, 'pool/none', 0.6, 0.69],
      [
        { status: 502, upstream: [{ address: '[::1]:80', status: 502, connectUs: 1, headerUs: 5 }] },
        'member/status',
        1,
        1,
      ],
    ],
  ],
  [
    'haproxy',
    'haproxy',
    [
      [{ status: 502 }, 'unknown', 0, 0],
      [
        ASKED(503, {
          flags: 'SC--',
          extra: { Tc: '-1', bc_err: '34/SSL handshake failure', ssl_bc_err: 'certificate verify failed' },
        }),
        'tls/verify',
        1,
        1,
      ],
      [
        ASKED(503, {
          flags: 'SC--',
          extra: { suffix: 'bc_err=34/SSL handshake failure ssl_bc_err=certificate verify failed dst=10.0.0.7:443' },
        }),
        'tls/verify',
        1,
        1,
      ],
      [
        ASKED(503, { flags: 'SC--', extra: { suffix: 'bc_err=-/- ssl_bc_err=- dst=10.0.0.7:443' } }),
        'connect/refused',
        0.8,
        0.8,
      ],
      [ASKED(503, { flags: 'SC--' }), 'connect/refused', 0.5, 0.69],
      [
        ASKED(502, { flags: 'SH--', extra: { suffix: 'bc_err=-/- ssl_bc_err=- dst=10.0.0.7:443' } }),
        'response/reset-before-headers',
        0.6,
        0.69,
      ],
      [
        ASKED(502, {
          flags: 'SH--',
          extra: { suffix: 'bc_err=43/SSL fatal error ssl_bc_err=alert certificate required' },
        }),
        'tls/handshake',
        0.9,
        0.9,
      ],
      [ASKED(200, { flags: 'CD--' }), 'client/abort', 0.9, 1],
      [ASKED(503, { flags: 'RC--' }), 'gateway/resource', 0.9, 1],
      [ASKED(502, { flags: 'ZZ--' }), 'unknown', 0, 0],
      [ASKED(502, { flags: '----' }), 'unknown', 0, 0],
    ],
  ],
  [
    'varnish',
    'varnishlog',
    [
      [{ ...ANSWERED(200), status: 503, message: 'Body cannot be fetched' }, 'response/malformed', 0.9, 0.9],
      [
        { ...ANSWERED(200), status: 503, extra: { VCL_Error: 'Body cannot be fetched' } },
        'response/malformed',
        0.9,
        0.9,
      ],
      // After an interim answer the same words: whether it was all that the member had to say, nobody knows.
      [{ ...ANSWERED(100), status: 503, message: 'Body cannot be fetched' }, 'response/malformed', 0.6, 0.6],
      [{ ...ANSWERED(503), status: 503 }, 'member/status', 0.9, 0.9],
      [ASKED(503), 'gateway/backend-fetch-failed', 0.5, 0.5],
    ],
  ],
];

function entry(format: LogFormatId, line: Partial<LogEntry>): LogEntry {
  return { format, kind: 'access', atUs: 0, stamp: 'end', resolutionUs: 1_000, ids: {}, ...line };
}

for (const [kind, format, rows] of TABLES) {
  test(`what lines of ${kind} say about the hop`, () => {
    const gateway = GATEWAYS.find((candidate) => candidate.kind === kind);
    for (const [line, expected, atLeast, atMost] of rows) {
      const found = gateway?.readLog?.(entry(format, line), []);
      const where = JSON.stringify(line);
      assert.equal(found?.outcome, expected, `${where}: ${found?.because}`);
      assert.ok(found.sure >= atLeast && found.sure <= atMost, `${where}: ${found.sure}`);
      assert.doesNotMatch(found.because, /undefined|NaN|\[object/, where);
      if (/^(?:connect|response)\/timeout$/.test(expected) && line.durationUs !== undefined)
        assert.equal(found.waitedUs, line.durationUs, where);
    }
  });
}

test('no gateway reads lines that are not its own, and none throws on an empty line', () => {
  const own: Readonly<Partial<Record<GatewayKind, readonly string[]>>> = {
    arr: ['iis-w3c', 'iis-native', 'freb', 'httperr'],
    iis: ['iis-w3c', 'iis-native', 'freb', 'httperr'],
    nginx: ['nginx', 'nginx-error'],
    apache: ['apache', 'apache-error'],
    varnish: ['varnish', 'varnishlog'],
    'gcp-load-balancer': ['gcp'],
  };
  for (const gateway of GATEWAYS) {
    for (const format of LOG_FORMATS) {
      const found = gateway.readLog?.(entry(format, {}), []);
      if (!(own[gateway.kind] ?? ([gateway.kind] as readonly string[])).includes(format))
        assert.equal(found, undefined, `${gateway.kind} reads ${format}`);
      if (found !== undefined) assert.ok(HOP_OUTCOMES.includes(found.outcome));
    }
  }
});

test('hostile text in a message takes no long time and does not get long', () => {
  const message = `upstream timed out failed (104: AH00957 AH01110 (70007) dial tcp lookup ${'failed (104: (70007) dial tcp AH0110 '.repeat(20_000)}while`;
  const started = process.hrtime.bigint();
  for (const gateway of GATEWAYS) {
    for (const [access, error] of [
      ['nginx', 'nginx-error'],
      ['apache', 'apache-error'],
      ['caddy', 'caddy'],
      ['varnish', 'varnishlog'],
      ['envoy', 'envoy'],
    ] as const) {
      const found = gateway.readLog?.(
        entry(access, {
          status: 502,
          message,
          flags: message,
          extra: { response_code_details: message, bc_err: message },
        }),
        [entry(error, { kind: 'error', message })],
      );
      if (found !== undefined) assert.ok(found.because.length <= 400 && (found.code ?? '').length <= 200);
    }
  }
  // Quadratic patterns took minutes here; a slow machine needs well under a second.
  assert.ok(process.hrtime.bigint() - started < 20_000_000_000n);
});

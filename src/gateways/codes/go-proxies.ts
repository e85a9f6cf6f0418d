/** Caddy and Traefik: error texts of Go’s HTTP client. The same text ends as different statuses in the two. */
import type { CodeMeaning, CodeRow, MessagePattern, MessageRow } from './code.ts';
import { codeTable, messageTable } from './code.ts';

const SEEN = { sure: 'seen' } as const;

// `seen` was measured with Caddy 2.6.2. An access line alone says only the status.
const GO: readonly MessageRow[] = [
  [
    /dial tcp \S+ connect: connection refused/,
    'dial tcp 10.0.0.5:8080: connect: connection refused',
    'connect/refused',
    'The member refused the connection.',
    SEEN,
  ],
  [
    /dial tcp: lookup .{0,120}(?:i\/o timeout|server misbehaving)/,
    'dial tcp: lookup web1 on 10.0.0.53:53: i/o timeout',
    'dns/timeout',
    'The name server did not answer.',
    { sure: 'recalled' },
  ],
  [
    /dial tcp: lookup .{0,120}no such host/,
    'dial tcp: lookup web1 on 10.0.0.53:53: no such host',
    'dns/failed',
    'The member’s name does not exist.',
    SEEN,
  ],
  [
    /dial tcp \S+ i\/o timeout|dial tcp .{0,80}context deadline exceeded/,
    'dial tcp 10.0.0.5:8080: i/o timeout',
    'connect/timeout',
    'The member did not answer the connection request.',
    SEEN,
  ],
  [
    /dial tcp \S+ connect: (?:no route to host|network is unreachable)/,
    'dial tcp 10.0.0.5:8080: connect: no route to host',
    'connect/unreachable',
    'There is no way to the member.',
    { sure: 'recalled' },
  ],
  [
    /dial tcp \S+ connect: connection reset by peer/,
    'dial tcp 10.0.0.5:8080: connect: connection reset by peer',
    'connect/reset',
    'The member accepted the connection and reset it at once.',
    SEEN,
  ],
  [
    /transport connection broken: unexpected EOF/,
    'net/http: HTTP/1.x transport connection broken: unexpected EOF',
    'response/reset-before-headers',
    'The member closed in the middle of its headers.',
    SEEN,
  ],
  [
    /malformed HTTP (?:response|status code|version)/,
    'net/http: HTTP/1.x transport connection broken: malformed HTTP status code "abc"',
    'response/malformed',
    'The first line of the member’s answer is not valid.',
    SEEN,
  ],
  [
    /malformed MIME header/,
    'net/http: HTTP/1.x transport connection broken: malformed MIME header: missing colon: "x"',
    'response/malformed',
    'A header of the member is not valid.',
    SEEN,
  ],
  [
    /message cannot contain multiple Content-Length headers/,
    'http: message cannot contain multiple Content-Length headers; got ["6" "9"]',
    'response/malformed',
    'The member sent two different lengths.',
    SEEN,
  ],
  [
    /invalid byte in chunk length|malformed chunked encoding/,
    'invalid byte in chunk length',
    'response/malformed',
    'The chunks of the member’s body are not valid.',
    SEEN,
  ],
  [
    /server response headers exceeded \d+ bytes/,
    'net/http: server response headers exceeded 10485760 bytes; aborted',
    'response/headers-too-large',
    'The member’s headers are too large.',
    { sure: 'recalled' },
  ],
  [
    /timeout awaiting response headers/,
    'net/http: timeout awaiting response headers',
    'response/timeout',
    'The member did not begin to answer in time.',
    SEEN,
  ],
  [
    /x509: certificate has expired or is not yet valid/,
    'x509: certificate has expired or is not yet valid: current time 2026-11-20T17:45:23Z is after 2021-01-01T00:00:00Z',
    'tls/verify',
    'The member’s certificate is expired or not yet valid.',
    SEEN,
  ],
  [
    /x509: certificate signed by unknown authority/,
    'x509: certificate signed by unknown authority',
    'tls/verify',
    'The member’s certificate comes from an authority that is not trusted.',
    SEEN,
  ],
  [
    /x509: certificate is (?:valid for .{0,300}, not|not valid for)/,
    'x509: certificate is valid for other.example, not web1',
    'tls/verify',
    'The member’s certificate is for another name.',
    SEEN,
  ],
  [
    /x509: /,
    'x509: cannot validate certificate for 10.0.0.5 because it doesn’t contain any IP SANs',
    'tls/verify',
    'The member’s certificate was not accepted.',
    { sure: 'recalled' },
  ],
  [
    /remote error: tls: /,
    'remote error: tls: certificate required',
    'tls/handshake',
    'The member refused the handshake; its reason stands behind “tls:”.',
    SEEN,
  ],
  [
    /first record does not look like a TLS handshake|server gave HTTP response to HTTPS client/,
    'tls: first record does not look like a TLS handshake',
    'tls/protocol-mismatch',
    'https is spoken to a port that answers in plain HTTP.',
    { sure: 'recalled' },
  ],
  [
    /http: invalid Read on closed Body/,
    'http: invalid Read on closed Body',
    'request/send-failed',
    'The request’s body could not be sent a second time, after the first try failed (seen in Caddy 2.6).',
    SEEN,
  ],
  [
    /read tcp \S+: read: connection reset by peer|read: connection reset by peer/,
    'read tcp 10.0.0.1:4711->10.0.0.5:8080: read: connection reset by peer',
    'response/reset-before-headers',
    'The member reset the connection before it had answered.',
    SEEN,
  ],
  [
    /server closed idle connection/,
    'http: server closed idle connection',
    'response/keepalive-race',
    'The member closed an idle connection just as it was used again.',
    { sure: 'recalled' },
  ],
  [
    /context canceled|operation was canceled/,
    'context canceled',
    'client/abort',
    'The client went away.',
    { sure: 'documented' },
  ],
  [
    /read tcp \S+: i\/o timeout/,
    'read tcp 10.0.0.1:4711->10.0.0.5:8080: i/o timeout',
    'response/stalled',
    'Nothing came from the member for read_timeout.',
    SEEN,
  ],
  [
    /unexpected EOF/,
    'unexpected EOF',
    'response/reset-before-headers',
    'The member closed in the middle of its answer.',
    SEEN,
  ],
  [
    /(?:^|["\s:])EOF["\s]*$/,
    'EOF',
    'response/reset-before-headers',
    'The member closed before it had answered (also plain HTTP to a TLS port).',
    SEEN,
  ],
];

const BODY_NOTE =
  'The client already has the status (200). Before Caddy 2.8 a chunked body that broke off is ended cleanly, so that the client cannot know.';
const CADDY: readonly MessageRow[] = [
  [
    /reading from backend|aborting with incomplete response/,
    'aborting with incomplete response',
    'response/truncated',
    'The member’s body broke off or stopped coming; `error` in the line says which.',
    { ...SEEN, inALog: BODY_NOTE },
  ],
  [
    /no upstreams available/,
    'no upstreams available',
    'pool/none',
    'Every member is out: unhealthy, or at its limit of requests.',
    SEEN,
  ],
  [
    /failed to set (?:read|write) deadline/,
    'failed to set read deadline',
    undefined,
    'A timer could not be set on a connection that was closed already.',
    { ...SEEN, inALog: 'A companion of another error; nothing by itself.' },
  ],
];

const TRAEFIK_STATUS: Readonly<Record<string, string>> = {
  'connect/timeout': '504',
  'response/timeout': '504',
  'client/abort': '499',
  'response/malformed': '500',
  'tls/verify': '500',
  'tls/protocol-mismatch': '500',
};
const TRAEFIK: readonly MessageRow[] = [
  [
    /no available server/,
    'no available server',
    'pool/none',
    'Every server of the service is down.',
    { name: 'body of Traefik’s 503' },
  ],
  [
    /404 page not found/,
    '404 page not found',
    'gateway/no-route',
    'No router fits this host and path.',
    { name: 'body of Traefik’s 404' },
  ],
];

const CADDY_MESSAGES = messageTable('caddy', [...CADDY, ...GO]);
const TRAEFIK_MESSAGES = messageTable('traefik', [
  ...TRAEFIK,
  ...GO.map(
    ([pattern, example, outcome, meaning, details]): MessageRow => [
      pattern,
      example,
      outcome,
      meaning,
      {
        ...details,
        sure: 'documented',
        beside: [
          {
            label: 'status in Traefik',
            text: TRAEFIK_STATUS[outcome ?? ''] ?? (example.includes('unexpected EOF') ? '500' : '502'),
          },
        ],
      },
    ],
  ),
]);

const TRAEFIK_BODIES: readonly CodeRow[] = [
  [
    'Bad Gateway',
    'connect/failed',
    'Traefik could not reach the server, or lost it before the answer (11 bytes of text).',
  ],
  ['Gateway Timeout', 'response/timeout', 'The server did not connect or answer in time (15 bytes of text).'],
  [
    'Internal Server Error',
    'response/malformed',
    'An error of the server that is none of the network: not valid HTTP, or its certificate (21 bytes of text).',
  ],
  ['Service Unavailable', 'pool/circuit-open', 'A circuit breaker or failover had no server.'],
];
const TRAEFIK_MEANINGS = codeTable(
  'traefik',
  TRAEFIK_BODIES.map(
    ([code, outcome, meaning]): CodeRow => [
      code,
      outcome,
      meaning,
      {
        name: 'bare text without a Server header',
        inALog:
          'As the whole body of an answer it is Traefik’s own. As words behind a status it is only the name of the status.',
      },
    ],
  ),
);

export function caddyMessages(): readonly MessagePattern[] {
  return CADDY_MESSAGES;
}

export function traefikMessages(): readonly MessagePattern[] {
  return TRAEFIK_MESSAGES;
}

export function traefikMeanings(): readonly CodeMeaning[] {
  return TRAEFIK_MEANINGS;
}

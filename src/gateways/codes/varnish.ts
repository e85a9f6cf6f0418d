import type { CodeMeaning, CodeRow, MessagePattern } from './code.ts';
import { codeTable, messageTable } from './code.ts';

const SEEN = { sure: 'seen' } as const;
const REST = 'Every failure of a member is 503 “Backend fetch failed” at the client; only this text tells which.';

// FetchError of varnishlog; `seen` was measured with 7.1.
const MESSAGES: readonly MessagePattern[] = messageTable('varnish', [
  [
    /HTC eof \(-1\)/,
    'HTC eof (-1)',
    'response/reset-before-headers',
    'The member closed or reset the connection before its headers were complete.',
    {
      ...SEEN,
      inALog: `Close and reset look the same here. On a reused connection Varnish tries once more by itself, except for POST. ${REST}`,
    },
  ],
  [
    /HTC overflow \(-2\)|FetchError\s+overflow|^overflow$/,
    'overflow',
    'response/headers-too-large',
    'The member’s headers do not fit http_resp_size.',
    SEEN,
  ],
  [
    /http format error/,
    'http format error',
    'response/malformed',
    'The member’s answer is not valid HTTP, or has more than http_max_hdr headers.',
    {
      ...SEEN,
      next: ['The HttpGarbage or BogoHeader record beside it shows the bytes', '`http_max_hdr` (64 headers)'],
    },
  ],
  [
    /first byte timeout/,
    'first byte timeout',
    'response/timeout',
    'The member did not begin to answer within first_byte_timeout.',
    SEEN,
  ],
  [
    /FetchError\s+timeout|^timeout$/,
    'timeout',
    'response/timeout',
    'The headers stopped coming for between_bytes_timeout.',
    SEEN,
  ],
  [
    /FetchError\s+Resource temporarily unavailable|^Resource temporarily unavailable$/,
    'Resource temporarily unavailable',
    'response/stalled',
    'The body stopped coming for between_bytes_timeout.',
    SEEN,
  ],
  [
    /FetchError\s+Connection reset by peer|^Connection reset by peer$/,
    'Connection reset by peer',
    'response/truncated',
    'The member reset the connection in the middle of the body.',
    SEEN,
  ],
  [
    /straight insufficient bytes/,
    'straight insufficient bytes',
    'response/truncated',
    'The body ended before its Content-Length.',
    SEEN,
  ],
  [/chunked read err/, 'chunked read err', 'response/truncated', 'The chunked body ended before its last chunk.', SEEN],
  [
    /chunked (?:header (?:non-hex|too long|no NL)|tail no NL)/,
    'chunked header non-hex',
    'response/malformed',
    'The chunks of the body are not valid.',
    SEEN,
  ],
  [
    /fail errno 110\b/,
    'backend web1: fail errno 110 (Connection timed out)',
    'connect/timeout',
    'The member did not answer the connection request.',
    SEEN,
  ],
  [
    /fail errno 111\b/,
    'backend web1: fail errno 111 (Connection refused)',
    'connect/refused',
    'The member refused the connection.',
  ],
  [
    /fail errno 0\b/,
    'backend web1: fail errno 0 (Success)',
    'connect/refused',
    'The member was not asked again: it failed a moment ago.',
    {
      ...SEEN,
      inALog:
        'The address is held down after an earlier failure (backend_local_error_holddown, backend_remote_error_holddown); the first one printed the real error.',
    },
  ],
  [
    /fail errno (?:113|101)\b/,
    'backend web1: fail errno 113 (No route to host)',
    'connect/unreachable',
    'There is no way to the member.',
    { sure: 'recalled' },
  ],
  [
    /backend \S+ unhealthy/,
    'backend web1: unhealthy',
    'pool/none',
    'The health probe says that the member is sick: nobody was asked.',
    SEEN,
  ],
  [
    /backend \S+ busy/,
    'backend web1: busy',
    'pool/queue-full',
    'The member’s max_connections are in use; there is no queue.',
    SEEN,
  ],
  [
    /FetchError\s+No backend|^No backend$/,
    'No backend',
    'pool/none',
    'The director gave no member.',
    { sure: 'recalled' },
  ],
  [/Could not get storage/, 'Could not get storage', 'gateway/resource', 'The cache’s storage is full.'],
  [/req\.body read error/, 'req.body read error', 'client/abort', 'The client’s body broke off.', { sure: 'recalled' }],
  [
    /Invalid Gzip input/,
    'Invalid Gzip input',
    'response/malformed',
    'The member’s gzip is not valid.',
    { sure: 'recalled' },
  ],
  [
    /Backend fetch failed/,
    'Backend fetch failed',
    'gateway/backend-fetch-failed',
    'Varnish could not get an answer from the member.',
    { ...SEEN, inALog: REST },
  ],
  [/VCL failed/, 'VCL failed', 'gateway/config', 'The VCL program failed.', { sure: 'recalled' }],
]);

// Why a connection to a member was closed (BackendClose).
const CLOSES: readonly CodeRow[] = [
  ['Received bad req/resp', 'response/reset-before-headers', 'No valid answer came on the connection (RX_BAD).'],
  ['Received junk data', 'response/malformed', 'Something that is not HTTP came (RX_JUNK).'],
  ['Received buffer overflow', 'response/headers-too-large', 'The headers do not fit (RX_OVERFLOW).'],
  ['Receive timeout', 'response/timeout', 'Nothing came in time (RX_TIMEOUT).'],
  [
    'Failure receiving req.body',
    'response/truncated',
    'A body broke off (RX_BODY); also written for the bodies of answers.',
  ],
  ['Backend/VCL requested close', 'ok', 'The member or the VCL wanted the connection closed.'],
];

const MEANINGS = codeTable(
  'varnish',
  CLOSES.map(([code, outcome, meaning]): CodeRow => [code, outcome, meaning, { name: 'BackendClose' }]),
  'seen',
);

export function varnishMeanings(): readonly CodeMeaning[] {
  return MEANINGS;
}

export function varnishMessages(): readonly MessagePattern[] {
  return MESSAGES;
}

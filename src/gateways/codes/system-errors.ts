/** Errors of the operating system and of Node.js: what a probe, a Node gateway, or a message in brackets says. */
import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning, CodeRow, MessagePattern } from './code.ts';
import { codeTable, messageTable } from './code.ts';

type Errno = readonly [
  name: string,
  linux: number,
  text: string,
  outcome: HopOutcome,
  meaning: string,
  inALog?: string,
];

const STAGE =
  'The words around it say on which hop and when: “while connecting” is before the request, “while reading” after it.';

// Numbers of Linux, and of Apache’s own library (APR); the names are the same everywhere.
const ERRNOS: readonly Errno[] = [
  ['ENOENT', 2, 'No such file or directory', 'connect/refused', 'A file or a socket file is not there.'],
  [
    'EAGAIN',
    11,
    'Resource temporarily unavailable',
    'pool/member-limit',
    'Not now: a queue or buffer is full, or a timer of the socket ended.',
  ],
  ['EACCES', 13, 'Permission denied', 'gateway/config', 'Not allowed: rights, or SELinux.'],
  ['EMFILE', 24, 'Too many open files', 'gateway/resource', 'The process has no file descriptor left.'],
  [
    'ENOSPC',
    28,
    'No space left on device',
    'gateway/resource',
    'The disk is full.',
    'In front of AH10124 it only means that a header did not fit.',
  ],
  ['EPIPE', 32, 'Broken pipe', 'request/send-failed', 'The other side had closed while something was sent to it.'],
  ['EADDRINUSE', 98, 'Address already in use', 'gateway/resource', 'The address and port are taken.'],
  [
    'EADDRNOTAVAIL',
    99,
    'Cannot assign requested address',
    'gateway/resource',
    'No port is left for outgoing connections.',
  ],
  ['ENETUNREACH', 101, 'Network is unreachable', 'connect/unreachable', 'There is no way to that network.'],
  [
    'ECONNABORTED',
    103,
    'Software caused connection abort',
    'client/abort',
    'The connection was ended on this machine.',
  ],
  [
    'ECONNRESET',
    104,
    'Connection reset by peer',
    'response/reset-before-headers',
    'The other side reset the connection.',
    STAGE,
  ],
  ['ENOBUFS', 105, 'No buffer space available', 'gateway/resource', 'No memory for sockets.'],
  ['ETIMEDOUT', 110, 'Connection timed out', 'connect/timeout', 'Nothing came in time.', STAGE],
  ['ECONNREFUSED', 111, 'Connection refused', 'connect/refused', 'Nothing listens on that port.'],
  [
    'APR_EGENERAL',
    20014,
    'Internal error',
    'response/reset-before-headers',
    'Apache’s own number; in front of AH01102 it is a member that closed the connection.',
  ],
  [
    'APR_TIMEUP',
    70007,
    'The timeout specified has expired',
    'response/timeout',
    'Apache’s own number for a timeout.',
    STAGE,
  ],
  [
    'APR_INCOMPLETE',
    70008,
    'Partial results are valid but processing is incomplete',
    'response/truncated',
    'Apache’s own number; a body that broke off.',
  ],
  [
    'APR_EOF',
    70014,
    'End of file found',
    'response/reset-before-headers',
    'Apache’s own number; the other side closed.',
  ],
  ['EHOSTUNREACH', 113, 'No route to host', 'connect/unreachable', 'There is no way to that host.'],
];

const ERRNO_MEANINGS = codeTable(
  'errno',
  ERRNOS.map(
    ([name, linux, text, outcome, meaning, inALog]): CodeRow => [
      name,
      outcome,
      meaning,
      {
        name: text,
        forms: [
          { label: linux > 10_000 ? 'number in Apache’s log' : 'number on Linux', text: String(linux) },
          { label: 'in messages', text: `(${linux}: ${text})` },
        ],
        ...(inALog === undefined ? {} : { inALog }),
      },
    ],
  ),
);

const STRICT = 'Node’s parser is stricter than most gateways: this is not proof that a gateway fails too.';
const NODE: readonly CodeRow[] = [
  ['ENOTFOUND', 'dns/failed', 'The name does not exist.', { sure: 'seen' }],
  ['EAI_AGAIN', 'dns/timeout', 'The name server did not answer.', { sure: 'recalled' }],
  [
    'HPE_INVALID_CONSTANT',
    'response/malformed',
    'The answer does not begin like HTTP, or bytes follow its end.',
    { inALog: 'After a complete answer it only means that more bytes came: not a failure.', sure: 'seen' },
  ],
  [
    'HPE_INVALID_HEADER_TOKEN',
    'response/malformed',
    'A header of the answer is not valid.',
    { inALog: STRICT, sure: 'seen' },
  ],
  [
    'HPE_INVALID_STATUS',
    'response/malformed',
    'The first line of the answer is not valid.',
    { inALog: STRICT, sure: 'seen' },
  ],
  [
    'HPE_INVALID_CHUNK_SIZE',
    'response/malformed',
    'The chunks of the answer are not valid.',
    { inALog: STRICT, sure: 'seen' },
  ],
  [
    'HPE_UNEXPECTED_CONTENT_LENGTH',
    'response/malformed',
    'Two lengths, or a length beside chunks.',
    { inALog: STRICT, sure: 'seen' },
  ],
  [
    'HPE_INVALID_TRANSFER_ENCODING',
    'response/malformed',
    'The Transfer-Encoding of the answer is not valid.',
    { inALog: STRICT, sure: 'seen' },
  ],
  [
    'HPE_HEADER_OVERFLOW',
    'response/headers-too-large',
    'The headers are larger than 16 KiB; as a server Node answers 431.',
    { sure: 'seen' },
  ],
  [
    'UND_ERR_HEADERS_OVERFLOW',
    'response/headers-too-large',
    'The headers are larger than undici allows.',
    { sure: 'seen' },
  ],
  ['UND_ERR_SOCKET', 'response/reset-before-headers', 'The other side closed (“other side closed”).', { sure: 'seen' }],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect/timeout', 'undici’s own connect timer (10 s).', { sure: 'recalled' }],
  ['UND_ERR_HEADERS_TIMEOUT', 'response/timeout', 'undici’s own timer for the headers (300 s).', { sure: 'recalled' }],
  ['UND_ERR_BODY_TIMEOUT', 'response/stalled', 'undici’s own timer for the body (300 s).', { sure: 'recalled' }],
  ['CERT_HAS_EXPIRED', 'tls/verify', 'The certificate has expired.', { sure: 'seen' }],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls/verify', 'The certificate is self-signed.', { sure: 'seen' }],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls/verify', 'The chain ends in an authority that is not trusted.', { sure: 'seen' }],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls/verify', 'An intermediate certificate is missing.', { sure: 'seen' }],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls/verify', 'The issuer is not known here.', { sure: 'seen' }],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls/verify', 'The certificate is for another name.', { sure: 'seen' }],
  [
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'tls/protocol-mismatch',
    'TLS to a port that answers in plain HTTP.',
    { sure: 'recalled' },
  ],
  ['EPROTO', 'tls/protocol-mismatch', 'TLS to a port that answers otherwise.', { sure: 'recalled' }],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tls/handshake', 'A client certificate is wanted.', { sure: 'seen' }],
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    'client/timeout',
    'The client did not send in time: headersTimeout 60 s, requestTimeout 300 s; Node answers 408.',
    { sure: 'recalled' },
  ],
];
const NODE_MEANINGS = codeTable('node', NODE);
const NODE_MESSAGES = messageTable(
  'node',
  [
    [
      /socket hang up/,
      'socket hang up',
      'response/reset-before-headers',
      'The other side closed before its headers were complete.',
    ],
    [/other side closed/, 'other side closed', 'response/reset-before-headers', 'The other side closed.'],
  ],
  'seen',
);

// `(111: Connection refused)` of nginx, `(111)Connection refused` of Apache, `errno 111`.
const IN_TEXT = /\(?\b(?:errno )?(\d{1,5})\)?(?:: ?|\) ?| \()([A-Z][a-z]+(?: [a-zA-Z]+){1,5})/;

/** The system error that a text holds with its number and its words. */
export function errnoIn(text: string): CodeMeaning | undefined {
  const found = IN_TEXT.exec(text);
  const errno = ERRNOS.findIndex(
    ([, linux, words]) => String(linux) === found?.[1] && found[2]?.startsWith(words) === true,
  );
  return errno < 0 ? undefined : ERRNO_MEANINGS[errno];
}

/** The system error of a number on Linux or of Apache’s library. */
export function errnoMeaning(value: number): CodeMeaning | undefined {
  const errno = ERRNOS.findIndex(([, number]) => number === value);
  return errno < 0 ? undefined : ERRNO_MEANINGS[errno];
}

export function systemErrorMeanings(): readonly CodeMeaning[] {
  return [...ERRNO_MEANINGS, ...NODE_MEANINGS];
}

export function nodeMessages(): readonly MessagePattern[] {
  return NODE_MESSAGES;
}

import type { HopOutcome } from '../../model/hop.ts';
import type { CodeDetails, CodeMeaning } from './code.ts';
import { codeMeaning } from './code.ts';
import { formsOfWin32 } from './number-forms.ts';

type Row = readonly [
  code: number,
  name: string,
  outcome: HopOutcome | undefined,
  meaning: string,
  details?: { readonly inet?: string; readonly page?: string } & Pick<CodeDetails, 'inALog' | 'next'>,
];

const ARR_TIMES =
  'time-taken in ARR’s line: about the farm’s timeout (30 s, or 120 s without a farm) is a slow member; clearly less (21 s is usual) is a connect that nobody answered';
const SCRIPT = 'Part of finding a forward proxy or of the scripting object; a reverse proxy does not give it.';

// Numbers and names: winhttp.h and the documentation of WinHTTP. Names of WinINet stand beside, as tools print them for the same number.
const ROWS: readonly Row[] = [
  [12001, 'OUT_OF_HANDLES', undefined, 'No longer used.', { inet: 'ERROR_INTERNET_OUT_OF_HANDLES' }],
  [
    12002,
    'TIMEOUT',
    'response/timeout',
    'The member did not answer, or could not be connected to, in time.',
    {
      inet: 'ERROR_INTERNET_TIMEOUT',
      page: 'The operation timed out',
      inALog:
        'One number for two faults. Usually the member was connected and slow, and ARR’s response timer ended it (often a little under the configured value). With a much shorter time-taken the connection itself was never answered: machine off, or packets dropped.',
      next: [
        ARR_TIMES,
        'The member’s log for the same request: 200 with sc-win32-status 64 and a longer time-taken means that it finished after ARR had gone',
        'No line on the member: its HTTPERR log (Client_Reset, Timer_ReqQueue, QueueFull) for a request that waited in the queue',
        'In a WinHTTP trace, the number behind “mapped”: 1460 is the answer, 10060 is the connect',
      ],
    },
  ],
  [
    12004,
    'INTERNAL_ERROR',
    'gateway/internal',
    'An internal error of WinHTTP.',
    { inet: 'ERROR_INTERNET_INTERNAL_ERROR' },
  ],
  [12005, 'INVALID_URL', 'gateway/config', 'The URL is not valid.', { inet: 'ERROR_INTERNET_INVALID_URL' }],
  [
    12006,
    'UNRECOGNIZED_SCHEME',
    'gateway/config',
    'The URL is neither http nor https.',
    { inet: 'ERROR_INTERNET_UNRECOGNIZED_SCHEME' },
  ],
  [
    12007,
    'NAME_NOT_RESOLVED',
    'dns/failed',
    'The member’s name does not resolve.',
    { inet: 'ERROR_INTERNET_NAME_NOT_RESOLVED', page: 'The server name or address could not be resolved' },
  ],
  [
    12009,
    'INVALID_OPTION',
    'gateway/internal',
    'An option was queried or set that does not exist.',
    { inet: 'ERROR_INTERNET_INVALID_OPTION' },
  ],
  [
    12011,
    'OPTION_NOT_SETTABLE',
    'gateway/internal',
    'The option can only be queried.',
    { inet: 'ERROR_INTERNET_OPTION_NOT_SETTABLE' },
  ],
  [
    12012,
    'SHUTDOWN',
    'gateway/shutdown',
    'WinHTTP is being shut down or unloaded.',
    { inet: 'ERROR_INTERNET_SHUTDOWN' },
  ],
  [12015, 'LOGIN_FAILURE', 'gateway/denied', 'A login failed.', { inet: 'ERROR_INTERNET_LOGIN_FAILURE' }],
  [
    12017,
    'OPERATION_CANCELLED',
    'client/abort',
    'The operation was cancelled: its handle was closed before it was done.',
    {
      inet: 'ERROR_INTERNET_OPERATION_CANCELLED',
      page: 'The operation has been canceled',
      inALog: 'The client left and ARR dropped its request to the member, or the gateway’s worker was shutting down.',
      next: [
        'The client’s own timeout: is time-taken the same in all such lines?',
        'WAS events around that second: recycle or stop of the gateway’s pool',
      ],
    },
  ],
  [
    12018,
    'INCORRECT_HANDLE_TYPE',
    'gateway/internal',
    'A handle of the wrong type.',
    { inet: 'ERROR_INTERNET_INCORRECT_HANDLE_TYPE' },
  ],
  [
    12019,
    'INCORRECT_HANDLE_STATE',
    'gateway/internal',
    'A handle in the wrong state.',
    {
      inet: 'ERROR_INTERNET_INCORRECT_HANDLE_STATE',
      inALog: 'A race inside ARR or URL Rewrite, not a fault of the member.',
      next: ['Version of ARR: is the newest installed?', 'Does it come with clients that leave early?'],
    },
  ],
  [
    12029,
    'CANNOT_CONNECT',
    'connect/refused',
    'No connection to the member: usually refused.',
    {
      inet: 'ERROR_INTERNET_CANNOT_CONNECT',
      page: 'A connection with the server could not be established',
      inALog:
        'The member’s machine answered, but nothing listens on that port, or a firewall rejects. It takes about 1.0 s, because Windows tries three times.',
    },
  ],
  [
    12030,
    'CONNECTION_ERROR',
    'response/reset-before-headers',
    'The member closed or reset the connection before it answered.',
    {
      inet: 'ERROR_INTERNET_CONNECTION_ABORTED',
      page: 'The connection with the server was terminated abnormally',
      inALog:
        'The member took the connection and dropped it: worker crash or kill, a recycle past its limit, TLS versions that do not fit, or, within a few milliseconds on a reused connection, the keep-alive race.',
      next: [
        'HTTPERR of the member at that second: Connection_Abandoned_By_ReqQueue (crash), Connection_Dropped (closed by the application), Timer_ConnectionIdle (keep-alive race)',
        'Events of the member: WAS 5009, 5011, 5013, Application Error 1000, .NET Runtime 1026',
        'Less than 10 ms, after a pause of about the member’s connectionTimeout (120 s): the keep-alive race',
      ],
    },
  ],
  [
    12032,
    'RESEND_REQUEST',
    'ok/retried',
    'The request has to be sent again; ARR does that itself.',
    { inet: 'ERROR_INTERNET_FORCE_RETRY' },
  ],
  [
    12037,
    'SECURE_CERT_DATE_INVALID',
    'tls/verify',
    'The member’s certificate is expired or not yet valid.',
    { inet: 'ERROR_INTERNET_SEC_CERT_DATE_INVALID' },
  ],
  [
    12038,
    'SECURE_CERT_CN_INVALID',
    'tls/verify',
    'The member’s certificate is for another name.',
    { inet: 'ERROR_INTERNET_SEC_CERT_CN_INVALID' },
  ],
  [
    12044,
    'CLIENT_AUTH_CERT_NEEDED',
    'tls/handshake',
    'The member asks for a client certificate.',
    { inet: 'ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED' },
  ],
  [
    12045,
    'SECURE_INVALID_CA',
    'tls/verify',
    'The member’s certificate comes from an authority that is not trusted.',
    { inet: 'ERROR_INTERNET_INVALID_CA' },
  ],
  [
    12057,
    'SECURE_CERT_REV_FAILED',
    'tls/verify',
    'Whether the certificate is revoked could not be checked: the server for it is offline.',
    { inet: 'ERROR_INTERNET_SEC_CERT_REV_FAILED' },
  ],
  [
    12150,
    'HEADER_NOT_FOUND',
    'gateway/internal',
    'A header that was asked for is not there.',
    { inet: 'ERROR_HTTP_HEADER_NOT_FOUND' },
  ],
  [
    12152,
    'INVALID_SERVER_RESPONSE',
    'response/malformed',
    'The member’s answer cannot be read as HTTP, or it ended early.',
    {
      inet: 'ERROR_HTTP_INVALID_SERVER_RESPONSE',
      page: 'The server returned an invalid or unrecognized response',
      inALog:
        'A bad header, something that is not HTTP on that port, or a close in the middle of the answer (Response.Close in the application).',
      next: [
        'The raw answer of the member: `curl -sv --raw http://<member>:<port>/…`',
        'HTTPERR of the member at that second: Connection_Dropped with a site id means that the application closed the answer itself',
        'A TLS port spoken to in clear, or the other way round?',
      ],
    },
  ],
  [
    12153,
    'INVALID_HEADER',
    'response/malformed',
    'A header’s name or value is not valid.',
    { inet: 'ERROR_HTTP_INVALID_HEADER' },
  ],
  [12154, 'INVALID_QUERY_REQUEST', undefined, 'No longer used.', { inet: 'ERROR_HTTP_INVALID_QUERY_REQUEST' }],
  [12155, 'HEADER_ALREADY_EXISTS', undefined, 'No longer used.', { inet: 'ERROR_HTTP_HEADER_ALREADY_EXISTS' }],
  [
    12156,
    'REDIRECT_FAILED',
    'response/malformed',
    'A redirect could not be followed: another scheme, or too many of them.',
    { inet: 'ERROR_HTTP_REDIRECT_FAILED' },
  ],
  [
    12157,
    'SECURE_CHANNEL_ERROR',
    'tls/handshake',
    'The secure channel with the member failed: TLS versions, ciphers or the certificate’s key.',
    { inet: 'ERROR_INTERNET_SECURITY_CHANNEL_ERROR' },
  ],
  [
    12169,
    'SECURE_INVALID_CERT',
    'tls/verify',
    'The member’s certificate is not valid.',
    { inet: 'ERROR_INTERNET_SEC_INVALID_CERT' },
  ],
  [
    12170,
    'SECURE_CERT_REVOKED',
    'tls/verify',
    'The member’s certificate was revoked.',
    { inet: 'ERROR_INTERNET_SEC_CERT_REVOKED' },
  ],
  [12172, 'NOT_INITIALIZED', undefined, 'No longer used.'],
  [
    12175,
    'SECURE_FAILURE',
    'tls/verify',
    'TLS with the member failed: its certificate or protocol was not accepted.',
    { inet: 'ERROR_INTERNET_DECODING_FAILED', page: 'A security error occurred' },
  ],
  [12179, 'SECURE_CERT_WRONG_USAGE', 'tls/verify', 'The member’s certificate is not meant for servers.'],
  [12181, 'HEADER_COUNT_EXCEEDED', 'response/headers-too-large', 'The member sent more headers than WinHTTP takes.'],
  [12182, 'HEADER_SIZE_OVERFLOW', 'response/headers-too-large', 'The member’s headers are larger than the limit.'],
  [
    12183,
    'CHUNKED_ENCODING_HEADER_SIZE_OVERFLOW',
    'response/malformed',
    'The chunks of the member’s answer could not be read.',
  ],
  [
    12184,
    'RESPONSE_DRAIN_OVERFLOW',
    'response/excess-data',
    'The rest of an answer that was to be thrown away is too large.',
  ],
  [12185, 'CLIENT_CERT_NO_PRIVATE_KEY', 'tls/handshake', 'The client certificate has no private key on this machine.'],
  [
    12186,
    'CLIENT_CERT_NO_ACCESS_PRIVATE_KEY',
    'tls/handshake',
    'The pool’s identity may not read the private key of the client certificate.',
  ],
  [12187, 'CLIENT_AUTH_CERT_NEEDED_PROXY', 'tls/handshake', 'A forward proxy wants a client certificate.'],
  [12188, 'SECURE_FAILURE_PROXY', 'tls/verify', 'TLS with a forward proxy failed.'],
  [12189, 'RESERVED_189', undefined, 'Reserved.'],
  [
    12190,
    'HTTP_PROTOCOL_MISMATCH',
    'tls/protocol-mismatch',
    'The version of HTTP that was required could not be agreed on.',
  ],
  [12191, 'GLOBAL_CALLBACK_FAILED', 'gateway/internal', 'A callback of WinHTTP failed.'],
  [12192, 'FEATURE_DISABLED', 'gateway/config', 'A feature that was asked for is off.'],
  [12193, 'FAST_FORWARDING_NOT_SUPPORTED', 'gateway/internal', 'Fast forwarding is not supported here.'],
];

// Codes of the scripting object and of looking for a forward proxy.
const SCRIPTING: readonly (readonly [code: number, name: string, meaning: string])[] = [
  [12100, 'CANNOT_CALL_BEFORE_OPEN', 'A call in the wrong order: before Open.'],
  [12101, 'CANNOT_CALL_BEFORE_SEND', 'A call in the wrong order: before Send.'],
  [12102, 'CANNOT_CALL_AFTER_SEND', 'A call in the wrong order: after Send.'],
  [12103, 'CANNOT_CALL_AFTER_OPEN', 'An option was asked for after Open.'],
  [12166, 'BAD_AUTO_PROXY_SCRIPT', 'The proxy configuration script has an error.'],
  [12167, 'UNABLE_TO_DOWNLOAD_SCRIPT', 'The proxy configuration script could not be fetched.'],
  [12176, 'UNHANDLED_SCRIPT_TYPE', 'A script of an unknown type.'],
  [12177, 'SCRIPT_EXECUTION_ERROR', 'A script failed.'],
  [12178, 'AUTO_PROXY_SERVICE_ERROR', 'No forward proxy was found for the URL.'],
  [12180, 'AUTODETECTION_FAILED', 'The address of the proxy configuration script was not found.'],
];

// In the header only, not on the documentation page: meanings by their names.
const HEADER_ONLY = new Set([12153, 12187, 12188, 12189, 12190, 12191, 12192, 12193]);
const ALL = [
  ...ROWS,
  ...SCRIPTING.map(([code, name, meaning]): Row => [code, name, undefined, meaning, { inALog: SCRIPT }]),
];
const MEANINGS = new Map(ALL.sort(([a], [b]) => a - b).map((row) => [row[0], meaningOf(row)]));

function meaningOf([code, shortName, outcome, meaning, details = {}]: Row): CodeMeaning {
  const { inet, page, inALog, next } = details;
  const forms = [
    ...formsOfWin32(code),
    ...(inet === undefined ? [] : [{ label: 'name in WinINet', text: inet }]),
    ...(page === undefined ? [] : [{ label: 'text on the detailed page', text: page }]),
  ];
  return codeMeaning('winhttp', [
    String(code),
    outcome,
    meaning,
    {
      name: `ERROR_WINHTTP_${shortName}`,
      forms,
      ...(inALog === undefined ? {} : { inALog }),
      ...(next === undefined ? {} : { next }),
      ...(HEADER_ONLY.has(code) ? { sure: 'recalled' } : {}),
    },
  ]);
}

export function winhttpMeanings(): readonly CodeMeaning[] {
  return [...MEANINGS.values()];
}

export function winhttpMeaning(code: number): CodeMeaning | undefined {
  return MEANINGS.get(code);
}

/** `ERROR_WINHTTP_TIMEOUT` of 12002. */
export function winhttpName(code: number): string | undefined {
  return MEANINGS.get(code)?.name;
}

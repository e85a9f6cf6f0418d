import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning, CodeRow, Maker } from './code.ts';
import { codeTable } from './code.ts';

type Plain = readonly [code: string, outcome: HopOutcome | undefined, name: string, meaning: string];

const BY_GATEWAY = 'Who made it decides what it means: the same fault has another status at every gateway.';
const WHO_NEXT = [
  'Who wrote the page: Server header and body (`gateprobe compare` says it for gateway and member)',
  'The gateway’s own code for the request: substatus, termination state, flag, or error line; `gateprobe decode` reads them',
  'The member’s log: with the same status the member made it, without any line it never answered',
];
const makers = (...list: readonly (readonly [string, string])[]): readonly Maker[] =>
  list.map(([who, when]) => ({ who, when }));

// What each gateway uses these statuses for was measured with nginx 1.22, HAProxy 2.6, Apache 2.4.71, Caddy 2.6 and Varnish 7.1; the rest is documented.
const GATEWAY_STATUSES: readonly CodeRow[] = [
  [
    '500',
    undefined,
    'An error that the server does not explain.',
    {
      name: 'Internal Server Error',
      inALog: 'Usually the application’s own. Some gateways use it for their own faults.',
      makers: makers(
        ['member', 'the usual case: the same request asked directly gives 500 too'],
        ['Apache httpd', 'TLS with the member failed, or its name does not resolve (AH00898)'],
        ['Traefik', 'the member’s answer is not valid HTTP, or its certificate was not accepted'],
        ['IIS', 'the substatus tells: `gateprobe decode 500.19`'],
      ),
      next: WHO_NEXT,
    },
  ],
  [
    '502',
    undefined,
    'A gateway got no usable answer from the server behind it.',
    {
      name: 'Bad Gateway',
      inALog: BY_GATEWAY,
      makers: makers(
        ['IIS ARR', 'any failure, also a timeout: substatus 3 with a WinHTTP code, or 4 for no server'],
        ['nginx', 'refused, closed or reset before the headers, not valid, headers too large, all members down'],
        ['HAProxy', 'SH (member closed before the headers) or PH (answer not valid)'],
        ['Apache httpd', 'closed before the headers, and also a slow member (AH01102 with 70007)'],
        ['Caddy, Traefik', 'refused, closed, name not found; Caddy also for a connect timeout'],
        ['Envoy', 'only an answer that is not valid HTTP (UPE)'],
        ['AWS ALB', 'target closed or reset, or its answer is not valid (target status “-”)'],
        ['Azure Application Gateway', 'no reachable backend, or it closed early'],
        ['member', 'it is a proxy itself, or its application says 502'],
      ),
      next: WHO_NEXT,
    },
  ],
  [
    '503',
    undefined,
    'The service is not available now.',
    {
      name: 'Service Unavailable',
      inALog: BY_GATEWAY,
      makers: makers(
        [
          'http.sys (IIS)',
          'pool stopped or queue full: Server: Microsoft-HTTPAPI/2.0, reason in HTTPERR, no line in the site’s log',
        ],
        ['HAProxy', 'refused or connect timeout (SC, sC), all servers down (<NOSRV>), queue timeout (sQ)'],
        ['Apache httpd', 'refused or connect timeout (AH00957), all members down (AH01170), pool full (AH00941)'],
        ['Varnish', 'every failure of a member: “Backend fetch failed”'],
        ['Envoy', 'connect failed (UF), closed (UC), no healthy host (UH), circuit breaker (UO)'],
        ['nginx', 'limit_req or limit_conn refused it'],
        ['Caddy, Traefik, YARP', 'no member available'],
        ['AWS ALB', 'no registered targets'],
        ['member', 'the application says so: overload or maintenance'],
      ),
      next: WHO_NEXT,
    },
  ],
  [
    '504',
    'response/timeout',
    'A gateway waited too long for the server behind it.',
    {
      name: 'Gateway Timeout',
      inALog:
        'Usually a slow member; with some gateways also a connect that nobody answered. IIS ARR never writes 504: its timeout is 502.3 with 12002.',
      makers: makers(
        ['nginx', '“upstream timed out”: the stage in the error line tells connect, TLS or answer'],
        ['HAProxy', 'sH: the member was slow (a connect timeout is 503)'],
        ['Envoy', 'UT: the route’s timeout (15 s)'],
        ['Caddy, Traefik', 'timeout awaiting response headers, where that timer is set; Traefik also for the connect'],
        ['YARP', 'RequestTimedOut'],
        ['AWS ALB', 'idle timeout (60 s), connect timeout (10 s), or a body shorter than its Content-Length'],
        ['Azure Application Gateway', 'ERRORINFO_UPSTREAM_TIMED_OUT'],
        ['mod_proxy_fcgi', 'AH01075: plain mod_proxy_http answers 502 instead'],
      ),
      next: ['The duration: always the same value names the timer', ...WHO_NEXT],
    },
  ],
  [
    '499',
    'client/abort',
    'The client closed before it had an answer (nginx’s number; no standard).',
    {
      name: 'Client Closed Request',
      makers: makers(
        ['nginx', '$status 499, $upstream_status “-”'],
        ['Caddy', 'since 2.11; 0 before'],
        ['Traefik', 'context canceled'],
        ['Azure Application Gateway', 'ERRORINFO_CLIENT_CLOSED_REQUEST'],
      ),
    },
  ],
  [
    '408',
    'client/timeout',
    'The client did not send its request in time.',
    {
      name: 'Request Timeout',
      makers: makers(
        ['HAProxy', 'cR: timeout http-request'],
        ['Apache httpd', 'AH01382: mod_reqtimeout'],
        ['Envoy', 'SI: stream idle timeout'],
        ['AWS ALB', 'nothing for the idle timeout'],
        ['member', 'its own timer for requests (Node: 300 s)'],
      ),
    },
  ],
  [
    '400',
    'client/bad-request',
    'The request is not valid.',
    {
      name: 'Bad Request',
      makers: makers(
        ['http.sys (IIS)', 'reason in HTTPERR: Hostname, FieldLength, Verb, URL …'],
        ['HAProxy', 'PR or CR with <BADREQ>'],
        ['YARP', 'also for a client that left'],
        ['nginx', '“client sent …” in the error log; 494 to 497 are its finer numbers'],
      ),
    },
  ],
  [
    '429',
    'gateway/rate-limit',
    'Too many requests per time.',
    {
      name: 'Too Many Requests',
      inALog: 'A limit of the gateway or of the application; the probe may have caused it. Retry-After says how long.',
    },
  ],
  [
    '009',
    'response/malformed',
    'nginx took the member’s answer for HTTP/0.9: it does not begin like HTTP.',
    {
      name: 'nginx: HTTP/0.9 answer',
      inALog:
        'Something that is not HTTP listens on the member’s port, or a bad first line. The client gets the bytes without a status line.',
      sure: 'seen',
    },
  ],
  [
    '444',
    'gateway/denied',
    'nginx closed the connection without an answer, as configured (return 444).',
    { name: 'nginx: no response' },
  ],
  ['494', 'client/too-large', 'Headers too large; the client gets 400.', { name: 'nginx: request header too large' }],
  [
    '495',
    'client/tls',
    'The client’s certificate was not accepted; the client gets 400.',
    { name: 'nginx: SSL certificate error' },
  ],
  [
    '496',
    'client/tls',
    'The client sent no certificate; the client gets 400.',
    { name: 'nginx: SSL certificate required' },
  ],
  [
    '497',
    'client/bad-request',
    'Plain HTTP on a TLS port; the client gets 400.',
    { name: 'nginx: HTTP request sent to HTTPS port' },
  ],
  [
    '0',
    'client/abort',
    'No status: nothing was sent to the client.',
    {
      name: 'no status',
      inALog:
        'Envoy, Caddy (to 2.10) and Varnish write 0 when the client left first. Caddy also for a host that fits no site.',
    },
  ],
  [
    '-1',
    'client/abort',
    'No status: nothing was sent to the client.',
    {
      name: 'no status (HAProxy)',
      inALog: 'HAProxy writes -1 when the client left before any answer; the termination state tells more.',
      sure: 'seen',
    },
  ],
];

// RFC 9110 and the registry of statuses.
const PLAIN: readonly Plain[] = [
  ['100', 'ok', 'Continue', 'The client may send its body.'],
  ['101', 'ok', 'Switching Protocols', 'The connection becomes a WebSocket or another protocol.'],
  ['103', 'ok', 'Early Hints', 'Headers ahead of the answer.'],
  ['200', 'ok', 'OK', 'Success; whether the body is complete is not in the status.'],
  ['201', 'ok', 'Created', 'Success; something was made.'],
  ['202', 'ok', 'Accepted', 'Taken, not done yet.'],
  ['203', 'ok', 'Non-Authoritative Information', 'Success; changed by a proxy.'],
  ['204', 'ok', 'No Content', 'Success without a body.'],
  ['205', 'ok', 'Reset Content', 'Success without a body.'],
  ['206', 'ok', 'Partial Content', 'A range of the body.'],
  ['300', 'ok', 'Multiple Choices', 'Several answers are possible.'],
  ['301', 'ok', 'Moved Permanently', 'Another URL.'],
  ['302', 'ok', 'Found', 'Another URL for now; often the way to a login page.'],
  ['303', 'ok', 'See Other', 'Another URL, with GET.'],
  ['304', 'ok', 'Not Modified', 'The client’s copy is still good.'],
  ['307', 'ok', 'Temporary Redirect', 'Another URL for now, same method.'],
  ['308', 'ok', 'Permanent Redirect', 'Another URL, same method.'],
  ['401', 'gateway/denied', 'Unauthorized', 'A login is wanted.'],
  ['403', 'gateway/denied', 'Forbidden', 'Refused: rights, a rule, or a firewall.'],
  ['404', 'gateway/no-route', 'Not Found', 'Nothing under this URL: at the member, or no rule of the gateway fits.'],
  ['405', 'client/bad-request', 'Method Not Allowed', 'Not with this method.'],
  ['406', 'client/bad-request', 'Not Acceptable', 'No form that the client accepts.'],
  ['407', 'gateway/denied', 'Proxy Authentication Required', 'A forward proxy wants a login.'],
  ['409', 'member/status', 'Conflict', 'The state does not allow it.'],
  ['410', 'member/status', 'Gone', 'It was there, and is not any more.'],
  ['411', 'client/bad-request', 'Length Required', 'The length of the body is missing.'],
  ['412', 'client/bad-request', 'Precondition Failed', 'A condition of the request does not hold.'],
  ['413', 'client/too-large', 'Content Too Large', 'The body is larger than allowed.'],
  ['414', 'client/too-large', 'URI Too Long', 'The URL is longer than allowed.'],
  ['415', 'client/bad-request', 'Unsupported Media Type', 'Not with this kind of body.'],
  ['416', 'client/bad-request', 'Range Not Satisfiable', 'The range is outside of the body.'],
  ['417', 'client/bad-request', 'Expectation Failed', 'An Expect header cannot be met.'],
  [
    '421',
    'gateway/no-route',
    'Misdirected Request',
    'This server does not answer for that host: a reused HTTP/2 connection, or SNI and Host differ.',
  ],
  ['422', 'member/status', 'Unprocessable Content', 'Understood, but not acceptable in content.'],
  ['423', 'member/status', 'Locked', 'It is locked.'],
  ['425', 'client/bad-request', 'Too Early', 'Not with TLS early data.'],
  ['426', 'client/bad-request', 'Upgrade Required', 'Another protocol is wanted; seen when HTTP/1.0 reaches Envoy.'],
  ['428', 'client/bad-request', 'Precondition Required', 'The request must have a condition.'],
  ['431', 'client/too-large', 'Request Header Fields Too Large', 'The headers are larger than allowed (Node: 16 KiB).'],
  ['451', 'gateway/denied', 'Unavailable For Legal Reasons', 'Refused for legal reasons.'],
  ['501', 'client/bad-request', 'Not Implemented', 'The method or encoding is not known.'],
  ['505', 'client/bad-request', 'HTTP Version Not Supported', 'This version of HTTP is not supported.'],
  ['507', 'gateway/resource', 'Insufficient Storage', 'No room; at AWS ALB a redirect URL that is too long.'],
  ['508', 'gateway/config', 'Loop Detected', 'The request runs in a circle.'],
  ['511', 'gateway/denied', 'Network Authentication Required', 'A network wants a login (captive portal).'],
];

const MEANINGS = codeTable('http', [
  ...GATEWAY_STATUSES,
  ...PLAIN.map(([code, outcome, name, meaning]): CodeRow => [code, outcome, meaning, { name }]),
]);

export function httpStatusMeanings(): readonly CodeMeaning[] {
  return MEANINGS;
}

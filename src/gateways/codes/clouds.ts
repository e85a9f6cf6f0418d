/** AWS Application Load Balancer, Azure Application Gateway and Cloudflare. */
import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning, CodeRow, Sureness } from './code.ts';
import { codeTable } from './code.ts';

type Row = readonly [
  code: string,
  outcome: HopOutcome | undefined,
  meaning: string,
  name?: string | undefined,
  sure?: Sureness,
];

function rows(list: readonly Row[]): readonly CodeRow[] {
  return list.map(([code, outcome, meaning, name, sure]) => [
    code,
    outcome,
    meaning,
    { ...(name === undefined ? {} : { name }), ...(sure === undefined ? {} : { sure }) },
  ]);
}

const LAMBDA = 'error_reason, Lambda target';
const ACTION = 'actions_executed';
const ALB = codeTable(
  'aws-alb',
  rows([
    ['460', 'client/abort', 'The client closed before the balancer’s idle timeout ended.', 'client closed connection'],
    ['463', 'client/bad-request', 'X-Forwarded-For holds more than 30 addresses.', 'X-Forwarded-For too long'],
    ['464', 'gateway/config', 'The version of HTTP does not fit the target group.', 'protocol version mismatch'],
    ['561', 'gateway/denied', 'The identity provider answered with an error.', 'authentication failed'],
    [
      '000',
      'client/too-large',
      'No status: the headers of an HTTP/2 request were too large and the connection was closed.',
      'no status',
    ],
    ['LambdaThrottling', 'pool/queue-full', 'Lambda refused: too many at once.', LAMBDA],
    ['LambdaConnectionTimeout', 'connect/timeout', 'Lambda could not be connected to in time.', LAMBDA],
    ['LambdaConnectionError', 'connect/failed', 'Lambda could not be connected to.', LAMBDA, 'recalled'],
    ['LambdaInvalidResponse', 'response/malformed', 'The function’s answer is not valid.', LAMBDA],
    ['LambdaResponseTooLarge', 'response/headers-too-large', 'The function’s answer is larger than 1 MB.', LAMBDA],
    ['LambdaUnhandled', 'member/status', 'The function failed.', LAMBDA],
    ['LambdaServiceException', 'gateway/internal', 'The Lambda service failed.', LAMBDA],
    ['LambdaAccessDenied', 'gateway/config', 'The balancer may not call the function.', LAMBDA],
    ['LambdaResourceNotFound', 'gateway/config', 'The function does not exist.', LAMBDA],
    ['LambdaRequestTooLarge', 'client/too-large', 'The body is larger than 1 MB.', LAMBDA],
    [
      'waf',
      'gateway/denied',
      'The firewall examined the request; it refused it where this is the last action and the status 403.',
      ACTION,
    ],
    ['waf-failed', 'gateway/internal', 'The firewall failed.', ACTION],
    ['fixed-response', 'gateway/local-response', 'A rule answered.', ACTION],
    ['redirect', 'gateway/local-response', 'A rule redirected.', ACTION],
    ['authenticate', 'gateway/denied', 'A rule asked for a login.', ACTION],
    ['forward', 'ok', 'The request was passed to a target.', ACTION],
  ]),
);

const AZURE = codeTable(
  'azure-application-gateway',
  rows([
    ['ERRORINFO_NO_ERROR', 'ok', 'No error.'],
    [
      'ERRORINFO_UPSTREAM_NO_LIVE',
      'pool/none',
      'No backend that can be reached: the pool is empty, unhealthy, or does not accept connections.',
    ],
    [
      'ERRORINFO_UPSTREAM_CLOSED_CONNECTION',
      'response/reset-before-headers',
      'The backend closed the connection before it had answered.',
    ],
    [
      'ERRORINFO_UPSTREAM_TIMED_OUT',
      'response/timeout',
      'The backend did not answer within the request timeout of its setting.',
    ],
    [
      'ERRORINFO_UPSTREAM_INVALID_HEADER',
      'response/malformed',
      'A header of the backend is not valid.',
      undefined,
      'recalled',
    ],
    ['ERRORINFO_CLIENT_CLOSED_REQUEST', 'client/abort', 'The client closed before the answer.'],
    ['ERRORINFO_CLIENT_TIMED_OUT', 'client/timeout', 'The client did not send its request in time.', undefined, 'seen'],
    ['ERRORINFO_INVALID_METHOD', 'client/bad-request', 'The method is not valid.'],
    ['ERRORINFO_INVALID_REQUEST', 'client/bad-request', 'The request is not valid HTTP.'],
    ['ERRORINFO_INVALID_VERSION', 'client/bad-request', 'The version of HTTP is not valid.'],
    ['ERRORINFO_INVALID_09_METHOD', 'client/bad-request', 'A method that HTTP/0.9 does not have.'],
    ['ERRORINFO_INVALID_HOST', 'gateway/no-route', 'No listener fits the Host.'],
    ['ERRORINFO_INVALID_CONTENT_LENGTH', 'client/bad-request', 'The length of the request is not valid.'],
    ['ERRORINFO_INVALID_METHOD_TRACE', 'client/bad-request', 'TRACE is not allowed.'],
    ['ERRORINFO_REQUEST_URI_INVALID', 'client/bad-request', 'The URL is not valid.'],
    ['ERRORINFO_HTTP_NO_HOST_HEADER', 'client/bad-request', 'The Host header is missing.'],
    ['ERRORINFO_HTTP_TO_HTTPS_PORT', 'client/bad-request', 'Plain HTTP was spoken to a TLS port.'],
    ['ERRORINFO_HTTPS_NO_CERT', 'client/tls', 'The client sent no certificate, but one is wanted.'],
  ]),
);

const CLOUDFLARE = codeTable(
  'cloudflare',
  rows([
    [
      '520',
      'response/reset-before-headers',
      'The origin gave an empty, odd or broken answer: reset, headers too large, an idle connection that was closed.',
      'web server returns an unknown error',
    ],
    ['521', 'connect/refused', 'The origin refused the connection.', 'web server is down'],
    [
      '522',
      'connect/timeout',
      'The origin did not answer the connection request (19 s), or did not acknowledge the request (90 s).',
      'connection timed out',
    ],
    ['523', 'connect/unreachable', 'There is no way to the origin.', 'origin is unreachable'],
    [
      '524',
      'response/timeout',
      'The origin was connected but did not answer in time (120 s; older text: 100 s).',
      'a timeout occurred',
    ],
    ['525', 'tls/handshake', 'The TLS handshake with the origin failed.', 'SSL handshake failed'],
    ['526', 'tls/verify', 'The origin’s certificate was not accepted (mode Full, strict).', 'invalid SSL certificate'],
    ['527', 'gateway/internal', 'The Railgun connection failed; that product has ended.', 'Railgun error', 'recalled'],
    [
      '530',
      'dns/failed',
      'A 1xxx error on the page says what: often the origin’s name (1016) or a tunnel (1033).',
      'origin DNS error',
    ],
    [
      '1000',
      'gateway/config',
      'The DNS record leads to an address that is not allowed.',
      'DNS points to prohibited IP',
    ],
    ['1001', 'dns/failed', 'The name could not be resolved.', 'DNS resolution error'],
    ['1015', 'gateway/rate-limit', 'Too many requests from this client.', 'rate limited'],
    ['1016', 'dns/failed', 'The origin’s name does not resolve.', 'origin DNS error'],
    ['1020', 'gateway/denied', 'A firewall rule refused the request.', 'access denied'],
    ['1033', 'pool/none', 'The tunnel has no connector.', 'Tunnel error'],
    ['1101', 'gateway/internal', 'A Worker threw an exception.', 'Worker threw exception'],
    ['1102', 'gateway/resource', 'A Worker used too much CPU time.', 'Worker exceeded CPU limit'],
    ['1200', 'pool/queue-full', 'Too many requests wait for the origin.', 'queue limit'],
  ]),
);

export function albMeanings(): readonly CodeMeaning[] {
  return ALB;
}

export function azureMeanings(): readonly CodeMeaning[] {
  return AZURE;
}

export function cloudflareMeanings(): readonly CodeMeaning[] {
  return CLOUDFLARE;
}

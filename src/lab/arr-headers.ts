/** What ARR changes in the headers on their way to a member and back. Names keep their letters, and repeated ones stay apart. */
import type { IncomingMessage } from 'node:http';

/** Headers that belong to one connection (RFC 9110 §7.6.1); `Connection` may name more. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
/** http.sys answers `Expect: 100-continue` itself. The others ARR sets anew. */
const REPLACED_FOR_MEMBER = [
  'expect',
  'max-forwards',
  'x-arr-log-id',
  'x-arr-ssl',
  'x-forwarded-for',
  'x-original-url',
];
/** passServerHeader is Replace by default: the client never sees the member's. */
const REPLACED_FOR_CLIENT = ['server'];
/** `maxForwards` of ARR by default. */
const MAX_FORWARDS = '10';

/** On everything that the gateway sends. */
export const GATEWAY_MARKS = ['Server', 'Microsoft-IIS/10.0', 'X-Powered-By', 'ARR/3.0'] as const;

/** The headers of a request as the member gets them: names and values in turn. */
export function memberHeaders(request: IncomingMessage, logId: string): string[] {
  const client = `${request.socket.remoteAddress}:${request.socket.remotePort}`;
  const before = request.headers['x-forwarded-for'];
  return [
    ...endToEnd(request, REPLACED_FOR_MEMBER),
    ...framing(request),
    ...['X-Forwarded-For', before === undefined ? client : `${String(before)}, ${client}`],
    ...['X-ARR-LOG-ID', logId],
    ...['X-ARR-SSL', ''],
    ...['X-Original-URL', request.url ?? '/'],
    ...['Max-Forwards', MAX_FORWARDS],
  ];
}

/** The body goes on as it comes. Without this Node would announce one where a method usually has one. */
function framing({ headers, method = 'GET' }: IncomingMessage): string[] {
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked'];
  const mayHaveBody = method !== 'GET' && method !== 'HEAD';
  return mayHaveBody && headers['content-length'] === undefined ? ['Content-Length', '0'] : [];
}

/** The headers of a member's answer as the client gets them, with the affinity cookie where one is to be set. */
export function clientHeaders(answer: IncomingMessage, cookie: string | undefined): string[] {
  return [
    ...endToEnd(answer, REPLACED_FOR_CLIENT),
    ...GATEWAY_MARKS,
    ...(cookie === undefined ? [] : ['Set-Cookie', cookie]),
  ];
}

function endToEnd({ rawHeaders, headers }: IncomingMessage, replaced: readonly string[]): string[] {
  const named = (headers.connection ?? '').toLowerCase().split(/\s*,\s*/);
  const dropped = new Set([...HOP_BY_HOP, ...replaced, ...named]);
  const kept: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const value = rawHeaders[at + 1] ?? '';
    if (!dropped.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

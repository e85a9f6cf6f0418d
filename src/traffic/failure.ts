import type { ConnectionErrorCode, Outcome, PhaseName } from '../model/exchange.ts';

const BY_SYSTEM_CODE: Readonly<Record<string, ConnectionErrorCode>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ETIMEDOUT: 'unreachable',
  EADDRNOTAVAIL: 'ports',
  EADDRINUSE: 'ports',
  EMFILE: 'ports',
  ENOBUFS: 'ports',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  UND_ERR_HEADERS_OVERFLOW: 'header-too-large',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'too-large',
  HPE_HEADER_OVERFLOW: 'header-too-large',
  UND_ERR_SOCKET: 'closed',
  CONNECTION_GONE: 'closed',
  closed: 'closed',
  'header-too-large': 'header-too-large',
  'too-large': 'too-large',
};

/** Code of a request that came to a connection when it was closed already. */
const CONNECTION_GONE = 'CONNECTION_GONE';

const PARSE_ERROR = 'HTTPParserError';
const FORWARD_PROXY_ERROR = 'ForwardProxyError';

/** The forward proxy itself refused or broke off: neither the gateway nor a member was reached. */
export function forwardProxyError(message: string): Error {
  return Object.assign(new Error(message), { name: FORWARD_PROXY_ERROR });
}

/** The connection was closed before the request came to it. */
export function goneError(): Error {
  // Not UND_ERR_SOCKET: undici takes that for something that passes, and asks for a connection again without end.
  return Object.assign(new Error('the connection is closed'), { code: CONNECTION_GONE });
}

/** The other side closed before the answer was complete. */
export function closedError(): Error {
  return Object.assign(new Error('the other side closed'), { code: 'closed' });
}

/** What came is no answer in HTTP/1.1, or larger than a limit of ours allows. `data`: its first bytes, where they are no HTTP at all. */
export function parseError(message: string, limit?: 'header-too-large' | 'too-large', data?: string): Error {
  return Object.assign(
    new Error(message),
    { name: PARSE_ERROR },
    limit === undefined ? {} : { code: limit },
    data === undefined ? {} : { data },
  );
}

type FailureContext = {
  readonly phase: PhaseName;
  readonly closedBy?: 'fin' | 'rst';
  readonly bytesReceived: number;
};

/** A thrown error of a socket or parser as an outcome. Never throws, whatever it is given. */
export function failureOutcome(error: unknown, context: FailureContext): Outcome {
  const { code, name, message } = describe(error);
  return {
    kind: 'connection-error',
    phase: context.phase,
    code: codeOf(code, name, context),
    detail: `${code === '' || message.includes(code) ? message : `${code}: ${message}`}${whatCame(error, name)}`,
    ...(context.closedBy === undefined ? {} : { closedBy: context.closedBy }),
    bytesReceived: context.bytesReceived,
  };
}

/** Enough for a banner (SSH, SMTP), a TLS alert, the first words of a stray text. */
const SHOWN_BYTES = 40;

/** The first bytes of what came instead of a status line: they name the service that answers there. */
function whatCame(error: unknown, name: string): string {
  if (name !== PARSE_ERROR) return '';
  const { data } = error as { readonly data?: unknown };
  if (typeof data !== 'string' || data === '') return '';
  const shown = data.slice(0, SHOWN_BYTES).replace(/[\u0000-\u001f\u007f-\uffff]/g, escaped);
  return `; it began with "${shown}"`;
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function codeOf(code: string, name: string, context: FailureContext): ConnectionErrorCode {
  const known = BY_SYSTEM_CODE[code];
  if (known === 'closed' || known === 'reset') {
    // During a handshake a close is the handshake's failure, whoever closed.
    if (context.phase === 'tls') return 'tls';
    // undici reports a FIN and some resets alike: what the socket itself saw decides.
    if (context.closedBy !== undefined) return context.closedBy === 'rst' ? 'reset' : 'closed';
  }
  if (known !== undefined) return known;
  if (name === FORWARD_PROXY_ERROR) return 'proxy';
  if (isParseError(code, name)) return 'parse';
  if (context.phase === 'tls' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return 'tls';
  return 'other';
}

/** undici's parser gives its error a code only in some cases, its name always. */
export function isParseError(code: string, name: string): boolean {
  return code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW' || name === PARSE_ERROR;
}

export function describe(error: unknown): { code: string; name: string; message: string } {
  if (!(error instanceof Error)) return { code: '', name: '', message: String(error) };
  const code = (error as { code?: unknown }).code;
  return { code: typeof code === 'string' ? code : '', name: error.name, message: error.message.slice(0, 300) };
}

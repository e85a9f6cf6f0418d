import type { AnswerFacts } from '../model/exchange.ts';
import { headerLine } from './answer.ts';

/** One member of `Proxy-Status` (RFC 9209 §2): what one intermediary says about how it handled the answer. */
export type ProxyStatus = {
  /** Name of the intermediary, chosen by its operator. */
  readonly proxy: string;
  /** Error type of RFC 9209 §2.3. */
  readonly error?: string;
  readonly details?: string;
  /** Status that the intermediary received from the next hop, when it received one. */
  readonly receivedStatus?: number;
};

/** Error types of RFC 9209 §2.3 in plain words. */
const ERROR_MEANINGS: Readonly<Record<string, string>> = {
  dns_timeout: 'resolving the name of the member took too long',
  dns_error: 'the name of the member does not resolve',
  destination_not_found: 'the gateway has no member for this request',
  destination_unavailable: 'the gateway considers the member unavailable',
  destination_ip_prohibited: 'the gateway may not connect to the address of the member',
  destination_ip_unroutable: 'there is no route to the address of the member',
  connection_refused: 'the member refused the connection',
  connection_terminated: 'the member closed the connection before the answer was complete',
  connection_timeout: 'connecting to the member took too long',
  connection_read_timeout: 'the gateway waited too long for bytes from the member',
  connection_write_timeout: 'the gateway could not send to the member in time',
  connection_limit_reached: 'the gateway reached its limit of connections to the member',
  tls_protocol_error: 'the TLS handshake with the member failed',
  tls_certificate_error: "the member's certificate was not accepted",
  tls_alert_received: 'the member ended the TLS handshake with an alert',
  http_request_error: 'the request itself was not acceptable',
  http_request_denied: 'the gateway denied the request',
  http_response_incomplete: "the member's answer ended early",
  http_response_header_section_size: "the member's header section is too large",
  http_response_header_size: "one of the member's header lines is too large",
  http_response_body_size: "the member's body is too large",
  http_response_trailer_section_size: "the member's trailer section is too large",
  http_response_trailer_size: "one of the member's trailer lines is too large",
  http_response_transfer_coding: "the member's transfer coding could not be read",
  http_response_content_coding: "the member's content coding could not be read",
  http_response_timeout: 'the member did not answer in time',
  http_upgrade_failed: 'the protocol upgrade failed',
  http_protocol_error: "the member's answer is not valid HTTP",
  proxy_internal_response: 'the gateway answered by itself',
  proxy_internal_error: 'an internal error of the gateway',
  proxy_configuration_error: 'an error in the configuration of the gateway',
  proxy_loop_detected: 'the request went in a circle',
};

// A list member of RFC 8941: a token or a string, then parameters `;key=value` whose value is a token, number or string.
const MEMBER =
  /\s*("(?:[^"\\]|\\.)*"|[^\s",;]+)((?:\s*;\s*[a-z*][a-z0-9_.*-]*(?:=(?:"(?:[^"\\]|\\.)*"|[^\s",;]+))?)*)\s*(?:,|$)/gy;
const PARAMETER = /;\s*([a-z*][a-z0-9_.*-]*)(?:=("(?:[^"\\]|\\.)*"|[^\s",;]+))?/g;

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text;
}

/** All members of `Proxy-Status`, the one nearest to us last. What cannot be read is left out. */
export function proxyStatuses(answer: AnswerFacts): readonly ProxyStatus[] {
  const line = headerLine(answer, 'proxy-status');
  if (line === undefined) return [];
  return [...line.matchAll(MEMBER)].map((member) => {
    const parameters = new Map<string, string>();
    for (const [, key, value] of (member[2] ?? '').matchAll(PARAMETER)) {
      if (key !== undefined) parameters.set(key, unquote(value ?? ''));
    }
    const error = parameters.get('error');
    const details = parameters.get('details');
    const received = parameters.get('received-status');
    return {
      proxy: unquote(member[1] ?? ''),
      ...(error === undefined ? {} : { error }),
      ...(details === undefined ? {} : { details }),
      ...(received !== undefined && /^\d{3}$/.test(received) ? { receivedStatus: Number(received) } : {}),
    };
  });
}

/** The error that an intermediary reports about itself, nearest to us first; undefined when none does. */
export function proxyStatusError(answer: AnswerFacts): ProxyStatus | undefined {
  return proxyStatuses(answer).findLast((status) => status.error !== undefined);
}

/** Code and meaning out of `Proxy-Status`; undefined when it reports no error. */
export function proxyStatusCodes(
  answer: AnswerFacts,
): { readonly code: string; readonly meaning?: string } | undefined {
  const error = proxyStatusError(answer)?.error;
  if (error === undefined) return undefined;
  const meaning = ERROR_MEANINGS[error];
  return meaning === undefined ? { code: error } : { code: error, meaning };
}

/**
 * Whether an intermediary says that it wrote this answer: an error status, an error of its own, and no status received from the
 * next hop. Undefined when `Proxy-Status` does not tell.
 */
export function wroteItByProxyStatus(answer: AnswerFacts): boolean | undefined {
  const own = proxyStatusError(answer);
  if (own === undefined || answer.status < 400) return undefined;
  return own.receivedStatus === undefined ? true : undefined;
}

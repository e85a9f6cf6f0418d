/** What became of a request on the hop from the gateway to a member: one vocabulary for all gateways. */

/**
 * Follows the error types of RFC 9209 (Proxy-Status), finer where gateways tell more. Family before the slash: where it failed.
 * `ok/retried`: the client got an answer, but not from the first attempt.
 */
export const HOP_OUTCOMES = [
  'ok',
  'ok/retried',
  'member/status',
  'connect/refused',
  'connect/timeout',
  'connect/unreachable',
  'connect/reset',
  'connect/failed',
  'dns/failed',
  'dns/timeout',
  'tls/verify',
  'tls/handshake',
  'tls/handshake-timeout',
  'tls/protocol-mismatch',
  'pool/none',
  'pool/member-down',
  'pool/member-ejected',
  'pool/member-drain',
  'pool/member-limit',
  'pool/queue-timeout',
  'pool/queue-full',
  'pool/circuit-open',
  'request/send-failed',
  'request/send-timeout',
  'request/early-response',
  'response/timeout',
  'response/reset-before-headers',
  'response/keepalive-race',
  'response/malformed',
  'response/headers-too-large',
  'response/excess-data',
  'response/truncated',
  'response/stalled',
  'gateway/no-route',
  'gateway/config',
  'gateway/denied',
  'gateway/rate-limit',
  'gateway/conn-limit',
  'gateway/local-response',
  'gateway/local-timeout',
  'gateway/queue-delay',
  'gateway/resource',
  'gateway/saturated',
  'gateway/internal',
  'gateway/shutdown',
  'gateway/fault-injected',
  'gateway/backend-fetch-failed',
  'client/abort',
  'client/timeout',
  'client/bad-request',
  'client/too-large',
  'client/tls',
  'unknown',
] as const;
export type HopOutcome = (typeof HOP_OUTCOMES)[number];

/** How a gateway's own lines about one request are read. A wrong reading is worse than none: `unknown` with the reason. */
export type HopReading = {
  readonly outcome: HopOutcome;
  readonly madeBy: 'gateway' | 'member' | 'client' | 'unknown';
  /** 0..1. 1: the line says so in its own words; about 0.5: a number or duration that has rivals. */
  readonly sure: number;
  /** One clause: what in the line says so, `502.3 with 12002 (ERROR_WINHTTP_TIMEOUT) after 29.9 s`. */
  readonly because: string;
  /** The code that says it, as a user would hand it to `decode`. */
  readonly code?: string;
  /** Member that the gateway says it used last, verbatim. */
  readonly member?: string;
  /** Where the gateway timed something out: how long it had waited by then (µs). */
  readonly waitedUs?: number;
  /** Attempts that failed before the one that counts. */
  readonly failedTries?: number;
  /** Readings that the line does not exclude. */
  readonly rivals?: readonly HopOutcome[];
};

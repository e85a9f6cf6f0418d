import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import type { LooseExtras, WordRule } from './log-words.ts';
import { byRule, firstRule, isOf, lastMember, passedOn, untold } from './log-words.ts';

const RACE: readonly HopOutcome[] = ['response/keepalive-race'];

// statusDetails of HTTP(S) load balancing (Google documentation). The order matters where one name is part of another.
const DETAILS: readonly WordRule[] = [
  { words: /^response_from_cache|^byte_range_caching(?:$|_retrieval_abandoned$)/, outcome: 'gateway/local-response' },
  {
    words: /closed_after_partial_response|failed_after_partial_response|byte_range_caching_aborted/,
    outcome: 'response/truncated',
    madeBy: 'member',
  },
  {
    words: /^backend_connection_closed_before_data_sent_to_client/,
    outcome: 'response/reset-before-headers',
    sure: 0.9,
    rivals: RACE,
  },
  { words: /early_response/, outcome: 'request/early-response' },
  { words: /^backend_timeout/, outcome: 'response/timeout' },
  { words: /^backend_response_headers_too_long/, outcome: 'response/headers-too-large' },
  {
    words: /^backend_response_corrupted|^backend_interim_response|^error_uncompressing/,
    outcome: 'response/malformed',
  },
  {
    words: /^failed_to_connect_to_backend/,
    outcome: 'connect/failed',
    sure: 0.95,
    rivals: ['connect/refused', 'connect/timeout', 'connect/unreachable'],
  },
  { words: /^failed_to_pick_backend/, outcome: 'pool/none' },
  { words: /^failed_to_negotiate_alpn/, outcome: 'tls/handshake' },
  { words: /^server_cert_validation_timed_out/, outcome: 'tls/handshake-timeout' },
  { words: /^server_cert_trust_config|^server_cert_validation_not_performed/, outcome: 'gateway/config' },
  { words: /^server_cert_validation_(?:internal_error|unavailable)/, outcome: 'gateway/internal' },
  { words: /^server_cert_|^ssl_certificate_/, outcome: 'tls/verify' },
  { words: /^client_disconnected/, outcome: 'client/abort' },
  { words: /^client_timed_out|^cache_lookup_timeout/, outcome: 'client/timeout' },
  { words: /^client_cert_/, outcome: 'client/tls' },
  { words: /^throttled_by_security_policy/, outcome: 'gateway/rate-limit' },
  { words: /^denied_by_|^banned_by_|secure_url_rejected/, outcome: 'gateway/denied' },
  { words: /^config_not_found|^invalid_external_origin|^multiple_iap|^request_loop/, outcome: 'gateway/config' },
  { words: /^direct_response|^redirected_by/, outcome: 'gateway/local-response' },
  { words: /^headers_too_long/, outcome: 'client/too-large' },
  { words: /^internal_error|^retriable_error|^cache_lookup_failed/, outcome: 'gateway/internal', sure: 0.9 },
  {
    words:
      /^(?:body_not_allowed|failed_parsing_client|http_version_not|invalid_|malformed_chunked|required_body|unsupported_method)/,
    outcome: 'client/bad-request',
  },
];

/** Google Cloud's HTTP(S) balancer: `statusDetails` is the cause, status 502 or 503 depends only on its generation. */
export function readGcpLog(access: LogEntry): HopReading | undefined {
  if (!isOf(access, 'gcp')) return undefined;
  const details = access.flags;
  const extras: LooseExtras = { member: lastMember(access), code: details };
  if (details === undefined) return untold('the record has no statusDetails', extras);
  const because = `statusDetails ${details}`;
  if (/^response_sent_by_backend|forwarded_backend_response/.test(details)) {
    const { code: _, ...rest } = extras;
    return passedOn(access, 1, because, rest);
  }
  const rule = firstRule(DETAILS, details);
  if (rule === undefined) return untold(`${because} is not known`, extras);
  const waitedUs = rule.outcome === 'response/timeout' ? access.durationUs : undefined;
  return byRule(rule, because, { ...extras, waitedUs });
}

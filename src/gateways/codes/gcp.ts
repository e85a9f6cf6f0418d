import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning, CodeRow } from './code.ts';
import { codeTable } from './code.ts';

type Row = readonly [code: string, status: string, outcome: HopOutcome | undefined, meaning: string];

// statusDetails of Cloud Logging. Newer global balancers answer 503 where the classic one answers 502.
const ROWS: readonly Row[] = [
  ['response_sent_by_backend', 'any', 'member/status', 'The backend answered and its answer was passed on.'],
  ['response_from_cache', 'any', 'gateway/local-response', 'Answered from Cloud CDN.'],
  [
    'response_from_cache_validated',
    'any',
    'gateway/local-response',
    'Answered from Cloud CDN after asking the backend whether it is still good.',
  ],
  ['byte_range_caching', 'any', 'gateway/local-response', 'Answered by Cloud CDN with byte ranges.'],
  [
    'aborted_request_due_to_backend_early_response',
    '4xx, 5xx',
    'request/early-response',
    'The backend answered with an error before it had read the request.',
  ],
  [
    'backend_connection_closed_after_partial_response_sent',
    'as sent',
    'response/truncated',
    'The backend closed in the middle of its answer.',
  ],
  [
    'backend_connection_closed_before_data_sent_to_client',
    '502, 503',
    'response/reset-before-headers',
    'The backend closed before anything went to the client. The balancer keeps idle connections for 600 s: a shorter keep-alive at the backend gives the keep-alive race.',
  ],
  [
    'backend_early_response_with_non_error_status',
    '502, 503',
    'request/early-response',
    'The backend answered with success before it had read the request.',
  ],
  [
    'backend_interim_response_not_supported',
    '502, 503',
    'response/malformed',
    'The backend sent a 1xx answer that is not supported.',
  ],
  ['backend_response_corrupted', '502, 503', 'response/malformed', 'The backend’s body is not valid: chunks or gzip.'],
  [
    'backend_response_headers_too_long',
    '502, 503',
    'response/headers-too-large',
    'The backend’s headers are too large.',
  ],
  ['backend_timeout', '502, 503', 'response/timeout', 'The backend did not answer within timeoutSec (30 s).'],
  ['banned_by_security_policy', '429', 'gateway/denied', 'Cloud Armor has banned the client for a time.'],
  ['body_not_allowed', '400', 'client/bad-request', 'The request has a body, but may not.'],
  ['byte_range_caching_aborted', '2xx', 'response/truncated', 'The backend changed its answer between byte ranges.'],
  [
    'byte_range_caching_forwarded_backend_response',
    'any',
    'member/status',
    'Byte ranges were not possible; the backend’s answer was passed on.',
  ],
  ['byte_range_caching_retrieval_abandoned', 'any', 'client/abort', 'The client left while byte ranges were fetched.'],
  [
    'byte_range_caching_retrieval_from_backend_failed_after_partial_response',
    '2xx',
    'response/truncated',
    'A byte range could not be fetched after part of the answer was sent.',
  ],
  [
    'cache_lookup_failed_after_partial_response',
    '2xx',
    'gateway/internal',
    'The cache failed after part of the answer was sent.',
  ],
  [
    'cache_lookup_timeout_after_partial_response',
    '2xx',
    'client/timeout',
    'The client was too slow for the cache’s stream.',
  ],
  ['client_disconnected_after_partial_response', 'any', 'client/abort', 'The client left in the middle of the answer.'],
  ['client_disconnected_before_any_response', '0', 'client/abort', 'The client left before any answer.'],
  ['client_timed_out', '0, 408', 'client/timeout', 'The client sent nothing for too long.'],
  [
    'config_not_found',
    '404, 502, 503',
    'gateway/config',
    'The balancer has no configuration for this; often right after a change.',
  ],
  ['direct_response', 'any', 'gateway/local-response', 'The balancer answered by a rule.'],
  ['denied_by_security_policy', 'by rule', 'gateway/denied', 'Cloud Armor refused the request.'],
  ['error_uncompressing_gzipped_body', '502, 503', 'response/malformed', 'The backend’s gzip is not valid.'],
  ['failed_parsing_client_headers', '400', 'client/bad-request', 'The client’s headers are not valid.'],
  [
    'failed_to_connect_to_backend',
    '502, 503',
    'connect/failed',
    'The backend could not be connected to, refused or timed out.',
  ],
  ['failed_to_pick_backend', '502, 503', 'pool/none', 'No healthy backend.'],
  ['failed_to_negotiate_alpn', '502, 503', 'tls/handshake', 'The backend and the balancer have no protocol in common.'],
  ['headers_too_long', '413', 'client/too-large', 'The headers of the request are too large.'],
  ['http_version_not_supported', '400', 'client/bad-request', 'This version of HTTP is not supported.'],
  ['internal_error', '4xx, 5xx', 'gateway/internal', 'The balancer failed.'],
  ['invalid_chunk_framing', '400', 'client/bad-request', 'The chunks of the request are not valid.'],
  ['invalid_external_origin_endpoint', '4xx', 'gateway/config', 'The external backend is not set up properly.'],
  ['invalid_request_headers', '400', 'client/bad-request', 'The headers of the request are not valid.'],
  [
    'invalid_http2_client_header_format',
    '400',
    'client/bad-request',
    'The HTTP/2 headers of the request are not valid.',
  ],
  ['invalid_http2_client_request_path', '400', 'client/bad-request', 'The HTTP/2 path of the request is not valid.'],
  ['multiple_iap_policies', '500', 'gateway/config', 'Several policies of the identity-aware proxy apply.'],
  ['malformed_chunked_body', '411', 'client/bad-request', 'The chunked body of the request is not valid.'],
  ['request_loop_detected', '502, 503', 'gateway/config', 'The request came back to the balancer.'],
  ['required_body_but_no_content_length', '400, 403, 411', 'client/bad-request', 'The request must have a length.'],
  ['retriable_error', '404, 502, 503', 'gateway/internal', 'A passing error of the balancer.'],
  ['secure_url_rejected', '400', 'client/bad-request', 'https was asked for on a plain connection.'],
  ['server_cert_chain_exceeded_limit', '502, 503', 'tls/verify', 'The backend’s certificate chain is too long.'],
  ['server_cert_chain_invalid_eku', '503', 'tls/verify', 'The backend’s certificate is not meant for servers.'],
  [
    'server_cert_chain_max_name_constraints_exceeded',
    '502, 503',
    'tls/verify',
    'The backend’s chain has too many name constraints.',
  ],
  ['server_cert_exceeded_size_limit', '503', 'tls/verify', 'The backend’s certificate is too large.'],
  [
    'server_cert_invalid_rsa_key_size',
    '503',
    'tls/verify',
    'The key of the backend’s certificate has a size that is not allowed.',
  ],
  ['server_cert_not_provided', '503', 'tls/verify', 'The backend sent no certificate.'],
  ['server_cert_pki_too_large', '503', 'tls/verify', 'Too many authorities are configured.'],
  ['server_cert_trust_config_not_found', '503', 'gateway/config', 'The trust configuration is missing.'],
  [
    'server_cert_unsupported_elliptic_curve_key',
    '503',
    'tls/verify',
    'The curve of the backend’s certificate is not supported.',
  ],
  [
    'server_cert_unsupported_key_algorithm',
    '503',
    'tls/verify',
    'The key of the backend’s certificate is not supported.',
  ],
  [
    'server_cert_validation_internal_error',
    '503',
    'gateway/internal',
    'The balancer failed while it checked the certificate.',
  ],
  [
    'server_cert_validation_not_performed',
    '503',
    'gateway/config',
    'The certificate was not checked: no trust configuration.',
  ],
  [
    'server_cert_validation_search_limit_exceeded',
    '503',
    'tls/verify',
    'The chain could not be checked within the limits.',
  ],
  ['server_cert_validation_timed_out', '503', 'tls/handshake-timeout', 'Checking the certificate timed out.'],
  [
    'server_cert_validation_unavailable',
    '503',
    'gateway/internal',
    'The service that checks certificates is not available.',
  ],
  [
    'ssl_certificate_san_verification_failed',
    '502, 503',
    'tls/verify',
    'The backend’s certificate is for another name.',
  ],
  [
    'ssl_certificate_chain_verification_failed',
    '502, 503',
    'tls/verify',
    'The chain of the backend’s certificate was not accepted.',
  ],
  ['throttled_by_security_policy', '429', 'gateway/rate-limit', 'Cloud Armor’s rate limit refused the request.'],
  ['unsupported_method', '400', 'client/bad-request', 'The method is not supported.'],
  ['client_cert_not_provided', '0', 'client/tls', 'The client sent no certificate, but one is wanted.'],
  ['client_cert_validation_failed', '0', 'client/tls', 'The client’s certificate was not accepted.'],
];

const MEANINGS = codeTable(
  'gcp',
  ROWS.map(
    ([code, status, outcome, meaning]): CodeRow => [
      code,
      outcome,
      meaning,
      { name: 'statusDetails', beside: [{ label: 'status', text: status }] },
    ],
  ),
);

export function gcpMeanings(): readonly CodeMeaning[] {
  return MEANINGS;
}

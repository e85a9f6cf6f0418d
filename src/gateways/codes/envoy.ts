import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning, CodeRow, MessagePattern } from './code.ts';
import { codeTable, messageTable } from './code.ts';

type Flag = readonly [
  flag: string,
  longName: string,
  status: string,
  outcome: HopOutcome | undefined,
  meaning: string,
  inALog?: string,
];

// RESPONSE_FLAGS of Envoy’s access log, from its documentation and source.
const FLAGS: readonly Flag[] = [
  ['UH', 'NoHealthyUpstream', '503', 'pool/none', 'No healthy host in the cluster.'],
  [
    'UF',
    'UpstreamConnectionFailure',
    '503',
    'connect/failed',
    'The connection to the member failed: refused, timed out, or TLS.',
    'Always 503, also for a connect timeout. The transport failure reason in the line tells TLS from the rest; the duration tells a timeout (connect_timeout, 5 s) from a refusal.',
  ],
  [
    'UO',
    'UpstreamOverflow',
    '503',
    'pool/circuit-open',
    'A circuit breaker is open: connections, pending requests, requests or retries.',
    'The answer carries x-envoy-overloaded: true. Envoy asked nobody.',
  ],
  ['NR', 'NoRouteFound', '404', 'gateway/no-route', 'No route fits this host and path.'],
  [
    'URX',
    'UpstreamRetryLimitExceeded',
    '',
    undefined,
    'The retries (or TCP connection attempts) are used up.',
    'A companion: the flag beside it says what failed.',
  ],
  ['NC', 'NoClusterFound', '503', 'gateway/config', 'The route leads to a cluster that does not exist.'],
  ['DT', 'DurationTimeout', '', 'gateway/local-timeout', 'The connection reached its longest allowed duration.'],
  [
    'DC',
    'DownstreamConnectionTermination',
    '0',
    'client/abort',
    'The client closed its connection before the answer was complete.',
  ],
  ['LH', 'FailedLocalHealthCheck', '503', 'gateway/shutdown', 'Envoy’s own health check fails: it is draining.'],
  ['UT', 'UpstreamRequestTimeout', '504', 'response/timeout', 'The member did not answer within the route’s timeout.'],
  ['LR', 'LocalReset', '503', 'gateway/internal', 'Envoy itself reset the stream to the member.'],
  ['UR', 'UpstreamRemoteReset', '503', 'response/reset-before-headers', 'The member reset the stream.'],
  [
    'UC',
    'UpstreamConnectionTermination',
    '503',
    'response/reset-before-headers',
    'The member closed the connection before it had answered.',
    'Crash, kill, or, with idle connections reused, the keep-alive race: Envoy keeps idle connections for an hour, most members for seconds.',
  ],
  ['DI', 'DelayInjected', '', 'gateway/fault-injected', 'A delay was put in on purpose by the fault filter.'],
  ['FI', 'FaultInjected', '', 'gateway/fault-injected', 'The request was aborted on purpose by the fault filter.'],
  ['RL', 'RateLimited', '429', 'gateway/rate-limit', 'The rate limit refused the request.'],
  [
    'UAEX',
    'UnauthorizedExternalService',
    '403',
    'gateway/denied',
    'The external authorisation service refused the request.',
  ],
  ['RLSE', 'RateLimitServiceError', '500', 'gateway/internal', 'The rate limit service failed.'],
  [
    'SI',
    'StreamIdleTimeout',
    '408',
    'gateway/local-timeout',
    'Nothing moved on the stream for stream_idle_timeout (5 min).',
  ],
  ['IH', 'InvalidEnvoyRequestHeaders', '400', 'client/bad-request', 'An x-envoy header of the request is not valid.'],
  ['DPE', 'DownstreamProtocolError', '400', 'client/bad-request', 'The client’s request is not valid HTTP.'],
  [
    'UMSDR',
    'UpstreamMaxStreamDurationReached',
    '504',
    'response/timeout',
    'The stream to the member reached its longest allowed duration.',
  ],
  ['RFCF', 'ResponseFromCacheFilter', '', 'gateway/local-response', 'The answer came from Envoy’s cache.'],
  ['NFCF', 'NoFilterConfigFound', '500', 'gateway/config', 'The configuration of a filter did not arrive in time.'],
  [
    'UPE',
    'UpstreamProtocolError',
    '502',
    'response/malformed',
    'The member’s answer is not valid HTTP.',
    'The only 502 that Envoy makes itself.',
  ],
  [
    'OM',
    'OverloadManagerTerminated',
    '503',
    'gateway/resource',
    'The overload manager ended the request: memory or connections of Envoy.',
  ],
  ['DF', 'DnsResolutionFailed', '503', 'dns/failed', 'The name of the member did not resolve.'],
  [
    'DO',
    'DropOverload',
    '503',
    'pool/circuit-open',
    'Dropped by the load report policy (drop_overload) of the control plane.',
  ],
  ['DR', 'DownstreamRemoteReset', '0', 'client/abort', 'The client reset its stream.'],
  [
    'UDO',
    'UnconditionalDropOverload',
    '503',
    'pool/circuit-open',
    'Dropped by the policy of the control plane, all of it.',
  ],
];

// RESPONSE_CODE_DETAILS: words of Envoy’s source. `via_upstream` is the member’s own answer.
const DETAILS: readonly CodeRow[] = [
  ['via_upstream', 'member/status', 'The member set this status itself.'],
  [
    'upstream_reset_before_response_started',
    'response/reset-before-headers',
    'The stream to the member was reset before its answer began; the reason stands in braces behind it.',
  ],
  [
    'upstream_reset_before_response_started{remote_connection_failure}',
    'connect/failed',
    'The connection to the member failed.',
  ],
  [
    'upstream_reset_before_response_started{connection_failure}',
    'connect/failed',
    'The connection to the member failed.',
  ],
  [
    'upstream_reset_before_response_started{delayed_connect_error}',
    'connect/failed',
    'The connection to the member failed; later, while requests waited for it.',
  ],
  [
    'upstream_reset_before_response_started{connection_timeout}',
    'connect/timeout',
    'The connection to the member timed out.',
  ],
  [
    'upstream_reset_before_response_started{connection_termination}',
    'response/reset-before-headers',
    'The member closed the connection before it had answered.',
  ],
  [
    'upstream_reset_before_response_started{remote_reset}',
    'response/reset-before-headers',
    'The member reset the stream.',
  ],
  [
    'upstream_reset_before_response_started{protocol_error}',
    'response/malformed',
    'The member’s answer is not valid HTTP.',
  ],
  ['upstream_reset_before_response_started{overflow}', 'pool/circuit-open', 'A circuit breaker is open.'],
  [
    'upstream_reset_after_response_started',
    'response/truncated',
    'The member broke off in the middle of its answer; the status stays as sent, usually 200.',
  ],
  ['upstream_response_timeout', 'response/timeout', 'The member did not answer within the route’s timeout.'],
  ['response_timeout', 'response/timeout', 'The member did not answer within the route’s timeout.'],
  ['upstream_per_try_timeout', 'response/timeout', 'One try took longer than per_try_timeout.'],
  ['upstream_per_try_idle_timeout', 'response/stalled', 'Nothing came during one try for per_try_idle_timeout.'],
  [
    'upstream_max_stream_duration_reached',
    'response/timeout',
    'The stream to the member reached its longest allowed duration.',
  ],
  ['no_healthy_upstream', 'pool/none', 'No healthy host in the cluster.'],
  ['cluster_not_found', 'gateway/config', 'The route leads to a cluster that does not exist.'],
  ['maintenance_mode', 'gateway/denied', 'The cluster is in maintenance mode.'],
  ['drop_overload', 'pool/circuit-open', 'Dropped by the policy of the control plane.'],
  ['unconditional_drop_overload', 'pool/circuit-open', 'Dropped by the policy of the control plane, all of it.'],
  ['route_not_found', 'gateway/no-route', 'No route fits this host and path.'],
  ['route_configuration_not_found', 'gateway/no-route', 'The route configuration has not arrived.'],
  ['direct_response', 'gateway/local-response', 'The route answers by itself.'],
  ['downstream_remote_disconnect', 'client/abort', 'The client closed its connection.'],
  [
    'downstream_local_disconnect',
    'gateway/local-timeout',
    'Envoy closed the client’s connection; the reason stands in brackets behind it.',
  ],
  ['request_headers_timeout', 'client/timeout', 'The client’s headers did not come in time.'],
  ['request_header_timeout', 'client/timeout', 'The client’s headers did not come in time.'],
  ['request_overall_timeout', 'client/timeout', 'The client’s whole request did not come in time.'],
  ['stream_idle_timeout', 'gateway/local-timeout', 'Nothing moved on the stream for stream_idle_timeout (5 min).'],
  ['duration_timeout', 'gateway/local-timeout', 'The connection reached its longest allowed duration.'],
  ['max_duration_timeout', 'gateway/local-timeout', 'The stream reached its longest allowed duration.'],
  ['overload', 'gateway/resource', 'The overload manager ended the request.'],
  ['request_payload_too_large', 'client/too-large', 'The body of the request does not fit the buffer.'],
  ['response_payload_too_large', 'response/malformed', 'The body of the answer does not fit the buffer.'],
  ['low_version', 'client/bad-request', 'The request is HTTP/1.0 or older.'],
  ['missing_host_header', 'client/bad-request', 'The Host header is missing.'],
  ['missing_path_rejected', 'client/bad-request', 'The path is missing.'],
  ['invalid_path', 'client/bad-request', 'The path is not valid.'],
  ['absolute_path_rejected', 'client/bad-request', 'An absolute URL was refused.'],
  ['path_normalization_failed', 'client/bad-request', 'The path could not be normalised.'],
  ['request_headers_failed_strict_check', 'client/bad-request', 'An x-envoy header of the request is not valid.'],
  ['upgrade_failed', 'response/malformed', 'The protocol upgrade failed.'],
  ['websocket_handshake_unsuccessful', 'response/malformed', 'The WebSocket handshake failed.'],
  ['http1.codec_error', 'client/bad-request', 'The request is not valid HTTP/1.'],
  ['http1.headers_too_large', 'client/too-large', 'The headers of the request are too large.'],
  ['http1.too_many_headers', 'client/too-large', 'The request has too many headers.'],
  ['http1.invalid_characters', 'client/bad-request', 'A header has characters that are not allowed.'],
  ['filter_chain_not_found', 'gateway/config', 'No filter chain fits this connection: server name or protocol.'],
];

const MESSAGES = messageTable('envoy', [
  [
    /upstream connect error or disconnect\/reset before headers\..{0,60}reset reason: (?:remote )?connection (?:failure|timeout)|delayed connect error/,
    'upstream connect error or disconnect/reset before headers. reset reason: connection failure',
    'connect/failed',
    'The connection to the member failed.',
    { name: 'body of Envoy’s 503' },
  ],
  [
    /upstream connect error or disconnect\/reset before headers\..{0,60}reset reason: overflow/,
    'upstream connect error or disconnect/reset before headers. reset reason: overflow',
    'pool/circuit-open',
    'A circuit breaker is open.',
    { name: 'body of Envoy’s 503' },
  ],
  [
    /upstream connect error or disconnect\/reset before headers\..{0,60}reset reason: protocol error/,
    'upstream connect error or disconnect/reset before headers. reset reason: protocol error',
    'response/malformed',
    'The member’s answer is not valid HTTP.',
    { name: 'body of Envoy’s 502' },
  ],
  [
    /upstream connect error or disconnect\/reset before headers/,
    'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
    'response/reset-before-headers',
    'The member closed the connection or reset the stream before it had answered.',
    {
      name: 'body of Envoy’s 503',
      inALog:
        'The reason behind “reset reason:” tells more: connection termination and remote reset are the member’s doing, and the keep-alive race is among them.',
    },
  ],
  [
    /no healthy upstream/,
    'no healthy upstream',
    'pool/none',
    'No healthy host in the cluster.',
    { name: 'body of Envoy’s 503' },
  ],
  [
    /upstream request timeout/,
    'upstream request timeout',
    'response/timeout',
    'The member did not answer within the route’s timeout.',
    { name: 'body of Envoy’s 504' },
  ],
  [
    /\bstream timeout\b/,
    'stream timeout',
    'gateway/local-timeout',
    'Nothing moved on the stream for stream_idle_timeout (5 min).',
    { name: 'body of Envoy’s 408' },
  ],
]);

const MEANINGS = [
  ...codeTable(
    'envoy',
    FLAGS.map(
      ([flag, name, status, outcome, meaning, inALog]): CodeRow => [
        flag,
        outcome,
        meaning,
        {
          name,
          forms: [{ label: '%RESPONSE_FLAGS_LONG%', text: name }],
          ...(status === '' ? {} : { beside: [{ label: 'usual status', text: status }] }),
          ...(inALog === undefined ? {} : { inALog }),
        },
      ],
    ),
  ),
  ...codeTable(
    'envoy',
    DETAILS.map(([code, outcome, meaning]): CodeRow => [code, outcome, meaning, { name: 'response code details' }]),
  ),
];

export function envoyMeanings(): readonly CodeMeaning[] {
  return MEANINGS;
}

export function envoyMessages(): readonly MessagePattern[] {
  return MESSAGES;
}

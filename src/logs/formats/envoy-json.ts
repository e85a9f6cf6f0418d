/** Envoy's JSON access log, whose keys the operator chooses. */
import type { LogEntry } from '../../model/log.ts';
import { addressOf, known, portOf, requestIds, targetParts } from './clf-request.ts';
import { endpointOf } from './envoy-text.ts';
import { envoyAttempts, envoyUpstream } from './envoy-upstream.ts';
import { epochTimeOf, type IsoReader, isoTimeOf, type WrittenTime } from './json-time.ts';
import { extraOf, millisOf, statusOf, textOf, wholeOf } from './json-value.ts';

export type EnvoyFields = ReadonlyMap<string, unknown>;

/** `x-envoy-origin-path`, `:path` and `REQ(:PATH)` without what varies: small letters and underscores. */
export function envoySpelling(key: string): string {
  return key
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

// Keys of Istio's JSON, of Envoy's documentation, and the names of the operators themselves.
const NAMES = {
  time: ['start_time', 'starttime', 'timestamp', 'time'],
  method: ['method', 'request_method', 'req_method', 'http_method'],
  originalPath: ['x_envoy_original_path', 'x_envoy_origin_path', 'original_path', 'origin_path'],
  path: ['path', 'request_path', 'req_path', 'uri', 'request_uri'],
  status: ['response_code', 'status', 'status_code', 'code'],
  flags: ['response_flags', 'flags', 'response_flag', 'response_flags_long'],
  details: ['response_code_details'],
  termination: ['connection_termination_details'],
  transport: ['upstream_transport_failure_reason'],
  duration: ['duration', 'duration_ms', 'total_duration'],
  service: ['upstream_service_time', 'x_envoy_upstream_service_time', 'resp_x_envoy_upstream_service_time'],
  host: ['upstream_host', 'upstream_remote_address'],
  cluster: ['upstream_cluster', 'upstream_cluster_name', 'cluster'],
  attempts: ['upstream_request_attempt_count', 'attempt_count'],
  id: ['request_id', 'x_request_id', 'req_x_request_id'],
  trace: ['traceparent', 'req_traceparent'],
  userAgent: ['user_agent', 'req_user_agent', 'useragent'],
  authority: ['authority', 'host', 'req_authority'],
  sent: ['bytes_sent'],
  received: ['bytes_received'],
  client: ['downstream_remote_address', 'downstream_direct_remote_address'],
  server: ['downstream_local_address'],
} as const;

function pick(fields: EnvoyFields, names: readonly string[]): unknown {
  for (const name of names) {
    const value = fields.get(name);
    if (value !== undefined && value !== null && value !== '' && value !== '-') return value;
  }
  return undefined;
}

export function envoyTime(fields: EnvoyFields, read: IsoReader): WrittenTime | undefined {
  const value = pick(fields, NAMES.time);
  return isoTimeOf(value, read) ?? epochTimeOf(textOf(value) ?? '');
}

export function envoyStatus(fields: EnvoyFields): number | undefined {
  return pick(fields, NAMES.method) === undefined ? undefined : statusOf(pick(fields, NAMES.status));
}

export function envoyDurationUs(fields: EnvoyFields): number | undefined {
  return millisOf(pick(fields, NAMES.duration));
}

/** Whether the keys are Envoy's: other programs write JSON with times and statuses, too. */
export function isEnvoyJson(fields: EnvoyFields): boolean {
  const own = [
    NAMES.flags,
    NAMES.details,
    NAMES.host,
    NAMES.cluster,
    NAMES.service,
    NAMES.transport,
    NAMES.termination,
  ];
  const count = own.filter((names) => names.some((name) => fields.has(name))).length;
  const hasOutcome = fields.has('response_code') || fields.has('response_flags') || fields.has('response_code_details');
  return hasOutcome && count >= 2 && NAMES.time.some((name) => fields.has(name));
}

export function envoyJsonEntry(fields: EnvoyFields, time: WrittenTime): LogEntry {
  const text = (names: readonly string[]): string | undefined => textOf(pick(fields, names));
  const method = text(NAMES.method);
  const target = targetParts(text(NAMES.originalPath) ?? text(NAMES.path) ?? '');
  const status = envoyStatus(fields);
  const durationUs = envoyDurationUs(fields);
  const retries = envoyAttempts(pick(fields, NAMES.attempts));
  const service = pick(fields, NAMES.service);
  const hasHost = NAMES.host.some((name) => fields.has(name));
  const client = endpointOf(text(NAMES.client));
  const server = endpointOf(text(NAMES.server));
  const userAgent = text(NAMES.userAgent);
  return {
    format: 'envoy',
    kind: 'access',
    atUs: time.atUs,
    stamp: 'start',
    resolutionUs: time.resolutionUs,
    ...known({
      method,
      ...target,
      status,
      flags: flagsOf(fields),
      durationUs,
      durationResolutionUs: durationUs === undefined ? undefined : 1_000,
      bytesSent: wholeOf(pick(fields, NAMES.sent)),
      bytesReceived: wholeOf(pick(fields, NAMES.received)),
      clientIp: client.ip ?? addressOf(text(NAMES.client)),
      clientPort: client.port ?? portOf(text(['downstream_remote_port'])),
      serverIp: server.ip,
      serverPort: server.port,
      host: text(NAMES.authority) ?? target.host,
      userAgent,
      upstream: hasHost ? envoyUpstream(text(NAMES.host) ?? '', service, retries) : undefined,
      retries,
      clientGone: status === 0 ? true : undefined,
      extra: extraOf({
        details: pick(fields, NAMES.details),
        transport: pick(fields, NAMES.transport),
        connectionTermination: pick(fields, NAMES.termination),
        upstreamServiceTime: service,
        forwardedFor: fields.get('x_forwarded_for'),
        cluster: pick(fields, NAMES.cluster),
        upstreamLocal: fields.get('upstream_local_address'),
        serverName: fields.get('requested_server_name'),
        route: fields.get('route_name'),
        pod: fields.get('pod_name'),
      }),
    }),
    ids: requestIds({ userAgent, query: target.query, trace: text(NAMES.trace), request: text(NAMES.id) }),
  };
}

/** `-` is kept: it says that the fields were logged and that nothing went wrong. Typed JSON has null for it. */
function flagsOf(fields: EnvoyFields): string | undefined {
  for (const name of NAMES.flags) {
    if (!fields.has(name)) continue;
    const value = fields.get(name);
    return value === null || value === '' || value === '-' ? '-' : textOf(value);
  }
  return undefined;
}

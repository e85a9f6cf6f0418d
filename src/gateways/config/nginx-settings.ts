/**
 * Settings of nginx that shape waiting, repeating and refusing. Defaults are those of the reference at nginx.org, checked against
 * version 1.22 where they can be seen; what changed later is said in the default's text.
 */
import type { Known } from './draft.ts';

/** Of the whole program. */
export const MAIN: readonly Known[] = [
  { directive: 'worker_processes', meaning: 'workers', kind: 'count', byDefault: '1' },
];
export const EVENTS: readonly Known[] = [
  { directive: 'worker_connections', meaning: 'max-connections', kind: 'count', byDefault: '512' },
];

/** Towards clients: of a server. */
export const CLIENT: readonly Known[] = [
  { directive: 'keepalive_timeout', meaning: 'keep-alive-client', kind: 'time', byDefault: '75s' },
  { directive: 'client_header_timeout', meaning: 'client-timeout', kind: 'time', byDefault: '60s' },
  { directive: 'client_body_timeout', meaning: 'client-timeout', kind: 'time', byDefault: '60s' },
  { directive: 'send_timeout', meaning: 'client-timeout', kind: 'time', byDefault: '60s' },
  { directive: 'client_max_body_size', meaning: 'request-limit', kind: 'bytes', byDefault: '1m' },
  { directive: 'large_client_header_buffers', meaning: 'buffer-size', kind: 'text', byDefault: '4 8k' },
  { directive: 'limit_req', meaning: 'request-limit', kind: 'text' },
  { directive: 'limit_conn', meaning: 'request-limit', kind: 'text' },
];

/** Towards members: of a location, under the name of the protocol that it passes requests on with. */
export function towardsMembers(protocol: string): readonly Known[] {
  const http = protocol === 'proxy';
  return [
    { directive: `${protocol}_connect_timeout`, meaning: 'connect-timeout', kind: 'time', byDefault: '60s' },
    { directive: `${protocol}_read_timeout`, meaning: 'response-timeout', kind: 'time', byDefault: '60s' },
    { directive: `${protocol}_send_timeout`, meaning: 'send-timeout', kind: 'time', byDefault: '60s' },
    { directive: `${protocol}_next_upstream`, meaning: 'retry-when', kind: 'text', byDefault: 'error timeout' },
    { directive: `${protocol}_next_upstream_tries`, meaning: 'retries', kind: 'count', byDefault: '0' },
    { directive: `${protocol}_next_upstream_timeout`, meaning: 'retry-time', kind: 'time', byDefault: '0' },
    // One memory page: 4k on most machines, 8k on some.
    { directive: `${protocol}_buffer_size`, meaning: 'buffer-size', kind: 'bytes', byDefault: '4k|8k' },
    ...(http
      ? [
          {
            directive: 'proxy_http_version',
            meaning: 'keep-alive-use',
            kind: 'text',
            byDefault: '1.0 (1.1 from nginx 1.29.7 on)',
          } as const,
        ]
      : []),
  ];
}

/** Of an upstream block. */
export const UPSTREAM: readonly Known[] = [
  { directive: 'keepalive', meaning: 'keep-alive-count', kind: 'count', byDefault: 'off (32 from nginx 1.29.7 on)' },
  { directive: 'keepalive_requests', meaning: 'keep-alive-use', kind: 'count' },
  { directive: 'keepalive_time', meaning: 'keep-alive-use', kind: 'time' },
  { directive: 'hash', meaning: 'affinity', kind: 'text' },
  { directive: 'ip_hash', meaning: 'affinity', kind: 'text' },
  { directive: 'sticky', meaning: 'affinity', kind: 'text' },
  { directive: 'queue', meaning: 'queue-length', kind: 'text' },
];
/** Only where connections are kept. */
export const UPSTREAM_KEPT: Known = {
  directive: 'keepalive_timeout',
  meaning: 'keep-alive-member',
  kind: 'time',
  byDefault: '60s',
};

/** `name=value` words of a server line of an upstream. */
export const SERVER: readonly Known[] = [
  { directive: 'max_fails', meaning: 'ejection', kind: 'count', byDefault: '1' },
  { directive: 'fail_timeout', meaning: 'ejection-time', kind: 'time', byDefault: '10s' },
  { directive: 'max_conns', meaning: 'max-conns-member', kind: 'count', byDefault: '0 (no limit)' },
];

/** In stream {}: connections are passed on without being understood. */
export const STREAM: readonly Known[] = [
  { directive: 'proxy_connect_timeout', meaning: 'connect-timeout', kind: 'time', byDefault: '60s' },
  { directive: 'proxy_timeout', meaning: 'response-timeout', kind: 'time', byDefault: '10m' },
];

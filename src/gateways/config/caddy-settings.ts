/**
 * Settings of Caddy 2 that shape waiting, repeating and refusing, with the defaults of its documentation. `json` is the name in Caddy's
 * own JSON, where the Caddyfile's differs in form.
 */
import type { Known } from './draft.ts';

export type CaddyKnown = Known & { readonly json: readonly string[] };

const NO_LIMIT = 'none (waits without end)';

/** `servers { timeouts { … } }`. */
export const TIMEOUTS: readonly CaddyKnown[] = [
  { directive: 'read_body', json: ['read_timeout'], meaning: 'client-timeout', kind: 'time', byDefault: NO_LIMIT },
  // Newer releases have 1m here; which one is running is not in the file.
  {
    directive: 'read_header',
    json: ['read_header_timeout'],
    meaning: 'client-timeout',
    kind: 'time',
    byDefault: 'none, or 1m in newer releases',
  },
  { directive: 'write', json: ['write_timeout'], meaning: 'client-timeout', kind: 'time', byDefault: NO_LIMIT },
  { directive: 'idle', json: ['idle_timeout'], meaning: 'keep-alive-client', kind: 'time', byDefault: '5m' },
];

/** `transport http { … }`. */
export const TRANSPORT: readonly CaddyKnown[] = [
  { directive: 'dial_timeout', json: ['dial_timeout'], meaning: 'connect-timeout', kind: 'time', byDefault: '3s' },
  {
    directive: 'response_header_timeout',
    json: ['response_header_timeout'],
    meaning: 'response-timeout',
    kind: 'time',
    byDefault: NO_LIMIT,
  },
  { directive: 'read_timeout', json: ['read_timeout'], meaning: 'response-timeout', kind: 'time' },
  { directive: 'write_timeout', json: ['write_timeout'], meaning: 'send-timeout', kind: 'time', byDefault: NO_LIMIT },
  {
    directive: 'keepalive',
    json: ['keep_alive', 'idle_timeout'],
    meaning: 'keep-alive-member',
    kind: 'time',
    byDefault: '2m',
  },
  {
    directive: 'keepalive_idle_conns_per_host',
    json: ['keep_alive', 'max_idle_conns_per_host'],
    meaning: 'keep-alive-count',
    kind: 'count',
    byDefault: '32',
  },
  {
    directive: 'max_conns_per_host',
    json: ['max_conns_per_host'],
    meaning: 'max-conns-member',
    kind: 'count',
    byDefault: '0 (no limit)',
  },
  {
    directive: 'max_response_header',
    json: ['max_response_header_size'],
    meaning: 'buffer-size',
    kind: 'bytes',
    byDefault: '10MiB',
  },
];

/** Of reverse_proxy itself. */
export const PROXY: readonly CaddyKnown[] = [
  {
    directive: 'lb_policy',
    json: ['load_balancing', 'selection_policy', 'policy'],
    meaning: 'balancing',
    kind: 'text',
    byDefault: 'random',
  },
  { directive: 'lb_retries', json: ['load_balancing', 'retries'], meaning: 'retries', kind: 'count', byDefault: '0' },
  {
    directive: 'lb_try_duration',
    json: ['load_balancing', 'try_duration'],
    meaning: 'retry-time',
    kind: 'time',
    byDefault: '0',
  },
  {
    directive: 'health_uri',
    json: ['health_checks', 'active', 'uri'],
    meaning: 'health-check',
    kind: 'text',
    byDefault: 'off',
  },
  { directive: 'health_path', json: ['health_checks', 'active', 'path'], meaning: 'health-check', kind: 'text' },
  {
    directive: 'fail_duration',
    json: ['health_checks', 'passive', 'fail_duration'],
    meaning: 'ejection-time',
    kind: 'time',
    byDefault: '0',
  },
  {
    directive: 'max_fails',
    json: ['health_checks', 'passive', 'max_fails'],
    meaning: 'ejection',
    kind: 'count',
    byDefault: '1',
  },
  {
    directive: 'unhealthy_request_count',
    json: ['health_checks', 'passive', 'unhealthy_request_count'],
    meaning: 'max-conns-member',
    kind: 'count',
  },
  {
    directive: 'unhealthy_status',
    json: ['health_checks', 'passive', 'unhealthy_status'],
    meaning: 'ejection',
    kind: 'text',
  },
];
/** Only where health is asked for. */
export const HEALTH: readonly CaddyKnown[] = [
  {
    directive: 'health_interval',
    json: ['health_checks', 'active', 'interval'],
    meaning: 'health-interval',
    kind: 'time',
    byDefault: '30s',
  },
  {
    directive: 'health_timeout',
    json: ['health_checks', 'active', 'timeout'],
    meaning: 'health-timeout',
    kind: 'time',
    byDefault: '5s',
  },
];

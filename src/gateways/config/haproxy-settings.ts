/**
 * Settings of HAProxy that shape waiting, repeating and refusing, with the defaults of its configuration manual (2.6 to 3.2). Timeouts
 * without a default are infinite.
 */
import type { Known } from './draft.ts';

const NO_LIMIT = 'none (waits without end)';

export const GLOBAL: readonly Known[] = [
  // The default follows from the limit on file descriptors of the process.
  { directive: 'maxconn', meaning: 'max-connections', kind: 'count', byDefault: 'from ulimit -n' },
  { directive: 'tune.bufsize', meaning: 'buffer-size', kind: 'count', byDefault: '16384' },
  { directive: 'tune.http.maxhdr', meaning: 'request-limit', kind: 'count', byDefault: '101' },
  { directive: 'nbthread', meaning: 'workers', kind: 'count' },
];

export const FRONTEND: readonly Known[] = [
  { directive: 'timeout client', meaning: 'client-timeout', kind: 'time', byDefault: NO_LIMIT },
  { directive: 'timeout http-request', meaning: 'client-timeout', kind: 'time', byDefault: 'as timeout client' },
  {
    directive: 'timeout http-keep-alive',
    meaning: 'keep-alive-client',
    kind: 'time',
    byDefault: 'as timeout http-request',
  },
  { directive: 'maxconn', meaning: 'max-connections', kind: 'count', byDefault: 'as global maxconn' },
];

export const BACKEND: readonly Known[] = [
  { directive: 'timeout connect', meaning: 'connect-timeout', kind: 'time', byDefault: NO_LIMIT },
  { directive: 'timeout server', meaning: 'response-timeout', kind: 'time', byDefault: NO_LIMIT },
  { directive: 'timeout queue', meaning: 'queue-timeout', kind: 'time', byDefault: 'as timeout connect' },
  { directive: 'timeout check', meaning: 'health-timeout', kind: 'time', byDefault: 'as inter' },
  { directive: 'retries', meaning: 'retries', kind: 'count', byDefault: '3' },
  { directive: 'retry-on', meaning: 'retry-when', kind: 'text', byDefault: 'conn-failure' },
  { directive: 'option redispatch', meaning: 'retry-when', kind: 'text', byDefault: 'off' },
  { directive: 'http-reuse', meaning: 'keep-alive-use', kind: 'text', byDefault: 'safe' },
  { directive: 'balance', meaning: 'balancing', kind: 'text' },
  { directive: 'cookie', meaning: 'affinity', kind: 'text' },
  { directive: 'option httpchk', meaning: 'health-check', kind: 'text' },
  { directive: 'fullconn', meaning: 'max-connections', kind: 'count' },
];

/** Words of a server line. */
export const SERVER: readonly Known[] = [
  { directive: 'maxconn', meaning: 'max-conns-member', kind: 'count', byDefault: '0 (no limit)' },
  { directive: 'maxqueue', meaning: 'queue-length', kind: 'count', byDefault: '0 (no limit)' },
  { directive: 'check', meaning: 'health-check', kind: 'switch', byDefault: 'off' },
  // Not a true idle timeout: half of the idle connections above the need are closed each time.
  { directive: 'pool-purge-delay', meaning: 'keep-alive-member', kind: 'time', byDefault: '5s' },
  { directive: 'pool-max-conn', meaning: 'keep-alive-count', kind: 'text', byDefault: '-1 (no limit)' },
  { directive: 'observe', meaning: 'ejection', kind: 'text' },
  { directive: 'backup', meaning: 'enabled', kind: 'text' },
  { directive: 'disabled', meaning: 'enabled', kind: 'text' },
];
/** Only of servers that are checked. */
export const CHECKED: readonly Known[] = [
  { directive: 'inter', meaning: 'health-interval', kind: 'time', byDefault: '2s' },
  { directive: 'fall', meaning: 'ejection', kind: 'count', byDefault: '3' },
  { directive: 'rise', meaning: 'ejection', kind: 'count', byDefault: '2' },
];

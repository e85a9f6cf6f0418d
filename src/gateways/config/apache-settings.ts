/** Settings of Apache httpd 2.4 that shape waiting, repeating and refusing, with the defaults of its documentation. Names in lower case. */
import type { Known } from './draft.ts';
import { apacheTime } from './values.ts';

const SECONDS = apacheTime('s');

/** Of the main server only. Names are shown as the documentation writes them. */
export const MAIN: readonly Known[] = [
  {
    directive: 'MaxRequestWorkers',
    meaning: 'max-connections',
    kind: 'count',
    byDefault: 'by the MPM (event: 400, prefork: 256)',
  },
  { directive: 'MaxClients', meaning: 'max-connections', kind: 'count' },
  { directive: 'ServerLimit', meaning: 'workers', kind: 'count' },
  { directive: 'ThreadsPerChild', meaning: 'workers', kind: 'count', byDefault: '25' },
  { directive: 'ListenBacklog', meaning: 'queue-length', kind: 'count', byDefault: '511' },
  { directive: 'MaxConnectionsPerChild', meaning: 'recycle-other', kind: 'count', byDefault: '0' },
];

/** Of the main server or a virtual host. */
export const HOST: readonly Known[] = [
  { directive: 'Timeout', meaning: 'client-timeout', kind: 'time', byDefault: '60', readTime: SECONDS },
  { directive: 'KeepAlive', meaning: 'enabled', kind: 'switch', byDefault: 'On' },
  { directive: 'KeepAliveTimeout', meaning: 'keep-alive-client', kind: 'time', byDefault: '5', readTime: SECONDS },
  { directive: 'MaxKeepAliveRequests', meaning: 'request-limit', kind: 'count', byDefault: '100' },
  {
    directive: 'RequestReadTimeout',
    meaning: 'client-timeout',
    kind: 'text',
    byDefault: 'header=20-40,MinRate=500 body=20,MinRate=500',
  },
];

/** `name=value` words of ProxyPass, BalancerMember and ProxySet for one member. The first two have further fallbacks. */
export const WORKER_RESPONSE: Known = {
  directive: 'timeout',
  meaning: 'response-timeout',
  kind: 'time',
  byDefault: '60',
};
export const WORKER_CONNECT: Known = {
  directive: 'connectiontimeout',
  meaning: 'connect-timeout',
  kind: 'time',
  byDefault: '60',
};
export const WORKER: readonly Known[] = [
  { directive: 'ttl', meaning: 'keep-alive-member', kind: 'time', byDefault: 'none (until the member closes)' },
  { directive: 'disablereuse', meaning: 'keep-alive-use', kind: 'switch', byDefault: 'Off' },
  { directive: 'enablereuse', meaning: 'keep-alive-use', kind: 'switch' },
  { directive: 'max', meaning: 'max-conns-member', kind: 'count', byDefault: 'as ThreadsPerChild, per process' },
  {
    directive: 'acquire',
    meaning: 'queue-timeout',
    kind: 'time',
    byDefault: 'none (waits without end)',
    readTime: apacheTime('ms'),
  },
  { directive: 'retry', meaning: 'ejection-time', kind: 'time', byDefault: '60' },
  { directive: 'ping', meaning: 'health-check', kind: 'time' },
  { directive: 'status', meaning: 'enabled', kind: 'text' },
  { directive: 'hcmethod', meaning: 'health-check', kind: 'text' },
  { directive: 'hcinterval', meaning: 'health-interval', kind: 'time' },
  { directive: 'hcfails', meaning: 'ejection', kind: 'count' },
  { directive: 'responsefieldsize', meaning: 'buffer-size', kind: 'bytes' },
];

/** Of a balancer. */
export const BALANCER: readonly Known[] = [
  { directive: 'timeout', meaning: 'queue-timeout', kind: 'time', byDefault: '0' },
  { directive: 'maxattempts', meaning: 'retries', kind: 'count', byDefault: 'number of members less one' },
  { directive: 'lbmethod', meaning: 'balancing', kind: 'text', byDefault: 'byrequests' },
  { directive: 'stickysession', meaning: 'affinity', kind: 'text' },
  { directive: 'failonstatus', meaning: 'ejection', kind: 'text' },
  { directive: 'failontimeout', meaning: 'ejection', kind: 'switch', byDefault: 'Off' },
  { directive: 'nofailover', meaning: 'retry-when', kind: 'switch', byDefault: 'Off' },
];

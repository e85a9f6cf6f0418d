/** From the variables of an nginx line to an entry. */
import type { LogEntry, UpstreamTry } from '../../model/log.ts';
import { addressOf, countOf, known, portOf, requestIds, requestParts, targetParts } from './clf-request.ts';
import { textSecondsUs } from './clf-time.ts';
import { upstreamOf } from './nginx-upstream.ts';
import type { ValueRules } from './pattern-reader.ts';

/** How `valuesOf` takes nginx's variables: no address means that no member was asked. */
export const NGINX_VALUES: ValueRules = {
  kept: new Set(['upstream_addr']),
  verbatim: new Set(['request', 'request_uri', 'uri', 'document_uri', 'args', 'query_string']),
};

/** Variables whose value is in a field of the entry. All others are kept by name in `extra`. */
const MAPPED = new Set([
  ...['time_local', 'time_iso8601', 'msec', 'request', 'request_method', 'request_uri', 'uri', 'document_uri'],
  ...['args', 'query_string', 'status', 'request_time', 'upstream_addr', 'upstream_status', 'upstream_connect_time'],
  ...['upstream_header_time', 'upstream_response_time', 'upstream_bytes_received', 'http_user_agent', 'remote_addr'],
  ...[
    'remote_port',
    'server_addr',
    'server_port',
    'hostname',
    'pid',
    'connection',
    'http_traceparent',
    'http_host',
    'host',
  ],
  'request_length',
]);

export type NginxTime = { readonly atUs: number; readonly resolutionUs: number };

/** `values`: variables without `$`, those that are `-` or empty left out, except `upstream_addr`. */
export function nginxEntry(values: ReadonlyMap<string, string>, time: NginxTime): LogEntry {
  const upstream = upstreamOf(values, values.get('upstream_addr'));
  const request = requestOf(values);
  const status = countOf(values.get('status'));
  const durationUs = textSecondsUs(values.get('request_time') ?? '');
  const queueUs = queueOf(values, upstream.tries);
  const size = values.has('bytes_sent') ? 'bytes_sent' : 'body_bytes_sent';
  const id = ['req_id', 'request_id', 'http_x_request_id'].find((name) => values.has(name));
  const used = new Set([size, id, queueUs === undefined ? undefined : 'upstream_queue_time']);
  const extra = Object.fromEntries(
    [...values].filter(([name]) => upstream.unused.includes(name) || (!MAPPED.has(name) && !used.has(name))),
  );
  if (request.method === undefined && values.has('request')) extra['request'] = values.get('request') as string;
  return {
    format: 'nginx',
    kind: 'access',
    atUs: time.atUs,
    stamp: 'end',
    resolutionUs: time.resolutionUs,
    ...request,
    ...known({
      status: status === 0 ? undefined : status,
      durationUs,
      durationResolutionUs: durationUs === undefined ? undefined : 1_000,
      queueUs,
      bytesSent: countOf(values.get(size)),
      bytesReceived: countOf(values.get('request_length')),
      clientIp: addressOf(values.get('remote_addr')),
      clientPort: portOf(values.get('remote_port')),
      serverIp: addressOf(values.get('server_addr')),
      serverPort: portOf(values.get('server_port')),
      hostName: values.get('hostname'),
      host: values.get('http_host') ?? values.get('host') ?? request.host,
      userAgent: values.get('http_user_agent'),
      upstream: upstream.tries,
      // 499 is nginx's own number for a client that left; nothing else in a line says it (ngx_http_request.h).
      clientGone: status === 499 ? true : undefined,
      processId: countOf(values.get('pid')),
    }),
    ids: requestIds({
      userAgent: values.get('http_user_agent'),
      query: request.query,
      trace: values.get('http_traceparent'),
      request: id === undefined ? undefined : values.get(id),
      // As error.log writes it.
      local: values.has('connection') ? `*${values.get('connection')}` : undefined,
    }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function requestOf(values: ReadonlyMap<string, string>): Pick<LogEntry, 'method' | 'path' | 'query' | 'host'> {
  const line = requestParts(values.get('request') ?? '');
  const target = values.get('request_uri');
  // `$uri` is decoded and may have been rewritten: only where nothing better is logged.
  const path = values.get('uri') ?? values.get('document_uri');
  const args = values.get('args') ?? values.get('query_string');
  const method = values.get('request_method');
  return {
    ...(method === undefined ? {} : { method }),
    ...(target === undefined
      ? { ...(path === undefined ? {} : { path }), ...(args === undefined ? {} : { query: args }) }
      : targetParts(target)),
    ...line,
  };
}

/** Time in the queue of a group (nginx Plus), of all attempts together. */
function queueOf(values: ReadonlyMap<string, string>, tries: readonly UpstreamTry[] | undefined): number | undefined {
  const text = values.get('upstream_queue_time');
  if (text === undefined || tries === undefined) return undefined;
  const waits = text.split(/ : |, /).flatMap((one) => textSecondsUs(one) ?? []);
  return waits.length === 0 ? undefined : waits.reduce((sum, wait) => sum + wait, 0);
}

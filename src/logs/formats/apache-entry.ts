/** From the directives of an Apache line to an entry. */
import type { LogEntry } from '../../model/log.ts';
import { addressOf, countOf, known, portOf, requestIds, requestParts } from './clf-request.ts';
import type { ValueRules } from './pattern-reader.ts';

/**
 * How `valuesOf` takes httpd's directives. `-` says something for the state of the connection, and for the status of a member (none
 * answered) and its name (none was asked).
 */
export const APACHE_VALUES: ValueRules = {
  kept: new Set(['X', '{proxy-status}n', '{BALANCER_WORKER_NAME}e']),
  verbatim: new Set(['r', 'U', 'q']),
};

const MAPPED = new Set([
  ...['r', 'm', 'U', 'q', '>s', 'D', 'h', 'a', '{c}a', 'L', '{UNIQUE_ID}e', '{User-Agent}i', '{Host}i', '{remote}p'],
  ...['I', 'A', 'p', 'P', '{pid}P', '{X-Request-ID}i', '{X-Request-Id}i', '{traceparent}i', '{BALANCER_WORKER_NAME}e'],
]);

export type ApacheTime = Pick<LogEntry, 'atUs' | 'stamp' | 'resolutionUs'>;

/** `values`: directives without `%`, those that are `-` or empty left out unless `APACHE_VALUES` keeps them. */
export function apacheEntry(values: ReadonlyMap<string, string>, time: ApacheTime): LogEntry {
  const get = (...names: readonly string[]): string | undefined => {
    const name = names.find((one) => values.has(one) && values.get(one) !== '-');
    return name === undefined ? undefined : values.get(name);
  };
  const request = requestOf(get);
  const status = countOf(get('>s', 's'));
  const duration = durationOf(values);
  // %O counts headers too, %b and %B the body only: the first that is there.
  const size = ['O', 'b', 'B'].find((name) => values.has(name));
  const worker = values.get('{BALANCER_WORKER_NAME}e');
  const extra = extraOf(values, size);
  if (request.method === undefined && get('r') !== undefined) extra['request'] = values.get('r') as string;
  const memberStatus = countOf(get('{proxy-status}n'));
  return {
    format: 'apache',
    kind: 'access',
    ...time,
    ...request,
    ...known({
      status: status === 0 ? undefined : status,
      ...duration,
      message: get('{error-notes}n'),
      bytesSent: size === undefined ? undefined : countOf(values.get(size)),
      bytesReceived: countOf(get('I')),
      clientIp: addressOf(get('{c}a', 'a', 'h')),
      clientPort: portOf(get('{remote}p')),
      serverIp: addressOf(get('A')),
      serverPort: portOf(get('p')),
      host: get('{Host}i') ?? request.host,
      userAgent: get('{User-Agent}i'),
      // Only a balancer names its worker: `-` may also be a ProxyPass without one.
      upstream:
        worker === undefined || worker === '-'
          ? undefined
          : [{ address: worker, ...(memberStatus === undefined ? {} : { status: memberStatus }) }],
      clientGone: values.get('X') === 'X' ? true : undefined,
      processId: countOf(get('P', '{pid}P')),
    }),
    ids: requestIds({
      userAgent: get('{User-Agent}i'),
      query: request.query,
      trace: get('{traceparent}i'),
      request: get('{UNIQUE_ID}e', '{X-Request-ID}i', '{X-Request-Id}i'),
      local: get('L'),
    }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

type Get = (...names: readonly string[]) => string | undefined;

function requestOf(get: Get): Pick<LogEntry, 'method' | 'path' | 'query' | 'host'> {
  const method = get('m');
  const path = get('U');
  // %q begins with its question mark.
  const query = get('q')?.slice(1);
  return {
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
    ...(query === undefined || query === '' ? {} : { query }),
    ...requestParts(get('r') ?? ''),
  };
}

// The finest first. %T alone is whole seconds.
const DURATIONS: readonly (readonly [name: string, unitUs: number])[] = [
  ['D', 1],
  ['{us}T', 1],
  ['{ms}T', 1_000],
  ['{s}T', 1_000_000],
  ['T', 1_000_000],
];

/** Names of the fields that can hold a duration, the finest first, with their unit (µs). */
export const APACHE_DURATIONS = DURATIONS;

function durationOf(values: ReadonlyMap<string, string>): Pick<LogEntry, 'durationUs' | 'durationResolutionUs'> {
  for (const [name, unitUs] of DURATIONS) {
    const count = countOf(values.get(name));
    if (count !== undefined && Number.isSafeInteger(count * unitUs))
      return { durationUs: count * unitUs, durationResolutionUs: unitUs };
  }
  return {};
}

function extraOf(values: ReadonlyMap<string, string>, size: string | undefined): Record<string, string> {
  const extra: Record<string, string> = {};
  for (const [name, value] of values) {
    if (MAPPED.has(name) || name === size || /^(?:begin|end):/.test(name)) continue;
    // Without the final status it is the status; with it, it tells of an internal redirect.
    if (name === 's' && (!values.has('>s') || values.get('>s') === value)) continue;
    // By the name in braces, which is what users know; a request and an answer header of one name need the letter.
    const plain = /^\{(.*)\}(?:[Ceinox]|\^t[io])$/s.exec(name)?.[1] ?? name;
    extra[Object.hasOwn(extra, plain) ? name : plain] = value;
  }
  return extra;
}

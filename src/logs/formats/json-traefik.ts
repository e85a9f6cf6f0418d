/** Fields of Traefik's JSON access log. */
import type { LogEntry, UpstreamTry } from '../../model/log.ts';
import { addressOf, known, portOf, requestIds, targetParts } from './clf-request.ts';
import { type IsoReader, isoTimeOf, type WrittenTime } from './json-time.ts';
import { extraOf, type JsonObject, objectOf, own, statusOf, textOf, wholeOf } from './json-value.ts';

/** Two of its own keys: any of them may be dropped by `fields.names`. */
export function isTraefikJson(record: JsonObject): boolean {
  const keys = [
    'DownstreamStatus',
    'RequestMethod',
    'OriginStatus',
    'RouterName',
    'StartUTC',
    'ClientAddr',
    'Overhead',
  ];
  return keys.filter((key) => Object.hasOwn(record, key)).length >= 2;
}

/** `StartUTC` or `StartLocal`; `time`, which is the end in whole seconds, is not taken for them. */
export function traefikTime(record: JsonObject, read: IsoReader): WrittenTime | undefined {
  const time = isoTimeOf(own(record, 'StartUTC'), read) ?? isoTimeOf(own(record, 'StartLocal'), read);
  // Go leaves out trailing zeros: the time is always as fine as its clock.
  return time === undefined ? undefined : { ...time, resolutionUs: 1 };
}

/** A status of 0 is that of an answer that never began. */
export function traefikStatus(record: JsonObject): number | undefined {
  return statusOf(own(record, 'DownstreamStatus'));
}

/** µs of whole ns, which may stand as a text. */
export function nanosUs(value: unknown): number | undefined {
  const ns = typeof value === 'number' ? value : wholeOf(value);
  return ns !== undefined && Number.isSafeInteger(ns) && ns >= 0 ? Math.floor(ns / 1_000) : undefined;
}

/** Whether the line says which member was asked: Traefik sets these fields behind its routers only. */
export function namesMember(record: JsonObject): boolean {
  return ['ServiceURL', 'ServiceAddr'].some((key) => Object.hasOwn(record, key));
}

/** Before 3.0 `ServiceURL` is Go's URL as an object. */
function memberOf(record: JsonObject): string | undefined {
  const url = own(record, 'ServiceURL');
  const host = textOf(own(objectOf(url), 'Host'));
  const text = textOf(url);
  return (
    textOf(own(record, 'ServiceAddr')) ??
    host ??
    (text === undefined ? undefined : (/^[a-z0-9+.-]+:\/\/([^/?#]+)/i.exec(text)?.[1] ?? text))
  );
}

function upstreamOf(record: JsonObject, logsMembers: boolean): readonly UpstreamTry[] | undefined {
  const address = memberOf(record);
  if (address === undefined) return logsMembers && !Object.hasOwn(record, 'OriginStatus') ? [] : undefined;
  const status = statusOf(own(record, 'OriginStatus'));
  return [
    {
      address,
      ...known({
        status: status === 0 ? undefined : status,
        responseUs: nanosUs(own(record, 'OriginDuration')),
        bytesReceived: wholeOf(own(record, 'OriginContentSize')),
      }),
    },
  ];
}

/** `request_User-Agent`: headers that `fields.headers` keeps. Their names are written as they are configured. */
function headerOf(record: JsonObject, name: string): string | undefined {
  const wanted = `request_${name}`;
  const key = Object.hasOwn(record, wanted)
    ? wanted
    : Object.keys(record).find((one) => one.toLowerCase() === wanted.toLowerCase());
  return key === undefined ? undefined : textOf(record[key]);
}

/** `logsMembers`: lines of this file do name members, so that one without made no attempt. */
export function traefikJsonEntry(record: JsonObject, time: WrittenTime, logsMembers: boolean): LogEntry {
  const field = (key: string): string | undefined => textOf(own(record, key));
  const target = targetParts(field('RequestPath') ?? '');
  const status = traefikStatus(record);
  const durationUs = nanosUs(own(record, 'Duration'));
  const userAgent = headerOf(record, 'User-Agent');
  const trace = [field('TraceId'), field('trace_id')].find(
    (id) => id !== undefined && /^(?!0{32})[0-9a-f]{32}$/.test(id),
  );
  const ids = requestIds({
    userAgent,
    query: target.query,
    trace: headerOf(record, 'Traceparent'),
    request: headerOf(record, 'X-Request-Id'),
  });
  return {
    format: 'traefik',
    kind: 'access',
    atUs: time.atUs,
    stamp: 'start',
    resolutionUs: time.resolutionUs,
    ...known({
      method: field('RequestMethod'),
      ...target,
      status,
      durationUs,
      durationResolutionUs: durationUs === undefined ? undefined : 1,
      bytesSent: wholeOf(own(record, 'DownstreamContentSize')),
      bytesReceived: wholeOf(own(record, 'RequestContentSize')),
      clientIp: addressOf(field('ClientHost')),
      clientPort: portOf(field('ClientPort')),
      host: field('RequestAddr') ?? field('RequestHost'),
      userAgent,
      upstream: upstreamOf(record, logsMembers),
      retries: wholeOf(own(record, 'RetryAttempts')),
      clientGone: status === 499 ? true : undefined,
      extra: extraOf({
        router: own(record, 'RouterName'),
        service: own(record, 'ServiceName'),
        originStatus: own(record, 'OriginStatus'),
        originDuration: own(record, 'OriginDuration'),
        overhead: own(record, 'Overhead'),
        entryPoint: own(record, 'entryPointName'),
        requestCount: own(record, 'RequestCount'),
      }),
    }),
    ids: trace === undefined ? ids : { ...ids, trace },
  };
}

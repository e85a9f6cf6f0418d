/** Fields of Caddy's JSON entries. */
import type { LogEntry, UpstreamTry } from '../../model/log.ts';
import { addressOf, known, portOf, requestIds, targetParts } from './clf-request.ts';
import { textSecondsUs } from './clf-time.ts';
import { epochTimeOf, type IsoReader, isoTimeOf, type WrittenTime } from './json-time.ts';
import {
  extraOf,
  goDurationUs,
  type JsonObject,
  millisOf,
  objectOf,
  own,
  secondsOf,
  statusOf,
  textOf,
  wholeOf,
} from './json-value.ts';

/** `plain`: what Caddy says about itself while all is well. */
export type CaddyKind = 'access' | 'error' | 'event' | 'plain';

/** `ts`, `msg` and `level` are the encoder's names unless the configuration gives others. */
export function isCaddyJson(record: JsonObject): boolean {
  return (
    typeof own(record, 'msg') === 'string' && typeof own(record, 'level') === 'string' && Object.hasOwn(record, 'ts')
  );
}

export function caddyKind(record: JsonObject): CaddyKind {
  const logger = textOf(own(record, 'logger')) ?? '';
  const level = textOf(own(record, 'level')) ?? '';
  const message = textOf(own(record, 'msg')) ?? '';
  const hasRequest = objectOf(own(record, 'request')) !== undefined;
  if (hasRequest && (logger.startsWith('http.log.access') || message === 'handled request')) return 'access';
  const isAlarm = /^(?:warn|error|fatal|panic|dpanic)$/i.test(level);
  if (logger.startsWith('http.log.error')) return 'error';
  if (logger.includes('health_checker')) return 'event';
  if (logger.startsWith('http.handlers.')) return isAlarm || Object.hasOwn(record, 'error') ? 'error' : 'plain';
  return isAlarm ? 'event' : 'plain';
}

/** Most places of a key that are looked at: a line has it once or twice. */
const MAX_PLACES = 20;

/** Digits of a number as they stand in the text of its record, or the text itself of one. The first place that means the same counts. */
export function numberIn(text: string, key: string, value: unknown): string | undefined {
  if (typeof value === 'string') return textOf(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const marker = `"${key}":`;
  let at = text.indexOf(marker);
  for (let place = 0; at >= 0 && place < MAX_PLACES; place++, at = text.indexOf(marker, at + 1)) {
    const digits = /^\s*(-?\d[\d.eE+-]{0,60})/.exec(text.slice(at + marker.length, at + marker.length + 80))?.[1];
    if (digits !== undefined && Number(digits) === value) return digits;
  }
  return undefined;
}

export function caddyTime(record: JsonObject, text: string, read: IsoReader): WrittenTime | undefined {
  const digits = numberIn(text, 'ts', own(record, 'ts'));
  if (digits === undefined) return undefined;
  const time = epochTimeOf(digits);
  // Of a count with a fraction Caddy leaves out trailing zeros: it is always as fine as its clock.
  if (time !== undefined) return digits.includes('.') ? { ...time, resolutionUs: 1 } : time;
  return isoTimeOf(digits, read);
}

/**
 * µs of a duration as logged: seconds with a fraction (the default) or Go's text. Whole numbers may be ns or ms, as the encoder is told,
 * and say nothing.
 */
export function caddyDurationUs(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  if (/[a-zµμ]$/.test(duration)) return goDurationUs(duration);
  return duration.includes('.') || duration === '0' ? textSecondsUs(duration) : undefined;
}

/** Health checks and proxies name a member by one of these; `log_append` under any name that begins so. */
const MEMBER = /^(?:upstream(?:_?(?:host|hostport|address|addr))?|upstream_?hostport)$/;

function upstreamOf(record: JsonObject): readonly UpstreamTry[] | undefined {
  const key = Object.keys(record).find((one) => MEMBER.test(one));
  const address = key === undefined ? undefined : textOf(record[key]);
  // A placeholder that had no value stands for itself.
  if (address === undefined || address.startsWith('{')) return undefined;
  const ms = (names: readonly string[]): number | undefined =>
    names.map((name) => millisOf(own(record, name))).find((us) => us !== undefined);
  return [
    {
      address,
      ...known({
        headerUs: ms(['upstream_latency_ms', 'latency_ms']),
        responseUs: ms(['upstream_duration_ms']),
      }),
    },
  ];
}

function firstOf(headers: JsonObject | undefined, name: string): string | undefined {
  const value = own(headers, name);
  return textOf(Array.isArray(value) ? value[0] : value);
}

/** `duration`: as `numberIn` gives it. */
export function caddyEntry(
  record: JsonObject,
  kind: CaddyKind,
  time: WrittenTime,
  duration: string | undefined,
): LogEntry {
  const request = objectOf(own(record, 'request'));
  const headers = objectOf(own(request, 'headers'));
  const field = (key: string): string | undefined => textOf(own(request, key));
  const target = targetParts(field('uri') ?? '');
  // Before 2.5 both stood in one field.
  const old = /^\[?([^\]]+)\]?:(\d+)$/.exec(field('remote_addr') ?? '');
  const status = statusOf(own(record, 'status'));
  const durationUs = caddyDurationUs(duration);
  const userAgent = firstOf(headers, 'User-Agent');
  const isAccess = kind === 'access';
  const trace = /^(?!0{32})[0-9a-f]{32}$/.exec(textOf(own(record, 'traceID')) ?? '')?.[0];
  const ids = requestIds({
    userAgent,
    query: target.query,
    trace: firstOf(headers, 'Traceparent'),
    request: firstOf(headers, 'X-Request-Id'),
    local: duration,
  });
  return {
    format: 'caddy',
    kind: kind === 'plain' ? 'event' : kind,
    atUs: time.atUs,
    stamp: 'end',
    resolutionUs: time.resolutionUs,
    ...known({
      method: field('method'),
      path: target.path,
      query: target.query,
      status,
      level: isAccess ? undefined : textOf(own(record, 'level')),
      durationUs,
      durationResolutionUs: durationUs === undefined ? undefined : 1,
      bytesSent: wholeOf(own(record, 'size')),
      bytesReceived: wholeOf(own(record, 'bytes_read')),
      clientIp: addressOf(field('remote_ip') ?? old?.[1]),
      clientPort: portOf(field('remote_port') ?? old?.[2]),
      host: field('host'),
      userAgent,
      upstream: upstreamOf(record),
      retries: wholeOf(own(record, 'retries')) ?? wholeOf(own(record, 'upstream_retries')),
      clientGone: isAccess && status === 499 ? true : undefined,
      ...messageOf(record, kind),
    }),
    ids: ids.trace === undefined && trace !== undefined ? { ...ids, trace } : ids,
  };
}

/**
 * What another server wrote into the answer: its `Server` beside Caddy's own (measured with 2.6), or that Caddy names itself as a proxy in
 * `Via` (2.9 and later). Undefined: nothing tells that the answer came from behind.
 */
function answeredBy(record: JsonObject): string | undefined {
  const headers = objectOf(own(record, 'resp_headers'));
  const textsOf = (name: string): readonly string[] => {
    const value = own(headers, name);
    return Array.isArray(value) ? value.flatMap((one) => textOf(one) ?? []) : [];
  };
  const server = textsOf('Server').find((one) => one !== 'Caddy');
  if (server !== undefined && textsOf('Server').includes('Caddy')) return `Server: ${server}`;
  const via = textsOf('Via').find((one) => /\bCaddy\b/i.test(one));
  return via === undefined ? undefined : `Via: ${via}`;
}

function messageOf(record: JsonObject, kind: CaddyKind): Pick<LogEntry, 'message' | 'extra'> {
  const said = textOf(own(record, 'msg'));
  const error = textOf(own(record, 'error'));
  // At debug level each attempt is an entry, whose error is the cause.
  const isAttempt = said === 'upstream roundtrip' && error !== undefined;
  const message = isAttempt ? error : said;
  const extra = extraOf({
    logger: own(record, 'logger'),
    msg: isAttempt ? said : undefined,
    error: isAttempt ? undefined : error,
    err_id: own(record, 'err_id'),
    err_trace: own(record, 'err_trace'),
    'answered-by': kind === 'access' ? answeredBy(record) : undefined,
    latency: secondsOf(own(record, 'latency')) === undefined ? undefined : own(record, 'latency'),
  });
  return {
    ...(kind === 'access' || message === undefined ? {} : { message }),
    ...(extra === undefined ? {} : { extra }),
  };
}

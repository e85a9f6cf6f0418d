/** Request log of Google Cloud's HTTP(S) load balancers: entries of Cloud Logging. */
import type { UpstreamTry } from '../../model/log.ts';
import type { FormatOptions, LogFormat } from '../format.ts';
import { addressOf, known, portOf, requestIds, targetParts } from './clf-request.ts';
import { createRecordReader, headRecords, type RecordRead } from './json-records.ts';
import { createIsoReader, type IsoReader, isoTimeOf } from './json-time.ts';
import { extraOf, type JsonObject, objectOf, own, secondsOf, statusOf, textOf, wholeOf } from './json-value.ts';

/** Resource types of Google's proxies: classic, global, regional, internal, and with CDN. */
const RESOURCE = /^(?:http_load_balancer|(?:http_external_regional|internal_http)_lb_rule)$/;

function isBalancer(record: JsonObject): boolean {
  if (objectOf(own(record, 'httpRequest')) === undefined) return false;
  const type = textOf(own(objectOf(own(record, 'jsonPayload')), '@type')) ?? '';
  return type.includes('loadbalancing') || RESOURCE.test(textOf(own(objectOf(own(record, 'resource')), 'type')) ?? '');
}

/** An entry of Cloud Logging about something else. */
function isOther(record: JsonObject): boolean {
  return textOf(own(record, 'logName')) !== undefined || textOf(own(record, 'insertId')) !== undefined;
}

function readRecord(record: JsonObject, readTime: IsoReader): RecordRead {
  if (!isBalancer(record)) return isOther(record) ? 'other' : 'bad';
  const time = isoTimeOf(own(record, 'timestamp'), readTime);
  if (time === undefined) return 'bad';
  const request = objectOf(own(record, 'httpRequest'));
  const payload = objectOf(own(record, 'jsonPayload'));
  const field = (key: string): string | undefined => textOf(own(request, key));
  const target = targetParts(field('requestUrl') ?? '');
  const client = endpointOf(field('remoteIp') ?? textOf(own(payload, 'remoteIp')));
  const flags = textOf(own(payload, 'statusDetails'));
  const durationUs = secondsOf(field('latency')?.replace(/s$/, ''));
  const status = statusOf(own(request, 'status'));
  const userAgent = field('userAgent');
  return {
    format: 'gcp',
    kind: 'access',
    atUs: time.atUs,
    stamp: 'start',
    // Trailing zeros of times and durations are left out (JSON of Protocol Buffers): they are always this fine.
    resolutionUs: 1,
    ...known({
      method: field('requestMethod'),
      ...target,
      status,
      flags,
      level: textOf(own(record, 'severity')),
      durationUs,
      durationResolutionUs: durationUs === undefined ? undefined : 1,
      bytesSent: wholeOf(own(request, 'responseSize')),
      bytesReceived: wholeOf(own(request, 'requestSize')),
      clientIp: client.ip,
      clientPort: client.port,
      userAgent,
      upstream: upstreamOf(field('serverIp'), status, flags),
      clientGone: flags?.startsWith('client_disconnected') === true ? true : undefined,
      extra: extraOfRecord(record, request, payload),
    }),
    ids: { ...requestIds({ userAgent, query: target.query }), ...traceOf(record) },
  };
}

/** `projects/<project>/traces/<32 hex digits>`. */
function traceOf(record: JsonObject): { readonly trace?: string } {
  const trace = /(?:^|\/)(?!0{32})([0-9a-f]{32})$/.exec(textOf(own(record, 'trace')) ?? '')?.[1];
  return trace === undefined ? {} : { trace };
}

/** `192.0.2.7`, `192.0.2.7:4711`, `[2001:db8::7]:4711`. */
function endpointOf(text: string | undefined): { readonly ip: string | undefined; readonly port: number | undefined } {
  const plain = addressOf(text);
  if (text === undefined || plain !== undefined) return { ip: plain, port: undefined };
  const found = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(text);
  return { ip: addressOf(found?.[1]), port: portOf(found?.[2]) };
}

/** `serverIp`: the backend that was asked. Its status is the answer's where Google says that it was passed on. */
function upstreamOf(
  address: string | undefined,
  status: number | undefined,
  flags: string | undefined,
): readonly UpstreamTry[] | undefined {
  if (address === undefined) return undefined;
  return [{ address, ...known({ status: flags === 'response_sent_by_backend' ? status : undefined }) }];
}

function extraOfRecord(
  record: JsonObject,
  request: JsonObject | undefined,
  payload: JsonObject | undefined,
): Readonly<Record<string, string>> | undefined {
  const labels = objectOf(own(objectOf(own(record, 'resource')), 'labels'));
  return extraOf({
    proxyStatus: own(payload, 'proxyStatus'),
    backendTargetProjectNumber: own(payload, 'backendTargetProjectNumber'),
    backendServiceName: own(labels, 'backend_service_name'),
    cacheHit: own(request, 'cacheHit'),
    insertId: own(record, 'insertId'),
  });
}

/** One entry a line, an array of them (`gcloud logging read --format=json`), or the API's `{"entries":[…]}`; printed in any way. */
export const gcp: LogFormat = {
  id: 'gcp',
  title: 'Google Cloud load balancer log',
  stamp: 'start',
  // Entries reach Cloud Logging within seconds as a rule, and Google promises no time; five minutes is an estimate.
  flushGuardUs: 300_000_000,
  recognise(head) {
    const records = headRecords(head);
    const balancers = records.filter(isBalancer).length;
    // Entries of other services may stand between.
    return balancers === 0 ? 0 : 0.6 + (0.35 * balancers) / records.length;
  },
  reading: {
    unit: 'document',
    open: (_options: FormatOptions) => {
      const readTime = createIsoReader();
      return createRecordReader((record) => readRecord(record, readTime));
    },
  },
};

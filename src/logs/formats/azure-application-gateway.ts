/** Access log of Azure Application Gateway, as Azure Monitor exports it and as Log Analytics gives it back. */
import type { LogEntry, UpstreamTry } from '../../model/log.ts';
import type { FormatOptions, LogFormat } from '../format.ts';
import { addressOf, known, portOf, requestIds, targetParts } from './clf-request.ts';
import { createRecordReader, headRecords, type RecordRead } from './json-records.ts';
import { createIsoReader, type IsoReader, isoTimeOf } from './json-time.ts';
import {
  createFields,
  extraOf,
  type JsonObject,
  millisOf,
  objectOf,
  own,
  secondsOf,
  statusOf,
  textOf,
  wholeOf,
} from './json-value.ts';

/** `timeTaken`, `timeTaken_d` (Log Analytics adds the type) and `TimeTaken` (table AGWAccessLogs) are one field. */
function spell(key: string): string {
  return key
    .replace(/_[sdgbt]$/, '')
    .replaceAll('_', '')
    .toLowerCase();
}

type Fields = ReadonlyMap<string, unknown>;

/** Fields that only the second generation logs (Microsoft's reference of both schemas); its times are seconds. */
const V2_ONLY = ['transactionid', 'timestamp', 'originalrequesturiwithargs', 'upstreamsourceport', 'errorinfo'];

/**
 * Unit of `timeTaken`: the first generation writes ms, the second seconds, under the same name. Told by what else the record has, never by
 * the size of the number; undefined where the record has marks of both or none.
 */
function isSeconds(fields: Fields, record: JsonObject): boolean | undefined {
  const isSecond = V2_ONLY.some((name) => fields.has(name)) || Object.hasOwn(record, 'TimeTaken');
  const instance = textOf(fields.get('instanceid')) ?? '';
  const isFirst =
    instance.startsWith('ApplicationGatewayRole') ||
    /X-AzureApplicationGateway-/.test(textOf(fields.get('requestquery')) ?? '');
  return isSecond === isFirst ? undefined : isSecond;
}

const CATEGORY = /^(?:ApplicationGatewayAccessLog|AGWAccessLogs)$/;
const MILLISECOND_US = 1_000;

function isAccess(fields: Fields): boolean {
  const category = textOf(fields.get('category')) ?? textOf(fields.get('type'));
  if (category !== undefined && CATEGORY.test(category)) return true;
  return (
    (category === undefined || category === 'AzureDiagnostics') && fields.has('httpstatus') && fields.has('timetaken')
  );
}

/** Another log of the same gateway, or of Azure at all. */
function isOther(fields: Fields): boolean {
  return fields.has('category') || fields.has('operationname');
}

function readRecord(record: JsonObject, fields: Fields, readTime: IsoReader): RecordRead {
  if (!isAccess(fields)) return isOther(fields) ? 'other' : 'bad';
  const times = ['timestamp', 'time', 'timegenerated', 'timegenerated [utc]'];
  const time = times.map((name) => isoTimeOf(fields.get(name), readTime)).find((one) => one !== undefined);
  if (time === undefined) return 'bad';
  const unit = isSeconds(fields, record);
  const taken = fields.get('timetaken');
  const durationUs = unit === undefined ? undefined : unit ? secondsOf(taken) : millisOf(taken);
  const first = firstGenerationQuery(textOf(fields.get('requestquery')) ?? '');
  const target = targetParts(
    textOf(fields.get('originalrequesturiwithargs')) ?? textOf(fields.get('requesturi')) ?? '',
  );
  const query = target.query ?? first.query;
  const userAgent = textOf(fields.get('useragent'));
  const status = statusOf(fields.get('httpstatus'));
  const flags = textOf(fields.get('errorinfo'));
  return {
    format: 'azure-application-gateway',
    kind: 'access',
    ...time,
    stamp: 'end',
    ...known({
      method: textOf(fields.get('httpmethod')),
      path: target.path,
      query,
      status,
      flags,
      durationUs,
      durationResolutionUs: durationUs === undefined ? undefined : MILLISECOND_US,
      bytesSent: wholeOf(fields.get('sentbytes')),
      bytesReceived: wholeOf(fields.get('receivedbytes')),
      clientIp: addressOf(textOf(fields.get('clientip'))),
      clientPort: portOf(textOf(fields.get('clientport'))),
      hostName: textOf(fields.get('instanceid')),
      host: textOf(fields.get('originalhost')) ?? textOf(fields.get('host')),
      userAgent,
      upstream: upstreamOf(fields) ?? first.upstream,
      clientGone: status === 499 || flags?.endsWith('CLIENT_CLOSED_REQUEST') === true ? true : undefined,
      extra: extraOfRecord(fields),
    }),
    ids: requestIds({ userAgent, query, request: textOf(fields.get('transactionid')) ?? first.id }),
  };
}

/** The first generation is built on ARR and appends to the query what it did. */
function firstGenerationQuery(text: string): Pick<LogEntry, 'query' | 'upstream'> & { readonly id?: string } {
  const at = text.search(/(?:^|[?&])X-AzureApplicationGateway-/);
  const query = (at < 0 ? text : text.slice(0, at)).replace(/^\?/, '');
  const appended = at < 0 ? '' : text.slice(at);
  const value = (key: string): string | undefined => textOf(new RegExp(`[?&]?\\b${key}=([^&]*)`).exec(appended)?.[1]);
  const address = value('SERVER-ROUTED');
  const status = statusOf(value('SERVER-STATUS'));
  const id = value('X-AzureApplicationGateway-LOG-ID');
  return known({
    query: query === '' ? undefined : query,
    upstream: address === undefined ? undefined : [{ address, ...known({ status }) }],
    id,
  });
}

/** The second generation is built on nginx: where it tried several servers, fields are lists of the same length. */
function upstreamOf(fields: Fields): readonly UpstreamTry[] | undefined {
  if (!fields.has('serverrouted')) return undefined;
  const addresses = listOf(fields.get('serverrouted'));
  if (addresses.every((address) => textOf(address) === undefined)) return [];
  const column = (name: string): readonly string[] => {
    const list = listOf(fields.get(name));
    return list.length === addresses.length ? list : [];
  };
  const status = column('serverstatus');
  const connect = column('serverconnecttime');
  const header = column('serverheadertime');
  const response = column('serverresponselatency');
  return addresses.map((address, at) => ({
    address,
    ...known({
      status: statusOf(status[at]),
      connectUs: secondsOf(connect[at]),
      headerUs: secondsOf(header[at]),
      responseUs: secondsOf(response[at]),
    }),
  }));
}

function listOf(value: unknown): readonly string[] {
  return (textOf(value) ?? '').split(', ').map((one) => one.trim());
}

function extraOfRecord(fields: Fields): Readonly<Record<string, string>> | undefined {
  return extraOf({
    upstreamSourcePort: fields.get('upstreamsourceport'),
    serverResponseLatency: fields.get('serverresponselatency'),
    clientResponseTime: fields.get('clientresponsetime'),
    WAFEvaluationTime: fields.get('wafevaluationtime'),
    requestUri: fields.has('originalrequesturiwithargs') ? fields.get('requesturi') : undefined,
    listenerName: fields.get('listenername'),
    ruleName: fields.get('rulename'),
    backendPoolName: fields.get('backendpoolname'),
    backendSettingName: fields.get('backendsettingname'),
  });
}

function createRead(): (record: JsonObject) => RecordRead {
  const fieldsOf = createFields(spell);
  // Azure writes UTC everywhere; the portal's own export leaves the zone out.
  const readTime = createIsoReader((localMs) => localMs);
  return (record) => {
    const inner = objectOf(own(record, 'properties'));
    return readRecord(record, inner === undefined ? fieldsOf(record) : fieldsOf(inner, record), readTime);
  };
}

/**
 * Both generations, as Azure Monitor exports them (a record a line, in an array, in `{"records":[…]}`) and with the names of Log Analytics.
 * `timeStamp` has the form of nginx's `$time_iso8601`, which the second generation is built on: it marks the end; Microsoft does not say.
 */
export const azureApplicationGateway: LogFormat = {
  id: 'azure-application-gateway',
  title: 'Azure Application Gateway access log',
  stamp: 'end',
  // Records are collected every 60 s (Microsoft's documentation) and then exported in batches; five minutes is an estimate.
  flushGuardUs: 300_000_000,
  recognise(head) {
    const fieldsOf = createFields(spell);
    let found = 0;
    const records = headRecords(head);
    for (const record of records) {
      const inner = objectOf(own(record, 'properties'));
      const fields = inner === undefined ? fieldsOf(record) : fieldsOf(inner, record);
      if (isAccess(fields) && fields.has('httpstatus')) found++;
    }
    // Other logs of the gateway may stand between.
    return found === 0 ? 0 : 0.6 + (0.35 * found) / records.length;
  },
  reading: { unit: 'document', open: (_options: FormatOptions) => createRecordReader(createRead()) },
};

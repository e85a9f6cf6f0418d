/** Gathers the events of one failed request into an entry. */
import type { LogEntry, TraceStep, UpstreamTry } from '../../model/log.ts';
import { errorNumberIn, hexOf, plainWin32 } from './iis-codes.ts';
import { type FrebEvent, headersIn, keptData, notificationOf } from './iis-freb-event.ts';
import { arrIdOf, cutArrKeys, requestIds, splitTarget } from './iis-query.ts';
import { given } from './w3c-entry.ts';

/** Steps that a reader of the report looks for; a trace has hundreds of others (each module twice at each stage). */
const TOLD =
  /^(?:ARR_.*|GENERAL_REQUEST_(?:START|END|HEADERS)|GENERAL_(?:RESPONSE_HEADERS|SET_REQUEST_HEADER|SEND_CUSTOM_ERROR|ENDPOINT_INFORMATION)|GENERAL_FLUSH_RESPONSE_(?:START|END)|MODULE_SET_RESPONSE_ERROR_STATUS|LOG_FILE_MAX_SIZE_TRUNCATE)$/;
const ROUTED = /^ARR_(?:SERVER|REQUEST)_ROUTED$/;
/** ARR writes about 20 such events for one request; retries and many headers are far below this. */
const MAX_STEPS = 200;
const MAX_TRIES = 20;
/** Peer gone, as Windows says it: ERROR_NETNAME_DELETED, ERROR_CONNECTION_INVALID, ERROR_CONNECTION_ABORTED. */
const CLIENT_GONE: readonly number[] = [64, 1229, 1236];

const MS_US = 1000;
const ATTRIBUTES = ['siteId', 'activityId', 'failureReason', 'triggerStatusCode', 'authenticationType'];

export type FrebTrace = {
  add(event: FrebEvent): void;
  /** Undefined when no event has told a time. */
  entry(): LogEntry | undefined;
};

export function createFrebTrace(root: Readonly<Record<string, string>>): FrebTrace {
  const steps: TraceStep[] = [];
  const upstream: UpstreamTry[] = [];
  const seen: Record<string, FrebEvent> = {};
  let last: FrebEvent | undefined;
  let arrId: string | undefined;
  let isClientGone = false;

  return {
    add: (event) => {
      last = event;
      const { name, data } = event;
      if (TOLD.test(name)) {
        seen[name] = event;
        // A request that was routed again and again: its end matters more than its middle.
        if (steps.length >= MAX_STEPS) steps.splice(MAX_STEPS / 2, 1);
        steps.push({ name, atUs: event.atUs, data: keptData(event) });
      }
      const server = data['Server'];
      if (ROUTED.test(name) && server !== undefined && server !== '' && upstream.length < MAX_TRIES)
        upstream.push({ address: server });
      if (name === 'GENERAL_SET_REQUEST_HEADER' && /^x-arr-log-id$/i.test(data['HeaderName'] ?? ''))
        arrId = arrIdOf(data['HeaderValue'] ?? '') ?? arrId;
      if (name === 'GENERAL_FLUSH_RESPONSE_END') {
        const error = errorNumberIn(data['ErrorCode'] ?? '');
        if (error !== undefined && CLIENT_GONE.includes(plainWin32(error))) isClientGone = true;
      }
    },
    entry: () => {
      const end = seen['GENERAL_REQUEST_END'];
      const atUs = (end ?? last)?.atUs;
      if (atUs === undefined) return undefined;
      const headers = headersIn(seen['GENERAL_REQUEST_HEADERS']?.data['Headers'] ?? '');
      const extra: Record<string, string> = {};
      for (const name of ATTRIBUTES) if ((root[name] ?? '') !== '') extra[name] = root[name] as string;
      return {
        format: 'freb',
        kind: 'trace',
        atUs,
        stamp: 'end',
        resolutionUs: MS_US,
        ...given('method', text(root['verb'])),
        ...placeOf(root['url'] ?? '', headers, arrId, extra),
        ...statusOf(root['statusCode'], end),
        ...errorOf(seen['MODULE_SET_RESPONSE_ERROR_STATUS'], extra),
        ...durationOf(root['timeTaken']),
        ...given('bytesSent', whole(end?.data['BytesSent'])),
        ...given('bytesReceived', whole(end?.data['BytesReceived'])),
        ...endpointOf(seen['GENERAL_ENDPOINT_INFORMATION']),
        ...(upstream.length === 0 ? {} : { upstream }),
        ...(isClientGone ? { clientGone: true } : {}),
        steps,
        ...given('pool', text(root['appPoolId'])),
        ...given('processId', whole(root['processId'])),
        ...(Object.keys(extra).length === 0 ? {} : { extra }),
      };
    },
  };
}

function text(value: string | undefined): string | undefined {
  return value === undefined || value === '' || value === '-' ? undefined : value;
}

function whole(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** Path, query, host and ids. The address in the trace always has a port, and the host that the client asked for. */
function placeOf(
  url: string,
  headers: Readonly<Record<string, string>>,
  arrId: string | undefined,
  extra: Record<string, string>,
) {
  const [, scheme = '', host = '', target = url] = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  const { path, query } = splitTarget(target);
  const cut = cutArrKeys(query);
  Object.assign(extra, cut.extra);
  const usualPort = scheme.toLowerCase() === 'https' ? /:443$/ : /:80$/;
  const userAgent = text(headers['user-agent']);
  return {
    ...given('path', text(path)),
    ...given('query', cut.query),
    ...given('host', text(headers['host']) ?? text(host.replace(usualPort, ''))),
    ...given('userAgent', userAgent),
    ids: requestIds({
      ...given('userAgent', userAgent),
      ...given('query', cut.query),
      ...given('arrId', arrId ?? arrIdOf(headers['x-arr-log-id'] ?? '') ?? cut.arrId),
      ...given('trace', headers['traceparent']),
    }),
  };
}

/** `502.3`, or `404` for a substatus of 0 or none. */
function statusOf(code: string | undefined, end: FrebEvent | undefined) {
  const match = /^(\d{3})(?:\.(\d{1,6}))?$/.exec(code ?? '');
  const status = match?.[1] ?? end?.data['HttpStatus'];
  const substatus = match?.[2] ?? end?.data['HttpSubStatus'];
  return { ...given('status', whole(status)), ...given('substatus', whole(substatus)) };
}

/** The last module that set an error: its number in `win32` and `code`, its name and stage in `extra`. */
function errorOf(event: FrebEvent | undefined, extra: Record<string, string>) {
  if (event === undefined) return {};
  const { data } = event;
  const notification = notificationOf(event);
  if (text(data['ModuleName']) !== undefined) extra['module'] = data['ModuleName'] as string;
  if (notification !== undefined) extra['notification'] = notification;
  const verbatim = data['ErrorCode'] ?? '';
  const number = errorNumberIn(verbatim);
  if (number === undefined) return {};
  extra['win32'] = verbatim.slice(0, 500);
  return { win32: plainWin32(number), code: hexOf(number) };
}

function durationOf(timeTaken: string | undefined) {
  const ms = whole(timeTaken);
  return ms === undefined || ms > Number.MAX_SAFE_INTEGER / MS_US
    ? {}
    : { durationUs: ms * MS_US, durationResolutionUs: MS_US };
}

function endpointOf(event: FrebEvent | undefined) {
  const data = event?.data ?? {};
  return {
    ...given('clientIp', text(data['RemoteAddress'])),
    ...given('clientPort', whole(data['RemotePort'])),
    ...given('serverIp', text(data['LocalAddress'])),
    ...given('serverPort', whole(data['LocalPort'])),
  };
}

/** What varnishlog says about one transaction, collected record by record. */
import type { LogEntry, UpstreamTry } from '../../model/log.ts';
import { addressOf, countOf, known, portOf, requestIds, targetParts } from './clf-request.ts';
import { textSecondsUs } from './clf-time.ts';
import { statusOf } from './json-value.ts';

/** Of records that come any number of times so many are kept: a request has a handful, a runaway VCL more. */
const MAX_KEPT = 50;

type Try = {
  address: string;
  how?: string;
  connectUs?: number;
  headerUs?: number;
  responseUs?: number;
  status?: number;
};

export type Transaction = {
  readonly type: 'Request' | 'BeReq';
  readonly vxid: string;
  /** Word and vxid behind `Begin`. */
  parent?: { readonly type: string; readonly vxid: string };
  atUs: number;
  durationUs: number;
  method?: string;
  url?: string;
  status?: number;
  readonly headers: Map<string, string>;
  client?: readonly string[];
  account?: readonly string[];
  readonly fetchErrors: string[];
  readonly remarks: Map<string, string[]>;
  readonly tries: Try[];
  isHit: boolean;
  isReset: boolean;
  /** Time since the start at `Fetch`, and what the last timestamp was. */
  fetchUs?: number;
  lastStamp: string;
  isFailed: boolean;
};

export function startTransaction(type: Transaction['type'], vxid: string): Transaction {
  return {
    type,
    vxid,
    atUs: Number.NaN,
    durationUs: -1,
    headers: new Map(),
    fetchErrors: [],
    remarks: new Map(),
    tries: [],
    isHit: false,
    isReset: false,
    lastStamp: '',
    isFailed: false,
  };
}

/** Headers that hold ids, and the name of the host. */
const HEADER = /^(user-agent|host|x-request-id|traceparent):\s*(.*)$/i;
const REMARKS = new Set(['HttpGarbage', 'BogoHeader', 'Error', 'BackendClose', 'VCL_Error', 'LostHeader']);

/** One record: its tag and text. Tags that say nothing about the outcome are passed over. */
export function addRecord(to: Transaction, tag: string, text: string): void {
  const isRequest = to.type === 'Request';
  if (tag === 'Timestamp') addTimestamp(to, text);
  else if (tag === 'Begin') {
    const [type = '', vxid = ''] = text.split(' ', 2);
    to.parent = { type, vxid };
  } else if (tag === 'ReqHeader' || tag === 'BereqHeader') {
    const [, name, value] = HEADER.exec(text) ?? [];
    // The first is what came in: VCL may write another one later.
    if (name !== undefined && value !== undefined && !to.headers.has(name.toLowerCase()))
      to.headers.set(name.toLowerCase(), value);
  } else if (tag === (isRequest ? 'ReqMethod' : 'BereqMethod')) to.method ??= text;
  else if (tag === (isRequest ? 'ReqURL' : 'BereqURL')) {
    if (isRequest) to.url ??= text;
    else to.url = text;
  } else if (tag === (isRequest ? 'RespStatus' : 'BerespStatus')) addStatus(to, text);
  else if (tag === 'ReqStart') to.client = text.split(' ', 2);
  else if (tag === 'ReqAcct') to.account = text.split(' ', 6);
  else if (tag === 'BackendOpen') addTry(to, text);
  else if (tag === 'Hit') to.isHit = true;
  else if (tag === 'FetchError') push(to.fetchErrors, text);
  else if (REMARKS.has(tag)) {
    const list = to.remarks.get(tag) ?? [];
    push(list, text);
    to.remarks.set(tag, list);
  }
}

function push(list: string[], text: string): void {
  if (list.length < MAX_KEPT) list.push(text);
}

/** `Beresp: 1795196829.450244 0.000415 0.000369`: absolute, since the start, since the last one; seconds. */
function addTimestamp(to: Transaction, text: string): void {
  const [, name = '', at = '', since = '', last = ''] = /^(\w+): (\S+) (\S+) (\S+)/.exec(text) ?? [];
  const atUs = textSecondsUs(at);
  const sinceUs = textSecondsUs(since);
  if (atUs === undefined || sinceUs === undefined || !Number.isSafeInteger(atUs) || !Number.isSafeInteger(sinceUs))
    return;
  // The rotation of a log may have taken the first ones away.
  if (Number.isNaN(to.atUs)) to.atUs = atUs - sinceUs;
  if (sinceUs > to.durationUs) to.durationUs = sinceUs;
  const current = to.tries.at(-1);
  if (name === 'Fetch') to.fetchUs = sinceUs;
  if (name === 'Error') to.isFailed = true;
  if (name === 'Reset') to.isReset = true;
  if (to.type === 'BeReq' && to.tries.length === 1 && current !== undefined && to.fetchUs !== undefined) {
    // Of later attempts it is not written when they began.
    if (name === 'Beresp') current.headerUs = sinceUs - to.fetchUs;
    if (name === 'BerespBody') current.responseUs = sinceUs - to.fetchUs;
  }
  const lastUs = textSecondsUs(last);
  to.lastStamp = name === 'Connected' && to.lastStamp === 'Fetch' ? `Connected ${lastUs ?? ''}` : name;
}

/** `23 default 192.0.2.8 8080 192.0.2.1 45166 reuse`. */
function addTry(to: Transaction, text: string): void {
  const [, , ip = '', port = '', , , how] = text.split(' ', 7);
  if (ip === '' || to.tries.length >= MAX_KEPT) return;
  const connected = /^Connected (\d+)$/.exec(to.lastStamp)?.[1];
  to.tries.push({
    address: ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`,
    ...(how === undefined ? {} : { how }),
    ...(connected === undefined || how === 'reuse' ? {} : { connectUs: Number(connected) }),
  });
}

/** Behind `Beresp` stands the member's own status; before it, and behind `Error`, one that Varnish sets itself. */
function addStatus(to: Transaction, text: string): void {
  const status = statusOf(text);
  if (status === undefined) return;
  to.status = status;
  const current = to.tries.at(-1);
  if (to.type === 'BeReq' && to.lastStamp === 'Beresp' && !to.isFailed && current !== undefined)
    current.status = status;
}

/** `client`: vxid of the client's request that a transaction belongs to. */
export function transactionEntry(of: Transaction, client: string): LogEntry {
  const isRequest = of.type === 'Request';
  const target = targetParts(of.url ?? '');
  const said = of.fetchErrors.length > 0 ? of.fetchErrors : isRequest ? [] : (of.remarks.get('Error') ?? []);
  const extra: Record<string, string> = { vxid: of.vxid };
  for (const [tag, texts] of of.remarks) extra[tag] = texts.join('\n');
  const opened = of.tries.flatMap(({ how }) => how ?? []);
  if (opened.length > 0) extra['BackendOpen'] = opened.join(', ');
  if (of.parent !== undefined && !isRequest) extra['parent'] = of.parent.vxid;
  const userAgent = of.headers.get('user-agent');
  return {
    format: 'varnishlog',
    // A fetch that went well is a step of the client's request, not one more request.
    kind: isError(of) ? 'error' : isRequest ? 'access' : 'trace',
    atUs: of.atUs,
    stamp: 'start',
    resolutionUs: 1,
    ...known({
      method: of.method,
      path: target.path,
      query: target.query,
      status: of.status,
      message: said.length === 0 ? undefined : said.join('\n'),
      durationUs: of.durationUs < 0 ? undefined : of.durationUs,
      durationResolutionUs: of.durationUs < 0 ? undefined : 1,
      // Header, body and total received, then sent.
      bytesReceived: countOf(of.account?.[2]),
      bytesSent: countOf(of.account?.[5]),
      clientIp: addressOf(of.client?.[0]),
      clientPort: portOf(of.client?.[1]),
      host: of.headers.get('host') ?? target.host,
      userAgent,
      upstream: isRequest ? (of.isHit ? [] : undefined) : triesOf(of),
      clientGone: of.isReset ? true : undefined,
    }),
    ids: requestIds({
      userAgent,
      query: target.query,
      trace: of.headers.get('traceparent'),
      request: of.headers.get('x-request-id'),
      local: client,
    }),
    extra,
  };
}

export function isError({ type, fetchErrors, remarks }: Transaction): boolean {
  return type === 'BeReq' && (fetchErrors.length > 0 || remarks.has('Error'));
}

/** `backend NAME: fail errno …` is an attempt that no connection came of; a backend that is `unhealthy` or `busy` was not tried. */
function triesOf({ tries, fetchErrors, isFailed }: Transaction): readonly UpstreamTry[] {
  if (tries.length === 0)
    return fetchErrors.flatMap((text) => {
      const name = /^backend (\S+): fail\b/.exec(text)?.[1];
      return name === undefined ? [] : [{ address: name }];
    });
  return tries.map(({ address, status, connectUs, headerUs, responseUs }) => ({
    address,
    ...known({ status, connectUs, headerUs: isFailed && status === undefined ? undefined : headerUs, responseUs }),
  }));
}

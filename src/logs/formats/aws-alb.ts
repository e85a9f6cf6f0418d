/** Access log of AWS's Application Load Balancer. */
import type { LogEntry, UpstreamTry } from '../../model/log.ts';
import { emptyRow, type LineReader, type LogFormat } from '../format.ts';
import { type AlbPlaces, type AlbToken, emptyPlaces, LEAST_TOKENS, PLACE, splitTokens } from './alb-line.ts';
import { addressOf, countOf, known, plainText, portOf, requestIds, requestParts } from './clf-request.ts';
import { headLines, shareOf } from './clf-shares.ts';
import { secondsUs, textSecondsUs } from './clf-time.ts';
import { createIsoReader } from './json-time.ts';
import { digits } from './w3c-bytes.ts';

/** Protocols of requests. `tls` begins lines of Network Load Balancers, a time those of connection logs. */
const TYPE = /^(?:https?|h2|grpcs|wss?)$/;
const DASH = 45;
const TIMES = ['request_processing_time', 'target_processing_time', 'response_processing_time'] as const;

type Times = { atUs: number; resolutionUs: number };

function openAlb(): LineReader {
  const row = emptyRow();
  const readTime = createIsoReader();
  const places = emptyPlaces();
  const time: Times = { atUs: Number.NaN, resolutionUs: 1 };
  const created: Times = { atUs: Number.NaN, resolutionUs: 1 };
  let line: Buffer = Buffer.alloc(0);
  let isSum = false;

  const timeAt = (token: AlbToken, into: Times): boolean => {
    const at = PLACE[token];
    return at < places.count && readTime(line, places.starts[at] as number, places.ends[at] as number, into);
  };
  return {
    row,
    read(buffer, start, end) {
      if (end <= start) return 'blank';
      line = buffer;
      if (!splitTokens(places, buffer, start, end) || places.count < LEAST_TOKENS) return 'bad';
      if (!TYPE.test(buffer.toString('latin1', start, places.ends[0])) || !timeAt('time', time)) return 'bad';
      const at = PLACE['elb_status_code'];
      const status = digits(buffer, places.starts[at] as number, places.ends[at] as number);
      if (status === -2 || status > 999) return 'bad';
      row.atUs = time.atUs;
      row.status = status;
      const sum = sumOfTimes(places, buffer);
      isSum = sum >= 0;
      const isCreated = !isSum && timeAt('request_creation_time', created) && created.atUs <= time.atUs;
      row.durationUs = isSum ? sum : isCreated ? time.atUs - created.atUs : -1;
      return 'entry';
    },
    entry: () => albEntry(places, line, time, row.durationUs, isSum),
    missing: () => [],
  };
}

/** -1 where one of the three is -1: how long the others took is then not the whole. */
function sumOfTimes(places: AlbPlaces, buffer: Buffer): number {
  let sum = 0;
  for (const name of TIMES) {
    const at = PLACE[name];
    const start = places.starts[at] as number;
    const us = buffer[start] === DASH ? -1 : secondsUs(buffer, start, places.ends[at] as number);
    if (us < 0) return -1;
    sum += us;
  }
  return Number.isSafeInteger(sum) ? sum : -1;
}

function albEntry(places: AlbPlaces, buffer: Buffer, time: Times, duration: number, isSum: boolean): LogEntry {
  const text = (name: AlbToken): string | undefined => {
    const at = PLACE[name];
    if (at >= places.count) return undefined;
    const found = plainText(buffer, places.starts[at] as number, places.ends[at] as number, 'backslash');
    return found === '-' || found === '' ? undefined : found;
  };
  const { host, ...request } = requestParts(text('request') ?? '');
  const userAgent = text('user_agent');
  const status = countOf(text('elb_status_code'));
  const client = text('client:port') ?? '';
  const colon = client.lastIndexOf(':');
  const extra = known(
    Object.fromEntries(
      [
        ...[...TIMES, 'actions_executed', 'error_reason', 'classification', 'classification_reason'],
        ...['target_status_code_list', 'target_group_arn', 'conn_trace_id', 'ssl_protocol'],
      ].map((name) => [name, text(name as AlbToken)]),
    ),
  );
  const targetStatus = text('target_status_code');
  return {
    format: 'aws-alb',
    kind: 'access',
    atUs: time.atUs,
    stamp: 'end',
    resolutionUs: time.resolutionUs,
    ...request,
    ...known({
      status,
      flags: text('error_reason'),
      durationUs: duration < 0 ? undefined : duration,
      // Three times of 1 ms each, or the difference of two of 1 µs.
      durationResolutionUs: duration < 0 ? undefined : isSum ? 3_000 : 1,
      bytesSent: countOf(text('sent_bytes')),
      bytesReceived: countOf(text('received_bytes')),
      clientIp: addressOf(client.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, '')),
      clientPort: portOf(client.slice(colon + 1)),
      // The balancer adds the port of the protocol to the name.
      host: host?.replace(/:(?:80|443)$/, ''),
      userAgent,
      upstream: upstreamOf(text),
      clientGone: status === 460 ? true : undefined,
    }),
    ids: requestIds({ userAgent, query: request.query, request: text('trace_id') }),
    extra: { ...extra, ...(targetStatus === undefined ? {} : { targetStatus }) },
  };
}

/** Lists hold one target today; where they hold more, the last is the one that counts. */
function upstreamOf(text: (name: AlbToken) => string | undefined): readonly UpstreamTry[] {
  const address = text('target:port');
  if (address === undefined) return [];
  const last = {
    address,
    ...known({
      status: countOf(text('target_status_code')),
      headerUs: textSecondsUs(text('target_processing_time') ?? ''),
    }),
  };
  const addresses = (text('target:port_list') ?? '').split(' ');
  const statuses = (text('target_status_code_list') ?? '').split(' ');
  if (addresses.length < 2 || addresses.length !== statuses.length || addresses.at(-1) !== address) return [last];
  const earlier = addresses
    .slice(0, -1)
    .map((one, at) => ({ address: one, ...known({ status: countOf(statuses[at]) }) }));
  return [...earlier, last];
}

/**
 * `time` is when the answer was generated: the end. `durationUs` is the sum of the three times, or where one is -1 the time between
 * `request_creation_time` and the end. `status` is what the client got, the target's is in `upstream`. Trace ids are kept whole (`Root=…`).
 */
export const awsAlb: LogFormat = {
  id: 'aws-alb',
  title: 'AWS Application Load Balancer access log',
  stamp: 'end',
  // A file every 5 minutes, delivered "eventually" (AWS documentation): as much again is an estimate.
  flushGuardUs: 600_000_000,
  recognise(head) {
    const reader = openAlb();
    return (
      0.97 *
      shareOf(headLines(head), (text) => {
        const bytes = Buffer.from(text, 'latin1');
        return reader.read(bytes, 0, bytes.length) === 'entry';
      })
    );
  },
  reading: { unit: 'lines', open: openAlb },
};

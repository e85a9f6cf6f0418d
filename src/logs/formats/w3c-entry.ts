/** A line of a W3C extended log with all its texts. */
import type { LogEntry } from '../../model/log.ts';
import type { Row } from '../format.ts';
import { arrIdOf, cutArrKeys, requestIds } from './iis-query.ts';
import { DAY_US, digits } from './w3c-bytes.ts';
import type { W3cLayout } from './w3c-layout.ts';
import type { Tokens } from './w3c-tokens.ts';

export type Encoding = 'utf8' | 'latin1';

const SECOND_US = 1_000_000;
const MS_US = 1000;

/** Columns that have a place of their own in an entry; the rest goes to `extra` under its own name. */
const PLACED = new Set([
  'date',
  'time',
  's-computername',
  's-ip',
  'cs-method',
  'cs-uri-stem',
  'cs-uri-query',
  's-port',
  'c-ip',
  'cs(user-agent)',
  'cs-host',
  'sc-status',
  'sc-substatus',
  'sc-win32-status',
  'sc-bytes',
  'cs-bytes',
  'time-taken',
]);
/** People and secrets: no reading needs them, so they are not carried further. */
const PRIVATE = /^cs-username$|referer|cookie|authorization|password|secret|token|clientcert/;
/** Largest plain Windows error number; longer ones are kept as they stand. */
const PLAIN_WIN32_DIGITS = 5;

export function entryOf(buffer: Buffer, layout: W3cLayout, tokens: Tokens, row: Row, encoding: Encoding): LogEntry {
  const text = (column: number): string | undefined => {
    const start = tokens.starts[column];
    const end = tokens.ends[column];
    if (column < 0 || start === undefined || end === undefined || end <= start) return undefined;
    const value = buffer.toString(encoding, start, end);
    return value === '-' ? undefined : value;
  };
  const named = (key: string): string | undefined => text(layout.keys.indexOf(key));
  const number = (key: string): number | undefined => {
    const column = layout.keys.indexOf(key);
    const value = column < 0 ? -1 : digits(buffer, tokens.starts[column] as number, tokens.ends[column] as number);
    return value < 0 ? undefined : value;
  };
  const extra: Record<string, string> = {};
  for (const [column, key] of layout.keys.entries()) {
    const value = PLACED.has(key) || PRIVATE.test(key) ? undefined : text(column);
    if (value !== undefined) extra[layout.names[column] as string] = value;
  }
  const cut = cutArrKeys(named('cs-uri-query') ?? '');
  Object.assign(extra, cut.extra);
  const win32 = text(layout.win32);
  if (win32 !== undefined && win32.length > PLAIN_WIN32_DIGITS) extra['win32'] = win32;
  const userAgent = named('cs(user-agent)');
  const arrId = cut.arrId ?? arrIdOf(named('x-arr-log-id') ?? '');
  const trace = named('traceparent') ?? named('cs(traceparent)');
  return {
    format: 'iis-w3c',
    kind: 'access',
    atUs: row.atUs,
    stamp: 'end',
    resolutionUs: resolutionOf(layout, tokens),
    ...given('method', named('cs-method')),
    ...given('path', named('cs-uri-stem')),
    ...given('query', cut.query),
    ...given('status', known(row.status)),
    ...given('substatus', known(row.substatus)),
    ...given('win32', known(row.win32)),
    ...(row.durationUs < 0 ? {} : { durationUs: row.durationUs, durationResolutionUs: MS_US }),
    ...given('bytesSent', number('sc-bytes')),
    ...given('bytesReceived', number('cs-bytes')),
    ...given('clientIp', named('c-ip')),
    ...given('clientPort', number('c-port')),
    ...given('serverIp', named('s-ip')),
    ...given('serverPort', number('s-port')),
    ...given('hostName', named('s-computername')),
    ...given('host', named('cs-host')),
    ...given('userAgent', userAgent),
    ids: requestIds({
      ...given('userAgent', userAgent),
      ...given('query', cut.query),
      ...given('arrId', arrId),
      ...given('trace', trace),
    }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** Whole seconds; ms where the time has a fraction (Advanced Logging); a day where the file logs no time. */
function resolutionOf(layout: W3cLayout, tokens: Tokens): number {
  if (layout.time < 0) return DAY_US;
  const length = (tokens.ends[layout.time] as number) - (tokens.starts[layout.time] as number);
  return length > 8 ? MS_US : SECOND_US;
}

function known(value: number): number | undefined {
  return value < 0 ? undefined : value;
}

/** A field only where its value is known. */
export function given<Key extends string, Value>(key: Key, value: Value | undefined): { [name in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [name in Key]?: Value });
}

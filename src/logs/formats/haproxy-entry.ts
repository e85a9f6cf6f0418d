/** From the fields of an HAProxy line to an entry. */
import type { LogEntry, UpstreamTry } from '../../model/log.ts';
import { probeIdIn } from '../identity.ts';
import { pairsIn } from './clf-pairs.ts';
import { addressOf, countOf, known, portOf, requestIds, requestParts } from './clf-request.ts';
import type { HaproxyPlaces, HaproxyShape } from './haproxy-places.ts';
import { type SyslogHeader, stateOf } from './haproxy-syslog.ts';

const HTTP_NAMES = ['frontend', 'server', 'timers', 'status', 'bytes', 'CC', 'CS', 'flags', 'connections', 'queues'];
const TCP_NAMES = ['frontend', 'server', 'timers', 'bytes', 'flags', 'connections', 'queues'];
const HTTP_TIMERS = ['TR', 'Tw', 'Tc', 'Tr', 'Ta'];
const TCP_TIMERS = ['Tw', 'Tc', 'Tt'];
const CONNECTIONS = ['actconn', 'feconn', 'beconn', 'srv_conn', 'retries'];
const QUEUES = ['srv_queue', 'backend_queue'];
/** Names that users give to `%ID` behind the request. */
const ID_KEYS = ['rid', 'id', 'uid', 'ID', 'unique_id', 'unique-id', 'request_id', 'reqid'];

type Line = { readonly buffer: Buffer; readonly start: number; readonly end: number };

/** `header`: of syslog, when the line has one. */
export function accessEntry(
  line: Line,
  shape: Exclude<HaproxyShape, 'error'>,
  places: HaproxyPlaces,
  atUs: number,
  header: SyslogHeader | undefined,
): LogEntry {
  const fields = fieldsOf(line, shape, places);
  const server = fields.get('server') ?? '';
  const slash = server.indexOf('/');
  const frontend = fields.get('frontend') ?? '';
  const timers = (fields.get('timers') ?? '').split('/');
  const timerNames = shape === 'http' ? HTTP_TIMERS : TCP_TIMERS;
  const rest = line.buffer.toString('utf8', places.rest, line.end);
  const behind = shape === 'http' ? behindQueues(rest) : { suffix: rest, extra: {} };
  const request = requestParts(behind.request ?? '');
  const retries = (fields.get('connections') ?? '').split('/')[4] ?? '';
  const suffix = behind.suffix.trim();
  const pairs = pairsIn(suffix);
  const extra: Record<string, string> = {
    ...Object.fromEntries(pairs),
    frontend: frontend.replace(/~$/, ''),
    ...(frontend.endsWith('~') ? { tls: 'yes' } : {}),
    backend: server.slice(0, slash),
    server: server.slice(slash + 1),
    ...named(timerNames, timers),
    ...named(CONNECTIONS, (fields.get('connections') ?? '').split('/').slice(0, 4)),
    ...named(QUEUES, (fields.get('queues') ?? '').split('/')),
    ...cookies(fields),
    // `+`: the last retry went to another server.
    ...(retries.startsWith('+') ? { redispatched: 'yes' } : {}),
    ...behind.extra,
    ...(suffix === '' ? {} : { suffix }),
  };
  if (request.method === undefined && behind.request !== undefined) extra['request'] = behind.request;
  const flags = fields.get('flags') ?? '';
  const text = line.buffer.toString('utf8', line.start, line.end);
  return {
    format: 'haproxy',
    kind: 'access',
    atUs,
    stamp: 'start',
    resolutionUs: 1_000,
    ...request,
    ...peerOf(line.buffer.toString('latin1', places.clientStart, places.clientEnd)),
    ...known({
      status: countOf(fields.get('status')) || undefined,
      flags,
      durationUs: timerUs(timers.at(-1)),
      durationResolutionUs: timerUs(timers.at(-1)) === undefined ? undefined : 1_000,
      queueUs: timerUs(timers[timerNames.indexOf('Tw')]),
      // With `option logasap` the count is not final.
      bytesSent: countOf(fields.get('bytes')),
      retries: countOf(retries.replace(/^\+/, '')),
      upstream: triesOf(server),
      clientGone: flags.startsWith('C') ? true : undefined,
      hostName: header?.hostName,
      processId: header?.processId,
    }),
    ids: requestIds({
      // Wherever the User-Agent was captured, or logged behind the request.
      userAgent: probeIdIn(text) === undefined ? undefined : text,
      query: request.query,
      trace: text,
      request: ID_KEYS.map((key) => pairs.get(key)).find((id) => id !== undefined && id !== '-' && id !== ''),
    }),
    extra,
  };
}

function fieldsOf({ buffer }: Line, shape: HaproxyShape, { starts, ends }: HaproxyPlaces): Map<string, string> {
  const names = shape === 'http' ? HTTP_NAMES : TCP_NAMES;
  return new Map(names.map((name, at) => [name, buffer.toString('utf8', starts[at] as number, ends[at] as number)]));
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name, at) => (values[at] === undefined ? [] : [[name, values[at]]])));
}

function cookies(fields: ReadonlyMap<string, string>): Record<string, string> {
  const captured = ['CC', 'CS'].flatMap((name) => {
    const value = fields.get(name);
    return value === undefined || value === '-' ? [] : [[name, value]];
  });
  return Object.fromEntries(captured);
}

/** The server used last; none for `<NOSRV>`, `<STATS>` and the like, which HAProxy answers itself. */
function triesOf(server: string): readonly UpstreamTry[] {
  return /\/<[^>]*>$/.test(server) ? [] : [{ address: server }];
}

function timerUs(text: string | undefined): number | undefined {
  const ms = countOf(text);
  return ms === undefined || ms > 1e11 ? undefined : ms * 1_000;
}

type Behind = {
  readonly request?: string;
  readonly suffix: string;
  readonly extra: Readonly<Record<string, string>>;
};

/** Captured headers, the request in quotes, and what a `log-format` adds. HAProxy writes quotes and braces inside these as `#22`, `#7B`. */
function behindQueues(text: string): Behind {
  const captures: string[] = [];
  let rest = text;
  for (
    let found = /^\{([^}]*)\} ?/.exec(rest);
    found !== null && captures.length < 2;
    found = /^\{([^}]*)\} ?/.exec(rest)
  ) {
    captures.push(found[1] ?? '');
    rest = rest.slice(found[0].length);
  }
  const [first, second] = captures;
  const extra: Record<string, string> = {
    // One pair of braces alone may hold those of the request or of the answer.
    ...(first === undefined
      ? {}
      : second === undefined
        ? { captured: first }
        : { requestCaptured: first, responseCaptured: second }),
  };
  if (!rest.startsWith('"')) return { suffix: rest, extra };
  const close = closingQuote(rest);
  if (close < 0) return { request: rest.slice(1), suffix: '', extra: { ...extra, cut: 'yes' } };
  return { request: rest.slice(1, close), suffix: rest.slice(close + 1), extra };
}

function closingQuote(text: string): number {
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}

const PEER = /^\[?(.*?)\]?:(\d{1,5})$/;

/** `127.0.0.1:35068`, `::1:35068`, `[::1]:35068`; `unix:1` has neither address nor port. */
function peerOf(text: string): Pick<LogEntry, 'clientIp' | 'clientPort'> {
  const [, ip, port] = PEER.exec(text) ?? [];
  const clientIp = addressOf(ip?.replace(/^::ffff:(?=\d+\.)/, ''));
  return clientIp === undefined ? {} : known({ clientIp, clientPort: portOf(port) });
}

/** `ci:cp [date] frontend/bind: message`: a connection that never became a request. */
export function errorEntry(
  line: Line,
  places: HaproxyPlaces,
  atUs: number,
  header: SyslogHeader | undefined,
): LogEntry {
  const bind = line.buffer.toString('utf8', places.starts[0] as number, (places.ends[0] as number) - 1);
  const [frontend = '', listener] = bind.split('/');
  return {
    format: 'haproxy',
    kind: 'error',
    atUs,
    stamp: 'moment',
    resolutionUs: 1_000,
    message: line.buffer.toString('utf8', places.rest, line.end),
    ...peerOf(line.buffer.toString('latin1', places.clientStart, places.clientEnd)),
    ...known({ level: header?.level, hostName: header?.hostName, processId: header?.processId }),
    ids: {},
    extra: { frontend, ...(listener === undefined ? {} : { bind: listener }) },
  };
}

/** A message of HAProxy about itself or its servers. */
export function eventEntry(header: SyslogHeader, atUs: number): LogEntry {
  const extra = stateOf(header.message);
  return {
    format: 'haproxy',
    kind: 'event',
    atUs,
    stamp: 'moment',
    resolutionUs: header.resolutionUs,
    message: header.message,
    ...known({ level: header.level, hostName: header.hostName, processId: header.processId }),
    ids: {},
    ...(extra === undefined ? {} : { extra }),
  };
}

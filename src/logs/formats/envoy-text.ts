/** Envoy's default text format and Istio's, found byte by byte. */
import type { LogEntry } from '../../model/log.ts';
import { addressOf, countOf, known, portOf, requestIds, requestParts } from './clf-request.ts';
import { envoyAttempts, envoyUpstream } from './envoy-upstream.ts';
import { createIsoReader, type WrittenTime } from './json-time.ts';
import { extraOf } from './json-value.ts';

const BLANK = 32;
const QUOTE = 34;
const DASH = 45;
const OPEN = 91;
const CLOSE = 93;
/** Longest time between the brackets. */
const MAX_TIME = 40;
/** Longest list of response flags: all of them together. */
const MAX_FLAGS = 600;

/** Filled again and again; only valid after `scan` returned true. */
export type EnvoyPlaces = {
  readonly time: WrittenTime;
  requestStart: number;
  requestEnd: number;
  status: number;
  flagsStart: number;
  flagsEnd: number;
  /** Of the four numbers: received, sent, duration, upstream's service time. */
  numbers: number;
  /** Of the quote that follows them. */
  tail: number;
  durationMs: number;
};

export type EnvoyScan = { readonly places: EnvoyPlaces; scan(buffer: Buffer, start: number, end: number): boolean };

/**
 * `[time] "request" code flags (details termination "failure")? received sent duration service "xff" "ua" "id" "authority" "host" …`.
 * Nothing is escaped: the request ends at the first quote that a code and flags follow.
 */
export function createEnvoyScan(): EnvoyScan {
  const readTime = createIsoReader();
  const places: EnvoyPlaces = {
    time: { atUs: Number.NaN, resolutionUs: 1_000 },
    requestStart: 0,
    requestEnd: 0,
    status: -1,
    flagsStart: 0,
    flagsEnd: 0,
    numbers: 0,
    tail: 0,
    durationMs: -1,
  };
  return {
    places,
    scan(buffer, start, end) {
      if (buffer[start] !== OPEN) return false;
      let at = start + 1;
      const last = Math.min(end, at + MAX_TIME);
      while (at < last && buffer[at] !== CLOSE) at++;
      if (at + 3 >= end || buffer[at] !== CLOSE || buffer[at + 1] !== BLANK || buffer[at + 2] !== QUOTE) return false;
      if (!readTime(buffer, start + 1, at, places.time)) return false;
      places.requestStart = at + 3;
      for (at = places.requestStart; at < end; at++) {
        if (buffer[at] !== QUOTE || !scanCode(places, buffer, at + 1, end)) continue;
        places.requestEnd = at;
        return scanNumbers(places, buffer, places.flagsEnd + 1, end) || scanIstio(places, buffer, end);
      }
      return false;
    },
  };
}

/** ` 503 UF,URX `. */
function scanCode(places: EnvoyPlaces, buffer: Buffer, start: number, end: number): boolean {
  if (buffer[start] !== BLANK) return false;
  const codeEnd = numberEnd(buffer, start + 1, end);
  const length = codeEnd - start - 1;
  if (length < 1 || length > 3 || buffer[codeEnd] !== BLANK) return false;
  let at = codeEnd + 1;
  const last = Math.min(end, at + MAX_FLAGS);
  while (at < last && isFlagByte(buffer[at] as number)) at++;
  if (at === codeEnd + 1 || at >= end || buffer[at] !== BLANK) return false;
  places.status = numberAt(buffer, start + 1, codeEnd);
  places.flagsStart = codeEnd + 1;
  places.flagsEnd = at;
  return true;
}

function isFlagByte(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 44 || byte === DASH || byte === 95;
}

/** Details and reasons hold blanks and quotes of their own: the numbers that follow a quote end them. */
function scanIstio(places: EnvoyPlaces, buffer: Buffer, end: number): boolean {
  for (let at = places.flagsEnd + 1; at + 2 < end; at++) {
    if (buffer[at] === QUOTE && buffer[at + 1] === BLANK && scanNumbers(places, buffer, at + 2, end)) return true;
  }
  return false;
}

/** `0 91 12 - "`. */
function scanNumbers(places: EnvoyPlaces, buffer: Buffer, start: number, end: number): boolean {
  let at = start;
  for (let index = 0; index < 4; index++) {
    const stop = buffer[at] === DASH ? at + 1 : numberEnd(buffer, at, end);
    if (stop === at || stop >= end || buffer[stop] !== BLANK) return false;
    if (index === 2) places.durationMs = buffer[at] === DASH || stop - at > 12 ? -1 : numberAt(buffer, at, stop);
    at = stop + 1;
  }
  if (at >= end || buffer[at] !== QUOTE) return false;
  places.numbers = start;
  places.tail = at;
  return true;
}

function numberEnd(buffer: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (buffer[at] as number) >= 48 && (buffer[at] as number) <= 57) at++;
  return at;
}

function numberAt(buffer: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (buffer[at] as number) - 48;
  return value;
}

/** `-` for nothing, as Envoy writes it. */
function given(text: string | undefined): string | undefined {
  return text === undefined || text === '-' || text === '' ? undefined : text;
}

/** The entry of a scanned line that ends at `end`. */
export function envoyTextEntry(buffer: Buffer, end: number, places: EnvoyPlaces): LogEntry {
  const request = requestParts(buffer.toString('utf8', places.requestStart, places.requestEnd));
  const [received, sent, , service] = buffer.toString('latin1', places.numbers, places.tail).split(' ');
  const { forwardedFor, userAgent, id, authority, host, more } = tailOf(buffer.toString('utf8', places.tail + 1, end));
  const isHttp = request.method !== undefined;
  const flags = buffer.toString('latin1', places.flagsStart, places.flagsEnd);
  const reasons = reasonsOf(buffer.toString('utf8', places.flagsEnd + 1, places.numbers).trimEnd());
  const [cluster, upstreamLocal, downstreamLocal, downstreamRemote, serverName, route] = more;
  const client = endpointOf(downstreamRemote);
  const server = endpointOf(downstreamLocal);
  const durationUs = places.durationMs < 0 ? undefined : places.durationMs * 1_000;
  return {
    format: 'envoy',
    kind: 'access',
    atUs: places.time.atUs,
    stamp: 'start',
    resolutionUs: places.time.resolutionUs,
    ...request,
    ...known({
      status: isHttp ? places.status : undefined,
      durationUs,
      durationResolutionUs: durationUs === undefined ? undefined : 1_000,
      bytesSent: countOf(sent),
      bytesReceived: countOf(received),
      clientIp: client.ip,
      clientPort: client.port,
      serverIp: server.ip,
      serverPort: server.port,
      host: given(authority),
      userAgent: given(userAgent),
      upstream: host === undefined ? undefined : envoyUpstream(host, service, envoyAttempts(undefined)),
      clientGone: isHttp && places.status === 0 ? true : undefined,
      extra: extraOf({
        ...reasons,
        upstreamServiceTime: service,
        forwardedFor,
        cluster,
        upstreamLocal,
        serverName,
        route,
      }),
    }),
    flags,
    ids: requestIds({ userAgent, query: request.query, request: given(id) }),
  };
}

type Tail = {
  readonly forwardedFor?: string;
  readonly userAgent?: string;
  readonly id?: string;
  readonly authority?: string;
  readonly host?: string;
  /** Words behind the quoted texts. */
  readonly more: readonly string[];
};

/** `…" "ua" "id" "authority" "host" more`: quotes are not escaped, and only a User-Agent has any. */
function tailOf(text: string): Tail {
  const close = text.lastIndexOf('"');
  const pieces = text.slice(0, Math.max(0, close)).split('" "');
  const more = text.slice(close + 1).trim();
  if (pieces.length < 5) return { more: [] };
  const [id = '', authority = '', host = ''] = pieces.slice(-3);
  return {
    forwardedFor: pieces[0] ?? '',
    userAgent: pieces.slice(1, -3).join('" "'),
    id,
    authority,
    host,
    more: more === '' ? [] : more.split(' ', 32),
  };
}

/** `details termination "failure"`. Old versions have blanks inside the braces of details. */
function reasonsOf(text: string): Readonly<Record<string, string>> {
  const open = text.indexOf('"');
  const words = (open < 0 ? text : text.slice(0, open)).trim();
  const brace = words.indexOf('{');
  const blank = words.indexOf(' ');
  const close = brace >= 0 && (blank < 0 || brace < blank) ? words.indexOf('}', brace) : -1;
  const cut = words.indexOf(' ', Math.max(0, close));
  return {
    details: cut < 0 ? words : words.slice(0, cut),
    transport: open < 0 ? '' : text.slice(open + 1, text.lastIndexOf('"')),
    connectionTermination: cut < 0 ? '' : words.slice(cut + 1).trim(),
  };
}

/** `192.0.2.7:4711`, `[2001:db8::7]:4711`. */
export function endpointOf(text: string | undefined): {
  readonly ip: string | undefined;
  readonly port: number | undefined;
} {
  const found = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(text ?? '');
  return { ip: addressOf(found?.[1]), port: portOf(found?.[2]) };
}

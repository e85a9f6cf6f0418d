/** Places in a line of the Common Log Format, found byte by byte; what follows the size is the tail. */
import type { LogEntry } from '../../model/log.ts';
import { addressOf, countOf, known, plainText, portOf, requestParts } from './clf-request.ts';
import { CLF_TIME_LENGTH, createClfTime } from './clf-time.ts';

const BLANK = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = 91;
const CLOSE = 93;
const ZERO = 48;
const DASH = 45;

/** Filled again and again; only valid after `scan` returned true. */
export type ClfPlaces = {
  atUs: number;
  status: number;
  /** Of `[`. */
  time: number;
  requestStart: number;
  requestEnd: number;
  sizeStart: number;
  sizeEnd: number;
};

export type ClfScan = { readonly places: ClfPlaces; scan(buffer: Buffer, start: number, end: number): boolean };

/**
 * `host ident user [time] "request" status size …`. User names may hold blanks and brackets: the bracket that counts has a time in it.
 * The request ends at the first quote that is followed by a status: inside it quotes are escaped, or were not at all.
 */
export function createClfScan(): ClfScan {
  const timeAt = createClfTime();
  const places: ClfPlaces = {
    atUs: Number.NaN,
    status: -1,
    time: 0,
    requestStart: 0,
    requestEnd: 0,
    sizeStart: 0,
    sizeEnd: 0,
  };

  function findTime(buffer: Buffer, start: number, end: number): number {
    const last = end - CLF_TIME_LENGTH - 4;
    let blanks = 0;
    for (let at = start; at <= last; at++) {
      const byte = buffer[at];
      if (byte === BLANK) blanks++;
      if (byte !== OPEN || blanks < 3 || buffer[at + CLF_TIME_LENGTH + 1] !== CLOSE) continue;
      if (buffer[at - 1] !== BLANK || buffer[at + CLF_TIME_LENGTH + 2] !== BLANK) continue;
      const atUs = timeAt(buffer, at + 1);
      if (Number.isNaN(atUs)) continue;
      places.atUs = atUs;
      return at;
    }
    return -1;
  }

  return {
    places,
    scan(buffer, start, end) {
      const time = findTime(buffer, start, end);
      const open = time + CLF_TIME_LENGTH + 3;
      if (time < 0 || buffer[open] !== QUOTE) return false;
      let at = open + 1;
      let status = -1;
      for (; at + 5 < end; at++) {
        const byte = buffer[at];
        if (byte === BACKSLASH) at++;
        else if (byte === QUOTE) {
          status = statusAt(buffer, at + 1, end);
          if (status >= 0) break;
        }
      }
      if (status < 0) return false;
      const sizeStart = at + 6;
      const sizeEnd = sizeEndAt(buffer, sizeStart, end);
      if (sizeEnd < 0) return false;
      places.time = time;
      places.requestStart = open + 1;
      places.requestEnd = at;
      places.status = status;
      places.sizeStart = sizeStart;
      places.sizeEnd = sizeEnd;
      return true;
    },
  };
}

/** The number in ` 502 `, which begins at a place; -1 when there is none. */
function statusAt(buffer: Buffer, at: number, end: number): number {
  if (at + 5 >= end || buffer[at] !== BLANK || buffer[at + 4] !== BLANK) return -1;
  const a = (buffer[at + 1] as number) - ZERO;
  const b = (buffer[at + 2] as number) - ZERO;
  const c = (buffer[at + 3] as number) - ZERO;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 && c >= 0 && c <= 9 ? a * 100 + b * 10 + c : -1;
}

function sizeEndAt(buffer: Buffer, start: number, end: number): number {
  let at = start;
  if (buffer[at] === DASH) at++;
  else while (at < end && (buffer[at] as number) >= ZERO && (buffer[at] as number) <= 57) at++;
  return at > start && (at === end || buffer[at] === BLANK) ? at : -1;
}

/** `none`: common. `combined`: two quoted texts. `more`: something else follows, perhaps behind those two. */
export type ClfTail = {
  readonly kind: 'none' | 'combined' | 'more';
  readonly referer?: string;
  readonly userAgent?: string;
  /** What follows, without the blank before it. */
  readonly rest: string;
};

const QUOTED = /^ "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"(?: (.*))?$/s;

export function clfTail(text: string): ClfTail {
  if (text === '') return { kind: 'none', rest: '' };
  const found = QUOTED.exec(text);
  if (found === null) return { kind: 'more', rest: text.trimStart() };
  const [, referer = '-', userAgent = '-', rest] = found;
  return {
    kind: rest === undefined ? 'combined' : 'more',
    ...(referer === '-' || referer === '' ? {} : { referer: unescaped(referer) }),
    ...(userAgent === '-' || userAgent === '' ? {} : { userAgent: unescaped(userAgent) }),
    rest: rest ?? '',
  };
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = Buffer.from(text);
  return plainText(bytes, 0, bytes.length, 'backslash');
}

export type ClfHead = Pick<
  LogEntry,
  'method' | 'path' | 'query' | 'host' | 'status' | 'bytesSent' | 'clientIp' | 'serverPort'
> & { readonly user?: string; readonly virtualHost?: string; readonly tail: ClfTail };

// A virtual host with its port stands before the client; an IPv6 client is followed by its identity, nearly always `-`.
const VIRTUAL_HOST = /^(\S+):(\d{1,5}) ([^\s-]\S*) (\S+) /;

/** The texts of a scanned line. */
export function clfHead(buffer: Buffer, start: number, end: number, places: ClfPlaces): ClfHead {
  const front = buffer.toString('utf8', start, places.time);
  const request = requestParts(buffer.toString('utf8', places.requestStart, places.requestEnd));
  const virtual = VIRTUAL_HOST.exec(front);
  const [client = '', , ...names] = front.slice(virtual === null ? 0 : front.indexOf(' ') + 1).split(' ');
  const user = names.join(' ').trimEnd();
  return {
    ...request,
    ...known({
      status: places.status > 0 ? places.status : undefined,
      bytesSent: countOf(buffer.toString('latin1', places.sizeStart, places.sizeEnd)),
      clientIp: addressOf(client),
      user: user === '-' || user === '' ? undefined : user,
      virtualHost: virtual?.[1],
      serverPort: portOf(virtual?.[2]),
    }),
    tail: clfTail(buffer.toString('utf8', places.sizeEnd, end)),
  };
}

/** Places in a line of HAProxy's `httplog` and `tcplog`, found byte by byte. */
import { clockUs, createClfDay, pairAt } from './clf-time.ts';

/** Bytes of `20/Nov/2026:17:38:29.237`. */
const DATE_LENGTH = 24;
const BLANK = 32;
const OPEN = 91;
const CLOSE = 93;
const COLON = 58;
const SLASH = 47;

/** Fields behind the date up to the queues: frontend, backend, timers, status, bytes, two cookies, flags, connections, queues. */
export const HTTP_FIELDS = 10;
/** Frontend, backend, timers, bytes, flags, connections, queues. */
export const TCP_FIELDS = 7;

export type HaproxyShape = 'http' | 'tcp' | 'error';

/** Filled again and again; only valid after `scan` returned a shape. */
export type HaproxyPlaces = {
  /** Milliseconds since 1970 as if the local time were UTC. */
  localMs: number;
  clientStart: number;
  clientEnd: number;
  starts: Int32Array;
  ends: Int32Array;
  /** Behind the last field. */
  rest: number;
};

export type HaproxyScan = {
  readonly places: HaproxyPlaces;
  scan(buffer: Buffer, start: number, end: number): HaproxyShape | undefined;
};

/** `[…] ci:cp [date] frontend backend/server …`, whatever stands before the client: headers of syslog differ. */
export function createHaproxyScan(): HaproxyScan {
  const dayAt = createClfDay();
  const places: HaproxyPlaces = {
    localMs: Number.NaN,
    clientStart: 0,
    clientEnd: 0,
    starts: new Int32Array(HTTP_FIELDS),
    ends: new Int32Array(HTTP_FIELDS),
    rest: 0,
  };
  const dateAt = (buffer: Buffer, at: number): number => {
    if (buffer[at + 11] !== COLON || buffer[at + 20] !== 46) return Number.NaN;
    const ms = pairAt(buffer, at + 21) * 10 + (pairAt(buffer, at + 22) % 10);
    return (dayAt(buffer, at) + clockUs(buffer, at + 12)) / 1_000 + ms;
  };

  function findDate(buffer: Buffer, start: number, end: number): number {
    const last = end - DATE_LENGTH - 3;
    for (let at = start + 1; at <= last; at++) {
      if (buffer[at] !== OPEN || buffer[at + DATE_LENGTH + 1] !== CLOSE) continue;
      if (buffer[at - 1] !== BLANK || buffer[at + DATE_LENGTH + 2] !== BLANK) continue;
      const localMs = dateAt(buffer, at + 1);
      if (Number.isNaN(localMs)) continue;
      places.localMs = localMs;
      return at;
    }
    return -1;
  }

  return {
    places,
    scan(buffer, start, end) {
      const date = findDate(buffer, start, end);
      if (date < 0) return undefined;
      places.clientEnd = date - 1;
      let client = date - 1;
      while (client > start && buffer[client - 1] !== BLANK) client--;
      places.clientStart = client;
      return fieldsFrom(buffer, date + DATE_LENGTH + 3, end, places);
    },
  };
}

function fieldsFrom(buffer: Buffer, from: number, end: number, places: HaproxyPlaces): HaproxyShape | undefined {
  let count = 0;
  let wanted = HTTP_FIELDS;
  let at = from;
  for (; count < wanted && at < end; at++) {
    places.starts[count] = at;
    while (at < end && buffer[at] !== BLANK) at++;
    places.ends[count++] = at;
    if (count === 1 && at < end && buffer[at - 1] === COLON && at - from > 1) {
      places.rest = at + 1;
      return 'error';
    }
    // Five timers are those of HTTP, three of TCP.
    if (count === 3) {
      const slashes = slashesIn(buffer, places.starts[2] as number, at);
      if (slashes === 2) wanted = TCP_FIELDS;
      else if (slashes !== 4) return undefined;
    }
  }
  if (count < wanted) return undefined;
  places.rest = Math.min(at, end);
  const connections = wanted - 2;
  const isWhole =
    slashesIn(buffer, places.starts[1] as number, places.ends[1] as number) >= 1 &&
    slashesIn(buffer, places.starts[connections] as number, places.ends[connections] as number) === 4 &&
    slashesIn(buffer, places.starts[wanted - 1] as number, places.ends[wanted - 1] as number) === 1;
  if (!isWhole) return undefined;
  return wanted === HTTP_FIELDS ? 'http' : 'tcp';
}

function slashesIn(buffer: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (buffer[at] === SLASH) count++;
  return count;
}

/** Milliseconds of the last timer as µs; -1 when it is -1, still runs (`+`, with `option logasap`) or is none. */
export function lastTimerUs(buffer: Buffer, start: number, end: number): number {
  let at = end;
  let ms = 0;
  let weight = 1;
  while (at > start && buffer[at - 1] !== SLASH) {
    const digit = (buffer[--at] as number) - 48;
    if (digit < 0 || digit > 9 || end - at > 11) return -1;
    ms += digit * weight;
    weight *= 10;
  }
  return at === end ? -1 : ms * 1_000;
}

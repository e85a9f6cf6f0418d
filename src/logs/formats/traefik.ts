/** Traefik's access log: its own Common Log Format, and JSON. */
import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type LineReader, type LogFormat } from '../format.ts';
import { clfHead, createClfScan } from './clf-line.ts';
import { countOf, known, requestIds } from './clf-request.ts';
import { headLines, shareOf } from './clf-shares.ts';
import { createClfTime, SECOND_US } from './clf-time.ts';
import { createIsoReader, type WrittenTime } from './json-time.ts';
import { isTraefikJson, namesMember, nanosUs, traefikJsonEntry, traefikStatus, traefikTime } from './json-traefik.ts';
import { type JsonObject, jsonObjectIn, own, parseJsonObject } from './json-value.ts';

const OPEN_BRACE = 123;

/** `… 12 "router@docker" "http://192.0.2.8:80" 5ms` behind size, referer and User-Agent. */
const TAIL = /^(\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" (\d+)ms$/;
/** Lines whose status is `-`, which begin as all others do. */
const NO_STATUS =
  /^(\S+) - (\S+) \[([^\]]{26})\] "((?:[^"\\]|\\.)*)" - (-|\d+) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" (.+)$/;

/** Ms at the end of a line as µs: ` 5ms`; -1 when there are none. */
function tailUs(buffer: Buffer, start: number, end: number): number {
  if (buffer[end - 1] !== 115 || buffer[end - 2] !== 109) return -1;
  let value = 0;
  let weight = 1_000;
  let at = end - 3;
  for (; at >= start && end - 3 - at < 12; at--) {
    const digit = (buffer[at] as number) - 48;
    if (digit < 0 || digit > 9) break;
    value += digit * weight;
    weight *= 10;
  }
  return weight > 1_000 && buffer[at] === 32 && buffer[at - 1] === 34 ? value : -1;
}

function clfEntry(atUs: number, head: Partial<LogEntry>, tail: string): LogEntry {
  const [, count, router, service, ms] = TAIL.exec(tail) ?? [];
  const durationUs = ms === undefined ? undefined : (countOf(ms) ?? Number.NaN) * 1_000;
  const isTimed = Number.isSafeInteger(durationUs);
  return {
    format: 'traefik',
    kind: 'access',
    atUs,
    stamp: 'start',
    resolutionUs: SECOND_US,
    ...head,
    ...known({
      durationUs: isTimed ? durationUs : undefined,
      durationResolutionUs: isTimed ? 1_000 : undefined,
      upstream: service === undefined ? undefined : service === '-' ? [] : [{ address: addressIn(service) }],
      clientGone: head.status === 499 ? true : undefined,
    }),
    ids: requestIds({ userAgent: head.userAgent, query: head.query }),
    extra: {
      ...(router === undefined || router === '-' ? {} : { router }),
      ...(service === undefined || service === '-' ? {} : { serviceUrl: service }),
      ...(count === undefined || count === '-' ? {} : { requestCount: count }),
    },
  };
}

/** `http://192.0.2.8:80/base` names the member `192.0.2.8:80`. */
function addressIn(url: string): string {
  return /^[a-z0-9+.-]+:\/\/([^/?#]+)/i.exec(url)?.[1] ?? url;
}

function openTraefik(): LineReader {
  const row = emptyRow();
  const { places, scan } = createClfScan();
  const clfTime = createClfTime();
  const readTime = createIsoReader();
  const line: { buffer: Buffer; start: number; end: number } = { buffer: Buffer.alloc(0), start: 0, end: 0 };
  let json: { readonly record: JsonObject; readonly time: WrittenTime } | undefined;
  let bare: RegExpExecArray | null = null;
  let logsMembers = false;

  const readJson = (buffer: Buffer, start: number, end: number): boolean => {
    const record = jsonObjectIn(buffer, start, end);
    const time = record === undefined || !isTraefikJson(record) ? undefined : traefikTime(record, readTime);
    if (record === undefined || time === undefined) return false;
    json = { record, time };
    logsMembers ||= namesMember(record);
    row.atUs = time.atUs;
    row.status = traefikStatus(record) ?? -1;
    row.durationUs = nanosUs(own(record, 'Duration')) ?? -1;
    return true;
  };
  const readBare = (buffer: Buffer, start: number, end: number): boolean => {
    bare = NO_STATUS.exec(buffer.toString('utf8', start, end));
    const atUs = bare === null ? Number.NaN : clfTime(Buffer.from(bare[3] ?? '', 'latin1'), 0);
    if (Number.isNaN(atUs) || !TAIL.test(bare?.[8] ?? '')) return false;
    row.atUs = atUs;
    row.status = -1;
    return true;
  };
  return {
    row,
    read(buffer, start, end) {
      json = undefined;
      bare = null;
      line.buffer = buffer;
      line.start = start;
      line.end = end;
      if (end <= start) return 'blank';
      if (buffer[start] === OPEN_BRACE) return readJson(buffer, start, end) ? 'entry' : 'bad';
      row.durationUs = tailUs(buffer, start, end);
      if (!scan(buffer, start, end)) return readBare(buffer, start, end) ? 'entry' : 'bad';
      row.atUs = places.atUs;
      row.status = places.status > 0 ? places.status : -1;
      return 'entry';
    },
    entry() {
      if (json !== undefined) return traefikJsonEntry(json.record, json.time, logsMembers);
      if (bare !== null) return bareEntry(bare, row.atUs);
      const { tail, user: _user, virtualHost: _host, ...head } = clfHead(line.buffer, line.start, line.end, places);
      return clfEntry(row.atUs, { ...head, ...known({ userAgent: tail.userAgent }) }, tail.rest);
    },
    missing: () => [],
  };
}

/** A line without status is read as if it had one, which is then taken away. */
function bareEntry(bare: RegExpExecArray, atUs: number): LogEntry {
  const [, client, user, time, request, size, referer, agent, tail = ''] = bare;
  const text = `${client} - ${user} [${time}] "${request}" 000 ${size} "${referer}" "${agent}" ${tail}`;
  const bytes = Buffer.from(text);
  const { places, scan } = createClfScan();
  scan(bytes, 0, bytes.length);
  const { tail: found, user: _user, virtualHost: _host, ...head } = clfHead(bytes, 0, bytes.length, places);
  return clfEntry(atUs, { ...head, ...known({ userAgent: found.userAgent }) }, found.rest);
}

/**
 * Traefik's CLF with its three fields behind, and JSON (durations in ns). Times mark the start of a request. The member's address is the
 * host of `ServiceURL`; no attempt was made where a line has none and others of the file do.
 */
export const traefik: LogFormat = {
  id: 'traefik',
  title: 'Traefik access log',
  stamp: 'start',
  // A line is written when the request is done, unless bufferingSize says otherwise, which a line does not tell. 2 s: one for the whole
  // seconds of CLF, one for a busy disk.
  flushGuardUs: 2 * SECOND_US,
  recognise(head) {
    const { places, scan } = createClfScan();
    const fits = shareOf(headLines(head), (text) => {
      if (text.startsWith('{')) {
        const record = parseJsonObject(text);
        return record !== undefined && isTraefikJson(record);
      }
      const bytes = Buffer.from(text, 'latin1');
      if (!scan(bytes, 0, bytes.length)) return TAIL.test(NO_STATUS.exec(text)?.[8] ?? '');
      return TAIL.test(/^ "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*" (.*)$/.exec(text.slice(places.sizeEnd))?.[1] ?? '');
    });
    return 0.97 * fits;
  },
  reading: { unit: 'lines', open: openTraefik },
};

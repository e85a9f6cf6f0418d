/** Caddy's JSON log: access entries, errors of requests, and what else it says. */
import { emptyRow, type FormatOptions, type LineKind, type LineReader, type LogFormat } from '../format.ts';
import { zoneToUtc } from '../wall-time.ts';
import { headLines, shareOf } from './clf-shares.ts';
import {
  type CaddyKind,
  caddyDurationUs,
  caddyEntry,
  caddyKind,
  caddyTime,
  isCaddyJson,
  numberIn,
} from './json-caddy.ts';
import { createIsoReader, type WrittenTime } from './json-time.ts';
import { cutJsonObject, type JsonObject, objectOf, own, parseJsonObject, statusOf } from './json-value.ts';

type Read = {
  readonly record: JsonObject;
  readonly kind: CaddyKind;
  readonly time: WrittenTime;
  /** Digits of `duration` as they stand in the line. */
  readonly duration: string | undefined;
};

const OPEN_BRACE = 123;
const UPSTREAM = 'log_append upstream {http.reverse_proxy.upstream.hostport}';
const USER_AGENT = 'request>headers>User-Agent';

function openCaddy(options: FormatOptions): LineReader {
  const row = emptyRow();
  const readTime = createIsoReader(zoneToUtc(options.timeZone));
  const seen = { upstream: false, agent: false, access: false };
  let last: Read | undefined;

  const keep = (record: JsonObject, text: string): LineKind => {
    const kind = caddyKind(record);
    const time = caddyTime(record, text, readTime);
    if (time === undefined) return 'bad';
    if (kind === 'plain') return 'directive';
    const duration = numberIn(text, 'duration', own(record, 'duration'));
    last = { record, kind, time, duration };
    const isAccess = kind === 'access';
    row.atUs = time.atUs;
    // Errors repeat the status of the access entry: it would be counted twice.
    row.status = isAccess ? (statusOf(own(record, 'status')) ?? -1) : -1;
    row.durationUs = isAccess ? (caddyDurationUs(duration) ?? -1) : -1;
    if (isAccess) {
      seen.access = true;
      seen.upstream ||= Object.hasOwn(record, 'upstream');
      seen.agent ||= own(objectOf(own(objectOf(own(record, 'request')), 'headers')), 'User-Agent') !== undefined;
    }
    return 'entry';
  };
  return {
    row,
    read(buffer, start, end) {
      let from = start;
      while (from < end && (buffer[from] as number) <= 32) from++;
      if (from >= end) return 'blank';
      if (buffer[from] !== OPEN_BRACE) return 'bad';
      const text = buffer.toString('utf8', from, end);
      // Headers of an answer stand last and may be longer than what collectors of logs let through.
      const record = parseJsonObject(text) ?? cutJsonObject(text);
      return record === undefined || !isCaddyJson(record) ? 'bad' : keep(record, text);
    },
    entry() {
      if (last === undefined) throw new Error('no entry was read');
      return caddyEntry(last.record, last.kind, last.time, last.duration);
    },
    missing: () => (!seen.access ? [] : [...(seen.upstream ? [] : [UPSTREAM]), ...(seen.agent ? [] : [USER_AGENT])]),
  };
}

/**
 * Access and error entries, which may stand in one file or two: the digits of `duration` are the same in both and become `ids.local`.
 * Times mark the end of a request. Entries that are not about a request are events (warnings, errors, health checks) or directives.
 */
export const caddy: LogFormat = {
  id: 'caddy',
  title: 'Caddy log (JSON)',
  stamp: 'end',
  // Caddy writes each entry at once when its request is done; a second for a busy disk, one more as for all others.
  flushGuardUs: 2_000_000,
  recognise(head) {
    const fits = shareOf(headLines(head), (line) => {
      const record = line.startsWith('{') ? parseJsonObject(line) : undefined;
      return record !== undefined && isCaddyJson(record);
    });
    if (fits === 0) return 0;
    // Many programs in Go write `level`, `ts` and `msg`: the names of Caddy's loggers tell.
    const isNamed = /"logger":\s*"(?:http\.|admin|tls)|"msg":\s*"handled request"/.test(head);
    return isNamed ? 0.97 * fits : 0.4 * fits;
  },
  reading: { unit: 'lines', open: openCaddy },
};

/** nginx's access log: the combined format, with more behind it, or a `log_format` of the user's. */
import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type FormatOptions, type LineReader, type LogFormat } from '../format.ts';
import { clfHead, createClfScan } from './clf-line.ts';
import { clfShares, headLines, shareOf } from './clf-shares.ts';
import { createClfTime, isoTimeUs, SECOND_US, secondsUs } from './clf-time.ts';
import { NGINX_VALUES, nginxEntry } from './nginx-entry.ts';
import { compileNginxPattern, NGINX_TIMES } from './nginx-pattern.ts';
import { tailDurationUs, tailTimeUs, tailValues, usualKeys } from './nginx-tail.ts';
import { type CompiledPattern, createMatcher, type PatternMatcher } from './pattern-match.ts';
import { fieldAt, patternOf, valuesOf } from './pattern-reader.ts';
import { digits } from './w3c-bytes.ts';

/** What explaining a 5xx needs, by nginx's names. */
const WANTED = [
  ...['request_time', 'upstream_addr', 'upstream_status', 'upstream_connect_time', 'upstream_header_time'],
  ...['upstream_response_time', 'connection'],
];

function missingOf(has: (name: string) => boolean): readonly string[] {
  return WANTED.filter((name) => !has(name)).map((name) => `$${name}`);
}

/** Reads the time in a field of the line just matched (µs); NaN when it is none. */
function createTimeOf(
  { fields }: CompiledPattern,
  { starts, ends }: PatternMatcher,
): (buffer: Buffer, index: number) => number {
  const clfTime = createClfTime();
  return (buffer, index) => {
    const start = starts[index] as number;
    const end = ends[index] as number;
    const check = fields[index]?.check;
    if (check === 'seconds') {
      const us = secondsUs(buffer, start, end);
      return us < 0 ? Number.NaN : us;
    }
    if (end - start !== fields[index]?.width) return Number.NaN;
    return check === 'iso-time' ? isoTimeUs(buffer, start) : clfTime(buffer, start);
  };
}

function openPattern(pattern: CompiledPattern): LineReader {
  const row = emptyRow();
  const matcher = createMatcher(pattern);
  const { starts, ends } = matcher;
  const { fields } = pattern;
  const status = fieldAt(pattern, 'status');
  const request = fieldAt(pattern, 'request', 'request_uri', 'uri');
  const duration = fieldAt(pattern, 'request_time');
  // A cut line may hold only the coarser of two times.
  const times = NGINX_TIMES.map((name) => fieldAt(pattern, name)).filter((index) => index >= 0);
  const timeAt = createTimeOf(pattern, matcher);
  let line: Buffer = Buffer.alloc(0);
  let count = 0;
  let time = 0;
  return {
    row,
    read(buffer, start, end) {
      if (end <= start) return 'blank';
      line = buffer;
      count = matcher.match(buffer, start, end) ? fields.length : matcher.matchCut(buffer, start, end);
      // A cut line is worth having when it says when and what was asked.
      time = count === fields.length ? (times[0] ?? count) : (times.find((index) => index < count) ?? count);
      if (count <= time || count <= request) return 'bad';
      const atUs = timeAt(buffer, time);
      if (Number.isNaN(atUs)) return 'bad';
      row.atUs = atUs;
      const isCut = count < fields.length;
      const code =
        status < 0 || (isCut && status >= count)
          ? -1
          : digits(buffer, starts[status] as number, ends[status] as number);
      row.status = code > 0 ? code : -1;
      row.durationUs =
        duration < 0 || (isCut && duration >= count)
          ? -1
          : secondsUs(buffer, starts[duration] as number, ends[duration] as number);
      return 'entry';
    },
    entry(): LogEntry {
      const values = valuesOf(pattern, matcher, line, NGINX_VALUES, count);
      if (count < fields.length) values.set('cut', 'yes');
      return nginxEntry(values, { atUs: row.atUs, resolutionUs: fields[time]?.name === 'msec' ? 1_000 : SECOND_US });
    },
    missing: () => missingOf((name) => fieldAt(pattern, name) >= 0),
  };
}

const INGRESS = compileNginxPattern('upstreaminfo') as CompiledPattern;

/** Without a pattern: ingress-nginx's format where it fits, else combined and what the keys behind it say. */
function openGuessed(): LineReader {
  const row = emptyRow();
  const { places, scan } = createClfScan();
  const ingress = openPattern(INGRESS);
  const seen = new Set<string>();
  const line = { buffer: Buffer.alloc(0) as Buffer, start: 0, end: 0, isIngress: false };
  const guessed = (): LogEntry => {
    const { tail, user, virtualHost, ...head } = clfHead(line.buffer, line.start, line.end, places);
    const values = tailValues(tail.rest);
    for (const name of WANTED) if (values.has(name)) seen.add(name);
    if (tail.userAgent !== undefined) values.set('http_user_agent', tail.userAgent);
    if (tail.referer !== undefined) values.set('http_referer', tail.referer);
    if (user !== undefined) values.set('remote_user', user);
    if (virtualHost !== undefined) values.set('vhost', virtualHost);
    values.set('status', String(places.status));
    const request = line.buffer.toString('utf8', places.requestStart, places.requestEnd);
    if (request !== '-' && request !== '') values.set('request', request);
    const fine = tailTimeUs(values);
    const time = fine === undefined ? { atUs: row.atUs, resolutionUs: SECOND_US } : { atUs: fine, resolutionUs: 1_000 };
    return { ...nginxEntry(values, time), ...head };
  };
  return {
    row,
    read(buffer, start, end) {
      if (end <= start) return 'blank';
      if (!scan(buffer, start, end)) return 'bad';
      // Its line ends with an id that holds no `=`; keys and values would be read otherwise.
      const last = buffer[end - 1] as number;
      line.isIngress = last !== 34 && ingress.read(buffer, start, end) === 'entry';
      row.atUs = places.atUs;
      row.status = places.status > 0 ? places.status : -1;
      row.durationUs = line.isIngress ? ingress.row.durationUs : tailDurationUs(buffer, places.sizeEnd, end);
      line.buffer = buffer;
      line.start = start;
      line.end = end;
      return 'entry';
    },
    entry: () => (line.isIngress ? ingress.entry() : guessed()),
    missing: () => (line.isIngress ? ingress.missing() : missingOf((name) => seen.has(name))),
  };
}

/**
 * With `options.pattern`, lines of that `log_format`. Without: the combined format, ingress-nginx's `upstreaminfo`, and the usual keys
 * behind the combined format (`rt urt uct uht ua us ubr rid conn msec`, or the variables' own names) where their values look right; other
 * `key=value` pairs go to `extra`. Times mark the end of a request (its log phase); `$request_time` counts from the first byte of the
 * request and contains the sending to a slow client.
 */
export const nginx: LogFormat = {
  id: 'nginx',
  title: 'nginx access log',
  stamp: 'end',
  // nginx writes a line when the request is done; with `buffer=` later, which a line does not tell. 2 s: one for times of whole seconds, one
  // for a busy disk.
  flushGuardUs: 2 * SECOND_US,
  recognise(head) {
    const { plain, longer, tails } = clfShares(head);
    const reader = openPattern(INGRESS);
    const lines = headLines(head).map((text) => Buffer.from(text, 'latin1'));
    const ingress = shareOf(lines, (line) => reader.read(line, 0, line.length) === 'entry');
    // Two keys: one of two letters alone may mean anything.
    const keyed = longer * shareOf(tails, (tail) => usualKeys(tail) >= 2 || /(?:^| )upstream_\w+=/.test(tail));
    return Math.max(0.9 * ingress, 0.7 * keyed, 0.4 * plain);
  },
  reading: {
    unit: 'lines',
    open(options: FormatOptions) {
      const pattern = patternOf(options, compileNginxPattern);
      return pattern === undefined ? openGuessed() : openPattern(pattern);
    },
  },
};

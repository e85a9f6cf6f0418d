/** Apache httpd's access log: common, combined, with the virtual host in front, or a `LogFormat` of the user's. */
import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type FormatOptions, type LineReader, type LogFormat } from '../format.ts';
import { APACHE_DURATIONS, APACHE_VALUES, type ApacheTime, apacheEntry } from './apache-entry.ts';
import { compileApachePattern } from './apache-pattern.ts';
import { createApacheClock } from './apache-time.ts';
import { clfHead, createClfScan } from './clf-line.ts';
import { pairsIn } from './clf-pairs.ts';
import { clfShares, shareOf } from './clf-shares.ts';
import { SECOND_US } from './clf-time.ts';
import { type CompiledPattern, createMatcher } from './pattern-match.ts';
import { fieldAt, patternOf, valuesOf } from './pattern-reader.ts';
import { digits } from './w3c-bytes.ts';

/** What explaining a 5xx needs, by Apache's names. */
const WANTED = ['D', 'X', 'L', '{BALANCER_WORKER_NAME}e', '{proxy-status}n', '{error-notes}n'];

function missingOf(has: (name: string) => boolean): readonly string[] {
  return WANTED.filter((name) => !has(name)).map((name) => `%${name}`);
}

function openPattern(pattern: CompiledPattern, options: FormatOptions): LineReader {
  const row = emptyRow();
  const matcher = createMatcher(pattern);
  const { starts, ends } = matcher;
  const clock = createApacheClock(pattern, matcher, options);
  const status = fieldAt(pattern, '>s', 's');
  const unit = APACHE_DURATIONS.find(([name]) => fieldAt(pattern, name) >= 0);
  const duration = unit === undefined ? -1 : fieldAt(pattern, unit[0]);
  let line: Buffer = Buffer.alloc(0);
  const numberAt = (index: number): number =>
    index < 0 ? -1 : Math.max(-1, digits(line, starts[index] as number, ends[index] as number));
  return {
    row,
    read(buffer, start, end) {
      if (end <= start) return 'blank';
      line = buffer;
      if (clock === undefined || !matcher.match(buffer, start, end)) return 'bad';
      row.atUs = clock.us(buffer);
      if (Number.isNaN(row.atUs)) return 'bad';
      row.status = numberAt(status) || -1;
      const us = numberAt(duration) * (unit?.[1] ?? 1);
      row.durationUs = us >= 0 && Number.isSafeInteger(us) ? us : -1;
      return 'entry';
    },
    entry: (): LogEntry =>
      apacheEntry(valuesOf(pattern, matcher, line, APACHE_VALUES), {
        atUs: row.atUs,
        stamp: clock?.stamp ?? 'start',
        resolutionUs: clock?.resolutionUs ?? SECOND_US,
      }),
    missing: () => missingOf((name) => fieldAt(pattern, name) >= 0),
  };
}

/** Of the advised format: a key of its own for what has no letter. `-` stands where a request has no such value. */
const TAIL_NAMES: Readonly<Record<string, string>> = {
  w: '{BALANCER_WORKER_NAME}e',
  ps: '{proxy-status}n',
  notes: '{error-notes}n',
  b: 'begin:usec',
  e: 'end:usec',
};

/**
 * Keys of a tail that are named like the directive and have no other meaning, and those of the advised format: their values are looked at
 * only where they fit. `T` is left out, because %T is seconds and %{ms}T milliseconds.
 */
const TAIL_SHAPES: Readonly<Record<string, RegExp>> = {
  D: /^\d+$/,
  X: /^[X+-]$/,
  L: /^(?:-|[\w@+/-]{8,})$/,
  O: /^\d+$/,
  I: /^\d+$/,
  // A worker is named by its URL.
  w: /^(?:-|[a-z]+:\/\/\S+|unix:\S+)$/,
  ps: /^(?:-|\d{3})$/,
  // µs since 1970 have 16 digits until the year 2286.
  b: /^\d{16}$/,
  e: /^\d{16}$/,
};

/** Values of a tail by directive; what is none of these under its own key. */
function tailValues(tail: string): { readonly values: Map<string, string>; readonly known: number } {
  const values = new Map<string, string>();
  let count = 0;
  const pairs = pairsIn(tail);
  for (const [key, value] of pairs) {
    // Notes may be any text; beside a worker's name they are the advised format's.
    const isKnown =
      key === 'notes'
        ? TAIL_SHAPES['w']?.test(pairs.get('w') ?? '') === true
        : Object.hasOwn(TAIL_SHAPES, key) && TAIL_SHAPES[key]?.test(value) === true;
    if (isKnown) count++;
    const name = isKnown ? (TAIL_NAMES[key] ?? key) : `{${key}}x`;
    if (isKnown || (value !== '-' && value !== '')) values.set(name, value);
  }
  return { values, known: count };
}

/** `%{begin:usec}t` of a tail, where it lies within the second that `%t` names; else the whole second. */
function tailTime(values: ReadonlyMap<string, string>, secondAtUs: number): ApacheTime {
  const fineUs = Number(values.get('begin:usec') ?? Number.NaN);
  return fineUs >= secondAtUs && fineUs < secondAtUs + SECOND_US
    ? { atUs: fineUs, stamp: 'start', resolutionUs: 1 }
    : { atUs: secondAtUs, stamp: 'start', resolutionUs: SECOND_US };
}

function openGuessed(): LineReader {
  const row = emptyRow();
  const { places, scan } = createClfScan();
  const seen = new Set<string>();
  const line = { buffer: Buffer.alloc(0) as Buffer, start: 0, end: 0 };
  return {
    row,
    read(buffer, start, end) {
      if (end <= start) return 'blank';
      if (!scan(buffer, start, end)) return 'bad';
      row.atUs = places.atUs;
      row.status = places.status > 0 ? places.status : -1;
      row.durationUs = tailDurationUs(buffer, places.sizeEnd, end);
      line.buffer = buffer;
      line.start = start;
      line.end = end;
      return 'entry';
    },
    entry(): LogEntry {
      const { tail, user, virtualHost, bytesSent, ...head } = clfHead(line.buffer, line.start, line.end, places);
      const { values } = tailValues(tail.rest);
      for (const name of WANTED) if (values.has(name)) seen.add(name);
      if (values.get('{error-notes}n') === '-') values.delete('{error-notes}n');
      if (bytesSent !== undefined) values.set('b', String(bytesSent));
      if (tail.userAgent !== undefined) values.set('{User-Agent}i', tail.userAgent);
      if (tail.referer !== undefined) values.set('{Referer}i', tail.referer);
      if (user !== undefined) values.set('u', user);
      if (virtualHost !== undefined) values.set('v', virtualHost);
      values.set('r', line.buffer.toString('utf8', places.requestStart, places.requestEnd));
      const entry = apacheEntry(values, tailTime(values, row.atUs));
      return { ...entry, ...head };
    },
    missing: () => missingOf((name) => seen.has(name)),
  };
}

/** `%D` behind ` D=`, without making texts; -1 when there is none. */
function tailDurationUs(buffer: Buffer, start: number, end: number): number {
  for (let at = start; at + 3 < end; at++) {
    if (buffer[at] !== 32 || buffer[at + 1] !== 68 || buffer[at + 2] !== 61) continue;
    let stop = at + 3;
    while (stop < end && buffer[stop] !== 32) stop++;
    return Math.max(-1, digits(buffer, at + 3, stop));
  }
  return -1;
}

/**
 * With `options.pattern`, lines of that `LogFormat`. Without: common, combined and vhost_combined, and behind them the keys `D X L O I` that are named
 * like Apache's directives and those of the advised format (`w ps notes b e`); other `key=value` pairs go to `extra`. Times mark the start of a request, unless a pattern has
 * only `%{end:…}t`. The time that a request waited for a worker is in none of them.
 */
export const apache: LogFormat = {
  id: 'apache',
  title: 'Apache httpd access log',
  stamp: 'start',
  // httpd writes a line when the request is done, unless `BufferedLogs On` holds it back, which a line does not tell. 2 s: one for times of
  // whole seconds, one for a busy disk.
  flushGuardUs: 2 * SECOND_US,
  recognise(head) {
    const { plain, longer, tails } = clfShares(head);
    // Three: one letter alone may mean anything.
    const keyed = longer * shareOf(tails, (tail) => tailValues(tail).known >= 3);
    return Math.max(0.7 * keyed, 0.4 * plain);
  },
  reading: {
    unit: 'lines',
    open(options: FormatOptions) {
      const pattern = patternOf(options, compileApachePattern);
      return pattern === undefined ? openGuessed() : openPattern(pattern, options);
    },
  },
};

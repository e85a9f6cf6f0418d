/** Access log of varnishncsa. */
import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type FormatOptions, type LineReader, type LogFormat } from '../format.ts';
import { clfHead, createClfScan } from './clf-line.ts';
import { pairsIn } from './clf-pairs.ts';
import { addressOf, countOf, known, requestIds, requestParts } from './clf-request.ts';
import { clfShares, shareOf } from './clf-shares.ts';
import { createClfTime, SECOND_US, textSecondsUs } from './clf-time.ts';
import { type CompiledPattern, createMatcher } from './pattern-match.ts';
import { fieldAt, patternOf, valuesOf } from './pattern-reader.ts';
import { compileVarnishPattern } from './varnish-pattern.ts';
import { digits } from './w3c-bytes.ts';

type Values = ReadonlyMap<string, string>;

/** What explaining a 5xx needs, by the directives that log it. */
const WANTED = ['%D', '%{Varnish:hitmiss}x', '%{X-Varnish}o'];
const RULES = { kept: new Set<string>(), verbatim: new Set(['r', 'U', 'q']) };

/** Directives whose value is in a field of the entry. */
const MAPPED = new Set([
  't',
  'h',
  'l',
  'u',
  'r',
  'm',
  'U',
  'q',
  's',
  'b',
  'D',
  'I',
  'O',
  'H',
  '{Host}i',
  '{traceparent}i',
]);

/**
 * Keys that lines carry behind the usual ones. `D` is the directive itself; the others are the words after the colon of Varnish's own
 * variables, and short forms of them. What does not look like a value of the directive is not taken for it.
 */
const KEYS: Readonly<Record<string, readonly [directive: string, shape: RegExp]>> = {
  D: ['D', /^\d+$/],
  T: ['T', /^\d+$/],
  vxid: ['{X-Varnish}o', /^\d+(?: \d+)?$/],
  xid: ['{X-Varnish}o', /^\d+(?: \d+)?$/],
  hit: ['{Varnish:hitmiss}x', /^(?:hit|miss|pass|pipe|synth|error)$/],
  hitmiss: ['{Varnish:hitmiss}x', /^(?:hit|miss)$/],
  handling: ['{Varnish:handling}x', /^(?:hit|miss|pass|pipe|synth|error)$/],
  ttfb: ['{Varnish:time_firstbyte}x', /^\d+\.\d+$/],
  time_firstbyte: ['{Varnish:time_firstbyte}x', /^\d+\.\d+$/],
};

/** Varnish's own values in the words behind a line. */
function tailValues(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const [key, value] of pairsIn(text)) {
    const known_ = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    const name = known_?.[1].test(value) === true ? known_[0] : key;
    if (value !== '-' && value !== '' && !values.has(name)) values.set(name, value);
  }
  return values;
}

/** Header directives are as the operator wrote them: the case of names does not matter. */
function headerOf(values: Values, name: string, kind: 'i' | 'o'): string | undefined {
  const wanted = `{${name}}${kind}`.toLowerCase();
  for (const [key, value] of values) if (key.toLowerCase() === wanted) return value;
  return undefined;
}

function varnishEntry(values: Values, atUs: number): LogEntry {
  const line = requestParts(values.get('r') ?? '');
  const query = line.query ?? values.get('q')?.replace(/^\?/, '');
  const path = line.path ?? values.get('U');
  const micros = countOf(values.get('D'));
  const durationUs = micros ?? wholeSecondsUs(values.get('T'));
  const userAgent = headerOf(values, 'User-Agent', 'i');
  const handling = values.get('{Varnish:handling}x') ?? values.get('{Varnish:hitmiss}x');
  // A cached answer has the id of the request that fetched it behind its own.
  const vxid = headerOf(values, 'X-Varnish', 'o')?.split(' ')[0] ?? values.get('{Varnish:vxid}x');
  const status = countOf(values.get('s'));
  const extra = Object.fromEntries(
    [...values].filter(([name]) => !MAPPED.has(name) && !/^\{User-agent\}i$/i.test(name)),
  );
  return {
    format: 'varnish',
    kind: 'access',
    atUs,
    stamp: 'start',
    resolutionUs: SECOND_US,
    ...known({
      method: line.method ?? values.get('m'),
      path,
      query: query === '' ? undefined : query,
      status: status === 0 ? undefined : status,
      durationUs,
      durationResolutionUs: durationUs === undefined ? undefined : micros === undefined ? SECOND_US : 1,
      bytesSent: countOf(values.get('O')) ?? countOf(values.get('b')),
      bytesReceived: countOf(values.get('I')),
      clientIp: addressOf(values.get('h')),
      host: headerOf(values, 'Host', 'i') ?? line.host,
      userAgent,
      // Answers out of the cache, and those that VCL makes, need no member.
      upstream: handling === 'hit' || handling === 'synth' ? [] : undefined,
    }),
    ids: requestIds({
      userAgent,
      query,
      trace: headerOf(values, 'traceparent', 'i'),
      request: headerOf(values, 'X-Request-Id', 'i'),
      local: vxid,
    }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function wholeSecondsUs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : textSecondsUs(text);
}

function openPattern(pattern: CompiledPattern): LineReader {
  const row = emptyRow();
  const matcher = createMatcher(pattern);
  const { starts, ends } = matcher;
  const clfTime = createClfTime();
  const time = fieldAt(pattern, 't');
  const status = fieldAt(pattern, 's');
  const duration = fieldAt(pattern, 'D');
  let line: Buffer = Buffer.alloc(0);
  const numberAt = (index: number): number =>
    index < 0 ? -1 : Math.max(-1, digits(line, starts[index] as number, ends[index] as number));
  return {
    row,
    read(buffer, start, end) {
      if (end <= start) return 'blank';
      line = buffer;
      if (!matcher.match(buffer, start, end)) return 'bad';
      const from = starts[time] as number;
      if (ends[time] !== from + 28 || buffer[from] !== 91 || buffer[from + 27] !== 93) return 'bad';
      row.atUs = clfTime(buffer, from + 1);
      if (Number.isNaN(row.atUs)) return 'bad';
      row.status = numberAt(status) || -1;
      row.durationUs = numberAt(duration);
      return 'entry';
    },
    entry: () => varnishEntry(valuesOf(pattern, matcher, line, RULES), row.atUs),
    missing: () => WANTED.filter((name) => fieldAt(pattern, name.slice(1)) < 0),
  };
}

/** Digits of ` D=565` in a tail, without making texts; -1 when there are none. */
function tailDurationUs(buffer: Buffer, start: number, end: number): number {
  for (let at = start; at + 3 < end; at++) {
    if (buffer[at] !== 32 || buffer[at + 1] !== 68 || buffer[at + 2] !== 61) continue;
    let stop = at + 3;
    while (stop < end && buffer[stop] !== 32) stop++;
    return Math.max(-1, digits(buffer, at + 3, stop));
  }
  return -1;
}

/** Without a pattern: the default format, and what the keys behind it say. */
function openGuessed(): LineReader {
  const row = emptyRow();
  const { places, scan } = createClfScan();
  const line: { buffer: Buffer; start: number; end: number } = { buffer: Buffer.alloc(0), start: 0, end: 0 };
  const seen = new Set<string>();
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
    entry() {
      const { tail, user: _user, virtualHost: _host, ...head } = clfHead(line.buffer, line.start, line.end, places);
      const values = tailValues(tail.rest);
      if (tail.userAgent !== undefined) values.set('{User-agent}i', tail.userAgent);
      if (tail.referer !== undefined) values.set('{Referer}i', tail.referer);
      values.set('r', line.buffer.toString('utf8', places.requestStart, places.requestEnd));
      for (const name of values.keys()) if (WANTED.includes(`%${name}`)) seen.add(`%${name}`);
      return { ...varnishEntry(values, row.atUs), ...head };
    },
    missing: () => WANTED.filter((name) => !seen.has(name)),
  };
}

const OWN_WORDS = /(?:^| )(?:vxid|xid|hitmiss|handling|ttfb|time_firstbyte)=|(?:^| )hit=(?:hit|miss|pass)\b/;

/**
 * varnishncsa's default format, also with usual keys behind (`D T ttfb hit vxid`), or with `options.pattern` lines of that `-F`. Times mark
 * the start of a request, whole seconds. 503 says only that a fetch failed: why stands in varnishlog, which `ids.local` (the vxid) leads to.
 */
export const varnish: LogFormat = {
  id: 'varnish',
  title: 'Varnish access log (varnishncsa)',
  stamp: 'start',
  // varnishncsa writes what it has whenever it finds no more in shared memory. 2 s: one for whole seconds, one for a busy disk.
  flushGuardUs: 2 * SECOND_US,
  recognise(head) {
    const { plain, longer, absolute, tails } = clfShares(head);
    const own = longer * shareOf(tails, (tail) => OWN_WORDS.test(tail));
    // Whole URLs in requests are what varnishncsa writes, and forward proxies.
    return Math.max(absolute > 0.5 ? 0.95 * own : 0.7 * own, absolute > plain / 2 ? 0.6 * plain : 0.2 * plain);
  },
  reading: {
    unit: 'lines',
    open(options: FormatOptions) {
      const pattern = patternOf(options, compileVarnishPattern);
      return pattern === undefined ? openGuessed() : openPattern(pattern);
    },
  },
};

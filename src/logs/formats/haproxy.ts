/** HAProxy's log. */
import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type FormatOptions, type LineReader, type LogFormat } from '../format.ts';
import { zoneToUtc } from '../wall-time.ts';
import { headLines, shareOf } from './clf-shares.ts';
import { SECOND_US } from './clf-time.ts';
import { accessEntry, errorEntry, eventEntry } from './haproxy-entry.ts';
import { createHaproxyScan, type HaproxyShape, lastTimerUs } from './haproxy-places.ts';
import { type SyslogHeader, stateOf, syslogHeader } from './haproxy-syslog.ts';
import { digits } from './w3c-bytes.ts';

function openHaproxy(options: FormatOptions): LineReader {
  const row = emptyRow();
  const toUtc = zoneToUtc(options.timeZone);
  const { places, scan } = createHaproxyScan();
  const line = { buffer: Buffer.alloc(0) as Buffer, start: 0, end: 0 };
  let shape: HaproxyShape | undefined;
  let event: SyslogHeader | undefined;
  // Headers of the old syslog have no year: lines before tell it, else the file's age.
  let nearMs = options.modifiedAtMs;

  function readEvent(buffer: Buffer, start: number, end: number): 'entry' | 'bad' {
    event = syslogHeader(buffer.toString('utf8', start, end), toUtc, nearMs);
    const isOwn = event !== undefined && (/haproxy/i.test(event.program) || stateOf(event.message) !== undefined);
    if (!isOwn || event?.atUs === undefined) return 'bad';
    row.atUs = event.atUs;
    row.status = -1;
    row.durationUs = -1;
    return 'entry';
  }

  const headerOf = (): SyslogHeader | undefined =>
    places.clientStart === line.start
      ? undefined
      : syslogHeader(line.buffer.toString('utf8', line.start, places.clientStart), toUtc, nearMs);

  return {
    row,
    read(buffer, start, end) {
      if (end <= start) return 'blank';
      line.buffer = buffer;
      line.start = start;
      line.end = end;
      shape = scan(buffer, start, end);
      if (shape === undefined) return readEvent(buffer, start, end);
      row.atUs = toUtc(places.localMs) * 1_000;
      if (Number.isNaN(row.atUs)) return 'bad';
      nearMs = row.atUs / 1_000;
      const { starts, ends } = places;
      // -1: the client left before there was one.
      if (shape === 'http' && !isNumber(buffer[starts[3] as number] as number)) return 'bad';
      const status = shape === 'http' ? digits(buffer, starts[3] as number, ends[3] as number) : -1;
      row.status = status > 0 && status <= 999 ? status : -1;
      row.durationUs = shape === 'error' ? -1 : lastTimerUs(buffer, starts[2] as number, ends[2] as number);
      return 'entry';
    },
    entry(): LogEntry {
      if (shape === undefined) return eventEntry(event as SyslogHeader, row.atUs);
      const header = headerOf();
      return shape === 'error'
        ? errorEntry(line, places, row.atUs, header)
        : accessEntry(line, shape, places, row.atUs, header);
    },
    missing: () => [],
  };
}

/** Beginning of a number that may be -1. */
function isNumber(byte: number): boolean {
  return byte === 45 || (byte >= 48 && byte <= 57);
}

/**
 * `option httplog`, `httpslog` and `tcplog`, with or without a header of syslog, with more behind the request; errors of connections; and
 * messages about servers, which need the header's time. Times mark the start of a request (`%tr`, local: `options.timeZone`); the header's
 * time is its end. Durations are `Ta`: without the time that a client on a kept connection took for its request. `extra` holds the timers as
 * written (ms; five of them since 1.7 are `TR Tw Tc Tr Ta`, before `Tq Tw Tc Tr Tt`).
 */
export const haproxy: LogFormat = {
  id: 'haproxy',
  title: 'HAProxy log',
  stamp: 'start',
  // HAProxy sends a line when its request is done. 2 s: one for the syslog daemon on the way, one for a busy disk.
  flushGuardUs: 2 * SECOND_US,
  recognise(head) {
    const reader = openHaproxy({ modifiedAtMs: 0 });
    return (
      0.95 *
      shareOf(headLines(head), (text) => {
        const bytes = Buffer.from(text, 'latin1');
        return reader.read(bytes, 0, bytes.length) === 'entry';
      })
    );
  },
  reading: { unit: 'lines', open: openHaproxy },
};

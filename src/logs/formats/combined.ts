/** The access log that nginx and Apache write unless told otherwise. */
import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type LineReader, type LogFormat } from '../format.ts';
import { clfHead, createClfScan } from './clf-line.ts';
import { requestIds } from './clf-request.ts';
import { clfShares } from './clf-shares.ts';
import { SECOND_US } from './clf-time.ts';

/** Asked for by name in what `missing` returns: both programs' words, since the lines do not tell which one wrote them. */
const MISSING = ['$request_time (nginx) or %D (Apache)', '$upstream_addr (nginx) or %{BALANCER_WORKER_NAME}e (Apache)'];

function openCombined(): LineReader {
  const row = emptyRow();
  const { places, scan } = createClfScan();
  const line: { buffer: Buffer; start: number; end: number } = { buffer: Buffer.alloc(0), start: 0, end: 0 };
  return {
    row,
    read(buffer, start, end) {
      if (end <= start) return 'blank';
      if (!scan(buffer, start, end)) return 'bad';
      row.atUs = places.atUs;
      row.status = places.status > 0 ? places.status : -1;
      line.buffer = buffer;
      line.start = start;
      line.end = end;
      return 'entry';
    },
    entry(): LogEntry {
      const { tail, user: _user, virtualHost, ...head } = clfHead(line.buffer, line.start, line.end, places);
      const { userAgent } = tail;
      return {
        format: 'combined',
        kind: 'access',
        atUs: places.atUs,
        stamp: 'end',
        resolutionUs: SECOND_US,
        ...head,
        ...(userAgent === undefined ? {} : { userAgent }),
        ids: requestIds({ userAgent, query: head.query }),
        ...(virtualHost === undefined ? {} : { extra: { vhost: virtualHost } }),
      };
    },
    missing: () => MISSING,
  };
}

/**
 * Common and Combined Log Format, also with the virtual host in front (Debian's `other_vhosts_access.log`). What else follows is not read.
 * The time is the end of the request when nginx wrote the line and its start when Apache did, which the line does not tell: `end` here,
 * whole seconds. Who knows better names the format `apache`.
 */
export const combined: LogFormat = {
  id: 'combined',
  title: 'Common or Combined Log Format (nginx, Apache)',
  stamp: 'end',
  // Both write a line when its request is done, unless told to buffer (`buffer=`, BufferedLogs), which a line does not tell. 2 s: one for
  // the whole seconds of the times, one for a busy disk.
  flushGuardUs: 2 * SECOND_US,
  recognise(head) {
    const { plain, longer, absolute } = clfShares(head);
    // Whole URLs in requests are what varnishncsa and forward proxies write.
    if (absolute > plain / 2) return 0.5 * plain;
    return plain >= longer ? 0.8 * plain : Math.max(0.8 * plain, 0.3 * longer);
  },
  reading: { unit: 'lines', open: openCombined },
};

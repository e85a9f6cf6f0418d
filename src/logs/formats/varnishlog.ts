/** varnishlog's transactions, grouped by request or one by one. */
import type { LogEntry } from '../../model/log.ts';
import { emptyRow, type LineKind, type LineReader, type LogFormat } from '../format.ts';
import { headLines } from './clf-shares.ts';
import { addRecord, startTransaction, type Transaction, transactionEntry } from './varnish-transaction.ts';

// Depths beyond the third are written as digits: `*4*`, `-4-`.
const HEADER = /^(?:\*{1,3}|\*\d{1,3}\*)\s+<<\s*(\w+)\s*>>\s+(\d{1,15})\s*$/;
const RECORD = /^(?:-{1,3}|-\d{1,3}-)\s+(\w+)\s+(.*)$/s;
const STAR = 42;
const DASH = 45;
/** More of a record is not looked at; Varnish cuts them at 255 bytes unless vsl_reclen says otherwise. */
const MAX_RECORD = 4_096;
/** Backend requests whose parent is remembered: retries name the attempt before them. */
const MAX_PARENTS = 1_000;

/** The client's request that each backend request belongs to. */
function createClients() {
  const clients = new Map<string, string>();
  return {
    of({ type, vxid, parent }: Transaction): string {
      if (type === 'Request' || parent === undefined) return vxid;
      const client = clients.get(parent.vxid) ?? parent.vxid;
      clients.delete(vxid);
      clients.set(vxid, client);
      if (clients.size > MAX_PARENTS) for (const oldest of clients.keys()) if (clients.delete(oldest)) break;
      return client;
    },
  };
}

function openVarnishlog(): LineReader {
  const row = emptyRow();
  const clients = createClients();
  let open: Transaction | undefined;
  let done: Transaction | undefined;
  let client = '';

  /** Ends the open transaction. A session has no request, and what has no time cannot be placed: both are passed over. */
  const complete = (nothing: LineKind): LineKind => {
    done = open;
    open = undefined;
    if (done === undefined || Number.isNaN(done.atUs)) return nothing;
    client = clients.of(done);
    row.atUs = done.atUs;
    // A backend request is no request of a client: its status would be counted twice.
    row.status = done.type === 'Request' ? (done.status ?? -1) : -1;
    row.durationUs = done.type === 'Request' ? done.durationUs : -1;
    return 'entry';
  };
  return {
    row,
    read(buffer, start, end) {
      const first = start < end ? buffer[start] : undefined;
      if (first === STAR) {
        const [, type, vxid] = HEADER.exec(buffer.toString('utf8', start, Math.min(end, start + MAX_RECORD))) ?? [];
        if (vxid === undefined) return 'bad';
        const isPending = open !== undefined;
        const kind = complete(isPending ? 'directive' : 'part');
        if (type === 'Request' || type === 'BeReq') open = startTransaction(type, vxid);
        return open === undefined && kind !== 'entry' ? 'directive' : kind;
      }
      if (first === DASH) {
        const text = buffer.toString('utf8', start, Math.min(end, start + MAX_RECORD));
        const [, tag, value = ''] = RECORD.exec(text) ?? [];
        if (tag === undefined) return 'bad';
        // Records of a session, or of a transaction whose beginning is in another file.
        if (open === undefined) return 'directive';
        addRecord(open, tag, value.trimEnd());
        return 'part';
      }
      for (let at = start; at < end; at++) if ((buffer[at] as number) > 32) return 'bad';
      return complete(open === undefined ? 'blank' : 'directive');
    },
    entry(): LogEntry {
      if (done === undefined) throw new Error('no transaction is complete');
      return transactionEntry(done, client);
    },
    missing: () => [],
  };
}

/**
 * A transaction is complete at the blank line or header behind it, so the last one of a file that is cut is left alone. Requests of clients
 * are `access`; backend requests are `error` where the fetch failed (FetchError verbatim, one a line), and `access` otherwise. `ids.local` is
 * the vxid of the client's request in both.
 */
export const varnishlog: LogFormat = {
  id: 'varnishlog',
  title: 'Varnish transaction log (varnishlog)',
  stamp: 'start',
  // Grouped by request, a transaction is written when all of its group are done; 10 s are an estimate for slow fetches in the background.
  flushGuardUs: 10_000_000,
  recognise(head) {
    const lines = headLines(head);
    const headers = lines.filter((line) => HEADER.test(line)).length;
    const fits = lines.filter((line) => HEADER.test(line) || RECORD.test(line)).length;
    return headers === 0 ? 0 : 0.97 * (fits / lines.length);
  },
  reading: { unit: 'lines', open: openVarnishlog },
};

/** What ARR appends to the query of its own log lines, and addresses as IIS writes them. */
import type { LogIds } from '../../model/log.ts';
import { PROBE_MARKER, probeIdIn, traceIn } from '../identity.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ARR_KEYS = ['x-arr-cache-hit', 'x-arr-log-id', 'server-status'];

export type CutQuery = {
  /** What the client sent; undefined when it sent nothing. */
  readonly query?: string;
  readonly arrId?: string;
  /** `x-arr-cache-hit`, `server-status`; also `x-arr-log-id` when it is no GUID. */
  readonly extra: Readonly<Record<string, string>>;
};

/** Cuts ARR's keys off the end of a query. The same names further left are the client's own and stay. */
export function cutArrKeys(query: string): CutQuery {
  const found: Record<string, string> = {};
  let rest = query;
  for (let cuts = 0; cuts < ARR_KEYS.length && rest !== ''; cuts++) {
    const from = rest.lastIndexOf('&') + 1;
    const equals = rest.indexOf('=', from);
    const key = equals < 0 ? '' : rest.slice(from, equals).toLowerCase();
    if (!ARR_KEYS.includes(key) || found[key] !== undefined) break;
    found[key] = rest.slice(equals + 1);
    rest = rest.slice(0, Math.max(0, from - 1));
  }
  const { 'x-arr-log-id': id, ...others } = found;
  const arrId = id === undefined ? undefined : arrIdOf(id);
  return {
    ...(rest === '' ? {} : { query: rest }),
    ...(arrId === undefined ? {} : { arrId }),
    extra: id === undefined || arrId !== undefined ? others : { ...others, 'x-arr-log-id': id },
  };
}

/** X-ARR-LOG-ID in lower case; undefined when the text is none. */
export function arrIdOf(text: string): string | undefined {
  return GUID.test(text) ? text.toLowerCase() : undefined;
}

/** Ids of a request out of the texts that may hold them. Queries may be percent-encoded. */
export function requestIds(found: { userAgent?: string; query?: string; arrId?: string; trace?: string }): LogIds {
  const probe = probeIdIn(found.userAgent ?? '') ?? probeInQuery(found.query ?? '');
  const trace = traceIn(found.trace ?? '')?.trace ?? traceIn(found.query ?? '')?.trace;
  return {
    ...(probe === undefined ? {} : { probe }),
    ...(found.arrId === undefined ? {} : { arr: found.arrId }),
    ...(trace === undefined ? {} : { trace }),
  };
}

function probeInQuery(query: string): string | undefined {
  const plain = query.replace(/%(2f|20|28|29|3b|3d)/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return plain.includes(PROBE_MARKER) ? probeIdIn(plain) : undefined;
}

/** Path and query of a request target that holds both. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

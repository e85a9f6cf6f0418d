/** Ids of a line, with what the probe's own `traceparent` adds. */
import type { LogIds, PlacedEntry } from '../../model/log.ts';
import { traceIn } from '../identity.ts';

/**
 * The ids by which a line is joined. A `traceparent` of the probe has the run as its trace and the request as its span: it says the
 * request's id where the gateway passed it on untouched, and nothing about one request where it did not (the trace is the whole run's).
 */
export function idsOf({ ids, raw }: Pick<PlacedEntry, 'ids' | 'raw'>): LogIds {
  if (ids.trace === undefined || ids.probe !== undefined) return ids;
  const found = traceIn(raw);
  // The probe's ids of requests begin as the id of their run does: 32 bits that agree by chance once in four milliards.
  if (found === undefined || found.trace !== ids.trace || found.span.slice(0, 8) !== found.trace.slice(0, 8))
    return ids;
  const { trace: _run, ...others } = ids;
  return { ...others, probe: found.span };
}

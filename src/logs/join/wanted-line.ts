/** A logged line as a request that is looked for on other hosts. */
import type { PlacedEntry } from '../../model/log.ts';
import type { Wanted } from './host-index.ts';
import type { PlacedHost } from './hosts.ts';

export function wantedOf(entry: PlacedEntry, host: PlacedHost, mayOutlast: boolean): Wanted {
  const { start, end } = host.index.place(entry);
  const { ids, method, path, query, status, durationUs } = entry;
  const memberStatus = memberStatusOf(entry);
  return {
    ids,
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
    ...(query === undefined ? {} : { query }),
    ...(status === undefined ? {} : { status }),
    ...(memberStatus === undefined ? {} : { memberStatus }),
    ...(durationUs === undefined ? {} : { durationUs }),
    start,
    end,
    mayOutlast,
  };
}

/** Of ARR alone: what other gateways log of an attempt may be an error of their own making. */
function memberStatusOf({ extra }: PlacedEntry): number | undefined {
  const said = extra?.['server-status'];
  return said !== undefined && /^\d{3}$/.test(said) ? Number(said) : undefined;
}

export function timesOf({ start, end }: Wanted): { readonly startAtUs: number; readonly endAtUs: number } {
  return {
    startAtUs: Math.round((start.lowUs + start.highUs) / 2),
    endAtUs: Math.round((end.lowUs + end.highUs) / 2),
  };
}

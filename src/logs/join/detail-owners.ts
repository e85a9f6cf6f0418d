/** Which request a kernel line, an error line or a trace belongs to: each to one, the nearest of all that it may be about. */
import type { PlacedEntry } from '../../model/log.ts';
import { type HostIndex, idKeys, type Wanted } from './host-index.ts';
import { distanceUs, type Span } from './moment.ts';
import { CLOSE_US, during, isAboutRequest, type Nameless, ofMoment } from './moment-owners.ts';
import { settleTies, type TiedAsk } from './tied-details.ts';
import { isAnother, type Placed, SLACK_US } from './time-match.ts';

export type DetailAsk = { readonly wanted: Wanted; readonly own: readonly PlacedEntry[] };

/** HTTPERR lines of dropped connections may come this much later than the request's end (up to a minute, Microsoft KB820729). */
const LATE_KERNEL_US = 75_000_000;
/** An id other than the probe's may repeat; within this it is the same request. */
const NEAR_ID_US = 75_000_000;
/** Between two requests that fit equally, a failed one is the one that an error is about. */
const GOOD_PENALTY_US = 500_000;

/** The same client is in both lines of a request, unless one of them logs whom a proxy named: so another one loses to any, and excludes none. */
const OTHER_CLIENT_PENALTY_US = 5_000_000;
/**
 * A start without a duration (Apache's usual log) leaves the end open: for so long an error about the same client and path may come. 300 s
 * is Apache's `Timeout` of old, and five times that of today; the rest is for a busy host.
 */
const OPEN_END_US = 305_000_000;

/** Lines about one failure follow each other at once: 0.1 ms apart in the laboratory. */
const SAME_FAILURE_US = 20_000;

type Pair = {
  readonly ask: number;
  readonly detail: PlacedEntry;
  readonly tier: 0 | 1;
  readonly apartUs: number;
};

/**
 * The details of each request, in its order. By id first (also the connection number that error log and access log of one program share),
 * then by path and time. A detail has one owner, and by time alone a request has at most one kernel line: http.sys writes one.
 */
export function assignDetails(
  index: HostIndex,
  asks: readonly DetailAsk[],
  isWhole: (fromUs: number, toUs: number) => boolean = () => false,
): readonly (readonly PlacedEntry[])[] {
  const byKey = new Map<string, Placed[]>();
  const byPath = new Map<string, Placed[]>();
  const pathless: Nameless[] = [];
  const named = pathsOfPorts(index.details);
  for (const detail of index.details) {
    const placed = index.place(detail);
    for (const key of keysOf(detail)) push(byKey, key, placed);
    if (detail.path !== undefined) push(byPath, detail.path, placed);
    else if (isAboutRequest(detail)) pathless.push({ ...placed, path: pathBeside(detail, named) });
  }
  const times = new Map([...byPath].map(([path, list]) => [path, inOrder(list)]));
  const sure = asks.flatMap(({ wanted, own }, ask): Pair[] => [
    ...ofPort(wanted, byKey).map((pair) => ({ ...pair, ask })),
    ...ofIds(wanted, byKey).map((pair) => ({ ...pair, ask })),
    ...own.flatMap((entry) => ofConnection(index.place(entry), byKey)).map((pair) => ({ ...pair, ask })),
  ]);
  const known = new Set(sure.map(({ detail }) => detail));
  const byTime = asks.flatMap(({ wanted, own }, ask): Pair[] =>
    ofTime(wanted, own, times.get(wanted.path ?? '')).flatMap((pair) =>
      known.has(pair.detail) ? [] : [{ ...pair, ask }],
    ),
  );
  const isError = ({ detail }: Pair): boolean => detail.kind === 'error';
  const pairs = [
    ...sure,
    ...byTime.filter((pair) => !isError(pair)),
    ...settleTies(byTime.filter(isError), (ask) => tiedAsk(asks[ask] as DetailAsk)),
  ];
  for (const { apartUs, ...pair } of ofMoment(asks, pathless, isWhole))
    pairs.push({ ...pair, tier: 1, apartUs: apartUs + GOOD_PENALTY_US });
  pairs.sort((a, b) => a.tier - b.tier || a.apartUs - b.apartUs);
  const found = asks.map((): PlacedEntry[] => []);
  const claimed = new Set<PlacedEntry>();
  const owners = new Map<number, Owned[]>();
  for (const { ask, detail, tier } of pairs) {
    const list = found[ask];
    if (list === undefined || claimed.has(detail)) continue;
    if (tier === 1 && detail.kind !== 'error' && list.some(({ kind }) => kind === detail.kind)) continue;
    claimed.add(detail);
    list.push(detail);
    if (detail.clientPort !== undefined && detail.format === 'apache-error')
      push(owners, detail.clientPort, { ask, detail });
  }
  for (const detail of owners.size === 0 ? [] : index.details) {
    const ask = detail.format !== 'apache-error' || claimed.has(detail) ? undefined : ownerOfPort(detail, owners);
    if (ask !== undefined) found[ask]?.push(detail);
  }
  return found.map((list) => list.sort((a, b) => a.atUs - b.atUs));
}

function tiedAsk({ wanted, own: [line] }: DetailAsk): TiedAsk {
  return { isFailed: wanted.mayOutlast, endUs: wanted.end.lowUs, line: line?.line ?? 0 };
}

/** Error lines of Apache that name a path, by their client's port. */
function pathsOfPorts(details: readonly PlacedEntry[]): ReadonlyMap<number, PlacedEntry[]> {
  const named = new Map<number, PlacedEntry[]>();
  for (const detail of details)
    if (detail.format === 'apache-error' && detail.path !== undefined && detail.clientPort !== undefined)
      push(named, detail.clientPort, detail);
  return named;
}

/** The path that another line about the same failure names. */
function pathBeside(
  { clientPort, atUs, source }: PlacedEntry,
  named: ReadonlyMap<number, readonly PlacedEntry[]>,
): string | undefined {
  const near = (named.get(clientPort ?? -1) ?? []).find(
    (one) => one.source === source && Math.abs(one.atUs - atUs) <= SAME_FAILURE_US,
  );
  return near?.path;
}

type Owned = { readonly ask: number; readonly detail: PlacedEntry };

/** Of several lines about one failure Apache names the request in one only; its client's port is in all. */
function ownerOfPort(
  { clientPort, atUs, source }: PlacedEntry,
  owners: ReadonlyMap<number, Owned[]>,
): number | undefined {
  const near = (owners.get(clientPort ?? -1) ?? []).filter(
    ({ detail }) => detail.source === source && Math.abs(detail.atUs - atUs) <= SAME_FAILURE_US,
  );
  return new Set(near.map(({ ask }) => ask)).size === 1 ? near[0]?.ask : undefined;
}

function keysOf(entry: PlacedEntry): string[] {
  const port = entry.clientPort === undefined ? [] : [`c:${entry.clientPort}`];
  return [...idKeys(entry.ids).map(([, key]) => key), ...localKeys(entry), ...port];
}

/** Error lines about the probe's own connection (Apache's `[client address:port]`), at that moment. */
function ofPort(wanted: Wanted, byKey: ReadonlyMap<string, readonly Placed[]>): Found[] {
  if (wanted.probePort === undefined) return [];
  return (byKey.get(`c:${wanted.probePort}`) ?? []).flatMap((one): Found[] => {
    const apartUs = distanceUs(momentOf(one), during(wanted));
    const isOther = one.entry.path !== undefined && wanted.path !== undefined && one.entry.path !== wanted.path;
    return isOther || isAnother(one.entry, wanted) || apartUs > CLOSE_US
      ? []
      : [{ detail: one.entry, tier: 0, apartUs }];
  });
}

function localKeys({ ids, format }: PlacedEntry): string[] {
  const program = format.split('-')[0] ?? format;
  return ids.local === undefined ? [] : [`l:${program}:${ids.local}`];
}

function momentOf({ entry, start, end }: Placed): Span {
  return entry.kind === 'trace' ? { lowUs: start.lowUs, highUs: end.highUs } : end;
}

type Found = Omit<Pair, 'ask'>;

function ofIds(wanted: Wanted, byKey: ReadonlyMap<string, readonly Placed[]>): Found[] {
  return idKeys(wanted.ids).flatMap(([by, key]) =>
    (byKey.get(key) ?? []).flatMap((one): Found[] => {
      const apartUs = distanceUs(momentOf(one), during(wanted));
      const isShared = by === 'trace-id' || by === 'request-id';
      if (isAnother(one.entry, wanted) || (by !== 'probe-id' && apartUs > NEAR_ID_US)) return [];
      if (isShared && wanted.path !== undefined && one.entry.path !== undefined && wanted.path !== one.entry.path)
        return [];
      return [{ detail: one.entry, tier: 0, apartUs }];
    }),
  );
}

/** A connection serves several requests, and its number comes again after a restart: path and time decide. */
function ofConnection(own: Placed, byKey: ReadonlyMap<string, readonly Placed[]>): Found[] {
  const { entry } = own;
  return localKeys(entry).flatMap((key) =>
    (byKey.get(key) ?? []).flatMap((one): Found[] => {
      if (entry.path !== undefined && one.entry.path !== undefined && entry.path !== one.entry.path) return [];
      const apartUs = distanceUs(momentOf(one), during(own));
      if (apartUs > CLOSE_US) return [];
      const isGood = (entry.status ?? 500) < 400;
      return [
        {
          detail: one.entry,
          tier: 0,
          apartUs: apartUs + distanceUs(momentOf(one), own.end) / 1_000 + (isGood ? GOOD_PENALTY_US : 0),
        },
      ];
    }),
  );
}

type InOrder = { readonly list: readonly Placed[]; readonly longestUs: number };

function inOrder(list: Placed[]): InOrder {
  const longestUs = list.reduce((most, one) => Math.max(most, momentOf(one).highUs - momentOf(one).lowUs), 0);
  return { list: list.sort((a, b) => momentOf(a).lowUs - momentOf(b).lowUs), longestUs };
}

function ofTime(wanted: Wanted, own: readonly PlacedEntry[], times: InOrder | undefined): Found[] {
  if (times === undefined) return [];
  const { list, longestUs } = times;
  const found: Found[] = [];
  const toUs = wanted.end.highUs + (hasOpenEnd(wanted, own) ? OPEN_END_US : LATE_KERNEL_US + 2 * CLOSE_US);
  let at = lowerBound(list, wanted.start.lowUs - longestUs - LATE_KERNEL_US);
  for (; at < list.length; at++) {
    const one = list[at] as Placed;
    if (momentOf(one).lowUs > toUs) break;
    const apartUs = apartOf(one, wanted, own);
    if (apartUs !== undefined) found.push({ detail: one.entry, tier: 1, apartUs });
  }
  return found;
}

function lowerBound(list: readonly Placed[], us: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (momentOf(list[middle] as Placed).lowUs < us) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How far a detail is from where it would stand if it were about this request; undefined: it is not. */
function apartOf(one: Placed, wanted: Wanted, own: readonly PlacedEntry[]): number | undefined {
  const { entry, errorUs } = one;
  if (isAnother(entry, wanted) || entry.extra?.['normal'] !== undefined) return undefined;
  if (wanted.method !== undefined && entry.method !== undefined && wanted.method !== entry.method) return undefined;
  if (wanted.query !== undefined && entry.query !== undefined && wanted.query !== entry.query) return undefined;
  if (wanted.clientPort !== undefined && entry.clientPort !== undefined && wanted.clientPort !== entry.clientPort)
    return undefined;
  // Both say on which connection they were: had it been the same, it would have been found by that.
  if (entry.ids.local !== undefined && own.some(({ ids }) => ids.local !== undefined)) return undefined;
  if (entry.kind === 'trace') return apartOfTrace(one, wanted, own);
  // What was answered well was not cut by the kernel, and is not what an error line is about, unless it stands right there.
  const lateUs = entry.kind === 'kernel' && wanted.mayOutlast ? LATE_KERNEL_US : 0;
  if (entry.kind === 'kernel' && !wanted.mayOutlast) return undefined;
  const apartUs = distanceUs(one.end, during(wanted));
  const isBefore = one.end.highUs < wanted.start.lowUs;
  const [line] = own;
  const isOtherClient =
    line?.clientIp !== undefined && entry.clientIp !== undefined && line.clientIp !== entry.clientIp;
  if (
    entry.kind === 'error' &&
    !isBefore &&
    !isOtherClient &&
    hasOpenEnd(wanted, own) &&
    entry.clientIp !== undefined
  ) {
    // The next failure of this client and path after its start; a thousandth, so that no request in passing is nearer.
    return apartUs <= OPEN_END_US ? apartUs / 1_000 : undefined;
  }
  if (apartUs > errorUs + Math.max(CLOSE_US, isBefore ? 0 : lateUs)) return undefined;
  const penaltyUs = entry.kind === 'error' && isOtherClient ? OTHER_CLIENT_PENALTY_US : 0;
  return distanceUs(one.end, wanted.end) + (wanted.mayOutlast ? 0 : GOOD_PENALTY_US) + penaltyUs;
}

/** It failed, and its line says only when it began. */
function hasOpenEnd({ mayOutlast }: Wanted, [line]: readonly PlacedEntry[]): boolean {
  return mayOutlast && line !== undefined && line.stamp === 'start' && line.durationUs === undefined;
}

/** A trace is of this request where it begins with it and has its status. */
function apartOfTrace({ entry, start, errorUs }: Placed, wanted: Wanted, own: readonly PlacedEntry[]) {
  const apartUs = distanceUs(start, wanted.start);
  if (apartUs > CLOSE_US + errorUs + SLACK_US) return undefined;
  const isOwn = own.length === 0 || own.some(({ status }) => status === undefined || status === entry.status);
  return isOwn ? apartUs : undefined;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

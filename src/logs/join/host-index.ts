/** The kept lines of one host (the gateway, or one member), found by id, or by path and time. */
import type { ClockEstimate, JoinedBy } from '../../model/journey.ts';
import type { LogEntry, PlacedEntry } from '../../model/log.ts';
import { correctionUs } from './clock.ts';
import { distanceUs, endOf, type Span, shifted, startOf } from './moment.ts';
import { type IsCovered, isAnother, type Placed, pickByTime, SLACK_US } from './time-match.ts';

/** What is known of a request before it is looked for on a host; times by the reference clock. */
export type Wanted = {
  readonly ids: LogEntry['ids'];
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly status?: number;
  /** What the gateway says that the member answered (ARR's SERVER-STATUS): a line with another status is of another request. */
  readonly memberStatus?: number;
  /** Port from which this host was asked, where it is known: HTTPERR has it. */
  readonly clientPort?: number;
  /** The probe's own port towards this host. Behind an address translation it is another one here: then it finds nothing. */
  readonly probePort?: number;
  readonly start: Span;
  readonly end: Span;
  readonly durationUs?: number;
  /** The other side gave up or was cut: the line here may end later and take longer. */
  readonly mayOutlast: boolean;
};

export type Match = {
  readonly by: JoinedBy;
  /** Usually one; several where a request was sent more than once. */
  readonly entries: readonly PlacedEntry[];
  /** Other lines that fit as well and look different, or what else makes it a guess. */
  readonly ambiguous: number;
  /** Lines that look the same and fit as well, with the one that is taken: the request has one of them, whichever. Best first. */
  readonly choices?: readonly Choice[];
};

export type Choice = { readonly entry: PlacedEntry; readonly costUs: number };

export type HostIndex = {
  findAccess(wanted: Wanted): Match | undefined;
  /** The access line that a trace of this host is about: same clock, so end, duration and status agree. */
  ofTrace(trace: PlacedEntry): PlacedEntry | undefined;
  readonly access: readonly PlacedEntry[];
  readonly details: readonly PlacedEntry[];
  place(entry: PlacedEntry): Placed;
};

/** Ids other than the probe's may repeat (ARR's kernel cache, traces of many requests): only lines so close are the request's own. */
const NEAR_ID_US = 2_000_000;
/** A trace of IIS and its log line measure the same request in ms, the line's end in whole seconds. */
const TRACE_END_US = 1_100_000;
const TRACE_DURATION_US = 50_000;

export function indexHost(
  entries: readonly PlacedEntry[],
  clockOf: (source: number) => ClockEstimate | undefined,
  isCovered: IsCovered,
): HostIndex {
  const place = (entry: PlacedEntry): Placed => {
    const clock = clockOf(entry.source);
    const byUs = correctionUs(clock, entry.atUs);
    return {
      entry,
      start: shifted(startOf(entry), byUs),
      end: shifted(endOf(entry), byUs),
      errorUs: clock?.errorUs ?? 0,
    };
  };
  const access = entries.filter(({ kind }) => kind === 'access');
  const placed = access.map(place);
  const byId = new Map<string, Placed[]>();
  const byPath = new Map<string, Placed[]>();
  const ports = new Map<number, Placed[]>();
  for (const one of placed) {
    if (one.entry.clientPort !== undefined) push(ports, one.entry.clientPort, one);
    for (const [, key] of idKeys(one.entry.ids)) push(byId, key, one);
    push(byPath, one.entry.path ?? '', one);
  }
  for (const list of byPath.values()) list.sort((a, b) => a.start.lowUs - b.start.lowUs);

  return {
    access,
    details: entries.filter(({ kind }) => kind === 'error' || kind === 'kernel' || kind === 'trace'),
    place,
    findAccess(wanted) {
      for (const [by, key] of idKeys(wanted.ids)) {
        const match = byIdOf(by, wanted, byId.get(key) ?? []);
        if (match !== undefined) return match;
      }
      return (
        byPort(wanted, ports.get(wanted.probePort ?? -1) ?? []) ??
        pickByTime(wanted, byPath.get(wanted.path ?? '') ?? [], isCovered)
      );
    },
    ofTrace(trace) {
      const own = place(trace);
      const found = (byPath.get(trace.path ?? '') ?? []).filter(
        ({ entry, end }) =>
          entry.status === trace.status &&
          distanceUs(end, own.end) <= TRACE_END_US &&
          Math.abs((entry.durationUs ?? -TRACE_DURATION_US - 1) - (trace.durationUs ?? 0)) <= TRACE_DURATION_US,
      );
      return found.length === 1 ? found[0]?.entry : undefined;
    },
  };
}

function byIdOf(by: JoinedBy, wanted: Wanted, candidates: readonly Placed[]): Match | undefined {
  const own = candidates.filter(
    (one) => !isAnother(one.entry, wanted) && (by === 'probe-id' || isNearId(one, wanted, by)),
  );
  if (own.length === 0) return undefined;
  const entries = own.sort((a, b) => a.start.lowUs - b.start.lowUs).map(({ entry }) => entry);
  if (by === 'probe-id' || by === 'arr-log-id') return { by, entries, ambiguous: 0 };
  // One trace or correlation id may span several requests of the same path, which it does not tell apart.
  const first = entries[0] as PlacedEntry;
  return { by, entries: [first], ambiguous: entries.length - 1 };
}

/** The line of a connection of ours at that moment. A connection serves one request after the other, so the start decides. */
function byPort(wanted: Wanted, candidates: readonly Placed[]): Match | undefined {
  const near = candidates.filter(
    ({ entry, start, errorUs }) =>
      !isAnother(entry, wanted) &&
      (entry.path === undefined || wanted.path === undefined || entry.path === wanted.path) &&
      (entry.status === undefined || wanted.status === undefined || entry.status === wanted.status) &&
      distanceUs(start, wanted.start) <= SLACK_US + errorUs,
  );
  const [own] = near;
  return near.length === 1 && own !== undefined ? { by: 'connection', entries: [own.entry], ambiguous: 0 } : undefined;
}

function isNearId({ entry, start, errorUs }: Placed, wanted: Wanted, by: JoinedBy): boolean {
  const isSamePath = entry.path === undefined || wanted.path === undefined || entry.path === wanted.path;
  if (by !== 'arr-log-id' && !isSamePath) return false;
  if (
    by !== 'arr-log-id' &&
    entry.method !== undefined &&
    wanted.method !== undefined &&
    entry.method !== wanted.method
  )
    return false;
  const during: Span = { lowUs: wanted.start.lowUs, highUs: Math.max(wanted.start.highUs, wanted.end.highUs) };
  return distanceUs(start, during) <= NEAR_ID_US + errorUs + SLACK_US;
}

function push<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Keys of all ids by which lines of different hosts are joined, best first. */
export function idKeys(ids: LogEntry['ids']): [JoinedBy, string][] {
  const keys: [JoinedBy, string | undefined][] = [
    ['probe-id', ids.probe && `p:${ids.probe}`],
    ['arr-log-id', ids.arr && `a:${ids.arr}`],
    ['request-id', ids.request && `r:${ids.request}`],
    ['trace-id', ids.trace && `t:${ids.trace}`],
  ];
  return keys.filter((key): key is [JoinedBy, string] => key[1] !== undefined && key[1] !== '');
}

/** From kept lines to journeys: each request with what every host logged about it. */
import type { HopReading } from '../../model/hop.ts';
import type { ClientView, ClockEstimate, Journey } from '../../model/journey.ts';
import type { PlacedEntry } from '../../model/log.ts';
import { addressOf, type Calibration, calibrate, type Trial } from './calibration.ts';
import { isFailed } from './collector.ts';
import { assignDetails, type DetailAsk } from './detail-owners.ts';
import { eventsFinder } from './events-near.ts';
import { clockIds, isWhole, loosePathKey, pathKey, type Reference, setClocks } from './host-clocks.ts';
import type { Wanted } from './host-index.ts';
import { groupHosts, type HostSource, hasAccessFormat, NOT_LOOKED_AT, type PlacedHost, placeHost } from './hosts.ts';
import { loneJourneys } from './lone-journeys.ts';
import { alikeOf, membersOf } from './member-views.ts';
import { distanceUs, endOf, type Span, startOf } from './moment.ts';
import { timesOf, wantedOf } from './wanted-line.ts';

/** Reads a gateway's own lines; from the gateway's file. */
export type ReadLines = (access: PlacedEntry, errors: readonly PlacedEntry[]) => HopReading | undefined;

/** A request of the probe, times in µs since 1970 by the probe's clock. */
export type ClientRequest = ClientView & {
  readonly path?: string;
  readonly method?: string;
  /** The probe's own port of a direct request, which the member logs. */
  readonly localPort?: number;
};

export type JoinInput = {
  readonly sources: readonly HostSource[];
  readonly read: ReadLines;
  /** Requests of a run. Left out: the gateway's lines are the requests. */
  readonly requests?: readonly ClientRequest[];
};

export type Joined = {
  readonly journeys: readonly Journey[];
  readonly clocks: readonly ClockEstimate[];
  /** Journeys that were left out because there were too many. */
  readonly leftOut: number;
};

export type MemberHost = PlacedHost & { readonly member: string };

export type Hosts = {
  readonly gateway?: PlacedHost;
  readonly members: readonly MemberHost[];
  readonly eventsNear: ReturnType<typeof eventsFinder>;
  readonly read: ReadLines;
};

/** A request on its way through the join. */
export type Draft = {
  readonly journey: Journey;
  /** What the members are asked for. */
  readonly wanted: Wanted;
  /** Members that can have got it. */
  readonly asked: readonly MemberHost[];
  readonly isGood: boolean;
};

/** More would not change a verdict, and a report shows a few. */
const MAX_JOURNEYS = 20_000;

export function join({ sources, read, requests }: JoinInput): Joined {
  const { gateway, members } = groupHosts(sources);
  const references =
    requests === undefined ? referencesOfLines(gateway?.entries ?? []) : referencesOfRequests(requests);
  const estimates = [
    ...(gateway === undefined ? [] : setClocks(gateway, references, requests === undefined)),
    ...members.flatMap((host) => setClocks(host, references, false)),
  ];
  const clocks = new Map(estimates.map((estimate) => [estimate.source, estimate]));
  const hosts: Hosts = {
    ...(gateway === undefined ? {} : { gateway: placeHost(gateway, clocks) }),
    members: members.map((host) => ({ ...placeHost(host, clocks), member: host.member })),
    eventsNear: eventsFinder(sources, clocks),
    read,
  };
  const samples = new Set(
    sources.flatMap(({ kept }) => kept.flatMap(({ entry, why }) => (why === 'sample' ? [entry] : []))),
  );
  const drafts =
    requests === undefined ? draftsOfLines(hosts, samples) : draftsOfRequests(requests.slice(0, MAX_JOURNEYS), hosts);
  const { journeys: joined, calibration } = withMembers(drafts, hosts);
  const more = requests === undefined ? loneJourneys(joined, sources, hosts, { samples, calibration }) : [];
  const all = [...joined, ...more];
  const journeys = mostTelling(all);
  const leftOut = all.length - journeys.length + Math.max(0, (requests?.length ?? 0) - MAX_JOURNEYS);
  return { journeys, clocks: estimates, leftOut };
}

/** Where there are too many: ordinary ones go first. In order of time. */
function mostTelling(journeys: readonly Journey[]): Journey[] {
  const chosen =
    journeys.length <= MAX_JOURNEYS
      ? [...journeys]
      : [...journeys].sort((a, b) => Number(a.isSample) - Number(b.isSample)).slice(0, MAX_JOURNEYS);
  return chosen.sort((a, b) => a.startAtUs - b.startAtUs);
}

function referencesOfRequests(requests: readonly ClientRequest[]): Reference[] {
  return requests.flatMap(({ requestId, sentAtUs, elapsedUs, path, method, isFailure }): Reference[] => {
    if (sentAtUs === undefined) return [];
    const hasPath = path !== undefined && !isTemplate(path) && !isFailure;
    return [
      {
        ids: [`p:${requestId}`],
        paths: hasPath ? [loosePathKey({ path: withoutQuery(path), ...(method === undefined ? {} : { method }) })] : [],
        start: point(sentAtUs),
        end: point(sentAtUs + elapsedUs),
      },
    ];
  });
}

/** A line without a duration gives its end only, and so no interval in which the other side's must lie. */
function referencesOfLines(entries: readonly PlacedEntry[]): Reference[] {
  return entries.flatMap((entry) =>
    entry.kind === 'access' && entry.durationUs !== undefined && isWhole(entry)
      ? [{ ids: clockIds(entry), paths: [pathKey(entry)], start: startOf(entry), end: endOf(entry) }]
      : [],
  );
}

function point(us: number): Span {
  return { lowUs: us, highUs: us };
}

function withoutQuery(path: string): string {
  return path.split('?')[0] ?? '';
}

/** `{delayMs}` in a path of the profile: what was sent differs from request to request. */
function isTemplate(path: string): boolean {
  return path.includes('{');
}

function draftsOfLines(hosts: Hosts, samples: ReadonlySet<PlacedEntry>): Draft[] {
  const { gateway, members, read } = hosts;
  if (gateway === undefined) return [];
  const twins = twinsOf(gateway.index.access);
  const second = new Set(twins.values());
  const lines = gateway.index.access
    .filter((entry) => !second.has(entry))
    .map((entry) => ({ entry, wanted: wantedOf(entry, gateway, isCut(entry)) }));
  const details = assignDetails(
    gateway.index,
    lines.map(({ entry, wanted }) => ({ wanted, own: [entry] })),
    (fromUs, toUs) => gateway.sources.every((log) => !hasAccessFormat(log) || log.covers(fromUs, toUs, undefined)),
  );
  return lines.map(({ entry, wanted }, index): Draft => {
    const own = details[index] ?? [];
    const twin = twins.get(entry);
    const reading = read(entry, own);
    const isGood = !isCut(entry) && (reading === undefined || reading.outcome === 'ok');
    return {
      journey: {
        id: `${entry.source}:${entry.line}`,
        ...timesOf(wanted),
        ...(entry.path === undefined ? {} : { path: entry.path }),
        gateway: {
          presence: 'present',
          ambiguous: 0,
          access: [entry, ...(twin === undefined ? [] : [twin])],
          details: own,
          ...(reading === undefined ? {} : { reading }),
        },
        members: [],
        events: [],
        isSample: samples.has(entry),
      },
      // An id that only a trace or an error line has (FREB: X-ARR-LOG-ID) finds the member's lines as well.
      wanted: { ...wanted, ids: idsWith(wanted.ids, own), mayOutlast: !isGood },
      asked: members,
      isGood: isGood && (entry.status ?? 500) < 400,
    };
  });
}

/** A transaction number of Varnish comes again after its restart; a request is done by then. */
const TWIN_US = 60_000_000;

/** Requests that both logs of Varnish have, by the transaction number: the line of varnishlog, which says more, and that of varnishncsa. */
function twinsOf(access: readonly PlacedEntry[]): ReadonlyMap<PlacedEntry, PlacedEntry> {
  const transactions = access.filter(({ format }) => format === 'varnishlog');
  if (transactions.length === 0) return new Map();
  const byNumber = new Map<string, PlacedEntry[]>();
  for (const entry of access)
    if (entry.format === 'varnish' && entry.ids.local !== undefined)
      byNumber.set(entry.ids.local, [...(byNumber.get(entry.ids.local) ?? []), entry]);
  return new Map(
    transactions.flatMap((entry): [PlacedEntry, PlacedEntry][] => {
      const twin = byNumber
        .get(entry.ids.local ?? '')
        ?.find(({ path, atUs }) => path === entry.path && distanceUs(endOf(entry), point(atUs)) <= TWIN_US);
      return twin === undefined ? [] : [[entry, twin]];
    }),
  );
}

/** Where the gateway gave up, or somebody left, the member may still have been at work. */
function isCut({ status = 500, win32 = -1, clientGone }: PlacedEntry): boolean {
  return status >= 499 || clientGone === true || isFailed({ status, win32 });
}

function idsWith(ids: Wanted['ids'], details: readonly PlacedEntry[]): Wanted['ids'] {
  return Object.assign({}, ...details.map((detail) => detail.ids), ids) as Wanted['ids'];
}

function draftsOfRequests(requests: readonly ClientRequest[], hosts: Hosts): Draft[] {
  const { gateway } = hosts;
  const wanted = requests.map(wantedOfRequest);
  const matches = requests.map(({ direct }, index) =>
    direct !== undefined || gateway === undefined ? undefined : gateway.index.findAccess(wanted[index] as Wanted),
  );
  const asks = requests.map(
    ({ direct }, index): DetailAsk => ({
      // A direct request has nothing to find here: without path and ids nothing is.
      wanted: direct === undefined ? (wanted[index] as Wanted) : { ...NOTHING, ...timesSpan(wanted[index] as Wanted) },
      own: matches[index]?.entries ?? [],
    }),
  );
  const details = gateway === undefined ? [] : assignDetails(gateway.index, asks);
  return requests.map((request, index): Draft => {
    const { path, method: _method, localPort: _port, ...client } = request;
    const own = wanted[index] as Wanted;
    const match = matches[index];
    const line = match?.entries.at(-1);
    const errors = details[index] ?? [];
    const reading = line === undefined ? loneReading(errors, hosts) : hosts.read(line, errors);
    const isGood = !request.isFailure && (reading === undefined || reading.outcome === 'ok');
    const isCertain = match?.ambiguous === 0 && (match.choices ?? []).length <= 1;
    const isFound = isCertain && line !== undefined && gateway !== undefined;
    const inner = isFound ? narrowed(wantedOf(line, gateway, !isGood), own) : { ...own, mayOutlast: !isGood };
    return {
      journey: {
        id: request.requestId,
        ...timesOf(own),
        ...(path === undefined ? {} : { path }),
        client,
        gateway: {
          ...gatewayPresence(request, own, match !== undefined, hosts),
          ...(match === undefined ? {} : { joinedBy: match.by }),
          ambiguous: match?.ambiguous ?? 0,
          ...alikeOf(match),
          // What the client got stands in the last line, where there are several.
          access: match === undefined ? [] : [...match.entries].reverse(),
          details: errors,
          ...(reading === undefined ? {} : { reading }),
        },
        members: [],
        events: [],
        isSample: !request.isFailure,
      },
      wanted: { ...inner, ids: idsWith({ ...inner.ids, ...own.ids }, errors) },
      asked: hosts.members.filter(({ member }) => request.direct === undefined || request.direct === member),
      isGood: isGood && request.status !== undefined && request.status < 400,
    };
  });
}

function wantedOfRequest(request: ClientRequest): Wanted {
  const { requestId, path, method, localPort, direct, status, sentAtUs = 0, elapsedUs, isFailure } = request;
  return {
    ids: { probe: requestId },
    ...(path === undefined || isTemplate(path) ? {} : { path: withoutQuery(path) }),
    ...(method === undefined ? {} : { method }),
    ...(status === undefined ? {} : { status }),
    ...(localPort === undefined ? {} : { probePort: localPort }),
    ...(localPort === undefined || direct === undefined ? {} : { clientPort: localPort }),
    durationUs: elapsedUs,
    start: point(sentAtUs),
    end: point(sentAtUs + elapsedUs),
    mayOutlast: isFailure,
  };
}

const NOTHING: Pick<Wanted, 'ids' | 'mayOutlast'> = { ids: {}, mayOutlast: false };

function timesSpan({ start, end }: Wanted): Pick<Wanted, 'start' | 'end'> {
  return { start, end };
}

/** A request that never reached the site's own log: the kernel's line is what the gateway says. */
function loneReading(details: readonly PlacedEntry[], { read }: Hosts): HopReading | undefined {
  const kernel = details.find(({ kind }) => kind === 'kernel');
  return kernel === undefined ? undefined : read(kernel, details);
}

function gatewayPresence(request: ClientRequest, own: Wanted, isFound: boolean, { gateway }: Hosts) {
  if (request.direct !== undefined) return { presence: 'unknown' as const, because: 'it did not take part' };
  if (gateway === undefined) return { presence: 'unknown' as const, because: 'no log of it was given' };
  if (isFound) return { presence: 'present' as const };
  return gateway.presenceOf({ lowUs: own.start.lowUs, highUs: own.end.highUs, isOfProbe: true });
}

/** From the gateway's line on its ids are known too; its times lie within what the probe measured, often in coarser steps. */
function narrowed(inner: Wanted, outer: Wanted): Wanted {
  const lowUs = Math.max(inner.start.lowUs, outer.start.lowUs);
  const highUs = Math.min(inner.start.highUs, outer.end.highUs);
  return lowUs <= highUs ? { ...inner, start: { lowUs, highUs } } : inner;
}

/** The members' side of all requests together, since a line belongs to one of them only. */
function withMembers(drafts: readonly Draft[], hosts: Hosts): { journeys: Journey[]; calibration: Calibration } {
  const views = membersOf(drafts, hosts);
  const first = drafts.map(({ journey }, index): Journey => ({ ...journey, members: views[index] ?? [] }));
  const calibration = calibrate(trialsOf(drafts, first), hosts.members);
  const journeys = first.map((journey, index) => {
    const checked = withChecked(journey, calibration);
    return journey.isSample ? checked : { ...checked, events: hosts.eventsNear(checked, drafts[index]?.wanted) };
  });
  return { journeys, calibration };
}

function trialsOf(drafts: readonly Draft[], journeys: readonly Journey[]): Trial[] {
  return journeys.map((journey, index) => ({
    journey,
    isGood: drafts[index]?.isGood === true,
    isCovered: journey.members.every(({ presence, because }) => presence !== 'unknown' || because !== NOT_LOOKED_AT),
  }));
}

/** Absence that the join itself makes doubtful becomes `unknown`. */
function withChecked(journey: Journey, calibration: Calibration): Journey {
  const { gateway, members, client } = journey;
  const address = addressOf(journey);
  const { gatewayReason } = calibration;
  return {
    ...journey,
    ...(gateway.presence === 'absent' && client !== undefined && gatewayReason !== undefined
      ? { gateway: { ...gateway, presence: 'unknown', because: gatewayReason } }
      : {}),
    members: members.map((view) => {
      const reason = view.presence === 'absent' ? calibration.reasonAt(view.member, address) : undefined;
      return reason === undefined ? view : { ...view, presence: 'unknown', because: reason };
    }),
  };
}

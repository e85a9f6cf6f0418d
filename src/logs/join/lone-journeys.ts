/** Lines that no request of the gateway has: of the kernel, of a gateway whose access log is not given, and of members alone. */
import type { Journey } from '../../model/journey.ts';
import type { PlacedEntry } from '../../model/log.ts';
import type { Calibration } from './calibration.ts';
import { isFailed } from './collector.ts';
import { assignDetails } from './detail-owners.ts';
import { type HostSource, hasAccessFormat, NOT_LOOKED_AT, type PlacedHost, type PresenceAnswer } from './hosts.ts';
import type { Hosts, MemberHost } from './journeys.ts';
import { timesOf, wantedOf } from './wanted-line.ts';

type Known = { readonly samples: ReadonlySet<PlacedEntry>; readonly calibration: Calibration };

/** `joined`: those that were made already; their lines are not used again. */
export function loneJourneys(
  joined: readonly Journey[],
  sources: readonly HostSource[],
  hosts: Hosts,
  { samples, calibration }: Known,
): Journey[] {
  const used = new Set(
    joined.flatMap(({ gateway, members }) => [
      ...gateway.details,
      ...members.flatMap(({ access, details }) => [...access, ...details]),
    ]),
  );
  const near = new Set(
    sources.flatMap(({ kept }) => kept.flatMap(({ entry, why }) => (why === 'near' ? [entry] : []))),
  );
  const { gateway, members } = hosts;
  return [
    ...(gateway === undefined ? [] : ofGatewayDetails(gateway, used, hosts)),
    ...members.flatMap((host) => ofMember(host, { used, near, samples, calibration }, hosts)),
  ];
}

/** A kernel line is of a request that no access log has; traces and error lines stand for requests only where there is no access log. */
function ofGatewayDetails(gateway: PlacedHost, used: ReadonlySet<PlacedEntry>, hosts: Hosts): Journey[] {
  const hasAccess = gateway.sources.some(hasAccessFormat);
  return gateway.index.details.flatMap((entry): Journey[] => {
    const isRequest = entry.kind === 'kernel' ? isKernelRequest(entry) : !hasAccess && entry.path !== undefined;
    if (!isRequest || used.has(entry)) return [];
    const reading = hosts.read(entry, []);
    const wanted = wantedOf(entry, gateway, true);
    const isTrace = entry.kind === 'trace';
    const journey: Journey = {
      ...startOf(entry, wanted),
      gateway: {
        ...(isTrace ? { presence: 'present' } : missingAt(gateway, wanted)),
        ambiguous: 0,
        access: isTrace ? [entry] : [],
        details: isTrace ? [] : [entry],
        ...(reading === undefined ? {} : { reading }),
      },
      members: [],
      events: [],
      isSample: false,
    };
    return [{ ...journey, events: hosts.eventsNear(journey, wanted) }];
  });
}

/** Connections that the kernel closed without a request (idle ones) are of nobody. */
function isKernelRequest({ extra, path, status }: PlacedEntry): boolean {
  return extra?.['normal'] === undefined && (path !== undefined || status !== undefined);
}

function startOf(entry: PlacedEntry, wanted: ReturnType<typeof wantedOf>) {
  return {
    id: `${entry.source}:${entry.line}`,
    ...timesOf(wanted),
    ...(entry.path === undefined ? {} : { path: entry.path }),
  };
}

function missingAt(host: PlacedHost, { start, end, path }: ReturnType<typeof wantedOf>) {
  return host.presenceOf({
    lowUs: start.lowUs,
    highUs: end.highUs,
    ...(path === undefined ? {} : { path }),
    isOfProbe: false,
  });
}

/** Lines of a member that no gateway's request has. Those that were kept for being near a failure, and are ordinary, are somebody else's. */
function ofMember(
  host: MemberHost,
  { used, near, samples, calibration }: Known & Record<'used' | 'near', ReadonlySet<PlacedEntry>>,
  hosts: Hosts,
): Journey[] {
  const isFailure = ({ status = -1, win32 = -1 }: PlacedEntry): boolean => isFailed({ status, win32 });
  const lines = host.index.access
    .filter(
      (entry) => !used.has(entry) && (isFailure(entry) || (!near.has(entry) && !isOrdinary(entry, samples, hosts))),
    )
    .map((entry) => ({ entry, wanted: wantedOf(entry, host, isFailure(entry)) }));
  const details = assignDetails(
    host.index,
    lines.map(({ entry, wanted }) => ({ wanted, own: [entry] })),
  );
  const claimed = new Set(details.flat());
  const requests = lines.flatMap(({ entry, wanted }, index): Journey[] => {
    const missing = gatewayOf(hosts, wanted, calibration.reasonAt(host.member, undefined));
    // The gateway's line exists for all that is known, and was left out for want of room: it would be told twice.
    if (missing.because === NOT_LOOKED_AT) return [];
    const own = (details[index] ?? []).filter((detail) => !used.has(detail));
    return [memberJourney(host, entry, wanted, { access: [entry], details: own }, hosts, samples.has(entry), missing)];
  });
  if (hosts.gateway !== undefined) return requests;
  const kernel = host.index.details.filter(
    (entry) => entry.kind !== 'error' && isKernelRequest(entry) && !used.has(entry) && !claimed.has(entry),
  );
  return [
    ...requests,
    ...kernel.map((entry) => {
      const wanted = wantedOf(entry, host, true);
      const isTrace = entry.kind === 'trace';
      const lines = isTrace ? { access: [entry], details: [] } : { access: [], details: [entry] };
      return memberJourney(host, entry, wanted, lines, hosts, false, gatewayOf(hosts, wanted, undefined));
    }),
  ];
}

/** Beside a gateway's log, ordinary lines of a sample whose other side is missing tell nothing that the gateway's sample does not. */
function isOrdinary(entry: PlacedEntry, samples: ReadonlySet<PlacedEntry>, { gateway }: Hosts): boolean {
  return gateway !== undefined && samples.has(entry);
}

function gatewayOf({ gateway }: Hosts, wanted: ReturnType<typeof wantedOf>, doubt: string | undefined): PresenceAnswer {
  if (gateway === undefined) return { presence: 'unknown', because: 'no log of it was given' };
  const answer = missingAt(gateway, wanted);
  return answer.presence === 'absent' && doubt !== undefined ? { presence: 'unknown', because: doubt } : answer;
}

function memberJourney(
  host: MemberHost,
  entry: PlacedEntry,
  wanted: ReturnType<typeof wantedOf>,
  lines: Pick<Journey['gateway'], 'access' | 'details'>,
  hosts: Hosts,
  isSample: boolean,
  gateway: ReturnType<typeof gatewayOf>,
): Journey {
  const presence = lines.access.length > 0 ? ({ presence: 'present' } as const) : missingAt(host, wanted);
  const journey: Journey = {
    ...startOf(entry, wanted),
    gateway: { ...gateway, ambiguous: 0, access: [], details: [] },
    members: [{ member: host.member, ...presence, ambiguous: 0, ...lines }],
    events: [],
    isSample,
  };
  return isSample ? journey : { ...journey, events: hosts.eventsNear(journey, wanted) };
}

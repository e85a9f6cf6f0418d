/** Attempts to connect that are lost on the way: connecting takes as long as the system waits before it tries again. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { binomialTail, proportionInterval } from '../analysis/proportion.ts';
import type { Exchange } from '../model/exchange.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY, memberOf, type RouteId, routesTo } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { tallyOf } from './tally.ts';

/**
 * When a lost SYN is sent again, plus the way itself: Linux after 1 and 3 s, since 6.5 after 1, 2, 3 and 4 s; Windows and macOS after 1
 * and 3 s (methods C.7). Upper ends leave room for a timer's grain and a round trip of 50 ms.
 */
const MODES_US: readonly (readonly [from: number, to: number])[] = [
  [980_000, 1_070_000],
  [1_990_000, 2_110_000],
  [2_950_000, 3_200_000],
];
/** Whether a connection that took so much longer had its attempt repeated once or more. */
export function isRepeatedAttempt(excessUs: number): boolean {
  return MODES_US.some(([from, to]) => excessUs >= from && excessUs <= to);
}

/** Slow connects are looked at in this range; if nothing but chance placed them, evenly on a logarithmic scale. */
const RANGE_US = [500_000, 4_000_000] as const;
const IN_MODES =
  MODES_US.reduce((sum, [from, to]) => sum + Math.log(to / from), 0) / Math.log(RANGE_US[1] / RANGE_US[0]);
/** Of the slow ones this share must be at the modes: a busy server is slow at any time. */
const NEARLY_ALL = 0.8;
const LEAST_EVENTS = 3;
const LEAST_CONNECTS = 20;

type Leg = {
  readonly route: RouteId;
  /** Between the gateway and its members: seen as waiting, not as connecting. */
  readonly isBehind: boolean;
  readonly exchanges: readonly Exchange[];
  readonly timeOf: (exchange: Exchange) => number;
  readonly of: number;
};

export const synLoss: Detector = {
  cause: 'connection/syn-loss',
  detect({ measures }): Detection {
    const legs = routesTo(measures.members).map((route) => connecting(route, measures));
    const most = Math.max(0, ...legs.map(({ of }) => of));
    if (most < LEAST_CONNECTS) return insufficient(`${LEAST_CONNECTS} new connections on one route`, String(most));
    const behind = behindGateway(measures);
    const candidates = [...legs, ...(behind === undefined ? [] : [behind])].flatMap((leg) => candidateOf(leg) ?? []);
    return candidatesOr(
      candidates,
      `of ${legs.reduce((sum, { of }) => sum + of, 0)} connections none took as long as a repeated attempt more often than chance`,
    );
  },
};

function connecting(route: RouteId, measures: Measures): Leg {
  const tally = tallyOf(measures, { route, roles: [...ORDINARY_ROLES, 'prepare'] });
  const exchanges = tally.kept.filter(
    ({ connection, phasesUs }) => connection?.isNew && phasesUs?.connect !== undefined,
  );
  // A slot meant for a warm connection connects as well when there is none: at least as many as were kept.
  const of = Math.max(exchanges.length, tallyOf(measures, { route, roles: ORDINARY_ROLES, connection: 'new' }).ended);
  return { route, isBehind: false, exchanges, timeOf: ({ phasesUs }) => phasesUs?.connect ?? 0, of };
}

/**
 * Requests of which direct answers never take that long: then a wait of a second more was made behind the gateway. Nothing is said
 * where a member could not be reached: the gateway may have waited before it tried again (HAProxy: 1 s after a refused
 * connection, measured), or have given up on it after its own timer.
 */
function behindGateway(measures: Measures): Leg | undefined {
  if (measures.members.some((member) => isOutOfReach(member, measures))) return undefined;
  const waitOf = ({ phasesUs }: Exchange): number => phasesUs?.wait ?? 0;
  const quick = new Set(
    measures.profile.requests
      .map(({ name }) => name)
      .filter((requestName) =>
        measures.members.every((member) => {
          const direct = measures.exchanges({ route: directTo(member), requestName, cohorts: ['ok'] });
          return direct.length >= LEAST_CONNECTS && Math.max(...direct.map(waitOf)) < RANGE_US[0];
        }),
      ),
  );
  if (measures.members.length === 0 || quick.size === 0) return undefined;
  const tally = tallyOf(measures, { route: GATEWAY, roles: ['slot'], cohorts: ['ok'] });
  const exchanges = tally.kept.filter(({ requestName }) => quick.has(requestName));
  return { route: GATEWAY, isBehind: true, exchanges, timeOf: waitOf, of: Math.max(exchanges.length, tally.ended) };
}

function isOutOfReach(member: string, measures: Measures): boolean {
  return measures
    .exchanges({ route: directTo(member), cohorts: ['error', 'timeout'] })
    .some(({ outcome }) => outcome.kind === 'connection-error' || outcome.kind === 'timeout');
}

function candidateOf({ route, isBehind, exchanges, timeOf, of }: Leg): Candidate | undefined {
  if (exchanges.length === 0) return undefined;
  const baseUs = median(exchanges.map(timeOf));
  const excess = (exchange: Exchange): number => timeOf(exchange) - baseUs;
  const slow = exchanges.filter((exchange) => excess(exchange) >= RANGE_US[0] && excess(exchange) <= RANGE_US[1]);
  const lost = slow.filter((exchange) => isRepeatedAttempt(excess(exchange)));
  if (lost.length < LEAST_EVENTS || lost.length < NEARLY_ALL * slow.length) return undefined;
  const member = memberOf(route);
  const ratio = { value: lost.length / of, ...proportionInterval(lost.length, of) };
  const where = isBehind
    ? 'between the gateway and its members'
    : `between this machine and ${member ?? 'the gateway'}`;
  return {
    cause: 'connection/syn-loss',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: 'warning',
    confidence: isBehind ? 'possible' : 'likely',
    p: binomialTail(lost.length, slow.length, IN_MODES),
    title: `Attempts to connect are lost ${where}: ${lost.length} of ${of} ${isBehind ? 'requests waited' : 'took'} about ${formatDuration(median(lost.map(excess)))} longer.`,
    meaning: `That is how long a system waits before it tries again (1 s, then 2 or 3 s); otherwise it takes ${formatDuration(baseUs)}. Packets are dropped on the way (${formatRatio(ratio.value)}), or the queue of new connections on the other side is full: if it happens only under load, it is the queue.${isBehind ? ' Direct answers to the same requests never took that long.' : ''}`,
    measured: { lossRatio: ratio },
    exhibits: [
      exchangesExhibit(
        `syn-loss-${isBehind ? 'behind' : route.replace(':', '-')}`,
        isBehind ? 'Requests that waited for a repeated attempt' : 'Connections that needed a repeated attempt',
        `Slow by one of the times after which systems repeat an attempt to connect; ${slow.length - lost.length} others were slow at other times.`,
        lost,
      ),
    ],
    rivals: [
      { cause: 'queue/member', whyNot: 'a queue makes answers slow by any time, not by steps of a second' },
      { cause: 'connection/unreachable', whyNot: 'a later attempt succeeded' },
    ],
    affected: { count: lost.length, of },
    explains: seqsOf(lost),
  };
}

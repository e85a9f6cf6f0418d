/** Connections to a member that fail: refused, unreachable, or ended before or inside the answer. */
import type { Measures } from '../analysis/measures.ts';
import { binomialTail, proportionInterval } from '../analysis/proportion.ts';
import type { CauseId } from '../model/causes.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { Rival } from '../model/finding.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';
import { afterSendUs, ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

/** Share of connections that fail in a healthy network at the most: evidence must be improbable beyond it (methods C.2 asks for a ratio above 0.1 %). */
const HEALTHY_RATIO = 1e-3;
/** Two could be one incident seen twice. */
const LEAST_EVENTS = 3;
/** A connection that was idle for longer may have been closed by the member's idle timer at the moment of our request: that is our own race. */
const FRESH_IDLE_US = 1_000_000;
/** A gateway's own failure for a closed or refused connection comes at once or after a turn-around (WinHTTP 1 s, HAProxy 3 s), not after a long timer. */
const TURNAROUND_US = 3_500_000;

/** Failures sooner than this are no timer's: none that we know is set below. */
const LEAST_TIMER_US = 300_000;

type Kind = {
  readonly cause: CauseId;
  readonly matches: (exchange: Exchange) => boolean;
  readonly title: (member: string, ratio: string, share: string) => string;
  readonly meaning: string;
  readonly rivals: readonly Rival[];
  readonly leastEvents: number;
  /** Whether the gateway passes such an answer on as it is. */
  readonly gatewayShows: (exchange: Exchange) => boolean;
};

function isFresh({ connection }: Exchange): boolean {
  return connection === undefined || connection.isNew || connection.idleUs < FRESH_IDLE_US;
}

/** Failures that the gateway made itself without having waited for a timer: what a member's lost connection looks like from outside. */
function gatewayMade(exchange: Exchange): boolean {
  const { outcome } = exchange;
  if (afterSendUs(exchange) > TURNAROUND_US) return false;
  if (outcome.kind === 'connection-error') return outcome.code === 'closed' || outcome.code === 'reset';
  return outcome.kind === 'response' && [500, 502, 503, 504].includes(outcome.status);
}

const refused: Kind = {
  cause: 'connection/refused',
  matches: ({ outcome }) =>
    outcome.kind === 'connection-error' && outcome.phase === 'connect' && outcome.code === 'refused',
  title: (member, _ratio, share) => `${member} refuses connections: ${share}, nothing listens on its port.`,
  meaning:
    'The operating system of the member answered at once that the port is closed: the service is stopped, or listens elsewhere.',
  rivals: [{ cause: 'connection/unreachable', whyNot: 'the machine answered, only the port is closed' }],
  leastEvents: 2,
  gatewayShows: gatewayMade,
};

const unreachable: Kind = {
  cause: 'connection/unreachable',
  matches: ({ outcome }) =>
    (outcome.kind === 'timeout' && outcome.waitingFor === 'connect') ||
    (outcome.kind === 'connection-error' && outcome.phase === 'connect' && outcome.code === 'unreachable'),
  title: (member, _ratio, share) => `${member} cannot be reached: ${share} got no answer at all.`,
  meaning:
    'Nobody answered the attempt to connect: the machine is off, a firewall drops the packets, or its queue of new connections is full.',
  rivals: [{ cause: 'connection/refused', whyNot: 'nothing answered, not even a refusal' }],
  leastEvents: 2,
  gatewayShows: (exchange) => isFailure(exchange),
};

const droppedBefore: Kind = {
  cause: 'connection/dropped-before-response',
  matches: (exchange) => {
    const { outcome } = exchange;
    return (
      outcome.kind === 'connection-error' &&
      ['send', 'wait', 'receive'].includes(outcome.phase) &&
      (outcome.code === 'closed' || outcome.code === 'reset') &&
      outcome.bytesReceived === 0 &&
      isFresh(exchange)
    );
  },
  title: (member, ratio) => `${member} closes ${ratio} of connections before it has answered.`,
  meaning:
    'The request had been sent and the connection was fresh; then the member ended it without a single byte. A gateway turns that into a 502 or 503. Crashes, recycling, and code that closes the response look like this.',
  rivals: [
    { cause: 'connection/keep-alive-race', whyNot: 'only new connections and ones used a moment before are counted' },
    { cause: 'timeout/gateway-response', whyNot: 'it happens directly as well, without any gateway' },
  ],
  leastEvents: LEAST_EVENTS,
  gatewayShows: gatewayMade,
};

const droppedMid: Kind = {
  cause: 'connection/dropped-mid-response',
  matches: ({ outcome }) => outcome.kind === 'response' && !outcome.complete,
  title: (member, ratio) => `${member} cuts ${ratio} of its answers off in the middle.`,
  meaning:
    'The header promised more than came. A gateway may pass the cut on, answer 502, or present the rest as a complete answer.',
  rivals: [{ cause: 'timeout/gateway-read', whyNot: 'it happens directly as well, without any gateway' }],
  leastEvents: LEAST_EVENTS,
  gatewayShows: (exchange) =>
    gatewayMade(exchange) || (exchange.outcome.kind === 'response' && !exchange.outcome.complete),
};

/** Failures of the gateway that this member's faults can account for: no more than its share of the traffic allows, and its own where it is named. */
function gatewayFailures(kind: Kind, member: string, measures: Measures): readonly Exchange[] {
  const longest = directLongest(measures);
  return measures
    .exchanges({ route: GATEWAY, roles: ORDINARY_ROLES, cohorts: ['error', 'timeout'] })
    .filter(
      (exchange) =>
        kind.gatewayShows(exchange) && (exchange.answeredBy === undefined || exchange.answeredBy === member),
    )
    .filter(
      (exchange) =>
        afterSendUs(exchange) < LEAST_TIMER_US || afterSendUs(exchange) >= (longest.get(exchange.requestName) ?? 0),
    );
}

/** Longest ok answer per request, asked directly. A failure that came sooner may have been made by a timer: it is left to that cause. */
function directLongest(measures: Measures): ReadonlyMap<string, number> {
  const longest = new Map<string, number>();
  for (const member of measures.members) {
    for (const exchange of measures.exchanges({ route: directTo(member), roles: ORDINARY_ROLES, cohorts: ['ok'] })) {
      longest.set(exchange.requestName, Math.max(longest.get(exchange.requestName) ?? 0, afterSendUs(exchange)));
    }
  }
  return longest;
}

function candidateFor(kind: Kind, member: string, measures: Measures): Candidate | undefined {
  const direct = measures
    .exchanges({ route: directTo(member), roles: ORDINARY_ROLES })
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
  const events = direct.filter(kind.matches);
  if (events.length < kind.leastEvents) return undefined;
  const ratio = { value: events.length / direct.length, ...proportionInterval(events.length, direct.length) };
  if (ratio.low <= HEALTHY_RATIO) return undefined;
  const throughGateway = gatewayFailures(kind, member, measures);
  const isTotal = ratio.value > 0.9;
  const hidden = throughGateway.length === 0;
  const share = `${events.length} of ${direct.length} direct requests`;
  return {
    cause: kind.cause,
    scope: { route: 'direct', member },
    severity: hidden ? 'warning' : 'error',
    confidence: isTotal || throughGateway.length >= LEAST_EVENTS ? 'confirmed' : 'likely',
    p: Math.min(1, binomialTail(events.length, direct.length, HEALTHY_RATIO) * measures.members.length),
    title: `${kind.title(member, formatRatio(ratio.value), share)}${hidden ? ' The gateway hides it so far: redundancy is lost.' : ''}`,
    meaning: `${kind.meaning} ${hidden ? 'No request through the gateway failed for it in this run.' : `Through the gateway ${throughGateway.length} requests failed in a way that fits.`}`,
    measured: { errorRatio: ratio },
    exhibits: [
      exchangesExhibit(
        `${kind.cause.replace('/', '-')}-${member}`,
        `Direct requests to ${member} that ended so`,
        `Sent past the gateway; the first after ${formatDuration(afterSendUs(events[0] as Exchange))}. Search the member's log for the ids.`,
        events,
      ),
      ...(hidden
        ? []
        : [
            exchangesExhibit(
              `${kind.cause.replace('/', '-')}-${member}-gateway`,
              'Failures through the gateway that fit',
              'Made by the gateway itself, without having waited for a timer.',
              throughGateway,
            ),
          ]),
    ],
    rivals: kind.rivals,
    affected: { count: events.length, of: direct.length },
    explains: seqsOf([...events, ...throughGateway]),
  };
}

function detectorOf(kind: Kind, looked: string): Detector {
  return {
    cause: kind.cause,
    detect({ measures }): Detection {
      if (measures.members.length === 0) return notApplicable('the profile names no members');
      const asked = measures.members.map(
        (member) => measures.counts({ route: directTo(member), roles: ORDINARY_ROLES }).sent,
      );
      if (Math.max(0, ...asked) < 5)
        return insufficient('at least 5 direct requests to a member', String(Math.max(0, ...asked)));
      return candidatesOr(
        measures.members
          .map((member) => candidateFor(kind, member, measures))
          .filter((candidate) => candidate !== undefined),
        `${looked} in ${asked.reduce((a, b) => a + b, 0)} direct requests`,
      );
    },
  };
}

export const connectionRefused: Detector = detectorOf(refused, 'no refused connection');
export const connectionUnreachable: Detector = detectorOf(unreachable, 'every connection was answered');
export const droppedBeforeResponse: Detector = detectorOf(
  droppedBefore,
  'no connection was ended before an answer (more than chance)',
);
export const droppedMidResponse: Detector = detectorOf(droppedMid, 'no answer was cut off (more than chance)');

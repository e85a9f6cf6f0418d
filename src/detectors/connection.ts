/** Connections to a member that fail: refused, unreachable, or ended before or inside the answer. */
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
  type DetectorContext,
  insufficient,
  notApplicable,
} from './detector.ts';
import { type DownSpells, downSpells, isRefused } from './down-spells.ts';
import { afterSendUs, ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { directLongest, hidingWords } from './hidden-delay.ts';
import { launderedAnswers, truncatedByGateway } from './incomplete.ts';
import { findOutage, LEAST_TIMER_US, TURNAROUND_US } from './outage.ts';
import { type Tally, tallyOf } from './tally.ts';

/** Share of connections that fail in a healthy network at the most: evidence must be improbable beyond it (methods C.2 asks for a ratio above 0.1 %). */
const HEALTHY_RATIO = 1e-3;
/** Two could be one incident seen twice. */
const LEAST_EVENTS = 3;
/** Of all requests: so many are no share of one member among several. */
const NEARLY_ALL = 0.9;
/** With fewer even a member that is down shows too little. */
const LEAST_ASKED = 5;
/** A connection that was idle for longer may have been closed by the member's idle timer at the moment of our request: that is our own race. */
const FRESH_IDLE_US = 1_000_000;
/** A member that takes one request in so many of its share is told from one that takes all: half to one and a half shares. */
const SHARE_SLACK = 0.5;

/** One kind of fault that direct requests to a member show by themselves. */
export type Kind = {
  readonly cause: CauseId;
  readonly matches: (exchange: Exchange) => boolean;
  /** `spells`: how often it was down, where it answered in between. */
  readonly title: (
    member: string,
    ratio: string,
    share: string,
    events: readonly Exchange[],
    spells: number | undefined,
  ) => string;
  readonly meaning: string;
  readonly rivals: readonly Rival[];
  readonly leastEvents: number;
  /** The member does not accept connections; then only attempts to connect count, and a gateway may find no member at all. */
  readonly isClosed: boolean;
  /** The gateway waits for such a member, so its failures may be as late as any timer; the timer itself is another cause's. */
  readonly gatewayWaits: boolean;
  /** Whether such a fault looks like this through the gateway. */
  readonly gatewayShows: (exchange: Exchange, context: DetectorContext) => boolean;
  /** What stands behind the title when no request through the gateway failed for it; the usual words where it is left out. */
  readonly hiddenWords?: string;
  /** Set where a gateway may make a complete answer of it: what such answers are, and what they do to users. */
  readonly laundered?: { readonly reading: string; readonly words: (count: number) => string };
};

function isFresh({ connection }: Exchange): boolean {
  return connection === undefined || connection.isNew || connection.idleUs < FRESH_IDLE_US;
}

function isConnectTimeout({ outcome }: Exchange): boolean {
  return outcome.kind === 'timeout' && outcome.waitingFor === 'connect';
}

/** The limit ran out in the TLS handshake: TCP was there well before it. */
export function isHandshakeTimeout({ outcome, phasesUs }: Exchange): boolean {
  if (outcome.kind !== 'timeout' || outcome.waitingFor !== 'connect' || phasesUs?.connect === undefined) return false;
  return phasesUs.connect < 0.9 * outcome.limitUs;
}

/** A failure that the gateway made itself: what a member's lost connection looks like from outside. */
export function gatewayMade(exchange: Exchange, { gateway }: DetectorContext): boolean {
  const { outcome, answer } = exchange;
  if (outcome.kind === 'connection-error') return outcome.code === 'closed' || outcome.code === 'reset';
  if (outcome.kind !== 'response' || !outcome.complete) return false;
  const wrote = answer === undefined ? undefined : gateway.wroteIt(answer);
  // 500 is the application's word unless the gateway is known to have written it.
  return outcome.status === 500 ? wrote === true : [502, 503, 504].includes(outcome.status) && wrote !== false;
}

const refused: Kind = {
  cause: 'connection/refused',
  matches: isRefused,
  title: (member, _ratio, share, _events, spells) =>
    spells === undefined
      ? `${member} refuses connections: ${share}, nothing listens on its port.`
      : `${member} goes down and comes back: it refused ${share}, ${spells === 1 ? 'in one spell, and answered before or after' : `in ${spells} spells, and answered in between`}.`,
  meaning:
    'The operating system of the member answered at once that the port is closed: the service is stopped, or listens elsewhere.',
  rivals: [{ cause: 'connection/unreachable', whyNot: 'the machine answered, only the port is closed' }],
  leastEvents: 2,
  isClosed: true,
  gatewayWaits: false,
  gatewayShows: gatewayMade,
};

const unreachable: Kind = {
  cause: 'connection/unreachable',
  matches: (exchange) =>
    (isConnectTimeout(exchange) && !isHandshakeTimeout(exchange)) ||
    (exchange.outcome.kind === 'connection-error' &&
      exchange.outcome.phase === 'connect' &&
      exchange.outcome.code === 'unreachable'),
  title: (member, _ratio, share) => `${member} cannot be reached: ${share} got no answer at all.`,
  meaning:
    'Nobody answered the attempt to connect: the machine is off, a firewall drops the packets, or its queue of new connections is full.',
  rivals: [{ cause: 'connection/refused', whyNot: 'nothing answered, not even a refusal' }],
  leastEvents: 2,
  isClosed: true,
  gatewayWaits: true,
  gatewayShows: (exchange, context) =>
    gatewayMade(exchange, context) ||
    (exchange.outcome.kind === 'timeout' && exchange.outcome.waitingFor === 'headers'),
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
  isClosed: false,
  gatewayWaits: false,
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
  isClosed: false,
  gatewayWaits: false,
  gatewayShows: (exchange, context) =>
    gatewayMade(exchange, context) || (exchange.outcome.kind === 'response' && !exchange.outcome.complete),
  laundered: {
    reading: 'The gateway ended the body properly, but it is shorter than the one that every member sends.',
    words: (count) =>
      `Worse, ${count} answers through the gateway look complete but are shorter than what members send: users get half a page without an error.`,
  },
};

/** What one member's direct requests show of a fault. */
type Fault = {
  readonly kind: Kind;
  readonly member: string;
  readonly events: readonly Exchange[];
  readonly count: number;
  readonly of: number;
  readonly ratio: { readonly value: number; readonly low: number; readonly high: number };
  /** Only of a refusing member. */
  readonly spells?: DownSpells;
};

function faultOf(kind: Kind, member: string, { measures }: DetectorContext): Fault | undefined {
  const all = tallyOf(measures, { route: directTo(member), roles: ORDINARY_ROLES });
  const tally = kind.isClosed
    ? tallyOf(measures, { route: directTo(member), roles: ORDINARY_ROLES, connection: 'new' })
    : all;
  const spells = downSpells(measures, member);
  // What a member cut because it went down is one more sign of that, and no trouble of its own.
  const events = all.kept.filter((exchange) => kind.matches(exchange) && spells?.cut.has(exchange.seq) !== true);
  if (events.length < kind.leastEvents || isOwnRace(kind, events, all)) return undefined;
  const count = all.countOf(events);
  // A slot that was meant for a warm connection connects as well when there is none.
  const of = Math.max(
    count,
    kind.isClosed ? tally.ended + count - tally.countOf(tally.kept.filter(kind.matches)) : all.ended,
  );
  const ratio = { value: count / of, ...proportionInterval(count, of) };
  if (ratio.low <= HEALTHY_RATIO) return undefined;
  const isDown = kind.cause === 'connection/refused' && spells !== undefined;
  return { kind, member, events, count, of, ratio, ...(isDown ? { spells } : {}) };
}

/** Only reused connections are lost, although enough new ones were tried: the member was just closing them, which is a race of ours. */
function isOwnRace(kind: Kind, events: readonly Exchange[], all: Tally): boolean {
  if (kind.cause !== 'connection/dropped-before-response') return false;
  if (events.some(({ connection }) => connection === undefined || connection.isNew)) return false;
  const isNew = ({ connection }: Exchange): boolean => connection?.isNew === true;
  const reusedCount = all.countOf(all.kept.filter((exchange) => !isNew(exchange)));
  return (1 - events.length / Math.max(1, reusedCount)) ** all.kept.filter(isNew).length < 0.05;
}

type GatewaySide = {
  /** Failures through the gateway that fit, and of how many requests. */
  readonly failures: readonly Exchange[];
  readonly count: number;
  readonly of: number;
  /** Their ratio is what one member of several would cause. */
  readonly isShare: boolean;
};

function gatewaySide({ kind, member, events, ratio }: Fault, context: DetectorContext): GatewaySide {
  const { measures } = context;
  const tally = tallyOf(measures, { route: GATEWAY, roles: ORDINARY_ROLES });
  const longest = directLongest(context);
  const latestUs = TURNAROUND_US + (kind.isClosed ? 0 : Math.max(...events.map(afterSendUs)));
  const isTimely = (exchange: Exchange): boolean =>
    afterSendUs(exchange) < LEAST_TIMER_US ||
    (afterSendUs(exchange) <= latestUs && afterSendUs(exchange) >= (longest.get(exchange.requestName) ?? 0));
  const failures = tally.kept.filter(
    (exchange) =>
      isFailure(exchange) &&
      kind.gatewayShows(exchange, context) &&
      (exchange.answeredBy === undefined || exchange.answeredBy === member) &&
      (kind.gatewayWaits || isTimely(exchange)),
  );
  const count = tally.countOf(failures);
  const { low, high } = proportionInterval(count, tally.ended);
  // Even a gateway that sends everything to this member could not fail more often than the member.
  if (low > ratio.high) return { failures: [], count: 0, of: tally.ended, isShare: false };
  const share = 1 / measures.members.length;
  const isShare = high >= ratio.low * share * (1 - SHARE_SLACK) && low <= ratio.high * share * (1 + SHARE_SLACK);
  return { failures, count, of: tally.ended, isShare };
}

function candidateOf(fault: Fault, context: DetectorContext): Candidate {
  const { kind, member, events, count, of, ratio, spells } = fault;
  const side = gatewaySide(fault, context);
  const isTotal = ratio.value >= 0.9;
  const isHidden = side.count === 0;
  // Where the gateway found nobody at all, that is a finding of its own, and its failures belong to it.
  const outage = kind.isClosed ? findOutage(context) : undefined;
  const inOutage = seqsOf(outage?.refused ?? []);
  const own = side.failures.filter(
    (exchange) => !inOutage.has(exchange.seq) && !(kind.gatewayWaits && afterSendUs(exchange) >= LEAST_TIMER_US),
  );
  const laundered = kind.laundered === undefined ? [] : launderedAnswers(context);
  const hidden = hidingWords(context, { member, isClosed: kind.isClosed, isTotal, leastEvents: LEAST_EVENTS });
  const id = `${kind.cause.replace('/', '-')}-${member}`;
  return {
    cause: kind.cause,
    scope: { route: 'direct', member },
    severity: isHidden && laundered.length === 0 ? 'warning' : 'error',
    confidence: isTotal || (side.count >= LEAST_EVENTS && side.isShare) ? 'confirmed' : 'likely',
    p: Math.min(1, binomialTail(count, of, HEALTHY_RATIO) * context.measures.members.length),
    title: `${kind.title(member, formatRatio(ratio.value), `${count} of ${of} ${kind.isClosed ? 'attempts to connect' : 'direct requests'}`, events, spells?.count)}${isHidden && laundered.length === 0 ? (kind.hiddenWords ?? hidden) : onlyThereWords(fault, side, context)}`,
    meaning: `${kind.meaning} ${gatewayWords(side)}${spellWords(spells)}${laundered.length === 0 ? '' : ` ${kind.laundered?.words(laundered.length)}`}`,
    measured: { errorRatio: ratio },
    exhibits: [
      exchangesExhibit(
        id,
        `Direct requests to ${member} that ended so`,
        `Sent past the gateway; the first ended after ${formatDuration(afterSendUs(events[0] as Exchange))}. Search the member's log for the ids.`,
        events,
      ),
      ...(own.length === 0
        ? []
        : [exchangesExhibit(`${id}-gateway`, 'Failures through the gateway that fit', FIT, own)]),
      ...(kind.laundered === undefined || laundered.length === 0
        ? []
        : [exchangesExhibit(`${id}-laundered`, 'Answers that only look complete', kind.laundered.reading, laundered)]),
    ],
    rivals: kind.rivals,
    affected: { count, of },
    explains: new Set([...seqsOf([...events, ...own, ...laundered]), ...(spells?.cut ?? [])]),
  };
}

const FIT = 'Made by the gateway itself, at a time that no timer of it explains.';

function gatewayWords({ count, of }: GatewaySide): string {
  return count === 0
    ? 'No request through the gateway failed for it in this run.'
    : `Through the gateway ${count} of ${of} requests failed in a way that fits.`;
}

/** Where other members answer, and the gateway has eyes for this one only. */
function onlyThereWords({ kind, member }: Fault, side: GatewaySide, { measures }: DetectorContext): string {
  if (!kind.isClosed || side.count < LEAST_EVENTS || side.count < NEARLY_ALL * side.of) return '';
  const isServed = measures.members.some(
    (other) => other !== member && measures.counts({ route: directTo(other), roles: ORDINARY_ROLES }).failed === 0,
  );
  return isServed
    ? ' Nearly every request through the gateway goes there all the same: a session that sticks to it, or the only member that the gateway takes for up.'
    : '';
}

function spellWords(spells: DownSpells | undefined): string {
  if (spells === undefined) return '';
  const cut = spells.cut.size === 0 ? '' : ` Requests that it cut when it went down: ${spells.cut.size}.`;
  return `${cut} It is restarted, crashes, or is taken up and down by its supervisor: its own log says which.`;
}

/** One detector over kinds of the same cause. `looked` says what a clear verdict has checked. */
export function detectorOf(kinds: readonly [Kind, ...Kind[]], looked: string): Detector {
  const { cause } = kinds[0];
  return {
    cause,
    detect(context): Detection {
      const { measures } = context;
      if (measures.members.length === 0) return notApplicable('the profile names no members');
      const asked = measures.members.map(
        (member) => measures.counts({ route: directTo(member), roles: ORDINARY_ROLES }).sent,
      );
      const most = Math.max(...asked);
      if (most < LEAST_ASKED) return insufficient(`${LEAST_ASKED} direct requests to a member`, String(most));
      const candidates = measures.members
        .flatMap((member) => kinds.flatMap((kind) => faultOf(kind, member, context) ?? []))
        .map((fault) => candidateOf(fault, context));
      const total = asked.reduce((a, b) => a + b, 0);
      if (candidates.length > 0 || cause !== 'connection/dropped-mid-response')
        return candidatesOr(candidates, `${looked} in ${total} direct requests`);
      const atGateway = truncatedByGateway(context);
      return candidatesOr(atGateway === undefined ? [] : [atGateway], `${looked} in ${total} direct requests`);
    },
  };
}

export const connectionRefused: Detector = detectorOf([refused], 'no member refused connections');
export const connectionUnreachable: Detector = detectorOf([unreachable], 'every member answered attempts to connect');
export const droppedBeforeResponse: Detector = detectorOf(
  [droppedBefore],
  'no member ended connections before an answer more often than chance',
);
export const droppedMidResponse: Detector = detectorOf(
  [droppedMid],
  'no member cut answers off more often than chance',
);

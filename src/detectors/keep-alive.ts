/** A gateway that reuses connections which a member is just closing: seen to fail, seen to be repeated, or only possible. */
import {
  chanceOfLosses,
  chanceOfRepeats,
  distinctTimeouts,
  type IdleTimeout,
  idleTimeout,
  longestReuseGapUs,
  type ReuseStep,
  reuseSteps,
  type Sweep,
  type SweepPoint,
  sweepOf,
  type TimeoutRange,
} from '../analysis/keep-alive.ts';
import { idleBracket } from '../analysis/ladder.ts';
import { median } from '../analysis/medians.ts';
import { theilSen } from '../analysis/slopes.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { Estimate, Rival, Scope } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../model/route.ts';
import {
  type Candidate,
  clear,
  type Detection,
  type Detector,
  type DetectorContext,
  insufficient,
  notApplicable,
} from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { raceExhibit, timeoutsExhibit } from './keep-alive-exhibits.ts';

/** Methods C.3: two losses of the same sum are a race. */
const LEAST_LOST = 2;
/** A member that fails at other moments nearly as often has another fault; the test of chance asks for more where the numbers are small. */
const LEAST_RISE = 5;
/** A line through fewer points shows nothing. */
const LEAST_MASKED = 4;
/** Of the slope −1 that a wait for the close has (methods C.3 measured −1.01). */
const SLOPE_SLACK = 0.15;
/** What is constant varies less than what is not: for certain where it varies less than half as much (a quarter of the variance is left), likely where half of the variance is. */
const CONSTANT_RATIO = { confirmed: 0.5, likely: 0.7 } as const;
/** Below this the way is so short that traffic meets the window a few times in a million requests (methods C.3: RTT/(e·T)). */
const TINY_WINDOW_US = 500;
/** Idle timeouts of gateway and member that differ by less cannot be told apart by a closed connection of ours. */
const SAME_RATIO = 0.05;

/** What the run knows about one idle timeout of members. */
type Case = {
  readonly timeout: TimeoutRange;
  readonly routes: readonly RouteId[];
  readonly sweep: Sweep;
  readonly reuse: Reuse;
  readonly timeouts: readonly IdleTimeout[];
  /** Of how many different timeouts this is one. */
  readonly searched: number;
  /** Shortest time in which a member accepted a connection: less than this no round trip takes. */
  readonly connectUs: number | undefined;
};

type Reuse = { readonly reusedUpToUs?: number; readonly newFromUs?: number };

/** Pauses that end well before the close; within the last round trips the race itself shows as a new connection. */
function reuseOf(steps: readonly ReuseStep[], timeoutUs: number, baseUs: number): Reuse {
  const most = longestReuseGapUs(timeoutUs, baseUs) * 1.02;
  const bracket = idleBracket(
    steps.filter(({ gapUs }) => gapUs <= most).map(({ gapUs, isReused }) => ({ gapUs, isCold: !isReused })),
  );
  return {
    ...(bracket.warmUpToUs === undefined ? {} : { reusedUpToUs: bracket.warmUpToUs }),
    ...(bracket.coldFromUs === undefined ? {} : { newFromUs: bracket.coldFromUs }),
  };
}

function casesOf({ measures }: DetectorContext, exchanges: readonly Exchange[]): readonly Case[] {
  const members = measures.members.map((member) => idleTimeout(directTo(member), exchanges));
  const distinct = distinctTimeouts(members);
  const steps = reuseSteps(exchanges);
  return distinct.map(({ timeout, routes }) => {
    const sweep = sweepOf(exchanges, timeout, measures.members.length);
    const connects = routes.flatMap((route) =>
      exchanges.flatMap((exchange) => (exchange.route === route ? (exchange.phasesUs?.connect ?? []) : [])),
    );
    return {
      timeout,
      routes,
      sweep,
      reuse: reuseOf(steps, timeout.low, sweep.baseUs),
      timeouts: [...members, idleTimeout(GATEWAY, exchanges)],
      searched: distinct.length,
      connectUs: connects.length === 0 ? undefined : Math.min(...connects),
    };
  });
}

/** Where the gateway closes its clients' connections after the same time, a close that we see may be its own. */
function losses({ sweep, timeout, timeouts }: Case): readonly SweepPoint[] {
  const front = timeouts.find(({ route }) => route === GATEWAY)?.timeoutUs;
  const isOurs =
    front !== undefined &&
    Math.abs(front.value - timeout.value) <= Math.max(2 * sweep.toleranceUs, SAME_RATIO * timeout.value);
  return sweep.points.filter(
    ({ kind, exchange }) =>
      kind === 'lost' &&
      !(isOurs && exchange.outcome.kind === 'connection-error' && exchange.connection?.isNew === false),
  );
}

function lostCandidate(one: Case): Candidate | undefined {
  const { sweep, timeout } = one;
  const lost = losses(one);
  const failedControls = sweep.controls.filter(isFailure);
  if (lost.length < LEAST_LOST) return undefined;
  const near = sweep.points.filter(({ gapUs }) => gapUs >= Math.min(...lost.map((point) => point.gapUs)));
  const controlRatio = failedControls.length / Math.max(1, sweep.controls.length);
  if (controlRatio * LEAST_RISE > lost.length / near.length) return undefined;
  const closed = lost.filter(({ exchange }) => exchange.outcome.kind === 'connection-error').length;
  const sums = lost.map(({ gapUs, elapsedUs }) => gapUs + elapsedUs);
  const failedNear = near.filter(({ kind }) => kind === 'other-failure');
  return {
    ...common(one, sums),
    severity: 'error',
    confidence: failedControls.length === 0 ? 'confirmed' : 'likely',
    p: Math.min(1, chanceOfLosses(lost, sweep, timeout) * one.searched),
    title: `The gateway reuses connections that ${who(one)} ${one.routes.length > 1 ? 'are' : 'is'} just closing as idle after ${formatDuration(timeout.value)}: ${lost.length} requests sent at that moment failed.`,
    meaning: `Pause plus elapsed time was ${sumsText(sums)} for each of them, which is the idle timeout of ${who(one)}: the failure came with the close, not with a timer and not with the work. ${closed > 0 ? `For ${closed} of them the gateway closed our connection without an answer, as HAProxy does: its users see an empty reply, and no error stands in its log. ` : ''}${reuseText(one)} It fails least when traffic is high, because connections then do not rest for so long.`,
    rivals: rivalsOf(one, lost),
    affected: { count: lost.length, of: Math.max(lost.length, near.length) },
    exhibits: [
      raceExhibit(sweep, timeout, 'lost'),
      timeoutsExhibit(one.timeouts),
      exchangesExhibit(
        'keep-alive-lost',
        'Requests that met the close',
        'Each was sent after the pause, just before the connection was closed.',
        lost.map(({ exchange }) => exchange),
      ),
    ],
    // Those that failed just as close to it, only not as punctually, are no cause of their own where nothing else failed.
    explains: seqsOf([...lost, ...(failedControls.length === 0 ? failedNear : [])].map(({ exchange }) => exchange)),
  };
}

function maskedCandidate(one: Case): Candidate | undefined {
  const { sweep, timeout } = one;
  const masked = sweep.points.filter(({ kind }) => kind === 'masked');
  if (masked.length < LEAST_MASKED) return undefined;
  const line = theilSen(
    masked.map(({ gapUs }) => gapUs),
    masked.map(({ excessUs }) => excessUs),
  );
  if (line === undefined) return undefined;
  const isSteep = Math.abs(line.slope + 1) <= SLOPE_SLACK;
  // A few points may miss the slope and still not contradict it.
  if (!isSteep && !(line.low <= -1 + SLOPE_SLACK && line.high >= -1 - SLOPE_SLACK)) return undefined;
  const sums = masked.map(({ gapUs, excessUs }) => gapUs + excessUs);
  // A cold connection takes longer by the same after every pause: then the delay is constant, and the sum is not.
  const constancy = spread(sums) / spread(masked.map(({ excessUs }) => excessUs));
  if (!(constancy <= CONSTANT_RATIO.likely)) return undefined;
  const longest = Math.max(...masked.map(({ excessUs }) => excessUs));
  return {
    ...common(one, sums),
    severity: 'warning',
    confidence: isSteep && constancy <= CONSTANT_RATIO.confirmed ? 'confirmed' : 'likely',
    p: Math.min(1, chanceOfRepeats(masked, sweep, timeout) * one.searched),
    title: `The gateway reuses connections that ${who(one)} ${one.routes.length > 1 ? 'are' : 'is'} just closing as idle after ${formatDuration(timeout.value)}, and repeats the request: ${masked.length} took up to ${formatDuration(longest)} longer.`,
    meaning: `The later in the pause a request came, the less longer it took: the line has slope ${line.slope.toFixed(2)}, and pause plus delay was ${sumsText(sums)}, the idle timeout of ${who(one)}. The gateway hides the loss by sending the request again. What it may not repeat, a POST for example, fails instead. ${reuseText(one)}`,
    rivals: rivalsOf(one, masked),
    affected: { count: masked.length, of: sweep.points.length },
    exhibits: [
      raceExhibit(sweep, timeout, 'masked'),
      timeoutsExhibit(one.timeouts),
      exchangesExhibit(
        'keep-alive-masked',
        'Requests that were repeated',
        'Each took longer by the wait for the close.',
        masked.map(({ exchange }) => exchange),
      ),
    ],
    explains: seqsOf(masked.map(({ exchange }) => exchange)),
  };
}

/** Standard deviation. */
function spread(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** The order of the timers is wrong, and nothing was lost: what is seen is the reuse itself, not a failure. */
function possibleCandidate(one: Case): Candidate | undefined {
  const { timeout, reuse, sweep } = one;
  if (reuse.reusedUpToUs === undefined || reuse.newFromUs !== undefined) return undefined;
  if (reuse.reusedUpToUs < 0.9 * longestReuseGapUs(timeout.low, sweep.baseUs)) return undefined;
  return {
    ...common(one, []),
    severity: 'info',
    confidence: 'possible',
    p: 0,
    title: `A keep-alive race is possible: ${who(one)} close${one.routes.length > 1 ? '' : 's'} idle connections after ${formatDuration(timeout.value)}, and the gateway still reuses them after ${formatDuration(reuse.reusedUpToUs)}.`,
    meaning: `A request that is on its way while the member closes is lost. That takes a pause that ends within one round trip before the close; ${unprovoked(one)} Users with other pauses can meet it.`,
    rivals: [
      {
        cause: 'connection/dropped-before-response',
        whyNot: 'no request was lost: this is the order of two timers, which were both measured',
      },
    ],
    exhibits: [timeoutsExhibit(one.timeouts)],
    explains: new Set(),
  };
}

function unprovoked({ sweep, connectUs }: Case): string {
  const sent = sweep.points.length;
  if (sent === 0) return 'no request was sent at that moment (the notes of the experiment say why).';
  const failed = sweep.points.filter(({ kind }) => kind === 'lost' || kind === 'other-failure').length;
  if (failed > 0) {
    const lost = sweep.points.filter(({ kind }) => kind === 'lost').length;
    const others = sweep.controls.filter(isFailure).length;
    return `of ${sent} requests sent around it ${failed} failed, ${lost} of them just with the close, and ${others} of ${sweep.controls.length} without a pause: that does not tell the close from anything else.`;
  }
  const way = connectUs === undefined ? '' : ` (connecting to a member took ${formatDuration(connectUs)})`;
  return (connectUs ?? 0) < TINY_WINDOW_US
    ? `the way to the members is so short${way} that the probe cannot aim at that moment: that none of ${sent} requests sent around it was lost does not mean that none can be.`
    : `none of ${sent} requests sent around it was lost${way}.`;
}

function common(
  { timeout, reuse, routes }: Case,
  sums: readonly number[],
): Pick<Candidate, 'cause' | 'scope' | 'measured'> {
  const member = routes.length === 1 && routes[0] !== undefined ? memberOf(routes[0]) : undefined;
  const scope: Scope = member === undefined ? { route: 'gateway' } : { route: 'gateway', member };
  const idle: Estimate = {
    value: timeout.value,
    low: Math.round(Math.min(timeout.low, ...sums)),
    high: Math.round(Math.max(timeout.high, ...sums)),
  };
  const { reusedUpToUs: low, newFromUs: high } = reuse;
  const pool =
    low === undefined || high === undefined
      ? {}
      : { gatewayIdleTimeoutUs: { value: Math.round((low + high) / 2), low, high } };
  return { cause: 'connection/keep-alive-race', scope, measured: { memberIdleTimeoutUs: idle, ...pool } };
}

function who({ routes }: Case): string {
  return routes
    .map((route) => memberOf(route) ?? 'the gateway')
    .sort()
    .join(', ');
}

function sumsText(sums: readonly number[]): string {
  const [low, high] = [formatDuration(Math.min(...sums)), formatDuration(Math.max(...sums))];
  return low === high ? low : `${low} to ${high} (median ${formatDuration(Math.round(median(sums)))})`;
}

function reuseText({ reuse }: Case): string {
  if (reuse.newFromUs !== undefined && reuse.reusedUpToUs !== undefined)
    return `The gateway reused connections after ${formatDuration(reuse.reusedUpToUs)}, and no longer after ${formatDuration(reuse.newFromUs)}.`;
  return reuse.reusedUpToUs === undefined
    ? 'How long the gateway keeps connections is not known: the members do not tell their connections apart (connectionHeader).'
    : `The gateway keeps connections at least as long as the member: it still reused them after ${formatDuration(reuse.reusedUpToUs)}.`;
}

function rivalsOf({ sweep }: Case, hits: readonly SweepPoint[]): readonly Rival[] {
  const failed = sweep.controls.filter(isFailure).length;
  const longest = formatDuration(Math.max(...hits.map(({ elapsedUs }) => elapsedUs)));
  return [
    {
      cause: 'connection/dropped-before-response',
      whyNot: `of ${sweep.controls.length} requests without a pause, on new connections and on ones just used, ${failed === 0 ? 'none' : failed} failed`,
    },
    { cause: 'connection/silent-idle-drop', whyNot: `none hung: the longest ended after ${longest}` },
    {
      cause: 'cold-start/connection',
      whyNot: 'what a cold connection costs does not become less the later a request comes',
    },
    { cause: 'timeout/gateway-response', whyNot: 'pause plus elapsed time is constant, elapsed time alone is not' },
  ];
}

function detect(context: DetectorContext): Detection {
  const { measures } = context;
  const exchanges = measures.exchanges({ experimentKind: 'keep-alive' });
  if (exchanges.length === 0)
    return insufficient('a keep-alive experiment (keep-alive: { upTo: 130s })', 'none in this run');
  if (measures.members.length === 0) return notApplicable('the profile names no members');
  const cases = casesOf(context, exchanges);
  const waitedUs = Math.max(0, ...measures.members.map((member) => idleTimeout(directTo(member), exchanges).waitedUs));
  if (cases.length === 0) {
    return waitedUs === 0
      ? insufficient('connections to members that can be held idle', 'none was answered and kept')
      : clear(`no member closed two idle connections within ${formatDuration(waitedUs)}`);
  }
  const candidates = cases.flatMap((one) => lostCandidate(one) ?? maskedCandidate(one) ?? possibleCandidate(one) ?? []);
  if (candidates.length > 0) return { state: 'candidates', candidates };
  const open = cases.find(({ reuse }) => reuse.newFromUs === undefined);
  if (open === undefined) {
    const newFromUs = Math.max(...cases.map(({ reuse }) => reuse.newFromUs ?? 0));
    const closedUs = Math.min(...cases.map(({ timeout }) => timeout.value));
    return clear(
      `the gateway no longer reuses connections after ${formatDuration(newFromUs)}; members close them after ${formatDuration(closedUs)}`,
    );
  }
  return insufficient(
    'to see whether the gateway reuses connections for as long as members keep them (connectionHeader: the name of a header that tells the connection)',
    `members close after ${formatDuration(open.timeout.value)}; ${unprovoked(open)}`,
  );
}

export const keepAliveRace: Detector = { cause: 'connection/keep-alive-race', detect };

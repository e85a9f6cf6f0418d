/** Kept connections between gateway and members that something on the path forgets without a word. */
import { idleBracket } from '../analysis/ladder.ts';
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { mannWhitney } from '../analysis/rank.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { Estimate, Exhibit } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { areAlike, isFirstAfterPause, waitUs } from './idle-firsts.ts';

/** A lost packet is sent again after 200 ms at the soonest (Linux, RTO min): what waits for less waits for something else. */
const LEAST_HANG_US = 200_000;
/** … and a hang is not an ordinary slow answer. */
const LEAST_RATIO = 3;
/** One hang may be chance: a lost packet, a pause. */
const LEAST_HUNG = 2;
/** Of more warm requests the rank test would be an approximation, of so many it is exact. */
const MOST_WARM = 300;
/** How much the waits of one timer differ at the least: as wide as a timer's mark. */
const TIMER_SPREAD_US = 25_000;
/** Where the gateway repeats the request, its answer comes on top: a handful of them lie within the middle 90 % of ordinary ones. */
const ORDINARY_SHARE = 0.9;

type Step = {
  readonly first: Exchange;
  /** Since the gateway's last good answer: no connection to a member has rested for less. */
  readonly restUs: number;
  /** Since as many good answers before it as there are members: by turns, none of those used then has rested for more. */
  readonly longestRestUs: number;
  /** Since the last good answer of the member that gave this one, where members tell; else the longest. */
  readonly memberRestUs: number;
  readonly elapsedUs: number;
  readonly isHung: boolean;
};

type Ladder = {
  readonly steps: readonly Step[];
  readonly baseUs: number;
  /** Between the slowest and the quickest ordinary answer through the gateway, without the outermost. */
  readonly ordinarySpreadUs: number;
  /** The longest rest before an ordinary request that was answered at once, the one before it as well. */
  readonly calmRestUs: number;
  /** Of all requests through the gateway and directly that were not the first after a pause: beyond the median of their route. */
  readonly warmExcessUs: readonly number[];
  /** Firsts of members themselves, after the same pauses and at the same moments. */
  readonly directFirsts: readonly Exchange[];
};

function excesses(exchanges: readonly Exchange[]): readonly number[] {
  const times = exchanges.filter((exchange) => !isFailure(exchange)).map(waitUs);
  const baseUs = times.length === 0 ? 0 : median(times);
  return times.map((us) => us - baseUs);
}

/** What came soon after a first request may wait for it, or meet another forgotten connection: it is no warm request. */
function isWarm(exchange: Exchange, firsts: readonly Exchange[]): boolean {
  if (isFirstAfterPause(exchange) || exchange.sentUs === undefined) return false;
  const own = firsts.filter(({ dueUs }) => dueUs <= exchange.dueUs).at(-1);
  return own === undefined || exchange.tag?.kind !== 'idle' || exchange.sentUs >= own.endUs;
}

function ladderOf(measures: Measures): Ladder | undefined {
  const idle = measures.exchanges({ experimentKind: 'idle', route: GATEWAY });
  const firsts = idle.filter(isFirstAfterPause);
  const requestName = firsts[0]?.requestName;
  if (requestName === undefined) return undefined;
  const slots = (route: Exchange['route']): readonly Exchange[] =>
    measures.exchanges({ route, roles: ['slot'], requestName, cohorts: ['ok'] });
  const warm = [...idle.filter((exchange) => isWarm(exchange, firsts)), ...slots(GATEWAY)];
  const warmTimes = warm.filter((exchange) => !isFailure(exchange)).map(waitUs);
  if (warmTimes.length < 5) return undefined;
  const baseUs = median(warmTimes);
  const floorUs = Math.max(LEAST_RATIO * baseUs, baseUs + LEAST_HANG_US);
  const direct = measures.members.map((member) => {
    const route = directTo(member);
    const own = measures.exchanges({ experimentKind: 'idle', route });
    return {
      firsts: own.filter(isFirstAfterPause),
      warm: [...own.filter((exchange) => !isFirstAfterPause(exchange)), ...slots(route)],
    };
  });
  const failedEndsUs = measures
    .exchanges({ route: GATEWAY, cohorts: ['error', 'timeout'] })
    .filter(({ sentUs }) => sentUs !== undefined)
    .map(({ endUs }) => endUs);
  const good = [...measures.exchanges({ route: GATEWAY, cohorts: ['ok'] })].sort((a, b) => a.endUs - b.endUs);
  return {
    steps: firsts.flatMap((first) => {
      const elapsedUs = waitUs(first);
      const rest = restsOf(first, good, measures.members.length);
      if (rest === undefined) return [];
      const { sentUs = 0 } = first;
      const isHung = elapsedUs >= floorUs;
      // Requests that failed meanwhile may have used up what was kept: then a new connection answered, which shows nothing.
      const isUsedUp = failedEndsUs.some((endUs) => endUs > sentUs - rest.restUs && endUs <= sentUs);
      return isUsedUp && !isHung ? [] : [{ first, ...rest, elapsedUs, isHung }];
    }),
    baseUs,
    ordinarySpreadUs: middleSpread(warmTimes),
    calmRestUs: calmRestUs(measures.exchanges({ route: GATEWAY, roles: ['slot'] }), floorUs),
    warmExcessUs: [...excesses(warm), ...direct.flatMap((one) => excesses(one.warm))],
    directFirsts: direct.flatMap((one) => one.firsts),
  };
}

/** How long the gateway had nothing to do before a request; undefined for the first request of all. */
function restsOf(
  { sentUs = 0, answeredBy }: Exchange,
  good: readonly Exchange[],
  members: number,
): Pick<Step, 'restUs' | 'longestRestUs' | 'memberRestUs'> | undefined {
  const before = good.filter(({ endUs }) => endUs <= sentUs);
  const [last, turns] = [before.at(-1), before.at(-members)];
  if (last === undefined || turns === undefined) return undefined;
  const own = answeredBy === undefined ? undefined : before.findLast((one) => one.answeredBy === answeredBy);
  return {
    restUs: sentUs - last.endUs,
    longestRestUs: sentUs - turns.endUs,
    memberRestUs: sentUs - (own ?? turns).endUs,
  };
}

function calmRestUs(slots: readonly Exchange[], floorUs: number): number {
  let longest = 0;
  let before: Exchange | undefined;
  for (const slot of slots) {
    const isCalm = (one: Exchange): boolean => !isFailure(one) && waitUs(one) < floorUs;
    if (before !== undefined && isCalm(before) && isCalm(slot))
      longest = Math.max(longest, (slot.sentUs ?? slot.dueUs) - before.endUs);
    before = slot;
  }
  return longest;
}

function middleSpread(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const cut = Math.floor((sorted.length * (1 - ORDINARY_SHARE)) / 2);
  return (sorted[sorted.length - 1 - cut] ?? 0) - (sorted[cut] ?? 0);
}

/** Members that were slow or failed after the same pause were asleep themselves. */
function membersWereAwake({ directFirsts, baseUs }: Ladder): boolean {
  const floorUs = Math.max(LEAST_RATIO * baseUs, baseUs + LEAST_HANG_US);
  return directFirsts.length > 0 && directFirsts.every((one) => !isFailure(one) && waitUs(one) < floorUs);
}

/**
 * A gateway that wakes up takes its own time and succeeds; a timer ends all waits alike, whatever comes after it. Timers run
 * from the request, or from the last byte on the connection: the read timer of Go gateways is not stopped while it rests.
 */
function isEndedByTimer(hung: readonly Step[], ordinarySpreadUs: number): boolean {
  return [
    hung.map(({ elapsedUs }) => elapsedUs),
    hung.map(({ memberRestUs, elapsedUs }) => memberRestUs + elapsedUs),
  ].some((times) => areAlike(times, TIMER_SPREAD_US, ordinarySpreadUs));
}

function candidateOf(ladder: Ladder, measures: Measures): Candidate | undefined {
  const hung = ladder.steps.filter(({ isHung }) => isHung);
  const failed = hung.filter(({ first }) => isFailure(first));
  if (hung.length < LEAST_HUNG || !membersWereAwake(ladder)) return undefined;
  if (failed.length < LEAST_HUNG && !isEndedByTimer(hung, ladder.ordinarySpreadUs)) return undefined;
  const limit = limitOf(ladder, hung);
  if (limit === undefined) return undefined;
  const calm = ladder.steps.filter(({ isHung }) => !isHung).map(({ elapsedUs }) => elapsedUs - ladder.baseUs);
  const { p } = mannWhitney(
    hung.map(({ elapsedUs }) => elapsedUs - ladder.baseUs),
    [...ladder.warmExcessUs.slice(0, MOST_WARM), ...calm],
  );
  const waits = hung.map(({ elapsedUs }) => elapsedUs);
  const hang = {
    value: Math.round(median(waits)),
    low: Math.round(Math.min(...waits)),
    high: Math.round(Math.max(...waits)),
  };
  const hits = [...hung.map(({ first }) => first), ...followers(hung, measures)];
  return {
    cause: 'connection/silent-idle-drop',
    scope: { route: 'gateway' },
    severity: failed.length > 0 ? 'error' : 'warning',
    confidence: 'likely',
    p,
    title: titleOf(hung.length, failed.length, limit, hang),
    meaning: `Members asked directly, on new connections and after the same pauses, answered at once each time (${ladder.directFirsts.length} of ${ladder.directFirsts.length}): they were awake. So it is the connections that the gateway keeps to them: a firewall, a load balancer or an address translation on the way has forgotten them, and what is sent on them is lost without a reset. The request waits until the gateway gives up.`,
    measured: { idleLimitUs: limit, hangUs: hang },
    rivals: [
      { cause: 'cold-start/idle', whyNot: 'members asked directly after the same pauses answered at once' },
      {
        cause: 'connection/keep-alive-race',
        whyNot: `the requests hung for ${formatDuration(hang.value)}; one that meets a close ends with it`,
      },
      {
        cause: 'timeout/gateway-response',
        whyNot: `only requests after a pause waited so long: ${ladder.warmExcessUs.length} others did not`,
      },
      { cause: 'member/slow', whyNot: 'no member was slow when asked directly' },
    ],
    affected: { count: hung.length, of: ladder.steps.length },
    exhibits: [
      ladderExhibit(ladder, hang.value),
      exchangesExhibit('silent-idle-drop', 'Requests that hung', 'Each came after a pause, through the gateway.', hits),
    ],
    explains: seqsOf(hits),
  };
}

/** Without a pause after which all was well this is a gateway that is slow or fails at any time: then there is no limit. */
function limitOf({ steps, calmRestUs: calmUs }: Ladder, hung: readonly Step[]): Required<Estimate> | undefined {
  const rested = ({ isHung, restUs, longestRestUs }: Step): number => (isHung ? longestRestUs : restUs);
  const bracket = idleBracket(steps.map((step) => ({ gapUs: rested(step), isCold: step.isHung })));
  const { coldFromUs: high, warmUpToUs = 0 } = bracket;
  const low = Math.max(warmUpToUs, calmUs);
  const isShort = hung.some(({ restUs }) => restUs < low);
  if (high === undefined || low === 0 || low >= high || isShort || !bracket.isConsistent) return undefined;
  // By ratio, as pauses are chosen: any value between is as likely as its half or its double.
  return { value: Math.round(Math.sqrt(low * high)), low, high };
}

/** Those behind the first one may have met the next forgotten connection. */
function followers(hung: readonly Step[], measures: Measures): readonly Exchange[] {
  const cycle = (exchange: Exchange): string =>
    exchange.tag?.kind === 'idle' ? `${exchange.experimentId} ${exchange.tag.gapUs} ${exchange.tag.repeat}` : '';
  const cycles = new Set(hung.map(({ first }) => cycle(first)));
  const leastUs = Math.min(...hung.map(({ elapsedUs }) => elapsedUs)) / 2;
  return measures
    .exchanges({ experimentKind: 'idle', route: GATEWAY })
    .filter((one) => !isFirstAfterPause(one) && cycles.has(cycle(one)) && (isFailure(one) || waitUs(one) >= leastUs));
}

function titleOf(hung: number, failed: number, limit: Required<Estimate>, hang: Estimate): string {
  const after = `after a pause of more than ${formatDuration(limit.low)} and at most ${formatDuration(limit.high)}`;
  const end =
    failed === hung ? 'and fails' : failed === 0 ? 'before it is repeated' : `and ${failed} of ${hung} failed`;
  return `Kept connections between the gateway and its members are forgotten on the way ${after}: the next request hangs for ${formatDuration(hang.value)} ${end}.`;
}

function ladderExhibit({ steps, baseUs }: Ladder, hangUs: number): Exhibit {
  const points = (isHung: boolean): (readonly [number, number])[] =>
    steps
      .filter((step) => step.isHung === isHung)
      .map(({ restUs, elapsedUs }) => [Math.max(1, restUs), Math.max(1, elapsedUs)]);
  return {
    kind: 'xy',
    id: 'silent-idle-ladder',
    title: 'First request through the gateway after a pause',
    reading:
      'Each point is the first request after a pause of that length. The step is where connections are forgotten.',
    x: { title: 'pause before the request', unit: 'us', scale: 'log' },
    y: { title: 'elapsed time', unit: 'us', scale: 'log' },
    series: [
      { name: 'hung', role: 'failure', style: 'points', points: points(true) },
      { name: 'answered', role: 'gateway', style: 'points', points: points(false) },
    ],
    marks: [
      { axis: 'y', value: Math.max(1, Math.round(baseUs)), label: `ordinary: ${formatDuration(baseUs)}` },
      { axis: 'y', value: hangUs, label: `hung: ${formatDuration(hangUs)}` },
    ],
  };
}

function detect({ measures }: { readonly measures: Measures }): Detection {
  if (measures.members.length === 0)
    return notApplicable('the profile names no members: nothing to hold the gateway against');
  const idle = measures.exchanges({ experimentKind: 'idle', route: GATEWAY });
  if (idle.length === 0) return insufficient('an idle ladder (idle: { gaps: [30s, 5m, 21m] })', 'none in this run');
  const ladder = ladderOf(measures);
  if (ladder === undefined) return insufficient('5 answers through the gateway without a pause', 'fewer');
  const longest = Math.max(0, ...ladder.steps.map(({ restUs }) => restUs));
  const candidate = candidateOf(ladder, measures);
  return candidatesOr(
    candidate === undefined ? [] : [candidate],
    `after pauses of up to ${formatDuration(longest)} no request through the gateway hung while members answered at once`,
  );
}

/** Methods C.3: after a gap the first request hangs, where the race fails at once and a cold connection only connects. */
export const silentIdleDrop: Detector = { cause: 'connection/silent-idle-drop', detect };

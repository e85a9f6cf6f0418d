/** Timers of the gateway: failures pile up at one elapsed time, and the same work takes longer when asked for directly. */
import { clusterWidthUs, findTimeoutClusters } from '../analysis/cluster.ts';
import { type Distribution, distributionOf, expandDistribution } from '../analysis/distribution.ts';
import type { Measures } from '../analysis/measures.ts';
import { median, medianDeviation } from '../analysis/medians.ts';
import { binomialTail } from '../analysis/proportion.ts';
import { timeoutValue } from '../analysis/timeout-value.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { Confidence, Estimate, Rival } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import {
  type Candidate,
  clear,
  type Detection,
  type Detector,
  type DetectorContext,
  insufficient,
  notApplicable,
} from './detector.ts';
import { afterSendUs, backgroundFailureRatio, gatewayOverhead, ORDINARY_ROLES } from './elapsed.ts';
import { emitterOf } from './emitter.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { longestAnswerUs } from './timeout-history.ts';
import { failsDirectly } from './timeout-member.ts';
import { hasBegun } from './timeout-read.ts';
import { timeoutWall } from './timeout-wall.ts';
import { tooFewAgree } from './too-few.ts';

/** Failures as fast as this need no timer to agree: refused and reset connections end within it. */
const LEAST_TIMER_US = 300_000;

/** Failures of the gateway that a timer could have made. Our own timeouts are not among them: they say what our limit is. */
function timerLike(exchange: Exchange): boolean {
  return (
    isFailure(exchange) &&
    exchange.outcome.kind !== 'timeout' &&
    !hasBegun(exchange) &&
    exchange.sentUs !== undefined &&
    afterSendUs(exchange) >= LEAST_TIMER_US
  );
}

/** The value of a timer with everything that supports it. */
export type Timer = {
  readonly timeout: Estimate;
  /** Failures of ordinary traffic at the timer. */
  readonly ordinary: readonly Exchange[];
  /** Failures that were provoked. */
  readonly provoked: readonly Exchange[];
  readonly p: number;
  /** A request just below the timer succeeded and one just above failed. */
  readonly isConfirmed: boolean;
};

/** Of honest overhead hardly any difference is negative; with this share they are the variation of the answers. */
const NOISE_RATIO = 0.2;

/** The overhead of the way; where answers vary by more than it, the median of the differences is all that is known of it. */
function steadyOverhead(measures: Measures): Distribution {
  const differences = measures.slotDifferences();
  const negative = differences.filter((us) => us < 0).length;
  return negative > NOISE_RATIO * differences.length
    ? distributionOf([Math.max(0, Math.round(median([...differences])))])
    : gatewayOverhead(measures);
}

export function findTimers({ measures }: DetectorContext): readonly Timer[] {
  const overhead = steadyOverhead(measures);
  const deviationUs = medianDeviation(expandDistribution(overhead));
  const ordinary = measures.exchanges({ route: GATEWAY, roles: ORDINARY_ROLES });
  const provoked = measures.exchanges({ route: GATEWAY, roles: ['delay'] });
  const failedOrdinary = ordinary.filter(timerLike);
  const failedProvoked = provoked.filter(timerLike);
  const spanUs = Math.max(measures.profile.limits.requestTimeoutUs, ...provoked.map(afterSendUs));
  const timers: Timer[] = [];

  for (const cluster of findTimeoutClusters(failedOrdinary.map(afterSendUs), {
    spanUs,
    overheadDeviationUs: deviationUs,
  })) {
    const members = cluster.indexes.map((index) => failedOrdinary[index] as Exchange);
    const agreeing = failedProvoked.filter(
      (exchange) => Math.abs(afterSendUs(exchange) - cluster.medianUs) <= clusterWidthUs(cluster.medianUs, deviationUs),
    );
    const timeout = timeoutValue([...members, ...agreeing].map(afterSendUs), overhead);
    if (timeout === undefined || haveSurvived(measures, members, cluster.toUs + cluster.widthUs)) continue;
    timers.push({
      timeout,
      ordinary: members,
      provoked: agreeing,
      p: withMore(cluster.p, agreeing.length, failedProvoked.length, (2 * cluster.widthUs) / spanUs),
      isConfirmed: isConfirmed(provoked, agreeing, timeout.value),
    });
  }
  const alone = provokedTimer(
    failedProvoked.filter((exchange) => !timers.some((timer) => timer.provoked.includes(exchange))),
    provoked,
    spanUs,
    deviationUs,
    measures,
  );
  if (alone === undefined) return timers;
  const left = failedOrdinary.filter((exchange) => !timers.some((timer) => timer.ordinary.includes(exchange)));
  return [...timers, withOrdinary(alone, left, spanUs, deviationUs, measures)];
}

/** Ordinary failures too few or too spread to pile up by themselves, which meet a timer that was provoked apart from them. */
function withOrdinary(
  timer: Timer,
  failures: readonly Exchange[],
  spanUs: number,
  deviationUs: number,
  measures: Measures,
): Timer {
  const aroundUs = median(timer.provoked.map(afterSendUs));
  const widthUs = clusterWidthUs(aroundUs, deviationUs);
  const near = failures.filter((exchange) => Math.abs(afterSendUs(exchange) - aroundUs) <= widthUs);
  if (near.length === 0 || haveSurvived(measures, near, aroundUs + 2 * widthUs)) return timer;
  return { ...timer, ordinary: near, p: withMore(timer.p, near.length, failures.length, (2 * widthUs) / spanUs) };
}

/** Of failures seen apart from the timer some meet it, each by chance with the share of its window; Fisher's method joins both. */
function withMore(p: number, near: number, of: number, share: number): number {
  if (near === 0) return p;
  const product = p * binomialTail(near, of, Math.min(1, share));
  return product === 0 ? 0 : Math.min(1, product * (1 - Math.log(product)));
}

/** Whether answers of the same requests came through the gateway later than the timer: with them there is no timer. */
function haveSurvived(measures: Measures, failures: readonly Exchange[], beyondUs: number): boolean {
  return longestAnswerUs(measures, [GATEWAY], new Set(failures.map(({ requestName }) => requestName))) > beyondUs;
}

/**
 * A timer seen only by requests that were slow on purpose. If something else had made k of them fail, each would have
 * done so with the background's ratio, and k − 1 would have had to meet the first one's time by chance.
 */
function provokedTimer(
  failures: readonly Exchange[],
  provoked: readonly Exchange[],
  spanUs: number,
  deviationUs: number,
  measures: Measures,
): Timer | undefined {
  // A gateway that tries again fails later the first time: the most that agree are the timer.
  const groups = failures.map((first) => {
    const widthUs = clusterWidthUs(afterSendUs(first), deviationUs);
    return {
      widthUs,
      agreeing: failures.filter((exchange) => Math.abs(afterSendUs(exchange) - afterSendUs(first)) <= widthUs),
    };
  });
  const most = groups.sort((a, b) => b.agreeing.length - a.agreeing.length)[0];
  if (most === undefined) return undefined;
  const { agreeing, widthUs } = most;
  const timeout = timeoutValue(agreeing.map(afterSendUs), steadyOverhead(measures));
  if (timeout === undefined) return undefined;
  const ratio = backgroundFailureRatio(measures.exchanges({ route: GATEWAY, roles: ORDINARY_ROLES }));
  const p = ratio ** agreeing.length * Math.min(1, widthUs / spanUs) ** (agreeing.length - 1);
  return { timeout, ordinary: [], provoked: agreeing, p, isConfirmed: isConfirmed(provoked, agreeing, timeout.value) };
}

function isConfirmed(provoked: readonly Exchange[], agreeing: readonly Exchange[], timeoutUs: number): boolean {
  const below = provoked.some(
    ({ tag, ...exchange }) =>
      tag?.kind === 'delay' && tag.delayUs < timeoutUs && tag.delayUs > 0.5 * timeoutUs && !isFailure(exchange),
  );
  return below && agreeing.length >= 2;
}

/** So unlikely it must be that no direct answer was slow, if as many were as failed: one of a hundred true timers is lost by it. */
const QUICK_LEVEL = 0.01;

/**
 * Whether requests fail at the timer whose work is done long before, directly: a timer for the answer would not meet them.
 * Something that does not depend on the work took this time, as attempts to reach a member that is gone do.
 */
function failsWhatIsQuick({ ordinary, timeout }: Timer, measures: Measures): boolean {
  if (measures.members.length === 0) return false;
  return [...Map.groupBy(ordinary, ({ requestName }) => requestName)].some(([requestName, failures]) => {
    if (longestAnswerUs(measures, measures.members.map(directTo), new Set([requestName]), failures) > timeout.value)
      return false;
    const through = measures.counts({ route: GATEWAY, requestName, roles: ORDINARY_ROLES }).sent;
    const direct = measures.members.reduce(
      (sum, member) => sum + measures.counts({ route: directTo(member), requestName }).ok,
      0,
    );
    return (1 - failures.length / Math.max(1, through)) ** direct < QUICK_LEVEL;
  });
}

/** Direct connects that hang: then a pile-up is the connect timer's. */
export function unreachableMembers(measures: Measures): readonly string[] {
  return measures.members.filter((member) => {
    const hanging = measures
      .exchanges({ route: directTo(member), cohorts: ['timeout', 'error'] })
      .filter(
        ({ outcome }) =>
          (outcome.kind === 'timeout' && outcome.waitingFor === 'connect') ||
          (outcome.kind === 'connection-error' && outcome.code === 'unreachable'),
      );
    return hanging.length >= 2;
  });
}

/** A value the work would fit into: a quarter above the longest seen, in whole seconds. */
function suggestedUs(longestUs: number): number {
  return Math.ceil((longestUs * 1.25) / 1_000_000) * 1_000_000;
}

export function interval({ value, low = value, high = value }: Estimate): string {
  return `${formatDuration(value)} (${formatDuration(low)}–${formatDuration(high)})`;
}

export function failuresOf({ ordinary, provoked }: Timer): readonly Exchange[] {
  return [...ordinary, ...provoked];
}

/** The timer as the gateway's, unless somebody else shows to have made its failures. */
function responseCandidate(timer: Timer, context: DetectorContext): Candidate | undefined {
  const emitter = emitterOf(failuresOf(timer), context);
  if (emitter.kind === 'silent' || (emitter.kind === 'foreign' && emitter.isCertain)) return undefined;
  const candidate = timerCandidate(timer, context);
  if (candidate === undefined || emitter.kind === 'gateway') return candidate;
  return {
    ...candidate,
    confidence: 'possible',
    meaning: `${candidate.meaning} But these answers call themselves "${emitter.name}", as no other answer does: something in front of the gateway may have made them. Name the kind of the gateway in the profile (gateway: kind) to tell.`,
  };
}

/** What the failures at one elapsed time show, whoever's timer it is. Undefined where members fail alike, or answered no later. */
export function timerCandidate(timer: Timer, { measures }: DetectorContext): Candidate | undefined {
  const failures = failuresOf(timer);
  if (failsDirectly(measures, failures, median(failures.map(afterSendUs)))) return undefined;
  const names = new Set(failures.map(({ requestName }) => requestName));
  const longestUs = longestAnswerUs(measures, measures.members.map(directTo), names, failures);
  // Without an answer beyond the timer nothing shows that the work was still going on.
  if (measures.members.length > 0 && longestUs <= timer.timeout.value) return undefined;
  if (failsWhatIsQuick(timer, measures)) return undefined;
  const paths = measures.profile.requests.filter(
    ({ name }) =>
      names.has(name) &&
      (timer.ordinary.length === 0 || timer.ordinary.some(({ requestName }) => requestName === name)),
  );
  const where = paths.map(({ path }) => path.replace(/\?.*/, '')).join(', ');
  const isOrdinary = timer.ordinary.length > 0;
  const of = measures.counts({ route: GATEWAY, roles: ORDINARY_ROLES }).sent;
  const confidence: Confidence = timer.isConfirmed ? 'confirmed' : 'likely';
  return {
    cause: 'timeout/gateway-response',
    scope: { route: 'gateway' },
    // A timer that only a provoked request met hurts nobody yet.
    severity: isOrdinary ? 'error' : 'warning',
    confidence,
    p: timer.p,
    title: `The gateway gives up after ${interval(timer.timeout)}; members need up to ${formatDuration(longestUs)} for ${where}.`,
    meaning: isOrdinary
      ? `${timer.ordinary.length} ordinary requests failed at this elapsed time, and no answer to the same requests came through later. Asked directly, members take longer than that and succeed: the gateway's response timer is shorter than the work.`
      : `No ordinary request of this run was slow enough to meet the timer, but a request that was slow on purpose failed there, while a member answered it directly. Work that takes longer than this fails through the gateway.`,
    measured: {
      timeoutUs: timer.timeout,
      ...(longestUs > 0 ? { directLongestUs: { value: Math.round(longestUs) } } : {}),
    },
    exhibits: [
      timeoutWall(measures, names, timer.timeout),
      exchangesExhibit(
        'timeout-exchanges',
        'Requests that met the timer',
        'Each of them failed at the same elapsed time; the ids are in the User-Agent of the logs.',
        failures,
      ),
    ],
    rivals: rivalsOf(timer),
    ...(isOrdinary ? { affected: { count: timer.ordinary.length, of } } : {}),
    explains: seqsOf(failures),
    ...(paths[0] === undefined ? {} : { requestPath: paths[0].path.replace(/\?.*/, '') }),
    suggestedUs: suggestedUs(longestUs),
  };
}

function rivalsOf(timer: Timer): readonly Rival[] {
  return [
    { cause: 'timeout/probe', whyNot: `the gateway answered; the probe's own limit was longer` },
    { cause: 'timeout/member', whyNot: 'asked directly, members answer the same requests after a longer time' },
    {
      cause: 'connection/dropped-before-response',
      whyNot: `the failures agree in their elapsed time within ${formatDuration((timer.timeout.high ?? 0) - (timer.timeout.low ?? 0))}`,
    },
    { cause: 'application/slow', whyNot: 'slow answers that are waited for succeed; these failed' },
  ];
}

export const gatewayResponseTimeout: Detector = {
  cause: 'timeout/gateway-response',
  detect(context): Detection {
    const { measures } = context;
    if (measures.counts({ route: GATEWAY }).sent === 0) return notApplicable('nothing was sent through the gateway');
    const unreachable = unreachableMembers(measures);
    const timers = findTimers(context).filter((timer) => unreachable.length === 0 || timer.isConfirmed);
    const candidates = timers
      .map((timer) => responseCandidate(timer, context))
      .filter((candidate) => candidate !== undefined);
    if (candidates.length > 0) return { state: 'candidates', candidates };
    const provoked = measures.exchanges({ route: GATEWAY, roles: ['delay'], cohorts: ['ok'] });
    const longest = longestAnswerUs(measures, [GATEWAY], undefined);
    if (provoked.length === 0 && longest < LEAST_TIMER_US) {
      return insufficient(
        'a request that takes long: a path with {delayMs} for the timeout experiment, or a slow page',
        `the longest answer took ${formatDuration(longest)}`,
      );
    }
    return (
      tooFewAgree(measures.exchanges({ route: GATEWAY }).filter(timerLike).map(afterSendUs)) ??
      clear(`answers of up to ${formatDuration(longest)} came through, and no failures agree in their elapsed time`)
    );
  },
};

/** A timer between two bytes: answers through the gateway are cut at one time after they began, and members send all of them directly. */
import { findTimeoutClusters, type TimeoutCluster } from '../analysis/cluster.ts';
import type { Measures } from '../analysis/measures.ts';
import { median, medianDeviation } from '../analysis/medians.ts';
import { cohortOf, type Exchange, isFailure } from '../model/exchange.ts';
import type { Estimate } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { candidatesOr, clear, type Detection, type Detector, notApplicable } from './detector.ts';
import { afterSendUs, ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { timeoutWall } from './timeout-wall.ts';
import { tooFewAgree } from './too-few.ts';

/** As for the response timer: what is quicker needs no timer to agree. */
const LEAST_TIMER_US = 300_000;
/** Timers of five gateways fired 1 to 8 ms late (measured), and up to 0.4 % early. */
const GRANULARITY_US = 8_000;
const GRANULARITY_RATIO = 0.005;
/** A timer that runs from the request does not move with the member's first byte; half its deviation tells the two apart. */
const STEADY_RATIO = 0.5;

/** The answer had begun, so no timer that waits for its beginning can have ended it. */
export function hasBegun({ outcome }: Exchange): boolean {
  return (
    (outcome.kind === 'response' && !outcome.complete) ||
    (outcome.kind === 'connection-error' && outcome.bytesReceived > 0)
  );
}

function cutLate(measures: Measures): readonly Exchange[] {
  return measures
    .exchanges({ route: GATEWAY, roles: ORDINARY_ROLES })
    .filter(
      (exchange) => hasBegun(exchange) && exchange.sentUs !== undefined && afterSendUs(exchange) >= LEAST_TIMER_US,
    );
}

type ReadTimer = { readonly cut: readonly Exchange[]; readonly timeout: Estimate; readonly p: number };

/**
 * Cuts pile up either since the first byte that reached us (HAProxy, Varnish) or since the request (nginx and Caddy may
 * keep the start of the answer until they give up); two clocks are tried, so p is doubled.
 */
export function findReadTimer(measures: Measures): ReadTimer | undefined {
  const late = cutLate(measures);
  const options = { spanUs: measures.profile.limits.requestTimeoutUs };
  const clusters: readonly TimeoutCluster[] = [afterSendUs, sinceFirstByteUs].flatMap((clock) =>
    findTimeoutClusters(late.map(clock), options).filter(({ fromUs }) => fromUs >= LEAST_TIMER_US),
  );
  const best = [...clusters].sort((a, b) => b.indexes.length - a.indexes.length || a.p - b.p)[0];
  if (best === undefined) return undefined;
  const own = best.indexes.map((index) => late[index] as Exchange);
  const names = new Set(own.map(({ requestName }) => requestName));
  const isOwn = ({ requestName }: Exchange): boolean => names.has(requestName);
  const direct = measures.members.flatMap((member) => measures.exchanges({ route: directTo(member) })).filter(isOwn);
  const latestUs = Math.max(...own.map(afterSendUs));
  const isLater = (exchange: Exchange): boolean => cohortOf(exchange) === 'ok' && afterSendUs(exchange) > latestUs;
  // Cut directly as well, or never longer than the cuts: then it is the member's doing, or nothing shows a timer.
  if (direct.some((exchange) => isFailure(exchange) && hasBegun(exchange)) || !direct.some(isLater)) return undefined;
  if (measures.exchanges({ route: GATEWAY }).filter(isOwn).some(isLater)) return undefined;
  return { cut: own, timeout: timeoutOf(own, direct), p: Math.min(1, 2 * best.p) };
}

function sinceFirstByteUs(exchange: Exchange): number {
  return exchange.endUs - (exchange.firstByteUs ?? exchange.endUs);
}

/**
 * The pause begins with the member's last byte, which direct answers show better than the gateway, because it may hold
 * the start of an answer back. A timer that runs from the request instead (nginx moves a timer by steps of 300 ms)
 * leaves times that vary less than the members' first bytes.
 */
function timeoutOf(cut: readonly Exchange[], direct: readonly Exchange[]): Estimate {
  const elapsed = cut.map(afterSendUs);
  const starts = direct
    .filter((exchange) => cohortOf(exchange) === 'ok' && exchange.firstByteUs !== undefined)
    .map((exchange) => Math.max(0, afterSendUs(exchange) - sinceFirstByteUs(exchange)));
  const startUs = starts.length === 0 ? 0 : median(starts);
  const startDeviationUs = starts.length === 0 ? 0 : medianDeviation(starts);
  const fromRequest = startDeviationUs > 0 && medianDeviation(elapsed) < STEADY_RATIO * startDeviationUs;
  const value = fromRequest ? Math.min(...elapsed) : median(elapsed) - startUs;
  const slack = Math.max(GRANULARITY_US, GRANULARITY_RATIO * value) + medianDeviation(elapsed);
  return {
    value: Math.round(value),
    low: Math.round(value - slack),
    // Where no first byte varies, either clock may be the gateway's.
    high: Math.round((startDeviationUs > 0 ? value : median(elapsed)) + slack),
  };
}

export const gatewayReadTimeout: Detector = {
  cause: 'timeout/gateway-read',
  detect({ measures }): Detection {
    if (measures.counts({ route: GATEWAY }).sent === 0) return notApplicable('nothing was sent through the gateway');
    if (measures.members.length === 0) return notApplicable('the profile names no members to compare with');
    const timer = findReadTimer(measures);
    if (timer === undefined)
      return (
        tooFewAgree(cutLate(measures).map(afterSendUs)) ??
        clear('no answers through the gateway were cut at one common time')
      );
    const { cut, timeout, p } = timer;
    const names = new Set(cut.map(({ requestName }) => requestName));
    const path = measures.profile.requests.find(({ name }) => names.has(name))?.path.replace(/\?.*/, '');
    return candidatesOr(
      [
        {
          cause: 'timeout/gateway-read',
          scope: { route: 'gateway' },
          severity: 'error',
          confidence: 'likely',
          p,
          title: `The gateway gives up in the middle of an answer when the member pauses for ${formatDuration(timeout.value)}.`,
          meaning: `${cut.length} answers had begun and were cut at one common time. Asked directly, members pause as well and then send the rest: the gateway waits less for the next bytes than the work takes.`,
          measured: { timeoutUs: timeout },
          exhibits: [
            timeoutWall(measures, names, timeout),
            exchangesExhibit(
              'read-timeout-exchanges',
              'Answers that were cut',
              'Each of them had begun and ended at the same time.',
              cut,
            ),
          ],
          rivals: [
            { cause: 'timeout/gateway-response', whyNot: 'the answers had begun' },
            { cause: 'connection/dropped-mid-response', whyNot: 'they end at one time, and directly they are whole' },
          ],
          affected: { count: cut.length, of: measures.counts({ route: GATEWAY, roles: ORDINARY_ROLES }).sent },
          explains: seqsOf(cut),
          ...(path === undefined ? {} : { requestPath: path }),
        },
      ],
      '',
    );
  },
};

/** What looks wrong so far: hints that choose the next experiment. They are no verdicts; detectors make those. */
import type { Measures } from '../../analysis/measures.ts';
import { median } from '../../analysis/medians.ts';
import { concurrencyLimit } from '../../analysis/waves.ts';
import { afterSendUs, ORDINARY_ROLES } from '../../detectors/elapsed.ts';
import { type Exchange, isFailure, responseTimeUs, serviceTimeUs } from '../../model/exchange.ts';
import { formatDuration } from '../../model/quantity.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../../model/route.ts';
import { US_PER_SEC } from '../../model/time.ts';

export type Symptoms = {
  /** Ordinary requests through the gateway that ended. */
  readonly gatewaySent: number;
  readonly gatewayFailed: number;
  /** Failures as quick as a refusal or a lost connection. */
  readonly gatewayFast: number;
  /** Failures that took their time and that the gateway answered itself: how long, and which requests. */
  readonly gatewaySlow?: { readonly count: number; readonly elapsedUs: number; readonly requests: readonly string[] };
  /** Failures of ordinary direct requests, for each member. */
  readonly members: readonly { readonly member: string; readonly sent: number; readonly failed: number }[];
  /** Requests lost without an answer on reused connections, where no new connection lost one. */
  readonly staleLosses: number;
  /** The first request of the run on some route was far slower than those after it. */
  readonly coldFirst?: { readonly route: RouteId; readonly firstUs: number; readonly usualUs: number };
  /** A member that takes about twice as long as its peers, for one kind of request. */
  readonly slowMember?: { readonly member: string; readonly requestName: string; readonly ratio: number };
  /** First requests after a pause, in order of time; cold when some route was far slower than right after it. */
  readonly pauses: readonly { readonly gapUs: number; readonly isCold: boolean }[];
  /** Volleys in which requests waited for each other: about how many a second come back, and how. Members before the gateway. */
  readonly waves: readonly { readonly route: RouteId; readonly ratePerSec: number; readonly words: string }[];
  /** Longest answer that came through the gateway. */
  readonly longestUs: number;
};

/** Refused and reset connections end within it; what takes longer may be a timer (as in the detector of timers). */
const SLOW_US = 300_000;
/** As felt as the cold-start detector asks for: three times a warm request, and 100 ms more. */
const COLD_RATIO = 3;
const COLD_EXCESS_US = 100_000;
/**
 * A first request is a hint at sleep only when it takes half a second more: the first one of any young process takes some
 * 100 ms to compile what it runs (290 ms measured), and looking for sleep costs minutes.
 */
const FIRST_EXCESS_US = 500_000;
/** Where another one takes nearly as long, the first is one of the slow ones, by chance (those that meet a timer agree to some ms). */
const ALONE_RATIO = 1.5;
/** With fewer others a slow first request is one of the slow ones. */
const LEAST_OTHERS = 5;
/** Below the factor of 2 that the detector asks for, because a few answers know their median only roughly. */
const SLOW_RATIO = 1.6;
const SLOW_FLOOR_US = 10_000;

export function symptomsOf(measures: Measures): Symptoms {
  const gateway = ended(measures, GATEWAY);
  const failed = gateway.filter(isFailure);
  const slow = failed.filter((exchange) => afterSendUs(exchange) >= SLOW_US);
  const answered = slow.filter(({ outcome }) => outcome.kind !== 'timeout');
  const coldFirst = coldFirstOf(measures);
  const slowMember = slowMemberOf(measures);
  return {
    gatewaySent: gateway.length,
    gatewayFailed: failed.length,
    gatewayFast: failed.length - slow.length,
    ...(answered.length === 0
      ? {}
      : {
          gatewaySlow: {
            count: answered.length,
            elapsedUs: Math.round(median(answered.map(afterSendUs))),
            requests: [...new Set(answered.map(({ requestName }) => requestName))],
          },
        }),
    members: measures.members.map((member) => {
      const own = ended(measures, directTo(member));
      return { member, sent: own.length, failed: own.filter(isFailure).length };
    }),
    staleLosses: staleLossesOf(measures),
    ...(coldFirst === undefined ? {} : { coldFirst }),
    ...(slowMember === undefined ? {} : { slowMember }),
    pauses: pausesOf(measures),
    waves: [...measures.members.map(directTo), GATEWAY].flatMap((route) => wavesOf(route, measures)),
    longestUs: Math.max(0, ...gateway.filter((exchange) => !isFailure(exchange)).map(afterSendUs)),
  };
}

function ended(measures: Measures, route: RouteId): readonly Exchange[] {
  return measures
    .exchanges({ route, roles: ORDINARY_ROLES })
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
}

function staleLossesOf(measures: Measures): number {
  const lost = measures
    .exchanges({ roles: ORDINARY_ROLES, cohorts: ['error'] })
    .filter(
      ({ outcome }) =>
        outcome.kind === 'connection-error' &&
        outcome.bytesReceived === 0 &&
        (outcome.code === 'closed' || outcome.code === 'reset'),
    );
  return lost.some(({ connection }) => connection?.isNew !== false) ? 0 : lost.length;
}

function isFarSlower(firstUs: number, usualUs: number, excessUs = COLD_EXCESS_US): boolean {
  return firstUs >= Math.max(COLD_RATIO * usualUs, usualUs + excessUs);
}

/** Nothing was asked before the run by us: its first requests are those after a silence of unknown length. */
function coldFirstOf(measures: Measures): Symptoms['coldFirst'] {
  for (const route of [...measures.members.map(directTo), GATEWAY]) {
    const slots = measures
      .exchanges({ route, roles: ['slot'] })
      .filter(({ sentUs }) => sentUs !== undefined)
      .toSorted((a, b) => a.dueUs - b.dueUs);
    const [first] = slots;
    if (first === undefined) continue;
    const others = slots.slice(1).filter(({ requestName }) => requestName === first.requestName);
    if (others.length < LEAST_OTHERS) continue;
    const firstUs = afterSendUs(first);
    const times = others.map(afterSendUs);
    // What was sent while the first one waited may have waited for the same.
    const later = others.filter(({ sentUs = 0 }) => sentUs >= first.endUs).map(afterSendUs);
    if (firstUs > ALONE_RATIO * Math.max(0, ...later) && isFarSlower(firstUs, median(times), FIRST_EXCESS_US))
      return { route, firstUs, usualUs: Math.round(median(times)) };
  }
  return undefined;
}

function slowMemberOf(measures: Measures): Symptoms['slowMember'] {
  const names = [...new Set(measures.exchanges({ route: GATEWAY, roles: ['slot'] }).map((one) => one.requestName))];
  let worst: Symptoms['slowMember'];
  for (const requestName of names) {
    const medians = measures.members.flatMap((member) => {
      const times = measures
        .exchanges({ route: directTo(member), roles: ['slot'], connection: 'warm', cohorts: ['ok'], requestName })
        .map((exchange) => serviceTimeUs(exchange) ?? 0);
      return times.length < LEAST_OTHERS ? [] : [{ member, us: median(times) }];
    });
    for (const { member, us } of medians) {
      const others = medians.filter((other) => other.member !== member).map((other) => other.us);
      if (others.length === 0) continue;
      const peersUs = median(others);
      const ratio = us / peersUs;
      if (us < Math.max(SLOW_RATIO * peersUs, peersUs + SLOW_FLOOR_US)) continue;
      if (worst === undefined || ratio > worst.ratio) worst = { member, requestName, ratio };
    }
  }
  return worst;
}

/**
 * What a request takes when nothing slept: of slots where there are some, because the requests right after a pause may
 * wait for the same start.
 */
function usualUs(measures: Measures, { route, requestName }: Exchange, after: readonly Exchange[]): number {
  const slots = measures.exchanges({ route, roles: ['slot'], cohorts: ['ok'], requestName }).map(afterSendUs);
  return slots.length >= LEAST_OTHERS ? median(slots) : Math.min(...after.map(afterSendUs));
}

function pausesOf(measures: Measures): Symptoms['pauses'] {
  const rungs = new Map<string, { gapUs: number; atUs: number; isCold: boolean }>();
  const idle = measures.exchanges({ experimentKind: 'idle' });
  for (const first of idle) {
    if (first.tag?.kind !== 'idle' || first.tag.order !== 0 || first.sentUs === undefined) continue;
    const { gapUs, repeat } = first.tag;
    const after = idle.filter(
      ({ route, tag }) => route === first.route && tag?.kind === 'idle' && tag.order > 0 && tag.gapUs === gapUs,
    );
    if (after.length === 0) continue;
    const key = `${first.experimentId} ${gapUs} ${repeat}`;
    const rung = rungs.get(key) ?? { gapUs, atUs: first.dueUs, isCold: false };
    rung.isCold ||= isFarSlower(afterSendUs(first), usualUs(measures, first, after));
    rungs.set(key, rung);
  }
  return [...rungs.values()].sort((a, b) => a.atUs - b.atUs).map(({ gapUs, isCold }) => ({ gapUs, isCold }));
}

/** A request that waited for another one takes twice as long; below is what differs by itself. The floor is the least that is felt. */
const WAITED_RATIO = 1.7;
const WAITED_FLOOR_US = 20_000;
/** Three quarters through a volley: one straggler is no wait. */
const LATE_QUANTILE = 0.75;

function wavesOf(route: RouteId, measures: Measures): Symptoms['waves'] {
  const byVolley = new Map<string, { readonly size: number; readonly times: number[] }>();
  for (const exchange of measures.exchanges({ experimentKind: 'volley', route, cohorts: ['ok'] })) {
    if (exchange.tag?.kind !== 'volley') continue;
    const { size, round } = exchange.tag;
    const key = `${exchange.experimentId} ${size} ${round}`;
    const volley = byVolley.get(key) ?? { size, times: [] };
    volley.times.push(responseTimeUs(exchange));
    byVolley.set(key, volley);
  }
  const volleys = [...byVolley.values()];
  if (volleys.length === 0) return [];
  const estimate = concurrencyLimit(volleys.map(({ times }) => times));
  if (estimate.kind === 'limit') {
    const { limit, periodUs, leftOut } = estimate;
    const words = `${wavesInWords(limit, periodUs)}${leftOut === undefined ? '' : `, without one volley of ${leftOut} that something else disturbed`}`;
    return [{ route, ratePerSec: (limit * US_PER_SEC) / Math.max(1, periodUs), words }];
  }
  return waitOf(route, volleys);
}

function wavesInWords(limit: number, periodUs: number): string {
  return `${limit} at a time, each for about ${formatDuration(periodUs)}`;
}

/** Waves too ragged to count: most of a large volley takes longer than small ones, in every round of it. */
function waitOf(
  route: RouteId,
  volleys: readonly { readonly size: number; readonly times: readonly number[] }[],
): Symptoms['waves'] {
  const sizes = volleys.map(({ size }) => size);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const small = volleys.filter(({ size }) => size === least).flatMap(({ times }) => times);
  const large = volleys.filter(({ size, times }) => size === most && times.length === size);
  if (least === most || large.length < 2) return [];
  const aloneUs = median(small);
  const waits = large.map(({ times }) => times.toSorted((a, b) => a - b)[Math.floor(LATE_QUANTILE * (most - 1))] ?? 0);
  const leastUs = Math.min(...waits);
  if (leastUs < Math.max(WAITED_RATIO * aloneUs, aloneUs + WAITED_FLOOR_US)) return [];
  const wholeUs = median(large.map(({ times }) => Math.max(...times)));
  const words = `more slowly than alone: three quarters of ${most} took up to ${formatDuration(leastUs)}, of ${least} the median took ${formatDuration(aloneUs)}`;
  return [{ route, ratePerSec: (most * US_PER_SEC) / wholeUs, words }];
}

/** Whether anything looks wrong. A slow first request no longer does when no first request after a pause was slow. */
export function looksWrong(symptoms: Symptoms): boolean {
  return (
    symptoms.gatewayFailed > 0 ||
    symptoms.members.some(({ failed }) => failed > 0) ||
    (symptoms.coldFirst !== undefined && symptoms.pauses.length === 0) ||
    symptoms.slowMember !== undefined ||
    symptoms.waves.length > 0 ||
    symptoms.pauses.some(({ isCold }) => isCold)
  );
}

export function routeWords(route: RouteId): string {
  return memberOf(route) ?? 'the gateway';
}

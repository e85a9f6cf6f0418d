/** A timer inside the members: directly and through the gateway the same error comes after the same time. */
import { clusterWidthUs, findTimeoutClusters } from '../analysis/cluster.ts';
import { distributionOf } from '../analysis/distribution.ts';
import type { Measures } from '../analysis/measures.ts';
import { timeoutValue } from '../analysis/timeout-value.ts';
import { cohortOf, type Exchange, isFailure, outcomeKey } from '../model/exchange.ts';
import type { Estimate } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY, memberOf } from '../model/route.ts';
import { candidatesOr, type Detection, type Detector, notApplicable } from './detector.ts';
import { afterSendUs, ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

/** As for the timers of the gateway: what is quicker needs no timer to agree. */
const LEAST_TIMER_US = 300_000;
/** Of the answers of the same requests at most this share may end with the errors: work of constant length looks like a timer too. */
const SAME_TIME_RATIO = 0.1;

type MemberTimer = {
  readonly timeout: Estimate;
  readonly direct: readonly Exchange[];
  readonly gateway: readonly Exchange[];
  readonly p: number;
};

function isLateError(exchange: Exchange): boolean {
  const { outcome, sentUs } = exchange;
  return (
    sentUs !== undefined &&
    outcome.kind === 'response' &&
    outcome.complete &&
    outcome.status >= 500 &&
    isFailure(exchange) &&
    afterSendUs(exchange) >= LEAST_TIMER_US
  );
}

/** A direct request failed with the same outcome at the same time: then the gateway only passed it on. */
export function failsDirectly(measures: Measures, failures: readonly Exchange[], aroundUs: number): boolean {
  const keys = new Set(failures.map(({ outcome }) => outcomeKey(outcome)));
  const widthUs = 2 * clusterWidthUs(aroundUs);
  const same = measures.members
    .flatMap((member) => measures.exchanges({ route: directTo(member) }))
    .filter(isLateError)
    .filter(
      (exchange) => keys.has(outcomeKey(exchange.outcome)) && Math.abs(afterSendUs(exchange) - aroundUs) <= widthUs,
    );
  return same.length >= 2;
}

function findMemberTimers(measures: Measures): readonly MemberTimer[] {
  const direct = measures.members.flatMap((member) =>
    measures.exchanges({ route: directTo(member), roles: ORDINARY_ROLES }),
  );
  const gateway = measures.exchanges({ route: GATEWAY, roles: ORDINARY_ROLES });
  const byKey = Map.groupBy(direct.filter(isLateError), ({ outcome }) => outcomeKey(outcome));
  const spanUs = measures.profile.limits.requestTimeoutUs;
  return [...byKey].flatMap(([key, errors]) =>
    findTimeoutClusters(errors.map(afterSendUs), { spanUs }).flatMap((cluster): readonly MemberTimer[] => {
      const own = cluster.indexes.map((index) => errors[index] as Exchange);
      const names = new Set(own.map(({ requestName }) => requestName));
      const answers = direct.filter((exchange) => names.has(exchange.requestName) && cohortOf(exchange) === 'ok');
      const isLater = (exchange: Exchange): boolean => afterSendUs(exchange) > cluster.toUs + cluster.widthUs;
      const together = answers.filter(
        (exchange) => !isLater(exchange) && afterSendUs(exchange) >= cluster.fromUs - cluster.widthUs,
      );
      if (answers.some(isLater) || together.length > SAME_TIME_RATIO * (answers.length + own.length)) return [];
      const passedOn = gateway.filter(
        (exchange) =>
          isLateError(exchange) &&
          outcomeKey(exchange.outcome) === key &&
          Math.abs(afterSendUs(exchange) - cluster.medianUs) <= 2 * cluster.widthUs,
      );
      const timeout = timeoutValue(own.map(afterSendUs), distributionOf([0]));
      return timeout === undefined ? [] : [{ timeout, direct: own, gateway: passedOn, p: cluster.p }];
    }),
  );
}

export const memberTimeout: Detector = {
  cause: 'timeout/member',
  detect({ measures }): Detection {
    if (measures.members.length === 0) return notApplicable('the profile names no members');
    const candidates = findMemberTimers(measures).map(({ timeout, direct, gateway, p }) => {
      const members = [...new Set(direct.map(({ route }) => memberOf(route) ?? ''))].sort();
      const only = members.length === 1 ? members[0] : undefined;
      const of = measures.members.reduce(
        (sum, member) => sum + measures.counts({ route: directTo(member), roles: ORDINARY_ROLES }).sent,
        0,
      );
      return {
        cause: 'timeout/member',
        scope: { route: 'direct', ...(only === undefined ? {} : { member: only }) },
        severity: 'error',
        confidence: gateway.length > 0 ? 'confirmed' : 'likely',
        p,
        title: `${members.join(', ')} give${only === undefined ? '' : 's'} up after ${formatDuration(timeout.value)}, also when asked directly.`,
        meaning: `${direct.length} direct requests failed with the same error after the same time, no answer to them took longer, and ${gateway.length} failures through the gateway match. The timer is in the application or behind it, not in the gateway.`,
        measured: { timeoutUs: timeout },
        exhibits: [
          exchangesExhibit(
            `member-timeout-${direct[0]?.seq ?? 0}`,
            'Errors after a constant time',
            'Direct ones first: the gateway had no part in them.',
            [...direct, ...gateway],
          ),
        ],
        rivals: [{ cause: 'timeout/gateway-response', whyNot: 'the same error comes at the same time directly' }],
        affected: { count: direct.length, of },
        explains: seqsOf([...direct, ...gateway]),
      } as const;
    });
    return candidatesOr(candidates, 'no errors of members agree in their elapsed time');
  },
};

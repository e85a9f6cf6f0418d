/** Members that differ from their peers, and a gateway that has none left. */
import { distributionOf } from '../analysis/distribution.ts';
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { binomialTail, fisherExact, proportionInterval } from '../analysis/proportion.ts';
import { type Exchange, isFailure, serviceTimeUs } from '../model/exchange.ts';
import type { Estimate } from '../model/finding.ts';
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
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
import { afterSendUs, ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { findOutage, LEAST_REFUSED, type Outage, steadyTally } from './outage.ts';
import { type Tally, tallyOf } from './tally.ts';

/** Twice as slow as the others, and by something that users feel (methods C.6: leave-one-out ratio above 2; effect floor 10 ms of C.0). */
const SLOW_RATIO = 2;
const SLOW_FLOOR_US = 10_000;
const LEAST_SLOTS = 20;

function warmTimes(measures: Measures, member: string, requestName: string): readonly number[] {
  return measures
    .exchanges({ route: directTo(member), roles: ['slot'], connection: 'warm', cohorts: ['ok'], requestName })
    .map((exchange) => serviceTimeUs(exchange) ?? 0);
}

/** The request that the compares asked for most: one kind of work, so that members are compared in the same. */
function mainRequest(measures: Measures): string | undefined {
  const counts = new Map<string, number>();
  for (const { requestName } of measures.exchanges({ route: GATEWAY, roles: ['slot'] }))
    counts.set(requestName, (counts.get(requestName) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function slowCandidate(member: string, requestName: string, measures: Measures): Candidate | undefined {
  const own = warmTimes(measures, member, requestName);
  const others = measures.members
    .filter((name) => name !== member)
    .flatMap((name) => warmTimes(measures, name, requestName));
  if (own.length < LEAST_SLOTS || others.length < LEAST_SLOTS) return undefined;
  const othersUs = median(others);
  const ownTimes = distributionOf(own);
  // Half of its answers take longer than twice the others' median: a sign test against that bound.
  const boundUs = Math.max(SLOW_RATIO * othersUs, othersUs + SLOW_FLOOR_US);
  const above = own.filter((us) => us > boundUs).length;
  const p = binomialTail(above, own.length, 0.5) * measures.members.length;
  if (ownTimes.quantile(0.5) <= boundUs || p > 1e-4) return undefined;
  const ratio: Estimate = {
    value: ownTimes.quantile(0.5) / othersUs,
    low: ownTimes.quantile(0.35) / othersUs,
    high: ownTimes.quantile(0.65) / othersUs,
  };
  return {
    cause: 'member/slow',
    scope: { route: 'direct', member, requestName },
    severity: 'warning',
    confidence: 'likely',
    p,
    title: `${member} is ${formatNumber(ratio.value)} times as slow as the other members: ${formatDuration(ownTimes.quantile(0.5))} instead of ${formatDuration(othersUs)} for ${requestName}.`,
    meaning:
      'Asked directly, at the same moments and with the same request as its peers. Through the gateway every request that meets this member is slow, which looks like bad luck.',
    measured: {
      ratio,
      medianUs: { value: Math.round(ownTimes.quantile(0.5)) },
      othersMedianUs: { value: Math.round(othersUs) },
    },
    exhibits: [
      {
        kind: 'bars',
        id: `member-slow-${member}`,
        title: 'Members side by side',
        reading: `Median service time of ${requestName}, asked directly on warm connections.`,
        categories: [...measures.members],
        unit: 'us',
        stacked: false,
        series: [
          {
            name: 'median',
            values: measures.members.map((name) => Math.round(median(warmTimes(measures, name, requestName)) || 0)),
          },
        ],
      },
    ],
    rivals: [{ cause: 'application/slow', whyNot: 'the other members answer the same request faster' }],
    explains: seqsOf([]),
  };
}

export const memberSlow: Detector = {
  cause: 'member/slow',
  detect({ measures }): Detection {
    if (measures.members.length < 2) return notApplicable('one member: there is no peer to compare with');
    const requestName = mainRequest(measures);
    if (requestName === undefined) return insufficient('a compare', 'none in this run');
    const fewest = Math.min(...measures.members.map((member) => warmTimes(measures, member, requestName).length));
    if (fewest < LEAST_SLOTS) return insufficient(`${LEAST_SLOTS} warm answers of each member`, String(fewest));
    return candidatesOr(
      measures.members
        .map((member) => slowCandidate(member, requestName, measures))
        .filter((candidate) => candidate !== undefined),
      `no member takes twice as long as its peers for ${requestName}`,
    );
  },
};

/** Answers of the application itself that are errors, asked directly. */
export function applicationErrors(
  measures: Measures,
  member: string,
): { readonly errors: readonly Exchange[]; readonly asked: readonly Exchange[] } {
  const asked = measures
    .exchanges({ route: directTo(member), roles: ['slot', 'canary', 'idle'] })
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
  return {
    asked,
    errors: asked.filter(
      (exchange) =>
        exchange.outcome.kind === 'response' &&
        exchange.outcome.complete &&
        exchange.outcome.status >= 500 &&
        isFailure(exchange),
    ),
  };
}

/** Errors that a healthy application makes at the most before we speak of it (the effect floor of methods C.0). */
export const ERROR_FLOOR_RATIO = 0.01;
const LEAST_ERRORS = 3;

function errorsCandidate(member: string, measures: Measures): Candidate | undefined {
  const { errors, asked } = applicationErrors(measures, member);
  const ratio = {
    value: errors.length / Math.max(1, asked.length),
    ...proportionInterval(errors.length, asked.length),
  };
  if (errors.length < LEAST_ERRORS || ratio.low <= ERROR_FLOOR_RATIO / 10 || ratio.value < ERROR_FLOOR_RATIO)
    return undefined;
  const others = measures.members.filter((name) => name !== member).map((name) => applicationErrors(measures, name));
  const otherErrors = others.reduce((sum, other) => sum + other.errors.length, 0);
  const otherAsked = others.reduce((sum, other) => sum + other.asked.length, 0);
  const p =
    fisherExact(errors.length, asked.length - errors.length, otherErrors, otherAsked - otherErrors, 'greater') *
    measures.members.length;
  // A quarter of its ratio elsewhere is no longer this member's fault alone.
  if (otherErrors / Math.max(1, otherAsked) > ratio.value / 4) return undefined;
  const gateway = measures
    .exchanges({ route: GATEWAY, roles: ORDINARY_ROLES, cohorts: ['error'] })
    .filter(
      ({ outcome, answeredBy }) =>
        outcome.kind === 'response' &&
        errors.some(({ outcome: own }) => own.kind === 'response' && own.status === outcome.status) &&
        (answeredBy === undefined || answeredBy === member),
    );
  return {
    cause: 'member/errors',
    scope: { route: 'direct', member },
    severity: 'error',
    confidence: gateway.length > 0 ? 'confirmed' : 'likely',
    p: Math.min(1, p),
    title: `${member} answers ${formatRatio(ratio.value)} of requests with errors of its own; the other members do not.`,
    meaning: `${errors.length} of ${asked.length} direct requests to ${member} were answered with a 5xx by the application itself, against ${otherErrors} of ${otherAsked} on the others. The gateway only passes them on.`,
    measured: { errorRatio: ratio },
    exhibits: [
      exchangesExhibit(`member-errors-${member}`, `Errors of ${member}`, 'Asked directly, past the gateway.', errors),
    ],
    rivals: [{ cause: 'application/error', whyNot: 'the same requests succeed on the other members' }],
    affected: { count: errors.length, of: asked.length },
    explains: seqsOf([...errors, ...gateway]),
  };
}

export const memberErrors: Detector = {
  cause: 'member/errors',
  detect({ measures }): Detection {
    if (measures.members.length < 2) return notApplicable('one member: see application/error');
    return candidatesOr(
      measures.members
        .map((member) => errorsCandidate(member, measures))
        .filter((candidate) => candidate !== undefined),
      'no member answers errors that its peers do not',
    );
  },
};

/** Half of its direct requests: a member that answers the others is there. */
const WORKING_RATIO = 0.5;

type MemberStates = {
  readonly working: readonly string[];
  /** No connection to them comes about. */
  readonly closed: readonly string[];
  /** They take connections and fail otherwise: then the gateway has somebody to send to. */
  readonly failing: readonly string[];
  readonly closedRequests: readonly Exchange[];
  readonly asked: number;
};

/** How members answered directly while the gateway refused. */
function memberStates(outage: Outage, measures: Measures): MemberStates {
  const states = { working: [] as string[], closed: [] as string[], failing: [] as string[] };
  const closedRequests: Exchange[] = [];
  let asked = 0;
  for (const member of measures.members) {
    const during = measures
      .exchanges({ route: directTo(member), roles: ORDINARY_ROLES })
      .filter(
        ({ sentUs, outcome, dueUs }) =>
          sentUs !== undefined && outcome.kind !== 'aborted' && dueUs >= outage.startUs && dueUs <= outage.endUs,
      );
    if (during.length === 0) continue;
    asked += during.length;
    const closed = during.filter(cannotConnect);
    if (during.filter((exchange) => !isFailure(exchange)).length > WORKING_RATIO * during.length)
      states.working.push(member);
    else if (closed.length > WORKING_RATIO * during.length) {
      states.closed.push(member);
      closedRequests.push(...closed);
    } else states.failing.push(member);
  }
  return { ...states, closedRequests, asked };
}

function cannotConnect({ outcome }: Exchange): boolean {
  if (outcome.kind === 'timeout') return outcome.waitingFor === 'connect';
  return outcome.kind === 'connection-error' && ['dns', 'connect', 'tls'].includes(outcome.phase);
}

function noneTitle({ working, closed, asked }: MemberStates, outage: Outage, of: number): string {
  const share = outage.isWholeRun
    ? `${formatRatio(outage.refused.length / outage.asked)} of requests fail`
    : `for ${formatDuration(outage.endUs - outage.startUs)} nearly every request failed`;
  if (asked === 0) return `The gateway answers as if it had no member to send to: ${share}. Members were not asked directly.`;
  return working.length > 0
    ? `The gateway has no member to send to, although ${working.length} of ${of} members answer directly: ${share}.`
    : `No member answers: the gateway has none to send to, and all ${closed.length} fail directly as well; ${share}.`;
}

function noneCandidate(outage: Outage, context: DetectorContext): Candidate | undefined {
  const { measures, gateway } = context;
  const states = memberStates(outage, measures);
  const { working, closed, failing, closedRequests, asked } = states;
  // Members that take connections but answer errors, or hang up, explain the failures themselves.
  if (failing.length > 0 || (asked > 0 && closed.length + working.length === 0)) return undefined;
  const answer = outage.refused.find((exchange) => exchange.answer !== undefined)?.answer;
  const codes = answer === undefined ? undefined : gateway.codes(answer);
  const isOwnWord = answer !== undefined && gateway.wroteIt(answer) === true;
  const isDown = working.length === 0 && asked > 0;
  return {
    cause: 'member/none-available',
    scope: { route: 'gateway' },
    severity: 'critical',
    confidence: isDown ? 'confirmed' : asked > 0 || isOwnWord ? 'likely' : 'possible',
    // A closed member that half of the time would not be so, asked independently of the gateway.
    p: isDown ? outage.p * 0.5 ** closedRequests.length : outage.p,
    title: noneTitle(states, outage, measures.members.length),
    meaning: `${outage.refused.length} of ${outage.asked} requests in a row were refused by the gateway itself, without a wait. ${noneAdvice(states)}`,
    measured: {
      ...(asked === 0 ? {} : { membersAnswering: { value: working.length } }),
      refusedRatio: {
        value: outage.refused.length / outage.asked,
        ...proportionInterval(outage.refused.length, outage.asked),
      },
      ...(outage.isWholeRun ? {} : { outageUs: { value: outage.endUs - outage.startUs } }),
    },
    ...(codes?.meaning === undefined ? {} : { expected: codes.meaning }),
    exhibits: [
      exchangesExhibit(
        'none-available',
        'Requests that the gateway refused',
        `Made by the gateway itself${codes?.substatus === undefined ? '' : ` (${answer?.status}.${codes.substatus})`}, without a member.`,
        outage.refused,
      ),
    ],
    rivals: [
      { cause: 'gateway/unreachable', whyNot: 'the gateway itself answers' },
      { cause: 'timeout/gateway-response', whyNot: 'it did not wait for an answer' },
    ],
    affected: { count: outage.refused.length, of: outage.asked },
    explains: seqsOf(outage.refused),
  };
}

function noneAdvice({ working, closed, asked }: MemberStates): string {
  if (asked === 0) return 'Name the members in the profile to learn whether they answer.';
  if (working.length === 0)
    return `At the same time ${closed.join(' and ')} took no connections past it either: bring the members back first.`;
  return `At the same time ${working.join(' and ')} answered directly. Its view of the members is wrong: a health test that fails, members taken out and not put back, or addresses that no longer hold.`;
}

export const noneAvailable: Detector = {
  cause: 'member/none-available',
  detect(context): Detection {
    const { ended } = steadyTally(context.measures);
    if (ended < LEAST_REFUSED)
      return insufficient(`${LEAST_REFUSED} requests through the gateway in a compare`, String(ended));
    const outage = findOutage(context);
    const candidate = outage === undefined ? undefined : noneCandidate(outage, context);
    return candidatesOr(
      candidate === undefined ? [] : [candidate],
      outage === undefined
        ? 'no stretch in which the gateway refused nearly all requests by itself'
        : 'members that answer errors explain why nearly all requests fail',
    );
  },
};

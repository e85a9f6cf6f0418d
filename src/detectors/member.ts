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
  insufficient,
  notApplicable,
} from './detector.ts';
import { afterSendUs, ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

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

/** Nearly all requests, and enough of them that a single bad moment is not taken for it. */
const NONE_RATIO = 0.9;
const NONE_LEAST = 8;
/** "No server" is said at once, or after the turn-around of a refused connect (HAProxy 3 s). */
const NONE_WAIT_US = 3_500_000;

export const noneAvailable: Detector = {
  cause: 'member/none-available',
  detect({ measures, gateway }): Detection {
    const asked = measures
      .exchanges({ route: GATEWAY, roles: ['slot', 'load'] })
      .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
    if (asked.length < NONE_LEAST)
      return insufficient(`${NONE_LEAST} requests through the gateway`, String(asked.length));
    const refusedHere = asked.filter(
      (exchange) =>
        exchange.outcome.kind === 'response' &&
        [502, 503, 504].includes(exchange.outcome.status) &&
        isFailure(exchange) &&
        afterSendUs(exchange) <= NONE_WAIT_US &&
        (exchange.answer === undefined || gateway.wroteIt(exchange.answer) !== false),
    );
    if (refusedHere.length < NONE_RATIO * asked.length)
      return candidatesOr([], 'the gateway answers requests with the help of its members');
    const working = measures.members.filter((member) => {
      const { ok, sent } = measures.counts({ route: directTo(member), roles: ORDINARY_ROLES });
      return sent > 0 && ok / sent > 0.5;
    });
    const failing = measures.members.length - working.length;
    const healthy = working.length > 0;
    const passedOn = healthy && working.every((member) => applicationErrors(measures, member).errors.length > 0);
    if (passedOn) return candidatesOr([], 'the members answer the same errors themselves');
    const first = refusedHere[0] as Exchange;
    const codes = first.answer === undefined ? undefined : gateway.codes(first.answer);
    return candidatesOr(
      [
        {
          cause: 'member/none-available',
          scope: { route: 'gateway' },
          severity: 'critical',
          confidence: healthy ? 'likely' : 'confirmed',
          p: binomialTail(refusedHere.length, asked.length, 0.3),
          title: healthy
            ? `The gateway has no member to send to, although ${working.length} of ${measures.members.length} members answer directly: ${formatRatio(refusedHere.length / asked.length)} of requests fail.`
            : `The gateway has no member to send to: all ${failing} members fail directly as well.`,
          meaning: healthy
            ? `${refusedHere.length} of ${asked.length} requests were refused by the gateway itself. Its view of the members is wrong: a health test that fails, members taken out and not put back, or addresses that no longer hold.`
            : `${refusedHere.length} of ${asked.length} requests were refused by the gateway itself, and no member answers when asked past it: bring the members back first.`,
          measured: {
            membersAnswering: { value: working.length },
            refusedRatio: { value: refusedHere.length / asked.length },
          },
          ...(codes?.meaning === undefined ? {} : { expected: codes.meaning }),
          exhibits: [
            exchangesExhibit(
              'none-available',
              'Requests that the gateway refused',
              'Made by the gateway itself, without a member.',
              refusedHere,
            ),
          ],
          rivals: [{ cause: 'gateway/unreachable', whyNot: 'the gateway itself answers' }],
          affected: { count: refusedHere.length, of: asked.length },
          explains: seqsOf(refusedHere),
        },
      ],
      '',
    );
  },
};

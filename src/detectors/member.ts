/** Members that differ from their peers. */
import { type Distribution, mergeDistributions } from '../analysis/distribution.ts';
import type { Measures, Selection } from '../analysis/measures.ts';
import { binomialTail, fisherExact, proportionInterval } from '../analysis/proportion.ts';
import { quantileInterval } from '../analysis/quantile-interval.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
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
import { ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { hangCandidate, memberHangs } from './member-hangs.ts';
import { tallyOf } from './tally.ts';

export { noneAvailable } from './none-available.ts';

/** Twice as slow as the others, and by something that users feel (methods C.6: leave-one-out ratio above 2; effect floor 10 ms of C.0). */
const SLOW_RATIO = 2;
const SLOW_FLOOR_US = 10_000;
/** With 20 answers a median is known to within a third of the spread; a sign test can reach 1e-6. */
const LEAST_SLOTS = 20;
/** Weaker evidence is not worth a line, not even as information. */
const WORTH_SAYING_P = 0.01;

function warm(member: string, requestName: string): Selection {
  return { route: directTo(member), roles: ['slot'], connection: 'warm', cohorts: ['ok'], requestName };
}

function warmTimes(measures: Measures, member: string, requestName: string): Distribution {
  return measures.times(warm(member, requestName), 'service');
}

/** The request that the compares asked for most: one kind of work, so that members are compared in the same. */
function mainRequest(measures: Measures): string | undefined {
  const names = new Set(measures.exchanges({ route: GATEWAY, roles: ['slot'] }).map(({ requestName }) => requestName));
  const askedFor = (requestName: string): number =>
    measures.counts({ route: GATEWAY, roles: ['slot'], requestName }).sent;
  return [...names].sort((a, b) => askedFor(b) - askedFor(a))[0];
}

/** Quotient of medians; its bounds are those of the two intervals at their worst, so it covers more than 95 %. */
function ratioOf(member: string, others: readonly string[], requestName: string, measures: Measures): Estimate {
  const own = quantileInterval(
    measures.blocks(warm(member, requestName), 'service').map(({ times }) => times),
    0.5,
  ).estimate;
  const peers = quantileInterval(
    others.flatMap((name) => measures.blocks(warm(name, requestName), 'service').map(({ times }) => times)),
    0.5,
  ).estimate;
  const value =
    warmTimes(measures, member, requestName).quantile(0.5) /
    mergeDistributions(others.map((name) => warmTimes(measures, name, requestName))).quantile(0.5);
  if (own.state !== 'known' || peers.state !== 'known') return { value };
  return {
    value,
    ...(peers.high === undefined ? {} : { low: own.low / peers.high }),
    ...(own.high === undefined ? {} : { high: own.high / peers.low }),
  };
}

function slowCandidate(
  member: string,
  compared: readonly string[],
  requestName: string,
  measures: Measures,
): Candidate | undefined {
  const others = compared.filter((name) => name !== member);
  const own = warmTimes(measures, member, requestName);
  const peers = mergeDistributions(others.map((name) => warmTimes(measures, name, requestName)));
  const [ownUs, peersUs] = [own.quantile(0.5), peers.quantile(0.5)];
  // Half of its answers take longer than twice the others' median: a sign test against that bound.
  const boundUs = Math.max(SLOW_RATIO * peersUs, peersUs + SLOW_FLOOR_US);
  const above = Math.round(own.count * (1 - own.cdf(boundUs)));
  const p = binomialTail(above, own.count, 0.5) * compared.length;
  if (ownUs <= boundUs || p > WORTH_SAYING_P) return undefined;
  const ratio = ratioOf(member, others, requestName, measures);
  const peersName = others.length === 1 ? `${others[0]}` : 'the other members';
  return {
    cause: 'member/slow',
    scope: { route: 'direct', member, requestName },
    severity: 'warning',
    confidence: 'likely',
    p,
    title: `${member} takes ${formatNumber(ratio.value)} times as long as ${peersName}: ${formatDuration(ownUs)} instead of ${formatDuration(peersUs)} for ${requestName}.`,
    meaning:
      'Asked directly, at the same moments and with the same request as its peers. Through the gateway every request that meets this member is slow, which looks like bad luck.',
    measured: { ratio, medianUs: { value: Math.round(ownUs) }, othersMedianUs: { value: Math.round(peersUs) } },
    exhibits: [
      {
        kind: 'bars',
        id: `member-slow-${member}`,
        title: 'Members side by side',
        reading: `Median service time of ${requestName}, asked directly on warm connections.`,
        categories: compared,
        unit: 'us',
        stacked: false,
        series: [
          {
            name: 'median',
            values: compared.map((name) => Math.round(warmTimes(measures, name, requestName).quantile(0.5))),
          },
        ],
      },
    ],
    rivals: [
      {
        cause: 'application/slow',
        whyNot:
          others.length === 1
            ? `${peersName} answers the same request faster`
            : 'the other members answer the same request faster',
      },
    ],
    explains: seqsOf([]),
  };
}

export const memberSlow: Detector = {
  cause: 'member/slow',
  detect({ measures }): Detection {
    if (measures.members.length < 2) return notApplicable('one member: there is no peer to compare with');
    const hanging = memberHangs(measures).map(hangCandidate);
    const requestName = mainRequest(measures);
    if (requestName === undefined) return insufficient('a compare', 'none in this run');
    const counts = measures.members.map((member) => warmTimes(measures, member, requestName).count);
    // A member that is down has no times; the others are still peers of each other.
    const compared = measures.members.filter((_, i) => (counts[i] ?? 0) >= LEAST_SLOTS);
    if (compared.length < 2 && hanging.length > 0) return candidatesOr(hanging, '');
    if (compared.length < 2)
      return insufficient(
        `${LEAST_SLOTS} warm answers of two members`,
        `${counts.join(', ')} of ${measures.members.join(', ')}`,
      );
    const slow = compared
      .map((member) => slowCandidate(member, compared, requestName, measures))
      .filter((candidate) => candidate !== undefined);
    return candidatesOr([...hanging, ...slow], `no member takes twice as long as its peers for ${requestName}`);
  },
};

/** Errors that one member makes itself, asked directly. */
export type MemberErrors = {
  readonly member: string;
  readonly errors: readonly Exchange[];
  readonly count: number;
  readonly asked: number;
  readonly ratio: { readonly value: number; readonly low: number; readonly high: number };
};

/** Complete 5xx answers to direct requests, without load: in a burst a full queue answers so as well. */
export function applicationErrors(measures: Measures, member: string): MemberErrors {
  const tally = tallyOf(measures, { route: directTo(member), roles: ['slot', 'canary', 'idle'] });
  const errors = tally.kept.filter(isApplicationError);
  const count = tally.countOf(errors);
  const value = tally.ended === 0 ? 0 : count / tally.ended;
  return { member, errors, count, asked: tally.ended, ratio: { value, ...proportionInterval(count, tally.ended) } };
}

function isApplicationError(exchange: Exchange): boolean {
  const { outcome } = exchange;
  return outcome.kind === 'response' && outcome.complete && outcome.status >= 500 && isFailure(exchange);
}

/** The same errors as they came through the gateway, unless it wrote them itself. */
export function passedOn(errors: readonly Exchange[], { measures, gateway }: DetectorContext): readonly Exchange[] {
  const key = ({ outcome, requestName }: Exchange): string =>
    `${outcome.kind === 'response' ? outcome.status : ''} ${requestName}`;
  const keys = new Set(errors.map(key));
  return measures
    .exchanges({ route: GATEWAY, roles: ORDINARY_ROLES, cohorts: ['error'] })
    .filter(
      (exchange) =>
        isApplicationError(exchange) &&
        keys.has(key(exchange)) &&
        (exchange.answer === undefined || gateway.wroteIt(exchange.answer) !== true),
    );
}

/** Errors that a healthy application makes at the most before we speak of it (the effect floor of methods C.0). */
export const ERROR_FLOOR_RATIO = 0.01;
/** A tenth of the floor: what chance makes is tested against this. */
export const HEALTHY_ERROR_RATIO = 1e-3;
/** Two could be one incident seen twice. */
export const LEAST_ERRORS = 3;
/** A member with less than a quarter of another's ratio does not share its fault. */
export const CLEAN_RATIO = 0.25;

function errorsCandidate(
  own: MemberErrors,
  all: readonly MemberErrors[],
  context: DetectorContext,
): Candidate | undefined {
  const { member, errors, count, asked, ratio } = own;
  if (errors.length < LEAST_ERRORS || ratio.low <= HEALTHY_ERROR_RATIO || ratio.value < ERROR_FLOOR_RATIO)
    return undefined;
  const clean = all.filter((peer) => peer.member !== member && peer.ratio.value <= CLEAN_RATIO * ratio.value);
  const cleanCount = clean.reduce((sum, peer) => sum + peer.count, 0);
  const cleanAsked = clean.reduce((sum, peer) => sum + peer.asked, 0);
  if (cleanAsked === 0) return undefined;
  const p = fisherExact(count, asked - count, cleanCount, cleanAsked - cleanCount, 'greater') * all.length;
  if (p > WORTH_SAYING_P) return undefined;
  const gateway = passedOn(errors, context).filter(
    ({ answeredBy }) => answeredBy === undefined || answeredBy === member,
  );
  const peers = clean.map((peer) => peer.member).join(', ');
  return {
    cause: 'member/errors',
    scope: { route: 'direct', member },
    severity: 'error',
    confidence: gateway.length > 0 ? 'confirmed' : 'likely',
    p,
    title: `${member} answers ${formatRatio(ratio.value)} of requests with errors of its own; ${peers} ${clean.length === 1 ? 'does' : 'do'} not.`,
    meaning: `${count} of ${asked} direct requests to ${member} were answered with a 5xx by the application itself, against ${cleanCount} of ${cleanAsked} on ${peers}. ${gateway.length > 0 ? `The gateway only passes them on (${gateway.length} seen).` : 'Through the gateway none was seen so far.'}`,
    measured: { errorRatio: ratio },
    exhibits: [
      exchangesExhibit(`member-errors-${member}`, `Errors of ${member}`, 'Asked directly, past the gateway.', errors),
    ],
    rivals: [{ cause: 'application/error', whyNot: `the same requests succeed on ${peers}` }],
    affected: { count, of: asked },
    explains: seqsOf([...errors, ...gateway]),
  };
}

export const memberErrors: Detector = {
  cause: 'member/errors',
  detect(context): Detection {
    const { measures } = context;
    if (measures.members.length < 2) return notApplicable('one member: see application/error');
    const all = measures.members.map((member) => applicationErrors(measures, member));
    const most = Math.max(...all.map(({ asked }) => asked));
    if (most < LEAST_SLOTS) return insufficient(`${LEAST_SLOTS} direct requests to a member`, String(most));
    return candidatesOr(
      all.map((own) => errorsCandidate(own, all, context)).filter((candidate) => candidate !== undefined),
      'no member answers errors that its peers do not',
    );
  },
};

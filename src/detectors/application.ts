/** What the application does on every member alike: not the gateway, and not one bad member. */
import type { Measures, Selection } from '../analysis/measures.ts';
import { binomialTail, proportionInterval } from '../analysis/proportion.ts';
import { outcomeKey, responseTimeUs } from '../model/exchange.ts';
import type { Estimate } from '../model/finding.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  type DetectorContext,
  insufficient,
  notApplicable,
} from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import {
  applicationErrors,
  CLEAN_RATIO,
  ERROR_FLOOR_RATIO,
  HEALTHY_ERROR_RATIO,
  LEAST_ERRORS,
  type MemberErrors,
  passedOn,
} from './member.ts';

/** With fewer nothing can be said of a ratio. */
const LEAST_ASKED = 5;

export const applicationError: Detector = {
  cause: 'application/error',
  detect(context): Detection {
    const { measures } = context;
    if (measures.members.length === 0) return notApplicable('the profile names no members');
    const all = measures.members.map((member) => applicationErrors(measures, member));
    const asked = all.reduce((sum, own) => sum + own.asked, 0);
    if (asked < LEAST_ASKED) return insufficient(`${LEAST_ASKED} direct requests`, String(asked));
    const worst = Math.max(...all.map(({ ratio }) => ratio.value));
    const isShared = all.every(
      ({ errors, ratio }) => errors.length > 0 && ratio.low > HEALTHY_ERROR_RATIO && ratio.value >= CLEAN_RATIO * worst,
    );
    const count = all.reduce((sum, own) => sum + own.count, 0);
    if (!isShared || count < LEAST_ERRORS || count < ERROR_FLOOR_RATIO * asked)
      return candidatesOr([], 'members asked directly do not all answer with errors of the application');
    return candidatesOr([errorCandidate(all, context)], '');
  },
};

function errorCandidate(all: readonly MemberErrors[], context: DetectorContext): Candidate {
  const errors = all.flatMap((own) => own.errors);
  const count = all.reduce((sum, own) => sum + own.count, 0);
  const asked = all.reduce((sum, own) => sum + own.asked, 0);
  const ratio = { value: count / asked, ...proportionInterval(count, asked) };
  const gateway = passedOn(errors, context);
  const names = [...new Set(errors.map(({ requestName }) => requestName))];
  const statuses = [...new Set(errors.map(({ outcome }) => outcomeKey(outcome)))];
  const where = all.length === 1 ? 'its only member' : `all ${all.length} members`;
  return {
    cause: 'application/error',
    scope: { route: 'direct', ...(names.length === 1 && names[0] !== undefined ? { requestName: names[0] } : {}) },
    severity: 'error',
    confidence: gateway.length > 0 ? 'confirmed' : 'likely',
    p: binomialTail(count, asked, HEALTHY_ERROR_RATIO),
    title: `The application itself answers ${formatRatio(ratio.value)} of requests with errors (${statuses.join(', ')}), on ${where}: ${names.join(', ')}.`,
    meaning: `${count} of ${asked} direct requests were answered with a 5xx. ${gateway.length > 0 ? `The gateway passes them on (${gateway.length} seen)` : 'The gateway has no part in them'}; changing its timers or members would not help.`,
    measured: { errorRatio: ratio },
    exhibits: [
      exchangesExhibit('application-errors', 'Errors of the application', 'Asked directly, past the gateway.', errors),
    ],
    rivals: [
      { cause: 'member/errors', whyNot: all.length === 1 ? 'there is one member only' : 'every member answers so' },
    ],
    affected: { count, of: asked },
    explains: seqsOf([...errors, ...gateway]),
  };
}

type Expected = {
  readonly requestName: string | undefined;
  readonly limitUs: number;
  readonly p: number;
  readonly text: string;
  /** Whose times the limit is about. */
  readonly subject: 'gateway' | 'direct';
};

/** What was declared to be fast enough; without such a word slow is nobody's fault. */
function expectations(measures: Measures): readonly Expected[] {
  const fromThresholds = measures.profile.thresholds.flatMap((threshold) => {
    const { subject, metric, comparison, limit, request, text } = threshold;
    // One that is about a part of the time, or another load than that of ordinary operation, says nothing here.
    const isWhole = threshold.phase === undefined && (threshold.during ?? 'compare').startsWith('compare');
    return isWhole &&
      (subject.kind === 'gateway' || subject.kind === 'direct') &&
      metric.kind === 'quantile' &&
      comparison.startsWith('<')
      ? [{ requestName: request, limitUs: limit, p: metric.p, text, subject: subject.kind }]
      : [];
  });
  const fromRequests = measures.profile.requests.flatMap(({ name, expect }) =>
    expect.maxUs === undefined
      ? []
      : [
          {
            requestName: name,
            limitUs: expect.maxUs,
            p: 0.5,
            text: `expect.maxMs of ${name} (${formatDuration(expect.maxUs)})`,
            subject: 'gateway' as const,
          },
        ],
  );
  return [...fromThresholds, ...fromRequests];
}

function answers(route: RouteId, { requestName }: Expected): Selection {
  return {
    route,
    roles: ['slot'],
    connection: 'warm',
    cohorts: ['ok'],
    ...(requestName === undefined ? {} : { requestName }),
  };
}

/** What members asked directly say about an expectation. */
type DirectTimes = {
  readonly expected: Expected;
  /** Of the fastest member: all are at least as slow. */
  readonly estimate: Estimate;
  readonly isAbove: boolean;
  /** That so many answers of some member exceed the limit although the agreed share of them does not. */
  readonly p: number;
};

function directTimes(expected: Expected, measures: Measures): DirectTimes | undefined {
  let fastest: Estimate | undefined;
  let p = 0;
  let isAbove = true;
  for (const member of measures.members) {
    const quantile = measures.quantile(answers(directTo(member), expected), expected.p);
    if (quantile.state !== 'known') return undefined;
    const times = measures.times(answers(directTo(member), expected));
    const late = Math.round(times.count * (1 - times.cdf(expected.limitUs)));
    p = Math.max(p, binomialTail(late, times.count, 1 - expected.p));
    isAbove &&= quantile.low > expected.limitUs;
    if (fastest === undefined || quantile.value < fastest.value) {
      const { value, low, high } = quantile;
      fastest = {
        value: Math.round(value),
        low: Math.round(low),
        ...(high === undefined ? {} : { high: Math.round(high) }),
      };
    }
  }
  if (fastest === undefined) return undefined;
  const proxied = measures.times(answers(GATEWAY, expected));
  // A cache in the gateway can keep the word that members break.
  if (expected.subject === 'gateway' && !(proxied.quantile(expected.p) > expected.limitUs)) isAbove = false;
  return { expected, estimate: fastest, isAbove, p };
}

function slowCandidate({ expected, estimate, p }: DirectTimes, tests: number, measures: Measures): Candidate {
  const late = measures.members
    .flatMap((member) => measures.exchanges(answers(directTo(member), expected)))
    .filter((exchange) => responseTimeUs(exchange) > expected.limitUs);
  const which = expected.p === 0.5 ? 'half' : formatRatio(1 - expected.p);
  const where = measures.members.length === 1 ? 'on its only member' : 'on every member';
  return {
    cause: 'application/slow',
    scope: {
      route: 'direct',
      ...(expected.requestName === undefined ? {} : { requestName: expected.requestName }),
    },
    severity: 'warning',
    confidence: 'likely',
    p: Math.min(1, p * tests),
    title: `The application is slower than agreed ${where}, also without the gateway: ${which} of direct answers take ${formatDuration(estimate.value)} or longer; agreed was ${expected.text}.`,
    meaning: 'Asked directly, members are too slow themselves. Neither the gateway nor a single member is the reason.',
    measured: { latencyUs: estimate },
    expected: expected.text,
    exhibits: [
      exchangesExhibit('application-slow', 'Direct answers beyond the limit', 'Asked past the gateway.', late),
    ],
    rivals: [{ cause: 'gateway/overhead', whyNot: 'members asked directly are too slow themselves' }],
    explains: seqsOf([]),
  };
}

/** One for each request: the expectation that is missed by the largest factor. */
function worstOfEach(slow: readonly DirectTimes[]): readonly DirectTimes[] {
  const excess = ({ estimate, expected }: DirectTimes): number => estimate.value / expected.limitUs;
  const worst = new Map<string | undefined, DirectTimes>();
  for (const one of slow) {
    const known = worst.get(one.expected.requestName);
    if (known === undefined || excess(one) > excess(known)) worst.set(one.expected.requestName, one);
  }
  return [...worst.values()];
}

export const applicationSlow: Detector = {
  cause: 'application/slow',
  detect({ measures }): Detection {
    const expected = expectations(measures);
    if (measures.members.length === 0) return notApplicable('the profile names no members');
    if (expected.length === 0)
      return notApplicable('nothing says how fast is fast enough (a latency threshold, or expect.maxMs of a request)');
    const measured = expected.map((one) => directTimes(one, measures)).filter((one) => one !== undefined);
    const slow = measured.filter(({ isAbove }) => isAbove);
    if (slow.length === 0 && measured.length < expected.length)
      return insufficient('enough direct answers for the quantile of each latency threshold', 'too few on some member');
    return candidatesOr(
      worstOfEach(slow).map((one) => slowCandidate(one, expected.length, measures)),
      'members asked directly are as fast as agreed',
    );
  },
};

/** What the application does on every member alike: not the gateway, and not one bad member. */
import type { Measures } from '../analysis/measures.ts';
import { binomialTail, proportionInterval } from '../analysis/proportion.ts';
import { isFailure } from '../model/exchange.ts';
import type { Estimate } from '../model/finding.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { candidatesOr, type Detection, type Detector, insufficient, notApplicable } from './detector.ts';
import { ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { applicationErrors, ERROR_FLOOR_RATIO } from './member.ts';

const LEAST_ERRORS = 3;

export const applicationError: Detector = {
  cause: 'application/error',
  detect({ measures }): Detection {
    if (measures.members.length === 0) return notApplicable('the profile names no members');
    const perMember = measures.members.map((member) => ({ member, ...applicationErrors(measures, member) }));
    const asked = perMember.flatMap((one) => one.asked);
    if (asked.length < 5) return insufficient('at least 5 direct requests', String(asked.length));
    const errors = perMember.flatMap((one) => one.errors);
    const affected = perMember.filter((one) => one.errors.length > 0);
    const ratio = { value: errors.length / asked.length, ...proportionInterval(errors.length, asked.length) };
    const everywhere = affected.length === measures.members.length;
    if (errors.length < LEAST_ERRORS || !everywhere || ratio.value < ERROR_FLOOR_RATIO)
      return candidatesOr([], 'members asked directly do not answer with errors of the application');
    const gateway = measures
      .exchanges({ route: GATEWAY, roles: ORDINARY_ROLES, cohorts: ['error'] })
      .filter(
        ({ outcome }) =>
          outcome.kind === 'response' &&
          errors.some(({ outcome: own }) => own.kind === 'response' && own.status === outcome.status),
      );
    const names = [...new Set(errors.map(({ requestName }) => requestName))];
    return candidatesOr(
      [
        {
          cause: 'application/error',
          scope: {
            route: 'direct',
            ...(names.length === 1 && names[0] !== undefined ? { requestName: names[0] } : {}),
          },
          severity: 'error',
          confidence: gateway.length > 0 ? 'confirmed' : 'likely',
          p: binomialTail(errors.length, asked.length, ERROR_FLOOR_RATIO / 10),
          title: `The application itself answers ${formatRatio(ratio.value)} of requests with errors, on ${measures.members.length === 1 ? 'its only member' : `all ${measures.members.length} members`} (${names.join(', ')}).`,
          meaning: `${errors.length} of ${asked.length} direct requests were answered with a 5xx. The gateway passes them on; changing its timers or members would not help.`,
          measured: { errorRatio: ratio },
          exhibits: [
            exchangesExhibit(
              'application-errors',
              'Errors of the application',
              'Asked directly, past the gateway.',
              errors,
            ),
          ],
          rivals: [
            {
              cause: 'member/errors',
              whyNot: measures.members.length === 1 ? 'there is one member only' : 'every member answers so',
            },
          ],
          affected: { count: errors.length, of: asked.length },
          explains: seqsOf([...errors, ...gateway]),
        },
      ],
      '',
    );
  },
};

type Expected = {
  readonly requestName: string | undefined;
  readonly limitUs: number;
  readonly p: number;
  readonly text: string;
};

/** What was declared to be fast enough; without such a word slow is nobody's fault. */
function expectations(measures: Measures): readonly Expected[] {
  const fromThresholds = measures.profile.thresholds.flatMap(({ subject, metric, comparison, limit, request, text }) =>
    subject.kind !== 'overhead' && metric.kind === 'quantile' && comparison.startsWith('<')
      ? [{ requestName: request, limitUs: limit, p: metric.p, text }]
      : [],
  );
  const fromRequests = measures.profile.requests.flatMap(({ name, expect }) =>
    expect.maxUs === undefined
      ? []
      : [{ requestName: name, limitUs: expect.maxUs, p: 0.5, text: `expect.maxMs of ${name}` }],
  );
  return [...fromThresholds, ...fromRequests];
}

/** Median over the members of a quantile, and whether all their intervals lie above the limit. */
function directQuantile(
  expected: Expected,
  measures: Measures,
): { readonly estimate: Estimate; readonly allAbove: boolean } | undefined {
  const estimates = measures.members.map((member) =>
    measures.quantile(
      {
        route: directTo(member),
        roles: ['slot'],
        connection: 'warm',
        cohorts: ['ok'],
        ...(expected.requestName === undefined ? {} : { requestName: expected.requestName }),
      },
      expected.p,
    ),
  );
  const known = estimates.filter((estimate) => estimate.state === 'known');
  if (known.length < estimates.length || known.length === 0) return undefined;
  const fastest = known.reduce((best, estimate) => (estimate.value < best.value ? estimate : best));
  return {
    estimate: {
      value: Math.round(fastest.value),
      low: Math.round(fastest.low),
      ...(fastest.high === undefined ? {} : { high: Math.round(fastest.high) }),
    },
    allAbove: known.every(({ low }) => low > expected.limitUs),
  };
}

export const applicationSlow: Detector = {
  cause: 'application/slow',
  detect({ measures }): Detection {
    const expected = expectations(measures);
    if (measures.members.length === 0 || expected.length === 0)
      return notApplicable('nothing says how fast is fast enough (a latency threshold, or expect.maxMs of a request)');
    const measured = expected.map((one) => ({ ...one, direct: directQuantile(one, measures) }));
    const slow = measured.filter(({ direct }) => direct?.allAbove === true);
    if (slow.length === 0 && measured.some(({ direct }) => direct === undefined))
      return insufficient('enough direct answers for the quantile of each latency threshold', 'too few on some member');
    const worst = slow[0];
    if (worst?.direct === undefined) return candidatesOr([], 'members asked directly are fast enough');
    const { estimate } = worst.direct;
    const late = measures.members
      .flatMap((member) => measures.exchanges({ route: directTo(member), roles: ['slot'] }))
      .filter((exchange) => !isFailure(exchange) && exchange.endUs - exchange.dueUs > worst.limitUs);
    return candidatesOr(
      [
        {
          cause: 'application/slow',
          scope: { route: 'direct', ...(worst.requestName === undefined ? {} : { requestName: worst.requestName }) },
          severity: 'warning',
          confidence: 'likely',
          // The whole 95 % interval of every member lies beyond an agreed limit; by agreement, as for the gateway's overhead.
          p: 1e-5,
          title: `The application is slower than agreed on every member, also without the gateway: ${formatDuration(estimate.value)} on the fastest, agreed was ${worst.text}.`,
          meaning:
            'Direct requests are as slow as proxied ones. Neither the gateway nor a single member is the reason.',
          measured: { latencyUs: estimate },
          expected: worst.text,
          exhibits: [
            exchangesExhibit('application-slow', 'Direct answers beyond the limit', 'Asked past the gateway.', late),
          ],
          rivals: [{ cause: 'gateway/overhead', whyNot: 'members asked directly are too slow themselves' }],
          explains: seqsOf([]),
        },
      ],
      '',
    );
  },
};

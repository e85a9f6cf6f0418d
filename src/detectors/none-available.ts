/** A gateway that has no member to send to. */
import type { Measures } from '../analysis/measures.ts';
import { proportionInterval } from '../analysis/proportion.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  type DetectorContext,
  insufficient,
} from './detector.ts';
import { ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { findOutage, LEAST_REFUSED, type Outage, steadyTally } from './outage.ts';

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
    ? `${formatRatio(outage.count / outage.asked)} of requests fail`
    : `for ${formatDuration(outage.endUs - outage.startUs)} nearly every request failed`;
  if (asked === 0)
    return `The gateway answers as if it had no member to send to: ${share}. Members were not asked directly.`;
  return working.length > 0
    ? `The gateway has no member to send to, although ${working.length} of ${of} members answer directly: ${share}.`
    : `No member answers: the gateway has none to send to, and ${closed.length === 1 ? 'its only one fails' : `all ${closed.length} fail`} directly as well; ${share}.`;
}

function noneCandidate(outage: Outage, context: DetectorContext): Candidate | undefined {
  const { measures, gateway } = context;
  const states = memberStates(outage, measures);
  const { working, failing, closedRequests, asked } = states;
  // Members that take connections but answer errors, or hang up, explain the failures themselves.
  if (working.length === 0 && failing.length > 0) return undefined;
  const answer = outage.refused.find((exchange) => exchange.answer !== undefined)?.answer;
  const codes = answer === undefined ? undefined : gateway.codes(answer);
  const isOwnWord = answer !== undefined && gateway.wroteIt(answer) === true;
  const isDown = working.length === 0 && asked > 0;
  return {
    cause: 'member/none-available',
    scope: { route: 'gateway' },
    severity: 'critical',
    confidence: isDown ? 'confirmed' : isOwnWord || (asked > 0 && failing.length === 0) ? 'likely' : 'possible',
    // A closed member that half of the time would not be so, asked independently of the gateway.
    p: isDown ? outage.p * 0.5 ** closedRequests.length : outage.p,
    title: noneTitle(states, outage, measures.members.length),
    meaning: `${outage.count} of ${outage.asked} requests in a row were refused by the gateway itself, without a wait. ${noneAdvice(states)}`,
    measured: {
      ...(asked === 0 ? {} : { membersAnswering: { value: working.length } }),
      refusedRatio: {
        value: outage.count / outage.asked,
        ...proportionInterval(outage.count, outage.asked),
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
    affected: { count: outage.count, of: outage.asked },
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

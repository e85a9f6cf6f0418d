/** Whose fault a decided request is: one member's, or that of all. */
import { fisherExact } from '../analysis/proportion.ts';
import type { CauseId } from '../model/causes.ts';
import type { LogEvidence } from '../model/journey.ts';
import type { DetectorContext } from './detector.ts';
import type { Decided } from './log-decisions.ts';

type Concern = { readonly cause: CauseId; readonly member?: string };

/** A member stands out when chance makes its share of errors this rarely, and the share is a multiple of the others'. */
const STANDS_OUT_P = 1e-4;
const STANDS_OUT_RATIO = 3;
/** Times of one timer differ by little; at least this many must agree, and a timer below a second is an answer, not a wait. */
const MIN_CONSTANT = 5;
const MIN_TIMER_US = 1_000_000;

type Shared = {
  readonly badMember: string | undefined;
  readonly memberTimerUs: number | undefined;
  /** Every member failed behind itself or had its pool stopped, and none more than the others: no peer answers. */
  readonly isOfAll: boolean;
};
const shared = new WeakMap<readonly Decided[], Shared>();

/** Whichever member it was, the timer, the queue or the slowness is that of all. */
const OF_THE_GATEWAY: readonly CauseId[] = [
  'timeout/gateway-response',
  'timeout/gateway-read',
  'timeout/gateway-send',
  'queue/gateway',
  'application/slow',
  'log/unjoined',
];

/** Errors that members made themselves: a timer of theirs, one bad member, or the application on all. Other causes stay as decided. */
export function concernOf(item: Decided, decided: readonly Decided[], context: DetectorContext): Concern {
  const { decision, facts } = item;
  const cause = decision.cause ?? 'log/unjoined';
  if (OF_THE_GATEWAY.includes(cause)) return { cause };
  const member = OF_THE_MEMBER.includes(cause) ? (decision.member ?? erringMember(item)) : decision.member;
  const own: Concern = member === undefined ? { cause } : { cause, member };
  if (!OF_THE_MEMBER.includes(cause)) return own;
  let known = shared.get(decided);
  if (known === undefined) {
    known = sharedOf(decided, context.measures.logs);
    shared.set(decided, known);
  }
  if (cause === 'member/errors') return known.isOfAll ? { cause: 'application/error' } : own;
  if (known.memberTimerUs !== undefined && isAt(facts.memberUs ?? facts.frontUs ?? 0, known.memberTimerUs))
    return { cause: 'timeout/member' };
  if (known.badMember !== undefined && member === known.badMember)
    return { cause: 'member/errors', member: known.badMember };
  return { cause };
}

/** The member wrote the error itself, or its kernel did. */
const OF_THE_MEMBER: readonly CauseId[] = ['application/error', 'member/errors'];

/** Where several lines fit: the only member of which one has this error. Failed lines are kept wherever they are. */
function erringMember({ journey: { members }, facts: { status } }: Decided): string | undefined {
  const erring = members.filter(
    ({ access, presence }) =>
      presence === 'present' && access.some((line) => line.status === status && (line.status ?? 0) >= 500),
  );
  return erring.length === 1 ? erring[0]?.member : undefined;
}

function sharedOf(decided: readonly Decided[], logs: LogEvidence | undefined): Shared {
  const bad = badMember(decided, logs);
  const failing = new Set(
    decided.flatMap((item) =>
      item.decision.cause === 'member/errors' ? (item.decision.member ?? erringMember(item) ?? []) : [],
    ),
  );
  const all = new Set((logs?.sources ?? []).flatMap(({ role, member }) => (role === 'member' ? (member ?? []) : [])));
  return {
    badMember: bad,
    memberTimerUs: memberTimer(decided),
    isOfAll: bad === undefined && all.size > 1 && [...all].every((member) => failing.has(member)),
  };
}

function isAt(us: number, timerUs: number): boolean {
  return Math.abs(us - timerUs) <= Math.max(250_000, 0.01 * timerUs);
}

/** The time at which most of the members' own errors come, if they come at one time and that is no quick answer. */
function memberTimer(decided: readonly Decided[]): number | undefined {
  const times = decided
    .filter(({ decision }) => decision.cause === 'application/error')
    .flatMap(({ facts }) => facts.memberUs ?? facts.frontUs ?? [])
    .sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  if (median === undefined || median < MIN_TIMER_US || times.length < MIN_CONSTANT) return undefined;
  return times.filter((us) => isAt(us, median)).length >= 0.9 * times.length ? median : undefined;
}

/** From the members' own logs where they are given, else from what the gateway says it used. */
function badMember(decided: readonly Decided[], logs: LogEvidence | undefined): string | undefined {
  const counts = new Map<string, { failed: number; all: number }>();
  for (const { member, role, minutes, classes } of logs?.sources ?? []) {
    if (role !== 'member' || member === undefined || minutes.length === 0) continue;
    const own = counts.get(member) ?? { failed: 0, all: 0 };
    own.all += minutes.reduce((sum, { count }) => sum + count, 0);
    own.failed += classes.filter(({ status }) => status >= 500).reduce((sum, { count }) => sum + count, 0);
    counts.set(member, own);
  }
  if (counts.size === 0) countByGateway(decided, counts);
  const ratio = ({ failed, all }: { failed: number; all: number }): number => (all === 0 ? 0 : failed / all);
  const [worst, ...rest] = [...counts].sort(([, a], [, b]) => ratio(b) - ratio(a));
  if (worst === undefined || rest.length === 0) return undefined;
  const others = rest.reduce((sum, [, one]) => ({ failed: sum.failed + one.failed, all: sum.all + one.all }), {
    failed: 0,
    all: 0,
  });
  if (ratio(worst[1]) < STANDS_OUT_RATIO * ratio(others)) return undefined;
  const p = fisherExact(
    worst[1].failed,
    worst[1].all - worst[1].failed,
    others.failed,
    others.all - others.failed,
    'greater',
  );
  return p < STANDS_OUT_P ? worst[0] : undefined;
}

function countByGateway(decided: readonly Decided[], counts: Map<string, { failed: number; all: number }>): void {
  for (const { facts, decision, journey, weight } of decided) {
    if (facts.memberName === undefined || (!journey.isSample && decision.cause !== 'application/error')) continue;
    const own = counts.get(facts.memberName) ?? { failed: 0, all: 0 };
    own.all += weight;
    if (decision.cause === 'application/error') own.failed += weight;
    counts.set(facts.memberName, own);
  }
}

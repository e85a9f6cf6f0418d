/** From decided journeys to candidates: one for each cause and member, with the lines of both sides as evidence. */
import type { CauseId } from '../model/causes.ts';
import type { Confidence, Exhibit } from '../model/finding.ts';
import type { LogEvidence } from '../model/journey.ts';
import type { Severity } from '../model/severity.ts';
import { isIdempotent } from './decision-rows-answered.ts';
import type { Candidate, DetectorContext } from './detector.ts';
import { attemptsBefore } from './log-cascades.ts';
import { countedRequests, type Decided, decidedJourneys } from './log-decisions.ts';
import { linesExhibit, rowsExhibit } from './log-exhibits.ts';
import { concernOf } from './log-members.ts';
import { coldIdleFromLogs, recycleFromLogs } from './logged-cold.ts';
import { expectedOf, measuredOf, suggestionOf } from './logged-measures.ts';
import { restartsFromLogs } from './logged-restarts.ts';
import { meaningOf, refusedBy, rivalsOf, titleOf } from './logged-words.ts';

/** Causes of rows 32-36: an answer came, so they need a slow request to be of interest. */
const SLOW_CAUSES: readonly CauseId[] = [
  'application/slow',
  'queue/gateway',
  'queue/member',
  'queue/listen-backlog',
  'cold-start/idle',
  'cold-start/recycle',
  'gateway/overloaded',
];
/** Fewer slow requests than this are nobody's pattern. */
const MIN_SLOW = 5;
/** Slow is a second and this many times the usual. */
const SLOW_US = 1_000_000;
const SLOW_RATIO = 5;
/** A share of proved requests above which the rest of the group, which fits but lacks the other side's line, is taken with them. */
const PROVED_RATIO = 0.1;
/** Above either the fault is an error; below, a warning: one request in a hundred is what people notice. */
const ERROR_RATIO = 0.01;
const ERROR_COUNT = 100;
/** What is nobody's fault as long as it is not proved: shown for completeness. */
const QUIET_UNLESS_LIKELY: readonly CauseId[] = [
  'log/unjoined',
  'path/retransmission',
  'timeout/middlebox',
  'gateway/overloaded',
];

const known = new WeakMap<readonly Decided[], ReadonlyMap<CauseId, readonly Candidate[]>>();

/** Candidates of one cause out of the logs; none without logs. */
export function loggedCandidates(cause: CauseId, context: DetectorContext): readonly Candidate[] {
  const decided = decidedJourneys(context);
  let byCause = known.get(decided);
  if (byCause === undefined) {
    byCause = candidatesOf(decided, context);
    known.set(decided, byCause);
  }
  return byCause.get(cause) ?? [];
}

type Group = { readonly cause: CauseId; readonly member?: string; readonly items: Decided[] };

function candidatesOf(
  decided: readonly Decided[],
  context: DetectorContext,
): ReadonlyMap<CauseId, readonly Candidate[]> {
  const { logs } = context.measures;
  const usualUs = Math.max(
    0,
    ...(logs?.sources ?? []).flatMap(({ role, okDurationUs }) => (role === 'gateway' ? (okDurationUs?.p50 ?? []) : [])),
  );
  const groups = new Map<string, Group>();
  for (const item of decided) {
    const { decision, journey } = item;
    if (decision.cause === undefined || decision.undecided === true || !isOfInterest(item, usualUs)) continue;
    // In a run ordinary requests are judged by what was measured; the log only supports that.
    if (journey.client !== undefined && !journey.client.isFailure) continue;
    const { cause, member } = concernOf(item, decided, context);
    const key = `${cause} ${member ?? ''}`;
    const group = groups.get(key) ?? { cause, ...(member === undefined ? {} : { member }), items: [] };
    group.items.push(isSlowAnswer(cause, item) ? itself(item) : item);
    groups.set(key, group);
  }
  const cold = logs === undefined ? [] : coldCandidates(logs, decided, context);
  const found = new Map<CauseId, Candidate[]>();
  for (const candidate of cold) found.set(candidate.cause, [...(found.get(candidate.cause) ?? []), candidate]);
  for (const { cause, member, items } of groups.values()) {
    const isSlow = items.every((item) => isSlowAnswer(cause, item));
    if (isSlow && items.length < MIN_SLOW) continue;
    const list = found.get(cause) ?? [];
    // What the pauses and the period show is exacter than its requests one by one.
    if (cold.some((one) => one.cause === cause && (one.scope.member ?? member) === (member ?? one.scope.member)))
      continue;
    list.push(candidateOf(cause, member, items, context));
    found.set(cause, list);
  }
  return found;
}

function isSlowAnswer(cause: CauseId, { facts }: Decided): boolean {
  return SLOW_CAUSES.includes(cause) && (facts.status ?? 0) < 500;
}

/** The slowest lines are all kept, so none of them stands for quick ones of its status that were not. */
function itself({ sampledOf: _none, ...item }: Decided): Decided {
  return { ...item, weight: 1 };
}

function coldCandidates(
  logs: LogEvidence,
  decided: readonly Decided[],
  context: DetectorContext,
): readonly Candidate[] {
  const periodic = recycleFromLogs(decided, context);
  // A period says more than that there were restarts.
  const restarts = restartsFromLogs(logs, context).filter(
    ({ scope }) => !periodic.some((one) => one.scope.member === scope.member),
  );
  return [...coldIdleFromLogs(logs, context), ...periodic, ...restarts];
}

/** Slow ones must be slow, and a member's line without a gateway's is of interest only where it failed. */
function isOfInterest({ facts, journey, decision }: Decided, usualUs: number): boolean {
  if (decision.row === '43') return facts.memberLine === 'error';
  if (!SLOW_CAUSES.includes(decision.cause ?? 'probe/saturated') || (facts.status ?? 0) >= 500) return true;
  if (journey.client !== undefined) return true;
  return (facts.frontUs ?? facts.memberUs ?? 0) >= Math.max(SLOW_US, SLOW_RATIO * usualUs);
}

function candidateOf(
  cause: CauseId,
  member: string | undefined,
  items: readonly Decided[],
  context: DetectorContext,
): Candidate {
  const { logs } = context.measures;
  const count = Math.round(items.reduce((sum, { weight }) => sum + weight, 0));
  const counted = logs === undefined ? 0 : countedRequests(logs);
  // Error logs alone do not tell how many requests there were.
  const all = counted === 0 ? undefined : Math.max(count, counted);
  const measured = measuredOf(cause, items, context, all === undefined ? undefined : { count, all });
  const confidence = confidenceOf(items);
  const firstUs = Math.min(...items.map(({ journey }) => journey.startAtUs));
  const before = cause === 'member/none-available' && logs !== undefined ? attemptsBefore(logs, firstUs) : undefined;
  const subject = {
    cause,
    items,
    measured,
    count,
    ...(before === undefined ? {} : { before }),
    ...(all === undefined ? {} : { all }),
    ...(member === undefined ? {} : { member }),
  };
  const refused = refusedBy(items);
  const path = items.find(({ journey }) => journey.path !== undefined)?.journey.path;
  return {
    cause,
    scope: { route: 'gateway', ...(member === undefined ? {} : { member }) },
    severity: severityOf(cause, count, all, confidence, items),
    confidence,
    p: 0,
    title: titleOf(subject),
    meaning: meaningOf(subject),
    measured,
    ...expectedOf(cause, measured, context),
    exhibits: exhibitsOf(cause, member, items, context),
    rivals: rivalsOf(subject),
    ...(all === undefined ? {} : { affected: { count, of: all } }),
    explains: new Set(items.flatMap(({ journey }) => (journey.client === undefined ? [] : [journey.client.seq]))),
    ...(path === undefined ? {} : { requestPath: path }),
    ...suggestionOf(items),
    ...(refused === undefined ? {} : { refusedBy: refused }),
  };
}

function confidenceOf(items: readonly Decided[]): Confidence {
  const weightOf = (some: readonly Decided[]): number => some.reduce((sum, { weight }) => sum + weight, 0);
  const proved = items.filter(({ decision }) => decision.confidence === 'confirmed');
  if (proved.length > 0 && weightOf(proved) >= PROVED_RATIO * weightOf(items)) return 'confirmed';
  return items.some(({ decision }) => decision.confidence !== 'possible') ? 'likely' : 'possible';
}

function severityOf(
  cause: CauseId,
  count: number,
  all: number | undefined,
  confidence: Confidence,
  items: readonly Decided[],
): Severity {
  if (cause === 'application/slow') return 'info';
  // A repeated GET is how retries are meant; a repeated POST may have been done twice.
  if (cause === 'gateway/retry-duplicate')
    return items.some(({ facts, decision }) => decision.row === '42' && !isIdempotent(facts)) ? 'warning' : 'info';
  if (confidence === 'possible' && QUIET_UNLESS_LIKELY.includes(cause)) return 'info';
  if (cause === 'log/unjoined' || cause === 'timeout/probe') return 'warning';
  if (confidence === 'possible' && items.every(({ journey }) => journey.client !== undefined)) return 'info';
  return confidence !== 'possible' && (count >= ERROR_COUNT || (all !== undefined && count >= ERROR_RATIO * all))
    ? 'error'
    : 'warning';
}

function exhibitsOf(
  cause: CauseId,
  member: string | undefined,
  items: readonly Decided[],
  context: DetectorContext,
): readonly Exhibit[] {
  const id = `${cause.replace('/', '-')}${member === undefined ? '' : `-${member.replace(/[^\w-]+/g, '-')}`}`;
  return [linesExhibit(`${id}-lines`, items, context), rowsExhibit(`${id}-classes`, items)];
}

/** History judged again and again: which findings are open, since when, and which are over. */
import type { CauseId } from '../model/causes.ts';
import type { Finding, Verdict, VerdictState } from '../model/finding.ts';
import type { FindingRecord, History, HistoryEvent } from '../model/history.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { isAtLeast } from '../model/severity.ts';
import { type Explanation, explainedBy } from '../pipeline/explained-findings.ts';
import type { JudgeWindow } from './deps.ts';
import type { Outlook } from './feed.ts';
import type { Judged, JudgeSpan } from './judged-span.ts';

const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;

/** How far back is looked, how often, and how long a finding must be gone before it is closed. */
type Span = { readonly spanUs: number; readonly everyUs: number; readonly goneForUs: number };
/** What a run would see, a day of it. Three looks without it: one at the edge must not open and close all day. */
const LATELY: Span = { spanUs: DAY_US, everyUs: 5 * MINUTE_US, goneForUs: 15 * MINUTE_US };
/** What needs weeks changes by the hour, and a month of hours takes longer to read than a day. */
const OVER_TIME: Span = { spanUs: 30 * DAY_US, everyUs: HOUR_US, goneForUs: 3 * HOUR_US };
const CAUSES_OVER_TIME: ReadonlySet<CauseId> = new Set([
  'cold-start/recycle',
  'member/flapping',
  'change/latency',
  'change/errors',
]);

const spanOf = (cause: CauseId): Span => (CAUSES_OVER_TIME.has(cause) ? OVER_TIME : LATELY);

/**
 * Looks at the same time of history as long as it is within the span: together they may err as often as one run does
 * (union bound, as for a run that looks several times).
 */
const looksOf = ({ spanUs, everyUs }: Span): number => spanUs / everyUs;

export type JudgingOptions = {
  readonly history: Pick<History, 'findings' | 'putFinding' | 'event' | 'putEvent'>;
  /** Reads and judges a time of history, wherever that is done. */
  readonly judge: JudgeSpan;
};

/** Findings that could not be written are not told: the next look finds them again. */
export function createJudging({ history, judge }: JudgingOptions): JudgeWindow {
  const judgedOverTimeAtUs = new Map<string, number>();
  return async (profile, nowAtUs, certificates) => {
    const report = (span: Span): Promise<Judged> =>
      judge({ profile, nowAtUs, spanUs: span.spanUs, looks: looksOf(span), certificates });
    const lately = await report(LATELY);
    const isDue = nowAtUs - (judgedOverTimeAtUs.get(profile.name) ?? Number.NEGATIVE_INFINITY) >= OVER_TIME.everyUs;
    const overTime = isDue ? await report(OVER_TIME) : undefined;
    if (isDue) judgedOverTimeAtUs.set(profile.name, nowAtUs);
    const always = { profile: profile.name, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER };
    const changes = stepFindings({
      profile: profile.name,
      nowAtUs,
      known: history.findings(always),
      lately,
      ...(overTime === undefined ? {} : { overTime }),
    });
    const events = changes.flatMap(({ record, event }) => {
      const isKept = history.putFinding(record) === undefined;
      if (event === undefined || !isKept) return [];
      const before = history.event(event.id);
      // A finding that closes keeps what it was opened with.
      const whole = before === undefined ? event : { ...event, facts: { ...before.facts, ...event.facts } };
      return history.putEvent(whole) === undefined ? [whole] : [];
    });
    return { events, ...(overTime === undefined ? {} : { outlook: outlookOf(overTime) }) };
  };
}

/** What only weeks show, and is worth knowing while nothing is wrong. */
const OUTLOOK: readonly CauseId[] = ['change/latency', 'change/errors'];

function outlookOf({ findings, detectors }: Judged): readonly Outlook[] {
  return OUTLOOK.flatMap((cause) => {
    const verdict = detectors.find(({ id }) => id === cause)?.verdict;
    if (verdict === undefined) return [];
    const titles = findings.filter((finding) => finding.cause === cause).map(({ title }) => title);
    return [{ cause, state: verdict.state, text: titles.length > 0 ? titles.join(' ') : wordsOf(verdict) }];
  });
}

function wordsOf(verdict: Verdict): string {
  switch (verdict.state) {
    case 'clear':
      return verdict.checked;
    case 'found':
      return 'something else explains what was found';
    case 'not-applicable':
      return verdict.reason;
    case 'insufficient-data':
      return `cannot tell: it takes ${verdict.need}; there is: ${verdict.have}`;
    case 'failed':
      return `could not be judged: ${verdict.error}`;
    default:
      return verdict satisfies never;
  }
}

export type FindingChange = {
  readonly record: FindingRecord;
  /** Undefined: it was seen again, and nothing that is told has changed. */
  readonly event?: HistoryEvent;
};

export type FindingStep = {
  readonly profile: string;
  readonly nowAtUs: number;
  /** All that were ever found, open or closed. */
  readonly known: readonly FindingRecord[];
  readonly lately: Judged;
  /** Left out: this time nobody looked so far back, and what needs it stays as it is. */
  readonly overTime?: Judged;
};

/** Pure: what a look at history says about the findings that are known. */
export function stepFindings({ profile, nowAtUs, known, lately, overTime }: FindingStep): readonly FindingChange[] {
  const records = new Map(known.map((record) => [record.id, record]));
  const found = new Map<string, Finding>();
  // What is over time and shows within a day explains what else that day shows: it is told at once.
  const ofLong = (overTime?.findings ?? []).filter(({ cause }) => CAUSES_OVER_TIME.has(cause));
  for (const finding of [...ofLong, ...lately.findings]) {
    const id = findingId(profile, finding);
    // Worst first: a second one of the same cause at the same place is the same trouble.
    if (isAtLeast(finding.severity, 'warning') && !found.has(id)) found.set(id, finding);
  }
  // One event is told once: beside what is told already, or found now, of the same place nothing weaker is opened or kept open.
  const open = known.filter((record) => record.closedAtUs === undefined).map(({ finding }) => finding);
  const stronger = (finding: Finding): Explanation<Finding> | undefined =>
    explainedBy(finding, [...found.values(), ...open]);
  const told = [...found].filter(([, finding]) => stronger(finding) === undefined);
  const seen = told.map(([id, finding]) => seenAgain(records.get(id), { id, profile, finding, nowAtUs }));
  const gone = known.flatMap((record): readonly FindingChange[] => {
    const { cause } = record.finding;
    const explanation = record.closedAtUs === undefined ? stronger(record.finding) : undefined;
    if (explanation !== undefined) return [closed(record, nowAtUs, explanation)];
    const report = CAUSES_OVER_TIME.has(cause) ? overTime : lately;
    if (record.closedAtUs !== undefined || found.has(record.id) || report === undefined) return [];
    const state = report.detectors.find(({ id }) => id === cause)?.verdict.state;
    return isOver(record, state, nowAtUs) ? [closed(record, nowAtUs)] : [];
  });
  return [...seen, ...gone];
}

/** Stable over the life of a history: the same cause at the same place. */
export function findingId(profile: string, { cause, scope }: Finding): string {
  const place = [scope.route, scope.member ?? '', scope.requestName ?? ''];
  return ['finding', profile, cause, ...place].map((part) => encodeURIComponent(part)).join(':');
}

function seenAgain(
  before: FindingRecord | undefined,
  { id, profile, finding, nowAtUs }: Pick<FindingRecord, 'id' | 'profile' | 'finding'> & { readonly nowAtUs: number },
): FindingChange {
  const isNews =
    before === undefined || before.closedAtUs !== undefined || before.finding.severity !== finding.severity;
  const record: FindingRecord = {
    ...{ id, profile, finding },
    firstSeenAtUs: before?.firstSeenAtUs ?? nowAtUs,
    lastSeenAtUs: nowAtUs,
    timesSeen: (before?.timesSeen ?? 0) + 1,
    openedAtUs: before === undefined || before.closedAtUs !== undefined ? nowAtUs : openedAtUs(before),
    toldTitle: isNews ? finding.title : toldTitle(before),
  };
  return isNews ? { record, event: eventOf(record) } : { record };
}

const openedAtUs = (record: FindingRecord): number => record.openedAtUs ?? record.firstSeenAtUs;

const toldTitle = (record: FindingRecord): string => record.toldTitle ?? record.finding.title;

/** Who cannot tell has not seen it gone; once all that showed it is out of sight, nobody ever will. */
function isOver({ finding, lastSeenAtUs }: FindingRecord, state: VerdictState | undefined, nowAtUs: number): boolean {
  const { goneForUs, spanUs } = spanOf(finding.cause);
  const cannotTell = state === 'insufficient-data' || state === 'failed';
  return nowAtUs - lastSeenAtUs >= (cannotTell ? spanUs : goneForUs);
}

function closed(before: FindingRecord, nowAtUs: number, explanation?: Explanation<Finding>): FindingChange {
  const record = { ...before, closedAtUs: nowAtUs };
  // The last looks see less and less of it: it ends under the words with which it was told.
  const event = { ...eventOf(record), title: toldTitle(before), toAtUs: nowAtUs };
  if (explanation === undefined) return { record, event };
  const { by, because } = explanation;
  // It is not over: whoever was told of it reads where it goes on.
  const title = `${event.title} From now on it is told as ${by.cause}, because ${because}: ${by.title}`;
  return { record, event: { ...event, title, facts: { ...event.facts, explainedBy: by.cause } } };
}

/** One event for each time that it opens. */
function eventOf(record: FindingRecord): HistoryEvent {
  const { id, profile, finding, timesSeen } = record;
  const { scope } = finding;
  const direct = scope.member === undefined ? undefined : directTo(scope.member);
  const route = scope.route === 'gateway' ? GATEWAY : scope.route === 'direct' ? direct : undefined;
  return {
    id: `${id}:${openedAtUs(record)}`,
    profile,
    kind: 'finding',
    severity: finding.severity,
    fromAtUs: openedAtUs(record),
    ...(route === undefined ? {} : { route }),
    ...(scope.member === undefined ? {} : { member: scope.member }),
    cause: finding.cause,
    title: finding.title,
    facts: {
      finding: id,
      confidence: finding.confidence,
      timesSeen,
      ...(finding.affected === undefined ? {} : { affected: finding.affected }),
    },
  };
}

/** Cold starts from logs alone: slow first requests after a pause, and slow requests that come back every 29 hours. */
import { binomialTail } from '../analysis/proportion.ts';
import type { Exhibit } from '../model/finding.ts';
import type { AfterGap, LogEvidence, LogSourceSummary } from '../model/journey.ts';
import type { PlacedEntry } from '../model/log.ts';
import { formatDuration } from '../model/quantity.ts';
import type { Candidate, DetectorContext } from './detector.ts';
import type { Decided } from './log-decisions.ts';

/** A start of an application takes a second or more; what is quicker is not told from ordinary slow answers. */
const SLOW_FLOOR_US = 1_000_000;
/** Slow means this many times what the request after it took, and the usual request. */
const SLOW_RATIO = 5;
/** Without an event that names the cause, one slow answer after a pause proves nothing. */
const MIN_SLOW = 3;
/** Pauses longer than the threshold are nearly always followed by a slow answer, shorter ones nearly never. */
const CLEAN_RATIO = 0.9;

/** IIS closes a log after about 15 min without requests (IIS log FAQ); a third less, for what its clock and long requests take. */
const LOG_CLOSE_US = 600_000_000;

/** A header block without a pause that explains it: the service started, or the fields of the log were changed. */
export function isRestart({ isNewBlock, gapUs }: AfterGap): boolean {
  return isNewBlock === true && gapUs < LOG_CLOSE_US;
}

/** One candidate for each member; the gateway's own log counts where no member's does, as it sees the same requests. */
export function coldIdleFromLogs(logs: LogEvidence, { measures }: DetectorContext): readonly Candidate[] {
  const found = logs.sources.flatMap((source) => {
    const gaps = pausesOf(logs, source).sort((a, b) => a.gapUs - b.gapUs);
    const events = logs.events.filter((event) => hostOf(logs, event.source) === hostOf(logs, source.index));
    const candidate = gaps.length === 0 ? undefined : idleCandidate(source, gaps, events);
    // In a run the logs reach back to before it: what they show there is told, but is no finding of the run.
    return candidate === undefined
      ? []
      : [measures.experiments.length === 0 ? candidate : { ...candidate, severity: 'info' as const }];
  });
  const ofMembers = found.filter(({ scope }) => scope.member !== undefined);
  return ofMembers.length > 0 ? ofMembers : found;
}

function pausesOf({ afterGaps }: LogEvidence, { index }: LogSourceSummary): AfterGap[] {
  return afterGaps.filter((gap) => gap.source === index && !isRestart(gap));
}

function hostOf({ sources }: LogEvidence, index: number): string {
  const source = sources.find((one) => one.index === index);
  return source?.role === 'member' ? `member ${source.member}` : (source?.role ?? 'unknown');
}

export function isSlow({ durationUs, nextUs }: AfterGap, usualUs: number): boolean {
  return durationUs >= Math.max(SLOW_FLOOR_US, SLOW_RATIO * usualUs) && durationUs >= SLOW_RATIO * (nextUs ?? 0);
}

function idleCandidate(
  source: LogSourceSummary,
  gaps: readonly AfterGap[],
  events: readonly PlacedEntry[],
): Candidate | undefined {
  const usualUs = source.okDurationUs?.p50 ?? 0;
  const slow = gaps.filter((gap) => isSlow(gap, usualUs));
  const first = slow[0];
  if (first === undefined) return undefined;
  const beyond = gaps.filter(({ gapUs }) => gapUs >= first.gapUs);
  const slowBeyond = beyond.filter((gap) => isSlow(gap, usualUs)).length;
  const ended = slow.filter((gap) => events.some((event) => isIdleEnd(event, gap)));
  if (ended.length === 0 && (slow.length < MIN_SLOW || slowBeyond < CLEAN_RATIO * beyond.length)) return undefined;
  const p = binomialTail(slowBeyond, beyond.length, usualShare(source));
  const longestFastUs = gaps.filter((gap) => gap.gapUs < first.gapUs).at(-1)?.gapUs ?? 0;
  const penalties = slow.map(({ durationUs, nextUs }) => durationUs - (nextUs ?? usualUs)).sort((a, b) => a - b);
  const penaltyUs = penalties[Math.floor(penalties.length / 2)] ?? 0;
  const who = source.role === 'member' ? (source.member ?? 'the member') : 'the gateway';
  return {
    cause: 'cold-start/idle',
    scope: {
      route: source.role === 'member' ? 'direct' : 'gateway',
      ...(source.member === undefined ? {} : { member: source.member }),
    },
    severity: 'warning',
    confidence: ended.length > 0 ? 'confirmed' : 'likely',
    p: ended.length > 0 ? 0 : p,
    title: `${who} starts cold after a pause: ${slow.length} of ${beyond.length} first requests after ${formatDuration(first.gapUs)} or more took about ${formatDuration(penaltyUs)} longer.`,
    meaning: [
      `The request after it took ${formatDuration(slow.at(-1)?.nextUs ?? usualUs)}, so it is the start that takes the time.`,
      ...(ended.length > 0 ? ['The event log says that the worker was ended for idleness before.'] : []),
      ...blockText(slow),
    ].join(' '),
    measured: {
      idleThresholdUs: { value: first.gapUs, low: longestFastUs, high: first.gapUs },
      penaltyUs: { value: penaltyUs, low: penalties[0] ?? penaltyUs, high: penalties.at(-1) ?? penaltyUs },
    },
    exhibits: [gapExhibit(source, gaps, usualUs)],
    rivals: [],
    affected: { count: slow.length, of: gaps.length },
    explains: new Set(),
  };
}

/** That nobody asked the host at all, also not what another file logs: its log was closed meanwhile. */
function blockText(slow: readonly AfterGap[]): readonly string[] {
  const blocks = slow.filter(({ isNewBlock }) => isNewBlock === true).length;
  return blocks === 0
    ? []
    : [`Before ${blocks} of them IIS began a new header block, as it does after about 15 min without any request.`];
}

/** WAS 5186: ended for inactivity, written within the pause. */
function isIdleEnd({ code, atUs }: PlacedEntry, gap: AfterGap): boolean {
  const startUs = gap.atUs - gap.durationUs;
  return code === 'WAS/5186' && atUs < startUs && atUs > startUs - gap.gapUs;
}

/** How often an ordinary request is as slow, from its distribution; coarse on purpose and rounded up. */
export function usualShare({ okDurationUs }: LogSourceSummary): number {
  if (okDurationUs === undefined) return 0.5;
  if (okDurationUs.p99 < SLOW_FLOOR_US) return 0.01;
  return okDurationUs.p90 < SLOW_FLOOR_US ? 0.1 : 0.5;
}

function gapExhibit(source: LogSourceSummary, gaps: readonly AfterGap[], usualUs: number): Exhibit {
  const points = (wanted: boolean): [number, number][] =>
    gaps
      .filter((gap) => isSlow(gap, usualUs) === wanted)
      .map(({ gapUs, durationUs }): [number, number] => [gapUs, Math.max(1, durationUs)]);
  return {
    kind: 'xy',
    id: `pauses-${source.index}`,
    title: 'What the first request after a pause took',
    reading:
      'Each point is one pause: how long nothing was asked, and how long the next request took. A step upwards is where the application is ended.',
    x: { title: 'pause before the request', unit: 'us', scale: 'linear' },
    y: { title: 'time of the request', unit: 'us', scale: 'log' },
    series: [
      { name: 'slow', role: 'cold', style: 'points', points: points(true) },
      { name: 'ordinary', role: 'warm', style: 'points', points: points(false) },
    ],
  };
}

/** IIS recycles a worker every 1,740 min unless told otherwise, so the hour moves by five each day. */
const RECYCLE_US = 29 * 3_600_000_000;
const CLUSTER_US = 600_000_000;
const PHASE_US = 300_000_000;
const MIN_ROUNDS = 3;
/** As improbable as this a finding of the judge must be. */
const CHANCE = 1e-4;

/** Slow requests of a member that come back at whole multiples of 29 h, among others that need not. */
export function recycleFromLogs(decided: readonly Decided[], { measures }: DetectorContext): readonly Candidate[] {
  const members = new Set(decided.flatMap(({ decision }) => decision.member ?? []));
  return [...members].flatMap((member) => {
    const slow = decided
      .filter(
        ({ decision, facts }) =>
          (decision.row === '33' || decision.row === '32') &&
          decision.member === member &&
          (facts.memberUs ?? 0) >= SLOW_FLOOR_US,
      )
      .map(({ journey }) => journey.startAtUs)
      .sort((a, b) => a - b);
    const starts = clusters(slow);
    const rounds = inPhase(starts);
    // Each cluster was tried as the one that sets the phase.
    const p = starts.length * binomialTail(rounds.length - 1, starts.length - 1, (2 * PHASE_US) / RECYCLE_US);
    if (rounds.length < MIN_ROUNDS || p > CHANCE) return [];
    const candidate = recycleCandidate(member, rounds, p);
    return [measures.experiments.length === 0 ? candidate : { ...candidate, severity: 'info' as const }];
  });
}

/** The most clusters that lie whole multiples of the period apart, one of each round. */
function inPhase(starts: readonly number[]): readonly number[] {
  let best: readonly number[] = [];
  for (const anchor of starts) {
    const rounds = new Map<number, number>();
    for (const atUs of starts) {
      const round = Math.round((atUs - anchor) / RECYCLE_US);
      if (Math.abs(atUs - anchor - round * RECYCLE_US) <= PHASE_US && !rounds.has(round)) rounds.set(round, atUs);
    }
    if (rounds.size > best.length) best = [...rounds.values()];
  }
  return best;
}

function clusters(timesUs: readonly number[]): readonly number[] {
  const starts: number[] = [];
  let lastUs = Number.NEGATIVE_INFINITY;
  for (const atUs of timesUs) {
    if (atUs - lastUs > CLUSTER_US) starts.push(atUs);
    lastUs = atUs;
  }
  return starts;
}

function recycleCandidate(member: string, rounds: readonly number[], p: number): Candidate {
  return {
    cause: 'cold-start/recycle',
    scope: { route: 'direct', member },
    severity: 'warning',
    confidence: 'likely',
    p,
    title: `${member} is slow ${rounds.length} times, each a multiple of 29 h apart: the default of IIS for recycling a worker.`,
    meaning: 'A recycled worker starts cold. The hour moves by five each day, which is why it looks random.',
    measured: { periodUs: { value: RECYCLE_US, low: RECYCLE_US - PHASE_US, high: RECYCLE_US + PHASE_US } },
    exhibits: [
      {
        kind: 'table',
        id: `recycles-${member}`,
        title: 'When it was slow',
        reading: 'The first slow request of each time, in UTC.',
        columns: [{ title: 'at', unit: 'text' }],
        rows: rounds.map((us) => [new Date(us / 1000).toISOString().replace('T', ' ').slice(0, 19)]),
      },
    ],
    rivals: [],
    explains: new Set(),
  };
}

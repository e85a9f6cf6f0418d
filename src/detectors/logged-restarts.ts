/** Cold starts that header blocks of IIS show: a new block without a pause before it, and a slow first request behind it. */
import { binomialTail } from '../analysis/proportion.ts';
import type { AfterGap, LogEvidence, LogSourceSummary } from '../model/journey.ts';
import { formatDuration } from '../model/quantity.ts';
import type { Candidate, DetectorContext } from './detector.ts';
import { isRestart, isSlow, usualShare } from './logged-cold.ts';

/** A block alone is weak: new fields begin one too. That it is followed by a slow start this often is a pattern. */
const MIN_SLOW = 3;
/** Nearly every restart is followed by a slow start, or it is not what makes requests slow. */
const CLEAN_RATIO = 0.9;

/** One candidate for each member; the gateway's own log counts where no member's does. */
export function restartsFromLogs(logs: LogEvidence, { measures }: DetectorContext): readonly Candidate[] {
  const found = logs.sources.flatMap((source) => {
    const restarts = logs.afterGaps.filter((gap) => gap.source === source.index && isRestart(gap));
    const candidate = restartCandidate(source, restarts);
    // In a run the logs reach back to before it: what they show there is told, but is no finding of the run.
    if (candidate === undefined) return [];
    return [measures.experiments.length === 0 ? candidate : { ...candidate, severity: 'info' as const }];
  });
  const ofMembers = found.filter(({ scope }) => scope.member !== undefined);
  return ofMembers.length > 0 ? ofMembers : found;
}

function restartCandidate(source: LogSourceSummary, restarts: readonly AfterGap[]): Candidate | undefined {
  const usualUs = source.okDurationUs?.p50 ?? 0;
  const slow = restarts.filter((gap) => isSlow(gap, usualUs));
  if (slow.length < MIN_SLOW || slow.length < CLEAN_RATIO * restarts.length) return undefined;
  const penalties = slow.map(({ durationUs, nextUs }) => durationUs - (nextUs ?? usualUs)).sort((a, b) => a - b);
  const penaltyUs = penalties[Math.floor(penalties.length / 2)] ?? 0;
  const { member, role, index } = source;
  const who = role === 'member' ? (member ?? 'the member') : 'the gateway';
  return {
    cause: 'cold-start/recycle',
    scope: { route: role === 'member' ? 'direct' : 'gateway', ...(member === undefined ? {} : { member }) },
    severity: 'warning',
    confidence: 'likely',
    p: binomialTail(slow.length, restarts.length, usualShare(source)),
    title: `${who} starts cold when its web service starts anew: the first request took about ${formatDuration(penaltyUs)} longer in ${slow.length} of ${restarts.length} times.`,
    meaning:
      'IIS began a new header block in its log although requests had come shortly before: its service was started, or the fields of its log were changed. The next request after each was quick again. The Windows events of that time name what restarted it.',
    measured: {
      penaltyUs: { value: penaltyUs, low: penalties[0] ?? penaltyUs, high: penalties.at(-1) ?? penaltyUs },
    },
    exhibits: [
      {
        kind: 'table',
        id: `restarts-${index}`,
        title: 'New header blocks without a pause',
        reading: 'The first request behind each header block and the one after it, in UTC by the log’s own clock.',
        columns: [
          { title: 'at', unit: 'text' },
          { title: 'line', unit: 'count' },
          { title: 'pause before', unit: 'us' },
          { title: 'first request', unit: 'us' },
          { title: 'next request', unit: 'us' },
        ],
        rows: restarts.map(({ atUs, line, gapUs, durationUs, nextUs }) => [
          new Date(atUs / 1000).toISOString().replace('T', ' ').slice(0, 19),
          line,
          gapUs,
          durationUs,
          nextUs ?? null,
        ]),
      },
    ],
    rivals: [],
    affected: { count: slow.length, of: restarts.length },
    explains: new Set(),
  };
}

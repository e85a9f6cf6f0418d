/** Charts of logs: requests and failures over the time that they cover. */
import type { Exhibit, SeriesRole, XySeries } from '../model/finding.ts';
import type { LogEvidence, LogSourceSummary } from '../model/journey.ts';
import { humanMinute } from './format.ts';
import { failedRequests, requestCount, sourceNames } from './log-summary.ts';

const MINUTE_US = 60_000_000;
/** More steps than this are finer than a pixel or two of the chart. */
const MAX_STEPS = 240;
/** More lines than this are not told apart; those with most failures are shown. */
const MAX_SERIES = 6;

const IDS = ['log-failures', 'log-failures-members', 'log-requests'] as const;

/** Whether an exhibit of a report is one of these. */
export function isLogExhibit({ id }: Exhibit): boolean {
  return IDS.some((own) => own === id);
}

type Bins = { readonly fromUs: number; readonly widthUs: number; readonly count: number };

/** Empty where all lines lie within a minute or two: there is nothing to see over time. */
export function logExhibits({ sources }: LogEvidence): readonly Exhibit[] {
  const counted = sources.filter((source) => requestCount(source) > 0);
  const bins = binsOf(counted);
  if (bins === undefined) return [];
  const names = sourceNames(sources);
  const byFailures = [...counted].sort((a, b) => failedRequests(b) - failedRequests(a));
  const failing = byFailures.filter((source) => failedRequests(source) > 0);
  const isFront = ({ role }: LogSourceSummary): boolean => role === 'gateway';
  // A member's failures are often the gateway's too: in one chart one line would hide the other.
  const front = failing.filter(isFront);
  const behind = failing.filter((source) => !isFront(source));
  const chart = (
    id: (typeof IDS)[number],
    what: 'failed' | 'count',
    shown: readonly LogSourceSummary[],
    words: { readonly title: string; readonly reading: string },
  ): readonly Exhibit[] =>
    shown.length === 0 ? [] : [overTime(id, what, shown.slice(0, MAX_SERIES), words, bins, names)];
  return [
    ...chart('log-failures', 'failed', front, {
      title: 'Failed requests over time, at the gateway',
      reading: 'Requests that ended with a 5xx or were cut short. Peaks are events; an even height has a steady cause.',
    }),
    ...chart('log-failures-members', 'failed', behind, {
      title: front.length > 0 ? 'Failed requests over time, at the members' : 'Failed requests over time',
      reading:
        front.length > 0
          ? 'The same in the members’ logs. A peak at the gateway that no member has was made by the gateway, or on the way.'
          : 'Requests that ended with a 5xx or were cut short, by log. Peaks are events; an even height has a steady cause.',
    }),
    ...chart('log-requests', 'count', byFailures, {
      title: 'Requests over time',
      reading: 'How many requests each log holds. Failures that follow the load point at a limit, others at an event.',
    }),
  ];
}

function overTime(
  id: string,
  what: 'failed' | 'count',
  sources: readonly LogSourceSummary[],
  words: { readonly title: string; readonly reading: string },
  bins: Bins,
  names: ReadonlyMap<number, string>,
): Exhibit {
  const per = bins.widthUs === MINUTE_US ? 'per minute' : `per ${bins.widthUs / MINUTE_US} min`;
  return {
    kind: 'xy',
    id,
    ...words,
    x: { title: `time since ${humanMinute(bins.fromUs)}`, unit: 'us', scale: 'linear' },
    y: { title: `${what === 'failed' ? 'failed' : 'requests'} ${per}`, unit: 'count', scale: 'linear' },
    series: [...sources]
      .sort((a, b) => a.index - b.index)
      .map((source) => stepsOf(source, names.get(source.index) ?? 'log', bins, what)),
  };
}

function binsOf(sources: readonly LogSourceSummary[]): Bins | undefined {
  let firstUs = Number.POSITIVE_INFINITY;
  let lastUs = Number.NEGATIVE_INFINITY;
  for (const { atUs } of sources.flatMap(({ minutes }) => minutes)) {
    if (!Number.isFinite(atUs)) continue;
    firstUs = Math.min(firstUs, atUs);
    lastUs = Math.max(lastUs, atUs);
  }
  let widthUs = MINUTE_US;
  const countOf = (): number => Math.floor(lastUs / widthUs) - Math.floor(firstUs / widthUs) + 1;
  if (!(countOf() >= 3)) return undefined;
  while (countOf() > MAX_STEPS) widthUs *= 2;
  return { fromUs: Math.floor(firstUs / widthUs) * widthUs, widthUs, count: countOf() };
}

/** One step for each bin, also for those without a line, and the end of the last one. */
function stepsOf(source: LogSourceSummary, name: string, bins: Bins, what: 'failed' | 'count'): XySeries {
  const heights = new Array<number>(bins.count).fill(0);
  for (const minute of source.minutes) {
    const at = Math.floor((minute.atUs - bins.fromUs) / bins.widthUs);
    const height = heights[at];
    if (height !== undefined) heights[at] = height + minute[what];
  }
  const points = heights.map((height, at): [number, number] => [at * bins.widthUs, height]);
  return {
    name,
    role: roleOf(source, what),
    style: 'step',
    points: [...points, [bins.count * bins.widthUs, heights.at(-1) ?? 0]],
  };
}

function roleOf({ role }: LogSourceSummary, what: 'failed' | 'count'): SeriesRole {
  if (role === 'gateway') return what === 'failed' ? 'failure' : 'gateway';
  return role === 'member' ? 'direct' : 'model';
}

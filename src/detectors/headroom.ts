/** Answers that come nearer to the gateway's timer day by day: told before the first request fails of it. */
import { type Headroom, headroomOf, LEAST_TREND_DAYS } from '../analysis/headroom.ts';
import { historyTimes } from '../analysis/history-blocks.ts';
import type { Measures } from '../analysis/measures.ts';
import { settingsFor } from '../gateways/config/setting-for.ts';
import type { Estimate, Exhibit } from '../model/finding.ts';
import { type HistoryEvidence, LEVEL_US } from '../model/history.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { GATEWAY } from '../model/route.ts';
import { configsOf } from './declarations.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';
import { longestAnswerUs } from './timeout-history.ts';

const DAY_US = LEVEL_US['1d'];
/** Who must change a timer or a query has a month for it; later than a quarter of a year no line is to be believed. */
const WARNING_DAYS = 30;
const INFO_DAYS = 90;

type Limit = { readonly us: Estimate; readonly source: string };

/** The timer of the gateway for an answer: as it was measured, or as one value is declared. */
function limitOf(measures: Measures): Limit | { readonly missing: string } {
  const measured = measures.history?.gatewayTimerUs;
  if (measured !== undefined) {
    const longestUs = longestAnswerUs(measures, [GATEWAY], undefined);
    // Raised since: what was measured holds no longer.
    if (longestUs <= (measured.high ?? measured.value))
      return { us: measured, source: 'as its failures showed in this history' };
  }
  const declared = settingsFor(configsOf(measures.configs ?? [], 'gateway'), 'response-timeout').flatMap((setting) =>
    setting.valueUs === undefined ? [] : [{ ...setting, valueUs: setting.valueUs }],
  );
  const values = [...new Set(declared.map(({ valueUs }) => valueUs))];
  const [first] = declared;
  if (first !== undefined && values.length === 1)
    return { us: { value: first.valueUs }, source: `${first.directive} ${first.value} in its configuration` };
  const have =
    values.length > 1
      ? `${values.length} are declared (${values.map(formatDuration).join(', ')}), and which of them holds is not known`
      : measured === undefined
        ? 'none was measured, and none is declared in configuration that the profile names'
        : 'answers have come through that took longer than the one that was measured';
  return { missing: have };
}

/** Without the day that goes on. */
function daysOf(history: HistoryEvidence) {
  return historyTimes(history, { route: GATEWAY }, DAY_US, 'service').filter(
    ({ startAtUs }) => startAtUs >= history.fromAtUs && startAtUs + DAY_US <= history.toAtUs,
  );
}

const nameOf = ({ quantile }: Headroom): string => (quantile === 0.999 ? 'p99.9' : 'p99');

function usedText(headroom: Headroom, limit: Limit): string {
  const { level, usedRatio } = headroom;
  const range =
    level.high === undefined
      ? `at least ${formatDuration(level.low ?? level.value)}`
      : `${formatDuration(level.low ?? level.value)}–${formatDuration(level.high)}`;
  return `${nameOf(headroom)} through the gateway is ${formatDuration(level.value)} (${range}), ${formatRatio(usedRatio)} of the ${formatDuration(limit.us.value)} that the gateway waits`;
}

function detect({ measures }: { readonly measures: Measures }): Detection {
  const { history } = measures;
  if (history === undefined) return notApplicable('only a history (gateprobe monitor) can show it, and none was given');
  const limit = limitOf(measures);
  if ('missing' in limit) return insufficient('the time that the gateway waits for an answer', limit.missing);
  const days = daysOf(history);
  const headroom = headroomOf(days, limit.us);
  if (headroom === undefined)
    return insufficient(`${LEAST_TREND_DAYS} days of answers through the gateway`, `${days.length}`);
  const { trend } = headroom;
  if (trend.state === 'unknown') return insufficient(trend.need, `${trend.have}; ${usedText(headroom, limit)}`);
  const isNear = trend.state === 'rising' && trend.daysLeft.value <= INFO_DAYS;
  return candidatesOr(
    isNear ? [candidateOf(headroom, trend, limit, days, history)] : [],
    `${usedText(headroom, limit)}; ${trend.state === 'rising' ? `it rises, and at this pace reaches it in ${Math.round(trend.daysLeft.value)} days` : `no trend in ${trend.days} days`}`,
  );
}

function candidateOf(
  headroom: Headroom,
  trend: Extract<Headroom['trend'], { state: 'rising' }>,
  limit: Limit,
  days: ReturnType<typeof daysOf>,
  history: HistoryEvidence,
): Candidate {
  const { daysLeft, perDayUs, p } = trend;
  const { low, high = Number.POSITIVE_INFINITY } = daysLeft;
  const lastAtUs = (days.at(-1)?.startAtUs ?? 0) + DAY_US;
  const dateIn = (count: number): string => new Date((lastAtUs + count * DAY_US) / 1_000).toISOString().slice(0, 10);
  return {
    cause: 'change/latency',
    scope: { route: 'gateway' },
    severity: daysLeft.value <= WARNING_DAYS ? 'warning' : 'info',
    confidence: 'likely',
    p,
    title: `Answers through the gateway come nearer to its timer of ${formatDuration(limit.us.value)}: ${nameOf(headroom)} is ${formatDuration(headroom.level.value)}, rises by ${formatDuration(perDayUs.value)} a day, and reaches it about ${dateIn(daysLeft.value)} (${dateIn(low)} to ${dateIn(high)}).`,
    meaning: `${usedText(headroom, limit)}, ${limit.source}. It has risen over ${days.length} days, in the first half and in the second; a step would leave both level. From the day on which the two meet, one request in ${headroom.quantile === 0.999 ? 'a thousand' : 'a hundred'} fails through the gateway, although members answer it.`,
    measured: {
      slowestUs: headroom.level,
      limitUs: limit.us,
      usedRatio: { value: headroom.usedRatio },
      risePerDayUs: perDayUs,
      crossingDays: daysLeft,
    },
    rivals: [
      { cause: 'queue/gateway', whyNot: 'it rises from day to day, not with the load of an hour' },
      { cause: 'timeout/gateway-response', whyNot: 'the trend has not reached the timer yet' },
    ],
    exhibits: [exhibitOf(headroom, limit, days, history)],
    explains: new Set(),
  };
}

function exhibitOf(
  headroom: Headroom,
  limit: Limit,
  days: ReturnType<typeof daysOf>,
  { fromAtUs }: HistoryEvidence,
): Exhibit {
  return {
    kind: 'xy',
    id: 'timeout-headroom',
    title: `${nameOf(headroom)} of each day, and the gateway's timer`,
    reading: 'Each point is a day. Where the points meet the line, requests begin to fail.',
    x: { title: 'time since the beginning', unit: 'us', scale: 'linear' },
    y: { title: nameOf(headroom), unit: 'us', scale: 'linear' },
    series: [
      {
        name: 'through the gateway',
        role: 'gateway',
        style: 'points',
        points: days.map(({ startAtUs, times }): [number, number] => [
          startAtUs - fromAtUs,
          times.quantile(headroom.quantile),
        ]),
      },
    ],
    marks: [{ axis: 'y', value: limit.us.value, label: `timer ${formatDuration(limit.us.value)}` }],
  };
}

/** Theil-Sen line through the days' p99.9, Mann-Kendall against no trend; both hold for any distribution of the noise. */
export const timeoutHeadroom: Detector = { cause: 'change/latency', detect };

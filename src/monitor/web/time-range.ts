/** Which time a page shows. It stands in the address, so that a link shows others the same: `last=6h`, or `from=…&to=…`. */
import { type HistoryLevel, LEVEL_US } from '../../model/history.ts';

/** As many as fit side by side on a telephone and are still seen one by one. */
export const BIN_COUNT = 90;

const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;

export const LAST_CHOICES = [
  { key: '90m', label: '90 minutes', lengthUs: 90 * MINUTE_US },
  { key: '6h', label: '6 hours', lengthUs: 6 * HOUR_US },
  { key: '24h', label: '24 hours', lengthUs: DAY_US },
  { key: '7d', label: '7 days', lengthUs: 7 * DAY_US },
  { key: '30d', label: '30 days', lengthUs: 30 * DAY_US },
  { key: '1y', label: '1 year', lengthUs: 365 * DAY_US },
] as const;
type LastKey = (typeof LAST_CHOICES)[number]['key'];

/** Times are µs since 1970; `toAtUs` is exclusive. Both are multiples of `binUs`. */
export type TimeRange = {
  readonly fromAtUs: number;
  readonly toAtUs: number;
  readonly binUs: number;
  /** The finest level that does not need more than a few hundred intervals of a series. */
  readonly level: HistoryLevel;
  /** Undefined for a fixed time, which never changes by itself. */
  readonly last?: LastKey;
  /** As it stands in addresses; empty for the usual time. */
  readonly search: string;
};
export type RangeProblem = { readonly problem: string };

/** Above ten years nothing is kept, and dates of other centuries are typing errors. */
const MAX_LENGTH_US = 3_660 * DAY_US;

/** The range that an address asks for; without any, the last 90 minutes. */
export function readRange(params: URLSearchParams, nowAtUs: number): TimeRange | RangeProblem {
  const [last, from, to] = [params.get('last'), params.get('from'), params.get('to')];
  if (from !== null) {
    const [fromAtUs, toAtUs] = [Date.parse(from) * 1_000, to === null ? nowAtUs : Date.parse(to) * 1_000];
    if (!Number.isFinite(fromAtUs) || !Number.isFinite(toAtUs))
      return { problem: 'from and to are times like 2026-03-02T09:15:00Z' };
    if (fromAtUs >= toAtUs) return { problem: 'from is not before to' };
    if (toAtUs - fromAtUs > MAX_LENGTH_US) return { problem: 'the time from from to to is longer than ten years' };
    return { ...aligned(fromAtUs, toAtUs), search: `?from=${isoSeconds(fromAtUs)}&to=${isoSeconds(toAtUs)}` };
  }
  if (to !== null) return { problem: 'to needs from' };
  const choice = LAST_CHOICES.find(({ key }) => key === (last ?? LAST_CHOICES[0].key));
  if (choice === undefined) return { problem: `last is one of ${LAST_CHOICES.map(({ key }) => key).join(', ')}` };
  const { binUs, level } = binOf(choice.lengthUs);
  // The newest bin holds the present and grows.
  const toAtUs = (Math.floor(nowAtUs / binUs) + 1) * binUs;
  const fromAtUs = toAtUs - Math.ceil(choice.lengthUs / binUs) * binUs;
  const search = choice.key === LAST_CHOICES[0].key ? '' : `?last=${choice.key}`;
  return { fromAtUs, toAtUs, binUs, level, last: choice.key, search };
}

/** A fixed range around something that happened, a third of its length (at least ten minutes) before and after it. */
export function rangeAround(fromAtUs: number, toAtUs: number): string {
  const roomUs = Math.max(10 * MINUTE_US, (toAtUs - fromAtUs) / 3);
  return `?from=${isoSeconds(fromAtUs - roomUs)}&to=${isoSeconds(toAtUs + roomUs)}`;
}

function aligned(fromAtUs: number, toAtUs: number): Omit<TimeRange, 'search' | 'last'> {
  const { binUs, level } = binOf(toAtUs - fromAtUs);
  return { fromAtUs: Math.floor(fromAtUs / binUs) * binUs, toAtUs: Math.ceil(toAtUs / binUs) * binUs, binUs, level };
}

/** At most about a thousand intervals of a series, at least as many as there are bins where the level has them. */
function binOf(lengthUs: number): { readonly binUs: number; readonly level: HistoryLevel } {
  const level = levelOf(lengthUs);
  return { level, binUs: Math.max(1, Math.ceil(lengthUs / BIN_COUNT / LEVEL_US[level])) * LEVEL_US[level] };
}

function levelOf(lengthUs: number): HistoryLevel {
  if (lengthUs <= 3 * HOUR_US) return '10s';
  if (lengthUs <= 3 * DAY_US) return '5m';
  return lengthUs <= 60 * DAY_US ? '1h' : '1d';
}

function isoSeconds(atUs: number): string {
  return new Date(atUs / 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
}

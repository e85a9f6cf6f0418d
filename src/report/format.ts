/**
 * Report values as text: what `model/quantity.ts` does for one number, done for estimates, quantiles, names and times.
 */
import type { Estimate, ExchangeRow, Unit } from '../model/finding.ts';
import { formatDuration, formatUnit } from '../model/quantity.ts';
import type { QuantileEstimate } from '../model/report.ts';
import { US_PER_MS } from '../model/time.ts';

/** What stands where there is no number. */
export const NO_VALUE = '–';

const UNIT_ENDINGS: readonly (readonly [ending: string, unit: Unit])[] = [
  ['PerSec', 'perSec'],
  ['Ratio', 'ratio'],
  ['Bytes', 'bytes'],
  ['Us', 'us'],
];

/** Name and unit of a measured quantity: `idleTimeoutUs` is an "idle timeout" in µs. */
export function readQuantityName(name: string): { readonly label: string; readonly unit: Unit } {
  const found = UNIT_ENDINGS.find(([ending]) => name.endsWith(ending) && name.length > ending.length);
  const [ending, unit] = found ?? ['', 'count'];
  const stem = ending === 'Ratio' ? name.replace(/Ratio$/, 'Share') : name.slice(0, name.length - ending.length);
  const label = stem
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_]+/g, ' ')
    .toLowerCase();
  return { label, unit };
}

/** `12.1 to 12.9 ms`, `at least 12.1 ms`; undefined when there is no interval. */
export function formatInterval(estimate: { low?: number; high?: number }, unit: Unit): string | undefined {
  const low = finite(estimate.low);
  const high = finite(estimate.high);
  if (low === undefined && high === undefined) return undefined;
  if (high === undefined) return `at least ${formatUnit(low ?? 0, unit)}`;
  if (low === undefined) return `at most ${formatUnit(high, unit)}`;
  const from = formatUnit(low, unit);
  const to = formatUnit(high, unit);
  if (from === to) return undefined;
  if (unit === 'perSec') return `${from.replace(/\/s$/, '')} to ${to}`;
  const [fromNumber = from, fromUnit] = from.split(' ');
  return fromUnit !== undefined && fromUnit === to.split(' ')[1] ? `${fromNumber} to ${to}` : `${from} to ${to}`;
}

/** `2.01 s (2 to 2.02 s)`. */
export function formatEstimate(estimate: Estimate, unit: Unit): string {
  const interval = formatInterval(estimate, unit);
  const value = formatUnit(estimate.value, unit);
  return interval === undefined ? value : `${value} (${interval})`;
}

/** `n/a, need 368, have 210` where the sample does not support the quantile. */
export function formatQuantile(
  quantile: QuantileEstimate | undefined,
  interval: 'with interval' | 'value only',
): string {
  if (quantile === undefined) return NO_VALUE;
  if (quantile.state === 'n/a') return interval === 'value only' ? 'n/a' : formatMissing(quantile);
  return interval === 'value only' ? formatDuration(quantile.value) : formatEstimate(quantile, 'us');
}

export function formatMissing(quantile: { need: number; have: number }): string {
  return `n/a, need ${formatCount(quantile.need)}, have ${formatCount(quantile.have)}`;
}

/** Exact, with thousands separators: counts are never rounded. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `34 of 1,200 requests (2.83 %)`. */
export function formatAffected(affected: { count: number; of: number }): string {
  const share = affected.of > 0 ? ` (${formatUnit(affected.count / affected.of, 'ratio')})` : '';
  return `${formatCount(affected.count)} of ${formatCount(affected.of)} requests${share}`;
}

/** `1 finding`, `2 findings`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `p99.9` for the name `p999`. Names hold the digits after the point of the quantile, with p50 and above as percent. */
export function quantileLabel(name: string): string {
  const digits = name.slice(1);
  return digits.length > 2 ? `p${digits.slice(0, 2)}.${digits.slice(2)}` : name;
}

/** Wall time of an offset: ISO 8601 with milliseconds, UTC. The start is repeated as it stands when it cannot be read. */
export function wallTime(startedAt: string, offsetUs: number): string {
  const startMs = Date.parse(startedAt);
  return Number.isFinite(startMs) ? new Date(startMs + Math.round(offsetUs / US_PER_MS)).toISOString() : startedAt;
}

/** `2 March 2026, 09:15:04 UTC`. */
export function humanTime(at: string): string {
  const ms = Date.parse(at);
  if (!Number.isFinite(ms)) return at;
  return `${dayOf(ms)}, ${timeOf(ms)} UTC`;
}

/** `2 March 2026, 09:15:04 to 09:18:11 UTC`; the day again where it is another. */
export function humanPeriod(startedAt: string, durationUs: number): string {
  const fromMs = Date.parse(startedAt);
  const toMs = fromMs + durationUs / US_PER_MS;
  if (!isTime(fromMs) || !isTime(toMs)) return startedAt;
  const to = dayOf(fromMs) === dayOf(toMs) ? timeOf(toMs) : `${dayOf(toMs)}, ${timeOf(toMs)}`;
  return `${dayOf(fromMs)}, ${timeOf(fromMs)} to ${to} UTC`;
}

/** `2 March 2026, 09:15 UTC` of µs since 1970. */
export function humanMinute(atUs: number): string {
  const ms = atUs / US_PER_MS;
  return isTime(ms) ? `${dayOf(ms)}, ${timeOf(ms).slice(0, 5)} UTC` : NO_VALUE;
}

/** ISO 8601 of µs since 1970; undefined where that is no moment. */
export function isoTime(atUs: number | undefined): string | undefined {
  const ms = (atUs ?? Number.NaN) / US_PER_MS;
  return isTime(ms) ? new Date(ms).toISOString() : undefined;
}

/** `2026-03-02 09:15:04`, as logs write it. */
export function logTime(atUs: number | undefined): string {
  return isoTime(atUs)?.replace('T', ' ').slice(0, 19) ?? NO_VALUE;
}

/** What a Date can hold. */
function isTime(ms: number): boolean {
  return Math.abs(ms) <= 8.64e15;
}

function dayOf(ms: number): string {
  return new Date(ms).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

/** `direct:web1` as a human says it. */
export function routeLabel(route: string): string {
  return route.startsWith('direct:') ? `${route.slice('direct:'.length)}, direct` : route;
}

/** Slowest first would hide the order of events, so rows stay in order of time. */
export function inOrderOfTime(rows: readonly ExchangeRow[]): readonly ExchangeRow[] {
  return [...rows].sort((a, b) => a.dueUs - b.dueUs);
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

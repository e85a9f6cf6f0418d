/**
 * Numbers as humans read them. Titles of findings are sentences with numbers in them, so this is the one place below
 * `report/` that formats; everything else carries numbers with a unit in their name.
 */
import type { Unit } from './finding.ts';

/** One for all: to make one takes a hundred times as long as to use it. */
const PLAIN_NUMBER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 6 });

/** Three significant digits, without exponent or trailing zeros. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  const digits = Math.max(0, 2 - magnitude);
  return PLAIN_NUMBER.format(Number(value.toFixed(Math.min(digits, 6))));
}

/** 850 µs, 12.3 ms, 2.01 s, 21 min, 29 h. */
export function formatDuration(us: number): string {
  const size = Math.abs(us);
  if (size === 0) return '0 ms';
  if (size < 1_000) return `${formatNumber(us)} µs`;
  if (size < 999_500) return `${formatNumber(us / 1_000)} ms`;
  if (size < 120_000_000) return `${formatNumber(us / 1_000_000)} s`;
  if (size < 7_200_000_000) return `${formatNumber(us / 60_000_000)} min`;
  return `${formatNumber(us / 3_600_000_000)} h`;
}

/** A share of 1: 0.1 %, 25 %. */
export function formatRatio(ratio: number): string {
  return `${formatNumber(ratio * 100)} %`;
}

export function formatBytes(bytes: number): string {
  if (Math.abs(bytes) < 1_000) return `${formatNumber(bytes)} B`;
  if (Math.abs(bytes) < 1_000_000) return `${formatNumber(bytes / 1_000)} kB`;
  return `${formatNumber(bytes / 1_000_000)} MB`;
}

export function formatUnit(value: number, unit: Unit): string {
  switch (unit) {
    case 'us':
      return formatDuration(value);
    case 'ratio':
      return formatRatio(value);
    case 'perSec':
      return `${formatNumber(value)}/s`;
    case 'bytes':
      return formatBytes(value);
    case 'count':
    case 'text':
      return formatNumber(value);
    default:
      return unit satisfies never;
  }
}

/**
 * Quantities as a profile writes them: `30s`, `20/s`, `20%`, `64kB`. Inside the program they are integer µs, requests per
 * second, ratios (0..1) and bytes. A number without a unit is refused: nobody can tell afterwards what it meant.
 */
import { US_PER_MS, US_PER_SEC } from '../model/time.ts';
import { accept, type Parsed, refuse } from './parsed.ts';

const DURATION_UNITS: Readonly<Record<string, number>> = {
  d: 86_400 * US_PER_SEC,
  h: 3_600 * US_PER_SEC,
  m: 60 * US_PER_SEC,
  s: US_PER_SEC,
  ms: US_PER_MS,
  us: 1,
  µs: 1,
};
const DURATION_SYNONYMS: Readonly<Record<string, string>> = {
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  hr: 'h',
  hour: 'h',
  hours: 'h',
  day: 'd',
  days: 'd',
  msec: 'ms',
  millis: 'ms',
};
const RATE_UNITS: Readonly<Record<string, number>> = { s: 1, sec: 1, m: 60, min: 60, h: 3_600 };
const SIZE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

const NUMBER = String.raw`\d+(?:\.\d+)?`;
/** Patterns for the JSON Schema. */
export const DURATION_PATTERN = String.raw`(?:\d+(?:\.\d+)? ?(?:d|h|ms|m|us|µs|s))+`;
export const RATE_PATTERN = String.raw`\d+(?:\.\d+)? ?/ ?(?:sec|s|min|m|h)`;
export const RATIO_PATTERN = String.raw`\d+(?:\.\d+)? ?%`;
export const SIZE_PATTERN = String.raw`\d+(?:\.\d+)? ?(?:[kKmMgG]i?)?[bB]`;

/** Longest text that is looked at as a quantity; the longest sensible one has under 30 characters. */
const MAX_TEXT = 64;

/** Timers of Node end at 2^31 ms, which is 24.8 days. */
export const MAX_DURATION_US = 24 * 86_400 * US_PER_SEC;

export type DurationRange = { readonly maxUs?: number; readonly allowZero?: boolean };

/** `250ms`, `30s`, `5m`, `2h`, `1d`, `1m30s` → integer µs. */
export function parseDuration(value: unknown, range: DurationRange = {}): Parsed<number> {
  const expected = 'a duration with a unit such as 30s';
  if (typeof value === 'number') return refuse(expected, bareNumber(value, [`${value}s`, `${value}ms`]));
  const text = quantityText(value);
  if (text === undefined) return refuse(expected);
  const us = sumOfDurations(text);
  if (us === undefined) return refuse(expected, durationHint(text));
  const maxUs = range.maxUs ?? MAX_DURATION_US;
  if (us > maxUs) return refuse(`a duration of at most ${formatDurationText(maxUs)}`);
  if (us === 0 && range.allowZero !== true) return refuse('a duration of at least 1us');
  return accept(us);
}

/** Parts from the largest unit to the smallest, each at most once. */
function sumOfDurations(text: string): number | undefined {
  let rest = text;
  let total = 0;
  let previous = Number.POSITIVE_INFINITY;
  while (rest !== '') {
    const part = new RegExp(`^(${NUMBER}) ?([a-zµμ]+) ?`).exec(rest);
    const unit = factorOf(DURATION_UNITS, part?.[2]?.replace('μ', 'µ'));
    if (part === null || unit === undefined || unit >= previous) return undefined;
    total += Number(part[1]) * unit;
    previous = unit;
    rest = rest.slice(part[0].length);
  }
  return text === '' ? undefined : Math.round(total);
}

function durationHint(text: string): { hint?: string } {
  const single = new RegExp(`^(${NUMBER}) ?([A-Za-z]*)$`).exec(text);
  if (single === null) return {};
  const [, amount = '', word = ''] = single;
  if (word === '') return bareNumber(amount, [`${amount}s`, `${amount}ms`]);
  const lower = word.toLowerCase();
  const unit = Object.hasOwn(DURATION_SYNONYMS, lower) ? DURATION_SYNONYMS[lower] : lower;
  return factorOf(DURATION_UNITS, unit) !== undefined
    ? { hint: `Write ${amount}${unit}.` }
    : { hint: 'Units are ms, s, m, h and d.' };
}

/** `20/s`, `300/min`, `2/m`, `10/h` → requests per second. */
export function parseRate(value: unknown): Parsed<number> {
  const expected = 'a rate with a unit such as 20/s';
  if (typeof value === 'number') return refuse(expected, bareNumber(value, [`${value}/s`]));
  const text = quantityText(value);
  if (text === undefined) return refuse(expected);
  const match = new RegExp(`^(${NUMBER}) ?/ ?([a-z]+)$`).exec(text);
  const per = factorOf(RATE_UNITS, match?.[2]);
  if (match === null || per === undefined) return refuse(expected, rateHint(text));
  const perSec = Number(match[1]) / per;
  // Far above what one machine can send; the reason is to refuse slips such as 20000000/s.
  if (perSec <= 0 || perSec > 1_000_000) return refuse('a rate above 0/s and at most 1000000/s');
  return accept(perSec);
}

function rateHint(text: string): { hint?: string } {
  const amount = new RegExp(`^(${NUMBER})(?: ?(?:rps|qps|per second|hz|/ ?seconds?))?$`, 'i').exec(text)?.[1];
  if (amount !== undefined) return { hint: `Write ${amount}/s.` };
  return { hint: 'Units are /s, /min and /h.' };
}

/** `20%`, or a number from 0 to 1 → ratio. */
export function parseRatio(value: unknown): Parsed<number> {
  const expected = 'a share such as 20%';
  if (typeof value === 'number') {
    if (value >= 0 && value <= 1) return accept(value);
    return refuse(expected, value > 1 && value <= 100 ? { hint: `Write ${value}%.` } : {});
  }
  const text = quantityText(value);
  if (text === undefined) return refuse(expected);
  const amount = new RegExp(`^(${NUMBER}) ?%$`).exec(text)?.[1];
  if (amount === undefined) return refuse(expected, ratioHint(text));
  const ratio = Number(amount) / 100;
  return ratio <= 1 ? accept(ratio) : refuse('a share from 0% to 100%');
}

function ratioHint(text: string): { hint?: string } {
  const number = new RegExp(`^${NUMBER}$`).test(text) ? Number(text) : Number.NaN;
  if (number > 1 && number <= 100) return { hint: `Write ${text}%.` };
  if (number <= 1) return { hint: `Write ${Number((number * 100).toPrecision(12))}%.` };
  return {};
}

/** Bodies are held in memory one at a time per connection; a gigabyte is beyond every use of a probe. */
const MAX_BODY_BYTES = 1e9;

export type SizeRange = { readonly minBytes?: number; readonly maxBytes?: number };

/** `512B`, `64kB`, `10MB`, `1MiB` → bytes. k, M and G are powers of 1000; Ki, Mi and Gi of 1024. */
export function parseSize(value: unknown, { minBytes = 1, maxBytes = MAX_BODY_BYTES }: SizeRange = {}): Parsed<number> {
  const expected = 'a size with a unit such as 64kB';
  if (typeof value === 'number') return refuse(expected, bareNumber(value, [`${value}kB`, `${value}B`]));
  const text = quantityText(value);
  if (text === undefined) return refuse(expected);
  const match = new RegExp(`^(${NUMBER}) ?([A-Za-z]+)$`).exec(text);
  const factor = factorOf(SIZE_UNITS, match?.[2]?.toLowerCase());
  if (match === null || factor === undefined) {
    if (new RegExp(`^${NUMBER}$`).test(text)) return refuse(expected, bareNumber(text, [`${text}kB`, `${text}B`]));
    return refuse(expected, { hint: 'Units are B, kB, MB, GB, KiB, MiB and GiB.' });
  }
  const bytes = Math.round(Number(match[1]) * factor);
  if (bytes >= minBytes && bytes <= maxBytes) return accept(bytes);
  return refuse(`a size from ${sizeText(minBytes)} to ${sizeText(maxBytes)}`);
}

function sizeText(bytes: number): string {
  const unit = (['GB', 'MB', 'kB'] as const).find((name) => bytes >= (SIZE_UNITS[name.toLowerCase()] as number));
  return unit === undefined ? `${bytes}B` : `${bytes / (SIZE_UNITS[unit.toLowerCase()] as number)}${unit}`;
}

/** A word such as "constructor" is no unit, although every object has one. */
function factorOf(units: Readonly<Record<string, number>>, word = ''): number | undefined {
  return Object.hasOwn(units, word) ? units[word] : undefined;
}

function quantityText(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= MAX_TEXT ? value.trim() : undefined;
}

function bareNumber(value: number | string, choices: readonly string[]): { hint?: string } {
  if (typeof value === 'number' && !/^\d+(\.\d+)?$/.test(String(value))) return {};
  return { hint: `Write ${choices.join(' or ')}.` };
}

/** Shortest exact text of a duration in the profile's own units: 90000000 → `1m30s`. */
export function formatDurationText(us: number): string {
  let rest = Math.round(us);
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms', 'us'] as const) {
    const size = DURATION_UNITS[unit] as number;
    if (rest >= size) text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text === '' ? '0s' : text;
}

/** A rate in the profile's own units: 0.5 → `30/min`. */
export function formatRateText(perSec: number): string {
  for (const [unit, per] of [
    ['s', 1],
    ['min', 60],
    ['h', 3_600],
  ] as const) {
    const amount = Number((perSec * per).toPrecision(12));
    if (Number.isInteger(amount)) return `${amount}/${unit}`;
  }
  return `${Number(perSec.toPrecision(6))}/s`;
}

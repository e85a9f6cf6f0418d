/** Values out of parsed JSON, whatever it holds: wrong types are as good as missing. */
import { textSecondsUs } from './clf-time.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const BLANK = 32;
const OPEN = 123;
const CLOSE = 125;

/** The object that fills a line; undefined for all else. Lines that cannot be one are not parsed. */
export function jsonObjectIn(buffer: Buffer, start: number, end: number): JsonObject | undefined {
  let from = start;
  let to = end;
  while (from < to && (buffer[from] as number) <= BLANK) from++;
  while (to > from && (buffer[to - 1] as number) <= BLANK) to--;
  if (to - from < 2 || buffer[from] !== OPEN || buffer[to - 1] !== CLOSE) return undefined;
  return parseJsonObject(buffer.toString('utf8', from, to));
}

export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined; // There is no other way to ask whether a text is JSON.
  }
}

const STRUCTURE = /["{}[\],\\]/g;

/** The members of an object whose text was cut, as far as they are whole; undefined for texts that were not cut, or too early. */
export function cutJsonObject(text: string): JsonObject | undefined {
  let depth = 0;
  let isInText = false;
  let lastMember = -1;
  STRUCTURE.lastIndex = 0;
  for (let found = STRUCTURE.exec(text); found !== null; found = STRUCTURE.exec(text)) {
    const letter = found[0];
    if (letter === '\\') STRUCTURE.lastIndex++;
    else if (letter === '"') isInText = !isInText;
    else if (isInText) continue;
    else if (letter === ',') lastMember = depth === 1 ? found.index : lastMember;
    else if (letter === '{' || letter === '[') depth++;
    else if (--depth === 0) return undefined;
  }
  return lastMember < 0 ? undefined : parseJsonObject(`${text.slice(0, lastMember)}}`);
}

export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** A value of the object itself, never of its prototype. */
export function own(object: JsonObject | undefined, key: string): unknown {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Text of a scalar; undefined for nothing and for `-`, which many programs write for it. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' || value === '-' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A count, of a number or its digits. */
export function wholeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** A status of HTTP, 0 where the program writes 0. */
export function statusOf(value: unknown): number | undefined {
  const status = wholeOf(value);
  return status !== undefined && status <= 999 ? status : undefined;
}

/** Integer µs of seconds, digit by digit: more than six decimals are dropped. */
export function secondsOf(value: unknown): number | undefined {
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  // JavaScript writes numbers below 1e-6 with an exponent: they are less than 1 µs.
  if (/^\d(?:\.\d+)?e-\d+$/.test(text)) return 0;
  const us = textSecondsUs(text);
  return us !== undefined && Number.isSafeInteger(us) ? us : undefined;
}

/** Integer µs of a number of ms, whole or with a fraction. */
export function millisOf(value: unknown): number | undefined {
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  const found = /^(\d{1,12})(?:\.(\d+))?$/.exec(text);
  if (found === null) return undefined;
  return Number(found[1]) * 1_000 + Number((found[2] ?? '').padEnd(3, '0').slice(0, 3));
}

const GO_PARTS = /(\d{1,9})(?:\.(\d{1,18}))?(ns|us|µs|μs|ms|s|m|h)/gy;
const NS_OF: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
};

/** Integer µs of a duration as Go prints it: `1.956217ms`, `1m2.5s`, `850µs`. */
export function goDurationUs(text: string): number | undefined {
  let ns = 0;
  let end = 0;
  for (const [part, whole = '', fraction = '', unit = ''] of text.matchAll(GO_PARTS)) {
    const size = NS_OF[unit] ?? Number.NaN;
    // Nine digits behind the dot are exact in a double; Go prints no more of any unit but hours, which have none.
    ns += Number(whole) * size + Math.round((Number(fraction.slice(0, 9).padEnd(9, '0')) * size) / 1e9);
    end += part.length;
  }
  return end > 0 && end === text.length && Number.isSafeInteger(ns) ? Math.floor(ns / 1e3) : undefined;
}

/** Most keys that are remembered: programs write a few dozen, only made-up lines write more. */
const MAX_KEYS = 500;

/** Fields under one spelling of their keys. Spellings are remembered, as all lines of a log have the same keys. */
export function createFields(
  spell: (key: string) => string,
): (...objects: readonly JsonObject[]) => Map<string, unknown> {
  const spellings = new Map<string, string>();
  return (...objects) => {
    const fields = new Map<string, unknown>();
    for (const object of objects) {
      for (const key of Object.keys(object)) {
        let name = spellings.get(key);
        if (name === undefined) {
          name = spell(key);
          if (spellings.size < MAX_KEYS) spellings.set(key, name);
        }
        if (!fields.has(name)) fields.set(name, object[key]);
      }
    }
    return fields;
  };
}

/** Those of the named fields that hold a text or a number, as texts; undefined when there are none. */
export function extraOf(named: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> | undefined {
  const extra: Record<string, string> = {};
  for (const [name, value] of Object.entries(named)) {
    const text = textOf(value);
    if (text !== undefined) extra[name] = text;
  }
  return Object.keys(extra).length === 0 ? undefined : extra;
}

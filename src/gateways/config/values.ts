/** Times, sizes and counts as each gateway writes them. Undefined: not a value of that kind (a variable, a word, a mistake). */

/** How the bare text of a value is read. */
export type ValueKind = 'time' | 'count' | 'bytes' | 'switch' | 'text';
export type TimeReader = (text: string) => number | undefined;

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// nginx documents all of these ("Configuration file measurement units"): M is 30 days, y is 365.
const NGINX = unitsOf({ y: 365 * DAY, M: 30 * DAY, w: 7 * DAY, d: DAY, h: HOUR, m: MINUTE, s: SECOND, ms: 1_000 });
const NGINX_TIME = /^(?:(\d+)y)? ?(?:(\d+)M)? ?(?:(\d+)w)? ?(?:(\d+)d)? ?(?:(\d+)h)? ?(?:(\d+)m)? ?(?:(\d+)s?)? ?$/;
const HAPROXY = unitsOf({ us: 1, ms: 1_000, s: SECOND, m: MINUTE, h: HOUR, d: DAY });
const APACHE = unitsOf({ us: 1, ms: 1_000, s: SECOND, mi: MINUTE, min: MINUTE, h: HOUR });
const GO = unitsOf({ ns: 0.001, us: 1, µs: 1, μs: 1, ms: 1_000, s: SECOND, m: MINUTE, h: HOUR, d: DAY });

function unitsOf(units: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(units));
}

function exact(us: number): number | undefined {
  return Number.isSafeInteger(us) ? us : undefined;
}

/** `60`, `1m30s`, `1h 30m`, `500ms`; a bare number is seconds. */
export function nginxTime(text: string): number | undefined {
  const single = /^(\d{1,15})([a-zA-Z]{0,2})$/.exec(text);
  if (single !== null) return exact(Number(single[1]) * (NGINX.get(single[2] === '' ? 's' : (single[2] ?? '')) ?? NaN));
  const rest = /^(.*?) ?(\d{1,15})ms$/.exec(text);
  const whole = NGINX_TIME.exec(rest?.[1] ?? text);
  if (whole === null || text === '' || text.length > 60) return undefined;
  const sum = [365 * DAY, 30 * DAY, 7 * DAY, DAY, HOUR, MINUTE, SECOND].reduce(
    (total, unit, i) => total + Number(whole[i + 1] ?? 0) * unit,
    Number(rest?.[2] ?? 0) * 1_000,
  );
  return exact(sum);
}

/** `5s`, `250us`; a bare number is milliseconds. */
export function haproxyTime(text: string): number | undefined {
  return oneUnit(text, HAPROXY, 'ms');
}

/** `300`, `500ms`, `2mi`; what a bare number means depends on the parameter. */
export function apacheTime(bare: 's' | 'ms'): TimeReader {
  return (text) => oneUnit(text.toLowerCase(), APACHE, bare);
}

function oneUnit(text: string, units: ReadonlyMap<string, number>, bare: string): number | undefined {
  const match = /^(\d{1,15})([a-z]{0,3})$/.exec(text);
  if (match === null) return undefined;
  return exact(Number(match[1]) * (units.get(match[2] === '' ? bare : (match[2] ?? '')) ?? NaN));
}

/** `1h2m3.5s`, `300ms`, and Caddy's `1d`. What is below a µs is cut off. */
export function goTime(text: string): number | undefined {
  if (text === '0') return 0;
  if (text.length > 60 || !/^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(/(\d+)(?:\.(\d+))?(ns|us|µs|μs|ms|s|m|h|d)/g)) {
    const size = GO.get(unit) ?? NaN;
    // The fraction is taken as a whole number of the last digit, so that 1.1s is 1,100,000 and not a little less.
    const digits = fraction.slice(0, 9);
    sum +=
      Number(whole) * size + Math.floor((Number(digits) * Math.round(size * 1_000)) / (1_000 * 10 ** digits.length));
  }
  return exact(Math.floor(sum));
}

/** `00:02:00`, `1.05:00:00`, `29:00:00`, `00:00:00.5000000`. */
export function timeSpan(text: string): number | undefined {
  const match = /^(?:(\d{1,8})\.)?(\d{1,6}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, days = '0', hours = '0', minutes = '0', seconds = '0', fraction = ''] = match;
  if (Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  return exact(
    Number(days) * DAY +
      Number(hours) * HOUR +
      Number(minutes) * MINUTE +
      Number(seconds) * SECOND +
      Math.floor(Number(fraction.padEnd(7, '0')) / 10),
  );
}

/** A whole number of seconds, as IIS and ASP.NET write some of theirs. */
export function wholeSeconds(text: string): number | undefined {
  return /^\d{1,12}$/.test(text.trim()) ? exact(Number(text) * SECOND) : undefined;
}

/** `4096`, `8k`, `1m`, `10MB`, `1GiB`; k is 1024, but in MB and GB (Go's words) 1000. */
export function sizeBytes(text: string): number | undefined {
  const match = /^(\d{1,15})(?:([kmg])(i?b)?|b)?$/i.exec(text);
  if (match === null) return undefined;
  const power = match[2] === undefined ? 0 : ' kmg'.indexOf(match[2].toLowerCase());
  return exact(Number(match[1]) * (match[3]?.toLowerCase() === 'b' ? 1_000 : 1_024) ** power);
}

/** The numbers of a value of a certain kind, ready to be spread. */
export function numbersOf(
  text: string,
  kind: ValueKind,
  readTime: TimeReader,
): { readonly valueUs?: number; readonly count?: number } {
  switch (kind) {
    case 'time': {
      const valueUs = readTime(text);
      return valueUs === undefined ? {} : { valueUs };
    }
    case 'count':
      return /^\d{1,15}$/.test(text.trim()) ? { count: Number(text) } : {};
    case 'bytes': {
      const count = sizeBytes(text);
      return count === undefined ? {} : { count };
    }
    case 'switch':
      return /^(on|off|true|false|yes|no)$/i.test(text) ? { count: /^(on|true|yes)$/i.test(text) ? 1 : 0 } : {};
    case 'text':
      return {};
    default:
      return kind satisfies never;
  }
}

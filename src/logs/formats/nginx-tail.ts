/** What nginx lines carry behind the combined format when nobody says what it is. */

import { pairsIn } from './clf-pairs.ts';
import { secondsUs, textSecondsUs } from './clf-time.ts';

/**
 * Keys that nginx's documentation, its blog and most published configurations use for these variables; keys that are named like a variable
 * mean it. What does not look like a value of the variable is not taken for it.
 */
const MEANINGS: Readonly<Record<string, string>> = {
  rt: 'request_time',
  urt: 'upstream_response_time',
  uct: 'upstream_connect_time',
  uht: 'upstream_header_time',
  ua: 'upstream_addr',
  us: 'upstream_status',
  ubr: 'upstream_bytes_received',
  rid: 'request_id',
  conn: 'connection',
};

const TIME_LIST = /^(?:-|\d+\.\d+)(?:(?:, | : )(?:-|\d+\.\d+))*$/;
const SHAPES: Readonly<Record<string, RegExp>> = {
  request_time: /^\d+\.\d+$/,
  msec: /^\d+\.\d{3}$/,
  upstream_response_time: TIME_LIST,
  upstream_connect_time: TIME_LIST,
  upstream_header_time: TIME_LIST,
  upstream_addr: /^(?:-|[^\s,"]+)(?:(?:, | : )[^\s,"]+)*$/,
  upstream_status: /^(?:-|\d{3})(?:(?:, | : )(?:-|\d{3}))*$/,
  upstream_bytes_received: /^(?:-|\d+)(?:(?:, | : )(?:-|\d+))*$/,
  upstream_cache_status: /^[A-Z-]+$/,
  request_id: /^[0-9a-f]{32}$/,
  connection: /^\d+(?:\/\d+)?$/,
};

/** Variables by name, and pairs that are none under their own key. */
export function tailValues(tail: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const [key, value] of pairsIn(tail)) {
    const meaning = Object.hasOwn(MEANINGS, key) ? (MEANINGS[key] as string) : key;
    const shape = Object.hasOwn(SHAPES, meaning) ? SHAPES[meaning] : undefined;
    const isOther = shape !== undefined && !shape.test(value);
    const name = isOther ? key : meaning;
    if ((value === '-' || value === '') && name !== 'upstream_addr') continue;
    if (!values.has(name)) values.set(name, name === 'connection' ? value.replace(/\/.*$/, '') : value);
  }
  return values;
}

/** How many of the usual keys a tail has, with values of the right shape. */
export function usualKeys(tail: string): number {
  let count = 0;
  for (const [key, value] of pairsIn(tail)) {
    const meaning = Object.hasOwn(MEANINGS, key) ? (MEANINGS[key] as string) : '';
    if (meaning !== '' && SHAPES[meaning]?.test(value) === true) count++;
  }
  return count;
}

/** Duration in ` rt=0.001` or ` request_time=0.001` in a tail, without making texts; -1 when there is none. */
export function tailDurationUs(buffer: Buffer, start: number, end: number): number {
  for (let at = start; at + 4 < end; at++) {
    if (buffer[at] !== 32) continue;
    const value = isKey(buffer, at + 1, end, RT) ? at + 4 : isKey(buffer, at + 1, end, REQUEST_TIME) ? at + 14 : -1;
    if (value < 0) continue;
    const from = buffer[value] === 34 ? value + 1 : value;
    let stop = from;
    while (stop < end && buffer[stop] !== 32 && buffer[stop] !== 34) stop++;
    return buffer.subarray(from, stop).includes(46) ? secondsUs(buffer, from, stop) : -1;
  }
  return -1;
}

const RT = Buffer.from('rt=');
const REQUEST_TIME = Buffer.from('request_time=');

function isKey(buffer: Buffer, at: number, end: number, key: Buffer): boolean {
  if (at + key.length >= end) return false;
  for (let i = 0; i < key.length; i++) if (buffer[at + i] !== key[i]) return false;
  return true;
}

/** `$msec` of a tail as µs. */
export function tailTimeUs(values: ReadonlyMap<string, string>): number | undefined {
  const text = values.get('msec');
  return text !== undefined && /^\d+\.\d{3}$/.test(text) ? textSecondsUs(text) : undefined;
}

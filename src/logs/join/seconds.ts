/** Sets of seconds, to choose lines by their time alone, before anything of them is made a string. */

export type SecondSet = { has(second: number): boolean; readonly size: number };

/** All seconds within `marginSec` of the moments (µs since 1970). */
export function secondsAround(
  spans: readonly { readonly fromUs: number; readonly toUs: number }[],
  marginSec: number,
): SecondSet {
  const seconds = new Set<number>();
  for (const { fromUs, toUs } of spans) {
    const last = Math.floor(toUs / 1e6) + marginSec;
    for (let second = Math.floor(fromUs / 1e6) - marginSec; second <= last; second++) seconds.add(second);
  }
  return seconds;
}

const QUARTER_HOUR_SEC = 900;
/** Three windows of 6 s in each quarter of an hour: 2 % of the lines. */
const WINDOW_SEC = 6;
const WINDOWS_AT = [101, 407, 733];

/**
 * The same seconds on every host, for a sample of ordinary requests. They repeat each quarter of an hour, so that hosts whose logs are in
 * different time zones keep the same requests; they are windows, so that clocks a few seconds apart still share most of them.
 */
export function isSampleSecond(second: number): boolean {
  const within = second % QUARTER_HOUR_SEC;
  return WINDOWS_AT.some((from) => within >= from && within < from + WINDOW_SEC);
}

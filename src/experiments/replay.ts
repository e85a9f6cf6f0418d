/** Moments of a log as due times, within the limits of a profile. Pure. */
import { US_PER_SEC } from '../model/time.ts';

export type Replayed = {
  readonly dueUs: readonly number[];
  /** Due within the time, and left out because the second before them was full. */
  readonly aboveRate: number;
  /** Due within the time, and left out because enough were due already. */
  readonly aboveCount: number;
};

export type ReplayBounds = { readonly durationUs: number; readonly mostPerSec: number; readonly mostCount: number };

/**
 * Moments (µs, ascending from 0) at `speed`, as long as `durationUs` lasts. No second, wherever it begins, has more than
 * `mostPerSec`, but one: what was a crowd in the log stays one up to there, and nothing is moved.
 */
export function replayTimes(timesUs: readonly number[], speed: number, bounds: ReplayBounds): Replayed {
  const perSecond = Math.max(1, Math.floor(bounds.mostPerSec));
  // Below one in a second the gap is what keeps the limit.
  const leastGapUs = bounds.mostPerSec < 1 ? US_PER_SEC / bounds.mostPerSec : 0;
  const dueUs: number[] = [];
  let aboveRate = 0;
  let aboveCount = 0;
  for (const timeUs of timesUs) {
    const at = Math.round(timeUs / speed);
    if (at >= bounds.durationUs) break;
    const before = dueUs[dueUs.length - perSecond];
    const last = dueUs.at(-1);
    const isCrowded = before !== undefined && at - before < US_PER_SEC;
    if (isCrowded || (last !== undefined && at - last < leastGapUs)) aboveRate++;
    else if (dueUs.length >= bounds.mostCount) aboveCount++;
    else dueUs.push(at);
  }
  return { dueUs, aboveRate, aboveCount };
}

/** The most requests within a second, wherever it begins. */
export function busiestSecond(dueUs: readonly number[]): number {
  let most = 0;
  let from = 0;
  for (let i = 0; i < dueUs.length; i++) {
    while ((dueUs[i] as number) - (dueUs[from] as number) >= US_PER_SEC) from++;
    most = Math.max(most, i - from + 1);
  }
  return most;
}

/**
 * The moments as positions: how many requests would be due by then at the log's mean rate. A steady stream gives 0, 1, 2, …; crowds
 * and pauses stay what they were against the mean. Begins again where the log is shorter than `count`.
 */
export function* positionsOf(timesUs: readonly number[], count: number): Generator<number> {
  const n = timesUs.length;
  const spanUs = (timesUs.at(-1) ?? 0) * (n / Math.max(1, n - 1));
  for (let i = 0; i < count; i++) {
    const round = Math.floor(i / n);
    yield spanUs === 0 ? i : round * n + ((timesUs[i % n] as number) / spanUs) * n;
  }
}

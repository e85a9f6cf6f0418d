/** Where in a history to look for a change, and how much of it must be there: the same for latency and for errors. */
import { changePoints } from '../analysis/change-points.ts';
import { historyBeginUs } from '../analysis/history-blocks.ts';
import type { HistoryEvidence } from '../model/history.ts';
import { LEVEL_US } from '../model/history.ts';
import type { Random } from '../model/time.ts';

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;
/** Methods C.9: change points need 20 stretches; and the search takes the square of their number: 240 take some 0.1 s. */
const LEAST_BLOCKS = 20;
const MOST_BLOCKS = 240;
/** Stretches after a change before it counts as one that stays: six hours of hourly ones. Below is an incident. */
export const LEAST_AFTER = 6;

/** Stretches that divide a day, so that the same hour of another day is one as well. */
const BLOCKS_US = [1, 3, 6, 24].map((hours) => hours * HOUR_US);

/** Hours for up to ten days that were watched, however far back is looked; longer stretches for more. */
export function changeBlockUs(history: HistoryEvidence): number {
  const watchedUs = history.toAtUs - historyBeginUs(history);
  return (
    BLOCKS_US.find((us) => us >= LEVEL_US[history.level] && watchedUs / us <= MOST_BLOCKS) ?? BLOCKS_US.at(-1) ?? DAY_US
  );
}

/** What is missing for telling a change from the time of day; undefined where there is enough. */
export function missingForChange(
  startsAtUs: readonly number[],
  blockUs: number,
): { readonly need: string; readonly have: string } | undefined {
  const need = 'a day before a change and six hours after it, which tell it from the time of day: 30 h of history';
  const [first = 0, last = 0] = [startsAtUs[0], startsAtUs.at(-1)];
  const spanUs = startsAtUs.length === 0 ? 0 : last - first + blockUs;
  if (startsAtUs.length >= LEAST_BLOCKS && spanUs >= DAY_US + LEAST_AFTER * blockUs) return undefined;
  return { need, have: `${Math.round(spanUs / HOUR_US)} h` };
}

/**
 * Starts of the stretches at which a series changes, as far as a day of it lies before and enough after. Not yet told
 * from the course of the day.
 */
export function changePlaces(
  points: readonly { readonly atUs: number; readonly value: number }[],
  blockUs: number,
  random: Random,
): readonly { readonly atUs: number; readonly lastBeforeAtUs: number }[] {
  const firstAtUs = points[0]?.atUs ?? 0;
  return changePoints(
    points.map(({ value }) => value),
    random,
  ).flatMap(({ index }) => {
    const atUs = points[index]?.atUs ?? 0;
    const isEnough = atUs - firstAtUs >= DAY_US && points.length - index >= LEAST_AFTER;
    return isEnough ? [{ atUs, lastBeforeAtUs: points[index - 1]?.atUs ?? atUs - blockUs }] : [];
  });
}

/** Minute and zone, for a title. */
export function stampOf(atUs: number): string {
  return `${new Date(atUs / 1_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

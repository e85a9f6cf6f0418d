/** An axis of wall time, in UTC as logs are. Positions are seconds since its begin: µs since 1970 have more digits than axes keep. */
import type { Scale, Tick } from './scale.ts';

const SECOND_US = 1_000_000;
const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;
/** Steps that clocks and calendars have. */
const STEPS_S = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE_S),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR_S),
  ...[1, 2, 7, 14, 28, 56, 112, 364].map((n) => n * DAY_S),
];

/** Times `AtUs` are µs since 1970; `tickCount` is about how many ticks fit. */
export function createTimeScale(fromAtUs: number, toAtUs: number, tickCount: number): Scale {
  const lengthS = Math.max(1, (toAtUs - fromAtUs) / SECOND_US);
  const stepS = STEPS_S.find((step) => lengthS / step <= tickCount) ?? DAY_S * 364;
  const fromS = fromAtUs / SECOND_US;
  const ticks: Tick[] = [];
  for (let atS = Math.ceil(fromS / stepS) * stepS; atS <= fromS + lengthS; atS += stepS) {
    ticks.push({ at: atS - fromS, label: tickLabel(atS, stepS) });
  }
  return {
    title: 'UTC',
    place: (atUs) => (Number.isFinite(atUs) ? (atUs - fromAtUs) / SECOND_US : undefined),
    low: 0,
    high: lengthS,
    ticks,
  };
}

/** The time of day; the date where the day begins, or where ticks are days apart. */
function tickLabel(atS: number, stepS: number): string {
  const iso = new Date(atS * 1_000).toISOString();
  const isDay = stepS >= DAY_S || atS % DAY_S === 0;
  return isDay ? iso.slice(5, 10) : iso.slice(11, 16);
}

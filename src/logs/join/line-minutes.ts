/** Counts of one source per minute. */
import type { LogMinute } from '../../model/journey.ts';

const MINUTE_US = 60_000_000;
/** A day and a half of minutes; a longer log is told in coarser steps. */
const MAX_MINUTES = 2_160;

/** Counts per minute, or per 2, 4, 8 … minutes where the log is long. */
export function countMinutes() {
  const bins = new Map<number, { count: number; failed: number }>();
  let widthUs = MINUTE_US;
  const widen = (): void => {
    widthUs *= 2;
    const old = [...bins];
    bins.clear();
    for (const [key, { count, failed }] of old) {
      const wideKey = Math.floor(key / 2);
      const wide = bins.get(wideKey) ?? { count: 0, failed: 0 };
      bins.set(wideKey, { count: wide.count + count, failed: wide.failed + failed });
    }
  };
  let lastKey = Number.NaN;
  let last = { count: 0, failed: 0 };
  return {
    add(atUs: number, failed: boolean): void {
      let key = Math.floor(atUs / widthUs);
      if (key !== lastKey) {
        while (bins.size >= MAX_MINUTES && !bins.has(key)) {
          widen();
          key = Math.floor(atUs / widthUs);
        }
        last = bins.get(key) ?? { count: 0, failed: 0 };
        bins.set(key, last);
        lastKey = key;
      }
      last.count++;
      if (failed) last.failed++;
    },
    all: (): LogMinute[] =>
      [...bins]
        .map(([key, { count, failed }]) => ({
          atUs: key * widthUs,
          ...(widthUs === MINUTE_US ? {} : { lengthUs: widthUs }),
          count,
          failed,
        }))
        .sort((a, b) => a.atUs - b.atUs),
  };
}

/** First requests after a pause or a header block, each with the time that the next one took. */
import type { AfterGap } from '../../model/journey.ts';
import type { Stamp } from '../../model/log.ts';
import type { Row } from '../format.ts';

/** IIS ends idle applications after 20 min by default, other hosts after 5 to 15: shorter pauses are not of interest here. */
const GAP_US = 240_000_000;
const MAX_GAPS = 2_000;
/** What comes later than this is no longer compared with the first one: it may be after another pause. */
const NEXT_WITHIN_US = 60_000_000;

export function findGaps(source: number, stamp: Stamp) {
  const found: (Omit<AfterGap, 'nextUs'> & { nextUs?: number })[] = [];
  let lastEndUs = Number.NaN;
  let open: { nextUs?: number; readonly atUs: number } | undefined;
  return {
    /** True: this line ended a pause, or stands behind a header block. */
    add({ atUs, durationUs }: Row, line: number, isNewBlock: boolean): boolean {
      if (open !== undefined && durationUs >= 0) {
        if (atUs - open.atUs <= NEXT_WITHIN_US) open.nextUs = durationUs;
        open = undefined;
      }
      const lengthUs = durationUs > 0 ? durationUs : 0;
      const startUs = stamp === 'end' ? atUs - lengthUs : atUs;
      const endUs = stamp === 'end' ? atUs : atUs + lengthUs;
      const gapUs = startUs - lastEndUs;
      if (!(endUs <= lastEndUs)) lastEndUs = endUs;
      const isWanted = gapUs >= GAP_US || (isNewBlock && !Number.isNaN(gapUs));
      if (!isWanted || durationUs < 0 || found.length >= MAX_GAPS) return false;
      const block = isNewBlock ? { isNewBlock } : {};
      // Requests that overlap leave no pause.
      const gap = { source, line, atUs, gapUs: Math.max(0, gapUs), durationUs, ...block };
      found.push(gap);
      open = gap;
      return true;
    },
    all: (): readonly AfterGap[] => found,
  };
}

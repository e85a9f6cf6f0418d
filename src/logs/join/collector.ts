/** Looks at every line of one source, counts all, and keeps what the join needs. Memory does not grow with the log. */
import type { AfterGap, LogClass, LogMinute } from '../../model/journey.ts';
import type { LogFormatId, PlacedEntry, Stamp } from '../../model/log.ts';
import type { Random } from '../../model/time.ts';
import type { Row } from '../format.ts';
import { countDurations, type DurationCounts } from './duration-counts.ts';
import type { Kept, KeptEntry } from './kept-room.ts';
import { createChoice } from './line-choice.ts';
import { isFailed } from './line-classes.ts';
import { findGaps } from './line-gaps.ts';
import { countMinutes } from './line-minutes.ts';
import type { SecondSet } from './seconds.ts';

export type { Kept, KeptEntry } from './kept-room.ts';
export { isFailed } from './line-classes.ts';

export type CollectorOptions = {
  readonly source: number;
  readonly random: Random;
  readonly format: LogFormatId;
  readonly stamp: Stamp;
  /** Lines are not requests of their own but details of some: error logs, HTTPERR, traces, events. All are kept, up to a cap. */
  readonly isDetails: boolean;
  /** Seconds (by this source's clock) in which lines are wanted, because a failure elsewhere may belong to them. */
  readonly near?: SecondSet;
  /** Paths of those failures; of other paths nothing is kept for being near. */
  readonly nearPaths?: ReadonlySet<string>;
  /** Probe ids that are looked for; undefined: any, up to a cap. */
  readonly probeIds?: ReadonlySet<string>;
  /** Nothing before or after (µs since 1970) is counted. */
  readonly sinceUs?: number;
  readonly untilUs?: number;
  /** Memory for kept lines. */
  readonly maxBytes: number;
};

export type Collected = {
  readonly kept: readonly KeptEntry[];
  readonly classes: readonly LogClass[];
  readonly minutes: readonly LogMinute[];
  readonly okDurations: DurationCounts;
  readonly afterGaps: readonly AfterGap[];
  readonly counted: number;
  readonly probeLines: number;
  /** Lines that were wanted but had no more room, by reason. */
  readonly dropped: Readonly<Partial<Record<Kept, number>>>;
  /**
   * Every line about this path in this time (µs, own clock) was kept: one that is not among the kept is not in the log. `isFailure`: every
   * failed one.
   */
  covers(fromUs: number, toUs: number, path: string | undefined, isFailure?: boolean): boolean;
};

export type Collector = {
  /** True: hand in the whole entry by `entry`. */
  row(row: Row, line: number, isProbe: boolean, isNewBlock: boolean): boolean;
  entry(entry: PlacedEntry): void;
  end(): Collected;
};

export function createCollector(options: CollectorOptions): Collector {
  const { isDetails } = options;
  const { sinceUs = Number.NEGATIVE_INFINITY, untilUs = Number.POSITIVE_INFINITY } = options;
  // HAProxy writes -1 where the connection ended before any status; elsewhere the column is just not logged.
  const failsWithoutStatus = options.format === 'haproxy';
  const choice = createChoice(options);
  const { classes } = choice;
  const minutes = countMinutes();
  const okDurations = countDurations();
  const gaps = findGaps(options.source, options.stamp);
  let counted = 0;
  let probeLines = 0;

  return {
    row(row, line, isProbe, isNewBlock) {
      choice.clear();
      const { atUs } = row;
      if (!(atUs >= sinceUs && atUs <= untilUs)) return false;
      counted++;
      choice.begin(Math.floor(atUs / 1_000_000), counted);
      if (isProbe) probeLines++;
      if (isDetails || (row.status < 0 && row.durationUs < 0)) return choice.want(isProbe ? 'probe' : 'detail');
      const failed = isFailed(row) || (failsWithoutStatus && row.status < 0);
      minutes.add(atUs, failed);
      const isAfterGap = gaps.add(row, line, isNewBlock);
      const into = classes.count(row);
      if (!isProbe && !failed && row.durationUs >= 0) okDurations.add(row.durationUs);
      return choice.wantAccess(row, into, { isProbe, failed, isAfterGap });
    },
    entry: choice.keep,
    end: () => ({
      kept: choice.kept(),
      classes: classes.summaries(),
      minutes: minutes.all(),
      okDurations,
      afterGaps: gaps.all(),
      counted,
      probeLines,
      dropped: choice.dropped,
      covers: choice.covers,
    }),
  };
}

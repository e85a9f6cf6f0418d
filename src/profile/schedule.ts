/** When the monitor asks: the written keys `schedule` and `maintenance` with their defaults filled in. */
import type { MaintenanceSpec, QuietSpec, ScheduleSpec } from '../model/profile.ts';
import { US_PER_MS, US_PER_SEC } from '../model/time.ts';
import { present } from './parsed.ts';
import type { WrittenProfile } from './shape.ts';

/**
 * 30 s: a failure that lasts a minute is seen twice, and a year of one farm with 8 members stays under 1 GB of history. The
 * whole interval as jitter makes one random instant in each: what comes every minute or hour is hit in proportion.
 */
const DEFAULT_EVERY_US = 30 * US_PER_SEC;
const DEFAULT_JITTER_RATIO = 1;

/**
 * The hours with the least traffic of an office's day. 45 min is more than twice the idle timeout of IIS (20 min), and short
 * enough for three windows in a night while the threshold is still unknown.
 */
const DEFAULT_QUIET: QuietSpec = { fromMinute: 120, toMinute: 300, windows: 3, longestUs: 45 * 60 * US_PER_SEC };

export const DEFAULT_SCHEDULE: ScheduleSpec = {
  rhythm: { kind: 'every', everyUs: DEFAULT_EVERY_US, jitterRatio: DEFAULT_JITTER_RATIO },
  quiet: DEFAULT_QUIET,
  heavier: [],
};

/** Without `every` and `cron` the shape is refused before. */
export function scheduleOf(written: NonNullable<WrittenProfile['schedule']>): ScheduleSpec {
  const { every, cron, jitter, timezone, quiet, heavier } = written;
  return present({
    rhythm:
      cron === undefined
        ? {
            kind: 'every' as const,
            everyUs: every ?? DEFAULT_EVERY_US,
            jitterRatio: jitter ?? DEFAULT_JITTER_RATIO,
          }
        : { kind: 'cron' as const, cron, jitterRatio: jitter ?? 0 },
    timezone,
    quiet: {
      fromMinute: minuteOf(quiet?.from) ?? DEFAULT_QUIET.fromMinute,
      toMinute: minuteOf(quiet?.to) ?? DEFAULT_QUIET.toMinute,
      windows: quiet?.windows ?? DEFAULT_QUIET.windows,
      longestUs: quiet?.longest ?? DEFAULT_QUIET.longestUs,
    },
    heavier: [heavier ?? []].flat().map(({ cron: when, experiments }) => ({
      cron: when,
      experiments: [experiments].flat(),
    })),
  });
}

type WrittenMaintenance = NonNullable<WrittenProfile['maintenance']>;

export function maintenanceOf(written: Extract<WrittenMaintenance, readonly unknown[]>[number]): MaintenanceSpec {
  const { from, to, cron, for: durationUs, timezone, reason } = written;
  return cron === undefined
    ? present({ kind: 'once' as const, fromAtUs: momentUs(from), toAtUs: momentUs(to), reason })
    : present({ kind: 'cron' as const, cron, durationUs: durationUs ?? 0, timezone, reason });
}

function momentUs(text: string | undefined): number {
  return Date.parse(text ?? '') * US_PER_MS;
}

function minuteOf(time: string | undefined): number | undefined {
  if (time === undefined) return undefined;
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}

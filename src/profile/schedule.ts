/** When the monitor asks, and whom it tells: the written keys `schedule`, `maintenance` and `alerts` with their defaults filled in. */
import { type AlertSettings, DEFAULT_SCHEDULE, type MaintenanceSpec, type ScheduleSpec } from '../model/profile.ts';
import { US_PER_MS } from '../model/time.ts';
import { present } from './parsed.ts';
import type { WrittenProfile } from './shape.ts';

/** Without `every` and `cron` the shape is refused before. */
export function scheduleOf(written: NonNullable<WrittenProfile['schedule']>): ScheduleSpec {
  const { every, cron, jitter, timezone, quiet, heavier } = written;
  const { rhythm, quiet: night } = DEFAULT_SCHEDULE;
  return present({
    rhythm:
      cron === undefined
        ? {
            ...rhythm,
            ...(every === undefined ? {} : { everyUs: every }),
            ...(jitter === undefined ? {} : { jitterRatio: jitter }),
          }
        : { kind: 'cron' as const, cron, jitterRatio: jitter ?? 0 },
    timezone,
    quiet: {
      fromMinute: minuteOf(quiet?.from) ?? night.fromMinute,
      toMinute: minuteOf(quiet?.to) ?? night.toMinute,
      windows: quiet?.windows ?? night.windows,
      longestUs: quiet?.longest ?? night.longestUs,
    },
    heavier: [heavier ?? []].flat().map(({ cron: when, experiments }) => ({
      cron: when,
      experiments: [experiments].flat(),
    })),
  });
}

export function alertsOf(written: NonNullable<WrittenProfile['alerts']>): AlertSettings {
  const { from, after, repeat, webhook, alertmanager } = written;
  return present({
    from: from ?? 'warning',
    after: after ?? 1,
    repeatUs: repeat,
    webhook:
      webhook === undefined
        ? undefined
        : { url: webhook.url, template: webhook.template ?? 'generic', headers: { ...webhook.headers } },
    alertmanagerUrl: alertmanager?.url,
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

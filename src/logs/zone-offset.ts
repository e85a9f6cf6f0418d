/** Offsets that look like a time zone. */
import type { LogFormatId } from '../model/log.ts';

/** Time zones are whole quarters of an hour apart (IANA); a clock that is wrong by chance is hardly ever. */
const QUARTER_HOUR_US = 900_000_000;
/** The furthest from UTC (Pacific/Kiritimati, +14:00). */
const MOST_QUARTERS = 56;

/** Whole quarters of an hour that an offset (µs) is within `slackUs` of; 0 where it is near none, or further than any zone. */
export function quarterHours(offsetUs: number, slackUs: number): number {
  const quarters = Math.round(offsetUs / QUARTER_HOUR_US);
  const isNear = Math.abs(offsetUs - quarters * QUARTER_HOUR_US) <= slackUs;
  return isNear && Math.abs(quarters) <= MOST_QUARTERS ? quarters : 0;
}

/** `+02:00`, as `timezone` takes it. */
export function zoneText(quarters: number): string {
  const minutes = Math.abs(quarters) * 15;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${quarters < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Formats whose times do not always say their zone, so that the user can; Apache's may be a pattern without one. */
const WITHOUT_ZONE: readonly LogFormatId[] = [
  'iis-native',
  'nginx-error',
  'apache',
  'apache-error',
  'haproxy',
  'caddy',
];

/** Whether `timezone` changes what is read. */
export function takesZone(format: LogFormatId): boolean {
  return WITHOUT_ZONE.includes(format);
}

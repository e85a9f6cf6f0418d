/** Prometheus cannot run on a faster clock: its rules can wait and look back for so much less. Pure. */
import type { Scale } from './scaled-clock.ts';

const MS_OF_UNIT: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Nothing is shorter: Prometheus takes whole milliseconds. */
const LEAST_MS = 1;

/**
 * The shipped rules for a clock that runs so much faster: what stands after `for:` and in `[…]` is divided by it, and `time()` is
 * the time of the lab, because the monitor's instants are. Nothing else is touched.
 */
export function scaledRules(rules: string, { anchorMs, labStartMs, speed }: Scale): string {
  const scaled = (count: string, unit: string): string =>
    `${Math.max(LEAST_MS, Math.round((Number(count) * (MS_OF_UNIT[unit] ?? 0)) / speed))}ms`;
  const lab = `(${labStartMs / 1_000} + (time() - ${anchorMs / 1_000}) * ${speed})`;
  return rules
    .replaceAll(/^( +for: )(\d+)([smhd])$/gm, (_, head: string, count, unit) => `${head}${scaled(count, unit)}`)
    .replaceAll(/\[(\d+)([smhd])\]/g, (_, count, unit) => `[${scaled(count, unit)}]`)
    .replaceAll('time()', lab);
}

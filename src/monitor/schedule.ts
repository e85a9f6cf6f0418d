/** When rounds are due. Pure but for the library that reads cron lines. */
import { Cron } from 'croner';
import { UserError } from '../errors.ts';
import type { ScheduleSpec } from '../model/profile.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { type Random, US_PER_MS, US_PER_SEC } from '../model/time.ts';

/** Due times, all from a seed: asked twice, the same answer. */
export type Rhythm = {
  /** In words, for people. */
  readonly text: string;
  /** Undefined for a cron line. */
  readonly intervalUs?: number;
  /** The first due time after `afterAtUs` (µs since 1970); undefined when a cron line has no further one. */
  next(afterAtUs: number): number | undefined;
};

/**
 * One random instant in each interval (stratified: the share of time that something is wrong is estimated without bias, and
 * with less variance than at random over the whole), from a random begin: never in step with what runs at full minutes.
 */
export function everyRhythm(everyUs: number, jitterRatio: number, random: Random): Rhythm {
  const phaseUs = Math.round(random.fork('phase').next() * everyUs);
  const instant = (k: number): number => {
    const share = (1 - jitterRatio) / 2 + jitterRatio * random.fork(`interval ${k}`).next();
    return Math.round(phaseUs + (k + share) * everyUs);
  };
  return {
    text: `every ${formatDuration(everyUs)}${jitterRatio === 1 ? '' : `, moved by up to ${formatRatio(jitterRatio)} of it`}`,
    intervalUs: everyUs,
    next(afterAtUs) {
      let k = Math.floor((afterAtUs - phaseUs) / everyUs);
      while (instant(k) <= afterAtUs) k++;
      return instant(k);
    },
  };
}

/** Throws `UserError` for a line that is none. */
export function cronRhythm(line: string, timezone: string | undefined, jitterRatio: number, random: Random): Rhythm {
  const cron = readCron(line, timezone);
  const moved = (atUs: number): number => {
    const afterUs = nextOf(cron, atUs);
    if (jitterRatio === 0 || afterUs === undefined) return atUs;
    return Math.round(atUs + random.fork(`cron ${atUs}`).next() * jitterRatio * (afterUs - atUs));
  };
  return {
    text: `cron ${line.trim()}${timezone === undefined ? '' : ` (${timezone})`}`,
    next(afterAtUs) {
      // A begin that lies before may have been moved beyond.
      const earlier = jitterRatio === 0 ? undefined : previousOf(cron, afterAtUs);
      if (earlier !== undefined && moved(earlier) > afterAtUs) return moved(earlier);
      const atUs = nextOf(cron, afterAtUs);
      return atUs === undefined ? undefined : moved(atUs);
    },
  };
}

export function rhythmOf({ rhythm, timezone }: ScheduleSpec, random: Random): Rhythm {
  return rhythm.kind === 'every'
    ? everyRhythm(rhythm.everyUs, rhythm.jitterRatio, random)
    : cronRhythm(rhythm.cron, timezone, rhythm.jitterRatio, random);
}

/**
 * A sixth of the interval: with 30 s, 5 s, which is how exactly the end of a spell is known. 5 s at least: one round on 9
 * routes is then 2 requests per second. A minute at most, for cron lines of hours.
 */
const FASTER = { part: 6, leastUs: 5 * US_PER_SEC, mostUs: 60 * US_PER_SEC } as const;

/** While something is wrong; never slower than the profile's own. */
export function fasterRhythm(ordinary: Rhythm, atUs: number, random: Random): Rhythm {
  const first = ordinary.next(atUs);
  const second = first === undefined ? undefined : ordinary.next(first);
  const gapUs =
    ordinary.intervalUs ?? (first === undefined || second === undefined ? FASTER.mostUs * FASTER.part : second - first);
  const wishedUs = Math.min(FASTER.mostUs, Math.max(FASTER.leastUs, gapUs / FASTER.part));
  return everyRhythm(Math.round(Math.min(gapUs, wishedUs)), 1, random.fork('faster'));
}

/**
 * The due time that is served when the monitor is free at `nowAtUs` after `lastDueAtUs`, and how many before it are left
 * out: rounds never overlap, and what came due meanwhile is not sent in a heap.
 */
export function nextDue(
  rhythm: Rhythm,
  lastDueAtUs: number,
  nowAtUs: number,
): { readonly dueAtUs: number | undefined; readonly leftOut: number } {
  let dueAtUs = rhythm.next(lastDueAtUs);
  let leftOut = 0;
  while (dueAtUs !== undefined) {
    const later = rhythm.next(dueAtUs);
    if (later === undefined || later > nowAtUs) break;
    dueAtUs = later;
    leftOut++;
  }
  return { dueAtUs, leftOut };
}

/** A night of local time: the one that lasts at `atUs`, or the next. */
export type Night = { readonly fromAtUs: number; readonly toAtUs: number };

export function nightAt(
  { fromMinute, toMinute }: { readonly fromMinute: number; readonly toMinute: number },
  timezone: string | undefined,
  atUs: number,
): Night | undefined {
  const begin = readCron(`${fromMinute % 60} ${Math.floor(fromMinute / 60)} * * *`, timezone);
  const end = readCron(`${toMinute % 60} ${Math.floor(toMinute / 60)} * * *`, timezone);
  const endAtUs = nextOf(end, atUs);
  if (endAtUs === undefined) return undefined;
  const begunAtUs = previousOf(begin, atUs + US_PER_SEC);
  const lastEndAtUs = previousOf(end, atUs + US_PER_SEC);
  // It lasts if it began after the last one ended.
  if (begunAtUs !== undefined && (lastEndAtUs === undefined || begunAtUs > lastEndAtUs))
    return { fromAtUs: begunAtUs, toAtUs: endAtUs };
  const fromAtUs = nextOf(begin, atUs);
  const toAtUs = fromAtUs === undefined ? undefined : nextOf(end, fromAtUs);
  return fromAtUs === undefined || toAtUs === undefined ? undefined : { fromAtUs, toAtUs };
}

/** Throws `UserError` for a line that is none, with the library's own words. */
export function readCron(line: string, timezone: string | undefined): Cron {
  try {
    return new Cron(line.trim(), {
      paused: true,
      mode: '5-or-6-parts',
      ...(timezone === undefined ? {} : { timezone }),
    });
  } catch (error) {
    throw new UserError(`no cron line: ${line}`, {
      hint: error instanceof Error ? error.message : String(error),
      cause: error,
    });
  }
}

/** The first begin after `atUs`. Cron lines know seconds: what is less is rounded down by the library. */
export function nextOf(cron: Cron, atUs: number): number | undefined {
  const next = cron.nextRun(new Date(Math.floor(atUs / US_PER_MS)));
  return next === null ? undefined : next.getTime() * US_PER_MS;
}

/** The last begin before `atUs`. */
export function previousOf(cron: Cron, atUs: number): number | undefined {
  const [previous] = cron.previousRuns(1, new Date(Math.floor(atUs / US_PER_MS)));
  return previous === undefined ? undefined : previous.getTime() * US_PER_MS;
}

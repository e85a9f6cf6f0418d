/** What decided requests measure together: the timer, the wait, their share. */
import { proportionInterval } from '../analysis/proportion.ts';
import type { CauseId } from '../model/causes.ts';
import type { Estimate } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import type { DetectorContext } from './detector.ts';
import { type Decided, defaultTimers } from './log-decisions.ts';
import { type Facts, toleranceUs } from './log-facts.ts';

export type Measured = Readonly<Record<string, Estimate>>;

export function measuredOf(
  cause: CauseId,
  items: readonly Decided[],
  context: DetectorContext,
  total: { readonly count: number; readonly all: number } | undefined,
): Measured {
  const errorRatio: Measured = total === undefined ? {} : { errorRatio: shareOf(items, total) };
  // Who is refused does not wait.
  if (cause.startsWith('queue/') && cause !== 'queue/rejected') return { ...waitOf(items), ...errorRatio };
  return cause.startsWith('timeout/') ? { ...timerOf(cause, items, context), ...errorRatio } : errorRatio;
}

/** Counted lines are exact, and the interval is that of chance; of sampled classes how many belong here is uncertain as well. */
function shareOf(
  items: readonly Decided[],
  { count, all }: { readonly count: number; readonly all: number },
): Estimate {
  if (all === 0) return { value: 0 };
  const value = count / all;
  const chance = proportionInterval(count, all);
  const classes = new Map<string, { own: number; of: number; weight: number }>();
  let [low, high] = [0, 0];
  for (const { weight, sampledOf, facts } of items) {
    if (sampledOf === undefined) {
      low++;
      high++;
      continue;
    }
    const key = `${facts.frontLine?.source} ${facts.frontLine?.status} ${facts.frontLine?.substatus} ${facts.frontLine?.win32}`;
    const one = classes.get(key) ?? { own: 0, of: sampledOf, weight };
    one.own++;
    classes.set(key, one);
  }
  for (const { own, of, weight } of classes.values()) {
    // A class of which every kept line belongs here is taken as a whole.
    const interval = own === of ? { low: 1, high: 1 } : proportionInterval(own, of);
    low += interval.low * of * weight;
    high += interval.high * of * weight;
  }
  return { value, low: Math.min(chance.low, low / all), high: Math.min(1, Math.max(chance.high, high / all)) };
}

function timerOf(cause: CauseId, items: readonly Decided[], { gateway }: DetectorContext): Measured {
  const waited = items.flatMap(({ decision }) => decision.waitedUs ?? []).sort((a, b) => a - b);
  const median = waited[Math.floor(waited.length / 2)];
  if (median === undefined) return {};
  // A timer is set to a round number; stamps and scheduling move what is seen by a little, and ARR gives up a little early.
  const timer = defaultTimers(gateway, cause).find(({ us }) => Math.abs(us - median) <= toleranceUs(us));
  const low = waited[Math.floor(0.025 * waited.length)] ?? median;
  const high = waited[Math.ceil(0.975 * waited.length) - 1] ?? median;
  const value = timer?.us ?? median;
  const longest = longestUs(items);
  return {
    timeoutUs: { value, low: Math.min(low, value), high: Math.max(high, value) },
    ...(longest === undefined ? {} : { memberLongestUs: { value: longest } }),
  };
}

/** The longest that a member was at work for one of them. */
export function longestUs(items: readonly Decided[]): number | undefined {
  const longest = Math.max(
    0,
    ...items
      .filter(({ facts }) => facts.memberLine !== 'none' && !facts.isAmbiguous)
      .map(({ facts }) => facts.memberUs ?? 0),
  );
  return longest === 0 ? undefined : longest;
}

function waitOf(items: readonly Decided[]): Measured {
  const waits = items
    .flatMap(({ facts }) => waitedBefore(facts) ?? [])
    .filter((us) => us > 0)
    .sort((a, b) => a - b);
  const median = waits[Math.floor(waits.length / 2)];
  return median === undefined
    ? {}
    : { waitUs: { value: median, low: waits[0] ?? median, high: waits.at(-1) ?? median } };
}

/** Before the member began, where the clocks tell; else all that the member did not take; else what the gateway says of its queue. */
function waitedBefore({ frontUs, memberUs, lateUs, frontLine }: Facts): number | undefined {
  if (lateUs !== undefined && lateUs.value > lateUs.error) return lateUs.value;
  return frontUs === undefined || memberUs === undefined ? (frontLine?.queueUs ?? frontUs) : frontUs - memberUs;
}

export function expectedOf(
  cause: CauseId,
  { timeoutUs }: Measured,
  { gateway }: DetectorContext,
): { readonly expected?: string } {
  if (timeoutUs === undefined) return {};
  const timer = defaultTimers(gateway, cause).find(({ us }) => us === timeoutUs.value);
  return timer === undefined
    ? {}
    : { expected: `${formatDuration(timer.us)} is what ${gateway.title} has unless ${timer.name} is set.` };
}

/** A value that the work would fit into: half as much again as the longest that the member took, in whole seconds. */
export function suggestionOf(items: readonly Decided[]): { readonly suggestedUs?: number } {
  const longest = longestUs(items);
  return longest === undefined ? {} : { suggestedUs: Math.ceil((1.5 * longest) / 1e6) * 1e6 };
}

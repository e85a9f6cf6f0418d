/** Self-checks of what left against what was planned: its spread over time, and the connections that it used. */
import { type DriftFacts, driftStatistic, type InstrumentFacts, type ReuseFacts } from '../model/instrument.ts';
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
import type { ProbeCheck } from '../model/report.ts';
import { memberOf } from '../model/route.ts';

/** Chance strays so far once in 10,000 runs (methods A.5, check 6): √(ln(2 / p) / 2). */
const DRIFT_STATISTIC = Math.sqrt(Math.log(2 / 1e-4) / 2);
/** So many requests may leave in another part of a firing than planned before the answer is another (methods A.5, check 2: 2 %). */
const DRIFT_RATIO = 0.02;
/** One surprise in a hundred (methods A.5, check 20); fewer than this are one bad moment. */
const REPLACED_RATIO = 0.01;
const LEAST_REPLACED = 10;

export function driftChecks({ arrivals }: InstrumentFacts): ProbeCheck[] {
  const drift = arrivals?.drift;
  if (drift === undefined) return [];
  const { due, sent, atUs, lengthUs, dueBefore, sentBefore } = drift;
  const about = { id: 'drift', title: 'the rate within a firing, against an even one' };
  const distance = Math.abs(dueBefore / due - sentBefore / sent);
  const measured = `${formatRatio(distance)} of requests left in another part of it, over ${formatNumber(sent)} requests`;
  if (distance <= DRIFT_RATIO || driftStatistic(drift) <= DRIFT_STATISTIC)
    return [{ ...about, state: 'good', text: measured }];
  const [early, late] = [sentBefore / dueBefore, (sent - sentBefore) / (due - dueBefore)];
  return [
    {
      ...about,
      state: 'caution',
      text: `The load was not even: of the requests that were due in the first ${formatDuration(atUs)} of a firing of ${formatDuration(lengthUs)}, ${shareText(early)} left in that time, and ${shareText(late)} of the later ones after it. ${effectOf(drift)}`,
    },
  ];
}

/** Requests that were late are counted where they left: more than all of them may leave in the second part. */
function shareText(share: number): string {
  return share > 1 ? `${formatRatio(share)} (late ones of before among them)` : formatRatio(share);
}

function effectOf({ due, sent, dueBefore, sentBefore }: DriftFacts): string {
  const [early, late] = [sentBefore / dueBefore, (sent - sentBefore) / (due - dueBefore)];
  return late < early
    ? `What the target showed towards the end it showed at ${formatRatio(late / early)} of the load of the beginning, and quantiles of the whole count the beginning too much.`
    : `What the target showed at the beginning it showed at ${formatRatio(early / late)} of the load of the end, and quantiles of the whole count the end too much.`;
}

export function reuseChecks({ reuse }: InstrumentFacts): ProbeCheck[] {
  if (reuse === undefined) return [];
  const about = { id: 'reuse', title: 'requests whose connection was gone, of those that were to use one at hand' };
  const surprising = reuse.filter(
    (one) => replaced(one) >= LEAST_REPLACED && replaced(one) > REPLACED_RATIO * one.asked,
  );
  if (surprising.length === 0) {
    const asked = reuse.reduce((sum, one) => sum + one.asked, 0);
    const gone = reuse.reduce((sum, one) => sum + replaced(one), 0);
    return [{ ...about, state: 'good', text: `${formatNumber(gone)} of ${formatNumber(asked)}` }];
  }
  return [
    {
      ...about,
      state: 'caution',
      text: `Connections did not last: ${surprising.map(lossText).join('; ')}. Those requests count among new connections; what is said of warm ones rests on the others.`,
    },
  ];
}

function lossText(one: ReuseFacts): string {
  const { route, asked, replacedAfterAnswer, replacedIdle } = one;
  const who = memberOf(route) ?? 'the gateway';
  const ways = [
    ...(replacedAfterAnswer === 0 ? [] : [`${formatNumber(replacedAfterAnswer)} after an answer`]),
    ...(replacedIdle === 0 ? [] : [`${formatNumber(replacedIdle)} while idle`]),
  ];
  return `${who} closed ${ways.join(' and ')}, so ${formatRatio(replaced(one) / asked)} of ${formatNumber(asked)} requests that were to use one at hand had to open one`;
}

function replaced({ replacedAfterAnswer, replacedIdle }: ReuseFacts): number {
  return replacedAfterAnswer + replacedIdle;
}

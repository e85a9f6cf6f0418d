/** Interval and limit → verdict; verdict and profile → what it means for the exit code. */
import type { Estimate } from '../model/finding.ts';
import type { Profile, Threshold } from '../model/profile.ts';
import type { ThresholdResult } from '../model/report.ts';

/** Whether a value keeps the limit. */
export function holds({ comparison, limit }: Pick<Threshold, 'comparison' | 'limit'>, value: number): boolean {
  switch (comparison) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    default:
      return comparison satisfies never;
  }
}

/** Pass or fail only where the whole interval is on one side; an upper bound that is left out is open. */
export function verdictOn(threshold: Threshold, { value, low = value, high }: Estimate): ThresholdResult['verdict'] {
  const atLow = holds(threshold, low);
  const atHigh = high === undefined ? threshold.comparison.startsWith('>') : holds(threshold, high);
  return atLow && atHigh ? 'pass' : !atLow && !atHigh ? 'fail' : 'undecided';
}

export function resultOf(
  { text }: Threshold,
  { onUndecided = 'warn' }: Pick<Profile, 'onUndecided'>,
  judged: Omit<ThresholdResult, 'text' | 'gate'>,
): ThresholdResult {
  if (judged.verdict !== 'undecided') return { text, ...judged, gate: judged.verdict };
  const because = onUndecided === 'fail' ? `${judged.because}; undecided counts as failed here` : judged.because;
  return { text, ...judged, because, gate: onUndecided };
}

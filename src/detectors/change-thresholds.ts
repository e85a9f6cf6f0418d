/** Thresholds on change: judged on the interval of what two runs differ by. */
import type { MetricChange } from '../model/comparison.ts';
import type { Estimate } from '../model/finding.ts';
import type { Profile, Threshold } from '../model/profile.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import type { ThresholdResult } from '../model/report.ts';
import { resultOf, verdictOn } from './threshold-verdict.ts';

type Judged = Omit<ThresholdResult, 'text' | 'gate'>;

/**
 * Every route and request that the threshold is about has to keep it. Each is judged at 95 % on `bounds`, so that a change of the
 * gateway is beyond a limit only where it is so as a factor and as a sum. `invalid`: why a run says nothing.
 */
export function judgeChangeThreshold(
  threshold: Threshold,
  metrics: readonly MetricChange[],
  profile: Pick<Profile, 'onUndecided'>,
  invalid: readonly string[] = [],
): ThresholdResult {
  const unit = threshold.isRelative === true || threshold.metric.kind === 'errors' ? 'ratio' : 'us';
  const undecided = (because: string): ThresholdResult =>
    resultOf(threshold, profile, { verdict: 'undecided', unit, because });
  if (invalid.length > 0) return undecided(`the comparison is not valid: ${invalid.join('; ')}`);
  const about = metrics.filter((metric) => isAbout(threshold, metric));
  if (about.length === 0) return undecided('the two runs have no such requests in common');
  const judged = about.map((metric) => judgeMetric(threshold, metric, unit));
  const order = { fail: 0, undecided: 1, pass: 2 } as const;
  // The worst speaks for all; of equals the largest change.
  const [worst] = judged.toSorted(
    (a, b) => order[a.verdict] - order[b.verdict] || (b.measured?.value ?? 0) - (a.measured?.value ?? 0),
  );
  return worst === undefined ? undecided('nothing was measured') : resultOf(threshold, profile, worst);
}

/** Whether a change belongs to what a threshold names. */
export function isAbout({ subject, metric, request }: Threshold, change: MetricChange): boolean {
  if (subject.kind !== 'change' || (request !== undefined && request !== change.requestName)) return false;
  const isRoute =
    subject.route === 'gateway'
      ? change.route === 'gateway'
      : subject.member === undefined
        ? change.route !== 'gateway'
        : change.route === `direct:${subject.member}`;
  const { what } = change;
  const isSame =
    what.kind === 'quantile' ? metric.kind === 'quantile' && metric.p === what.p : metric.kind === 'errors';
  return isRoute && isSame;
}

function judgeMetric(threshold: Threshold, metric: MetricChange, unit: 'us' | 'ratio'): Judged {
  const { change, bounds, base, route, requestName, needMore } = metric;
  const where = `${requestName} ${route === 'gateway' ? 'through the gateway' : `at ${route.slice('direct:'.length)}, asked directly`}`;
  const isRelative = threshold.isRelative === true;
  if (change === undefined || bounds === undefined || (isRelative && !(base !== undefined && base > 0))) {
    const more = needMore === undefined ? '' : `: about ${needMore} more of each are needed`;
    return { verdict: 'undecided', unit, because: `too few requests for ${where}${more}` };
  }
  const scale = isRelative ? 1 / (base ?? 1) : 1;
  const measured: Estimate = {
    value: change.value * scale,
    low: bounds.low * scale,
    high: bounds.high * scale,
  };
  const verdict = verdictOn(threshold, measured);
  const said = `${signed(measured.value, unit)} (${signed(bounds.low * scale, unit)} to ${signed(bounds.high * scale, unit)}) for ${where}`;
  const limit = unit === 'us' ? formatDuration(threshold.limit) : formatRatio(threshold.limit);
  const because = verdict === 'undecided' ? `${said}: the limit ${limit} lies within the interval` : said;
  return { verdict, measured, unit, because };
}

function signed(value: number, unit: 'us' | 'ratio'): string {
  return `${value > 0 ? '+' : ''}${unit === 'us' ? formatDuration(value) : formatRatio(value)}`;
}

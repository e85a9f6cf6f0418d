/** The user's own thresholds, judged on the interval and not on the point. Those on change are in `change-thresholds.ts`. */
import type { Measures } from '../analysis/measures.ts';
import { proportionInterval } from '../analysis/proportion.ts';
import type { Estimate } from '../model/finding.ts';
import type { Threshold } from '../model/profile.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import type { QuantileEstimate, ThresholdResult } from '../model/report.ts';
import { candidatesOr, type Detection, type Detector, notApplicable } from './detector.ts';
import { closedReason, errorSelections, phaseTimes, routesOf, timeSelection } from './threshold-selection.ts';
import { resultOf, verdictOn } from './threshold-verdict.ts';

function quantileOf(threshold: Threshold, p: number, measures: Measures): QuantileEstimate {
  if (threshold.subject.kind === 'overhead') return measures.overhead(p, threshold.request);
  // "direct p99" without a member means that every member keeps it: the worst is judged.
  const estimates = routesOf(threshold, measures).map((route) =>
    measures.quantile(timeSelection(threshold, route, measures), p),
  );
  return worstOf(estimates);
}

function worstOf(estimates: readonly QuantileEstimate[]): QuantileEstimate {
  return (
    estimates.find(({ state }) => state === 'n/a') ??
    estimates.reduce((worst, estimate) =>
      estimate.state === 'known' && worst.state === 'known' && estimate.value > worst.value ? estimate : worst,
    )
  );
}

/** Pass or fail only where the whole interval is on one side. */
function judge(threshold: Threshold, measured: Estimate, unit: 'us' | 'ratio', measures: Measures): ThresholdResult {
  const { value, low = value, high } = measured;
  const format = unit === 'us' ? formatDuration : formatRatio;
  const range = `${format(value)} (${format(low)}–${high === undefined ? 'open' : format(high)})`;
  const verdict = verdictOn(threshold, measured);
  const because =
    verdict === 'undecided'
      ? `measured ${range}: the limit ${format(threshold.limit)} lies within the interval`
      : `measured ${range}`;
  return resultOf(threshold, measures.profile, { verdict, measured, unit, because });
}

/** A threshold on a change needs two runs: here it is undecided, and says so. */
export function judgeThreshold(threshold: Threshold, measures: Measures): ThresholdResult {
  const { metric } = threshold;
  const undecided = (because: string, unit: 'us' | 'ratio' = 'us'): ThresholdResult =>
    resultOf(threshold, measures.profile, { verdict: 'undecided', unit, because });
  if (threshold.subject.kind === 'change') {
    const unit = threshold.isRelative === true || metric.kind === 'errors' ? 'ratio' : 'us';
    return undecided('needs a baseline: gateprobe run --against <baseline>, or gateprobe diff', unit);
  }
  if (metric.kind === 'errors') {
    const { failed, sent } = errorSelections(threshold, measures)
      .map((selection) => measures.counts(selection))
      .reduce((sum, counts) => ({ failed: sum.failed + counts.failed, sent: sum.sent + counts.sent }), {
        failed: 0,
        sent: 0,
      });
    if (sent === 0) return undecided('nothing was sent', 'ratio');
    return judge(threshold, { value: failed / sent, ...proportionInterval(failed, sent) }, 'ratio', measures);
  }
  const closed = threshold.subject.kind === 'overhead' ? undefined : closedOf(threshold, measures);
  if (closed !== undefined) return undecided(closed);
  if (threshold.phase !== undefined) {
    const times = phaseTimes(threshold, threshold.phase, measures);
    if (typeof times === 'string') return undecided(times);
    if (metric.kind === 'max')
      return judge(threshold, exactly(Math.max(...times.map(({ max }) => max))), 'us', measures);
    return judgeQuantile(threshold, worstOf(times.map(({ quantile }) => quantile(metric.p))), measures);
  }
  if (metric.kind === 'max') {
    const longest = Math.max(
      ...routesOf(threshold, measures).map((route) => measures.times(timeSelection(threshold, route, measures)).max),
    );
    if (!Number.isFinite(longest)) return undecided('nothing was answered');
    return judge(threshold, exactly(longest), 'us', measures);
  }
  return judgeQuantile(threshold, quantileOf(threshold, metric.p, measures), measures);
}

function closedOf(threshold: Threshold, measures: Measures): string | undefined {
  const reasons = routesOf(threshold, measures).map((route) =>
    closedReason(timeSelection(threshold, route, measures), measures),
  );
  return reasons.find((reason) => reason !== undefined);
}

function exactly(value: number): Estimate {
  return { value, low: value, high: value };
}

function judgeQuantile(threshold: Threshold, estimate: QuantileEstimate, measures: Measures): ThresholdResult {
  if (estimate.state === 'n/a') {
    const because = `needs ${estimate.need} independent answers, has ${Math.floor(estimate.have)}`;
    return resultOf(threshold, measures.profile, { verdict: 'undecided', unit: 'us', because });
  }
  const { value, low, high } = estimate;
  return judge(threshold, { value, low, ...(high === undefined ? {} : { high }) }, 'us', measures);
}

/** What the gateway adds is a matter of agreement: it is a finding only where a threshold says so. */
export const overhead: Detector = {
  cause: 'gateway/overhead',
  detect({ measures }): Detection {
    const thresholds = measures.profile.thresholds.filter(({ subject }) => subject.kind === 'overhead');
    if (thresholds.length === 0)
      return notApplicable('no threshold on overhead in the profile (for example: overhead p50 < 15ms)');
    const results = thresholds.map((threshold) => judgeThreshold(threshold, measures));
    const failed = results.filter(({ verdict }) => verdict === 'fail');
    const undecided = results.find(({ verdict }) => verdict === 'undecided');
    if (failed.length === 0 && undecided !== undefined)
      return { state: 'insufficient-data', need: `more slots for "${undecided.text}"`, have: undecided.because };
    return candidatesOr(
      failed.map(({ text, because, measured }) => ({
        cause: 'gateway/overhead' as const,
        scope: { route: 'gateway' as const },
        severity: 'warning' as const,
        confidence: 'likely' as const,
        // The whole interval is beyond an agreed limit; 1e-5 stands for "by agreement", not for a test of ours.
        p: 1e-5,
        title: `The gateway adds more time than agreed: ${because}, agreed was ${text}.`,
        meaning:
          'Measured as the quantile through the gateway minus the same quantile asked directly, in the same slots, on warm connections.',
        measured: measured === undefined ? {} : { overheadUs: measured },
        expected: text,
        exhibits: [],
        rivals: [
          {
            cause: 'member/slow' as const,
            whyNot: 'the same requests were faster when sent directly at the same moment',
          },
        ],
        explains: new Set<number>(),
      })),
      `the gateway adds no more than agreed: ${results.map(({ text }) => text).join(', ')}`,
    );
  },
};

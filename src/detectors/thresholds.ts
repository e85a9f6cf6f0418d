/** The user's own thresholds, judged on the interval and not on the point. */
import type { Measures, Selection } from '../analysis/measures.ts';
import { proportionInterval } from '../analysis/proportion.ts';
import type { Estimate } from '../model/finding.ts';
import type { Threshold } from '../model/profile.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import type { QuantileEstimate, ThresholdResult } from '../model/report.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import { candidatesOr, type Detection, type Detector, notApplicable } from './detector.ts';

/** What the user feels: warm connections, from the due time; slots of compares, else the load of ramps and bursts. */
function latencySelection(route: RouteId | undefined, requestName: string | undefined, measures: Measures): Selection {
  const base: Selection = {
    loop: 'open',
    connection: 'warm',
    cohorts: ['ok'],
    ...(route === undefined ? {} : { route }),
    ...(requestName === undefined ? {} : { requestName }),
  };
  const slots: Selection = { ...base, roles: ['slot'] };
  return measures.counts(slots).ok > 0 ? slots : { ...base, roles: ['load'] };
}

function routesOf(threshold: Threshold, measures: Measures): readonly RouteId[] {
  if (threshold.subject.kind !== 'direct') return [GATEWAY];
  return threshold.subject.member === undefined ? measures.members.map(directTo) : [directTo(threshold.subject.member)];
}

function quantileOf(threshold: Threshold, p: number, measures: Measures): QuantileEstimate {
  if (threshold.subject.kind === 'overhead') return measures.overhead(p, threshold.request);
  // "direct p99" without a member means that every member keeps it: the worst is judged.
  const estimates = routesOf(threshold, measures).map((route) =>
    measures.quantile(latencySelection(route, threshold.request, measures), p),
  );
  return (
    estimates.find(({ state }) => state === 'n/a') ??
    estimates.reduce((worst, estimate) =>
      estimate.state === 'known' && worst.state === 'known' && estimate.value > worst.value ? estimate : worst,
    )
  );
}

function errorsOf(threshold: Threshold, measures: Measures): { failed: number; sent: number } {
  return routesOf(threshold, measures).reduce(
    (sum, route) => {
      const counts = measures.counts({
        route,
        roles: ['slot', 'load', 'canary', 'volley', 'idle', 'none'],
        ...(threshold.request === undefined ? {} : { requestName: threshold.request }),
      });
      return { failed: sum.failed + counts.failed, sent: sum.sent + counts.sent };
    },
    { failed: 0, sent: 0 },
  );
}

function holds(threshold: Threshold, value: number): boolean {
  switch (threshold.comparison) {
    case '<':
      return value < threshold.limit;
    case '<=':
      return value <= threshold.limit;
    case '>':
      return value > threshold.limit;
    case '>=':
      return value >= threshold.limit;
    default:
      return threshold.comparison satisfies never;
  }
}

/** Pass or fail only where the whole interval is on one side. */
function judge(threshold: Threshold, measured: Estimate, unit: 'us' | 'ratio'): ThresholdResult {
  const { value, low = value, high } = measured;
  const format = unit === 'us' ? formatDuration : formatRatio;
  const range = `${format(value)} (${format(low)}–${high === undefined ? 'open' : format(high)})`;
  const atLow = holds(threshold, low);
  const atHigh = high === undefined ? threshold.comparison.startsWith('>') : holds(threshold, high);
  const verdict = atLow && atHigh ? 'pass' : !atLow && !atHigh ? 'fail' : 'undecided';
  const because =
    verdict === 'undecided'
      ? `measured ${range}: the limit ${format(threshold.limit)} lies within the interval`
      : `measured ${range}`;
  return { text: threshold.text, verdict, measured, unit, because };
}

export function judgeThreshold(threshold: Threshold, measures: Measures): ThresholdResult {
  const { metric } = threshold;
  if (metric.kind === 'errors') {
    const { failed, sent } = errorsOf(threshold, measures);
    if (sent === 0) return { text: threshold.text, verdict: 'undecided', unit: 'ratio', because: 'nothing was sent' };
    return judge(threshold, { value: failed / sent, ...proportionInterval(failed, sent) }, 'ratio');
  }
  if (metric.kind === 'max') {
    const longest = Math.max(
      ...routesOf(threshold, measures).map(
        (route) => measures.times(latencySelection(route, threshold.request, measures)).max,
      ),
    );
    if (!Number.isFinite(longest))
      return { text: threshold.text, verdict: 'undecided', unit: 'us', because: 'nothing was answered' };
    return judge(threshold, { value: longest, low: longest, high: longest }, 'us');
  }
  const estimate = quantileOf(threshold, metric.p, measures);
  if (estimate.state === 'n/a') {
    return {
      text: threshold.text,
      verdict: 'undecided',
      unit: 'us',
      because: `needs ${estimate.need} independent answers, has ${Math.floor(estimate.have)}`,
    };
  }
  return judge(
    threshold,
    { value: estimate.value, low: estimate.low, ...(estimate.high === undefined ? {} : { high: estimate.high }) },
    'us',
  );
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

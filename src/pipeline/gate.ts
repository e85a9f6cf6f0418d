/** What a comparison means for a release: thresholds on change, the second look at what is doubtful, pass or fail. Pure. */
import { isCentral } from '../analysis/change-judgement.ts';
import { isAbout, judgeChangeThreshold } from '../detectors/change-thresholds.ts';
import { holds, resultOf } from '../detectors/threshold-verdict.ts';
import type { Comparison, MetricChange } from '../model/comparison.ts';
import type { Profile, Threshold } from '../model/profile.ts';
import type { ThresholdResult } from '../model/report.ts';
import { isAtLeast } from '../model/severity.ts';
import { verdictOf } from './compare-recordings.ts';

/** The rules of a gate, and what undecided means. */
export type GateRules = Pick<Profile, 'onUndecided'> & { readonly thresholds: readonly Threshold[] };

/** Those on change; the others are judged by the run itself. */
export function changeRules({ thresholds, onUndecided }: GateRules): GateRules {
  const own = thresholds.filter(({ subject }) => subject.kind === 'change');
  return { thresholds: own, ...(onUndecided === undefined ? {} : { onUndecided }) };
}

export function judgeComparison(comparison: Comparison, rules: GateRules): Comparison {
  const { thresholds } = changeRules(rules);
  if (thresholds.length === 0) return comparison;
  return {
    ...comparison,
    thresholds: thresholds.map((threshold) =>
      judgeChangeThreshold(threshold, comparison.metrics, rules, comparison.invalid),
    ),
  };
}

/**
 * Why a comparison should be looked at twice; undefined where it need not. Noise that lasts as long as a run looks like a change: a second
 * run that says the same squares the chance of a false alarm. Failures are counted and not timed: they stand.
 */
export function doubtOf(comparison: Comparison, rules: GateRules): string | undefined {
  if (comparison.verdict === 'invalid') return undefined;
  const { thresholds } = changeRules(rules);
  const results = comparison.thresholds ?? [];
  const doubtful = thresholds.flatMap(({ text, metric }, at) => {
    const result = results[at];
    // A run of the same length has too few again.
    if (metric.kind !== 'quantile' || result?.measured === undefined || result.verdict === 'pass') return [];
    return [`${text} is ${result.verdict === 'fail' ? 'broken' : 'undecided'}`];
  });
  if (thresholds.length > 0) return doubtful.length === 0 ? undefined : doubtful.join(', ');
  const times = comparison.metrics.filter(({ what }) => what.kind === 'quantile');
  const worse = times.filter(({ state }) => state === 'worse');
  if (worse.length > 0) return `${worse.map(({ id }) => id).join(', ')} looks worse`;
  if (comparison.verdict !== 'cannot-tell') return undefined;
  const open = times.filter((metric) => isCentral(metric) && metric.state === 'inconclusive');
  return open.length === 0 ? undefined : `${open.map(({ id }) => id).join(', ')} cannot be told`;
}

/**
 * The first comparison with what a second one, of the same base, says about its times: worse or better stand where both say so, what was open and
 * shows no change in the repeat counts as no change. The numbers are those of the run that decided.
 */
export function confirmComparison(first: Comparison, second: Comparison, rules: GateRules): Comparison {
  const run = second.head;
  if (second.verdict === 'invalid') {
    const repeat = { run, confirmed: [], refuted: [], settled: [], invalid: second.invalid };
    return { ...first, repeat };
  }
  const again = new Map(second.metrics.map((metric) => [metric.id, metric]));
  const confirmed: string[] = [];
  const refuted: string[] = [];
  const settled: string[] = [];
  const metrics = first.metrics.map((metric): MetricChange => {
    const other = again.get(metric.id);
    if (metric.what.kind !== 'quantile' || other === undefined) return metric;
    if (metric.state === 'worse' || metric.state === 'better') {
      (other.state === metric.state ? confirmed : refuted).push(metric.id);
      return other.state === metric.state ? metric : { ...metric, state: 'inconclusive' };
    }
    if (metric.state !== 'inconclusive' || other.state !== 'same') return metric;
    settled.push(metric.id);
    return other;
  });
  const thresholds = changeRules(rules).thresholds.map((threshold) => {
    // Without what undecided means: that is said once, about both.
    const result = judgeChangeThreshold(threshold, first.metrics, {});
    const wasRepeated = second.metrics.some((metric) => isAbout(threshold, metric));
    if (threshold.metric.kind === 'errors' || !wasRepeated) return resultOf(threshold, rules, result);
    return bothOf(threshold, result, judgeChangeThreshold(threshold, second.metrics, {}), rules);
  });
  return {
    ...first,
    verdict: verdictOf(metrics, first.findings),
    metrics,
    ...(thresholds.length === 0 ? {} : { thresholds }),
    repeat: { run, confirmed, refuted, settled, invalid: [] },
  };
}

/** Broken needs both runs: one whose whole interval is beyond the limit, and one whose measured value is at least. */
function bothOf(
  threshold: Threshold,
  first: ThresholdResult,
  repeat: ThresholdResult,
  rules: GateRules,
): ThresholdResult {
  const decide = (verdict: ThresholdResult['verdict'], from: ThresholdResult, because: string): ThresholdResult =>
    resultOf(threshold, rules, {
      verdict,
      unit: from.unit,
      ...(from.measured === undefined ? {} : { measured: from.measured }),
      because,
    });
  const isBeyond = ({ measured }: ThresholdResult): boolean =>
    measured !== undefined && !holds(threshold, measured.value);
  const pair = `${first.because}; repeated: ${repeat.because}`;
  if (first.verdict === 'fail' || repeat.verdict === 'fail') {
    const areBoth = isBeyond(first) && isBeyond(repeat);
    return decide(areBoth ? 'fail' : 'undecided', first, areBoth ? pair : `${pair}: the two runs do not agree`);
  }
  if (first.verdict === 'pass') return resultOf(threshold, rules, first);
  return repeat.verdict === 'pass' ? decide('pass', repeat, pair) : decide('undecided', first, pair);
}

/**
 * Whether a comparison ends with exit code 1. Where thresholds on change are declared, they alone say how much slower or how many more
 * failures are too much; findings that appeared count in any case.
 */
export function isGateClosed(comparison: Comparison, failOn: Profile['failOn']): boolean {
  if (comparison.verdict === 'invalid') return false;
  if (comparison.thresholds?.some(({ gate }) => gate === 'fail') === true) return true;
  if (failOn === 'never') return false;
  const hasRules = (comparison.thresholds?.length ?? 0) > 0;
  if (!hasRules && comparison.metrics.some(({ state }) => state === 'worse')) return true;
  return comparison.findings.some(({ state, severity }) => state === 'appeared' && isAtLeast(severity, failOn));
}

/** A comparison for build servers: one testcase for each threshold on change, for each metric, and for each finding that one run has alone. */
import type { Comparison, FindingChange, MetricChange } from '../model/comparison.ts';
import { isAtLeast } from '../model/severity.ts';
import { comparisonAnswer } from './comparison-gate.ts';
import { changeText, FINDING_WORD, metricName, stateText } from './comparison-wording.ts';
import { junitXml, type Result, resultOfThreshold, type TestCase } from './junit.ts';

export function comparisonJunit(comparison: Comparison): string {
  const { base, head, metrics, findings, thresholds = [], verdict, invalid } = comparison;
  const { first, more } = comparisonAnswer(comparison);
  const isValid = verdict !== 'invalid';
  const judged = (result: Result): Result => (isValid ? result : { kind: 'skipped', message: 'not valid: no verdict' });
  const whole: Result = isValid
    ? { kind: 'passed', note: [first, ...more].join('\n') }
    : { kind: 'error', message: first, text: invalid.join('\n') };
  const rules: readonly TestCase[] = thresholds.map((threshold) => ({
    name: threshold.text,
    result: judged(resultOfThreshold(threshold)),
  }));
  return junitXml({
    title: `gateprobe diff ${head.profile}`,
    startedAt: head.startedAt,
    durationUs: 0,
    suites: [
      ['comparison', [{ name: 'the two runs can be compared', result: whole }]],
      ['thresholds', rules],
      [
        'metrics',
        metrics
          .map((metric) => metricCase(metric, rules.length > 0))
          .map((one) => ({ ...one, result: judged(one.result) })),
      ],
      [
        'findings',
        findings.map((finding) => ({
          name: `${finding.cause}: ${finding.title}`,
          result: judged(findingResult(finding)),
        })),
      ],
    ],
    properties: [
      ['base', base.runId],
      ['head', head.runId],
    ],
  });
}

/** Where thresholds on change are declared they say how much is too much, and a metric is information. */
function metricCase(metric: MetricChange, hasRules: boolean): TestCase {
  const name = metricName(metric);
  const text = `${stateText(metric)}, ${changeText(metric)}`;
  switch (metric.state) {
    case 'worse':
      return { name, result: hasRules ? { kind: 'passed', note: text } : { kind: 'failure', message: text, text } };
    case 'better':
    case 'same':
      return { name, result: { kind: 'passed', note: text } };
    case 'inconclusive':
    case 'insufficient':
      return { name, result: { kind: 'skipped', message: text } };
    default:
      return metric.state satisfies never;
  }
}

function findingResult({ state, severity, title, titleBefore }: FindingChange): Result {
  const text = [title, ...(titleBefore === undefined ? [] : [`Before: ${titleBefore}`])].join('\n');
  if (state === 'appeared' && isAtLeast(severity, 'warning')) return { kind: 'failure', message: title, text };
  if (state === 'unjudged-before' || state === 'unjudged-now') return { kind: 'skipped', message: FINDING_WORD[state] };
  return { kind: 'passed', note: `${FINDING_WORD[state]}: ${text}` };
}

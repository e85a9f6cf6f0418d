/** `comparison.json`: the public form of a comparison. Fields are those of `comparison.schema.json`; times are milliseconds. */
import type { Comparison, MetricChange } from '../model/comparison.ts';
import { comparisonAnswer } from './comparison-gate.ts';
import { writeEstimate, writeThreshold } from './json.ts';
import { type JsonObject, toMs } from './json-exhibit.ts';
import { publicHistory } from './run-history.ts';

/** The comparison as the value that is written, for callers that want data and not text. */
export function publicComparison(comparison: Comparison): JsonObject {
  const { first, more } = comparisonAnswer(comparison);
  return {
    schemaVersion: comparison.schemaVersion,
    base: comparison.base,
    head: comparison.head,
    verdict: comparison.verdict,
    answer: [first, ...more],
    thresholds: (comparison.thresholds ?? []).map(writeThreshold),
    metrics: comparison.metrics.map(writeMetric),
    phases: comparison.phases.map(({ baseUs, headUs, ...phase }) => ({
      ...phase,
      baseMs: toMs(baseUs),
      headMs: toMs(headUs),
    })),
    outcomes: comparison.outcomes,
    findings: comparison.findings,
    differences: comparison.differences,
    invalid: comparison.invalid,
    repeat: comparison.repeat,
    history: comparison.history === undefined ? undefined : publicHistory(comparison.history),
  };
}

export function comparisonJson(comparison: Comparison): string {
  return `${JSON.stringify(publicComparison(comparison), undefined, 2)}\n`;
}

function writeMetric(metric: MetricChange): JsonObject {
  const { what, base, head, change, bounds, changeRatio, floor } = metric;
  const isTime = what.kind === 'quantile';
  const convert = isTime ? toMs : (value: number): number => value;
  const optional = (value: number | undefined): number | undefined =>
    value === undefined ? undefined : convert(value);
  return {
    id: metric.id,
    route: metric.route,
    requestName: metric.requestName,
    what,
    unit: isTime ? 'ms' : 'ratio',
    isControlled: metric.isControlled,
    state: metric.state,
    base: optional(base),
    head: optional(head),
    change: change === undefined ? undefined : writeEstimate(change, convert),
    bounds: bounds === undefined ? undefined : { low: convert(bounds.low), high: convert(bounds.high) },
    changeRatio: changeRatio === undefined ? undefined : writeEstimate(changeRatio, (ratio) => ratio),
    floor: optional(floor),
    p: metric.p,
    adjustedP: metric.adjustedP,
    baseCount: metric.baseCount,
    headCount: metric.headCount,
    needMore: metric.needMore,
  };
}

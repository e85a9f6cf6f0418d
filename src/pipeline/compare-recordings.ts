/** Two recordings → what changed between them. Each is read once; many pairs of few recordings cost little. */
import { adjustForDiscovery } from '../analysis/change.ts';
import { isCentral, judgeChanges, type RunMetrics } from '../analysis/change-judgement.ts';
import { type RunCurve, runCurves, runErrors, runQuantiles } from '../analysis/change-metrics.ts';
import { createMeasures } from '../analysis/create-measures.ts';
import type { Measures } from '../analysis/measures.ts';
import { fisherExact } from '../analysis/proportion.ts';
import {
  type Calibration,
  COMPARISON_SCHEMA_VERSION,
  type Comparison,
  type ComparisonVerdict,
  type FindingChange,
  type LatencyCurves,
  type MetricChange,
  type OutcomeChange,
  type PhaseChange,
  type RunReference,
} from '../model/comparison.ts';
import { PHASES } from '../model/exchange.ts';
import type { Recording } from '../model/recording.ts';
import type { Report } from '../model/report.ts';
import { type RouteId, routesTo } from '../model/route.ts';
import { isAtLeast } from '../model/severity.ts';
import { diagnose } from '../pipeline.ts';
import { type RunConditions, runConditions, runDifferences } from './compare-conditions.ts';
import { findingChanges } from './compare-findings.ts';

/** All that a comparison needs of one recording. */
export type RunSummary = {
  readonly reference: RunReference;
  readonly metrics: RunMetrics;
  readonly phases: ReadonlyMap<string, RunPhase>;
  readonly outcomes: ReadonlyMap<RouteId, RunOutcomes>;
  readonly curves: readonly RunCurve[];
  readonly report: Pick<Report, 'findings' | 'detectors' | 'validity'>;
  readonly conditions: RunConditions;
};
type RunPhase = Omit<PhaseChange, 'baseUs' | 'headUs'> & { readonly medianUs: number };
type RunOutcomes = { readonly due: number; readonly outcomes: Readonly<Record<string, number>> };

export function summariseRun(recording: Recording): RunSummary {
  const measures = createMeasures(recording);
  const { runId, startedAt, profile } = recording.manifest;
  const { findings, detectors, validity } = diagnose(recording);
  return {
    reference: { runId, startedAt, profile: profile.name, requests: recording.exchangeCount },
    metrics: { quantiles: runQuantiles(measures), errors: runErrors(measures) },
    phases: phasesOf(measures),
    outcomes: new Map(
      routesOf(measures).map((route) => {
        const { due, outcomes } = measures.counts({ route });
        return [route, { due, outcomes }];
      }),
    ),
    curves: runCurves(measures),
    report: { findings, detectors, validity },
    conditions: runConditions(recording),
  };
}

export function compareRuns(base: RunSummary, head: RunSummary): Comparison {
  const metrics = judgeChanges(base.metrics, head.metrics);
  const findings = findingChanges(base.report, head.report);
  const invalid = [
    ...base.report.validity.reasons.map((reason) => `base: ${reason}`),
    ...head.report.validity.reasons.map((reason) => `head: ${reason}`),
  ];
  const isValid = base.report.validity.ok && head.report.validity.ok;
  return {
    schemaVersion: COMPARISON_SCHEMA_VERSION,
    base: base.reference,
    head: head.reference,
    verdict: isValid ? verdictOf(metrics, findings) : 'invalid',
    metrics,
    phases: phaseChanges(base, head),
    outcomes: outcomeChanges(base, head),
    curves: curvesOf(base, head),
    findings,
    differences: runDifferences(base.conditions, head.conditions),
    invalid: isValid ? [] : invalid,
  };
}

/** All pairs of recordings between which nothing was changed, in order of time. */
export function calibrate(recordings: readonly RunSummary[]): Calibration {
  const excluded = new Map<string, { pairs: number; excluded: number }>();
  let pairs = 0;
  let alarms = 0;
  recordings.forEach((base, at) => {
    for (const head of recordings.slice(at + 1)) {
      const comparison = compareRuns(base, head);
      pairs++;
      if (comparison.verdict === 'worse' || comparison.verdict === 'better') alarms++;
      for (const { id, p, what } of comparison.metrics) {
        // Exact tests of rare failures say less than 5 % by nature: they would only look good.
        if (p === undefined || what.kind === 'errors') continue;
        const entry = excluded.get(id) ?? { pairs: 0, excluded: 0 };
        excluded.set(id, { pairs: entry.pairs + 1, excluded: entry.excluded + (p < 0.05 ? 1 : 0) });
      }
    }
  });
  const metrics = [...excluded].map(([id, counts]) => ({ id, ...counts }));
  return { schemaVersion: COMPARISON_SCHEMA_VERSION, recordings: recordings.length, pairs, alarms, metrics };
}

/** What a comparison comes to; `invalid` is known before. */
export function verdictOf(metrics: readonly MetricChange[], findings: readonly FindingChange[]): ComparisonVerdict {
  const isGraver = ({ state, severity }: FindingChange, wanted: FindingChange['state']): boolean =>
    state === wanted && isAtLeast(severity, 'warning');
  if (metrics.some(({ state }) => state === 'worse')) return 'worse';
  if (findings.some((finding) => isGraver(finding, 'appeared'))) return 'worse';
  if (metrics.some(({ state }) => state === 'better')) return 'better';
  if (findings.some((finding) => isGraver(finding, 'vanished'))) return 'better';
  const central = metrics.filter(isCentral);
  return central.length > 0 && central.every(({ state }) => state === 'same') ? 'same' : 'cannot-tell';
}

function routesOf({ members }: Measures): readonly RouteId[] {
  return routesTo(members);
}

/** Medians over kept ok answers on warm connections, of connecting over new ones. */
function phasesOf(measures: Measures): ReadonlyMap<string, RunPhase> {
  const phases = new Map<string, RunPhase>();
  for (const route of routesOf(measures)) {
    for (const { name: requestName } of measures.profile.requests) {
      for (const phase of PHASES) {
        const connection = phase === 'dns' || phase === 'connect' || phase === 'tls' ? 'new' : 'warm';
        const times = measures
          .exchanges({ route, requestName, roles: ['slot'], cohorts: ['ok'], connection })
          .flatMap(({ phasesUs }) => phasesUs?.[phase] ?? [])
          .sort((a, b) => a - b);
        const medianUs = times[Math.floor(times.length / 2)];
        if (medianUs !== undefined)
          phases.set(`${route}\n${requestName}\n${phase}`, { route, requestName, phase, medianUs });
      }
    }
  }
  return phases;
}

function curvesOf(base: RunSummary, head: RunSummary): readonly LatencyCurves[] {
  return head.curves.flatMap(({ points, ...way }): LatencyCurves[] => {
    const before = base.curves.find(({ route, requestName }) => route === way.route && requestName === way.requestName);
    if (before === undefined || before.points.length < 2 || points.length < 2) return [];
    return [{ ...way, base: before.points, head: points }];
  });
}

function phaseChanges(base: RunSummary, head: RunSummary): readonly PhaseChange[] {
  return [...head.phases].flatMap(([key, { medianUs: headUs, ...phase }]): PhaseChange[] => {
    const before = base.phases.get(key);
    return before === undefined ? [] : [{ ...phase, baseUs: before.medianUs, headUs }];
  });
}

function outcomeChanges(base: RunSummary, head: RunSummary): readonly OutcomeChange[] {
  const rows = [...head.outcomes].flatMap(([route, now]) => {
    const before = base.outcomes.get(route);
    if (before === undefined) return [];
    const names = [...new Set([...Object.keys(before.outcomes), ...Object.keys(now.outcomes)])];
    return names.map((outcome) => {
      const [b, h] = [before.outcomes[outcome] ?? 0, now.outcomes[outcome] ?? 0];
      const p = before.due === 0 || now.due === 0 ? 1 : fisherExact(h, now.due - h, b, before.due - b);
      return { p, row: { route, outcome, base: b, head: h, baseOf: before.due, headOf: now.due } };
    });
  });
  const adjusted = adjustForDiscovery(rows.map(({ p }) => p));
  return rows.map(({ row }, at) => ({ ...row, adjustedP: adjusted[at]! }));
}

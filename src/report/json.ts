/**
 * `report.json`: the public form of a report. Fields are those of `report.schema.json`; times are milliseconds.
 */
import type { Estimate, Finding, Verdict } from '../model/finding.ts';
import type {
  ExperimentSummary,
  QuantileEstimate,
  QuantileTable,
  Report,
  RouteSummary,
  ThresholdResult,
} from '../model/report.ts';
import { type JsonObject, toMs, writeExhibit } from './json-exhibit.ts';
import { writeLogs } from './json-logs.ts';
import { writeTrail } from './json-trail.ts';
import { isFromLogs } from './log-wording.ts';
import { verdictDetail } from './wording.ts';
import type { Writer } from './writer.ts';

export const jsonWriter: Writer = {
  id: 'json',
  extension: 'json',
  render: (report) => `${JSON.stringify(publicReport(report), undefined, 2)}\n`,
};

/** The report as the value that is written, for callers that want data and not text. */
export function publicReport(report: Report): JsonObject {
  return {
    schemaVersion: report.schemaVersion,
    tool: report.tool,
    runId: report.runId,
    seed: report.seed,
    profile: report.profile,
    startedAt: report.startedAt,
    durationMs: toMs(report.durationUs),
    interrupted: report.interrupted,
    validity: report.validity,
    worst: report.worst,
    headline: report.headline,
    gateway: report.gateway,
    routes: report.routes.map(writeRoute),
    overheadMs: writeQuantiles(report.overheadUs),
    findings: report.findings.map((finding) => writeFinding(finding, report.startedAt)),
    detectors: report.detectors.map(({ id, verdict }) => writeDetector(id, verdict)),
    thresholds: report.thresholds.map(writeThreshold),
    experiments: report.experiments.map(writeExperiment),
    exhibits: report.exhibits.map((exhibit) => writeExhibit(exhibit, report.startedAt)),
    // Where nothing was sent the probe has no quality to speak of.
    quality: isFromLogs(report) ? undefined : writeQuality(report),
    logs: report.logs === undefined ? undefined : writeLogs(report.logs),
    trail: report.trail === undefined ? undefined : writeTrail(report.trail),
    audit: report.audit,
    untested: report.untested,
    warnings: report.warnings,
  };
}

function writeRoute(route: RouteSummary): JsonObject {
  const phases = Object.entries(route.phasesUs).map(([name, { p50, p99, count }]) => [
    name,
    { p50: toMs(p50), p99: toMs(p99), count },
  ]);
  return {
    route: route.route,
    member: route.member,
    count: route.count,
    outcomes: route.outcomes,
    latencyMs: writeQuantiles(route.latencyUs),
    latencyCount: route.latencyCount,
    maxMs: route.maxUs === undefined ? undefined : toMs(route.maxUs),
    phasesMs: Object.fromEntries(phases),
    failureRatio: route.failureRatio === undefined ? undefined : writeEstimate(route.failureRatio, (ratio) => ratio),
  };
}

function writeQuantiles(table: QuantileTable): JsonObject {
  return Object.fromEntries(Object.entries(table).map(([name, quantile]) => [name, writeQuantile(quantile)]));
}

function writeQuantile(quantile: QuantileEstimate): JsonObject {
  if (quantile.state === 'n/a') return { value: null, need: quantile.need, have: quantile.have };
  return writeEstimate(quantile, toMs);
}

/** Bounds that are not finite are open, and left out. */
export function writeEstimate(estimate: Estimate, convert: (value: number) => number): JsonObject {
  const bound = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? undefined : convert(value);
  return { value: convert(estimate.value), low: bound(estimate.low), high: bound(estimate.high) };
}

/** Inside the program `timeoutUs`, outside `timeoutMs`; other units keep their name and value. */
function writeMeasured(measured: Finding['measured']): JsonObject {
  const entries = Object.entries(measured).map(([name, estimate]) =>
    name.endsWith('Us')
      ? [`${name.slice(0, -'Us'.length)}Ms`, writeEstimate(estimate, toMs)]
      : [name, writeEstimate(estimate, (value) => value)],
  );
  return Object.fromEntries(entries);
}

function writeFinding(finding: Finding, startedAt: string): JsonObject {
  return {
    cause: finding.cause,
    confidence: finding.confidence,
    severity: finding.severity,
    scope: finding.scope,
    title: finding.title,
    meaning: finding.meaning,
    measured: writeMeasured(finding.measured),
    expected: finding.expected,
    declared: finding.declared,
    affected: finding.affected,
    exhibits: finding.exhibits.map((exhibit) => writeExhibit(exhibit, startedAt)),
    rivals: finding.rivals,
    remedy: finding.remedy,
  };
}

function writeDetector(id: string, verdict: Verdict): JsonObject {
  return { id, verdict: verdict.state, detail: verdictDetail(verdict) };
}

export function writeThreshold(threshold: ThresholdResult): JsonObject {
  const inTime = threshold.unit === 'us';
  const convert = inTime ? toMs : (value: number) => value;
  return {
    text: threshold.text,
    verdict: threshold.verdict,
    gate: threshold.gate,
    unit: inTime ? 'ms' : threshold.unit,
    measured: threshold.measured === undefined ? undefined : writeEstimate(threshold.measured, convert),
    because: threshold.because,
  };
}

function writeExperiment(experiment: ExperimentSummary): JsonObject {
  return {
    id: experiment.id,
    kind: experiment.kind,
    describe: experiment.describe,
    loop: experiment.loop,
    startMs: toMs(experiment.startUs),
    durationMs: toMs(experiment.durationUs),
    due: experiment.due,
    sent: experiment.sent,
    stop: experiment.stop,
    stopReason: experiment.stopReason,
    notes: experiment.notes,
    routes: experiment.routes.map(({ route, outcomes, latencyUs }) => ({
      route,
      outcomes,
      latencyMs: writeQuantiles(latencyUs),
    })),
  };
}

function writeQuality({ quality, checks }: Pick<Report, 'quality' | 'checks'>): JsonObject {
  const { p50, p99, p999, max } = quality.latenessUs;
  return {
    latenessMs: { p50: toMs(p50), p99: toMs(p99), p999: toMs(p999), max: toMs(max) },
    latenessCount: quality.latenessCount,
    medianServiceMs: toMs(quality.medianServiceUs),
    busyRatio: quality.busyRatio,
    busyRatioMax: quality.busyRatioMax,
    gcPauseMaxMs: toMs(quality.gcPauseMaxUs),
    gcTotalMs: toMs(quality.gcTotalUs),
    loopDelayP99Ms: toMs(quality.loopDelayP99Us),
    portShortages: quality.portShortages,
    notSentCap: quality.notSentCap,
    achievedRateRatio: quality.achievedRateRatio,
    ...(checks === undefined
      ? {}
      : { checks: checks.map(({ id, title, state, text }) => ({ id, title, state, text })) }),
  };
}

/** From measures and a judgement to the report value. Formats nothing but sentences; writers do the rest. */

import { distributionOf } from '../analysis/distribution.ts';
import type { Counts, Measures, Selection } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { proportionInterval } from '../analysis/proportion.ts';
import { CAUSES, type CauseId } from '../model/causes.ts';
import { PHASES } from '../model/exchange.ts';
import type { Finding, Verdict } from '../model/finding.ts';
import type { LogEvidence } from '../model/journey.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import type { ExperimentRecord, Recording } from '../model/recording.ts';
import {
  type ExperimentSummary,
  type ProbeCheck,
  type QuantileEstimate,
  type QuantileTable,
  REPORT_SCHEMA_VERSION,
  type Report,
  type RouteSummary,
  type ThresholdResult,
} from '../model/report.ts';
import { GATEWAY, memberOf, type RouteId, routesTo } from '../model/route.ts';
import { compareSeverity, isAtLeast, type Severity } from '../model/severity.ts';
import { AUDIT_FILE } from '../model/trail.ts';
import { answerNotes, doSameWork, refusedByGateway } from './answer-notes.ts';
import { configExhibits } from './config-exhibits.ts';
import { knownOfFailures } from './failure-facts.ts';
import { logExhibits } from './log-exhibits.ts';
import { routesFromLogs } from './log-routes.ts';
import { logReport, type Unexplained } from './log-summary.ts';
import { logHeadline } from './log-wording.ts';
import { memberNotes } from './member-notes.ts';
import { rampNotes } from './ramp-parts.ts';
import { runExhibits } from './run-exhibits.ts';
import { volleyNotes } from './volley-notes.ts';

const QUANTILES: readonly (readonly [name: string, p: number])[] = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
];

export type Judged = {
  readonly findings: readonly Finding[];
  readonly detectors: readonly { readonly id: CauseId; readonly title: string; readonly verdict: Verdict }[];
  readonly thresholds: readonly ThresholdResult[];
  /** Why the run is not valid; empty when it is. */
  readonly invalidReasons: readonly string[];
  readonly checks?: readonly ProbeCheck[];
  /** Requests with an error in the logs whose lines do not decide, by reason. Left out: told from what the findings count. */
  readonly unexplained?: Unexplained;
};

export function buildReport(recording: Recording, measures: Measures, judged: Judged): Report {
  const { logs, experiments } = measures;
  const made = baseOf(recording, judged);
  const base = {
    ...made,
    warnings: [...answerNotes(measures), ...made.warnings, ...volleyNotes(measures), ...memberNotes(measures)],
  };
  if (logs === undefined) return { ...base, ...measuredParts(recording, measures, judged) };
  if (experiments.length === 0) return { ...base, ...loggedParts(recording, measures, judged, logs) };
  const measured = measuredParts(recording, measures, judged);
  return {
    ...base,
    ...measured,
    exhibits: [...measured.exhibits, ...logExhibits(logs)],
    logs: logReport(logs, judged.findings, { isAlone: false }),
    // Those of logs first: a terminal shows three, and notes of the profile were shown by `check` already.
    warnings: [...new Set([...logs.problems, ...base.warnings])],
  };
}

type Measured = 'headline' | 'routes' | 'overheadUs' | 'exhibits' | 'detectors' | 'thresholds' | 'untested';

function baseOf(
  { manifest, gateway, experiments: _, ...recording }: Recording,
  judged: Judged,
): Omit<Report, Measured | 'experiments'> {
  const { findings, invalidReasons } = judged;
  const worst = findings.reduce<Severity | 'none'>(
    (worst, { severity }) => (worst === 'none' || compareSeverity(severity, worst) > 0 ? severity : worst),
    'none',
  );
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    tool: manifest.tool,
    runId: manifest.runId,
    seed: manifest.seed,
    profile: {
      name: manifest.profile.name,
      gatewayUrl: manifest.profile.gateway.url,
      members: manifest.profile.members.map(({ name, url }) => ({ name, url })),
    },
    startedAt: manifest.startedAt,
    durationUs: manifest.durationUs,
    interrupted: manifest.interrupted,
    validity: { ok: invalidReasons.length === 0, reasons: invalidReasons },
    ...(judged.checks === undefined || judged.checks.length === 0 ? {} : { checks: judged.checks }),
    worst,
    gateway,
    findings,
    quality: recording.quality,
    warnings: [...recording.warnings, ...manifest.profile.notes],
  };
}

function measuredParts(
  recording: Recording,
  measures: Measures,
  judged: Judged,
): Pick<Report, Measured | 'experiments' | 'trail' | 'audit' | 'refused'> {
  const refused = refusedByGateway(measures).map(({ requestName }) => requestName);
  return {
    ...(refused.length === 0 ? {} : { refused }),
    headline: headlineOf(recording, measures, judged),
    routes: routesTo(measures.members).map((route) => routeSummary(route, measures)),
    overheadUs: Object.fromEntries(QUANTILES.map(([name, p]) => [name, measures.overhead(p)])),
    detectors: judged.detectors,
    thresholds: judged.thresholds,
    experiments: recording.experiments.map((record) => experimentSummary(record, measures)),
    exhibits: [...runExhibits(measures), ...configExhibits(measures)],
    ...trailParts(recording, measures),
    untested: untestedOf(recording, judged),
  };
}

/** How it was found, and what was slow or failing on purpose: delays asked for, and failures repeated by a step. */
function trailParts({ manifest }: Recording, measures: Measures): Pick<Report, 'trail' | 'audit'> {
  const { trail } = manifest;
  const delayed = measures.counts({ roles: ['delay'] }).sent;
  const repeated = (trail?.steps ?? [])
    .filter(({ experimentId }) => measures.counts({ experimentId, roles: ['delay'] }).sent === 0)
    .reduce((sum, step) => sum + step.deliberate, 0);
  const requests = delayed + repeated;
  return {
    ...(trail === undefined ? {} : { trail }),
    ...(requests === 0 ? {} : { audit: { file: AUDIT_FILE, requests } }),
  };
}

/** Nothing was sent: what the logs hold takes the place of what was measured. */
function loggedParts(
  recording: Recording,
  measures: Measures,
  judged: Judged,
  evidence: LogEvidence,
): Pick<Report, Measured | 'experiments' | 'logs'> {
  const { manifest } = recording;
  const { findings, unexplained } = judged;
  const logs = logReport(evidence, findings, { isAlone: true, unexplained });
  const thresholds = judged.thresholds.map(({ text }) => ({
    what: `threshold ${text}`,
    why: 'thresholds are judged by what a run measures',
  }));
  return {
    headline: logHeadline(logs, findings, manifest),
    routes: routesFromLogs(evidence, measures.members),
    overheadUs: {},
    // Nothing was sent, so a fault of the probe was not looked for.
    detectors: judged.detectors.filter(({ id }) => CAUSES[id].side !== 'probe'),
    thresholds: [],
    experiments: [],
    exhibits: [...logExhibits(evidence), ...configExhibits(measures)],
    logs,
    untested: [...untestedOf(recording, judged), ...thresholds],
  };
}

/** What a user feels in ordinary operation: slots of compares; where there are none, the load of ramps and bursts. */
export function ordinaryLatency(route: RouteId, measures: Measures): Selection {
  const slots: Selection = { route, loop: 'open', connection: 'warm', roles: ['slot'] };
  return measures.counts(slots).ok > 0 ? slots : { route, loop: 'open', connection: 'warm', roles: ['load', 'canary'] };
}

function quantilesOf(selection: Selection, measures: Measures): QuantileTable {
  return Object.fromEntries(
    QUANTILES.map(([name, p]): [string, QuantileEstimate] => [
      name,
      measures.quantile({ ...selection, cohorts: ['ok'] }, p),
    ]),
  );
}

function routeSummary(route: RouteId, measures: Measures): RouteSummary {
  const member = memberOf(route);
  const counts = measures.counts({ route });
  const latency = ordinaryLatency(route, measures);
  const times = measures.times(latency);
  return {
    route: member === undefined ? 'gateway' : 'direct',
    ...(member === undefined ? {} : { member }),
    count: counts.due,
    outcomes: counts.outcomes,
    latencyUs: quantilesOf(latency, measures),
    latencyCount: times.count,
    ...(times.count === 0 ? {} : { maxUs: times.max }),
    phasesUs: phasesOf(route, measures),
    ...(counts.sent === 0
      ? {}
      : { failureRatio: { value: counts.failed / counts.sent, ...proportionInterval(counts.failed, counts.sent) } }),
  };
}

function phasesOf(route: RouteId, measures: Measures): RouteSummary['phasesUs'] {
  const exchanges = measures.exchanges({ route, roles: ['slot', 'load', 'canary'], cohorts: ['ok'] });
  const phases: Record<string, { p50: number; p99: number; count: number }> = {};
  for (const phase of PHASES) {
    const times = distributionOf(
      exchanges.flatMap(({ phasesUs }) => (phasesUs?.[phase] === undefined ? [] : [phasesUs[phase]])),
    );
    if (times.count > 0) phases[phase] = { p50: times.quantile(0.5), p99: times.quantile(0.99), count: times.count };
  }
  return phases;
}

function experimentSummary(record: ExperimentRecord, measures: Measures): ExperimentSummary {
  const routes = routesTo(measures.members).filter(
    (route) => measures.counts({ experimentId: record.id, route }).due > 0,
  );
  return {
    id: record.id,
    kind: record.planned.kind,
    describe: record.planned.describe.join(' '),
    loop: record.loop,
    startUs: record.startUs,
    durationUs: record.endUs - record.startUs,
    due: record.dueCount,
    sent: record.sentCount,
    stop: record.stop,
    ...(record.stopReason === undefined ? {} : { stopReason: record.stopReason }),
    notes: [...record.notes, ...rampNotes(measures, record)],
    routes: routes.map((route) => {
      const selection: Selection = { experimentId: record.id, route };
      return { route, outcomes: measures.counts(selection).outcomes, latencyUs: quantilesOf(selection, measures) };
    }),
  };
}

function headlineOf(
  { manifest }: Recording,
  measures: Measures,
  { findings, invalidReasons, detectors }: Judged,
): readonly string[] {
  if (invalidReasons.length > 0)
    return [
      'This run is not valid through the probe’s own fault; it says nothing about the target.',
      ...invalidReasons,
    ];
  const serious = findings.filter(({ severity }) => isAtLeast(severity, 'warning'));
  const interrupted = manifest.interrupted ? ['The run was interrupted; this is what was measured until then.'] : [];
  if (serious.length > 0) return [...serious.map(({ title }) => title), ...interrupted];
  const counts = measures.counts({ route: GATEWAY });
  const looked = detectors.filter(({ verdict }) => verdict.state === 'clear').length;
  const sent =
    counts.sent === 1
      ? '1 request went through the gateway'
      : `${formatNumber(counts.sent)} requests went through the gateway`;
  const refused = refusedByGateway(measures);
  const noFault = refused.length === 0 ? 'No fault found' : 'No other fault found';
  return [
    ...(refused.length === 0 ? [] : [refusedText(refused)]),
    counts.failed === 0
      ? `${noFault}: ${sent}, none of them failed; ${looked} causes were looked for and ruled out.`
      : `No cause found: ${sent}, ${formatNumber(counts.failed)} of them failed${failuresText(counts.outcomes)}, ${counts.failed < MANY_FAILURES ? 'too few or too unlike to name a cause' : 'and no cause that was looked for fits them'}; ${looked} causes were looked for and ruled out.`,
    ...(counts.failed === 0 ? [] : knownOfFailures(measures, findings)),
    ...(manifest.trail === undefined ? [] : [manifest.trail.because]),
    ...(doSameWork(measures) ? overheadSentence(measures) : []),
    ...interrupted,
  ];
}

function refusedText(refused: ReturnType<typeof refusedByGateway>): string {
  const told = refused.map(({ requestName, status }) => `${requestName} (${status})`).join(', ');
  return `The gateway refuses ${told}, which every member answers well when asked directly: a limit or a rule of its own.`;
}

/** Fewer are hardly enough for any cause; with more it is the pattern that is missing. */
const MANY_FAILURES = 10;

/** As the table of outcomes names them: "(44 error:closed)". Nothing where only an expectation of the profile was not met. */
function failuresText(outcomes: Counts['outcomes']): string {
  const failed = Object.entries(outcomes)
    .filter(([key]) => !/^([1-4]\d\d|not-sent.*|aborted)$/.test(key))
    .sort((a, b) => b[1] - a[1]);
  const shown = failed.slice(0, 3).map(([key, count]) => `${formatNumber(count)} ${key}`);
  return shown.length === 0 ? '' : ` (${shown.join(', ')}${failed.length > shown.length ? ', …' : ''})`;
}

function overheadSentence(measures: Measures): string[] {
  const overhead = measures.overhead(0.5);
  const differences = measures.slotDifferences();
  if (overhead.state === 'known') {
    const { value, low, high = value } = overhead;
    const range = `${formatDuration(value)} (${formatDuration(low)}–${formatDuration(high)})`;
    return low <= 0
      ? [`What the gateway adds to the median request cannot be told from noise: ${range}.`]
      : [`The gateway adds ${range} to the median request.`];
  }
  return differences.length < 5
    ? []
    : [`The gateway adds about ${formatDuration(median(differences))} to the median request.`];
}

function untestedOf(recording: Recording, { detectors }: Judged): Report['untested'] {
  const refused = recording.experiments
    .filter(({ stop }) => stop === 'guard' || stop === 'refused' || stop === 'interrupted')
    .map(({ id, stopReason }) => ({ what: `experiment ${id}`, why: stopReason ?? 'not run' }));
  const missing = detectors.flatMap(({ id, verdict }) => {
    if (verdict.state === 'insufficient-data')
      return [{ what: id, why: `needs ${verdict.need}; there was: ${verdict.have}` }];
    return verdict.state === 'failed' ? [{ what: id, why: `the detector failed: ${verdict.error}` }] : [];
  });
  const forgone = recording.manifest.trail?.notLookedFor ?? [];
  return [...forgone, ...refused, ...missing];
}

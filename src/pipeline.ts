/** A run on one screen: plan → record → judge → write. */
import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { createMeasures } from './analysis/create-measures.ts';
import { DETECTORS, EXPERIMENTS, GATEWAYS, gatewayOf } from './catalog.ts';
import { courseChecks } from './detectors/course-checks.ts';
import { judge } from './detectors/judge.ts';
import { unexplainedRequests } from './detectors/log-balance.ts';
import { invalidReasons } from './detectors/probe.ts';
import { probeChecks } from './detectors/probe-checks.ts';
import { judgeThreshold } from './detectors/thresholds.ts';
import { chosenExperiments } from './experiments/chosen.ts';
import { type EjectionGuard, type ExperimentContext, endOf } from './experiments/experiment.ts';
import type { Plan, PlannedExperiment } from './model/plan.ts';
import type { ExperimentSpec, GatewayKind, Profile } from './model/profile.ts';
import { createRandom } from './model/random.ts';
import {
  type ExperimentRecord,
  type Manifest,
  RECORDING_SCHEMA_VERSION,
  type Recording,
  type ResolvedTarget,
} from './model/recording.ts';
import type { Report } from './model/report.ts';
import type { Clock } from './model/time.ts';
import type { AutoBudget } from './model/trail.ts';
import { auditRecorder } from './pipeline/audit-log.ts';
import { type ChoiceOptions, type Choosing, createChoosing, keepAliveSpec } from './pipeline/auto/choosing.ts';
import { MOST_LOOKS } from './pipeline/auto/next-step.ts';
import { type AutoPreview, previewOf } from './pipeline/auto/preview.ts';
import { snapshotOf, teeRecorder } from './pipeline/auto/snapshot.ts';
import { type BatchSink, createBatchSink } from './pipeline/batch-sink.ts';
import { probeQuality } from './pipeline/probe-quality.ts';
import { type Progress, reportProgress } from './pipeline/progress.ts';
import { strayWarnings } from './pipeline/stray-warnings.ts';
import { makeFolder, type Recorded } from './pipeline/writing.ts';
import { maskProfile } from './profile/mask.ts';
import { createRecorder } from './recording/recorder.ts';
import { buildReport } from './report/build.ts';
import type { ClockEpoch } from './traffic/clock.ts';
import { logIn } from './traffic/login.ts';
import { watchMachine } from './traffic/machine-watch.ts';
import { resolveTargets } from './traffic/resolve.ts';
import { startSender } from './traffic/sender.ts';

export { attachLogs, checkLogPatterns } from './pipeline/attach-logs.ts';
export { type ChoiceOptions, DEFAULT_BUDGET } from './pipeline/auto/choosing.ts';
export type { AutoPreview } from './pipeline/auto/preview.ts';
export { type Explained, type ExplainOptions, explainLogs } from './pipeline/explain.ts';
export type { Progress } from './pipeline/progress.ts';
export { readConfigs } from './pipeline/read-configs.ts';
export { readReplays } from './pipeline/replay-log.ts';
export { type Recorded, writeRun } from './pipeline/writing.ts';

export type RunOptions = {
  readonly profile: Profile;
  readonly seed: number;
  readonly version: string;
  readonly clock: Clock;
  readonly epoch: ClockEpoch;
  readonly signal: AbortSignal;
  /** The run's folder; left out: nothing is written. */
  readonly folder?: string;
  readonly onProgress?: (progress: Progress) => void;
  /** Left out: the experiments of the profile, and no others. */
  readonly choose?: ChoiceOptions;
};

/** Pure: what a run of this profile sends at most. */
export function planRun(profile: Profile, seed: number): Plan {
  const specs = profile.experiments.length > 0 ? profile.experiments : chosenExperiments(profile);
  const numbers = new Map<string, number>();
  const experiments = specs.map((spec: ExperimentSpec) => {
    const number = (numbers.get(spec.kind) ?? 0) + 1;
    numbers.set(spec.kind, number);
    return EXPERIMENTS[spec.kind].plan(spec, profile, `${spec.kind}-${number}`);
  });
  return planOf(experiments, seed);
}

/** Pure: what a run that chooses its experiments sends at most. What the gateway is, only the profile tells before a run. */
export function previewRun(profile: Profile, budget: AutoBudget): AutoPreview {
  return previewOf(profile, {
    budget,
    guard: guardOf(profile.gateway.kind ?? 'unknown'),
    keepAlive: keepAliveSpec(),
    plan: (spec) => EXPERIMENTS[spec.kind].plan(spec, profile, spec.kind),
  });
}

function planOf(experiments: readonly PlannedExperiment[], seed: number): Plan {
  const runnable = experiments.filter(({ refused }) => refused === undefined);
  return {
    schemaVersion: 1,
    seed,
    experiments,
    totalRequests: runnable.reduce(
      (sum, { requestsPerRoute }) => sum + Object.values(requestsPerRoute).reduce((a: number, b) => a + (b ?? 0), 0),
      0,
    ),
    durationUs: runnable.reduce((sum, { durationUs }) => sum + durationUs, 0),
    peakRatePerSec: Math.max(0, ...runnable.map(({ peakRatePerSec }) => peakRatePerSec)),
  };
}

/** Runs the experiments of a profile and records them. Failures of requests are data; only a bug or an unwritable folder throws. */
export async function recordRun(options: RunOptions): Promise<Recorded> {
  const { profile, seed, clock, epoch, signal, folder, version } = options;
  if (folder !== undefined) await makeFolder(folder);
  const plan = options.choose?.mode === 'instead' ? planOf([], seed) : planRun(profile, seed);
  const targets = await resolveTargets(profile, clock);
  const runId = randomBytes(16).toString('hex');
  const place = folder === undefined ? {} : { folder };
  let choosing: Choosing | undefined;
  const audit = auditRecorder(createRecorder({ ...place, seed, isOpenLoop: openLoopOf(plan) }), {
    ...place,
    startedMs: epoch.wallMs,
    whyRepeated: (experimentId) => choosing?.deliberate.get(experimentId),
  });
  const tee = options.choose === undefined ? undefined : teeRecorder(audit.recorder);
  const sink = createBatchSink(profile, tee?.recorder ?? audit.recorder);
  const machine = watchMachine();
  const sender = await startSender({ profile, targets, runId, version, epoch, clock, ...sink.inlets });
  const resolved = (): readonly ResolvedTarget[] =>
    targets.map((target) => resolvedTarget(target, sink.certificates.get(target.route)));
  const onAbort = (): void => sender.stop('aborted');
  signal.addEventListener('abort', onAbort, { once: true });
  const loginWarnings = await logIn(profile, sender, sink.takeLogins);
  const context: ExperimentContext = {
    profile,
    sender,
    clock,
    random: createRandom(seed),
    signal,
    live: sink.live,
    guard: () => guardOf(sink.recognise().kind),
  };
  const records = await runExperiments(plan, context, sink, options.onProgress);
  if (options.choose !== undefined && tee !== undefined) {
    choosing = createChoosing(profile, options.choose, context);
    const parts = { manifest: manifestOf(options, plan, runId), targets: resolved() };
    const snapshot = (): Recording | undefined =>
      records.length === 0
        ? undefined
        : snapshotOf({ ...parts, gateway: sink.recognise(), experiments: records, exchanges: tee.exchanges() ?? [] });
    while (tee.exchanges() !== undefined) {
      const planned = choosing.next(snapshot());
      if (planned === undefined) break;
      const [record] = await runExperiments(planOf([planned], seed), context, sink, options.onProgress);
      if (record !== undefined) records.push(record);
    }
  }
  const trail = choosing?.trail();
  const threadQuality = await sender.close();
  signal.removeEventListener('abort', onAbort);
  const traffic = sink.finish();
  const recording: Recording = {
    manifest: {
      ...manifestOf(
        options,
        planOf(
          records.map(({ planned }) => planned),
          seed,
        ),
        runId,
      ),
      ...(trail === undefined ? {} : { trail }),
    },
    targets: resolved(),
    gateway: sink.recognise(),
    experiments: records.map((record) => ({ ...record, keptCount: traffic.experiments.get(record.id)?.kept ?? 0 })),
    quality: probeQuality(threadQuality, traffic, sink.loginCount(), machine.finish(), achievedRatio(records)),
    windows: traffic.windows,
    exchanges: traffic.exchanges,
    exchangeCount: traffic.exchangeCount,
    warnings: [...loginWarnings, ...strayWarnings(sender.stray()), ...traffic.warnings, ...audit.warnings],
  };
  return { recording, windowsOnDisk: traffic.windowsOnDisk, sessionSecrets: sink.sessionSecrets() };
}

async function runExperiments(
  plan: Plan,
  context: ExperimentContext,
  sink: BatchSink,
  onProgress: RunOptions['onProgress'],
): Promise<ExperimentRecord[]> {
  const { clock, sender } = context;
  const { counts } = sink.recorder;
  const startUs = clock.nowUs();
  const records: ExperimentRecord[] = [];
  for (const [index, planned] of plan.experiments.entries()) {
    const stopReporting = reportProgress({
      planned,
      index,
      plan,
      clock,
      onProgress,
      inFlight: sender.inFlight,
      counts,
      outcomes: sink.outcomes,
      startUs,
    });
    records.push(await runExperiment(planned, context, counts));
    stopReporting();
  }
  return records;
}

function openLoopOf(plan: Plan): (experimentId: string) => boolean {
  const closed = new Set(
    plan.experiments.filter(({ kind, spec }) => EXPERIMENTS[kind].loop(spec) === 'closed').map(({ id }) => id),
  );
  return (id) => !closed.has(id);
}

function guardOf(kind: GatewayKind): EjectionGuard {
  const { ejection, title } = gatewayOf(kind);
  return {
    slowRequest: ejection.slowRequest,
    because: ejection.because,
    holdUs: ejection.holdUs ?? 0,
    gatewayTitle: title,
  };
}

function manifestOf({ epoch, clock, seed, profile, signal, version }: RunOptions, plan: Plan, runId: string): Manifest {
  return {
    schemaVersion: RECORDING_SCHEMA_VERSION,
    tool: { name: 'gateprobe', version },
    runId,
    startedAt: new Date(epoch.wallMs).toISOString(),
    durationUs: clock.nowUs(),
    seed,
    profile: maskProfile(profile),
    plan,
    host: { platform: process.platform, node: process.version, cpus: cpus().length },
    interrupted: signal.aborted,
  };
}

/**
 * Judges a recording: the same for a run that just ended and for one read from disk. `looks`: how often the same data is
 * judged altogether; a run that chose its steps ends with the last of its looks, without a trail nothing was chosen.
 */
export function diagnose(
  recording: Recording,
  looks = recording.manifest.trail === undefined ? 1 : MOST_LOOKS,
): Report {
  const measures = createMeasures(recording);
  const context = { measures, gateway: gatewayOf(recording.gateway.kind) };
  const judgement = judge(DETECTORS, GATEWAYS, context, looks);
  const thresholds = recording.manifest.profile.thresholds.map((threshold) => judgeThreshold(threshold, measures));
  return buildReport(recording, measures, {
    ...judgement,
    thresholds,
    invalidReasons: invalidReasons(recording.quality),
    checks: [...probeChecks(recording.quality), ...courseChecks(measures)],
    ...(measures.logs === undefined ? {} : { unexplained: unexplainedRequests(context) }),
  });
}

async function runExperiment(
  planned: PlannedExperiment,
  context: ExperimentContext,
  counts: (id: string) => { due: number; sent: number },
): Promise<ExperimentRecord> {
  const experiment = EXPERIMENTS[planned.kind];
  const startUs = context.clock.nowUs();
  const base = { id: planned.id, planned, loop: experiment.loop(planned.spec), startUs };
  const end =
    planned.refused !== undefined
      ? { stop: 'refused' as const, stopReason: planned.refused }
      : context.signal.aborted
        ? endOf(context)
        : await experiment.run(planned, planned.spec, context);
  const { due, sent } = counts(planned.id);
  return {
    ...base,
    endUs: context.clock.nowUs(),
    dueCount: due,
    sentCount: sent,
    keptCount: 0,
    stop: end.stop,
    ...(end.stopReason === undefined ? {} : { stopReason: end.stopReason }),
    notes: 'notes' in end ? (end.notes ?? []) : [],
  };
}

function resolvedTarget(
  { route, hostname, address, family, dnsUs, resolveError }: Awaited<ReturnType<typeof resolveTargets>>[number],
  certificates: ResolvedTarget['certificates'],
): ResolvedTarget {
  return {
    route,
    hostname,
    ...(address === undefined ? {} : { address }),
    ...(family === undefined ? {} : { family }),
    ...(dnsUs === undefined ? {} : { dnsUs }),
    ...(resolveError === undefined ? {} : { error: resolveError }),
    ...(certificates === undefined ? {} : { certificates }),
  };
}

function achievedRatio(records: readonly ExperimentRecord[]): number {
  const open = records.filter(({ loop }) => loop === 'open');
  const due = open.reduce((sum, { dueCount }) => sum + dueCount, 0);
  return due === 0 ? 1 : open.reduce((sum, { sentCount }) => sum + sentCount, 0) / due;
}

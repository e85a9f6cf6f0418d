/** A run on one screen: plan → record → judge → write. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createMeasures } from './analysis/create-measures.ts';
import { DETECTORS, EXPERIMENTS, GATEWAYS, gatewayOf, WRITERS } from './catalog.ts';
import { judge } from './detectors/judge.ts';
import { invalidReasons } from './detectors/probe.ts';
import { judgeThreshold } from './detectors/thresholds.ts';
import { UserError } from './errors.ts';
import { chosenExperiments } from './experiments/chosen.ts';
import { type ExperimentContext, endOf } from './experiments/experiment.ts';
import { createLiveEstimates } from './experiments/live-estimates.ts';
import { recogniseGateway } from './gateways/recognise.ts';
import { type AnswerFacts, type Exchange, outcomeKey } from './model/exchange.ts';
import type { Plan, PlannedExperiment } from './model/plan.ts';
import type { ExperimentSpec, Profile } from './model/profile.ts';
import { createRandom } from './model/random.ts';
import {
  type ExperimentRecord,
  type Manifest,
  RECORDING_SCHEMA_VERSION,
  type Recording,
  type ResolvedTarget,
} from './model/recording.ts';
import type { Report } from './model/report.ts';
import { GATEWAY } from './model/route.ts';
import type { Clock } from './model/time.ts';
import { createMasker, maskProfile } from './profile/mask.ts';
import { writeRecording } from './recording/folder.ts';
import { writeHlog } from './recording/hlog.ts';
import { createRecorder } from './recording/recorder.ts';
import { buildReport } from './report/build.ts';
import { reportCss } from './report/stylesheet.ts';
import type { ClockEpoch } from './traffic/clock.ts';
import { LOGIN_EXPERIMENT, logIn } from './traffic/login.ts';
import { resolveTargets } from './traffic/resolve.ts';
import { type Sender, startSender } from './traffic/sender.ts';

/** What is going on, for a human who waits. */
export type Progress = {
  readonly experiment: PlannedExperiment;
  /** From 1. */
  readonly position: number;
  readonly of: number;
  readonly elapsedUs: number;
  readonly remainingUs: number;
  readonly due: number;
  readonly inFlight: number;
  readonly achievedPerSec: number;
  readonly outcomes: Readonly<Record<string, number>>;
};

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
export async function recordRun(options: RunOptions): Promise<{ recording: Recording; windowsOnDisk: boolean }> {
  const { profile, seed, clock, epoch, signal, folder } = options;
  if (folder !== undefined) await makeFolder(folder);
  const plan = planRun(profile, seed);
  const targets = await resolveTargets(profile, clock);
  const runId = randomBytes(16).toString('hex');
  const closedLoops = new Set(
    plan.experiments.filter(({ kind, spec }) => EXPERIMENTS[kind].loop(spec) === 'closed').map(({ id }) => id),
  );
  const recorder = createRecorder({
    ...(folder === undefined ? {} : { folder }),
    seed,
    isOpenLoop: (id) => !closedLoops.has(id),
  });
  const live = createLiveEstimates();
  const answers = createAnswers();
  const outcomes: Record<string, number> = {};
  const loginExchanges: Exchange[] = [];
  const mask = createMasker(profile.secrets, profile.mask);
  const sender = await startSender({
    profile,
    targets,
    runId,
    version: options.version,
    epoch,
    clock,
    sink: (batch) => {
      if (batch[0]?.experimentId === LOGIN_EXPERIMENT) return void loginExchanges.push(...batch);
      answers.add(batch);
      const exchanges = batch.map((exchange) => masked(withSubstatus(exchange), mask));
      for (const exchange of exchanges) {
        const key = outcomeKey(exchange.outcome);
        outcomes[key] = (outcomes[key] ?? 0) + 1;
      }
      live.add(exchanges);
      recorder.record(exchanges);
    },
  });
  const onAbort = (): void => sender.stop('aborted');
  signal.addEventListener('abort', onAbort, { once: true });
  const loginWarnings = await logIn(profile, sender, () => loginExchanges.splice(0));
  const recognise = () => recogniseGateway(GATEWAYS, answers.gateway, answers.direct, profile.gateway.kind);
  const context: ExperimentContext = {
    profile,
    sender,
    clock,
    random: createRandom(seed),
    signal,
    live,
    guard: () => {
      const { kind } = recognise();
      const { ejection, title } = gatewayOf(kind);
      return {
        slowRequest: ejection.slowRequest,
        because: ejection.because,
        holdUs: ejection.holdUs ?? 0,
        gatewayTitle: title,
      };
    },
  };
  const startUs = clock.nowUs();
  const records: ExperimentRecord[] = [];
  for (const [index, planned] of plan.experiments.entries()) {
    const stopReporting = reportProgress({ planned, index, plan, options, sender, recorder, outcomes, startUs });
    records.push(await runExperiment(planned, context, recorder.counts));
    stopReporting();
  }
  const threadQuality = await sender.close();
  signal.removeEventListener('abort', onAbort);
  const traffic = recorder.finish();
  const recording: Recording = {
    manifest: manifestOf(options, plan, runId),
    targets: targets.map(resolvedTarget),
    gateway: recognise(),
    experiments: records.map((record) => ({ ...record, keptCount: traffic.experiments.get(record.id)?.kept ?? 0 })),
    quality: {
      ...threadQuality,
      ...traffic.quality,
      portShortages: threadQuality.portShortages,
      achievedRateRatio: achievedRatio(records),
    },
    windows: traffic.windows,
    exchanges: traffic.exchanges,
    exchangeCount: traffic.exchangeCount,
    warnings: [...loginWarnings, ...traffic.warnings],
  };
  return { recording, windowsOnDisk: traffic.windowsOnDisk };
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

/** Judges a recording: the same for a run that just ended and for one read from disk. */
export function diagnose(recording: Recording): Report {
  const measures = createMeasures(recording);
  const judgement = judge(DETECTORS, GATEWAYS, { measures, gateway: gatewayOf(recording.gateway.kind) });
  const thresholds = recording.manifest.profile.thresholds.map((threshold) => judgeThreshold(threshold, measures));
  return buildReport(recording, measures, {
    ...judgement,
    thresholds,
    invalidReasons: invalidReasons(recording.quality),
  });
}

/** Writes every format, and the recording where it is not there yet. */
export async function writeRun(
  folder: string,
  report: Report,
  recorded?: { readonly recording: Recording; readonly windowsOnDisk: boolean },
): Promise<void> {
  await makeFolder(folder);
  try {
    if (recorded !== undefined) {
      await writeRecording(folder, recorded.recording, { windowsOnDisk: recorded.windowsOnDisk });
      await writeHlog(folder, recorded.recording);
    }
    for (const writer of WRITERS) {
      if (writer.id === 'terminal') continue;
      const name = writer.id === 'junit' ? 'junit' : 'report';
      await writeFile(join(folder, `${name}.${writer.extension}`), await writer.render(report));
    }
    await writeFile(join(folder, 'report.css'), reportCss());
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `The report cannot be written to ${folder}: ${error instanceof Error ? error.message : String(error)}`,
      { hint: 'Choose another folder with --out, or make room on the disk.', cause: error },
    );
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    // Asked before any traffic: a run whose report cannot be written should not begin.
    await writeFile(join(folder, '.write-test'), '');
    await rm(join(folder, '.write-test'));
  } catch (error) {
    throw new UserError(
      `The folder ${folder} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      { hint: 'Choose another folder with --out.', cause: error },
    );
  }
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

/** Answers that may tell what the gateway is: the first ones of each route and the first failures. */
const ANSWERS_FOR_RECOGNITION = 200;

function createAnswers() {
  const gateway: AnswerFacts[] = [];
  const direct: AnswerFacts[] = [];
  return {
    gateway,
    direct,
    add(exchanges: readonly Exchange[]): void {
      for (const { route, answer } of exchanges) {
        const list = route === GATEWAY ? gateway : direct;
        if (answer !== undefined && list.length < ANSWERS_FOR_RECOGNITION) list.push(answer);
      }
    },
  };
}

/** Substatus from the answer itself, wherever it carries one; never guessed. */
function withSubstatus(exchange: Exchange): Exchange {
  const { outcome, answer } = exchange;
  if (outcome.kind !== 'response' || outcome.status < 400 || answer === undefined) return exchange;
  for (const gateway of GATEWAYS) {
    const substatus = gateway.codes(answer)?.substatus;
    if (substatus !== undefined) return { ...exchange, outcome: { ...outcome, substatus } };
  }
  return exchange;
}

/** What the target echoes may hold secrets; cookies it sets are secrets of their own. Masked before anything is written. */
function masked(exchange: Exchange, mask: (text: string) => string): Exchange {
  const { answer } = exchange;
  if (answer === undefined) return exchange;
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => {
      const hide = (text: string): string => mask(name === 'set-cookie' ? text.replace(/=[^;]*/, '=***') : text);
      return [name, typeof value === 'string' ? hide(value) : value.map(hide)];
    }),
  );
  return {
    ...exchange,
    answer: { ...answer, headers, ...(answer.bodyStart === undefined ? {} : { bodyStart: mask(answer.bodyStart) }) },
  };
}

const PROGRESS_INTERVAL_MS = 250;

function reportProgress(state: {
  readonly planned: PlannedExperiment;
  readonly index: number;
  readonly plan: Plan;
  readonly options: RunOptions;
  readonly sender: Sender;
  readonly recorder: { counts(id: string): { due: number; sent: number } };
  readonly outcomes: Readonly<Record<string, number>>;
  readonly startUs: number;
}): () => void {
  const { planned, index, plan, options, sender, recorder, outcomes } = state;
  const { onProgress, clock } = options;
  if (onProgress === undefined) return () => {};
  const beganUs = clock.nowUs();
  const later = plan.experiments.slice(index + 1).reduce((sum, { durationUs }) => sum + durationUs, 0);
  const tell = (): void => {
    const nowUs = clock.nowUs();
    const { due, sent } = recorder.counts(planned.id);
    onProgress({
      experiment: planned,
      position: index + 1,
      of: plan.experiments.length,
      elapsedUs: nowUs - state.startUs,
      remainingUs: later + Math.max(0, planned.durationUs - (nowUs - beganUs)),
      due,
      inFlight: sender.inFlight(),
      achievedPerSec: sent / Math.max(0.001, (nowUs - beganUs) / 1e6),
      outcomes,
    });
  };
  tell();
  const timer = setInterval(tell, PROGRESS_INTERVAL_MS);
  return () => clearInterval(timer);
}

function resolvedTarget({
  route,
  hostname,
  address,
  family,
  dnsUs,
  resolveError,
}: Awaited<ReturnType<typeof resolveTargets>>[number]): ResolvedTarget {
  return {
    route,
    hostname,
    ...(address === undefined ? {} : { address }),
    ...(family === undefined ? {} : { family }),
    ...(dnsUs === undefined ? {} : { dnsUs }),
    ...(resolveError === undefined ? {} : { error: resolveError }),
  };
}

function achievedRatio(records: readonly ExperimentRecord[]): number {
  const open = records.filter(({ loop }) => loop === 'open');
  const due = open.reduce((sum, { dueCount }) => sum + dueCount, 0);
  return due === 0 ? 1 : open.reduce((sum, { sentCount }) => sum + sentCount, 0) / due;
}

/** A run with everything around it: folder, progress, Ctrl-C, report, exit code. Shared by run, demo and compare. */
import { randomInt } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import type { Comparison } from '../model/comparison.ts';
import type { Profile } from '../model/profile.ts';
import type { Recording } from '../model/recording.ts';
import type { Report } from '../model/report.ts';
import {
  attachLogs,
  type ChoiceOptions,
  checkLogPatterns,
  DEFAULT_BUDGET,
  diagnose,
  type Recorded,
  readConfigs,
  readReplays,
  recordRun,
  writeRun,
} from '../pipeline.ts';
import { comparisonNotes, reportNotes } from '../report/build-server.ts';
import { comparisonMarkdown } from '../report/comparison-markdown.ts';
import { publicReport } from '../report/json.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { renderTerminal } from '../report/terminal.ts';
import { type ClockEpoch, createClock, createEpoch } from '../traffic/clock.ts';
import { againstText, type Baseline, compareWithBaseline, withChangeThresholds } from './against.ts';
import { type BuildOutput, type CiChoice, createBuildOutput } from './build-output.ts';
import { comparisonExit } from './comparison-exit.ts';
import { exitCodeOf, explainError, hasColor, printError, problemText } from './output.ts';
import { createProgressView } from './progress-view.ts';
import { packageVersion } from './version.ts';

export type LiveRunOptions = {
  readonly out?: string;
  readonly seed?: number;
  readonly json?: boolean;
  readonly failOn?: Profile['failOn'];
  /** What to hold the run against. */
  readonly against?: Baseline;
  /** False: a doubtful comparison is not repeated. */
  readonly repeat?: boolean;
  /** Left out: told from the environment. */
  readonly ci?: CiChoice;
  /** Where the thresholds are written, for annotations. */
  readonly profileFile?: string;
  readonly spin?: boolean;
  readonly threads?: number;
};

/** Whether the run chooses its experiments itself, or goes on after those of the profile where something looks wrong. */
export type LiveChoice = { readonly mode: ChoiceOptions['mode']; readonly budgetUs?: number };

/** A folder name that sorts by time and is legal on every system. */
export function runFolder(name: string, at: Date): string {
  return join('reports', `${name.replace(/[^\w.-]+/g, '-')}-${at.toISOString().slice(0, 19).replace(/[:T]/g, '-')}`);
}

export function parseSeed(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffffffff)
    throw new UserError(`--seed wants a whole number from 0 to 4294967295, got ${text}`);
  return Number(text);
}

type Live = {
  readonly view: ReturnType<typeof createProgressView>;
  readonly signal: AbortSignal;
};

/** Runs the profile and prints the answer; gives the exit code. */
export async function liveRun(written: Profile, options: LiveRunOptions, choice?: LiveChoice): Promise<number> {
  checkLogPatterns(written);
  const asked = {
    ...written,
    ...(options.spin === true ? { spin: true } : {}),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  };
  const profile = await readReplays(asked, { baseFolder: process.cwd(), wallMs: Date.now });
  const epoch = createEpoch();
  const seed = options.seed ?? randomInt(0x7fffffff);
  const folder = resolve(options.out ?? runFolder(profile.name, new Date(epoch.wallMs)));
  const interruption = catchInterrupts();
  const live: Live = { view: createProgressView(process.stderr), signal: interruption.signal };
  try {
    const recorded = await recordLive(profile, { live, epoch, seed, folder }, choice);
    const { recording } = recorded;
    const report = diagnose(recording);
    const writing = await failureOf(writeRun(folder, report, recorded));
    const place = writing === undefined ? join(folder, 'report.html') : undefined;
    if (options.against === undefined || report.interrupted || writing !== undefined) {
      tellAnswer(report, options, profile, place);
      if (options.against !== undefined) printError('Nothing was compared: the run is not complete.');
      return writing === undefined ? exitCodeOf(report, options.failOn ?? profile.failOn) : explainError(writing);
    }
    const comparison = await compareWithBaseline(recording, {
      baseline: options.against,
      profile,
      report,
      folder,
      ...(options.repeat === false ? {} : { repeat: (again, place) => repeatRun(again, place, live, seed) }),
    });
    const judged = withChangeThresholds(report, profile, comparison);
    await writeRun(folder, judged);
    const code = tellAnswer(judged, options, profile, place, {
      comparison,
      text: againstText(options.against, comparison, folder),
      file: join(folder, 'comparison.md'),
    });
    if (live.signal.aborted) return EXIT.interrupted;
    return code;
  } finally {
    live.view.end();
    interruption.release();
  }
}

type Recorder = { readonly live: Live; readonly epoch: ClockEpoch; readonly seed: number; readonly folder: string };

/** Runs the experiments, and reads the logs and the configuration that the profile names. */
async function recordLive(
  profile: Profile,
  { live: { view, signal }, epoch, seed, folder }: Recorder,
  choice?: LiveChoice,
): Promise<Recorded> {
  const clock = createClock(epoch);
  const budgetUs = choice?.budgetUs ?? DEFAULT_BUDGET.durationUs;
  const recorded = await recordRun({
    profile,
    seed,
    version: packageVersion(),
    clock,
    epoch,
    signal,
    folder,
    onProgress: view.show,
    ...(choice === undefined
      ? {}
      : {
          choose: {
            mode: choice.mode,
            budget: { ...DEFAULT_BUDGET, durationUs: budgetUs },
            onStep: (line: string) => {
              view.end();
              printError(line);
            },
          },
        }),
  });
  view.end();
  const joined = await attachLogs(recorded.recording, {
    profile: { ...profile, secrets: [...profile.secrets, ...(recorded.sessionSecrets ?? [])] },
    baseFolder: process.cwd(),
    clock,
    wallMs: Date.now,
    signal,
    onWait: printError,
  });
  const { configs, problems } = readConfigs(
    profile.config ?? [],
    profile,
    joined.recording.gateway.kind,
    process.cwd(),
  );
  const warnings = [...joined.recording.warnings, ...[...joined.problems, ...problems].map(problemText)];
  return { ...recorded, recording: { ...joined.recording, warnings, ...(configs.length === 0 ? {} : { configs }) } };
}

/** The compares once more, with other random choices, into a folder of their own. */
async function repeatRun(profile: Profile, folder: string, live: Live, seed: number): Promise<Recording> {
  const recorded = await recordLive(profile, { live, epoch: createEpoch(), seed: (seed + 1) % 0x7fffffff, folder });
  await writeRun(folder, diagnose(recorded.recording), recorded);
  return recorded.recording;
}

function failureOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

type Held = { readonly comparison: Comparison; readonly text: string; readonly file: string };

/** The answer of a run, and what a build server shows of it; gives the exit code. */
function tellAnswer(report: Report, options: LiveRunOptions, profile: Profile, place?: string, held?: Held): number {
  const output = createBuildOutput(options.ci);
  const isJson = options.json === true;
  const failOn = options.failOn ?? profile.failOn;
  answer(report, isJson, place, output);
  if (held !== undefined && isJson) printError(held.text);
  else if (held !== undefined) output.print(`\n${held.text}`);
  const ofRun = exitCodeOf(report, failOn);
  const exitCode = held === undefined || ofRun !== EXIT.ok ? ofRun : comparisonExit(held.comparison, failOn);
  const notes = reportNotes(report, failOn, output.placeOf(options.profileFile));
  const more = held === undefined ? [] : comparisonNotes(held.comparison, failOn, true);
  const summary = [...(held === undefined ? [] : [comparisonMarkdown(held.comparison)]), renderMarkdown(report)].join(
    '\n',
  );
  const files = [
    ...(held === undefined ? [] : [held.file]),
    ...(place === undefined ? [] : [join(dirname(place), 'report.md')]),
  ];
  output.tell([...notes, ...more], { markdown: summary, files }, { isOnErrors: isJson, exitCode });
  return exitCode;
}

/** The answer on standard output: for a human, or as `report.json`. */
export function answer(
  report: Report,
  json: boolean,
  reportPath?: string,
  output: Pick<BuildOutput, 'print'> = createBuildOutput(undefined),
): void {
  if (json) {
    output.print(JSON.stringify(publicReport(report)), 'json');
    if (reportPath !== undefined) printError(`Report: ${reportPath}`);
  } else
    output.print(
      renderTerminal(report, { color: hasColor(process.stdout), ...(reportPath === undefined ? {} : { reportPath }) }),
    );
}

/** The first Ctrl-C drains and still writes the report, the second ends at once. */
function catchInterrupts(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    printError('\nInterrupted: waiting for what is in flight, then writing the report. Once more to stop at once.');
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGBREAK'] as const;
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}

/** A run with everything around it: folder, progress, Ctrl-C, report, exit code. Shared by run, demo and compare. */
import { randomInt } from 'node:crypto';
import { join, resolve } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import type { Profile } from '../model/profile.ts';
import type { Report } from '../model/report.ts';
import {
  attachLogs,
  type ChoiceOptions,
  checkLogPatterns,
  DEFAULT_BUDGET,
  diagnose,
  readConfigs,
  readReplays,
  recordRun,
  writeRun,
} from '../pipeline.ts';
import { publicReport } from '../report/json.ts';
import { renderTerminal } from '../report/terminal.ts';
import { createClock, createEpoch } from '../traffic/clock.ts';
import { exitCodeOf, explainError, hasColor, print, printError, problemText } from './output.ts';
import { createProgressView } from './progress-view.ts';
import { packageVersion } from './version.ts';

export type LiveRunOptions = {
  readonly out?: string;
  readonly seed?: number;
  readonly json?: boolean;
  readonly failOn?: Profile['failOn'];
  readonly spin?: boolean;
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

/** Runs the profile and prints the answer; gives the exit code. */
export async function liveRun(written: Profile, options: LiveRunOptions, choice?: LiveChoice): Promise<number> {
  checkLogPatterns(written);
  const asked = options.spin === true ? { ...written, spin: true } : written;
  const profile = await readReplays(asked, { baseFolder: process.cwd(), wallMs: Date.now });
  const epoch = createEpoch();
  const clock = createClock(epoch);
  const seed = options.seed ?? randomInt(0x7fffffff);
  const folder = resolve(options.out ?? runFolder(profile.name, new Date(epoch.wallMs)));
  const interruption = catchInterrupts();
  const view = createProgressView(process.stderr);
  const budgetUs = choice?.budgetUs ?? DEFAULT_BUDGET.durationUs;
  try {
    const recorded = await recordRun({
      profile,
      seed,
      version: packageVersion(),
      clock,
      epoch,
      signal: interruption.signal,
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
      profile,
      baseFolder: process.cwd(),
      clock,
      wallMs: Date.now,
      signal: interruption.signal,
      onWait: printError,
    });
    const { configs, problems } = readConfigs(
      profile.config ?? [],
      profile,
      joined.recording.gateway.kind,
      process.cwd(),
    );
    const warnings = [...joined.recording.warnings, ...[...joined.problems, ...problems].map(problemText)];
    const recording = { ...joined.recording, warnings, ...(configs.length === 0 ? {} : { configs }) };
    const report = diagnose(recording);
    const writing = await writeRun(folder, report, { ...recorded, recording }).then(
      () => undefined,
      (error: unknown) => error,
    );
    answer(report, options.json === true, writing === undefined ? join(folder, 'report.html') : undefined);
    if (writing !== undefined) return explainError(writing);
    return exitCodeOf(report, options.failOn ?? profile.failOn);
  } finally {
    view.end();
    interruption.release();
  }
}

/** The answer on standard output: for a human, or as `report.json`. */
export function answer(report: Report, json: boolean, reportPath?: string): void {
  if (json) {
    print(JSON.stringify(publicReport(report)));
    if (reportPath !== undefined) printError(`Report: ${reportPath}`);
  } else
    print(
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

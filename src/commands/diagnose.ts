import { dirname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { UserError } from '../errors.ts';
import type { Profile } from '../model/profile.ts';
import type { Recording } from '../model/recording.ts';
import { recordingOfHistory } from '../pipeline/history-recording.ts';
import { diagnose, writeRun } from '../pipeline.ts';
import { loadProfile } from '../profile/load.ts';
import { parseDuration } from '../profile/units.ts';
import { readRecording } from '../recording/folder.ts';
import { openHistory } from '../store/history.ts';
import { answer, runFolder } from './live-run.ts';
import { dataOption, failOnOption, unitOption } from './options.ts';
import { exitCodeOf } from './output.ts';
import { packageVersion } from './version.ts';

type Options = {
  readonly history?: string;
  readonly data: string;
  readonly since: number;
  readonly out?: string;
  readonly json?: boolean;
  readonly failOn?: Profile['failOn'];
};

const DAY_US = 86_400_000_000;
/** As long as history is kept at all. */
const LONGEST_US = 3_650 * DAY_US;
const DATA_HINT = 'gateprobe diagnose --history <profile> --since 24h';

export function diagnoseCommand(): Command {
  return new Command('diagnose')
    .description('judge a recording, or a time of what the monitor kept, and write the report anew; sends nothing')
    .argument('[recording]', 'folder of a run, or its recording/')
    .option('--history <profile>', 'instead of a recording: what the monitor kept of this profile file')
    .addOption(dataOption('with --history: data folder of the monitor'))
    .addOption(
      new Option('--since <duration>', 'with --history: how far back from now')
        .argParser(unitOption((text) => parseDuration(text, { maxUs: LONGEST_US }), 'since'))
        .default(DAY_US, '24h'),
    )
    .option('--out <folder>', 'write into this folder (default: the folder of the run; with --history a new one)')
    .option('--json', 'print report.json on standard output')
    .addOption(failOnOption())
    .action(async (path: string | undefined, options: Options) => {
      if ((path === undefined) === (options.history === undefined))
        throw new UserError('diagnose needs a recording or --history, and not both', { hint: DATA_HINT });
      const recording = path === undefined ? await kept(options.history ?? '', options) : await readRecording(path);
      const report = diagnose(recording);
      const { profile, startedAt } = recording.manifest;
      const own = path === undefined ? runFolder(`${profile.name}-history`, new Date(startedAt)) : runFolderOf(path);
      const folder = resolve(options.out ?? own);
      await writeRun(folder, report);
      answer(report, options.json === true, join(folder, 'report.html'));
      process.exitCode = exitCodeOf(report, options.failOn ?? profile.failOn);
    });
}

async function kept(file: string, { data, since }: Options): Promise<Recording> {
  const profile = await loadProfile(file);
  const history = openHistory(data, { isReadOnly: true });
  try {
    const toAtUs = Date.now() * 1_000;
    const recording = recordingOfHistory(history, {
      profile,
      fromAtUs: toAtUs - since,
      toAtUs,
      version: packageVersion(),
    });
    if (recording.experiments.length > 0) return recording;
    const others = history.profiles().filter((name) => name !== profile.name);
    throw new UserError(`nothing of ${profile.name} was kept in this time`, {
      hint:
        others.length === 0
          ? 'gateprobe history list --data <folder> tells what is there; a longer --since may reach it.'
          : `The folder has ${others.join(', ')}; a longer --since may reach this one.`,
    });
  } finally {
    history.close();
  }
}

/** A recording/ is given by its own path or by its run's. */
function runFolderOf(path: string): string {
  const full = resolve(path);
  return /[\\/]recording$/.test(full) ? dirname(full) : full;
}

import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import type { Profile } from '../model/profile.ts';
import { diagnose, writeRun } from '../pipeline.ts';
import { readRecording } from '../recording/folder.ts';
import { answer } from './live-run.ts';
import { failOnOption } from './options.ts';
import { exitCodeOf } from './output.ts';

type Options = { readonly out?: string; readonly json?: boolean; readonly failOn?: Profile['failOn'] };

export function diagnoseCommand(): Command {
  return new Command('diagnose')
    .description('judge a recording again and write its report anew; sends nothing')
    .argument('<recording>', 'folder of a run, or its recording/')
    .option('--out <folder>', 'write into this folder (default: the folder of the run)')
    .option('--json', 'print report.json on standard output')
    .addOption(failOnOption())
    .action(async (path: string, options: Options) => {
      const recording = await readRecording(path);
      const report = diagnose(recording);
      const folder = resolve(options.out ?? runFolderOf(path));
      await writeRun(folder, report);
      answer(report, options.json === true, join(folder, 'report.html'));
      process.exitCode = exitCodeOf(report, options.failOn ?? recording.manifest.profile.failOn);
    });
}

/** A recording/ is given by its own path or by its run's. */
function runFolderOf(path: string): string {
  const full = resolve(path);
  return /[\\/]recording$/.test(full) ? dirname(full) : full;
}

import { Command } from 'commander';
import { loadProfile } from '../profile/load.ts';
import { type LiveRunOptions, liveRun, parseSeed } from './live-run.ts';
import { failOnOption } from './options.ts';

export function runCommand(): Command {
  return new Command('run')
    .description('run the experiments of a profile, judge them and write a report')
    .argument('<profile>', 'the YAML file')
    .option('--out <folder>', 'write into this folder (default: reports/<name>-<time>)')
    .option('--seed <number>', 'repeat the random choices of an earlier run', parseSeed)
    .option('--json', 'print report.json on standard output')
    .addOption(failOnOption())
    .action(async (file: string, options: LiveRunOptions) => {
      process.exitCode = await liveRun(await loadProfile(file), options);
    });
}

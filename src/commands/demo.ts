import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { EXIT, UserError } from '../errors.ts';
import { type Farm, startFarm } from '../lab/farm.ts';
import { SCENARIOS } from '../lab/scenarios.ts';
import { parseProfile } from '../profile/load.ts';
import { type LiveRunOptions, liveRun, parseSeed } from './live-run.ts';
import { printError } from './output.ts';

/** The built-in farm with faults. Its findings are what it is for: the command succeeds when the run was valid. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('start the built-in farm with faults, run against it and write a report (under a minute)')
    .option('--out <folder>', 'write into this folder (default: reports/demo-<time>)')
    .option('--seed <number>', 'repeat the random choices of an earlier run', parseSeed)
    .option('--json', 'print report.json on standard output')
    .action(async (options: LiveRunOptions) => {
      const scenario = SCENARIOS['demo'];
      if (scenario === undefined) throw new Error('the demo scenario is missing');
      printError(
        `Starting a farm of ${scenario.members.length} members behind an ARR-like gateway (an emulator, on this machine only).\n${scenario.summary}\nThe probe does not know this; it finds out from traffic and from the logs of the machines.`,
      );
      const logFolder = await mkdtemp(join(tmpdir(), 'gateprobe-demo-'));
      let farm: Farm | undefined;
      try {
        farm = await startFarm(scenario, { seed: options.seed ?? 1, logFolder });
        const profile = parseProfile(farm.profileYaml, { file: 'demo.yaml', env: {}, readFile: refuseFiles });
        const code = await liveRun(profile, options);
        process.exitCode = code === EXIT.findings ? EXIT.ok : code;
      } finally {
        await farm?.stop();
        await rm(logFolder, { recursive: true, force: true });
      }
    });
}

function refuseFiles(): never {
  throw new UserError('the demo profile reads no files');
}

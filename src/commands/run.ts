import { Command } from 'commander';
import { UserError } from '../errors.ts';
import type { Profile } from '../model/profile.ts';
import { adhocProfile } from '../profile/adhoc.ts';
import { DEFAULT_LIMITS } from '../profile/limits.ts';
import { loadProfile } from '../profile/load.ts';
import { loadBaseline } from './against.ts';
import { ciOption } from './build-output.ts';
import { type LiveRunOptions, liveRun, parseSeed } from './live-run.ts';
import { budgetOption, failOnOption, spinOption, threadsOption } from './options.ts';
import { REPORTS_FOLDER } from './recording-choice.ts';

type Options = Omit<LiveRunOptions, 'against'> & {
  readonly against?: string;
  readonly reports: string;
  readonly auto?: boolean;
  readonly budget?: number;
  readonly gateway?: string;
  readonly member?: readonly string[];
  readonly host?: string;
  readonly path?: string;
};

export function runCommand(): Command {
  return new Command('run')
    .description('run the experiments of a profile, judge them and write a report')
    .argument('[profile]', 'the YAML file; with --auto, --gateway and --member may stand for it')
    .option('--auto', 'choose the experiments one after the other, from what the last one showed')
    .option('--gateway <url>', 'with --auto and no profile: the gateway')
    .option('--member <url...>', 'with --auto and no profile: one or more members, past the gateway')
    .option('--host <name>', 'with --gateway: Host header (and TLS server name) for the members')
    .option('--path <path>', 'with --gateway: what to ask for (default: the path of the gateway URL)')
    .addOption(budgetOption())
    .addOption(spinOption())
    .addOption(threadsOption())
    .option('--out <folder>', 'write into this folder (default: reports/<name>-<time>)')
    .option('--seed <number>', 'repeat the random choices of an earlier run', parseSeed)
    .option(
      '--against <baseline>',
      'hold the run against a baseline or the folder of a run, and judge thresholds on change',
    )
    .option('--no-repeat', 'with --against: do not run the compares once more where the comparison is doubtful')
    .addOption(ciOption())
    .option('--reports <folder>', 'where baselines are', REPORTS_FOLDER)
    .option('--json', 'print report.json on standard output')
    .addOption(failOnOption())
    .action(async (file: string | undefined, options: Options) => {
      const profile = await profileOf(file, options);
      const choice = {
        mode: 'instead' as const,
        ...(options.budget === undefined ? {} : { budgetUs: options.budget }),
      };
      const { against, reports, ...others } = options;
      const baseline = against === undefined ? {} : { against: await loadBaseline(against, reports) };
      process.exitCode = await liveRun(
        profile,
        { ...others, ...baseline, ...(file === undefined ? {} : { profileFile: file }) },
        options.auto === true ? choice : undefined,
      );
    });
}

async function profileOf(file: string | undefined, options: Options): Promise<Profile> {
  const { auto, budget, gateway, member, host, path } = options;
  if (auto !== true && (gateway ?? member ?? host ?? path ?? budget) !== undefined) {
    throw new UserError('--gateway, --member, --host, --path and --budget are for run --auto', {
      hint: 'Add --auto, or use gateprobe compare <gateway-url> <member-url...>.',
    });
  }
  if (file !== undefined) {
    if ((gateway ?? member ?? host ?? path) === undefined) return loadProfile(file);
    throw new UserError('a profile, or --gateway and --member: not both');
  }
  if (gateway === undefined || member === undefined) {
    throw new UserError('which profile?', {
      hint: 'gateprobe run <profile>, or gateprobe run --auto --gateway <url> --member <url...>',
    });
  }
  return chosenProfile(gateway, member, {
    ...(host === undefined ? {} : { host }),
    ...(path === undefined ? {} : { path }),
  });
}

/** The profile of a comparison without its one experiment, and with the limits of a profile that has none. */
function chosenProfile(
  gatewayUrl: string,
  memberUrls: readonly string[],
  more: { readonly host?: string; readonly path?: string },
): Profile {
  return {
    ...adhocProfile({ gatewayUrl, memberUrls, ...more }),
    name: 'auto',
    experiments: [],
    limits: DEFAULT_LIMITS,
  };
}

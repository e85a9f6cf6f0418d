import { Command } from 'commander';
import type { Profile } from '../model/profile.ts';
import { adhocProfile } from '../profile/adhoc.ts';
import { parseDuration, parseRate } from '../profile/units.ts';
import { type LiveRunOptions, liveRun, parseSeed } from './live-run.ts';
import { budgetOption, spinOption, unitOption } from './options.ts';

type Options = LiveRunOptions & {
  readonly host?: string;
  readonly path?: string;
  readonly for?: number;
  readonly rate?: number;
  readonly insecure?: boolean;
  /** False with --no-auto. */
  readonly auto: boolean;
  readonly budget?: number;
};

/** Direct requests to a member and a peer are 160, the proof of a timer 4, an idle ladder about 40 for each route. */
const FOLLOW_UP_REQUESTS = 400;

/** The limits of a comparison are what it needs; going on needs some more of its requests, and none of its rate. */
function withRoom(profile: Profile): Profile {
  const { limits } = profile;
  return { ...profile, limits: { ...limits, maxRequests: limits.maxRequests + FOLLOW_UP_REQUESTS } };
}

export function compareCommand(): Command {
  return new Command('compare')
    .description('no profile: proxied versus direct latency, in one table')
    .argument('<gateway-url>', 'for example https://shop.example.com')
    .argument('<member-url...>', 'one or more members, for example http://192.0.2.11:8080')
    .option('--host <name>', 'Host header (and TLS server name) for the members')
    .option('--path <path>', 'what to ask for (default: the path of the gateway URL)')
    .option('--for <duration>', 'how long (default: 30s)', unitOption(parseDuration, 'for'))
    .option(
      '--rate <rate>',
      'slots per second; each asks every way once (default: 10/s)',
      unitOption(parseRate, 'rate'),
    )
    .option('--insecure', 'do not verify certificates')
    .option('--no-auto', 'do not go on when something looks wrong')
    .addOption(budgetOption())
    .addOption(spinOption())
    .option('--out <folder>', 'write into this folder (default: reports/compare-<time>)')
    .option('--seed <number>', 'repeat the random choices of an earlier run', parseSeed)
    .option('--json', 'print report.json on standard output')
    .action(async (gatewayUrl: string, memberUrls: string[], options: Options) => {
      const profile = adhocProfile({
        gatewayUrl,
        memberUrls,
        ...(options.host === undefined ? {} : { host: options.host }),
        ...(options.path === undefined ? {} : { path: options.path }),
        ...(options.for === undefined ? {} : { durationUs: options.for }),
        ...(options.rate === undefined ? {} : { ratePerSec: options.rate }),
        ...(options.insecure === undefined ? {} : { insecure: options.insecure }),
      });
      const choice = { mode: 'after' as const, ...(options.budget === undefined ? {} : { budgetUs: options.budget }) };
      process.exitCode = options.auto
        ? await liveRun(withRoom(profile), options, choice)
        : await liveRun(profile, options);
    });
}

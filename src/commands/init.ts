import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { UserError } from '../errors.ts';
import { parseProfile } from '../profile/load.ts';
import { profileTemplate } from '../profile/template.ts';
import { print } from './output.ts';

type Options = {
  readonly member: string[];
  readonly host?: string;
  readonly out: string;
  readonly name?: string;
  readonly force?: boolean;
};

export function initCommand(): Command {
  return new Command('init')
    .description('write a profile to start from')
    .argument('<gateway-url>', 'for example https://shop.example.com')
    .requiredOption('--member <url...>', 'one or more members, past the gateway')
    .option('--host <name>', 'Host header for the members')
    .option('--name <name>', 'name of the profile (default: the host name of the gateway)')
    .option('--out <file>', 'where to write it', 'gateprobe.yaml')
    .option('--force', 'overwrite an existing file')
    .action(async (gatewayUrl: string, options: Options) => {
      const text = profileTemplate({
        name: options.name ?? nameOf(gatewayUrl),
        gatewayUrl,
        members: options.member.map((url, index) => ({
          name: `web${index + 1}`,
          url,
          ...(options.host === undefined ? {} : { host: options.host }),
        })),
      });
      // What is written must load; a wrong address is told here and not later.
      parseProfile(text, { file: options.out, env: process.env, readFile: () => '' });
      try {
        await writeFile(options.out, text, { flag: options.force === true ? 'w' : 'wx' });
      } catch (error) {
        const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
        throw new UserError(
          exists ? `${options.out} exists already` : `${options.out} cannot be written: ${(error as Error).message}`,
          {
            hint: exists
              ? 'Choose another file with --out, or overwrite it with --force.'
              : 'Choose another file with --out.',
          },
        );
      }
      print(
        `${options.out} is written. See what a run would send: gateprobe check ${options.out}\nThen: gateprobe run ${options.out}`,
      );
    });
}

function nameOf(gatewayUrl: string): string {
  return URL.canParse(gatewayUrl) ? new URL(gatewayUrl).hostname.replace(/[^\w.-]+/g, '-') : 'farm';
}

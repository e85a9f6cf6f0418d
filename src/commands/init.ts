import { readFile, stat, writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { UserError } from '../errors.ts';
import { type HarSelection, leftOutLines, requestsFromHar } from '../profile/har.ts';
import { parseProfile } from '../profile/load.ts';
import { profileTemplate } from '../profile/template.ts';
import { print, printError } from './output.ts';

type Options = {
  readonly member: string[];
  readonly host?: string;
  readonly har?: string;
  readonly out: string;
  readonly name?: string;
  readonly force?: boolean;
};

/** Recordings with all bodies of a long session stay below; a text in V8 must be below 512 MB. */
const MAX_HAR_BYTES = 256 * 1024 * 1024;

export function initCommand(): Command {
  return new Command('init')
    .description('write a profile to start from')
    .argument('<gateway-url>', 'for example https://shop.example.com')
    .requiredOption('--member <url...>', 'one or more members, past the gateway')
    .option('--host <name>', 'Host header for the members')
    .option('--har <file>', 'take the requests from a recording of a browser (HAR)')
    .option('--name <name>', 'name of the profile (default: the host name of the gateway)')
    .option('--out <file>', 'where to write it', 'gateprobe.yaml')
    .option('--force', 'overwrite an existing file')
    .action(async (gatewayUrl: string, options: Options) => {
      const selection = options.har === undefined ? undefined : await readHar(options.har, gatewayUrl, options.host);
      const text = profileTemplate({
        name: options.name ?? nameOf(gatewayUrl),
        gatewayUrl,
        members: options.member.map((url, index) => ({
          name: `web${index + 1}`,
          url,
          ...(options.host === undefined ? {} : { host: options.host }),
        })),
        ...(selection === undefined ? {} : { requests: selection.requests, requestNotes: notesOf(selection) }),
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
      if (selection !== undefined) for (const note of notesOf(selection)) printError(note);
      print(
        `${options.out} is written. See what a run would send: gateprobe check ${options.out}\nThen: gateprobe run ${options.out}`,
      );
    });
}

function nameOf(gatewayUrl: string): string {
  return URL.canParse(gatewayUrl) ? new URL(gatewayUrl).hostname.replace(/[^\w.-]+/g, '-') : 'farm';
}

async function readHar(file: string, gatewayUrl: string, host: string | undefined): Promise<HarSelection> {
  if (!URL.canParse(gatewayUrl))
    throw new UserError(`${gatewayUrl} is no URL`, { hint: 'Write the gateway as https://shop.example.com.' });
  const { origin, protocol } = new URL(gatewayUrl);
  // A gateway that is given by its address is known to the browser by its name.
  const named = `${protocol}//${host ?? ''}`;
  const origins = [origin, ...(host !== undefined && URL.canParse(named) ? [new URL(named).origin] : [])];
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > MAX_HAR_BYTES)
      throw new Error(`it has ${Math.round(size / 1e6)} MB, more than ${Math.round(MAX_HAR_BYTES / 1e6)} MB`);
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`, {
      hint: 'Save the recording from the network panel of the browser; without bodies it is small.',
    });
  }
  return requestsFromHar(text, file, [...new Set(origins)]);
}

/** What became of the recording; in the profile and on standard error. */
function notesOf({ requests, recordedCount, leftOut }: HarSelection): string[] {
  const kept = requests.reduce((sum, { weight }) => sum + weight, 0);
  const lines = [
    `From a browser's recording: ${requests.length} different requests for ${kept} of its ${recordedCount}; weight is how often each was asked.`,
    'Cookies and authorization are left out: what needs a login answers as to a stranger (auth gives the probe one).',
    ...leftOutLines(leftOut).map((line) => `Left out: ${line}`),
  ];
  for (const { name, withoutValues } of requests)
    if (withoutValues.length > 0)
      lines.push(`${name} is asked without the values of ${withoutValues.join(', ')}, which look like credentials.`);
  if (requests.some(({ withoutValues }) => withoutValues.length > 0))
    // biome-ignore lint/suspicious/noTemplateCurlyInString: how a profile names a variable
    lines.push('Where an answer needs such a value, write it as ${env:NAME}: it is then hidden in reports.');
  return lines;
}

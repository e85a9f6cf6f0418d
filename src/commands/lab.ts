import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { EXIT, UserError } from '../errors.ts';
import { type Farm, startFarm } from '../lab/farm.ts';
import type { Scenario, Truth } from '../lab/scenario.ts';
import { SCENARIOS } from '../lab/scenarios.ts';
import { CAUSES } from '../model/causes.ts';
import { parseSeed } from './live-run.ts';
import { print, printError } from './output.ts';
import { untilStopped } from './until-stopped.ts';

type Options = {
  readonly list?: boolean;
  readonly seed?: number;
  readonly logs?: string;
  readonly profileOut?: string;
};

/** A gateway with members and known faults, to try things on. Ends with 0 when the user ends it. */
export function labCommand(): Command {
  return new Command('lab')
    .description('start a gateway with members and a named fault, to try things on; runs until Ctrl-C')
    .argument('[scenario]', 'which; --list shows them')
    .option('--list', 'list the scenarios')
    .option('--seed <number>', 'seed of the service times and faults (default: 1)', parseSeed)
    .option('--logs <folder>', 'write the IIS logs of the gateway and the members into this folder')
    .option('--profile-out <file>', 'write the profile to this file (default: a temporary one, removed at the end)')
    .action(async (name: string | undefined, options: Options) => {
      if (options.list === true) return print(scenarioList());
      if (name === undefined) throw new UserError('which scenario?', { hint: known() });
      const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
      if (scenario === undefined) throw new UserError(`there is no scenario ${name}`, { hint: known() });
      await runLab(scenario, options);
    });
}

function known(): string {
  return `The scenarios are ${Object.keys(SCENARIOS).join(', ')}. What they are: gateprobe lab --list`;
}

function scenarioList(): string {
  const width = Math.max(...Object.keys(SCENARIOS).map((name) => name.length));
  return Object.values(SCENARIOS)
    .map(({ name, summary }) => `${name.padEnd(width)}  ${summary}`)
    .join('\n');
}

async function runLab(scenario: Scenario, options: Options): Promise<void> {
  const end = untilStopped();
  const logs = options.logs === undefined ? undefined : resolve(options.logs);
  let farm: Farm | undefined;
  let temporary: string | undefined;
  try {
    farm = await start(scenario, options.seed ?? 1, logs);
    temporary = options.profileOut === undefined ? await mkdtemp(join(tmpdir(), 'gateprobe-lab-')) : undefined;
    const file = resolve(options.profileOut ?? join(temporary ?? '', `${scenario.name}.yaml`));
    await writeProfile(file, farm.profileYaml);
    print(describeFarm(farm, file, logs));
    const failure = await Promise.race([end.stopped, farm.failed]);
    if (failure !== undefined) {
      throw new UserError(failure.message, {
        hint: 'The other processes are ended too. Start the lab again.',
        exitCode: EXIT.invalidRun,
      });
    }
    printError('Stopping the lab.');
  } finally {
    end.release();
    await farm?.stop();
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}

async function start(scenario: Scenario, seed: number, logs: string | undefined): Promise<Farm> {
  try {
    return await startFarm(scenario, { seed, ...(logs === undefined ? {} : { logFolder: logs }) });
  } catch (error) {
    const hint =
      logs === undefined
        ? 'Is this machine out of memory, processes or ports?'
        : 'Can files be written into the folder of --logs?';
    throw new UserError(`the lab did not start: ${(error as Error).message}`, {
      hint,
      cause: error,
      exitCode: EXIT.invalidRun,
    });
  }
}

async function writeProfile(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${(error as Error).message}`, {
      hint: `Is there a folder ${dirname(file)}? Name another file with --profile-out.`,
    });
  }
}

function describeFarm(farm: Farm, file: string, logs: string | undefined): string {
  const { scenario } = farm;
  const width = Math.max('gateway'.length, ...farm.members.map(({ name }) => name.length));
  return [
    `${scenario.title}. ${scenario.summary}`,
    '',
    `  ${'gateway'.padEnd(width)}  ${farm.gatewayUrl}`,
    ...farm.members.map(
      ({ name, url, pid }) => `  ${name.padEnd(width)}  ${url}${pid === undefined ? '  (closed)' : ''}`,
    ),
    '',
    ...(scenario.truth.length === 0
      ? ['There is nothing to find.']
      : ['To be found:', ...scenario.truth.map(describeTruth)]),
    '',
    `Profile: ${file}`,
    ...(logs === undefined ? [] : [`Logs:    ${logs}`]),
    `Next, in another terminal: gateprobe run ${/\s/.test(file) ? `"${file}"` : file}`,
    'Ctrl-C ends the lab.',
  ].join('\n');
}

function describeTruth({ cause, member, measured = {} }: Truth): string {
  const values = Object.entries(measured).map(([name, value]) => `${name} ${value}`);
  return `  ${cause}${member === undefined ? '' : ` at ${member}`}: ${CAUSES[cause].title}${values.length === 0 ? '' : ` (${values.join(', ')})`}`;
}

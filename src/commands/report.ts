import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { WRITERS } from '../catalog.ts';
import { UserError } from '../errors.ts';
import { diagnose } from '../pipeline.ts';
import { readRecording } from '../recording/folder.ts';
import { print, printError } from './output.ts';

const FORMATS = WRITERS.map(({ id }) => id);

export function reportCommand(): Command {
  return new Command('report')
    .description('print the report of a recording in a format')
    .argument('<recording>', 'folder of a run, or its recording/')
    .addOption(new Option('--format <format>', 'which').choices(FORMATS).default('terminal'))
    .option('--out <file>', 'write to this file instead of standard output')
    .action(async (path: string, options: { format: string; out?: string }) => {
      const writer = WRITERS.find(({ id }) => id === options.format);
      if (writer === undefined)
        throw new UserError(`no such format: ${options.format}`, { hint: `One of ${FORMATS.join(', ')}.` });
      const text = await writer.render(diagnose(await readRecording(path)));
      if (options.out === undefined) return print(text);
      try {
        await writeFile(options.out, text);
      } catch (error) {
        throw new UserError(`${options.out} cannot be written: ${(error as Error).message}`, {
          hint: 'Choose another file with --out.',
        });
      }
      printError(`${options.out} is written.`);
    });
}

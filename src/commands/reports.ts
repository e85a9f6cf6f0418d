import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { UserError } from '../errors.ts';
import { createReports } from '../monitor/web/reports.ts';
import { inOrderOfRuns, type RunEntry, runIndexHtml, runIndexText } from '../report/run-index.ts';
import { reportCss } from '../report/stylesheet.ts';
import { print, printError } from './output.ts';

type Options = { readonly json?: boolean; readonly index: boolean };

export function reportsCommand(): Command {
  return new Command('reports')
    .description('list the runs in a folder: when, profile, verdict, worst finding; and write its index.html')
    .argument('[folder]', 'the folder that runs are written into', 'reports')
    .option('--json', 'print the list as JSON')
    .option('--no-index', 'list only, write nothing')
    .action(async (folder: string, options: Options) => {
      await requireFolder(folder);
      const entries = inOrderOfRuns(await createReports(folder).list());
      if (options.json === true) print(JSON.stringify({ schemaVersion: 1, runs: entries }, undefined, 2));
      else
        print(entries.length === 0 ? `No run is in ${folder} yet; gateprobe run writes one.` : runIndexText(entries));
      if (options.index && entries.length > 0) await writeIndex(folder, entries);
    });
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  throw new UserError(`${folder} is no folder`, { hint: 'gateprobe reports <folder>; runs write into reports/.' });
}

async function writeIndex(folder: string, entries: readonly RunEntry[]): Promise<void> {
  const file = join(folder, 'index.html');
  try {
    await writeFile(file, runIndexHtml(entries));
    await writeFile(join(folder, 'report.css'), reportCss());
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${(error as Error).message}`, {
      hint: 'With --no-index nothing is written.',
    });
  }
  printError(`${file} is written.`);
}

import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { UserError } from '../errors.ts';
import type { RunHistory } from '../model/run-history.ts';
import { visibleText } from '../model/visible-text.ts';
import { createReports } from '../monitor/web/reports.ts';
import { historiesOf, historySection, historySentences, publicHistory } from '../report/run-history.ts';
import { inOrderOfRuns, type RunEntry, runIndexHtml, runIndexText } from '../report/run-index.ts';
import { reportCss } from '../report/stylesheet.ts';
import { wrapText } from '../report/text-layout.ts';
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
      const histories = historiesOf(entries);
      if (options.json === true) {
        const courses = histories.map(publicHistory);
        print(JSON.stringify({ schemaVersion: 1, runs: entries, histories: courses }, undefined, 2));
      } else if (entries.length === 0) print(`No run is in ${folder} yet; gateprobe run writes one.`);
      else print(`${courseText(histories)}${runIndexText(entries)}`);
      if (options.index && entries.length > 0) await writeIndex(folder, entries, histories);
    });
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  throw new UserError(`${folder} is no folder`, { hint: 'gateprobe reports <folder>; runs write into reports/.' });
}

/** Empty where no profile has a history. */
function courseText(histories: readonly RunHistory[]): string {
  const lines = histories.flatMap((history) =>
    historySentences(history).flatMap((sentence) =>
      wrapText(`${history.profile}: ${sentence}`, { width: 110, first: '', rest: '  ' }),
    ),
  );
  return lines.length === 0 ? '' : visibleText(`${lines.join('\n')}\n\n`);
}

async function writeIndex(
  folder: string,
  entries: readonly RunEntry[],
  histories: readonly RunHistory[],
): Promise<void> {
  const file = join(folder, 'index.html');
  try {
    await writeFile(file, runIndexHtml(entries, await historySection(histories)));
    await writeFile(join(folder, 'report.css'), reportCss());
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${(error as Error).message}`, {
      hint: 'With --no-index nothing is written.',
    });
  }
  printError(`${file} is written.`);
}

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { Command } from 'commander';
import { EXIT, UserError } from '../errors.ts';
import type { Comparison, ComparisonVerdict } from '../model/comparison.ts';
import { calibrate, compareRuns, type RunSummary, summariseRun } from '../pipeline/compare-recordings.ts';
import { readRecording } from '../recording/folder.ts';
import { comparisonHtml } from '../report/comparison-html.ts';
import { comparisonMarkdown } from '../report/comparison-markdown.ts';
import { comparisonText } from '../report/comparison-text.ts';
import { calibrationText } from '../report/comparison-wording.ts';
import { print, printError } from './output.ts';

type Options = { readonly json?: boolean; readonly out?: string; readonly calibrate?: boolean };

const EXIT_OF: Readonly<Record<ComparisonVerdict, number>> = {
  worse: EXIT.findings,
  better: EXIT.ok,
  same: EXIT.ok,
  'cannot-tell': EXIT.ok,
  invalid: EXIT.invalidRun,
};

export function diffCommand(): Command {
  return new Command('diff')
    .description('hold two recordings against each other: what changed beyond noise; exit 1 for the worse')
    .argument('<recordings...>', 'base and head: folders of runs, or their recording/')
    .option('--json', 'print the comparison as JSON')
    .option('--out <file>', 'write it to this file too, by its ending: .json, .md, .html, else text')
    .option('--calibrate', 'all recordings (two or more) are of an unchanged farm: how often do pairs look changed')
    .action(async (paths: readonly string[], options: Options) => {
      if (options.calibrate === true) return showCalibration(paths, options);
      const [base, head, more] = paths;
      if (base === undefined || head === undefined || more !== undefined) {
        throw new UserError(`diff takes two recordings, found ${paths.length}`, {
          hint: 'gateprobe diff <base> <head>; with --calibrate any number.',
        });
      }
      const comparison = compareRuns(await summaryOf(base), await summaryOf(head));
      const asJson = json(comparison);
      print(options.json === true ? asJson : comparisonText(comparison));
      if (options.out !== undefined) await store(options.out, await comparisonAs(options.out, comparison));
      process.exitCode = EXIT_OF[comparison.verdict];
    });
}

async function showCalibration(paths: readonly string[], options: Options): Promise<void> {
  if (paths.length < 2) {
    throw new UserError(`--calibrate needs two recordings or more, found ${paths.length}`, {
      hint: 'Record the same profile several times with nothing changed in between; ten or more tell something.',
    });
  }
  const summaries: RunSummary[] = [];
  for (const path of paths) summaries.push(await summaryOf(path));
  const calibration = calibrate(summaries);
  const [asJson, asText] = [json(calibration), calibrationText(calibration)];
  print(options.json === true ? asJson : asText);
  if (options.out !== undefined) await store(options.out, /\.json$/i.test(options.out) ? asJson : asText);
}

async function summaryOf(path: string): Promise<RunSummary> {
  return summariseRun(await readRecording(path));
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function comparisonAs(file: string, comparison: Comparison): Promise<string> {
  switch (extname(file).toLowerCase()) {
    case '.json':
      return json(comparison);
    case '.md':
      return comparisonMarkdown(comparison);
    case '.html':
      return comparisonHtml(comparison);
    default:
      return comparisonText(comparison);
  }
}

async function store(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${(error as Error).message}`, {
      hint: 'Choose another file with --out.',
    });
  }
  printError(`${file} is written.`);
}

import { extname } from 'node:path';
import { Command, Option } from 'commander';
import { UserError } from '../errors.ts';
import type { Comparison } from '../model/comparison.ts';
import type { Profile } from '../model/profile.ts';
import type { Recording } from '../model/recording.ts';
import { calibrate, compareRuns, type RunSummary, summariseRun } from '../pipeline/compare-recordings.ts';
import { type GateRules, judgeComparison } from '../pipeline/gate.ts';
import { readRecording } from '../recording/folder.ts';
import { comparisonNotes } from '../report/build-server.ts';
import { comparisonHtml } from '../report/comparison-html.ts';
import { comparisonJson } from '../report/comparison-json.ts';
import { comparisonJunit } from '../report/comparison-junit.ts';
import { comparisonMarkdown } from '../report/comparison-markdown.ts';
import { comparisonText } from '../report/comparison-text.ts';
import { calibrationText } from '../report/comparison-wording.ts';
import { type CiChoice, ciOption, createBuildOutput } from './build-output.ts';
import { comparisonExit } from './comparison-exit.ts';
import { failOnOption } from './options.ts';
import { print, storeText } from './output.ts';
import { profileHistory } from './profile-history.ts';
import { REPORTS_FOLDER, recordingPath } from './recording-choice.ts';
import { parseRule } from './rule-option.ts';

type Format = 'text' | 'json' | 'md' | 'html' | 'junit';
type Options = {
  readonly json?: boolean;
  readonly format?: Format;
  readonly out?: string;
  readonly calibrate?: boolean;
  readonly reports: string;
  readonly threshold?: readonly string[];
  readonly failOn?: Profile['failOn'];
  readonly ci?: CiChoice;
};

const RENDER: Readonly<Record<Format, (comparison: Comparison) => string | Promise<string>>> = {
  text: comparisonText,
  json: comparisonJson,
  md: comparisonMarkdown,
  html: comparisonHtml,
  junit: comparisonJunit,
};
const FORMAT_OF: Readonly<Record<string, Format>> = { '.json': 'json', '.md': 'md', '.html': 'html', '.xml': 'junit' };

export function diffCommand(): Command {
  return new Command('diff')
    .description('hold two recordings against each other: what changed beyond noise; exit 1 for the worse')
    .argument('<recordings...>', 'base and head: folders of runs, or names of baselines')
    .option('--json', 'the same as --format json')
    .addOption(new Option('--format <format>', 'what is printed (default: text)').choices(Object.keys(RENDER)))
    .option('--out <file>', 'write it to this file too, by its ending: .json, .md, .html, .xml (JUnit), else text')
    .option(
      '--threshold <rule...>',
      'what the change must hold, such as "change p95 < 10%"; beside those of the profile',
    )
    .addOption(failOnOption('exit 1 for a finding that appeared from this severity on (default: warning)'))
    .option('--calibrate', 'all recordings (two or more) are of an unchanged farm: how often do pairs look changed')
    .addOption(ciOption())
    .option('--reports <folder>', 'where baselines and earlier runs are', REPORTS_FOLDER)
    .action(async (words: readonly string[], options: Options) => {
      if (options.calibrate === true) return showCalibration(words, options);
      const [base, head, more] = words;
      if (base === undefined || head === undefined || more !== undefined) {
        throw new UserError(`diff takes two recordings, found ${words.length}`, {
          hint: 'gateprobe diff <base> <head>; with --calibrate any number.',
        });
      }
      const [before, now] = [await read(base, options), await read(head, options)];
      const rules = rulesOf(now, options);
      const comparison = judgeComparison(compareRuns(summariseRun(before), summariseRun(now)), rules);
      const history = await profileHistory(comparison.head.profile, options.reports);
      await tell(history === undefined ? comparison : { ...comparison, history }, options);
    });
}

async function tell(comparison: Comparison, options: Options): Promise<void> {
  const { out, failOn = 'warning', format = options.json === true ? 'json' : 'text' } = options;
  const output = createBuildOutput(options.ci);
  const isData = format !== 'text';
  if (format === 'json') output.print(comparisonJson(comparison), 'json');
  // A file that is made by redirection must hold nothing else.
  else if (isData) print(await RENDER[format](comparison));
  else output.print(comparisonText(comparison));
  if (out !== undefined) await storeText(out, await RENDER[formatOf(out)](comparison));
  const exitCode = comparisonExit(comparison, failOn);
  const markdown = comparisonMarkdown(comparison);
  const files = out !== undefined && formatOf(out) === 'md' ? [out] : [];
  output.tell(comparisonNotes(comparison, failOn, false), { markdown, files }, { isOnErrors: isData, exitCode });
  process.exitCode = exitCode;
}

/** Those of the head's profile, and those of the command line. */
function rulesOf({ manifest }: Recording, { threshold = [] }: Options): GateRules {
  const { thresholds, onUndecided } = manifest.profile;
  const added = threshold.map((text) => parseRule(text, manifest.profile));
  return {
    thresholds: [...thresholds, ...added],
    ...(onUndecided === undefined ? {} : { onUndecided }),
  };
}

async function showCalibration(words: readonly string[], options: Options): Promise<void> {
  if (words.length < 2) {
    throw new UserError(`--calibrate needs two recordings or more, found ${words.length}`, {
      hint: 'Record the same profile several times with nothing changed in between; ten or more tell something.',
    });
  }
  const summaries: RunSummary[] = [];
  for (const word of words) summaries.push(summariseRun(await read(word, options)));
  const calibration = calibrate(summaries);
  const [asJson, asText] = [`${JSON.stringify(calibration, null, 2)}\n`, calibrationText(calibration)];
  print(options.json === true || options.format === 'json' ? asJson : asText);
  if (options.out !== undefined) await storeText(options.out, /\.json$/i.test(options.out) ? asJson : asText);
}

async function read(word: string, { reports }: Options): Promise<Recording> {
  return readRecording(await recordingPath(word, reports));
}

function formatOf(file: string): Format {
  return FORMAT_OF[extname(file).toLowerCase()] ?? 'text';
}

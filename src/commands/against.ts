/** A run held against a baseline: the comparison, a second look where it is doubtful, and what both mean for the exit code. */
import { basename, join } from 'node:path';
import type { Comparison } from '../model/comparison.ts';
import type { Profile } from '../model/profile.ts';
import { createRandom } from '../model/random.ts';
import type { Recording } from '../model/recording.ts';
import type { Report } from '../model/report.ts';
import { visibleText } from '../model/visible-text.ts';
import { compareRuns, type RunSummary, summariseRun } from '../pipeline/compare-recordings.ts';
import { confirmingCompares } from '../pipeline/confirmation.ts';
import { changeRules, confirmComparison, doubtOf, judgeComparison } from '../pipeline/gate.ts';
import { readRecording } from '../recording/folder.ts';
import { comparisonAnswer } from '../report/comparison-gate.ts';
import { comparisonHtml } from '../report/comparison-html.ts';
import { comparisonJson } from '../report/comparison-json.ts';
import { comparisonMarkdown } from '../report/comparison-markdown.ts';
import { courseSentence } from '../report/run-history.ts';
import { wrapText } from '../report/text-layout.ts';
import { printError, storeText } from './output.ts';
import { profileHistory } from './profile-history.ts';
import { recordingPath } from './recording-choice.ts';

const WIDTH = 100;

export type Baseline = {
  readonly word: string;
  readonly summary: RunSummary;
  /** Where it was looked for, and where earlier runs are. */
  readonly reports: string;
};

/** Before anything is sent: a baseline that cannot be read ends the command. Throws UserError. */
export async function loadBaseline(word: string, reports: string): Promise<Baseline> {
  return { word, reports, summary: summariseRun(await readRecording(await recordingPath(word, reports))) };
}

export type AgainstOptions = {
  readonly baseline: Baseline;
  readonly profile: Profile;
  /** Of the run: its place among the runs of its profile. */
  readonly report: Report;
  /** The run's folder: the repeat goes into `repeat/` in it, the comparison beside the report. */
  readonly folder: string;
  /** Runs a profile and gives its recording; left out: nothing is repeated. */
  readonly repeat?: (profile: Profile, folder: string) => Promise<Recording>;
};

/** Holds a run against its baseline, and writes `comparison.json`, `.md` and `.html`. */
export async function compareWithBaseline(recording: Recording, options: AgainstOptions): Promise<Comparison> {
  const { baseline, profile, report, folder, repeat } = options;
  const first = judgeComparison(compareRuns(baseline.summary, summariseRun(recording)), profile);
  const doubt = doubtOf(first, profile);
  const compares = recording.experiments.flatMap(({ planned: { spec } }) => (spec.kind === 'compare' ? [spec] : []));
  let comparison = first;
  if (doubt !== undefined && repeat !== undefined && compares.length > 0) {
    printError(`Against ${baseline.word}: ${doubt}. The compares are run once more, to be sure.`);
    const experiments = confirmingCompares(compares, createRandom(recording.manifest.seed).fork('confirmation'));
    const again = await repeat({ ...profile, experiments, logs: [] }, join(folder, 'repeat'));
    // One that was ended early has told less than the first.
    if (!again.manifest.interrupted) {
      const second = compareRuns(baseline.summary, summariseRun(again));
      comparison = confirmComparison(first, second, profile);
    }
  } else if (doubt !== undefined) {
    printError(`Against ${baseline.word}: ${doubt}. Nothing was run again, so this is the answer of one run.`);
  }
  // Of whole runs; a repeat has the compares alone, and is none of them.
  const own = { name: basename(folder), report };
  const history = await profileHistory(comparison.head.profile, baseline.reports, own);
  if (history !== undefined) comparison = { ...comparison, history };
  await storeText(join(folder, 'comparison.json'), comparisonJson(comparison), { isSilent: true });
  await storeText(join(folder, 'comparison.md'), comparisonMarkdown(comparison), { isSilent: true });
  await storeText(join(folder, 'comparison.html'), await comparisonHtml(comparison), { isSilent: true });
  return comparison;
}

/** The answer for a terminal; the tables are in the files. */
export function againstText({ word }: Baseline, comparison: Comparison, folder: string): string {
  const { first, more } = comparisonAnswer(comparison);
  const course = comparison.history && courseSentence(comparison.history);
  const lines = [`Against ${word}: ${first}`, ...more, ...(course === undefined ? [] : [course])].flatMap((text) =>
    wrapText(text, { width: WIDTH, first: '', rest: '  ' }),
  );
  return visibleText(`${lines.join('\n')}\nComparison: ${join(folder, 'comparison.html')}\n`);
}

/** The report with its thresholds on change judged, so that every format of it shows them. */
export function withChangeThresholds(report: Report, profile: Profile, comparison: Comparison): Report {
  const judged = [...(comparison.thresholds ?? [])];
  const own = new Set(changeRules(profile).thresholds.map(({ text }) => text));
  return {
    ...report,
    thresholds: report.thresholds.map((result) => (own.has(result.text) ? (judged.shift() ?? result) : result)),
  };
}

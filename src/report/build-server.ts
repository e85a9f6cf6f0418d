/** What a build server shows beside its log: annotations and a summary, in the commands of GitHub Actions and Azure Pipelines. Pure. */
import type { Comparison } from '../model/comparison.ts';
import type { Profile } from '../model/profile.ts';
import type { Report, ThresholdResult } from '../model/report.ts';
import { compareSeverity, isAtLeast } from '../model/severity.ts';
import { singleLine } from '../model/visible-text.ts';
import { comparisonAnswer } from './comparison-gate.ts';
import { metricName } from './comparison-wording.ts';

export type BuildServer = 'github' | 'azure';

/** Where a threshold is written. `file` is relative to the checkout, with "/"; numbers count from 1. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };
/** One annotation. */
export type BuildNote = {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly text: string;
  readonly place?: Place;
};

/** Graver ones first: GitHub shows ten of a level for each step. What is only information is left to the report. */
export function reportNotes(
  report: Report,
  failOn: Profile['failOn'],
  placeOf: (threshold: string) => Place | undefined,
): readonly BuildNote[] {
  if (!report.validity.ok) {
    const text = report.validity.reasons.join('; ');
    return [{ level: 'error', title: 'The run is not valid, through the probe itself', text }];
  }
  const findings = report.findings
    .filter(({ severity }) => isAtLeast(severity, 'warning'))
    .toSorted((a, b) => compareSeverity(b.severity, a.severity));
  return [
    ...report.thresholds.flatMap((result) => thresholdNote(result, placeOf(result.text))),
    ...findings.map(({ severity, cause, title, remedy }): BuildNote => {
      const [step] = remedy.steps;
      const isFailing = failOn !== 'never' && isAtLeast(severity, failOn);
      const text = step === undefined ? title : `${title} What to change: ${step}`;
      return { level: isFailing ? 'error' : 'warning', title: cause, text };
    }),
  ];
}

/** Of a comparison alone. A run held against a baseline has its thresholds on change in its report already: `isBesideReport`. */
export function comparisonNotes(
  comparison: Comparison,
  failOn: Profile['failOn'],
  isBesideReport: boolean,
): readonly BuildNote[] {
  const { verdict, thresholds = [], metrics, findings } = comparison;
  const { first } = comparisonAnswer(comparison);
  if (verdict === 'invalid') return [{ level: 'error', title: 'The comparison is not valid', text: first }];
  const isFailing = failOn !== 'never';
  // With thresholds on change, what keeps them is within what was agreed.
  const worse = thresholds.length === 0 ? metrics.filter(({ state }) => state === 'worse') : [];
  const appeared = findings.filter(({ state, severity }) => state === 'appeared' && isAtLeast(severity, 'warning'));
  return [
    ...(isBesideReport ? [] : thresholds.flatMap((result) => thresholdNote(result, undefined))),
    ...(worse.length === 0
      ? []
      : [
          {
            level: isFailing ? 'error' : 'warning',
            title: `Worse than before: ${worse.map(metricName).join(', ')}`,
            text: first,
          } as const,
        ]),
    ...(isBesideReport ? [] : appeared).map(({ cause, severity, title }): BuildNote => {
      const counts = isFailing && isAtLeast(severity, failOn);
      return { level: counts ? 'error' : 'warning', title: `${cause} appeared`, text: title };
    }),
  ];
}

function thresholdNote({ text, gate, verdict, because }: ThresholdResult, place: Place | undefined): BuildNote[] {
  if (gate === 'pass') return [];
  const title = verdict === 'fail' ? `Threshold broken: ${text}` : `Threshold undecided: ${text}`;
  return [
    { level: gate === 'fail' ? 'error' : 'warning', title, text: because, ...(place === undefined ? {} : { place }) },
  ];
}

/** The lines that make a build server show the notes. */
export function noteLines(server: BuildServer, notes: readonly BuildNote[]): readonly string[] {
  return notes.map(server === 'github' ? githubLine : azureLine);
}

function githubLine({ level, title, text, place }: BuildNote): string {
  const properties = [
    ...(place === undefined ? [] : [`file=${githubProperty(place.file)}`, `line=${place.line}`, `col=${place.column}`]),
    `title=${githubProperty(singleLine(title))}`,
  ];
  return `::${level} ${properties.join(',')}::${githubData(singleLine(text))}`;
}

/** The rules of the runner (actions/toolkit, packages/core/src/command.ts). */
function githubData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function githubProperty(text: string): string {
  return githubData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function azureLine({ level, title, text, place }: BuildNote): string {
  const where =
    place === undefined
      ? ''
      : `sourcepath=${azureProperty(place.file)};linenumber=${place.line};columnnumber=${place.column};`;
  return `##vso[task.logissue type=${level};${where}]${azureData(singleLine(`${title}: ${text}`))}`;
}

/** The rules of the agent (azure-pipelines-task-lib, taskcommand.ts). */
function azureData(text: string): string {
  return text.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function azureProperty(text: string): string {
  return azureData(text).replaceAll(']', '%5D').replaceAll(';', '%3B');
}

/** Shows a Markdown file as the summary of the step. */
export function azureSummaryLine(file: string): string {
  return `##vso[task.uploadsummary]${file}`;
}

/** Makes a step that ends with 0 yellow instead of green. */
export const AZURE_WITH_ISSUES = '##vso[task.complete result=SucceededWithIssues;]';

/** A step may add a MiB to its summary; GitHub drops all of a longer one. */
const MAX_SUMMARY_BYTES = 1_000_000;

export function summaryText(markdown: string): string {
  const bytes = new TextEncoder().encode(markdown);
  if (bytes.length <= MAX_SUMMARY_BYTES) return markdown;
  // A character cut in half becomes U+FFFD.
  const kept = new TextDecoder().decode(bytes.subarray(0, MAX_SUMMARY_BYTES)).replace(/\n[^\n]*$/, '');
  return `${kept}\n\nThe rest is in the report.\n`;
}

/**
 * Text that is printed in a build, made harmless: what a server answered may begin a line with a command of the build server. On GitHub
 * commands are switched off around it by a `token` that nobody can guess; on Azure, which finds them anywhere in a line, they are broken.
 */
export function guardedText(server: BuildServer | undefined, text: string, token: string): string {
  const end = text.endsWith('\n') ? '' : '\n';
  if (server === 'github') return `::stop-commands::${token}\n${text}${end}::${token}::\n`;
  return server === 'azure' ? text.replaceAll('##vso[', '## vso[').replaceAll('##[', '## [') : text;
}

/** The same for JSON, whose value must not change: `#` may be written as an escape. */
export function guardedJson(server: BuildServer | undefined, json: string): string {
  return server === 'azure' ? json.replaceAll('##', String.raw`\u0023\u0023`) : json;
}

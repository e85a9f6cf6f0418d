/** The report for a ticket: short, and readable also where Markdown is not rendered. */
import type { Finding } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import type { Report } from '../model/report.ts';
import { singleLine, visibleText } from '../model/visible-text.ts';
import {
  formatAffected,
  formatCount,
  formatEstimate,
  formatQuantile,
  humanPeriod,
  humanTime,
  logTime,
  quantileLabel,
  readQuantityName,
} from './format.ts';
import { groupLines, linesOf, lineTime, reasonSentence } from './line-rows.ts';
import { isErrorClass, isFromLogs, logAmount } from './log-wording.ts';
import { failedCount, quantileNames, routeName } from './route-rows.ts';
import { trailSentences } from './text-trail.ts';
import {
  bySeverity,
  cautionTexts,
  commandTarget,
  countedSentence,
  coverageSentence,
  gatewayLabel,
  interruptedSentence,
  reasonBeside,
  SEVERITY_LABEL,
  subjectName,
  THRESHOLD_LABEL,
  verdictLabel,
  whereLabel,
} from './wording.ts';
import type { Writer } from './writer.ts';

export const markdownWriter: Writer = {
  id: 'markdown',
  extension: 'md',
  render: renderMarkdown,
};

const SHOWN_QUANTILES = ['p50', 'p95', 'p99'];

/** A report for a ticket, a pull request or the summary of a build. */
export function renderMarkdown(report: Report): string {
  const { ok } = report.validity;
  const blocks = [
    `## ${plain(subjectName(report))}: ${plain(verdictLabel(report))}`,
    ...(ok ? answer(report) : noVerdict(report)),
    ...(ok ? bySeverity(report.findings).map(findingText) : []),
    ...(isFromLogs(report) ? loggedRoutes(report) : ['### Through the gateway, and directly', routeTable(report)]),
    ...(ok ? thresholds(report) : []),
    ...logParts(report),
    ...trailParts(report),
    ...cautions(report),
    footer(report),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function trailParts(report: Report): string[] {
  const sentences = trailSentences(report);
  if (sentences.length === 0) return [];
  const lines = sentences.map((sentence) => `- ${plain(sentence)}`).join('\n');
  return [...(report.trail === undefined ? [] : ['### How it was found']), lines];
}

/** What to mistrust of the answer, and by how much. */
function cautions(report: Report): string[] {
  const texts = cautionTexts(report);
  return texts.length === 0 ? [] : ['### The probe itself', texts.map((text) => `- ${plain(text)}`).join('\n')];
}

function answer(report: Report): string[] {
  const [first = '', ...others] = report.headline;
  return [
    `**${plain(first)}**`,
    ...(others.length === 0 ? [] : [others.map((sentence) => `- ${plain(sentence)}`).join('\n')]),
    ...(report.interrupted ? [`**Interrupted.** ${plain(interruptedSentence(report))}`] : []),
    plain(coverageSentence(report)),
  ];
}

function noVerdict(report: Report): string[] {
  const counted = countedSentence(report);
  return [
    '**The probe itself did not measure well enough: nothing is said about the gateway or its members.**',
    report.validity.reasons.map((reason) => `- ${plain(reason)}`).join('\n'),
    ...(counted === undefined ? [] : [plain(counted)]),
    ...(report.interrupted ? ['The run was also interrupted.'] : []),
  ];
}

function findingText(finding: Finding): string {
  const { measured, affected, remedy } = finding;
  const values = Object.entries(measured).map(([name, estimate]) => {
    const { label, unit } = readQuantityName(name);
    return `${label} ${formatEstimate(estimate, unit)}`;
  });
  if (affected !== undefined) values.push(`affected ${formatAffected(affected)}`);
  return [
    `### ${SEVERITY_LABEL[finding.severity]}: ${plain(finding.title)}`,
    `${finding.confidence}, ${plain(whereLabel(finding))}, ${code(finding.cause)}`,
    plain(finding.meaning),
    ...(values.length === 0 ? [] : [`**Measured:** ${plain(values.join('; '))}`]),
    ...(finding.declared ?? []).map(
      ({ citation, disagreement }) =>
        `**Declared:** ${code(citation)}${disagreement === undefined ? '' : plain(`: not what was measured (${disagreement})`)}`,
    ),
    ...evidence(finding),
    '**What to change:**',
    ...(remedy.steps.length === 0
      ? []
      : [remedy.steps.map((step, index) => `${index + 1}. ${plain(step)}`).join('\n')]),
    ...remedy.commands.map(
      ({ gateway, title, text }) => `${plain(`${commandTarget(gateway)}: ${title}`)}\n\n${codeBlock(text)}`,
    ),
    `**How to verify:** ${plain(remedy.howToVerify)}`,
  ].join('\n\n');
}

function routeTable(report: Report): string {
  const quantiles = SHOWN_QUANTILES.map(quantileLabel);
  const rows = report.routes.map((route) => [
    plain(routeName(route, report)),
    formatCount(route.count),
    formatCount(failedCount(route)),
    ...SHOWN_QUANTILES.map((name) => formatQuantile(route.latencyUs[name], 'with interval')),
  ]);
  const overhead = [
    'gateway adds',
    '',
    '',
    ...SHOWN_QUANTILES.map((name) => formatQuantile(report.overheadUs[name], 'with interval')),
  ];
  return tableText(['Route', 'Requests', 'Failed', ...quantiles], 1, [...rows, overhead]);
}

function thresholds(report: Report): string[] {
  if (report.thresholds.length === 0) return [];
  const lines = report.thresholds.map((threshold) => {
    const { text, verdict, measured, unit } = threshold;
    const value = measured === undefined ? [] : [`measured ${formatEstimate(measured, unit)}`];
    const reason = reasonBeside(threshold);
    const told = [...value, ...(reason === undefined ? [] : [plain(reason)])].join('. ');
    return `- **${THRESHOLD_LABEL[verdict]}** ${code(text)}: ${told}`;
  });
  return ['### Thresholds', lines.join('\n')];
}

function footer(report: Report): string {
  if (isFromLogs(report)) return logFooter(report);
  const { profile, tool } = report;
  const what = `${code(profile.gatewayUrl)} (${plain(gatewayLabel(report.gateway))}), ${humanTime(report.startedAt)}, ${formatDuration(report.durationUs)}`;
  return `${what}. gateprobe ${plain(tool.version)}, run ${code(report.runId)}, seed ${report.seed}.`;
}

/** Beyond these a ticket is no longer read; the report has more. */
const MAX_EVIDENCE = 2;
const MAX_STATUSES = 12;

/** The lines that prove it, as they stand in the files. */
function evidence(finding: Finding): string[] {
  return linesOf(finding)
    .flatMap(({ rows }) => rows.filter((row, at) => row.because !== rows[at - 1]?.because))
    .slice(0, MAX_EVIDENCE)
    .flatMap((row) => {
      const lines = groupLines(row).flatMap(({ who, lines: own }) =>
        own.flatMap(({ place, text }) => [`# ${singleLine(place === '' ? who : `${who}, ${place}`)}`, text]),
      );
      return [`**${lineTime(row)}:** ${plain(reasonSentence(row))}`, codeBlock(lines.join('\n'))];
    });
}

/** What each log counted. */
function loggedRoutes(report: Report): string[] {
  if (report.routes.length === 0) return [];
  const names = quantileNames(report.routes.map(({ latencyUs }) => latencyUs));
  const rows = report.routes.map((route) => [
    plain(routeName(route, report)),
    formatCount(route.count),
    formatCount(failedCount(route)),
    ...names.map((name) => formatQuantile(route.latencyUs[name], 'value only')),
  ]);
  const heads = ['Host', 'Requests', 'Failed', ...names.map(quantileLabel)];
  return ['### At the gateway, and at the members', tableText(heads, 1, rows)];
}

/** Statuses that failed, and what would make the next answer surer. */
function logParts({ logs }: Report): string[] {
  if (logs === undefined) return [];
  const failed = logs.classes.filter(isErrorClass).slice(0, MAX_STATUSES);
  const rows = failed.map(({ code: status, codeName, source, count, firstAtUs, lastAtUs }) => [
    codeName === undefined ? code(status) : `${code(status)} ${plain(codeName)}`,
    plain(source),
    logTime(firstAtUs),
    logTime(lastAtUs),
    formatCount(count),
  ]);
  const advice = logs.preflight.map(({ what, command }) => `${plain(what)}\n\n${codeBlock(command)}`);
  return [
    ...(rows.length === 0
      ? []
      : [
          '### Failed requests in the logs',
          tableText(['Logged', 'By', 'First (UTC)', 'Last (UTC)', 'Requests'], 4, rows),
        ]),
    ...(advice.length === 0 ? [] : ['### What to switch on', ...advice]),
  ];
}

/** Columns from `numbersFrom` on are numbers. */
export function tableText(heads: readonly string[], numbersFrom: number, rows: readonly (readonly string[])[]): string {
  const rule = heads.map((_, at) => (at < numbersFrom ? '---' : '---:'));
  return [heads, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function logFooter(report: Report): string {
  const { logs, tool } = report;
  const read = logs === undefined ? '' : `${plain(logAmount(logs))}, `;
  return `${plain(gatewayLabel(report.gateway))}, ${read}${humanPeriod(report.startedAt, report.durationUs)}. gateprobe ${plain(tool.version)}.`;
}

/** One line of text in which nothing is formatting: punctuation that Markdown or its HTML would obey is escaped. */
export function plain(text: string): string {
  return singleLine(text).replaceAll(/[\\`*_[\]<>|~#!&]/g, (c) => (c === '<' ? '&lt;' : `\\${c}`));
}

/** Delimited by more backticks than the text has in a row. */
function code(text: string): string {
  const line = singleLine(text).replaceAll('|', '\\|');
  const fence = '`'.repeat(longestRun(line) + 1);
  const pad = /^`|`$/.test(line) ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

function codeBlock(text: string): string {
  const visible = visibleText(text);
  const fence = '`'.repeat(Math.max(3, longestRun(visible) + 1));
  return `${fence}\n${visible}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

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
  humanTime,
  quantileLabel,
  readQuantityName,
} from './format.ts';
import { failedCount, routeName } from './route-rows.ts';
import {
  bySeverity,
  commandTarget,
  coverageSentence,
  gatewayLabel,
  interruptedSentence,
  SEVERITY_LABEL,
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

function renderMarkdown(report: Report): string {
  const { ok } = report.validity;
  const blocks = [
    `## ${plain(report.profile.name)}: ${plain(verdictLabel(report))}`,
    ...(ok ? answer(report) : noVerdict(report)),
    ...(ok ? bySeverity(report.findings).map(findingText) : []),
    '### Through the gateway, and directly',
    routeTable(report),
    ...(ok ? thresholds(report) : []),
    footer(report),
  ];
  return `${blocks.join('\n\n')}\n`;
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
  return [
    '**The probe itself did not measure well enough: nothing is said about the gateway or its members.**',
    report.validity.reasons.map((reason) => `- ${plain(reason)}`).join('\n'),
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
    plain(routeName(route)),
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
  const lines = [
    ['Route', 'Requests', 'Failed', ...quantiles],
    ['---', '---:', '---:', ...quantiles.map(() => '---:')],
    ...rows,
    overhead,
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function thresholds(report: Report): string[] {
  if (report.thresholds.length === 0) return [];
  const lines = report.thresholds.map(({ text, verdict, measured, unit, because }) => {
    const value = measured === undefined ? '' : `measured ${formatEstimate(measured, unit)}. `;
    return `- **${THRESHOLD_LABEL[verdict]}** ${code(text)}: ${value}${plain(because)}`;
  });
  return ['### Thresholds', lines.join('\n')];
}

function footer(report: Report): string {
  const { profile, tool } = report;
  const what = `${code(profile.gatewayUrl)} (${plain(gatewayLabel(report.gateway))}), ${humanTime(report.startedAt)}, ${formatDuration(report.durationUs)}`;
  return `${what}. gateprobe ${plain(tool.version)}, run ${code(report.runId)}, seed ${report.seed}.`;
}

/** One line of text in which nothing is formatting: punctuation that Markdown or its HTML would obey is escaped. */
function plain(text: string): string {
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

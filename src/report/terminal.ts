/** The answer on a terminal: first what is wrong and what to do, then the numbers, last where the report is. */
import type { Finding } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import type { QuantileEstimate, Report } from '../model/report.ts';
import type { Severity } from '../model/severity.ts';
import { singleLine, visibleText } from '../model/visible-text.ts';
import {
  formatCount,
  formatEstimate,
  formatQuantile,
  humanPeriod,
  humanTime,
  NO_VALUE,
  quantileLabel,
  readQuantityName,
} from './format.ts';
import { isFromLogs, logAmount } from './log-wording.ts';
import { failedCount, routeName, sentCount } from './route-rows.ts';
import { evidenceLines, preflightLines, statusLines } from './terminal-logs.ts';
import { alignColumns, wrapText } from './text-layout.ts';
import { trailSentences } from './text-trail.ts';
import {
  bySeverity,
  cautionTexts,
  commandTarget,
  countedSentence,
  coverageSentence,
  declaredText,
  gatewayLabel,
  interruptedSentence,
  isReassuring,
  reasonBeside,
  SEVERITY_LABEL,
  subjectName,
  THRESHOLD_LABEL,
  verdictLabel,
  whereLabel,
} from './wording.ts';
import type { Writer } from './writer.ts';

export const terminalWriter: Writer = {
  id: 'terminal',
  extension: 'txt',
  render: (report) => renderTerminal(report, { color: false }),
};

export type TerminalOptions = {
  /** Without it there is not one escape sequence. */
  readonly color: boolean;
  /** Where the full report was written, as the user would open it. */
  readonly reportPath?: string;
};

/** Commands are never broken, so that they can be copied; all else keeps to this width. */
const WIDTH = 100;
/** Beyond these the summary would not be short; the report has all. */
const MAX_FINDINGS = 8;
const SHOWN_QUANTILES = ['p50', 'p95', 'p99'];
const LOGGED_QUANTILES = ['p50', 'p90', 'p99'];
/** The first findings show one pair of lines; after that a reader knows what to look for in the report. */
const MAX_WITH_LINES = 3;

type Style = 'bold' | 'quiet' | 'red' | 'yellow' | 'blue' | 'green';
type Paint = (text: string, ...styles: readonly Style[]) => string;

export function renderTerminal(report: Report, options: TerminalOptions): string {
  const paint = options.color ? paintAnsi : (text: string) => text;
  const parts = [
    head(report, paint),
    report.validity.ok ? answer(report, paint) : noVerdict(report, paint),
    ...(report.validity.ok ? findings(report, paint) : []),
    ...(report.routes.length > 0 ? [routeTable(report, paint)] : []),
    ...section(statusLines(report, WIDTH), paint),
    ...(report.validity.ok ? thresholds(report, paint) : []),
    ...section(preflightLines(report, WIDTH), paint),
    ...section(trailLines(report), paint),
    tail(report, options.reportPath, paint),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function head(report: Report, paint: Paint): string {
  const { profile, logs } = report;
  const requests = report.routes.reduce((sum, { count }) => sum + count, 0);
  const where = [profile.gatewayUrl, gatewayLabel(report.gateway)].filter((part) => part !== '').join(', ');
  const what = `${subjectName(report)}: ${where}`;
  const when =
    logs !== undefined && isFromLogs(report)
      ? `${humanPeriod(report.startedAt, report.durationUs)}, ${logAmount(logs)}`
      : `${humanTime(report.startedAt)}, ${formatCount(requests)} requests in ${formatDuration(report.durationUs)}`;
  return [
    ...wrap(what, '').map((line) => paint(line, 'bold')),
    ...wrap(when, '').map((line) => paint(line, 'quiet')),
  ].join('\n');
}

function answer(report: Report, paint: Paint): string {
  const tone = report.worst === 'none' && !isReassuring(report) ? 'yellow' : toneOf(report.worst);
  const lines = [paint(verdictLabel(report), 'bold', tone)];
  for (const sentence of report.headline) lines.push(...wrap(sentence, '  '));
  if (report.interrupted) lines.push(...wrap(interruptedSentence(report), '  ').map((line) => paint(line, 'yellow')));
  lines.push(...wrap(coverageSentence(report), '  ').map((line) => paint(line, 'quiet')));
  return lines.join('\n');
}

function noVerdict(report: Report, paint: Paint): string {
  const counted = countedSentence(report);
  return [
    paint('THIS RUN IS NOT VALID', 'bold', 'yellow'),
    ...wrap('The probe itself did not measure well enough: nothing is said about the gateway or its members.', '  '),
    ...report.validity.reasons.flatMap((reason) => wrap(reason, '  - ', '    ')),
    ...(counted === undefined ? [] : wrap(counted, '  ')),
    ...(report.interrupted ? wrap('The run was also interrupted.', '  ') : []),
  ].join('\n');
}

function findings(report: Report, paint: Paint): string[] {
  const sorted = bySeverity(report.findings);
  const shown = sorted.slice(0, MAX_FINDINGS).map((finding, index) => findingText(finding, index + 1, paint));
  const more = sorted.length - shown.length;
  return more > 0 ? [...shown, `and ${more} more, in the report`] : shown;
}

function findingText(finding: Finding, number: number, paint: Paint): string {
  const { steps, commands, howToVerify } = finding.remedy;
  const [step] = steps;
  // One command fits here: the one for the place of the fault.
  const command =
    commands.find(({ gateway }) => finding.scope.route === 'direct' && gateway === 'member') ?? commands[0];
  const label = `${number}. ${SEVERITY_LABEL[finding.severity].toUpperCase()} `;
  const [first = '', ...rest] = wrap(`${finding.confidence}, ${whereLabel(finding)} (${finding.cause})`, label, '   ');
  return [
    `${paint(label, 'bold', toneOf(finding.severity))}${paint(first.slice(label.length), 'quiet')}`,
    ...rest.map((line) => paint(line, 'quiet')),
    ...wrap(finding.title, '   ').map((line) => paint(line, 'bold')),
    ...wrap(measuredText(finding), '   '),
    ...(finding.declared ?? []).slice(0, 2).flatMap((one) => wrap(declaredText(one), '   Declared: ', '             ')),
    ...(number <= MAX_WITH_LINES ? evidenceLines(finding, WIDTH) : []),
    ...(step === undefined ? [] : wrap(step, '   Next:   ', '           ')),
    ...(command === undefined ? [] : commandLines(command, paint)),
    ...wrap(howToVerify, '   Verify: ', '           '),
  ].join('\n');
}

function commandLines({ gateway, title, text }: Finding['remedy']['commands'][number], paint: Paint): string[] {
  const label = wrap(`${commandTarget(gateway)}: ${title}`, '           ').map((line) => paint(line, 'quiet'));
  return [
    ...label,
    ...visibleText(text)
      .split('\n')
      .map((line) => `             ${line}`),
  ];
}

function measuredText({ measured }: Finding): string {
  const values = Object.entries(measured).map(([name, estimate]) => {
    const { label, unit } = readQuantityName(name);
    return `${label} ${formatEstimate(estimate, unit)}`;
  });
  return values.join(', ');
}

function routeTable(report: Report, paint: Paint): string {
  const isLogged = isFromLogs(report);
  const shown = isLogged ? LOGGED_QUANTILES : SHOWN_QUANTILES;
  const heads = [isLogged ? 'host' : 'route', 'requests', 'ok', 'failed', ...shown.map(quantileLabel)];
  const rows = report.routes.map((route) => {
    const failed = failedCount(route);
    return [
      singleLine(routeName(route, report)),
      formatCount(route.count),
      formatCount(sentCount(route) - failed),
      formatCount(failed),
      ...shown.map((name) => formatQuantile(route.latencyUs[name], 'value only')),
    ];
  });
  const overhead = [
    'gateway adds',
    '',
    '',
    '',
    ...SHOWN_QUANTILES.map((name) => overheadText(report.overheadUs[name])),
  ];
  const [headLine = '', ...lines] = alignColumns([heads, ...rows, ...(isLogged ? [] : [overhead])], WIDTH);
  return [paint(headLine, 'quiet'), ...lines, ...missingLines(report, shown, paint)].join('\n');
}

/** What "n/a" in the table means: how many answers it would take, of the route that needs the most. */
function missingLines(report: Report, shown: readonly string[], paint: Paint): string[] {
  const tables = [...report.routes.map(({ latencyUs }) => latencyUs), report.overheadUs];
  const missing = shown.flatMap((name) => {
    const needs = tables.flatMap((table) => (table[name]?.state === 'n/a' ? [table[name].need] : []));
    return needs.length === 0 ? [] : [`${quantileLabel(name)} needs ${formatCount(Math.max(...needs))}`];
  });
  if (missing.length === 0) return [];
  const closed = report.routes.some(isOnlyLoaded) ? ' (a closed loop counts answers but tells no latencies)' : '';
  return wrap(`n/a: too few answers on that route${closed}; ${missing.join(', ')}`, '').map((line) =>
    paint(line, 'quiet'),
  );
}

/** It has answers enough for a median, and none is known: they are those of a closed loop. */
function isOnlyLoaded(route: Report['routes'][number]): boolean {
  const { p50 } = route.latencyUs;
  return p50?.state === 'n/a' && sentCount(route) - failedCount(route) >= p50.need;
}

function overheadText(quantile: QuantileEstimate | undefined): string {
  if (quantile === undefined) return NO_VALUE;
  const text = formatQuantile(quantile, 'value only');
  return quantile.state === 'known' && quantile.value > 0 ? `+${text}` : text;
}

/** Lines under a quiet head; nothing where there are none. */
function section([head, ...lines]: readonly string[], paint: Paint): string[] {
  return head === undefined ? [] : [[paint(head, 'quiet'), ...lines].join('\n')];
}

function thresholds(report: Report, paint: Paint): string[] {
  if (report.thresholds.length === 0) return [];
  const tones = { pass: 'green', fail: 'red', undecided: 'yellow' } as const;
  const lines = report.thresholds.flatMap((threshold) => {
    const { text, verdict, measured, unit } = threshold;
    const reason = reasonBeside(threshold);
    const label = paint(THRESHOLD_LABEL[verdict].padEnd(9), tones[verdict]);
    const value = measured === undefined ? '' : `, measured ${formatEstimate(measured, unit)}`;
    return [
      `${label} ${wrap(`${text}${value}`, '', '', WIDTH - 10).join(`\n${' '.repeat(10)}`)}`,
      ...(reason === undefined ? [] : wrap(reason, ' '.repeat(10)).map((line) => paint(line, 'quiet'))),
    ];
  });
  return [[paint('thresholds', 'quiet'), ...lines].join('\n')];
}

/** With the reasons and results the trail would be longer than the answer; the report has them. */
function trailLines(report: Report): string[] {
  const lines = trailSentences(report).flatMap((sentence) => wrap(sentence, '  ', '     '));
  return lines.length === 0 ? [] : [report.trail === undefined ? 'On purpose' : 'How it was found', ...lines];
}

function tail(report: Report, reportPath: string | undefined, paint: Paint): string {
  const { quality } = report;
  const probe = isFromLogs(report)
    ? ''
    : quality.latenessCount === 0
      ? `Probe: no request had a due time of its own, so none could be late; seed ${report.seed}.`
      : `Probe: sent ${formatDuration(quality.latenessUs.p99)} late at p99, median service time ${formatDuration(quality.medianServiceUs)}; seed ${report.seed}.`;
  const lines = [
    ...report.warnings
      .slice(0, 3)
      .flatMap((warning) => wrap(`Warning: ${warning}`, '').map((line) => paint(line, 'yellow'))),
    ...(report.warnings.length > 3 ? [paint(`and ${report.warnings.length - 3} more warnings`, 'yellow')] : []),
    ...wrap(probe, '').map((line) => paint(line, 'quiet')),
    ...cautionTexts(report)
      .slice(0, 3)
      .flatMap((text) => wrap(`Caution: ${text}`, '', '  ')),
    ...(cautionTexts(report).length > 3 ? [`and ${cautionTexts(report).length - 3} more cautions in the report`] : []),
    ...(reportPath === undefined ? [] : [`Report: ${paint(singleLine(reportPath), 'bold')}`]),
  ];
  return lines.join('\n');
}

function wrap(text: string, first: string, rest = first, width = WIDTH): string[] {
  return wrapText(singleLine(text), { width, first, rest });
}

function toneOf(severity: Severity | 'none'): Style {
  const tones = { critical: 'red', error: 'red', warning: 'yellow', info: 'blue', none: 'green' } as const;
  return tones[severity];
}

/** SGR codes: bold, faint, and the eight basic colours, which every terminal theme keeps readable. */
const ANSI: Readonly<Record<Style, number>> = { bold: 1, quiet: 2, red: 31, green: 32, yellow: 33, blue: 34 };

function paintAnsi(text: string, ...styles: readonly Style[]): string {
  if (text === '') return text;
  return `\u001b[${styles.map((style) => ANSI[style]).join(';')}m${text}\u001b[0m`;
}

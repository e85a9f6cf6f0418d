/**
 * JUnit XML for build servers: one testcase for the run, one for each threshold and for each detector. The dialect is the
 * common core that Jenkins, GitLab and Azure read: failure, error, skipped, without an attribute that one of them refuses.
 */
import type { Finding } from '../model/finding.ts';
import { formatUnit } from '../model/quantity.ts';
import type { Report, ThresholdResult } from '../model/report.ts';
import { isAtLeast } from '../model/severity.ts';
import { US_PER_SEC } from '../model/time.ts';
import { formatEstimate, formatInterval, readQuantityName } from './format.ts';
import { groupLines, linesOf, reasonSentence } from './line-rows.ts';
import { isFromLogs, quietLogLabel } from './log-wording.ts';
import { escapeHtml } from './markup.ts';
import {
  bySeverity,
  commandTarget,
  gatewayLabel,
  interruptedSentence,
  SEVERITY_LABEL,
  subjectName,
  VERDICT_LABEL,
  verdictDetail,
  whereLabel,
} from './wording.ts';
import type { Writer } from './writer.ts';

export const junitWriter: Writer = {
  id: 'junit',
  extension: 'xml',
  render: renderJunit,
};

export type Result =
  | { readonly kind: 'passed'; readonly note?: string }
  | { readonly kind: 'failure' | 'error'; readonly message: string; readonly text: string }
  | { readonly kind: 'skipped'; readonly message: string };
export type TestCase = { readonly name: string; readonly result: Result };

const NOT_VALID = 'The run is not valid: no verdict.';

function renderJunit(report: Report): string {
  const suites: readonly (readonly [name: string, cases: readonly TestCase[]])[] = [
    isFromLogs(report) ? ['logs', logCases(report)] : ['run', [runCase(report)]],
    [
      'thresholds',
      report.thresholds.map((threshold) => ({ name: threshold.text, result: thresholdResult(report, threshold) })),
    ],
    ['detectors', detectorCases(report)],
  ];
  return junitXml({
    title: `gateprobe ${subjectName(report)}`,
    startedAt: report.startedAt,
    // The time that logs cover is not the time that reading them took.
    durationUs: isFromLogs(report) ? 0 : report.durationUs,
    suites,
    properties: runProperties(report),
  });
}

export type JunitFile = {
  readonly title: string;
  /** ISO time. */
  readonly startedAt: string;
  readonly durationUs: number;
  /** Those without cases are left out; the first has the properties. */
  readonly suites: readonly (readonly [name: string, cases: readonly TestCase[]])[];
  readonly properties: readonly (readonly [name: string, value: string])[];
};

export function junitXml({ title, startedAt, durationUs, suites, properties }: JunitFile): string {
  const all = suites.flatMap(([, cases]) => cases);
  // Part of every known dialect is a time without zone or fraction.
  const timestamp = escapeHtml(startedAt.replace(/(\.\d+)?Z$/, ''));
  const lines = properties.map(([name, value]) => `<property name="${name}" value="${escapeHtml(value)}"/>`);
  const body = suites
    .filter(([, cases]) => cases.length > 0)
    .map(
      ([
        name,
        cases,
      ]) => `<testsuite name="${name}" ${totals(cases)} skipped="${countOf(cases, 'skipped')}" timestamp="${timestamp}">
${name === suites[0]?.[0] ? `<properties>${lines.join('')}</properties>\n` : ''}${cases.map((one) => testCase(name, one)).join('')}</testsuite>
`,
    );
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="${escapeHtml(title)}" ${totals(all)} time="${(durationUs / US_PER_SEC).toFixed(3)}">
${body.join('')}</testsuites>
`;
}

/** Skipped cases are counted by suites only: the schema of Jenkins' xUnit plugin refuses a file that does so at its root. */
function totals(cases: readonly TestCase[]): string {
  return `tests="${cases.length}" failures="${countOf(cases, 'failure')}" errors="${countOf(cases, 'error')}"`;
}

function countOf(cases: readonly TestCase[], kind: Result['kind']): number {
  return cases.filter(({ result }) => result.kind === kind).length;
}

function runProperties(report: Report): JunitFile['properties'] {
  return [
    ['version', report.tool.version],
    ['runId', report.runId],
    ['seed', String(report.seed)],
    ['gateway', report.profile.gatewayUrl === '' ? gatewayLabel(report.gateway) : report.profile.gatewayUrl],
    ['interrupted', String(report.interrupted)],
  ];
}

function testCase(suiteName: string, { name, result }: TestCase): string {
  const head = `<testcase classname="gateprobe.${suiteName}" name="${escapeHtml(name)}" time="0"`;
  switch (result.kind) {
    case 'passed':
      return result.note === undefined
        ? `${head}/>\n`
        : `${head}><system-out>${escapeHtml(result.note)}</system-out></testcase>\n`;
    case 'skipped':
      return `${head}><skipped message="${escapeHtml(result.message)}"/></testcase>\n`;
    case 'failure':
    case 'error': {
      const message = escapeHtml(result.message);
      return `${head}><${result.kind} message="${message}" type="${suiteName}">${escapeHtml(result.text)}</${result.kind}></testcase>\n`;
    }
    default:
      return result satisfies never;
  }
}

function runCase(report: Report): TestCase {
  const name = 'the run is valid';
  if (!report.validity.ok) {
    const text = report.validity.reasons.join('\n');
    return { name, result: { kind: 'error', message: 'This run is not valid', text } };
  }
  return {
    name,
    result: report.interrupted ? { kind: 'passed', note: interruptedSentence(report) } : { kind: 'passed' },
  };
}

/** Whether the right logs were there, and whether an error is left that nobody can explain. */
function logCases({ logs, interrupted, ...report }: Report): TestCase[] {
  const balance = logs?.balance;
  if (logs === undefined || balance === undefined) return [];
  const answer = report.headline.join('\n');
  const hasLogs = logs.sources.some(({ role, entries }) => role !== 'unknown' && entries > 0);
  const note = interrupted ? interruptedSentence({ ...report, logs }) : undefined;
  const rest = balance.errors - balance.explained;
  return [
    {
      name: 'logs of the gateway or its members were read',
      result: hasLogs
        ? { kind: 'passed', ...(note === undefined ? {} : { note }) }
        : { kind: 'error', message: quietLogLabel(balance), text: answer },
    },
    {
      name: 'every error in them is explained',
      result: rest === 0 && balance.requests > 0 && hasLogs ? { kind: 'passed' } : { kind: 'skipped', message: answer },
    },
  ];
}

function thresholdResult(report: Report, threshold: ThresholdResult): Result {
  return report.validity.ok ? resultOfThreshold(threshold) : { kind: 'skipped', message: NOT_VALID };
}

export function resultOfThreshold({ verdict, gate, measured, unit, because }: ThresholdResult): Result {
  const value = measured === undefined ? '' : `Measured ${formatEstimate(measured, unit)}. `;
  switch (verdict) {
    case 'pass':
      return { kind: 'passed', note: `${value}${because}` };
    case 'fail':
      return { kind: 'failure', message: because, text: `${value}${because}` };
    case 'undecided':
      return gate === 'fail'
        ? { kind: 'failure', message: because, text: `${value}${because}` }
        : { kind: 'skipped', message: because };
    default:
      return verdict satisfies never;
  }
}

/** A finding whose cause no detector is listed for still counts: it gets a testcase of its own. */
function detectorCases(report: Report): TestCase[] {
  const listed = new Set<string>(report.detectors.map(({ id }) => id));
  const unlisted = new Set(report.findings.map(({ cause }) => cause).filter((cause) => !listed.has(cause)));
  return [
    ...report.detectors.map((detector) => ({ name: detector.id, result: detectorResult(report, detector) })),
    ...[...unlisted].map((cause) => ({ name: cause, result: foundResult(report, cause) })),
  ];
}

function detectorResult(report: Report, { id, verdict }: Report['detectors'][number]): Result {
  if (!report.validity.ok) return { kind: 'skipped', message: NOT_VALID };
  switch (verdict.state) {
    case 'clear':
      return { kind: 'passed' };
    case 'found':
      return foundResult(report, id);
    case 'not-applicable':
    case 'insufficient-data':
      return { kind: 'skipped', message: `${VERDICT_LABEL[verdict.state]}: ${verdictDetail(verdict)}` };
    case 'failed':
      return { kind: 'error', message: 'The check itself failed', text: verdict.error };
    default:
      return verdict satisfies never;
  }
}

function foundResult(report: Report, cause: string): Result {
  if (!report.validity.ok) return { kind: 'skipped', message: NOT_VALID };
  const found = bySeverity(report.findings.filter((finding) => finding.cause === cause));
  const text = found.map(findingText).join('\n\n');
  const [worst] = found;
  if (worst === undefined || !isAtLeast(worst.severity, 'warning')) return { kind: 'passed', note: text };
  return { kind: 'failure', message: worst.title, text };
}

function findingText(finding: Finding): string {
  const measured = Object.entries(finding.measured).map(([name, estimate]) => {
    const { label, unit } = readQuantityName(name);
    const interval = formatInterval(estimate, unit);
    return `  ${label}: ${formatUnit(estimate.value, unit)}${interval === undefined ? '' : ` (${interval})`}`;
  });
  const commands = finding.remedy.commands.map(
    ({ gateway, title, text }) => `  ${commandTarget(gateway)}: ${title}\n${text}`,
  );
  return [
    `${SEVERITY_LABEL[finding.severity]}, ${finding.confidence}, ${whereLabel(finding)}`,
    finding.title,
    finding.meaning,
    ...(measured.length > 0 ? ['Measured:', ...measured] : []),
    ...linesText(finding),
    'What to change:',
    ...finding.remedy.steps.map((step, index) => `  ${index + 1}. ${step}`),
    ...commands,
    `How to verify: ${finding.remedy.howToVerify}`,
  ].join('\n');
}

/** One request as both sides logged it. */
function linesText(finding: Finding): string[] {
  const [row] = linesOf(finding).flatMap(({ rows }) => rows);
  if (row === undefined) return [];
  const lines = groupLines(row).flatMap(({ who, lines: own }) => own.map(({ text }) => `  ${who}: ${text}`));
  return [`Logged: ${reasonSentence(row)}`, ...lines];
}

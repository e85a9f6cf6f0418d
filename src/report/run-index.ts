/** Runs in a folder: as lines of text, and as a page to open their reports from. */
import type { Report } from '../model/report.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { US_PER_MS } from '../model/time.ts';
import { visibleText } from '../model/visible-text.ts';
import { humanTime, NO_VALUE, plural } from './format.ts';
import { brandMark } from './html.ts';
import { type Cell, section, table } from './html-parts.ts';
import { html, type Markup, trustedMarkup } from './markup.ts';
import { pagePolicy, scriptElement } from './page-script.ts';
import { inlineCss } from './stylesheet.ts';
import { shorten } from './text-layout.ts';
import { SEVERITY_LABEL } from './wording.ts';

/** What is known of a run without judging it again; a report that was cut off while it was written has its name only. */
export type RunEntry = {
  /** Of its folder. */
  readonly name: string;
  readonly profile?: string;
  /** ISO time. */
  readonly startedAt?: string;
  readonly worst?: string;
  readonly isValid?: boolean;
  readonly findings?: number;
  /** Titles of findings, worst first. */
  readonly titles: readonly string[];
  /** Quantiles of warm answers by way, in ms: `gateway p95`, `direct:web1 p50`. */
  readonly latencyMs?: Readonly<Record<string, number>>;
};

/** Of each way, for its course over the runs. */
export const LISTED_QUANTILES: readonly string[] = ['p50', 'p95', 'p99'];
const MAX_PROFILE = 24;
const MAX_LINE = 110;

/** What stands of a run in a list, from its report as it is in memory. */
export function runEntryOf(name: string, report: Report): RunEntry {
  const levels = report.routes.flatMap(({ route, member, latencyUs }) =>
    LISTED_QUANTILES.flatMap((quantile): [string, number][] => {
      const level = latencyUs[quantile];
      const way = route === 'gateway' ? 'gateway' : `direct:${member}`;
      return level?.state === 'known' ? [[`${way} ${quantile}`, level.value / US_PER_MS]] : [];
    }),
  );
  return {
    name,
    profile: report.profile.name,
    startedAt: report.startedAt,
    worst: report.worst,
    isValid: report.validity.ok,
    findings: report.findings.length,
    titles: report.findings.slice(0, 3).map(({ title }) => title),
    latencyMs: Object.fromEntries(levels),
  };
}

/** Newest first; runs without a time come last, by name. */
export function inOrderOfRuns(entries: readonly RunEntry[]): readonly RunEntry[] {
  const time = ({ startedAt = '' }: RunEntry): string => startedAt;
  return entries.toSorted((a, b) => time(b).localeCompare(time(a)) || a.name.localeCompare(b.name));
}

/** A line for each run: when, profile, verdict, worst finding. */
export function runIndexText(entries: readonly RunEntry[]): string {
  const rows = entries.map((entry) => {
    const when = entry.startedAt?.slice(0, 16).replace('T', ' ') ?? NO_VALUE;
    return [when, shorten(entry.profile ?? entry.name, MAX_PROFILE), verdictOf(entry), worstOf(entry), entry.name];
  });
  const widths = [0, 1, 2].map((at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map(([when = '', profile = '', verdict = '', worst = '', name = '']) => {
    const head = [when, profile, verdict].map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ');
    return `${head}  ${shorten(worst, Math.max(30, MAX_LINE - head.length))}\n${' '.repeat(widths[0] ?? 0)}  ${name}`;
  });
  return visibleText(`${lines.join('\n')}\n`);
}

/** `course`: what stands before the list, the course of the level over the runs. */
export function runIndexHtml(entries: readonly RunEntry[], course: Markup | false = false): string {
  const columns = [{ title: 'When' }, { title: 'Profile' }, { title: 'Verdict' }, { title: 'Worst finding' }];
  const rows = entries.map((entry): Cell[] => [
    html`<a href="${encodeURIComponent(entry.name)}/report.html">${entry.startedAt === undefined ? entry.name : humanTime(entry.startedAt)}</a>`,
    entry.profile ?? NO_VALUE,
    html`<span class="tag is-${toneOf(entry)}">${verdictOf(entry)}</span>`,
    worstOf(entry),
  ]);
  const list =
    entries.length === 0 ? html`<p class="empty">No run is in this folder yet.</p>` : table('Runs', columns, rows);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${plural(entries.length, 'run')} – gateprobe</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="report.css">
<style>${trustedMarkup(inlineCss())}</style>
</head>
<body>
<header class="masthead">
${brandMark()}
<div>
<h1>Runs</h1>
<p class="subject">${plural(entries.length, 'run')}, newest first</p>
</div>
</header>
<main>
${course}
${section('runs', 'Reports', undefined, list)}
</main>
${scriptElement()}
</body>
</html>
`.markup;
}

function severityOf({ worst }: RunEntry): Severity | 'none' | undefined {
  return worst === 'none' ? worst : SEVERITIES.find((severity) => severity === worst);
}

function verdictOf(entry: RunEntry): string {
  if (entry.isValid === false) return 'Not valid';
  const worst = severityOf(entry);
  return worst === undefined ? 'Cannot be read' : SEVERITY_LABEL[worst];
}

function toneOf(entry: RunEntry): string {
  return entry.isValid === false ? 'undecided' : (severityOf(entry) ?? 'undecided');
}

function worstOf({ titles, findings = titles.length, isValid }: RunEntry): string {
  const [first] = titles;
  if (isValid === false) return 'The probe was at its own limit: no verdict.';
  if (first === undefined) return NO_VALUE;
  return findings > 1 ? `${first} (and ${findings - 1} more)` : first;
}

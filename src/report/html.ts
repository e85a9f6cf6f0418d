/**
 * `report.html`: one file that reads completely without JavaScript, from disk, and under a strict content-security policy.
 */
import { SWATCHES } from '../charts/palette.ts';
import { formatDuration } from '../model/quantity.ts';
import type { Report } from '../model/report.ts';
import { drawCharts } from './chart-figure.ts';
import { formatCount, humanPeriod, humanTime, isoTime, plural } from './format.ts';
import { coverageSection, untestedSection } from './html-coverage.ts';
import { renderExhibit } from './html-exhibit.ts';
import { experimentSection } from './html-experiments.ts';
import { findingSection } from './html-finding.ts';
import { latencySection, thresholdSection } from './html-latency.ts';
import { logSection, preflightSection } from './html-logs.ts';
import { longList, type Page, section } from './html-parts.ts';
import { qualitySection } from './html-quality.ts';
import { trailSection } from './html-trail.ts';
import { verdictSection } from './html-verdict.ts';
import { isLogExhibit } from './log-exhibits.ts';
import { explainCommand, isFromLogs, logAmount } from './log-wording.ts';
import { html, type Markup, trustedMarkup } from './markup.ts';
import { pagePolicy, scriptElement } from './page-script.ts';
import { inlineCss } from './stylesheet.ts';
import { findingAnchors, gatewayLabel, subjectName, verdictLabel } from './wording.ts';
import type { Writer } from './writer.ts';

export const htmlWriter: Writer = {
  id: 'html',
  extension: 'html',
  render: renderHtml,
};

export async function renderHtml(report: Report): Promise<string> {
  const page: Page = { report, charts: await drawCharts(report), anchors: findingAnchors(report.findings) };
  const title = `${subjectName(report)}: ${verdictLabel(report)}`;
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="gateprobe ${report.tool.version}">
<title>${title} – gateprobe</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="report.css">
<style>${trustedMarkup(inlineCss())}</style>
</head>
<body>
<a class="skip" href="#verdict">Skip to the verdict</a>
${masthead(report)}
<main>
${verdictSection(page)}
${contents(report)}
${findingSection(page)}
${trailSection(report)}
${thresholdSection(report)}
${latencySection(report)}
${measurementSection(page)}
${experimentSection(report)}
${logSection(page)}
${preflightSection(report)}
${coverageSection(page)}
${untestedSection(report)}
${!isFromLogs(report) && qualitySection(report)}
${warningSection(report)}
</main>
${colophon(report)}
${scriptElement()}
</body>
</html>
`;
  return document.markup;
}

function masthead(report: Report): Markup {
  const { profile } = report;
  const none = isFromLogs(report) ? 'no log of a member' : 'no members';
  const members = profile.members.length === 0 ? none : `${plural(profile.members.length, 'member')}`;
  return html`<header class="masthead">
${brandMark()}
<div>
<h1>${subjectName(report)}</h1>
<p class="subject">${profile.gatewayUrl !== '' && html`<span class="address">${profile.gatewayUrl}</span> `}<span>${gatewayLabel(report.gateway)}</span> <span>${members}</span></p>
</div>
<p class="when">${isFromLogs(report) ? loggedWhen(report) : sentWhen(report)}</p>
</header>`;
}

function sentWhen(report: Report): Markup {
  const requests = report.routes.reduce((sum, { count }) => sum + count, 0);
  return html`<time datetime="${report.startedAt}">${humanTime(report.startedAt)}</time><br>${formatCount(requests)} requests in ${formatDuration(report.durationUs)}`;
}

function loggedWhen(report: Report): Markup {
  const { logs } = report;
  return html`<time datetime="${report.startedAt}">${humanPeriod(report.startedAt, report.durationUs)}</time>${logs !== undefined && html`<br>${logAmount(logs)}`}`;
}

/** Three hops and the line between them: what the program looks at. */
export function brandMark(): Markup {
  const [blue, green] = [SWATCHES.gateway.light, SWATCHES.direct.light];
  return html`<p class="brand"><svg width="34" height="18" viewBox="0 0 34 18" aria-hidden="true"><path d="M5 9h24M17 9L29 3.5M17 9L29 14.5" fill="none" stroke="${blue}" stroke-width="1.5"/><path d="M5 9h0" stroke="${blue}" stroke-width="8" stroke-linecap="round"/><path d="M17 9h0" stroke="${blue}" stroke-width="9" stroke-linecap="square"/><path d="M29 3.5h0M29 14.5h0" stroke="${green}" stroke-width="6.5" stroke-linecap="round"/></svg>gateprobe</p>`;
}

function contents(report: Report): Markup {
  const { logs } = report;
  const isAlone = isFromLogs(report);
  const entries: readonly (readonly [id: string, label: string, shown: boolean])[] = [
    ['findings', `${report.validity.ok ? 'Findings' : 'Seen'} (${report.findings.length})`, report.findings.length > 0],
    ['trail', `How it was found (${report.trail?.steps.length ?? 0})`, report.trail !== undefined],
    ['thresholds', `Thresholds (${report.thresholds.length})`, report.thresholds.length > 0],
    ['latency', isAlone ? 'Gateway and members' : 'Gateway and direct', !isAlone || report.routes.length > 0],
    ['measurements', 'Measurements', report.exhibits.some((exhibit) => !isLogExhibit(exhibit))],
    ['experiments', `Experiments (${report.experiments.length})`, report.experiments.length > 0],
    ['logs', `Logs (${logs?.sources.length ?? 0})`, (logs?.sources.length ?? 0) > 0],
    ['preflight', `What to switch on (${logs?.preflight.length ?? 0})`, (logs?.preflight.length ?? 0) > 0],
    ['coverage', `What was looked for (${report.detectors.length})`, true],
    ['untested', `Not tested (${report.untested.length})`, report.untested.length > 0],
    ['quality', 'The probe itself', !isAlone],
    ['warnings', `Warnings (${report.warnings.length})`, report.warnings.length > 0],
  ];
  const links = entries.filter(([, , shown]) => shown);
  return html`<nav class="contents" aria-label="Contents"><ul>${links.map(
    ([id, label]) => html`<li><a href="#${id}">${label}</a></li>`,
  )}</ul></nav>`;
}

function measurementSection(page: Page): Markup | false {
  const exhibits = page.report.exhibits.filter((exhibit) => !isLogExhibit(exhibit));
  if (exhibits.length === 0) return false;
  const lead = page.report.validity.ok
    ? 'Evidence that belongs to no single finding.'
    : 'The run is not valid: the delays of the probe itself are in all of this, and what the pictures suggest is no verdict.';
  return section(
    'measurements',
    'Measurements',
    lead,
    exhibits.map((exhibit) => renderExhibit(exhibit, page, 3)),
  );
}

function warningSection(report: Report): Markup | false {
  if (report.warnings.length === 0) return false;
  const items = report.warnings.map((warning) => html`<li>${warning}</li>`);
  return section('warnings', 'Warnings', undefined, longList(items, 'warnings'));
}

function colophon(report: Report): Markup {
  if (isFromLogs(report)) return logColophon(report);
  return html`<footer class="colophon">
<h2>How to run this again</h2>
<p>The same profile with the same seed repeats every random choice; a recording can be judged and written again without traffic.</p>
<pre><code>gateprobe run &lt;profile&gt; --seed ${report.seed}
gateprobe report &lt;recording&gt; --format html</code></pre>
<dl class="facts">
<div><dt>Written by</dt><dd>gateprobe ${report.tool.version}</dd></div>
<div><dt>Run</dt><dd><code>${report.runId}</code></dd></div>
<div><dt>Seed</dt><dd><code>${String(report.seed)}</code></dd></div>
<div><dt>Started</dt><dd><time datetime="${report.startedAt}">${report.startedAt}</time></dd></div>
<div><dt>Took</dt><dd>${formatDuration(report.durationUs)}</dd></div>
${report.profile.members.map(({ name, url }) => html`<div><dt>Member ${name}</dt><dd class="address">${url}</dd></div>`)}
</dl>
</footer>`;
}

function logColophon(report: Report): Markup {
  const { logs, startedAt, durationUs } = report;
  const lastAt = isoTime(Date.parse(startedAt) * 1000 + durationUs);
  return html`<footer class="colophon">
<h2>How to read these logs again</h2>
<p>With the same <code>--profile</code>, <code>--config</code>, <code>--kind</code>, <code>--format</code>, <code>--pattern</code>, <code>--timezone</code>, <code>--since</code> and <code>--until</code>, where they were given. The other two need the recording only, not the logs.</p>
<pre><code>${logs === undefined ? '' : explainCommand(logs, report.seed)}
gateprobe diagnose &lt;recording&gt;
gateprobe report &lt;recording&gt; --format html</code></pre>
<dl class="facts">
<div><dt>Written by</dt><dd>gateprobe ${report.tool.version}</dd></div>
<div><dt>First line</dt><dd><time datetime="${startedAt}">${startedAt}</time></dd></div>
${lastAt !== undefined && html`<div><dt>Last line</dt><dd><time datetime="${lastAt}">${lastAt}</time></dd></div>`}
${report.profile.members.filter(({ url }) => url !== '').map(({ name, url }) => html`<div><dt>Member ${name}</dt><dd class="address">${url}</dd></div>`)}
</dl>
</footer>`;
}

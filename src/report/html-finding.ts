/** Findings as cards: what, where, how sure, how much, what to change; then the evidence. */
import { CAUSES } from '../model/causes.ts';
import type { Finding } from '../model/finding.ts';
import { formatUnit } from '../model/quantity.ts';
import { formatAffected, formatInterval, plural, readQuantityName } from './format.ts';
import { renderExhibit } from './html-exhibit.ts';
import { hopStrip } from './html-hops.ts';
import { fold, type Page, section, severityTag } from './html-parts.ts';
import { html, type Markup } from './markup.ts';
import { bySeverity, commandTarget, confidenceMeaning, whereLabel } from './wording.ts';

export function findingSection(page: Page): Markup | false {
  const { report } = page;
  if (report.findings.length === 0) return false;
  const cards = bySeverity(report.findings).map((finding) => findingCard(finding, page));
  if (report.validity.ok) return section('findings', 'Findings', undefined, cards);
  const lead = 'The run is not valid: what follows was seen, but it is no verdict. It may be the doing of the probe.';
  return section('findings', 'Seen, without a verdict', lead, fold(plural(cards.length, 'observation'), cards));
}

/** What a card needs of the page around it. */
export type CardPage = Pick<Page, 'charts' | 'anchors'> & {
  readonly report: Pick<Page['report'], 'validity' | 'logs' | 'startedAt'>;
};

export function findingCard(finding: Finding, page: CardPage): Markup {
  const anchor = page.anchors.get(finding) ?? '';
  const tone = page.report.validity.ok ? finding.severity : 'info';
  return html`<article class="finding is-${tone}" id="${anchor}" aria-labelledby="${anchor}-title">
<p class="tags">${page.report.validity.ok && severityTag(finding.severity)}<span class="confidence" title="${confidenceMeaning(finding.confidence, page.report)}">${finding.confidence}</span><span class="where">${whereLabel(finding)}</span></p>
<h3 id="${anchor}-title">${finding.title}</h3>
${hopStrip(finding, page.report)}
<p>${finding.meaning}</p>
${measuredList(finding)}
${remedyPart(finding)}
${finding.exhibits.length > 0 && html`<h4>Evidence</h4>\n${finding.exhibits.map((exhibit) => renderExhibit(exhibit, page, 5))}`}
<h4>How sure</h4>
<p>${capital(finding.confidence)}: ${confidenceMeaning(finding.confidence, page.report)}.</p>
${rivalPart(finding)}
<p class="cause">Cause <code>${finding.cause}</code> · <a href="#${anchor}">#${anchor}</a></p>
</article>
`;
}

function measuredList(finding: Finding): Markup | false {
  const tiles = Object.entries(finding.measured).map(([name, estimate]) => {
    const { label, unit } = readQuantityName(name);
    const interval = formatInterval(estimate, unit);
    return html`<div><dt>${label}</dt><dd>${formatUnit(estimate.value, unit)}${interval && html`<small>${interval}</small>`}</dd></div>`;
  });
  const { affected, expected, declared = [] } = finding;
  const concerned = affected && html`<div><dt>affected</dt><dd class="words">${formatAffected(affected)}</dd></div>`;
  const right = expected && html`<div><dt>expected</dt><dd class="words">${expected}</dd></div>`;
  const lines =
    declared.length > 0 &&
    html`<div><dt>declared</dt><dd class="words">${declared.map((one) => html`<code>${one.citation}</code>${one.disagreement !== undefined && `: not what was measured (${one.disagreement})`}<br>`)}</dd></div>`;
  if (tiles.length === 0 && !concerned && !right && !lines) return false;
  return html`<dl class="measured">${tiles}${concerned}${right}${lines}</dl>`;
}

function remedyPart({ remedy }: Finding): Markup {
  const commands = remedy.commands.map(
    ({ gateway, title, text }) =>
      html`<figure class="command"><figcaption><span class="target">${commandTarget(gateway)}</span> ${title}</figcaption><pre><code>${text}</code></pre></figure>`,
  );
  const [onlyStep] = remedy.steps;
  const steps =
    remedy.steps.length === 1
      ? html`<p>${onlyStep}</p>`
      : remedy.steps.length > 1 && html`<ol class="steps">${remedy.steps.map((step) => html`<li>${step}</li>`)}</ol>`;
  return html`<div class="remedy"><h4>What to change</h4>
${steps}
${commands}
<h4>How to verify</h4>
<p>${remedy.howToVerify}</p></div>`;
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

function rivalPart({ rivals }: Finding): Markup | false {
  if (rivals.length === 0) return false;
  const items = rivals.map(
    ({ cause, whyNot }) => html`<div><dt>${CAUSES[cause].title}</dt><dd>${whyNot} <code>${cause}</code></dd></div>`,
  );
  return html`<h4>Why not something else</h4><dl class="rivals">${items}</dl>`;
}

/** The first screen: is the run valid, what is wrong, in plain sentences. */
import type { Report } from '../model/report.ts';
import type { Page } from './html-parts.ts';
import { isFromLogs } from './log-wording.ts';
import { html, type Markup, type MarkupPart } from './markup.ts';
import { unbroken } from './text-layout.ts';
import {
  cautionTexts,
  countedSentence,
  coverageSentence,
  interruptedSentence,
  isReassuring,
  verdictLabel,
} from './wording.ts';

export function verdictSection(page: Page): Markup {
  const { report } = page;
  return report.validity.ok ? targetVerdict(page) : noVerdict(report);
}

function targetVerdict({ report, anchors }: Page): Markup {
  const linkOf = (sentence: string): MarkupPart => {
    const finding = report.findings.find(({ title }) => title === sentence);
    const text = unbroken(sentence);
    return finding === undefined ? text : html`<a href="#${anchors.get(finding)}">${text}</a>`;
  };
  const tone = report.worst === 'none' && !isReassuring(report) ? 'undecided' : report.worst;
  const [answer = verdictLabel(report), ...others] = report.headline;
  return html`<section class="verdict is-${tone}" aria-labelledby="verdict">
<p class="verdict-label">${verdictLabel(report)}</p>
<h2 class="answer" id="verdict">${linkOf(answer)}</h2>
${others.length > 0 && html`<ul class="answers">${others.map((sentence) => html`<li>${linkOf(sentence)}</li>`)}</ul>`}
${report.interrupted && html`<p class="interrupted"><strong>Interrupted.</strong> ${interruptedSentence(report)}</p>`}
<p class="coverage-line">${coverageSentence(report)} <a href="#coverage">What was looked for</a></p>
${cautionLine(report)}
</section>`;
}

/** Who reads the answer and its numbers must know that some are to be mistrusted; which, and by how much, is long. */
function cautionLine(report: Report): Markup | false {
  const { length } = cautionTexts(report);
  if (length === 0 || isFromLogs(report)) return false;
  return html`<p class="coverage-line">${length === 1 ? 'One caution' : `${length} cautions`} about these numbers: <a href="#quality">what to mistrust, and by how much</a></p>`;
}

/** The probe was at fault, so nothing that it measured may be held against the target. */
function noVerdict(report: Report): Markup {
  const counted = countedSentence(report);
  return html`<section class="verdict is-invalid" aria-labelledby="verdict">
<p class="verdict-label">No verdict</p>
<h2 class="answer" id="verdict">${verdictLabel(report)}</h2>
<p>The probe itself did not measure well enough, so this report says nothing about the gateway or its members.</p>
<ul class="answers">${report.validity.reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
${counted !== undefined && html`<p>${counted}</p>`}
${report.interrupted && html`<p class="interrupted"><strong>Interrupted.</strong> The run was also stopped by hand.</p>`}
<p class="coverage-line">Run it again at a lower rate, or on a machine with less to do. <a href="#quality">How the probe did</a></p>
</section>`;
}

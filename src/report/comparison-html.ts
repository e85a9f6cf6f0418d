/** A comparison as one page: reads without JavaScript, from disk, under the same policy as the report. */
import type { Comparison } from '../model/comparison.ts';
import { comparisonAnswer } from './comparison-gate.ts';
import { comparisonSections, runLine } from './comparison-sections.ts';
import { HOW_TO_READ } from './comparison-wording.ts';
import { POLICY } from './html.ts';
import { section, table } from './html-parts.ts';
import { html, trustedMarkup } from './markup.ts';
import { reportCss } from './stylesheet.ts';

export function comparisonHtml(comparison: Comparison): string {
  const { base, head } = comparison;
  const { label, tone, first, more } = comparisonAnswer(comparison);
  const sections = comparisonSections(comparison).map(({ id, title, columns, rows }) =>
    section(id, title, undefined, table(title, columns, rows)),
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${head.profile}: ${label} – gateprobe</title>
<link rel="icon" href="data:,">
<style>${trustedMarkup(reportCss())}</style>
</head>
<body>
<a class="skip" href="#verdict">Skip to the verdict</a>
<header class="masthead">
<p class="brand">gateprobe</p>
<div>
<h1>${head.profile}</h1>
<p class="subject"><span>base: ${runLine(base)}</span> <span>head: ${runLine(head)}</span></p>
</div>
</header>
<main>
<section class="verdict is-${tone}" aria-labelledby="verdict">
<p class="verdict-label">${label}</p>
<h2 class="answer" id="verdict">${first}</h2>
${more.map((sentence) => html`<p class="lead">${sentence}</p>`)}
</section>
${sections}
<p class="lead">${HOW_TO_READ}</p>
</main>
</body>
</html>
`.markup;
}

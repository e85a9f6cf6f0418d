/** A comparison as one page: reads without JavaScript, from disk, under the same policy as the report. */
import type { Comparison, ComparisonVerdict } from '../model/comparison.ts';
import { comparisonSections, runLine } from './comparison-sections.ts';
import { answerOf, HOW_TO_READ, VERDICT_WORD } from './comparison-wording.ts';
import { POLICY } from './html.ts';
import { section, table } from './html-parts.ts';
import { html, trustedMarkup } from './markup.ts';
import { reportCss } from './stylesheet.ts';

const TONE: Readonly<Record<ComparisonVerdict, string>> = {
  worse: 'error',
  better: 'none',
  same: 'none',
  'cannot-tell': 'undecided',
  invalid: 'invalid',
};

export function comparisonHtml(comparison: Comparison): string {
  const { base, head, verdict } = comparison;
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
<title>${head.profile}: ${VERDICT_WORD[verdict]} – gateprobe</title>
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
<section class="verdict is-${TONE[verdict]}" aria-labelledby="verdict">
<p class="verdict-label">${VERDICT_WORD[verdict]}</p>
<h2 class="answer" id="verdict">${answerOf(comparison)}</h2>
</section>
${sections}
<p class="lead">${HOW_TO_READ}</p>
</main>
</body>
</html>
`.markup;
}

/** A comparison as one page: reads without JavaScript, from disk, under the same policy as the report. */
import type { ChangeState, Comparison, FindingChange } from '../model/comparison.ts';
import { drawCharts } from './chart-figure.ts';
import { changeFigure, curveExhibits } from './comparison-charts.ts';
import { comparisonAnswer } from './comparison-gate.ts';
import { type ComparisonSection, comparisonSections } from './comparison-sections.ts';
import { HOW_TO_READ } from './comparison-wording.ts';
import { formatCount, humanTime } from './format.ts';
import { brandMark } from './html.ts';
import { chartPair, legend, renderExhibit } from './html-exhibit.ts';
import { type Cell, section, table } from './html-parts.ts';
import { html, type Markup, trustedMarkup } from './markup.ts';
import { pagePolicy, scriptElement } from './page-script.ts';
import { historyExhibit } from './run-history.ts';
import { inlineCss } from './stylesheet.ts';

const STATE_CHIP: Readonly<Record<ChangeState, string>> = {
  worse: 'fail',
  better: 'pass',
  same: 'same',
  inconclusive: 'open',
  insufficient: 'open',
};
const FINDING_CHIP: Readonly<Record<FindingChange['state'], string>> = {
  appeared: 'fail',
  vanished: 'pass',
  changed: 'undecided',
  stayed: 'same',
  'unjudged-before': 'undecided',
  'unjudged-now': 'undecided',
};

export async function comparisonHtml(comparison: Comparison): Promise<string> {
  const { head } = comparison;
  const { label, tone, first, more } = comparisonAnswer(comparison);
  const sections = comparisonSections(comparison);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${head.profile}: ${label} – gateprobe</title>
<link rel="icon" href="data:,">
<style>${trustedMarkup(inlineCss())}</style>
</head>
<body class="comparison">
<a class="skip" href="#verdict">Skip to the verdict</a>
${masthead(comparison)}
<main>
<section class="verdict is-${tone}" aria-labelledby="verdict">
<p class="verdict-label">${label}</p>
<h2 class="answer" id="verdict">${first}</h2>
${more.map((sentence) => html`<p class="lead">${sentence}</p>`)}
<p class="coverage-line">${HOW_TO_READ}</p>
</section>
${contents(sections, comparison)}
${sections.filter(({ id }) => id === 'differences').map((one) => sectionOf(one, comparison))}
${await pictures(comparison)}
${sections.filter(({ id }) => id !== 'differences').map((one) => sectionOf(one, comparison))}
</main>
${scriptElement()}
</body>
</html>
`.markup;
}

function masthead({ base, head }: Comparison): Markup {
  const run = (word: string, { profile, startedAt, requests }: Comparison['base']) =>
    html`<div><dt>${word}</dt><dd>${profile !== head.profile && html`${profile}, `}<time datetime="${startedAt}">${humanTime(startedAt)}</time>, ${formatCount(requests)} requests</dd></div>`;
  return html`<header class="masthead">
${brandMark()}
<div>
<h1>${head.profile}: two runs compared</h1>
<dl class="runs">${run('Base', base)}${run('Head', head)}</dl>
</div>
</header>`;
}

function contents(sections: readonly ComparisonSection[], comparison: Comparison): Markup {
  const hasPictures = comparison.curves.length > 0 || comparison.metrics.some(({ changeRatio }) => changeRatio);
  const links = [
    ...(hasPictures ? [html`<li><a href="#pictures">Base and head</a></li>`] : []),
    ...sections.map(
      ({ id, title, rows }) => html`<li><a href="#${id}">${title.split(/[:(]/)[0]} (${rows.length})</a></li>`,
    ),
  ];
  return html`<nav class="contents" aria-label="Contents"><ul>${links}</ul></nav>`;
}

async function pictures(comparison: Comparison): Promise<Markup | false> {
  const course = comparison.history === undefined ? [] : [historyExhibit(comparison.history)];
  const exhibits = [...curveExhibits(comparison), ...course];
  const change = await changeFigure(comparison.metrics);
  if (change === undefined && exhibits.length === 0) return false;
  const page = {
    charts: await drawCharts({ findings: [], exhibits }),
    report: { startedAt: comparison.head.startedAt },
  };
  const title = 'What moved, and how surely';
  const reading =
    'A dot is the change of one percentile, the bar its 95 % interval. A bar that keeps clear of the line is rarely chance; a dot beyond the grey field is also large enough to count. The answers in the table below allow for how many were looked at.';
  const forest =
    change &&
    html`<figure class="exhibit exhibit-bars"><figcaption><h3 id="${change.id}">${title}</h3><p class="reading">${reading}</p>${legend(change.legend)}</figcaption><div class="exhibit-body">${chartPair(change)}</div></figure>`;
  return section('pictures', 'Base and head', undefined, [
    forest,
    exhibits.map((exhibit) => renderExhibit(exhibit, page, 3)),
  ]);
}

function sectionOf(one: ComparisonSection, comparison: Comparison): Markup {
  return section(one.id, one.title, undefined, table(one.title, one.columns, cellsOf(one, comparison)));
}

/** The same texts as in every format; answers stand out. */
function cellsOf({ id, rows }: ComparisonSection, { metrics, findings }: Comparison): readonly (readonly Cell[])[] {
  if (id === 'metrics') {
    const shown = metrics.filter(({ state }) => state !== 'insufficient');
    return rows.map((row, at) => [...row.slice(0, -1), chip(STATE_CHIP[shown[at]?.state ?? 'same'], row.at(-1))]);
  }
  if (id === 'findings')
    return rows.map(([word, ...rest], at) => [chip(FINDING_CHIP[findings[at]?.state ?? 'stayed'], word), ...rest]);
  return rows;
}

function chip(look: string, text: string | undefined): Markup {
  return html`<span class="chip chip-${look}">${text}</span>`;
}

/** One function for each kind of evidence. */
import type { LegendEntry } from '../charts/chart.ts';
import { colour } from '../charts/palette.ts';
import type { Exhibit } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import type { ChartFigure } from './chart-figure.ts';
import { formatCount, inOrderOfTime, routeLabel, wallTime } from './format.ts';
import { chartTable, exactCell } from './html-chart-table.ts';
import { linesList } from './html-lines.ts';
import { fold, longTable, type Page } from './html-parts.ts';
import { html, type Markup, type MarkupPart, trustedMarkup } from './markup.ts';

/** What an exhibit needs of the page around it. */
export type ExhibitPage = Pick<Page, 'charts'> & { readonly report: Pick<Page['report'], 'startedAt'> };

/** `level` is that of its heading, one below the heading it stands under. */
export function renderExhibit(exhibit: Exhibit, page: ExhibitPage, level: 3 | 5): Markup {
  const figure = page.charts.get(exhibit);
  const id = figure && html` id="${figure.id}"`;
  const heading = level === 3 ? html`<h3${id}>${exhibit.title}</h3>` : html`<h5${id}>${exhibit.title}</h5>`;
  const words = html`<figcaption>${heading}<p class="reading">${exhibit.reading}</p>${figure && legend(figure.legend)}</figcaption>`;
  return html`<figure class="exhibit exhibit-${exhibit.kind}">${words}<div class="exhibit-body">${content(exhibit, page, figure)}</div></figure>\n`;
}

function content(exhibit: Exhibit, page: ExhibitPage, figure: ChartFigure | undefined): MarkupPart {
  switch (exhibit.kind) {
    case 'xy':
    case 'heat':
    case 'bars':
    case 'waterfall':
      if (figure === undefined) return html`<p class="empty">Nothing was measured for this chart.</p>`;
      return [chartPair(figure), fold('The same in numbers', chartTable(exhibit))];
    case 'table':
      return plainTable(exhibit);
    case 'exchanges':
      return exchangeTable(exhibit, page.report.startedAt);
    case 'lines':
      return linesList(exhibit);
    default:
      return exhibit satisfies never;
  }
}

/** Both sizes are in the page, the style sheet shows one; without any style sheet it is the wide one. Its title names them. */
export function chartPair({ id, wide, narrow, plots }: ChartFigure): Markup {
  return html`<div class="chart chart-wide" role="img" aria-labelledby="${id}"${plots && html` data-plots="${plots.wide}" data-names="${plots.names}"`}>${trustedMarkup(wide)}</div>
<div class="chart chart-narrow" role="img" aria-labelledby="${id}"${plots && html` data-plots="${plots.narrow}"`} hidden>${trustedMarkup(narrow)}</div>`;
}

/** Names of series with the form and colour that they have in the chart. */
export function legend(entries: readonly LegendEntry[]): Markup | false {
  if (entries.length === 0) return false;
  return html`<ul class="legend">${entries.map((entry) => html`<li>${legendMark(entry)}${entry.label}</li>`)}</ul>`;
}

const LEGEND_DASH: Readonly<Record<string, string>> = { dashed: '5 3', dotted: '2 3' };

function legendMark({ swatch, form }: LegendEntry): Markup {
  const ink = colour(swatch);
  const shape = {
    dot: html`<path d="M12 6h0" stroke="${ink}" stroke-width="7" stroke-linecap="round"/>`,
    square: html`<path d="M12 6h0" stroke="${ink}" stroke-width="7" stroke-linecap="square"/>`,
    block: html`<path d="M4 6h16" stroke="${ink}" stroke-width="10"/>`,
    line: html`<path d="M1 6h22" stroke="${ink}" stroke-width="2.5"/>`,
    dashed: html`<path d="M1 6h22" stroke="${ink}" stroke-width="2.5" stroke-dasharray="${LEGEND_DASH['dashed']}"/>`,
    dotted: html`<path d="M1 6h22" stroke="${ink}" stroke-width="2.5" stroke-dasharray="${LEGEND_DASH['dotted']}"/>`,
  }[form];
  return html`<svg class="chart-mark" width="24" height="12" viewBox="0 0 24 12" aria-hidden="true">${shape}</svg>`;
}

function plainTable(exhibit: Exhibit & { kind: 'table' }): Markup {
  if (exhibit.rows.length === 0) return html`<p class="empty">No rows.</p>`;
  const columns = exhibit.columns.map(({ title, unit }) => ({ title, numeric: unit !== 'text' }));
  const rows = exhibit.rows.map((row) => row.map((cell, at) => exactCell(cell, exhibit.columns[at]?.unit ?? 'text')));
  return longTable(exhibit.title, columns, rows, 'row');
}

function exchangeTable(exhibit: Exhibit & { kind: 'exchanges' }, startedAt: string): Markup {
  if (exhibit.rows.length === 0) return html`<p class="empty">No request was kept.</p>`;
  const hasDetail = exhibit.rows.some(({ detail }) => detail !== undefined);
  const columns = [
    { title: 'Request id' },
    { title: 'Due at' },
    { title: 'Route' },
    { title: 'Request' },
    { title: 'Outcome' },
    { title: 'Took', numeric: true },
    ...(hasDetail ? [{ title: 'Detail' }] : []),
  ];
  const rows = inOrderOfTime(exhibit.rows).map((row) => [
    html`<code>${row.requestId}</code>`,
    html`<span class="time">${wallTime(startedAt, row.dueUs)}</span>`,
    routeLabel(row.route),
    row.requestName,
    html`<code>${row.outcome}</code>`,
    formatDuration(row.elapsedUs),
    ...(hasDetail ? [row.detail ?? ''] : []),
  ]);
  const missing = exhibit.total > exhibit.rows.length;
  return html`${longTable(exhibit.title, columns, rows, 'request')}${
    missing && html`<p class="note">${formatCount(exhibit.rows.length)} of ${formatCount(exhibit.total)} were kept.</p>`
  }`;
}

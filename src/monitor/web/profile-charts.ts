/** The charts of a profile's page. Pure but for the drawing. */
import { CHART_WIDTH_PX, type Chart, type ChartWidth } from '../../charts/chart.ts';
import { drawChart } from '../../charts/svg-image.ts';
import { columnsChart, type HeatCell, heatMapChart } from '../../charts/time-grid-chart.ts';
import { createTimeScale } from '../../charts/time-scale.ts';
import { xyChart } from '../../charts/xy-chart.ts';
import type { Exhibit, XySeries } from '../../model/finding.ts';
import type { HistoryEvent, HistoryInterval } from '../../model/history.ts';
import { legend } from '../../report/html-exhibit.ts';
import { html, type Markup, trustedMarkup } from '../../report/markup.ts';
import { rowName } from './farm.ts';
import { type Bin, binsOf, comparable, type Decode } from './time-bins.ts';
import type { TimeRange } from './time-range.ts';

export type Figure = { readonly id: string; readonly title: string; readonly reading: string };

/** Both sizes are in the page, the style sheet shows one. */
export async function drawFigure(figure: Figure, chartOf: (width: ChartWidth) => Chart): Promise<Markup> {
  const { id, title, reading } = figure;
  const [wide, narrow] = [chartOf('wide'), chartOf('narrow')];
  const [wideSvg, narrowSvg] = [await drawChart(wide, `${id}w`), await drawChart(narrow, `${id}n`)];
  const label = `${title}. ${reading}`;
  return html`<figure class="exhibit exhibit-xy" id="${id}" data-part><figcaption><h3>${title}</h3><p class="reading">${reading}</p>${legend(wide.legend)}</figcaption>
<div class="exhibit-body"><div class="chart chart-wide" role="img" aria-label="${label}">${trustedMarkup(wideSvg)}</div>
<div class="chart chart-narrow" role="img" aria-label="${label}" hidden>${trustedMarkup(narrowSvg)}</div></div></figure>`;
}

/** A line per route: the median of each bin, in a band that holds the middle four fifths. */
export function latencyChart(
  byRoute: ReadonlyMap<HistoryInterval['route'], readonly HistoryInterval[]>,
  events: readonly HistoryEvent[],
  range: TimeRange,
  decode: Decode,
): (width: ChartWidth) => Chart {
  const series = [...byRoute].map(([route, intervals]): XySeries => {
    const bins = binsOf(comparable(intervals).of, range, decode).filter(({ response }) => response.count > 0);
    return {
      name: `${rowName(route)}, median`,
      role: route === 'gateway' ? 'gateway' : 'direct',
      style: 'line',
      points: bins.map((bin) => [middleOf(bin, range), bin.response.quantile(0.5)]),
      band: bins.map((bin) => [middleOf(bin, range), bin.response.quantile(0.1), bin.response.quantile(0.9)]),
    };
  });
  const exhibit: Exhibit & { kind: 'xy' } = {
    kind: 'xy',
    id: 'latency',
    title: '',
    reading: '',
    x: { title: 'UTC', unit: 'us', scale: 'linear' },
    y: { title: 'response time', unit: 'us', scale: 'linear' },
    series,
    marks: marksOf(events, range),
  };
  return (width) => xyChart(exhibit, width, createTimeScale(range.fromAtUs, range.toAtUs, ticksOf(width)));
}

/** More marks than these would cover the lines; the list below the charts has all. */
const MAX_MARKS = 4;

function marksOf(events: readonly HistoryEvent[], { fromAtUs, toAtUs }: TimeRange) {
  const loud = events.filter(
    (event) => event.severity !== 'info' && event.fromAtUs >= fromAtUs && event.fromAtUs < toAtUs,
  );
  return loud.slice(0, MAX_MARKS).map(({ fromAtUs: value, kind }) => ({
    axis: 'x' as const,
    value,
    label: kind,
  }));
}

function middleOf({ startAtUs }: Bin, { binUs }: TimeRange): number {
  return startAtUs + binUs / 2;
}

export function ticksOf(width: ChartWidth): number {
  return Math.round(CHART_WIDTH_PX[width] / 75);
}

/** Every request by when it was due and how long it took: two kinds of answers show as two bands. */
export function heatChart(bins: readonly Bin[], range: TimeRange): (width: ChartWidth) => Chart {
  const cells = bins.flatMap(heatCells);
  const { fromAtUs, toAtUs, binUs } = range;
  return (width) =>
    heatMapChart({ fromAtUs, toAtUs, columnUs: binUs, title: 'response time', unit: 'us', cells }, width);
}

/** Eight rows for each power of ten: neighbours differ by a third, less than that no reader tells apart. */
const ROWS_PER_DECADE = 8;

function heatCells({ startAtUs, response }: Bin): HeatCell[] {
  const rows = new Map<number, number>();
  for (const [valueUs, count] of response.values()) {
    const row = Math.floor(Math.log10(Math.max(1, valueUs)) * ROWS_PER_DECADE);
    rows.set(row, (rows.get(row) ?? 0) + count);
  }
  return [...rows].map(([row, count]) => {
    return { startAtUs, low: 10 ** (row / ROWS_PER_DECADE), high: 10 ** ((row + 1) / ROWS_PER_DECADE), count };
  });
}

/** How requests ended, over time. Good answers are below, so that failures stand on top of them and are seen. */
export function outcomeChart(bins: readonly Bin[], range: TimeRange): (width: ChartWidth) => Chart {
  const totals = new Map<string, number>();
  for (const { outcomes } of bins)
    for (const [key, count] of Object.entries(outcomes)) totals.set(key, (totals.get(key) ?? 0) + count);
  const names = [...totals.keys()].sort((a, b) => rankOf(a) - rankOf(b) || a.localeCompare(b));
  const series = names.map((name) => ({
    name,
    points: bins.flatMap(({ startAtUs, outcomes }): [number, number][] => {
      const count = outcomes[name] ?? 0;
      return count === 0 ? [] : [[startAtUs, count]];
    }),
  }));
  const { fromAtUs, toAtUs, binUs } = range;
  return (width) =>
    columnsChart({ fromAtUs, toAtUs, columnUs: binUs, title: 'requests', unit: 'count', series }, width);
}

function rankOf(outcome: string): number {
  if (/^[123]\d\d$/.test(outcome)) return 0;
  if (/^4/.test(outcome)) return 1;
  return /^5/.test(outcome) ? 2 : 3;
}

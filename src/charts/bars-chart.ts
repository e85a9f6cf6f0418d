import type { BarSeriesOption } from 'echarts';
import type { Exhibit } from '../model/finding.ts';
import { formatUnit } from '../model/quantity.ts';
import { xAxisOption } from './axis-option.ts';
import {
  CHART_FONT,
  CHART_WIDTH_PX,
  type Chart,
  type ChartWidth,
  shorten,
  TICK_FONT_PX,
  textWidthPx,
} from './chart.ts';
import { barSwatch, colour, type SwatchName } from './palette.ts';
import { createScale } from './scale.ts';

type BarsExhibit = Exhibit & { readonly kind: 'bars' };

const BAR_PX = 14;
const STACKED_BAR_PX = 20;
const GAP_PX = 14;
const TOP_PX = 6;
const BELOW_PLOT_PX = 48;
const BELOW_UNTITLED_PX = 28;

/** Lying bars: names of categories and of outcomes are long, and a telephone is narrow. */
export function barsChart(exhibit: BarsExhibit, width: ChartWidth): Chart {
  const swatches = pickSwatches(exhibit.series.map(({ name }) => name));
  const widthPx = CHART_WIDTH_PX[width];
  const labelPx = Math.min(widthPx * 0.34, Math.max(20, ...exhibit.categories.map(textWidthPx)));
  // Bars that stand alone carry their value, so there is no need to read it off the axis.
  const valuePx = exhibit.stacked ? 18 : 64;
  const thickness = exhibit.stacked ? STACKED_BAR_PX : BAR_PX * Math.max(1, exhibit.series.length);
  const plotHeight = exhibit.categories.length * (thickness + GAP_PX);
  const axis = { title: '', unit: exhibit.unit, scale: 'linear' as const };
  const scale = createScale(axis, barEnds(exhibit), { tickCount: width === 'wide' ? 6 : 3, fromZero: true });
  const title = scale.title.replace(/^ *\((.*)\)$/, '$1');
  return {
    widthPx,
    heightPx: TOP_PX + plotHeight + (title === '' ? BELOW_UNTITLED_PX : BELOW_PLOT_PX),
    legend: exhibit.series.map(({ name }, index) => ({
      label: name,
      swatch: swatches[index] ?? 'plain',
      form: 'block',
    })),
    option: {
      animation: false,
      grid: {
        left: labelPx + 12,
        top: TOP_PX,
        width: widthPx - labelPx - 12 - valuePx,
        height: plotHeight,
        outerBoundsMode: 'none',
      },
      xAxis: {
        ...xAxisOption({ ...scale, title }, widthPx),
        splitLine: { show: true, lineStyle: { color: colour('grid') } },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: [...exhibit.categories],
        axisLine: { lineStyle: { color: colour('axis') } },
        axisTick: { show: false },
        axisLabel: {
          color: colour('ink'),
          fontSize: TICK_FONT_PX,
          fontFamily: CHART_FONT,
          interval: 0,
          formatter: (name: string) => shorten(name, labelPx),
        },
      },
      series: exhibit.series.map((series, index) => barSeries(exhibit, series, swatches[index] ?? 'plain')),
    },
  };
}

function barSeries(exhibit: BarsExhibit, series: BarsExhibit['series'][number], swatch: SwatchName): BarSeriesOption {
  const { unit } = exhibit;
  return {
    type: 'bar',
    name: series.name,
    silent: true,
    barCategoryGap: GAP_PX,
    barGap: '0%',
    barWidth: exhibit.stacked ? STACKED_BAR_PX : BAR_PX - 2,
    // One failure among a thousand answers must stay visible in its stack.
    ...(exhibit.stacked && { stack: 'all', barMinHeight: 2 }),
    itemStyle: { color: colour(swatch) },
    label: {
      show: !exhibit.stacked,
      position: 'right',
      color: colour('ink'),
      fontSize: TICK_FONT_PX - 1,
      fontFamily: CHART_FONT,
      formatter: ({ value }) => (typeof value === 'number' ? formatUnit(value, unit) : ''),
    },
    data: series.values.map((value) => (Number.isFinite(value) && value !== 0 ? value : exhibit.stacked ? '-' : 0)),
  };
}

/** Where bars end: each value, or the sum of a stack. */
function barEnds(exhibit: BarsExhibit): number[] {
  if (!exhibit.stacked) return [0, ...exhibit.series.flatMap(({ values }) => values)];
  return [
    0,
    ...exhibit.categories.map((_, at) =>
      exhibit.series.reduce((sum, { values }) => sum + Math.max(0, values[at] ?? 0), 0),
    ),
  ];
}

/** By name first; two series that would get the same colour are told apart by their place. */
function pickSwatches(names: readonly string[]): readonly SwatchName[] {
  const taken = new Set<SwatchName>();
  return names.map((name, index) => {
    const tries = [
      barSwatch(name, index),
      ...names.map((_, offset) => barSwatch('', index + offset)),
      'model' as const,
    ];
    const swatch = tries.find((candidate) => !taken.has(candidate)) ?? 'plain';
    taken.add(swatch);
    return swatch;
  });
}

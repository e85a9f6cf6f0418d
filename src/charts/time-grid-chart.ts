/** Charts of cells along time: columns stacked upon each other, and a heat map. */
import type { CustomSeriesOption } from 'echarts';
import type { Unit } from '../model/finding.ts';
import { xAxisOption, yAxisOption } from './axis-option.ts';
import { CHART_WIDTH_PX, type Chart, type ChartWidth, type LegendEntry, textWidthPx } from './chart.ts';
import { barSwatch, colour, type SwatchName } from './palette.ts';
import { createScale, type Scale } from './scale.ts';
import { createTimeScale } from './time-scale.ts';

/** Times `AtUs` are µs since 1970. */
type Extent = { readonly fromAtUs: number; readonly toAtUs: number; readonly columnUs: number };
export type StackedColumns = Extent & {
  readonly title: string;
  readonly unit: Unit;
  /** [begin of the column, value]; drawn from below in the order of the series. */
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
};
export type HeatCell = {
  readonly startAtUs: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
};
export type HeatMap = Extent & {
  readonly title: string;
  readonly unit: Unit;
  readonly cells: readonly HeatCell[];
};

type Box = {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
  readonly swatch: SwatchName;
  readonly opacity: number;
};

const PLOT_HEIGHT_PX: Readonly<Record<ChartWidth, number>> = { wide: 180, narrow: 160 };
const TOP_PX = 30;
const BELOW_PLOT_PX = 48;
/** Five shades can be told apart; the palest must still be seen on its background. */
const SHADES = [0.2, 0.4, 0.6, 0.8, 1];

export function columnsChart(chart: StackedColumns, width: ChartWidth): Chart {
  const totals = new Map<number, number>();
  for (const { points } of chart.series)
    for (const [at, value] of points) totals.set(at, (totals.get(at) ?? 0) + value);
  const axis = { title: chart.title, unit: chart.unit, scale: 'linear' as const };
  const y = createScale(axis, [0, ...totals.values()], { tickCount: 4, fromZero: true });
  const swatches = chart.series.map(({ name }, index) => barSwatch(name, index));
  const reached = new Map<number, number>();
  const boxes = chart.series.flatMap(({ points }, index) =>
    points.map(([at, value]): Box => {
      const y0 = reached.get(at) ?? 0;
      reached.set(at, y0 + value);
      return { ...along(at, chart), y0, y1: y0 + value, swatch: swatches[index] ?? 'plain', opacity: 1 };
    }),
  );
  const legend = chart.series.map(({ name }, index): LegendEntry => {
    return { label: name, swatch: swatches[index] ?? 'plain', form: 'block' };
  });
  return gridChart(chart, y, boxes, legend, width);
}

/** Darker is more; the scale of shades is logarithmic, so that one slow request among a thousand fast ones is seen. */
export function heatMapChart(chart: HeatMap, width: ChartWidth): Chart {
  const axis = { title: chart.title, unit: chart.unit, scale: 'log' as const };
  const bounds = chart.cells.flatMap(({ low, high }) => [low, high]);
  const y = createScale(axis, bounds, { tickCount: 5, fromZero: true });
  const most = chart.cells.reduce((max, { count }) => Math.max(max, count), 1);
  const boxes = chart.cells.map(({ startAtUs, low, high, count }): Box => {
    const share = most === 1 ? 1 : Math.log(count) / Math.log(most);
    const opacity = SHADES[Math.min(SHADES.length - 1, Math.floor(share * SHADES.length))] ?? 1;
    return {
      ...along(startAtUs, chart),
      y0: y.place(low) ?? y.low,
      y1: y.place(high) ?? y.high,
      swatch: 'gateway',
      opacity,
    };
  });
  return gridChart(chart, y, boxes, [], width);
}

function along(at: number, { fromAtUs, columnUs }: Extent): { readonly x0: number; readonly x1: number } {
  return { x0: (at - fromAtUs) / 1_000_000, x1: (at + columnUs - fromAtUs) / 1_000_000 };
}

function gridChart(
  extent: Extent,
  y: Scale,
  boxes: readonly Box[],
  legend: readonly LegendEntry[],
  width: ChartWidth,
): Chart {
  const x = createTimeScale(extent.fromAtUs, extent.toAtUs, width === 'wide' ? 9 : 4);
  const left = Math.max(...y.ticks.map(({ label }) => textWidthPx(label))) + 14;
  const plotWidth = CHART_WIDTH_PX[width] - left - 18;
  const height = PLOT_HEIGHT_PX[width];
  return {
    widthPx: CHART_WIDTH_PX[width],
    heightPx: TOP_PX + height + BELOW_PLOT_PX,
    legend,
    option: {
      animation: false,
      grid: { left, top: TOP_PX, width: plotWidth, height, outerBoundsMode: 'none' },
      xAxis: xAxisOption(x, plotWidth),
      yAxis: yAxisOption(y, plotWidth, 10),
      series: [boxSeries(boxes)],
    },
  };
}

function boxSeries(boxes: readonly Box[]): CustomSeriesOption {
  return {
    type: 'custom',
    silent: true,
    clip: true,
    data: boxes.map((_, index) => [index]),
    renderItem: (params, api) => {
      const box = boxes[params.dataIndex];
      if (box === undefined) return null;
      const [left = 0, bottom = 0] = api.coord([box.x0, box.y0]);
      const [right = 0, top = 0] = api.coord([box.x1, box.y1]);
      // One failure among a thousand answers must stay visible.
      const heightPx = Math.max(2, bottom - top);
      return {
        type: 'rect',
        shape: { x: left + 0.5, y: bottom - heightPx, width: Math.max(1, right - left - 1), height: heightPx },
        style: { fill: colour(box.swatch), opacity: box.opacity },
      };
    },
  };
}

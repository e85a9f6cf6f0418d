/** Intervals below each other, around a line of "no change": which of them lie beyond it, and beyond what is too small to count. */
import type { CustomSeriesOption } from 'echarts';
import type { Axis } from '../model/finding.ts';
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
import { colour, type SwatchName } from './palette.ts';
import { createScale, type Scale } from './scale.ts';

export type IntervalRow = {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Within ± this a change does not count. */
  readonly floor?: number;
  readonly swatch: SwatchName;
};

const ROW_PX = 24;
const TOP_PX = 8;
const BELOW_PLOT_PX = 48;
const RIGHT_PX = 22;
const LABEL_SHARE = 0.4;
/** One interval that is far wider than the others must not press them into a line; it is cut at the edge, open. */
const MAX_SPREAD = 4;

export function intervalChart(axis: Axis, rows: readonly IntervalRow[], width: ChartWidth): Chart {
  const widthPx = CHART_WIDTH_PX[width];
  const labelPx = Math.min(widthPx * LABEL_SHARE, Math.max(20, ...rows.map(({ label }) => textWidthPx(label))));
  const scale = createScale(axis, reach(rows), { tickCount: width === 'wide' ? 6 : 3, fromZero: true });
  const height = rows.length * ROW_PX;
  return {
    widthPx,
    heightPx: TOP_PX + height + BELOW_PLOT_PX,
    legend: [],
    option: {
      animation: false,
      grid: {
        left: labelPx + 12,
        top: TOP_PX,
        width: widthPx - labelPx - 12 - RIGHT_PX,
        height,
        outerBoundsMode: 'none',
      },
      xAxis: { ...xAxisOption(scale, widthPx), splitLine: { show: true, lineStyle: { color: colour('grid') } } },
      yAxis: {
        type: 'category',
        inverse: true,
        data: rows.map((_, index) => String(index)),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: {
          color: colour('ink'),
          fontSize: TICK_FONT_PX,
          fontFamily: CHART_FONT,
          interval: 0,
          formatter: (_: string, index: number) => shorten(rows[index]?.label ?? '', labelPx),
        },
      },
      series: [rowSeries(rows, scale), noChange(rows.length)],
    },
  };
}

/** What the axis has room for: all values, and intervals as far as they are not out of all proportion. */
function reach(rows: readonly IntervalRow[]): readonly number[] {
  const sizes = rows.flatMap(({ value, floor = 0 }) => [Math.abs(value), floor]);
  const widest = MAX_SPREAD * Math.max(...sizes, 1e-9);
  const cut = (value: number): number => Math.max(-widest, Math.min(widest, value));
  return [0, ...rows.flatMap(({ low, high, value, floor = 0 }) => [cut(low), cut(high), value, -floor, floor])];
}

function rowSeries(rows: readonly IntervalRow[], scale: Scale): CustomSeriesOption {
  const within = (value: number): number => Math.max(scale.low, Math.min(scale.high, value));
  return {
    type: 'custom',
    silent: true,
    clip: true,
    data: rows.map((_, index) => [0, index]),
    renderItem: ({ dataIndex }, api) => {
      const row = rows[dataIndex];
      if (row === undefined) return null;
      const at = (value: number): number => api.coord([within(value), dataIndex])[0] ?? 0;
      const y = api.coord([0, dataIndex])[1] ?? 0;
      const ink = colour(row.swatch);
      const floor = row.floor ?? 0;
      return {
        type: 'group',
        children: [
          line(at(-floor), at(floor), y, { stroke: colour('axis'), opacity: 0.3, lineWidth: 12 }),
          line(at(row.low), at(row.high), y, { stroke: ink, lineWidth: 3 }),
          ...[row.low, row.high].filter((end) => end === within(end)).map((end) => upright(at(end), y, ink)),
          dot(at(row.value), y, ink),
        ],
      };
    },
  };
}

function line(x1: number, x2: number, y: number, style: { stroke: string; lineWidth: number; opacity?: number }) {
  return { type: 'line' as const, shape: { x1, y1: y, x2, y2: y }, style: { fill: 'none', ...style } };
}

function upright(x: number, y: number, stroke: string) {
  return {
    type: 'line' as const,
    shape: { x1: x, y1: y - 4, x2: x, y2: y + 4 },
    style: { fill: 'none', stroke, lineWidth: 2 },
  };
}

/** The cap of a line almost without length: circles are no part of the images that pages allow. */
function dot(x: number, y: number, stroke: string) {
  const style = { fill: 'none', stroke, lineWidth: 9, lineCap: 'round' as const };
  return { type: 'line' as const, shape: { x1: x, y1: y, x2: x + 0.1, y2: y }, style };
}

function noChange(count: number): CustomSeriesOption {
  return {
    type: 'custom',
    silent: true,
    data: [[0, 0]],
    renderItem: (_, api) => {
      const [x = 0, first = 0] = api.coord([0, 0]);
      const last = api.coord([0, count - 1])[1] ?? 0;
      return {
        type: 'line',
        shape: { x1: x, y1: first - ROW_PX / 2, x2: x, y2: last + ROW_PX / 2 },
        style: { fill: 'none', stroke: colour('ink'), lineWidth: 1.25 },
      };
    },
  };
}

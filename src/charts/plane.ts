/** The plane that points and heat maps are drawn in: where the plot stands, its axes, and the labels of marks above it. */
import type { EChartsOption } from 'echarts';
import type { Mark } from '../model/finding.ts';
import { xAxisOption, yAxisOption } from './axis-option.ts';
import { CHART_WIDTH_PX, type ChartWidth, type PlottedArea, shorten, textWidthPx } from './chart.ts';
import { MARK_ROW_PX, markRows, markSpan, type PlacedMark, type Plot } from './mark-series.ts';
import type { Scale } from './scale.ts';

const PLOT_HEIGHT_PX: Readonly<Record<ChartWidth, number>> = { wide: 220, narrow: 190 };
const BELOW_PLOT_PX = 48;
const ABOVE_PLOT_PX = 30;
/** A label may take this share of the width: two of them still fit side by side. */
const MARK_LABEL_SHARE = 0.45;

export type Plane = {
  readonly x: Scale;
  readonly y: Scale;
  readonly plot: Plot;
  readonly heightPx: number;
  readonly marks: readonly PlacedMark[];
  readonly rows: ReadonlyMap<PlacedMark, number>;
  readonly marksPx: number;
  readonly plotted: Omit<PlottedArea, 'series'>;
};

export function planPlane({
  x,
  y,
  marks,
  width,
}: {
  readonly x: Scale;
  readonly y: Scale;
  readonly marks: readonly Mark[];
  readonly width: ChartWidth;
}): Plane {
  const widthPx = CHART_WIDTH_PX[width];
  const placed = marks.flatMap((mark): PlacedMark[] => {
    const at = (mark.axis === 'x' ? x : y).place(mark.value);
    return at === undefined ? [] : [{ axis: mark.axis, at, label: shorten(mark.label, widthPx * MARK_LABEL_SHARE) }];
  });
  const left = Math.max(...y.ticks.map(({ label }) => textWidthPx(label))) + 14;
  const plotWidth = widthPx - left - 18;
  const rows = markRows(placed, ({ at, label }) => {
    const px = left + ((at - x.low) / (x.high - x.low)) * plotWidth;
    return markSpan(label, px, { left, width: plotWidth });
  });
  const marksPx = rows.size === 0 ? 0 : (Math.max(...rows.values()) + 1) * MARK_ROW_PX;
  const plot: Plot = { left, top: ABOVE_PLOT_PX + marksPx, width: plotWidth, height: PLOT_HEIGHT_PX[width] };
  return {
    x,
    y,
    plot,
    heightPx: plot.top + plot.height + BELOW_PLOT_PX,
    marks: placed,
    rows,
    marksPx,
    plotted: { plot, x: { low: x.low, high: x.high }, y: { low: y.low, high: y.high } },
  };
}

export function planeOptions({ x, y, plot, marksPx }: Plane): Pick<EChartsOption, 'grid' | 'xAxis' | 'yAxis'> {
  return {
    // Room for labels is reckoned here: the library must not move the plot, or marks would miss it.
    grid: { left: plot.left, top: plot.top, width: plot.width, height: plot.height, outerBoundsMode: 'none' },
    xAxis: xAxisOption(x, plot.width),
    yAxis: yAxisOption(y, plot.width, marksPx + 10),
  };
}

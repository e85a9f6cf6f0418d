/** Small multiples: one small plot for each panel, all with the same axes, so that they can be compared at a glance. */
import type { XAXisComponentOption, YAXisComponentOption } from 'echarts';
import { xAxisOption, yAxisOption } from './axis-option.ts';
import { CHART_WIDTH_PX, type Chart, type ChartWidth, type PlottedArea, textWidthPx } from './chart.ts';
import type { Plot } from './mark-series.ts';
import { colour } from './palette.ts';
import { createScale } from './scale.ts';
import { legendEntry, placeSeries, seriesOptions, spread, type XyExhibit } from './xy-chart.ts';

const COLUMNS: Readonly<Record<ChartWidth, number>> = { wide: 3, narrow: 1 };
const PLOT_HEIGHT_PX = 84;
const TITLE_PX = 26;
const TICKS_PX = 24;
const GAP_PX = 30;
const AXIS_TITLE_PX = 26;
/** Half of the last tick label. */
const RIGHT_PX = 24;

export function panelsChart(exhibit: XyExhibit, width: ChartWidth): Chart {
  const panels = panelsOf(exhibit);
  const columns = Math.min(COLUMNS[width], panels.length);
  const x = createScale(exhibit.x, spread(exhibit, 'x'), { tickCount: width === 'wide' ? 3 : 4, fromZero: false });
  const y = createScale(exhibit.y, spread(exhibit, 'y'), { tickCount: 3, fromZero: true });
  const widthPx = CHART_WIDTH_PX[width];
  const left = Math.max(...y.ticks.map(({ label }) => textWidthPx(label))) + 14;
  const plotWidth = (widthPx - left - RIGHT_PX - (columns - 1) * GAP_PX) / columns;
  const rowPx = TITLE_PX + PLOT_HEIGHT_PX + TICKS_PX;
  const rows = Math.ceil(panels.length / columns);
  const plots = panels.map((_, index): Plot => {
    const [column, row] = [index % columns, Math.floor(index / columns)];
    const from = left + column * (plotWidth + GAP_PX);
    return { left: from, top: row * rowPx + TITLE_PX, width: plotWidth, height: PLOT_HEIGHT_PX };
  });
  return {
    widthPx,
    heightPx: rows * rowPx + AXIS_TITLE_PX,
    legend: [],
    plots: panels.map(([, series], index): PlottedArea => {
      const plot = plots[index] ?? plots[0]!;
      const drawn = placeSeries(series, x, y).map(legendEntry);
      return { plot, x: { low: x.low, high: x.high }, y: { low: y.low, high: y.high }, series: drawn };
    }),
    option: {
      animation: false,
      grid: plots.map((plot) => ({ ...plot, outerBoundsMode: 'none' as const })),
      xAxis: panels.map((_, index): XAXisComponentOption => {
        const isLast = index === panels.length - 1;
        return { ...xAxisOption({ ...x, title: isLast ? x.title : '' }, plotWidth + left), gridIndex: index };
      }),
      yAxis: panels.map(([name], index): YAXisComponentOption => {
        const option = yAxisOption({ ...y, title: name }, plotWidth, 10);
        const titled = {
          ...option,
          nameTextStyle: { ...option.nameTextStyle, color: colour('ink') },
          gridIndex: index,
        };
        return index % columns === 0 ? titled : { ...titled, axisLabel: { show: false } };
      }),
      series: panels.flatMap(([, series], index) =>
        seriesOptions(placeSeries(series, x, y), plots[index] ?? plots[0]!, x, y).map((option) => ({
          ...option,
          xAxisIndex: index,
          yAxisIndex: index,
        })),
      ),
    },
  };
}

type Panel = readonly [name: string, series: XyExhibit['series']];

function panelsOf({ series }: XyExhibit): readonly Panel[] {
  const panels = new Map<string, XyExhibit['series'][number][]>();
  for (const one of series) {
    const name = one.panel ?? one.name;
    const list = panels.get(name);
    if (list === undefined) panels.set(name, [one]);
    else list.push(one);
  }
  return [...panels];
}

import type { CustomSeriesOption } from 'echarts';
import type { Exhibit, HeatLayer } from '../model/finding.ts';
import { CHART_WIDTH_PX, type Chart, type ChartWidth, type LegendEntry } from './chart.ts';
import { markSeries } from './mark-series.ts';
import { colour, roleSwatch } from './palette.ts';
import { planeOptions, planPlane } from './plane.ts';
import { createScale, type Scale } from './scale.ts';

type HeatExhibit = Exhibit & { readonly kind: 'heat' };
type Strip = {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
  readonly shade: number;
};

/** Five shades can be told apart; the palest must still be seen on its background. */
const SHADES = [0.25, 0.4, 0.6, 0.8, 1];
/** One failure among a thousand answers must stay visible. */
const LEAST_HEIGHT_PX = 3;
const GAP_PX = 0.5;

/** Darker is more; the shades are logarithmic, so that one slow request among a thousand fast ones is seen. */
export function heatChart(exhibit: HeatExhibit, width: ChartWidth): Chart {
  const cells = exhibit.layers.flatMap((layer) => layer.cells);
  const marks = exhibit.marks ?? [];
  const bounds = (axis: 'x' | 'y', from: number, to: number) => [
    ...marks.filter((mark) => mark.axis === axis).map(({ value }) => value),
    ...cells.flatMap((cell) => [cell[from] ?? 0, cell[to] ?? 0]),
  ];
  const tickCount = width === 'wide' ? 6 : 4;
  const x = createScale(exhibit.x, bounds('x', 0, 1), { tickCount, fromZero: true });
  const y = createScale(exhibit.y, bounds('y', 2, 3), { tickCount: 5, fromZero: false });
  const most = cells.reduce((max, cell) => Math.max(max, cell[4]), 1);
  const plane = planPlane({ x, y, marks, width });
  const legend = exhibit.layers.map(({ name, role }): LegendEntry => {
    return { label: name, swatch: roleSwatch(role, 0), form: 'block' };
  });
  return {
    widthPx: CHART_WIDTH_PX[width],
    heightPx: plane.heightPx,
    legend,
    plots: [{ ...plane.plotted, series: legend }],
    option: {
      animation: false,
      ...planeOptions(plane),
      series: [
        ...exhibit.layers.map((layer) => layerSeries(layer, x, y, most)),
        ...(plane.marks.length > 0 ? [markSeries(plane.marks, plane.rows, plane.plot)] : []),
      ],
    },
  };
}

function stripsOf(layer: HeatLayer, x: Scale, y: Scale, most: number): readonly Strip[] {
  const strips = layer.cells.map(([x0, x1, y0, y1, count]): Strip => {
    const share = most === 1 ? 1 : Math.log(Math.max(1, count)) / Math.log(most);
    const shade = Math.min(SHADES.length - 1, Math.floor(share * SHADES.length));
    // A single failure is the point of the picture: it does not fade.
    return {
      x0: x.place(x0) ?? x.low,
      x1: x.place(x1) ?? x.high,
      y0: y.place(y0) ?? y.low,
      y1: y.place(y1) ?? y.high,
      shade: layer.role === 'failure' ? Math.max(3, shade) : shade,
    };
  });
  // By shade: neighbours that are drawn alike are written as one path.
  return strips.sort((a, b) => a.shade - b.shade);
}

/** Each cell is a thick line, for lines of one look are joined when the image is made small; rectangles are not. */
function layerSeries(layer: HeatLayer, x: Scale, y: Scale, most: number): CustomSeriesOption {
  const strips = stripsOf(layer, x, y, most);
  return {
    type: 'custom',
    silent: true,
    clip: true,
    data: [[0]],
    renderItem: (_, api) => ({
      type: 'group',
      children: strips.map((strip) => {
        const [left = 0, bottom = 0] = api.coord([strip.x0, strip.y0]);
        const [right = 0, top = 0] = api.coord([strip.x1, strip.y1]);
        const middle = Number(((top + bottom) / 2).toFixed(1));
        return {
          type: 'line' as const,
          shape: { x1: left + GAP_PX, y1: middle, x2: Math.max(left + 1.5, right - GAP_PX), y2: middle },
          style: {
            fill: 'none',
            stroke: colour(roleSwatch(layer.role, 0)),
            opacity: SHADES[strip.shade] ?? 1,
            lineWidth: Number(Math.max(LEAST_HEIGHT_PX, bottom - top - GAP_PX).toFixed(1)),
          },
        };
      }),
    }),
  };
}

import type { CustomSeriesOption, LineSeriesOption, ScatterSeriesOption } from 'echarts';
import type { Exhibit, XySeries } from '../model/finding.ts';
import { CHART_WIDTH_PX, type Chart, type ChartWidth, type LegendEntry } from './chart.ts';
import { type Area, binPoints, type Dot, thinLine } from './density.ts';
import { markSeries, type Plot } from './mark-series.ts';
import { colour, roleSwatch, type SwatchName } from './palette.ts';
import { planeOptions, planPlane } from './plane.ts';
import { createScale, type Scale } from './scale.ts';

export type XyExhibit = Exhibit & { readonly kind: 'xy' };
export type Placed = {
  readonly series: XySeries;
  readonly swatch: SwatchName;
  readonly nth: number;
  readonly points: readonly (readonly [number, number])[];
  /** In pieces: a place without a value parts it, as it does the line. */
  readonly bands: readonly (readonly (readonly [number, number, number])[])[];
};

/** A cell of the density grid, in pixels: a little smaller than a dot, so that full regions close up. */
const CELL_PX = 4.5;
const DASHES = ['solid', 'dashed', 'dotted'] as const;

/** Points, lines and steps in a plane, with bands and marks. `xScale` replaces the x axis that the exhibit names: one of time. */
export function xyChart(exhibit: XyExhibit, width: ChartWidth, xScale?: Scale): Chart {
  const tickCount = width === 'wide' ? 6 : 4;
  const marks = exhibit.marks ?? [];
  const x = xScale ?? createScale(exhibit.x, spread(exhibit, 'x'), { tickCount, fromZero: false });
  const y = createScale(exhibit.y, spread(exhibit, 'y'), { tickCount: 5, fromZero: true });
  const plane = planPlane({ x, y, marks, width });
  const { plot } = plane;
  const placed = placeSeries(exhibit.series, x, y);
  const legend = placed.map(legendEntry);
  return {
    widthPx: CHART_WIDTH_PX[width],
    heightPx: plane.heightPx,
    legend,
    plots: [{ ...plane.plotted, series: legend }],
    option: {
      animation: false,
      ...planeOptions(plane),
      series: [
        ...seriesOptions(placed, plot, x, y),
        ...(plane.marks.length > 0 ? [markSeries(plane.marks, plane.rows, plot)] : []),
      ],
    },
  };
}

/** Bands behind everything else. */
export function seriesOptions(
  placed: readonly Placed[],
  plot: Plot,
  x: Scale,
  y: Scale,
): readonly (CustomSeriesOption | LineSeriesOption | ScatterSeriesOption)[] {
  return [
    ...placed.filter(({ bands }) => bands.length > 0).map(bandSeries),
    ...placed.map((item) => (item.series.style === 'points' ? dotSeries(item, plot, x, y) : lineSeries(item, plot))),
  ];
}

/** Every value that an axis has to have room for. */
export function spread(exhibit: XyExhibit, axis: 'x' | 'y'): number[] {
  const values = (exhibit.marks ?? []).filter((mark) => mark.axis === axis).map(({ value }) => value);
  for (const { points, band } of exhibit.series) {
    for (const point of points) values.push(point[axis === 'x' ? 0 : 1]);
    for (const [at, low, high] of band ?? []) {
      if (axis === 'x') values.push(at);
      else values.push(low, high);
    }
  }
  return values;
}

export function placeSeries(series: readonly XySeries[], x: Scale, y: Scale): Placed[] {
  const seen = new Map<string, number>();
  return series.map((one) => {
    const nth = seen.get(one.role) ?? 0;
    seen.set(one.role, nth + 1);
    const points = one.points.flatMap(([atX, atY]): [number, number][] => {
      const px = x.place(atX);
      const py = y.place(atY);
      // A line has a gap where nothing is known; it must not lead across.
      if (px !== undefined && Number.isNaN(atY) && one.style === 'line') return [[px, Number.NaN]];
      return px === undefined || py === undefined ? [] : [[px, py]];
    });
    const band = (one.band ?? []).flatMap(([atX, low, high]): [number, number, number][] => {
      const px = x.place(atX);
      if (px !== undefined && Number.isNaN(low) && Number.isNaN(high)) return [[px, low, low]];
      // An open bound ends at the edge of the chart.
      const from = y.place(low) ?? y.low;
      const to = y.place(high) ?? y.high;
      return px === undefined ? [] : [[px, from, to]];
    });
    return { series: one, swatch: roleSwatch(one.role, nth), nth, points, bands: piecesOf(band) };
  });
}

function piecesOf(band: Placed['bands'][number]): Placed['bands'] {
  const pieces: (typeof band)[number][][] = [[]];
  for (const place of band) {
    if (Number.isNaN(place[1])) pieces.push([]);
    else pieces.at(-1)?.push(place);
  }
  return pieces.filter(({ length }) => length > 1);
}

function dashOf({ series, nth }: Placed): (typeof DASHES)[number] {
  // Steps are measured, and a dashed step is hard to follow.
  if (series.style === 'step') return 'solid';
  return series.role === 'model' ? 'dashed' : (DASHES[nth % DASHES.length] ?? 'solid');
}

function lineSeries(item: Placed, plot: Plot): LineSeriesOption {
  return {
    type: 'line',
    silent: true,
    showSymbol: item.points.length === 1,
    symbol: 'circle',
    symbolSize: 6,
    ...(item.series.style === 'step' && { step: 'end' as const }),
    lineStyle: { color: colour(item.swatch), width: item.series.role === 'model' ? 1.5 : 2, type: dashOf(item) },
    itemStyle: { color: colour(item.swatch) },
    data: thinLine(item.points, plot.width).map(([px, py]) => [px, Number.isNaN(py) ? '-' : py]),
  };
}

function dotSeries(item: Placed, plot: Plot, x: Scale, y: Scale): ScatterSeriesOption {
  const area: Area = { x0: x.low, x1: x.high, y0: y.low, y1: y.high };
  const dots = binPoints(item.points, area, Math.ceil(plot.width / CELL_PX), Math.ceil(plot.height / CELL_PX));
  return {
    type: 'scatter',
    silent: true,
    symbol: isSquare(item) ? 'rect' : 'circle',
    symbolSize: (dot: number[]) => dot[2] ?? 4,
    itemStyle: { color: colour(item.swatch), opacity: dotOpacity(item) },
    // By size, so that equal dots follow each other and can be written as one path.
    data: dots.map((dot) => [dot.x, dot.y, dotSizePx(dot, item)]).sort((a, b) => (a[2] ?? 0) - (b[2] ?? 0)),
  };
}

/** Crowded dots are thin, so that the series below shows through; failures are few and must not fade. */
function dotOpacity(item: Placed): number {
  if (isSquare(item)) return 0.95;
  return item.points.length > 2_000 ? 0.45 : 0.7;
}

/** Three sizes: alone, a few, many. More would not be told apart. */
function dotSizePx({ count }: Dot, item: Placed): number {
  const size = count === 1 ? 4 : count <= 8 ? 5 : 6.5;
  return isSquare(item) ? size + 1 : size;
}

/** Failures differ from good answers by form too, for readers who do not see the colour. */
function isSquare({ series }: Placed): boolean {
  return series.role === 'failure';
}

function bandSeries(item: Placed): CustomSeriesOption {
  return {
    type: 'custom',
    silent: true,
    z: 1,
    clip: true,
    data: item.bands.map((_, index) => [index]),
    renderItem: ({ dataIndex }, api) => {
      const band = item.bands[dataIndex] ?? [];
      const upper = band.map(([px, , high]) => api.coord([px, high]));
      const lower = band.map(([px, low]) => api.coord([px, low])).reverse();
      return {
        type: 'polygon',
        shape: { points: [...upper, ...lower] },
        style: { fill: colour(item.swatch), opacity: 0.14 },
      };
    },
  };
}

export function legendEntry(item: Placed): LegendEntry {
  const dash = dashOf(item);
  const lineForm = dash === 'solid' ? 'line' : dash;
  const form = item.series.style === 'points' ? (isSquare(item) ? 'square' : 'dot') : lineForm;
  return { label: item.series.name, swatch: item.swatch, form };
}

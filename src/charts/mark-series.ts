import type { CustomSeriesOption } from 'echarts';
import { CHART_FONT, TICK_FONT_PX, textWidthPx } from './chart.ts';
import { colour } from './palette.ts';

/** A line across the plot, at a position of its axis. */
export type PlacedMark = { readonly axis: 'x' | 'y'; readonly at: number; readonly label: string };
export type Plot = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

export type Span = { readonly from: number; readonly to: number };

export const MARK_ROW_PX = 17;
const LABEL_GAP_PX = 10;

/**
 * Rows above the plot in which the labels of marks on x stand, so that they cover neither data nor each other.
 * Returns the row of each mark, 0 is nearest to the plot. From right to left: then the line of a mark that had to go
 * higher passes to the left of the labels below it.
 */
export function markRows(
  marks: readonly PlacedMark[],
  spanOf: (mark: PlacedMark) => Span,
): ReadonlyMap<PlacedMark, number> {
  const rows = new Map<PlacedMark, number>();
  const taken: Span[][] = [];
  const vertical = marks.filter(({ axis }) => axis === 'x').sort((a, b) => b.at - a.at);
  for (const mark of vertical) {
    const span = spanOf(mark);
    const free = taken.findIndex((spans) =>
      spans.every(({ from, to }) => span.to + LABEL_GAP_PX < from || span.from > to),
    );
    const row = free === -1 ? taken.length : free;
    taken[row] = [...(taken[row] ?? []), span];
    rows.set(mark, row);
  }
  return rows;
}

/** From the line of the mark to the end of its label, which stands to the left where the right has no room. */
export function markSpan(
  label: string,
  px: number,
  plot: Pick<Plot, 'left' | 'width'>,
): Span & { readonly turned: boolean } {
  const widthPx = textWidthPx(label) + 5;
  const turned = px + widthPx > plot.left + plot.width + LABEL_GAP_PX;
  return turned ? { from: px - widthPx, to: px, turned } : { from: px, to: px + widthPx, turned };
}

/** Marks on x reach up to their label above the plot; marks on y carry it inside, at the right end. */
export function markSeries(
  marks: readonly PlacedMark[],
  rows: ReadonlyMap<PlacedMark, number>,
  plot: Plot,
): CustomSeriesOption {
  return {
    type: 'custom',
    silent: true,
    z: 5,
    data: marks.map((_, index) => [index]),
    renderItem: (params, api) => {
      const mark = marks[params.dataIndex];
      if (mark === undefined) return null;
      const [px = 0, py = 0] = api.coord(mark.axis === 'x' ? [mark.at, 0] : [0, mark.at]);
      return mark.axis === 'x' ? verticalMark(mark, px, rows.get(mark) ?? 0, plot) : horizontalMark(mark, py, plot);
    },
  };
}

function verticalMark(mark: PlacedMark, px: number, row: number, plot: Plot) {
  const top = plot.top - row * MARK_ROW_PX - 8;
  const { turned } = markSpan(mark.label, px, plot);
  return {
    type: 'group' as const,
    children: [
      line(px, top, px, plot.top + plot.height),
      text(mark.label, turned ? px - 5 : px + 5, top, turned ? 'right' : 'left'),
    ],
  };
}

function horizontalMark(mark: PlacedMark, py: number, plot: Plot) {
  const right = plot.left + plot.width;
  return {
    type: 'group' as const,
    children: [line(plot.left, py, right, py), text(mark.label, right - 4, py - 9, 'right')],
  };
}

function line(x1: number, y1: number, x2: number, y2: number) {
  return {
    type: 'line' as const,
    shape: { x1, y1, x2, y2 },
    style: { fill: 'none', stroke: colour('ink'), lineWidth: 1.25, lineDash: [5, 4] },
  };
}

function text(label: string, x: number, y: number, align: 'left' | 'right') {
  const font = { fontSize: TICK_FONT_PX, fontFamily: CHART_FONT };
  // The outline keeps the label readable where it crosses a line of data.
  const outline = { stroke: colour('surface'), lineWidth: 3 };
  return {
    type: 'text' as const,
    style: { text: label, x, y, align, verticalAlign: 'middle' as const, fill: colour('ink'), ...font, ...outline },
  };
}

import type { CustomSeriesOption } from 'echarts';
import { CHART_FONT, TICK_FONT_PX, textWidthPx } from './chart.ts';
import { colour } from './palette.ts';

/** A line across the plot, at a position of its axis. */
export type PlacedMark = { readonly axis: 'x' | 'y'; readonly at: number; readonly label: string };
export type Plot = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

export type Span = { readonly from: number; readonly to: number; readonly turned: boolean };

export const MARK_ROW_PX = 17;
const LABEL_GAP_PX = 10;

/**
 * Rows above the plot in which the labels of marks on x stand, so that they cover neither data nor each other, and so that
 * the line of one does not cross the label of another. Returns the row of each mark; 0 is nearest to the plot.
 */
export function markRows(
  marks: readonly PlacedMark[],
  spanOf: (mark: PlacedMark) => Span,
): ReadonlyMap<PlacedMark, number> {
  const vertical = marks.filter(({ axis }) => axis === 'x').sort((a, b) => a.at - b.at);
  const spans = new Map(vertical.map((mark) => [mark, spanOf(mark)]));
  const turned = vertical.filter((mark) => spans.get(mark)?.turned === true);
  const others = vertical.filter((mark) => spans.get(mark)?.turned !== true).reverse();
  const rows = new Map<PlacedMark, number>();
  // Labels reach away from their line: the line that a label reaches over has to be placed first, and ends below it.
  for (const mark of [...turned, ...others]) {
    const span = spans.get(mark);
    if (span === undefined) continue;
    let row = 0;
    for (const [other, taken] of rows) {
      const one = spans.get(other);
      if (one !== undefined && span.from < one.to + LABEL_GAP_PX && one.from < span.to + LABEL_GAP_PX)
        row = Math.max(row, taken + 1);
    }
    rows.set(mark, row);
  }
  return rows;
}

/** From the line of the mark to the end of its label, which stands to the left where the right has no room. */
export function markSpan(label: string, px: number, plot: Pick<Plot, 'left' | 'width'>): Span {
  const widthPx = textWidthPx(label) + 5;
  const turned = px + widthPx > plot.left + plot.width + LABEL_GAP_PX;
  return turned ? { from: px - widthPx, to: px, turned } : { from: px, to: px + widthPx, turned };
}

/** Every second mark on y has its label on the left, so that two close lines can be told apart. */
function isTurnedAway(marks: readonly PlacedMark[], mark: PlacedMark): boolean {
  const horizontal = marks.filter(({ axis }) => axis === 'y').sort((a, b) => a.at - b.at);
  return horizontal.indexOf(mark) % 2 === 1;
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
      return mark.axis === 'x'
        ? verticalMark(mark, px, rows.get(mark) ?? 0, plot)
        : horizontalMark(mark, py, isTurnedAway(marks, mark), plot);
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

function horizontalMark(mark: PlacedMark, py: number, turned: boolean, plot: Plot) {
  const right = plot.left + plot.width;
  return {
    type: 'group' as const,
    children: [
      line(plot.left, py, right, py),
      text(mark.label, turned ? plot.left + 4 : right - 4, py - 10, turned ? 'left' : 'right'),
    ],
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

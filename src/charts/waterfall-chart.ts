/** Requests taken apart, one above the other: a stair whose next step begins where the one before ends. */
import type { CustomSeriesOption } from 'echarts';
import type { Exhibit, WaterfallLane } from '../model/finding.ts';
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
import { barSwatch, colour } from './palette.ts';
import { createScale } from './scale.ts';

type WaterfallExhibit = Exhibit & { readonly kind: 'waterfall' };
type Step = WaterfallLane['steps'][number];
/** A line of the image, `topPx` below its upper edge. */
type Row = { readonly topPx: number } & ({ readonly head: string } | { readonly step: Step });
type Frame = { readonly left: number; readonly width: number; readonly widthPx: number };

const HEAD_PX = 22;
const STEP_PX = 16;
const BAR_PX = 11;
const LANE_GAP_PX = 8;
const BELOW_PLOT_PX = 48;
const RIGHT_PX = 18;
/** A step too short for the scale of the others must still be seen. */
const LEAST_BAR_PX = 1.5;
const LABEL_GAP_PX = 5;

export function waterfallChart(exhibit: WaterfallExhibit, width: ChartWidth): Chart {
  const widthPx = CHART_WIDTH_PX[width];
  const { rows, heightPx } = rowsOf(exhibit.lanes);
  const names = exhibit.lanes.flatMap(({ steps }) => steps.map(({ phase }) => phase));
  const left = Math.max(20, ...names.map(textWidthPx)) + 10;
  const frame: Frame = { left, width: widthPx - left - RIGHT_PX, widthPx };
  const ends = exhibit.lanes.flatMap(({ steps }) => steps.map(({ endUs }) => endUs));
  const axis = { title: 'since it was due', unit: 'us' as const, scale: 'linear' as const };
  const scale = createScale(axis, [0, ...ends], { tickCount: width === 'wide' ? 6 : 3, fromZero: true });
  return {
    widthPx,
    heightPx: heightPx + BELOW_PLOT_PX,
    legend: [],
    option: {
      animation: false,
      grid: { left, top: 0, width: frame.width, height: heightPx, outerBoundsMode: 'none' },
      xAxis: {
        ...xAxisOption(scale, frame.width),
        splitLine: { show: true, lineStyle: { color: colour('grid') } },
      },
      yAxis: { type: 'value', show: false, inverse: true, min: 0, max: heightPx },
      series: [stairSeries(rows, frame)],
    },
  };
}

function rowsOf(lanes: readonly WaterfallLane[]): { readonly rows: readonly Row[]; readonly heightPx: number } {
  const rows: Row[] = [];
  let topPx = 0;
  for (const { name, steps } of lanes) {
    rows.push({ topPx, head: name });
    topPx += HEAD_PX;
    for (const step of steps) {
      rows.push({ topPx, step });
      topPx += STEP_PX;
    }
    topPx += LANE_GAP_PX;
  }
  return { rows, heightPx: topPx };
}

function stairSeries(rows: readonly Row[], frame: Frame): CustomSeriesOption {
  return {
    type: 'custom',
    silent: true,
    data: [[0]],
    renderItem: (_, api) => {
      const place = (us: number): number => api.coord([us, 0])[0] ?? 0;
      return {
        type: 'group',
        // Of one kind after the other, so that what looks alike is written once.
        children: [
          ...rows.flatMap((row) => ('head' in row ? [headText(row, frame)] : [])),
          ...rows.flatMap((row) => ('step' in row ? [phaseText(row, frame)] : [])),
          ...rows.flatMap((row, index) => ('step' in row ? [riser(row, rows[index - 1], place)] : []).flat()),
          ...rows.flatMap((row) => ('step' in row ? [bar(row, place)] : [])),
          ...rows.flatMap((row) => ('step' in row ? [valueText(row, place, frame)] : [])),
        ],
      };
    },
  };
}

type StepRow = Extract<Row, { readonly step: Step }>;
type HeadRow = Extract<Row, { readonly head: string }>;
type ToPx = (us: number) => number;

function headText({ head, topPx }: HeadRow, { widthPx }: Frame) {
  return text(shorten(head, widthPx - 8), 0, topPx + HEAD_PX / 2, 'left', { fill: colour('ink'), fontWeight: 'bold' });
}

function phaseText({ step, topPx }: StepRow, { left }: Frame) {
  return text(shorten(step.phase, left), left - 8, topPx + STEP_PX / 2, 'right', { fill: colour('quiet') });
}

/** Down from the end of the step before. */
function riser({ step, topPx }: StepRow, before: Row | undefined, place: ToPx) {
  if (before === undefined || !('step' in before)) return [];
  const x = place(step.startUs);
  const shape = { x1: x, y1: before.topPx + STEP_PX / 2, x2: x, y2: topPx + STEP_PX / 2 };
  return [{ type: 'line' as const, shape, style: { fill: 'none', stroke: colour('axis'), lineWidth: 1 } }];
}

function bar({ step, topPx }: StepRow, place: ToPx) {
  const x = place(step.startUs);
  const width = Math.max(LEAST_BAR_PX, place(step.endUs) - x);
  const shape = { x, y: topPx + (STEP_PX - BAR_PX) / 2, width, height: BAR_PX };
  return { type: 'rect' as const, shape, style: { fill: colour(barSwatch(step.phase, 0)) } };
}

/** Behind the bar; before it where the edge is near, or on it where it leaves no room at all. */
function valueText({ step, topPx }: StepRow, place: ToPx, { left, widthPx }: Frame) {
  const [from, to] = [place(step.startUs), place(step.endUs)];
  const label = formatUnit(step.endUs - step.startUs, 'us');
  const [roomPx, y] = [textWidthPx(label) + LABEL_GAP_PX, topPx + STEP_PX / 2];
  const ink = { fill: colour('ink') };
  if (to + roomPx <= widthPx) return text(label, to + LABEL_GAP_PX, y, 'left', ink);
  if (from - roomPx >= left) return text(label, from - LABEL_GAP_PX, y, 'right', ink);
  return text(label, to - LABEL_GAP_PX, y, 'right', { ...ink, stroke: colour('surface'), lineWidth: 3 });
}

function text(label: string, x: number, y: number, align: 'left' | 'right', look: object) {
  const font = { fontSize: TICK_FONT_PX, fontFamily: CHART_FONT };
  return {
    type: 'text' as const,
    style: { text: label, x, y, align, verticalAlign: 'middle' as const, ...font, ...look },
  };
}

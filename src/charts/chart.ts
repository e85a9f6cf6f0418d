import type { EChartsOption } from 'echarts';
import { singleLine } from '../model/visible-text.ts';
import type { SwatchName } from './palette.ts';

/** `wide` for a page, `narrow` for a telephone: both with text at its natural size. */
export type ChartWidth = 'wide' | 'narrow';

export const CHART_WIDTH_PX: Readonly<Record<ChartWidth, number>> = { wide: 680, narrow: 340 };

export type LegendEntry = { readonly label: string; readonly swatch: SwatchName; readonly form: LegendForm };
export type LegendForm = 'dot' | 'square' | 'line' | 'dashed' | 'dotted' | 'block';

/** A chart ready to draw. Title and legend are left to the page around it: text there wraps, is found and is read aloud. */
export type Chart = {
  readonly option: EChartsOption;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly legend: readonly LegendEntry[];
  /** Where in the image values can be read off, for a page that shows them under the pointer. */
  readonly plots?: readonly PlottedArea[];
};

/** A plot in the image, in pixels, and the positions (`Scale`) at its edges. */
export type PlottedArea = {
  readonly plot: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly x: { readonly low: number; readonly high: number };
  readonly y: { readonly low: number; readonly high: number };
  /** What is drawn in it; a page finds the points of each by its colour and form. */
  readonly series: readonly LegendEntry[];
};

/** Same in the page, so that a chart looks like part of it. */
export const CHART_FONT = 'system-ui, sans-serif';
export const TICK_FONT_PX = 12;
/** Mean width of a character at `TICK_FONT_PX`, measured on digits of common system fonts; room is planned with it. */
const CHARACTER_PX = 6.8;

export function textWidthPx(text: string): number {
  return Math.ceil(text.length * CHARACTER_PX);
}

/** Cuts a label that has no room, on one line and without invisible characters; the page around the chart has it in full. */
export function shorten(text: string, maxPx: number): string {
  const most = Math.max(4, Math.floor(maxPx / CHARACTER_PX));
  const line = singleLine(text);
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

import type { XAXisComponentOption, YAXisComponentOption } from 'echarts';
import { CHART_FONT, shorten, TICK_FONT_PX } from './chart.ts';
import { colour } from './palette.ts';
import type { Scale } from './scale.ts';

/** Gap between the plot and the title under it, below the tick labels. */
const X_TITLE_GAP_PX = 28;

export function xAxisOption(scale: Scale, roomPx: number): XAXisComponentOption {
  return {
    ...valueAxis(scale),
    name: shorten(scale.title, roomPx),
    nameLocation: 'middle',
    nameGap: X_TITLE_GAP_PX,
    nameTextStyle: titleStyle(),
    axisLine: { show: true, onZero: false, lineStyle: { color: colour('axis') } },
    axisTick: { show: true, customValues: positions(scale), lineStyle: { color: colour('axis') } },
    splitLine: { show: false },
  };
}

/** The title stands above the axis, read without turning the head. `titleGapPx` leaves room for labels of marks. */
export function yAxisOption(scale: Scale, roomPx: number, titleGapPx: number): YAXisComponentOption {
  return {
    ...valueAxis(scale),
    name: shorten(scale.title, roomPx),
    nameLocation: 'end',
    nameGap: titleGapPx,
    nameTextStyle: { ...titleStyle(), align: 'left' },
    axisLine: { show: false },
    axisTick: { show: false, customValues: positions(scale) },
    splitLine: { show: true, lineStyle: { color: colour('grid') } },
  };
}

function valueAxis(scale: Scale) {
  const labels = new Map(scale.ticks.map(({ at, label }) => [tickKey(at), label]));
  return {
    type: 'value' as const,
    min: scale.low,
    max: scale.high,
    axisLabel: {
      customValues: positions(scale),
      formatter: (at: number) => labels.get(tickKey(at)) ?? '',
      color: colour('quiet'),
      fontSize: TICK_FONT_PX,
      fontFamily: CHART_FONT,
      hideOverlap: true,
    },
  };
}

function titleStyle() {
  return { color: colour('quiet'), fontSize: TICK_FONT_PX, fontFamily: CHART_FONT };
}

function positions(scale: Scale): number[] {
  return scale.ticks.map(({ at }) => at);
}

/** The library may hand back a position that went through its own rounding. */
function tickKey(at: number): string {
  return at.toPrecision(9);
}

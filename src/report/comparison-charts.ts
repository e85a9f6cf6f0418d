/** A comparison in pictures: what moved and how surely, and the times of both runs over each other. */
import type { LegendEntry } from '../charts/chart.ts';
import { type IntervalRow, intervalChart } from '../charts/interval-chart.ts';
import type { SwatchName } from '../charts/palette.ts';
import { drawChart } from '../charts/svg-image.ts';
import type { ChangeState, Comparison, LatencyCurves, MetricChange } from '../model/comparison.ts';
import type { Axis, Exhibit, XySeries } from '../model/finding.ts';
import { GATEWAY, memberOf } from '../model/route.ts';
import type { ChartFigure } from './chart-figure.ts';
import { metricName, quantileWord, STATE_WORD } from './comparison-wording.ts';
import { wayName } from './way-name.ts';

/** Rows beyond this are read in the table: those of the gateway come first. */
const MAX_ROWS = 24;
/** Plots of one request; the gateway and the first members. */
const MAX_PANELS = 9;
const MAX_REQUESTS = 4;

const SWATCH: Readonly<Record<ChangeState, SwatchName>> = {
  worse: 'failure',
  better: 'direct',
  same: 'plain',
  inconclusive: 'model',
  insufficient: 'unsent',
};

/** The changes of times as shares of base, so that milliseconds and seconds stand on one axis. Undefined: there is none. */
export async function changeFigure(metrics: readonly MetricChange[]): Promise<ChartFigure | undefined> {
  const rows = changeRows(metrics);
  if (rows.length === 0) return undefined;
  const axis: Axis = { title: 'head against base', unit: 'ratio', scale: 'linear' };
  return {
    id: 'change',
    wide: await drawChart(intervalChart(axis, rows, 'wide'), 'changew'),
    narrow: await drawChart(intervalChart(axis, rows, 'narrow'), 'changen'),
    legend: legendOf(metrics),
  };
}

function changeRows(metrics: readonly MetricChange[]): readonly IntervalRow[] {
  const shown = metrics.filter(({ what, changeRatio }) => what.kind === 'quantile' && changeRatio !== undefined);
  const isOne = new Set(shown.map(({ requestName }) => requestName)).size === 1;
  const rank = ({ route }: MetricChange): number => (route === GATEWAY ? 0 : 1);
  return shown
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, MAX_ROWS)
    .map((metric): IntervalRow => {
      const { value = 0, low = value, high = value } = metric.changeRatio ?? {};
      const floor = metric.floor !== undefined && metric.base ? { floor: metric.floor / metric.base } : {};
      return {
        label: isOne ? shortName(metric) : metricName(metric),
        value,
        low,
        high,
        ...floor,
        swatch: SWATCH[metric.state],
      };
    });
}

/** Where all metrics are of one request, its name tells nothing, and on a telephone the percentile would be cut off. */
function shortName({ route, what }: MetricChange): string {
  return `${memberOf(route) ?? route} ${what.kind === 'quantile' ? quantileWord(what.p) : 'failures'}`;
}

function legendOf(metrics: readonly MetricChange[]): readonly LegendEntry[] {
  const states = new Set(metrics.filter(({ changeRatio }) => changeRatio !== undefined).map(({ state }) => state));
  const entries = [...states].map((state): LegendEntry => {
    return { label: STATE_WORD[state].replace(/^= /, ''), swatch: SWATCH[state], form: 'dot' };
  });
  return [...entries, { label: 'too small to count', swatch: 'axis', form: 'block' }];
}

/** A picture for each request: base and head over each other, one plot for each way. */
export function curveExhibits({ curves }: Comparison): readonly Exhibit[] {
  const names = [...new Set(curves.map(({ requestName }) => requestName))].slice(0, MAX_REQUESTS);
  return names.map((name): Exhibit => {
    const ways = curves.filter(({ requestName }) => requestName === name).slice(0, MAX_PANELS);
    return {
      kind: 'xy',
      id: `curves-${name}`,
      title: `Response times of ${name}, base and head`,
      reading:
        'By percentile, on one scale for all ways: grey and dashed is base, the coloured line is head. Where only the gateway’s lines part, the change is the gateway’s; where those of its members part as well, it is theirs.',
      x: { title: 'percentile', unit: 'ratio', scale: 'percentile' },
      y: { title: 'response time', unit: 'us', scale: 'log' },
      series: ways.flatMap(seriesOf),
    };
  });
}

function seriesOf({ route, base, head }: LatencyCurves): readonly XySeries[] {
  const panel = wayName(route);
  return [
    { name: `${panel}: base`, panel, role: 'model', style: 'line', points: base },
    { name: `${panel}: head`, panel, role: route === GATEWAY ? 'gateway' : 'direct', style: 'line', points: head },
  ];
}

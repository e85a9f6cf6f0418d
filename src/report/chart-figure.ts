/** Charts of a report, drawn before the page is put together. */
import { barsChart } from '../charts/bars-chart.ts';
import type { Chart, ChartWidth, LegendEntry } from '../charts/chart.ts';
import { heatChart } from '../charts/heat-chart.ts';
import { colour } from '../charts/palette.ts';
import { panelsChart } from '../charts/panels-chart.ts';
import { drawChart } from '../charts/svg-image.ts';
import { waterfallChart } from '../charts/waterfall-chart.ts';
import { xyChart } from '../charts/xy-chart.ts';
import type { Exhibit } from '../model/finding.ts';
import type { Report } from '../model/report.ts';

/** The same chart for a page and for a telephone: one image scaled down would be unreadable there. */
export type ChartFigure = {
  /** Of its title in the page. */
  readonly id: string;
  readonly wide: string;
  readonly narrow: string;
  readonly legend: readonly LegendEntry[];
  /**
   * Where values can be read off, for the script of the page, and the names of what is drawn there, which are the same for both
   * sizes; left out for charts whose values are written on them.
   */
  readonly plots?: { readonly wide: string; readonly narrow: string; readonly names: string };
};

export async function drawCharts(
  report: Pick<Report, 'findings' | 'exhibits'>,
): Promise<ReadonlyMap<Exhibit, ChartFigure>> {
  const figures = new Map<Exhibit, ChartFigure>();
  for (const exhibit of [...report.findings.flatMap(({ exhibits }) => exhibits), ...report.exhibits]) {
    const wide = chartOf(exhibit, 'wide');
    const narrow = chartOf(exhibit, 'narrow');
    if (wide === undefined || narrow === undefined || figures.has(exhibit)) continue;
    const id = `chart${figures.size + 1}`;
    figures.set(exhibit, {
      id,
      wide: await drawChart(wide, `${id}w`),
      narrow: await drawChart(narrow, `${id}n`),
      legend: wide.legend,
      ...(exhibit.kind === 'xy' || exhibit.kind === 'heat'
        ? { plots: { wide: plotsOf(exhibit, wide), narrow: plotsOf(exhibit, narrow), names: namesOf(wide) } }
        : {}),
    });
  }
  return figures;
}

/** As `page.js` reads it: kind and unit of both axes, and for each plot its place and the positions at its edges. */
function plotsOf({ x, y }: Exhibit & { kind: 'xy' | 'heat' }, { plots = [] }: Chart): string {
  const round = (value: number): number => Number(value.toPrecision(7));
  const areas = plots.map(({ plot, x: atX, y: atY }) =>
    [plot.left, plot.top, plot.width, plot.height, atX.low, atX.high, atY.low, atY.high].map(round),
  );
  return JSON.stringify({ x: [x.scale, x.unit], y: [y.scale, y.unit], areas });
}

/** For each plot label, colour and form of its series: by the last two the script knows their points. */
function namesOf({ plots = [] }: Chart): string {
  const looks = ({ swatch, form }: LegendEntry): string => `${swatch} ${form}`;
  return JSON.stringify(
    plots.map(({ series }) =>
      series.map((one) => {
        // What looks the same cannot be told apart: no name is better than a wrong one.
        const isAlone = series.filter((other) => looks(other) === looks(one)).length === 1;
        return [isAlone ? one.label : '', colour(one.swatch), one.form];
      }),
    ),
  );
}

function chartOf(exhibit: Exhibit, width: ChartWidth): Chart | undefined {
  switch (exhibit.kind) {
    case 'xy':
      if (!exhibit.series.some(({ points }) => points.length > 0)) return undefined;
      return exhibit.series.some(({ panel }) => panel !== undefined)
        ? panelsChart(exhibit, width)
        : xyChart(exhibit, width);
    case 'heat':
      return exhibit.layers.some(({ cells }) => cells.length > 0) ? heatChart(exhibit, width) : undefined;
    case 'bars':
      return exhibit.categories.length > 0 && exhibit.series.length > 0 ? barsChart(exhibit, width) : undefined;
    case 'waterfall':
      return exhibit.lanes.length > 0 ? waterfallChart(exhibit, width) : undefined;
    case 'table':
    case 'exchanges':
    case 'lines':
      return undefined;
    default:
      return exhibit satisfies never;
  }
}

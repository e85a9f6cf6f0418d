/**
 * A chart as SVG text. The only file that loads echarts, and only when the first chart is drawn: it takes a third of a second.
 */
import type { Chart } from './chart.ts';
import { compactSvg } from './svg-markup.ts';

/**
 * SVG without scripts, styles or references to anything outside; same chart, same text. `idPrefix` keeps ids apart where
 * several images stand in one page.
 */
export async function drawChart(chart: Chart, idPrefix: string): Promise<string> {
  const { init } = await loadEcharts();
  const instance = init(null, null, { renderer: 'svg', ssr: true, width: chart.widthPx, height: chart.heightPx });
  try {
    instance.setOption(chart.option);
    return compactSvg(instance.renderToSVGString(), idPrefix);
  } finally {
    instance.dispose();
  }
}

type Echarts = typeof import('echarts/core');
let loading: Promise<Echarts> | undefined;

function loadEcharts(): Promise<Echarts> {
  loading ??= importEcharts();
  return loading;
}

/** Only the parts that our charts use. */
async function importEcharts(): Promise<Echarts> {
  const [core, charts, components, renderers] = await Promise.all([
    import('echarts/core'),
    import('echarts/charts'),
    import('echarts/components'),
    import('echarts/renderers'),
  ]);
  core.use([charts.BarChart, charts.CustomChart, charts.LineChart, charts.ScatterChart]);
  core.use([components.GridComponent, renderers.SVGRenderer]);
  return core;
}

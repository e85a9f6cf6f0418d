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

type Echarts = typeof import('echarts');
let loading: Promise<Echarts> | undefined;

/** The bundle, not the parts that our charts use: its one file takes 17 MB and 50 ms, their hundreds 88 MB and 350 ms. */
function loadEcharts(): Promise<Echarts> {
  loading ??= import('echarts/dist/echarts.esm.min.mjs');
  return loading;
}

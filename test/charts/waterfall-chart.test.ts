import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHART_WIDTH_PX } from '../../src/charts/chart.ts';
import { drawChart } from '../../src/charts/svg-image.ts';
import { waterfallChart } from '../../src/charts/waterfall-chart.ts';
import type { Exhibit } from '../../src/model/finding.ts';
import { waterfallSample } from '../report/sample-exhibits.ts';
import { HOSTILE } from '../report/sample-report.ts';

type Waterfall = Exhibit & { kind: 'waterfall' };
type Bar = { readonly x: number; readonly y: number; readonly width: number };

/** Bars in the order of the image, from above. */
function bars(svg: string): readonly Bar[] {
  const found = [...svg.matchAll(/<path d="M([\d.]+) ([\d.]+)h([\d.]+)v11[^"]*" fill="#[0-9a-f]{6}"\/>/g)];
  return found.map(([, x, y, width]) => ({ x: Number(x), y: Number(y), width: Number(width) }));
}

async function draw(width: 'wide' | 'narrow', exhibit: Exhibit = waterfallSample()): Promise<string> {
  return drawChart(waterfallChart(exhibit as Waterfall, width), 'w');
}

for (const width of ['wide', 'narrow'] as const) {
  test(`a stair, ${width}: each bar begins where the one before ends, one row further down`, async () => {
    const { lanes } = waterfallSample() as Waterfall;
    const svg = await draw(width);
    const drawn = bars(svg);
    assert.equal(drawn.length, lanes.flatMap(({ steps }) => steps).length);
    let at = 0;
    for (const { steps } of lanes) {
      for (const [index, step] of steps.entries()) {
        const [bar, before] = [drawn[at + index]!, drawn[at + index - 1]];
        if (index > 0 && before !== undefined) {
          // The shortest bars are drawn wider than they are.
          const gap = bar.x - (before.x + before.width);
          assert.ok(gap <= 0.11 && gap >= (before.width > 1.6 ? -0.11 : -1.6), `${step.phase} at ${bar.x}`);
          assert.equal(bar.y - before.y, 16);
        }
        assert.ok(bar.x + bar.width <= CHART_WIDTH_PX[width]);
      }
      at += steps.length;
    }
    for (const { name } of lanes) assert.ok(svg.includes(`>${name.slice(0, 20)}`), name);
    for (const text of ['wait', 'connect', '2 s']) assert.ok(svg.includes(`>${text}</text>`), text);
  });
}

test('ways share one axis, so that their lengths compare', async () => {
  const drawn = bars(await draw('wide'));
  const { lanes } = waterfallSample() as Waterfall;
  const all = lanes.flatMap(({ steps }) => steps.map(({ startUs, endUs }) => endUs - startUs));
  const [a, b] = [all.indexOf(Math.max(...all)), all.lastIndexOf(all.toSorted((x, y) => y - x)[1]!)];
  assert.ok(Math.abs(drawn[a]!.width / drawn[b]!.width - all[a]! / all[b]!) < 0.02);
});

test('a step too short for the scale is still seen, and foreign names stay text', async () => {
  const drawn = bars(await draw('wide'));
  assert.ok(drawn.every(({ width }) => width >= 1.5));
  const svg = await draw('narrow', {
    ...(waterfallSample() as Waterfall),
    lanes: [{ name: HOSTILE, steps: [{ phase: 'wait', startUs: 0, endUs: 5 }] }],
  });
  assert.doesNotMatch(svg, /<script|<img|NaN/);
});

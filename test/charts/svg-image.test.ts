import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SaxesParser } from 'saxes';
import { barsChart } from '../../src/charts/bars-chart.ts';
import { CHART_WIDTH_PX } from '../../src/charts/chart.ts';
import { drawChart } from '../../src/charts/svg-image.ts';
import { xyChart } from '../../src/charts/xy-chart.ts';
import type { Exhibit } from '../../src/model/finding.ts';
import {
  burstRamp,
  idleGaps,
  latencyCurves,
  latenessCurve,
  outcomeBars,
  phaseBars,
  timeoutPlane,
} from '../report/sample-exhibits.ts';
import { HOSTILE } from '../report/sample-report.ts';

type Xy = Exhibit & { kind: 'xy' };
type Bars = Exhibit & { kind: 'bars' };

async function draw(exhibit: Exhibit, width: 'wide' | 'narrow' = 'wide'): Promise<string> {
  return drawChart(exhibit.kind === 'bars' ? barsChart(exhibit, width) : xyChart(exhibit as Xy, width), 'c');
}

/** Tag names and texts; throws when the image is not well-formed. */
function parse(svg: string): { tags: string[]; texts: string[] } {
  const tags: string[] = [];
  const texts: string[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name }) => tags.push(name));
  parser.on('text', (text) => texts.push(text));
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(svg).close();
  return { tags, texts };
}

for (const exhibit of [
  latencyCurves(),
  timeoutPlane(300),
  idleGaps(),
  burstRamp(),
  latenessCurve(),
  outcomeBars(),
  phaseBars(),
]) {
  for (const width of ['wide', 'narrow'] as const) {
    test(`${exhibit.id} is drawn ${width}, well-formed, the same each time`, async () => {
      const svg = await draw(exhibit, width);
      assert.ok(svg.startsWith(`<svg width="${CHART_WIDTH_PX[width]}"`));
      assert.deepEqual(
        parse(svg).tags.filter((tag) => !['svg', 'g', 'defs', 'clipPath', 'path', 'polygon', 'text'].includes(tag)),
        [],
      );
      assert.doesNotMatch(svg, /class=|style=|zr\d|NaN|undefined|href/);
      assert.equal(await draw(exhibit, width), svg);
    });
  }
}

test('axis titles carry the unit, ticks and marks are there', async () => {
  const { texts } = parse(await draw(timeoutPlane(300)));
  for (const text of ['Response time (s)', 'Time in the run (s)', 'ARR proxy timeout 2 s', '0', '4', '60'])
    assert.ok(texts.includes(text), text);
});

test('latency curves stand on a percentile axis', async () => {
  const { texts } = parse(await draw(latencyCurves()));
  for (const text of ['p0', 'p50', 'p90', 'p99', 'p99.9']) assert.ok(texts.includes(text), text);
});

test('single bars carry their value', async () => {
  const { texts } = parse(await draw(phaseBars()));
  for (const text of ['13.1 ms', '180 µs', 'connect']) assert.ok(texts.includes(text), text);
});

test('foreign names stay text, on one line and short', async () => {
  const xy = timeoutPlane(20) as Xy;
  const bars = outcomeBars() as Bars;
  const evil = [
    await draw({
      ...xy,
      x: { ...xy.x, title: HOSTILE },
      y: { ...xy.y, title: HOSTILE },
      marks: [
        { axis: 'x', value: 3e7, label: HOSTILE },
        { axis: 'y', value: 1e6, label: HOSTILE },
      ],
    }),
    await draw(
      { ...bars, categories: [HOSTILE, `${HOSTILE}\n2`, 'x'], series: [{ name: HOSTILE, values: [1, 2, 3] }] },
      'narrow',
    ),
  ];
  for (const svg of evil) {
    const { tags, texts } = parse(svg);
    assert.ok(!tags.includes('script') && !tags.includes('img'));
    assert.ok(
      texts.some((text) => text.includes('<script>')),
      'it is shown as it is',
    );
    assert.ok(texts.every((text) => text.length <= 100));
    assert.doesNotMatch(svg, /[\u0000-\u0008\u000b-\u001f\u202e]/);
  }
});

test('a hundred thousand points take no more room than a thousand', async () => {
  const small = await draw(timeoutPlane(1_000));
  const large = await draw(timeoutPlane(100_000));
  assert.ok(large.length < 60_000, `${large.length} bytes`);
  assert.ok(large.length < small.length * 5, `${small.length} and ${large.length} bytes`);
});

const ODD: readonly { name: string; exhibit: Exhibit }[] = [
  {
    name: 'one point',
    exhibit: {
      ...(latencyCurves() as Xy),
      series: [{ name: 'a', role: 'gateway', style: 'line', points: [[0.5, 1_000]] }],
    },
  },
  {
    name: 'no point',
    exhibit: { ...(latencyCurves() as Xy), series: [{ name: 'a', role: 'gateway', style: 'points', points: [] }] },
  },
  {
    name: 'points that have no place',
    exhibit: {
      ...(idleGaps() as Xy),
      series: [
        {
          name: 'a',
          role: 'cold',
          style: 'points',
          points: [
            [0, 0],
            [Number.NaN, 5],
            [1e6, 1e4],
          ],
        },
      ],
    },
  },
  {
    name: 'an open band',
    exhibit: {
      ...(latencyCurves() as Xy),
      series: [
        {
          name: 'a',
          role: 'gateway',
          style: 'line',
          points: [
            [0, 10],
            [0.9, 20],
          ],
          band: [
            [0, 5, 20],
            [0.9, 10, Number.POSITIVE_INFINITY],
          ],
        },
      ],
    },
  },
  { name: 'bars of nothing', exhibit: { ...(outcomeBars() as Bars), series: [{ name: '200', values: [0, 0, 0] }] } },
  {
    name: 'negative bars',
    exhibit: { ...(phaseBars() as Bars), series: [{ name: 'a', values: [-4_000, 2_000, 0, 1, 2, 3] }] },
  },
];
for (const { name, exhibit } of ODD) {
  test(`survives ${name}`, async () => {
    assert.doesNotMatch(await draw(exhibit), /NaN|Infinity/);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawChart } from '../../src/charts/svg-image.ts';
import { columnsChart, heatMapChart } from '../../src/charts/time-grid-chart.ts';
import { createTimeScale } from '../../src/charts/time-scale.ts';

const NOON_US = Date.UTC(2026, 2, 2, 12) * 1_000;
const MINUTE_US = 60_000_000;

for (const [what, lengthUs, count, expected] of [
  [
    '90 minutes',
    90 * MINUTE_US,
    9,
    ['12:00', '12:10', '12:20', '12:30', '12:40', '12:50', '13:00', '13:10', '13:20', '13:30'],
  ],
  ['90 minutes, narrow', 90 * MINUTE_US, 4, ['12:00', '12:30', '13:00', '13:30']],
  ['a day', 1_440 * MINUTE_US, 5, ['12:00', '18:00', '03-03', '06:00', '12:00']],
  ['a week', 7 * 1_440 * MINUTE_US, 9, ['03-03', '03-04', '03-05', '03-06', '03-07', '03-08', '03-09']],
] as const) {
  test(`ticks of ${what} are those of clocks and calendars`, () => {
    const scale = createTimeScale(NOON_US, NOON_US + lengthUs, count);
    assert.deepEqual(
      scale.ticks.map(({ label }) => label),
      expected,
    );
  });
}

test('places are seconds since the begin, so that no digit is lost', () => {
  const scale = createTimeScale(NOON_US, NOON_US + 90 * MINUTE_US, 9);
  assert.equal(scale.place(NOON_US + 1_000), 0.001);
  assert.equal(scale.place(Number.NaN), undefined);
  assert.equal(scale.high, 5_400);
});

const EXTENT = { fromAtUs: NOON_US, toAtUs: NOON_US + 10 * MINUTE_US, columnUs: MINUTE_US };

test('columns stack in order, and one failure among a thousand stays visible', async () => {
  const chart = columnsChart(
    {
      ...EXTENT,
      title: 'requests',
      unit: 'count',
      series: [
        { name: '200', points: [[NOON_US, 999]] },
        { name: '502', points: [[NOON_US, 1]] },
      ],
    },
    'wide',
  );
  assert.deepEqual(
    chart.legend.map(({ label, swatch }) => [label, swatch]),
    [
      ['200', 'plain'],
      ['502', 'failure'],
    ],
  );
  const svg = await drawChart(chart, 'c');
  const boxes = [...svg.matchAll(/<path d="M([\d.]+) ([\d.]+)[^"]*" fill="(#\w+)"/g)];
  assert.ok(svg.includes('#c42b26'), 'the failure has its colour');
  assert.ok(boxes.length >= 2, svg);
  assert.doesNotMatch(svg, /NaN|undefined|style=/);
});

test('the heat map shades by logarithm: a single request among a thousand is seen', async () => {
  const cells = [
    { startAtUs: NOON_US, low: 10_000, high: 13_000, count: 1_000 },
    { startAtUs: NOON_US, low: 100_000, high: 130_000, count: 1 },
  ];
  const svg = await drawChart(heatMapChart({ ...EXTENT, title: 'response time', unit: 'us', cells }, 'narrow'), 'h');
  assert.match(svg, /opacity="0.2"/);
  assert.doesNotMatch(svg, /NaN|undefined|style=/);
});

test('without anything measured both are drawn empty', async () => {
  await drawChart(columnsChart({ ...EXTENT, title: 'requests', unit: 'count', series: [] }, 'wide'), 'c');
  await drawChart(heatMapChart({ ...EXTENT, title: 'response time', unit: 'us', cells: [] }, 'wide'), 'h');
});

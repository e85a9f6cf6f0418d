import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barsChart } from '../../src/charts/bars-chart.ts';
import type { Exhibit } from '../../src/model/finding.ts';

function bars(names: readonly string[], stacked = true): Exhibit & { kind: 'bars' } {
  const series = names.map((name, i) => ({ name, values: [i + 1, i] }));
  return {
    kind: 'bars',
    id: 'b',
    title: 't',
    reading: 'r',
    categories: ['one', 'two'],
    unit: 'count',
    stacked,
    series,
  };
}

test('no two series look alike, also when their names mean the same', () => {
  const swatches = barsChart(
    bars(['200', '204', '500', '502.3', '503.2', 'timeout:headers', 'error:reset']),
    'wide',
  ).legend.map(({ swatch }) => swatch);
  assert.equal(new Set(swatches).size, swatches.length);
  assert.equal(swatches[0], 'plain');
  assert.equal(swatches[2], 'failure');
});

test('more categories make the chart taller, not denser', () => {
  const two = bars(['200']);
  const four = { ...two, categories: ['a', 'b', 'c', 'd'], series: [{ name: '200', values: [1, 2, 3, 4] }] };
  assert.ok(barsChart(four, 'wide').heightPx > barsChart(two, 'wide').heightPx + 50);
});

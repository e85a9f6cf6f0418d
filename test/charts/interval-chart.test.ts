import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IntervalRow, intervalChart } from '../../src/charts/interval-chart.ts';
import { drawChart } from '../../src/charts/svg-image.ts';

const AXIS = { title: 'change', unit: 'ratio', scale: 'linear' } as const;
const ROW: IntervalRow = { label: 'gateway p50', value: 0.1, low: 0.05, high: 0.2, floor: 0.05, swatch: 'failure' };

function highest(rows: readonly IntervalRow[]): number {
  return (intervalChart(AXIS, rows, 'wide').option.xAxis as { max: number }).max;
}

test('an interval far wider than the others is cut, and the others can still be read', () => {
  assert.ok(highest([ROW]) >= 0.2);
  assert.ok(highest([ROW, { ...ROW, low: -90, high: 90 }]) <= 1);
});

test('each row has its name, its interval with both ends, its dot and its floor', async () => {
  const svg = await drawChart(intervalChart(AXIS, [ROW, { ...ROW, label: 'web1 p50', low: -90 }], 'wide'), 'i');
  for (const name of ['gateway p50', 'web1 p50']) assert.ok(svg.includes(`>${name}</text>`));
  assert.equal(svg.match(/stroke="#c42b26"[^>]*stroke-linecap="round"/g)?.length, 2, 'dots');
  assert.equal(svg.match(/stroke-opacity="0.3"/g)?.length, 2, 'floors');
  // Ends are uprights; the end that is cut has none: three of four.
  const uprights = [...svg.matchAll(/<path d="([^"]*)"[^>]*stroke="#c42b26"[^>]*stroke-width="2"/g)];
  assert.equal(uprights.flatMap(([, d = '']) => d.match(/M/g) ?? []).length, 3);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heatChart } from '../../src/charts/heat-chart.ts';
import { panelsChart } from '../../src/charts/panels-chart.ts';
import { drawChart } from '../../src/charts/svg-image.ts';
import type { Exhibit, HeatCell } from '../../src/model/finding.ts';
import { heatMap, smallMultiples } from '../report/sample-exhibits.ts';

type Heat = Exhibit & { kind: 'heat' };

function heat(...cells: readonly HeatCell[]): Heat {
  const sample = heatMap();
  assert.ok(sample.kind === 'heat');
  return { ...sample, layers: [{ name: 'answered', role: 'gateway', cells }] };
}

/** Lines of the gateway's colour, by how opaque they are. */
async function fields(exhibit: Heat): Promise<ReadonlyMap<string, number>> {
  const svg = await drawChart(heatChart(exhibit, 'wide'), 'h');
  const found = new Map<string, number>();
  for (const [path] of svg.matchAll(/<path [^>]*stroke="#0b66b0"[^>]*>/g)) {
    const opacity = /stroke-opacity="([\d.]+)"/.exec(path)?.[1] ?? '1';
    found.set(opacity, (found.get(opacity) ?? 0) + (path.match(/m/gi)?.length ?? 0));
  }
  return found;
}

test('every field is drawn; the shade tells how many, by orders of magnitude', async () => {
  const at = (second: number, count: number): HeatCell => [second * 1e6, (second + 1) * 1e6, 10_000, 15_000, count];
  const drawn = await fields(heat(at(0, 1), at(1, 1), at(2, 40), at(3, 10_000)));
  assert.equal(
    [...drawn.values()].reduce((sum, count) => sum + count, 0),
    4,
  );
  assert.deepEqual([drawn.get('0.25'), drawn.get('0.6') ?? drawn.get('0.4'), drawn.get('1')], [2, 1, 1]);
});

test('fields of one shade are one path: a full map stays small', async () => {
  const cells = Array.from({ length: 1_320 }, (_, index): HeatCell => {
    const [column, row] = [index % 60, Math.floor(index / 60)];
    return [column * 1e6, (column + 1) * 1e6, 1_000 * 1.3 ** row, 1_000 * 1.3 ** (row + 1), 1 + ((index * 7) % 90)];
  });
  const svg = await drawChart(heatChart(heat(...cells), 'wide'), 'h');
  assert.ok(svg.length < 40_000, `${svg.length} bytes`);
});

test('small plots share their axes, in columns on a page and one below the other on a telephone', async () => {
  const exhibit = smallMultiples();
  assert.ok(exhibit.kind === 'xy');
  const [wide, narrow] = [panelsChart(exhibit, 'wide'), panelsChart(exhibit, 'narrow')];
  assert.equal(wide.plots?.length, 4);
  assert.deepEqual(new Set(wide.plots?.map(({ y }) => JSON.stringify(y))).size, 1);
  assert.equal(new Set(narrow.plots?.map(({ plot }) => plot.left)).size, 1);
  assert.equal(new Set(wide.plots?.map(({ plot }) => plot.left)).size, 3);
  const svg = await drawChart(wide, 'p');
  for (const name of ['gateway', 'web1, direct', 'web2, direct', 'web3, direct'])
    assert.ok(svg.includes(`>${name}</text>`), `${name} is not there`);
});

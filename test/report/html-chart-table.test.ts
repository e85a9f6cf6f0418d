import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exhibit } from '../../src/model/finding.ts';
import { chartTable } from '../../src/report/html-chart-table.ts';
import {
  heatMap,
  latencyCurves,
  outcomeBars,
  smallMultiples,
  timeoutPlane,
  waterfallSample,
} from './sample-exhibits.ts';

type Chart = Exhibit & { kind: 'xy' | 'heat' | 'bars' };
const SAMPLES: readonly (readonly [name: string, exhibit: Exhibit])[] = [
  ['points', timeoutPlane(5_000)],
  ['long lines', latencyCurves()],
  ['small plots', smallMultiples()],
  ['a heat map', heatMap()],
  ['bars', outcomeBars()],
  ['a waterfall', waterfallSample()],
];

function rowsOf(exhibit: Exhibit): readonly (readonly string[])[] {
  const { markup } = chartTable(exhibit as Chart);
  const [, ...rows] = markup.split('<tr>');
  return rows.map((row) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)(?=<t[hd][ >]|<\/tr>)/g)].map(([, cell = '']) =>
      cell.replaceAll(/<[^>]*>/g, ' ').trim(),
    ),
  );
}

for (const [name, exhibit] of SAMPLES) {
  test(`the table of ${name}: every cell has something, and it is short enough to be read`, () => {
    const rows = rowsOf(exhibit);
    assert.ok(rows.length >= 2 && rows.length <= 66, String(rows.length));
    for (const row of rows) {
      assert.equal(row.length, rows[0]?.length);
      assert.ok(
        row.every((cell) => cell !== '' && !/NaN|undefined|Infinity/.test(cell)),
        row.join('|'),
      );
    }
  });
}

test('of points all are counted, with their median, least and most', () => {
  const points = Array.from({ length: 60 }, (_, index): [number, number] => [
    index * 1_000,
    index < 30 ? 2_000 : 9_000,
  ]);
  const axis = { title: 'x', unit: 'us', scale: 'linear' } as const;
  const series = [{ name: 'a', role: 'gateway', style: 'points', points }] as const;
  const rows = rowsOf({ kind: 'xy', id: 'i', title: 't', reading: 'r', x: axis, y: axis, series });
  assert.equal(rows.length, 7, 'a head and six stretches');
  assert.deepEqual(rows[1], ['a', '0 to 9 ms', '10', '2 ms median', '2 ms', '2 ms']);
  assert.deepEqual(rows[6]?.slice(2), ['10', '9 ms median', '9 ms', '9 ms']);
  assert.equal(
    rows.slice(1).reduce((sum, row) => sum + Number(row[2]), 0),
    points.length,
  );
});

test('a short line is written out with its interval, percentiles as such', () => {
  const rows = rowsOf({
    kind: 'xy',
    id: 'i',
    title: 't',
    reading: 'r',
    x: { title: 'percentile', unit: 'ratio', scale: 'percentile' },
    y: { title: 'y', unit: 'us', scale: 'linear' },
    series: [{ name: 'a', role: 'gateway', style: 'line', points: [[0.999, 2_000]], band: [[0.999, 1_000, 3_000]] }],
    marks: [{ axis: 'y', value: 0, label: 'none' }],
  });
  assert.deepEqual(rows[1], ['a', 'p99.9', '1', '2 ms', '1 ms', '3 ms']);
  assert.equal(rows[2]?.[0], 'mark: none');
});

test('a heat map loses no request in its table', () => {
  const heat = heatMap();
  assert.ok(heat.kind === 'heat');
  const all = heat.layers.flatMap(({ cells }) => cells).reduce((sum, cell) => sum + cell[4], 0);
  const told = rowsOf(heat)
    .slice(1)
    .reduce((sum, row) => sum + Number(row[2]?.replaceAll(',', '')), 0);
  assert.equal(told, all);
});

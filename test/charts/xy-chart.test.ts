import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xyChart } from '../../src/charts/xy-chart.ts';
import type { Exhibit, SeriesRole } from '../../src/model/finding.ts';

type Xy = Exhibit & { kind: 'xy' };
const series = (name: string, role: SeriesRole, style: 'points' | 'line' | 'step') => ({
  name,
  role,
  style,
  points: [
    [0, 1],
    [1, 2],
  ] as const,
});

function plane(...all: Xy['series']): Xy {
  const axis = { title: 'Axis', unit: 'us', scale: 'linear' } as const;
  return { kind: 'xy', id: 'x', title: 't', reading: 'r', x: axis, y: axis, series: all };
}

test('a series has the colour of its role in every chart; failures and models differ in form too', () => {
  const { legend } = xyChart(
    plane(
      series('a', 'gateway', 'line'),
      series('b', 'direct', 'line'),
      series('c', 'direct', 'line'),
      series('d', 'failure', 'points'),
      series('e', 'model', 'line'),
      series('f', 'warm', 'step'),
    ),
    'wide',
  );
  assert.deepEqual(
    legend.map(({ label, swatch, form }) => [label, swatch, form]),
    [
      ['a', 'gateway', 'line'],
      ['b', 'direct', 'line'],
      ['c', 'directB', 'dashed'],
      ['d', 'failure', 'square'],
      ['e', 'model', 'dashed'],
      ['f', 'warm', 'line'],
    ],
  );
});

test('rows of mark labels make room above the plot', () => {
  const bare = plane(series('a', 'gateway', 'line'));
  const marked: Xy = {
    ...bare,
    marks: [
      { axis: 'x', value: 0.4, label: 'one label' },
      { axis: 'x', value: 0.42, label: 'another label' },
    ],
  };
  assert.equal(xyChart(marked, 'wide').heightPx - xyChart(bare, 'wide').heightPx, 34);
});

test('building an option does not change the exhibit', () => {
  const exhibit = plane(series('a', 'failure', 'points'));
  const before = structuredClone(exhibit);
  xyChart(exhibit, 'narrow');
  assert.deepEqual(exhibit, before);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScale, displayUnit, percentilePosition, type ScaleOptions } from '../../src/charts/scale.ts';
import type { Axis } from '../../src/model/finding.ts';

const TIME: Axis = { title: 'Time', unit: 'us', scale: 'linear' };
const OPTIONS: ScaleOptions = { tickCount: 5, fromZero: true };
const labels = (axis: Axis, values: readonly number[], options = OPTIONS) =>
  createScale(axis, values, options).ticks.map(({ label }) => label);

test('a percentile axis gives each further nine the same room', () => {
  assert.equal(percentilePosition(0), 0);
  assert.ok(Math.abs((percentilePosition(0.9) ?? 0) - 1) < 1e-12);
  assert.ok(Math.abs((percentilePosition(0.999) ?? 0) - 3) < 1e-12);
  assert.equal(percentilePosition(1), undefined, 'the maximum has no place');
});

test('percentile ticks go as far as the data', () => {
  const axis: Axis = { title: 'Share', unit: 'ratio', scale: 'percentile' };
  assert.deepEqual(labels(axis, [0, 0.5, 0.9991]), ['p0', 'p50', 'p90', 'p99', 'p99.9']);
  assert.deepEqual(labels(axis, [0.2]), ['p0', 'p50', 'p90'], 'at least to p90');
});

const LINEAR = [
  { values: [3_000, 41_000], title: 'Time (ms)', ticks: ['0', '10', '20', '30', '40', '50'] },
  { values: [100, 800], title: 'Time (µs)', ticks: ['0', '200', '400', '600', '800'] },
  { values: [1_800_000, 4_100_000], title: 'Time (s)', ticks: ['0', '1', '2', '3', '4', '5'] },
  { values: [0, 1_200_000_000], title: 'Time (min)', ticks: ['0', '5', '10', '15', '20'] },
  { values: [-4_000, 6_000], title: 'Time (ms)', ticks: ['-4', '-2', '0', '2', '4', '6'] },
];
for (const { values, title, ticks } of LINEAR) {
  test(`linear ticks over ${values.join(' to ')} µs share one unit`, () => {
    const scale = createScale(TIME, values, OPTIONS);
    assert.equal(scale.title, title);
    assert.deepEqual(
      scale.ticks.map(({ label }) => label),
      ticks,
    );
    assert.ok(scale.low <= Math.min(...values) && scale.high >= Math.max(...values));
  });
}

test('an axis that need not begin at zero stays near a small range that is far from it', () => {
  const near = createScale({ ...TIME, unit: 'perSec' }, [280, 320], { tickCount: 5, fromZero: false });
  assert.ok(near.low >= 260, String(near.low));
  assert.equal(createScale({ ...TIME, unit: 'perSec' }, [280, 320], OPTIONS).low, 0);
});

test('logarithmic ticks: decades when wide, 1-2-5 when narrow, minutes and hours when long', () => {
  const log: Axis = { ...TIME, scale: 'log' };
  assert.deepEqual(labels(log, [12_000, 3_000_000]), ['10 ms', '100 ms', '1 s', '10 s']);
  assert.deepEqual(labels(log, [12_000, 90_000]), ['10 ms', '20 ms', '50 ms', '100 ms']);
  assert.deepEqual(labels(log, [1_000_000, 900_000_000], { tickCount: 6, fromZero: false }), [
    '1 s',
    '10 s',
    '60 s',
    '10 min',
    '60 min',
  ]);
});

test('a logarithmic axis has no place for zero', () => {
  const scale = createScale({ ...TIME, scale: 'log' }, [0, 10_000], OPTIONS);
  assert.equal(scale.place(0), undefined);
  assert.equal(scale.place(10_000), 4);
});

for (const scale of ['linear', 'log', 'percentile'] as const) {
  for (const values of [[], [0], [5], [Number.NaN, Number.POSITIVE_INFINITY]]) {
    test(`${scale} survives ${JSON.stringify(values)}`, () => {
      const made = createScale({ ...TIME, scale }, values, OPTIONS);
      assert.ok(made.high > made.low);
      assert.ok(made.ticks.length >= 2 && made.ticks.every(({ at }) => Number.isFinite(at)));
    });
  }
}

test('a large sample does not overflow the stack', () => {
  const values = Array.from({ length: 300_000 }, (_, i) => i);
  assert.equal(createScale({ ...TIME, unit: 'count' }, values, OPTIONS).high, 300_000);
});

test('ratios are shown as percent', () => {
  assert.deepEqual(displayUnit('ratio', 0.4), { divisor: 0.01, suffix: '%' });
});

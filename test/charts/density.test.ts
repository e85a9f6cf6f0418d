import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binPoints, thinLine } from '../../src/charts/density.ts';
import { createRandom } from '../../src/model/random.ts';

const AREA = { x0: 0, x1: 100, y0: 0, y1: 100 };

function cloud(count: number): [number, number][] {
  const random = createRandom(5);
  return Array.from({ length: count }, () => [random.next() * 100, random.next() * 20]);
}

test('few points stay as they are', () => {
  const points = cloud(400);
  assert.deepEqual(
    binPoints(points, AREA, 10, 10),
    points.map(([x, y]) => ({ x, y, count: 1 })),
  );
});

test('many points become at most one dot for each cell, and none is lost', () => {
  const dots = binPoints(cloud(50_000), AREA, 40, 20);
  assert.ok(dots.length <= 40 * 4 + 40, `${dots.length} dots`);
  assert.equal(
    dots.reduce((sum, { count }) => sum + count, 0),
    50_000,
  );
});

test('an outlier stays where it was', () => {
  const dots = binPoints([...cloud(5_000), [50, 97]], AREA, 40, 20);
  assert.deepEqual(
    dots.find(({ y }) => y > 90),
    { x: 50, y: 97, count: 1 },
  );
});

test('points on and beyond the edges fall into the outermost cells', () => {
  const dots = binPoints([...cloud(5_000), [100, 100], [140, 100]], AREA, 10, 10);
  assert.equal(
    dots.reduce((sum, { count }) => sum + count, 0),
    5_002,
  );
});

test('a thinned line keeps its ends, its peaks and its order', () => {
  const points = Array.from({ length: 20_000 }, (_, i): [number, number] => [
    i,
    i === 7_777 ? 1_000 : i === 9_000 ? -50 : Math.sin(i),
  ]);
  const thin = thinLine(points, 100);
  assert.ok(thin.length <= 400, `${thin.length} points`);
  assert.deepEqual(thin[0], points[0]);
  assert.deepEqual(thin.at(-1), points.at(-1));
  assert.ok(thin.some(([, y]) => y === 1_000) && thin.some(([, y]) => y === -50));
  assert.ok(thin.every(([x], i) => i === 0 || x > (thin[i - 1]?.[0] ?? 0)));
});

test('a short line is not touched', () => {
  const points: [number, number][] = [
    [0, 1],
    [1, 5],
  ];
  assert.equal(thinLine(points, 100), points);
});

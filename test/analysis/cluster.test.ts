import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreement, clusterWidthUs, findTimeoutClusters, scanP, splitAtGaps } from '../../src/analysis/cluster.ts';
import { createRandom } from '../../src/model/random.ts';

const SEC = 1_000_000;

test('the scan statistic is exact where all values are in the cluster', () => {
  // k r^(k-1) - (k-1) r^k, and the simulated values of the literature.
  for (const [k, ratio, expected] of [
    [3, 0.01, 2.98e-4],
    [3, 0.02, 1.184e-3],
    [4, 0.02, 3.152e-5],
    [5, 0.05, 3e-5],
  ] as const)
    assert.ok(Math.abs(scanP(k, k, ratio) / expected - 1) < 0.01, `k ${k}, r ${ratio}: ${scanP(k, k, ratio)}`);
});

test('the scan statistic bounds the chance of a window that holds k of n', () => {
  const random = createRandom(1);
  let hits = 0;
  for (let run = 0; run < 4_000; run++) {
    const values = Array.from({ length: 12 }, () => random.next()).sort((a, b) => a - b);
    if (values.some((value, i) => (values[i + 3] ?? Infinity) - value <= 0.03)) hits++;
  }
  const p = scanP(4, 12, 0.03);
  assert.ok(Math.abs(hits / 4_000 - p) < 0.02, `simulated ${hits / 4_000}, computed ${p}`);
});

test('failures at one elapsed time are a cluster, scattered ones are not', () => {
  const random = createRandom(2);
  const timer = Array.from({ length: 6 }, () => 30 * SEC + 4_000 + random.next() * 8_000);
  const scattered = Array.from({ length: 5 }, () => random.next() * 60 * SEC);
  const [cluster, ...others] = findTimeoutClusters([...scattered, ...timer], { spanUs: 60 * SEC });
  assert.ok(cluster);
  assert.equal(others.length, 0);
  assert.deepEqual(
    [...cluster.indexes].sort((a, b) => a - b),
    [5, 6, 7, 8, 9, 10],
  );
  assert.ok(cluster.p < 1e-6 && cluster.fromUs >= 30 * SEC && cluster.toUs <= 30 * SEC + 12_000);
});

test('the places that were scanned count against a cluster', () => {
  const span = { spanUs: 2_500_000 };
  // Three of three in 1 % of the span: 3e-4 for itself, but there are a hundred such places.
  assert.deepEqual(findTimeoutClusters([SEC, SEC + 9_000, SEC + 20_000], span), []);
  assert.equal(
    findTimeoutClusters(
      [0, 2, 9, 15, 20].map((ms) => SEC + ms * 1_000),
      span,
    ).length,
    1,
  );
});

test('multiples of a timer are clusters of their own', () => {
  const elapsed = [3, 3, 3, 3, 3, 9, 9, 9, 9, 9].map((seconds, i) => seconds * SEC + i * 700);
  const clusters = findTimeoutClusters(elapsed, { spanUs: 30 * SEC });
  assert.deepEqual(clusters.map(({ indexes, medianUs }) => [indexes.length, Math.round(medianUs / SEC)]).sort(), [
    [5, 3],
    [5, 9],
  ]);
});

test('two failures, or none, are never a cluster', () => {
  assert.deepEqual(findTimeoutClusters([], { spanUs: SEC }), []);
  assert.deepEqual(findTimeoutClusters([5 * SEC, 5 * SEC], { spanUs: 60 * SEC }), []);
});

test('evenly spread failures make a cluster once in a thousand runs at most', () => {
  const random = createRandom(3);
  let alarms = 0;
  for (let run = 0; run < 2_000; run++) {
    const elapsed = Array.from({ length: 3 + (run % 20) }, () => random.next() * 60 * SEC);
    if (findTimeoutClusters(elapsed, { spanUs: 60 * SEC }).length > 0) alarms++;
  }
  assert.ok(alarms <= 2, `${alarms} of 2000`);
});

test('the window grows with the elapsed time and with the overhead', () => {
  assert.equal(clusterWidthUs(SEC), 25_000);
  assert.equal(clusterWidthUs(30 * SEC), 150_000);
  assert.equal(clusterWidthUs(SEC, 20_000), 80_000);
});

test('values split at gaps', () => {
  assert.deepEqual(splitAtGaps([9, 1, 2, 8, 3, 20], 3), [[1, 2, 3], [8, 9], [20]]);
  assert.deepEqual(splitAtGaps([], 3), []);
});

test('the most values that agree, however likely by chance; none where no three do', () => {
  assert.deepEqual(agreement([9 * SEC, 2 * SEC, 2 * SEC + 900, 5 * SEC, 2 * SEC + 400]), {
    count: 3,
    medianUs: 2 * SEC + 400,
  });
  assert.equal(agreement([2 * SEC, 2 * SEC + 900, 3 * SEC]), undefined);
  assert.equal(agreement([]), undefined);
});

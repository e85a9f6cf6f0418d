import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  binomialProbability,
  binomialTail,
  fisherExact,
  mcnemarExact,
  poissonTail,
  proportionInterval,
  ruleOfThree,
} from '../../src/analysis/proportion.ts';

function assertClose(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= 1e-7 * Math.abs(expected) + 1e-15, `${what}: ${actual}, not ${expected}`);
}

test('tails of counts agree with scipy', () => {
  for (const [k, n, p, expected] of [
    [3, 10, 0.1, 0.0701908264],
    [1, 100, 0.01, 0.6339676587267705],
    [60, 100, 0.5, 0.028443966820490444],
    [5, 1000, 1e-4, 7.594520943297406e-8],
    [0, 10, 0.3, 1],
    [11, 10, 0.3, 0],
  ] as const)
    assertClose(binomialTail(k, n, p), expected, `binomial ${k} of ${n}`);
  for (const [k, mean, expected] of [
    [3, 0.5, 0.014387677966970684],
    [1, 2, 0.8646647167633873],
    [20, 5, 3.452135820914455e-7],
    [100, 110, 0.8417213299399129],
    [3, 1e-4, 1.6665416716665328e-13],
  ] as const)
    assertClose(poissonTail(k, mean), expected, `poisson ${k}, mean ${mean}`);
  let sum = 0;
  for (let k = 0; k <= 20; k++) sum += binomialProbability(k, 20, 0.37);
  assertClose(sum, 1, 'sum of the probabilities');
});

test('Fisher and McNemar agree with scipy', () => {
  for (const [a, b, c, d, twoSided, greater] of [
    [8, 2, 1, 5, 0.034965034965034975, 0.024475524475524483],
    [0, 18_000, 23, 5_977, 1.3767786855438795e-14, 1],
    [10, 90, 10, 90, 1, 0.5928511035198102],
    [3, 0, 0, 3, 0.1, 0.05],
    [23, 977, 2, 998, 1.7457026377112086e-5, 8.728513188556043e-6],
  ] as const) {
    assertClose(fisherExact(a, b, c, d), twoSided, `two-sided ${a} ${b} ${c} ${d}`);
    assertClose(fisherExact(a, b, c, d, 'greater'), greater, `greater ${a} ${b} ${c} ${d}`);
  }
  // Ten pairs failed on one route only: 2 / 2^10.
  assertClose(mcnemarExact(10, 0), 2 / 1024, 'ten to nothing');
  assertClose(mcnemarExact(10, 0, 'greater'), 1 / 1024, 'ten to nothing, one-sided');
  assert.equal(mcnemarExact(4, 4), 1);
  assert.equal(mcnemarExact(0, 0), 1);
});

test('Clopper-Pearson intervals agree with scipy, and nothing seen bounds the share by three in n', () => {
  for (const [k, n, low, high] of [
    [0, 50, 0, 0.07112173646420458],
    [3, 100, 0.006229971538306227, 0.08517605297428028],
    [100, 100, 0.9637833073548094, 1],
    [23, 6_000, 0.0024315091781942134, 0.005746363057841058],
  ] as const) {
    assertClose(proportionInterval(k, n).low, low, `low of ${k}/${n}`);
    assertClose(proportionInterval(k, n).high, high, `high of ${k}/${n}`);
  }
  assert.deepEqual(proportionInterval(0, 0), { low: 0, high: 1 });
  assert.equal(ruleOfThree(18_000), 3 / 18_000);
  assert.equal(ruleOfThree(2), 1);
});

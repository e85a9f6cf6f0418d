import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  betainc,
  betaincInverse,
  chiSquareTail,
  gammaincLower,
  gammaincUpper,
  lgamma,
  logChoose,
  normalCdf,
  normalInverse,
  studentTCdf,
  studentTInverse,
} from '../../src/analysis/special.ts';

/** Reference values: scipy 1.17. */
function assertClose(actual: number, expected: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-300);
  assert.ok(actual === expected || error < 1e-8, `${what}: ${actual}, expected ${expected}`);
}

test('special functions agree with published values to 1e-8', () => {
  for (const [x, expected] of [
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247],
    [2.5, 0.2846828704729192],
    [10, 12.801827480081469],
    [100.5, 361.43554046777757],
    [12345.6, 103959.18506616844],
  ] as const)
    assertClose(lgamma(x), expected, `lgamma(${x})`);
  assertClose(Math.exp(logChoose(102, 3)), 171_700, '102 choose 3');
  for (const [x, a, b, expected] of [
    [0.5, 2, 3, 0.6875],
    [0.1, 0.5, 0.5, 0.20483276469913345],
    [0.99, 300, 4, 0.6404789806604001],
    [0.001, 1, 500, 0.39362105513881496],
    [0.3, 50, 80, 0.02070028791337134],
    [1e-5, 0.5, 20, 0.015857272684664293],
    [0.9, 9000, 1000, 0.4964537792481396],
  ] as const) {
    assertClose(betainc(x, a, b), expected, `betainc(${x}, ${a}, ${b})`);
    assertClose(betaincInverse(expected, a, b), x, `betaincInverse(${expected}, ${a}, ${b})`);
  }
  for (const [a, x, expected] of [
    [0.5, 0.1, 0.6547208460185768],
    [0.5, 20, 2.5396285894708634e-10],
    [5, 2, 0.9473469826562889],
    [5, 30, 3.6243009520614924e-9],
    [200, 230, 0.020331143328836242],
  ] as const)
    assertClose(gammaincUpper(a, x), expected, `Q(${a}, ${x})`);
  for (const [a, x, expected] of [
    [5, 0.1, 7.667801686189327e-8],
    [12, 3, 7.138662897420658e-5],
    [40, 60, 0.9974518076963866],
  ] as const)
    assertClose(gammaincLower(a, x), expected, `P(${a}, ${x})`);
  for (const [x, degrees, expected] of [
    [3.841458820694124, 1, 0.05],
    [18.307, 10, 0.05000058909139812],
    [60, 4, 2.9008631203404573e-12],
  ] as const)
    assertClose(chiSquareTail(x, degrees), expected, `chi-square ${x}, ${degrees}`);
});

test('normal and Student distributions agree with published values to 1e-8, in the tails too', () => {
  for (const [z, expected] of [
    [-9, 1.1285884059538324e-19],
    [-4, 3.167124183311986e-5],
    [0, 0.5],
    [0.3, 0.6179114221889526],
    [2.5, 0.9937903346742238],
    [6, 0.9999999990134123],
  ] as const)
    assertClose(normalCdf(z), expected, `normalCdf(${z})`);
  for (const [p, expected] of [
    [1e-12, -7.034483825301131],
    [1e-4, -3.7190164854556804],
    [0.025, -1.9599639845400545],
    [0.3, -0.5244005127080409],
    [0.8, 0.8416212335729143],
    [0.999999, 4.753424308817087],
  ] as const)
    assertClose(normalInverse(p), expected, `normalInverse(${p})`);
  assert.ok(Math.abs(normalInverse(0.5)) < 1e-12);
  for (const [p, degrees, expected] of [
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.975, 11, 2.200985160091639],
    [0.975, 59, 2.000995378088267],
    [0.995, 5, 4.032142983555228],
    [0.6, 4, 0.2707222947075976],
    [0.025, 11, -2.2009851600916392],
    [0.9999, 3, 22.203742273205],
    [0.975, 1e5, 1.9599877075346095],
  ] as const)
    assertClose(studentTInverse(p, degrees), expected, `studentTInverse(${p}, ${degrees})`);
  for (const [t, degrees, expected] of [
    [-3, 4, 0.019970984035859413],
    [2.2, 11, 0.9749569445090979],
    [0.1, 1, 0.5317255174305535],
  ] as const)
    assertClose(studentTCdf(t, degrees), expected, `studentTCdf(${t}, ${degrees})`);
});

test('inverse functions stay inside their range at the ends', () => {
  assert.equal(betaincInverse(0, 2, 3), 0);
  assert.equal(betaincInverse(1, 2, 3), 1);
  assert.equal(normalInverse(0), Number.NEGATIVE_INFINITY);
  assert.equal(normalInverse(1), Number.POSITIVE_INFINITY);
  assert.equal(studentTInverse(0.5, 7), 0);
});

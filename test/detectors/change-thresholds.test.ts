import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeChangeThreshold } from '../../src/detectors/change-thresholds.ts';
import type { MetricChange } from '../../src/model/comparison.ts';
import type { Threshold } from '../../src/model/profile.ts';
import type { RouteId } from '../../src/model/route.ts';
import { parseThreshold } from '../../src/profile/threshold.ts';

const MS = 1_000;

function rule(text: string): Threshold {
  const parsed = parseThreshold(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

/** A change of 100 ms by so many ms, between two bounds. */
function change(
  low: number,
  value: number,
  high: number,
  more: Partial<MetricChange> & { readonly p?: number } = {},
): MetricChange {
  const route: RouteId = more.route ?? 'gateway';
  return {
    id: `${route} home`,
    route,
    requestName: 'home',
    what: { kind: 'quantile', p: 0.95 },
    isControlled: true,
    state: 'inconclusive',
    base: 100 * MS,
    head: (100 + value) * MS,
    change: { value: value * MS, low: low * MS, high: high * MS },
    bounds: { low: low * MS, high: high * MS },
    baseCount: 500,
    headCount: 500,
    ...more,
  };
}

const CASES: readonly (readonly [string, readonly MetricChange[], 'pass' | 'fail' | 'undecided', RegExp])[] = [
  ['change p95 < 10%', [change(-3, 1, 4)], 'pass', /^\+1 % \(-3 % to \+4 %\) for home through the gateway$/],
  ['change p95 < 10%', [change(11, 20, 30)], 'fail', /^\+20 % \(\+11 % to \+30 %\)/],
  ['change p95 < 10%', [change(5, 12, 19)], 'undecided', /the limit 10 % lies within the interval$/],
  ['change p95 < 10ms', [change(-3, 1, 4)], 'pass', /^\+1 ms \(-3 ms to \+4 ms\)/],
  ['change p95 < 10ms', [change(11, 20, 30)], 'fail', /^\+20 ms/],
  // Faster is never too much.
  ['change p95 < 10%', [change(-60, -50, -40)], 'pass', /^-50 %/],
  ['change p95 <= 10%', [change(1, 5, 10)], 'pass', /^\+5 %/],
  // Every request keeps it; one that is named speaks for itself.
  ['change p95 < 10%', [change(-3, 1, 4), change(11, 20, 30, { requestName: 'cart' })], 'fail', /for cart/],
  ['change p95 < 10% of home', [change(-3, 1, 4), change(11, 20, 30, { requestName: 'cart' })], 'pass', /for home/],
  ['change direct web2 p95 < 10%', [change(11, 20, 30), change(-1, 0, 1, { route: 'direct:web2' })], 'pass', /at web2/],
  [
    'change direct p95 < 10%',
    [change(-1, 0, 1, { route: 'direct:web1' }), change(12, 20, 30, { route: 'direct:web2' })],
    'fail',
    /at web2, asked directly$/,
  ],
  ['change p50 < 10%', [change(-3, 1, 4)], 'undecided', /no such requests in common/],
  [
    'change errors < 0.1%',
    [
      change(0, 0, 0, {
        what: { kind: 'errors' },
        base: 0,
        head: 0.02,
        change: { value: 0.02, low: 0.01, high: 0.03 },
        bounds: { low: 0.01, high: 0.03 },
      }),
    ],
    'fail',
    /^\+2 % \(\+1 % to \+3 %\)/,
  ],
];

for (const [text, metrics, verdict, because] of CASES) {
  test(`${text} of ${metrics.map(({ id, change: c }) => `${id} ${c?.value}`).join(' and ')}: ${verdict}`, () => {
    const result = judgeChangeThreshold(rule(text), metrics, {});
    assert.equal(result.verdict, verdict, JSON.stringify(result));
    assert.match(result.because, because);
    assert.equal(result.text, text);
  });
}

test('what cannot be told is undecided, and means what the profile says', () => {
  const { change: _, bounds: __, ...bare } = change(0, 0, 0);
  const few = { ...bare, state: 'insufficient', needMore: 310 } as const;
  const result = judgeChangeThreshold(rule('change p95 < 10%'), [few], { onUndecided: 'fail' });
  assert.deepEqual([result.verdict, result.gate], ['undecided', 'fail']);
  assert.match(result.because, /too few requests for home through the gateway: about 310 more/);
  const invalid = judgeChangeThreshold(rule('change p95 < 10%'), [change(11, 20, 30)], {}, ['head: late']);
  assert.deepEqual([invalid.verdict, invalid.gate], ['undecided', 'warn']);
  const nothing = judgeChangeThreshold(rule('change p95 < 10%'), [change(1, 2, 3, { base: 0 })], {});
  assert.equal(nothing.verdict, 'undecided');
});

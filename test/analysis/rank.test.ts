import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allExceedP, mannWhitney, rankP } from '../../src/analysis/rank.ts';
import { createRandom } from '../../src/model/random.ts';

const range = (length: number, value: (i: number) => number): number[] => Array.from({ length }, (_, i) => value(i));

test('Mann-Whitney agrees with scipy', () => {
  const first = [5.1, 7.2, 8.8, 9.1];
  const second = [1.2, 3.3, 4.4, 5.0, 5.2, 6.1];
  const exact = mannWhitney(first, second);
  assert.equal(exact.method, 'exact');
  assert.equal(exact.u, 22);
  assert.ok(Math.abs(exact.p - 0.01904761904761905) < 1e-12);
  assert.ok(Math.abs(mannWhitney(first, second, 'two-sided').p - 0.0380952380952381) < 1e-12);

  const large = mannWhitney(
    range(150, (i) => i + 0.5),
    range(140, (i) => i * 0.9),
  );
  assert.equal(large.method, 'normal');
  assert.equal(large.u, 12_243);
  assert.ok(Math.abs(large.p - 0.007307356133046278) < 1e-10);

  const tied = mannWhitney(
    range(150, (i) => i % 7),
    range(140, (i) => i % 6),
  );
  assert.equal(tied.u, 11_951.5);
  assert.ok(Math.abs(tied.p - 0.01986053182677623) < 1e-10);
});

test('the exact test counts ties as the enumeration of all subsets does, from either side', () => {
  assert.ok(Math.abs(mannWhitney([2, 3, 3], [1, 2, 2, 3]).p - 0.2857142857142857) < 1e-12);
  // The larger sample first: the count runs over the smaller one.
  const random = createRandom(4);
  for (let i = 0; i < 20; i++) {
    const a = range(3 + (i % 4), () => Math.floor(random.next() * 6));
    const b = range(5, () => Math.floor(random.next() * 6));
    const forward = mannWhitney(a, b, 'two-sided');
    const backward = mannWhitney(b, a, 'two-sided');
    assert.ok(Math.abs(forward.p - backward.p) < 1e-12, `${a} against ${b}`);
    assert.ok(Math.abs(forward.superiority + backward.superiority - 1) < 1e-12);
  }
});

test('all of k above all of m has probability one in m + k choose k', () => {
  assert.ok(Math.abs(allExceedP(99, 1) - 0.01) < 1e-12);
  assert.ok(Math.abs(allExceedP(99, 3) - 1 / 171_700) < 1e-15);
  const cold = mannWhitney(
    [900, 950, 990],
    range(99, (i) => i),
  );
  assert.ok(Math.abs(cold.p - allExceedP(99, 3)) < 1e-15);
  assert.ok(
    Math.abs(
      rankP(
        5,
        range(99, (i) => i),
      ) -
        (1 + 94) / 100,
    ) < 1e-12,
  );
});

test('nothing to compare is no evidence', () => {
  assert.equal(mannWhitney([], [1, 2]).p, 1);
  assert.equal(
    mannWhitney(
      range(300, () => 7),
      range(300, () => 7),
    ).p,
    1,
  );
});

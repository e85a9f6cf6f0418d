import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Distribution, distributionOf, EMPTY_DISTRIBUTION } from '../../src/analysis/distribution.ts';
import { type QuantileInfluence, quantileInfluence } from '../../src/analysis/quantile-influence.ts';
import { quickError } from '../../src/analysis/slow-noise.ts';
import { createRandom } from '../../src/model/random.ts';
import { blocksOf } from './noise.ts';

function sample(seed: number, blocks = 60, perBlock = 10): readonly Distribution[] {
  return blocksOf(createRandom(seed), new Array<number>(blocks).fill(0), 0, perBlock);
}

function of(arms: readonly (readonly Distribution[])[], p: number): QuantileInfluence {
  const influence = quantileInfluence(arms, p);
  assert.ok(influence !== undefined);
  return influence;
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
}

test('the influence of a block is what the quantile moves by when the block is there once more', () => {
  const blocks = sample(1, 40, 200);
  const { value, influences } = of([blocks], 0.5);
  const far = influences.map((_, at) => at).sort((a, b) => Math.abs(influences[b]!) - Math.abs(influences[a]!));
  for (const at of far.slice(0, 10)) {
    const moved = of([[...blocks, blocks[at]!]], 0.5).value - value;
    const expected = influences[at]! / (blocks.length + 1);
    assert.ok(Math.abs(moved - expected) < 0.35 * Math.abs(expected), `block ${at}: ${moved}, expected ${expected}`);
  }
  assert.ok(Math.abs(influences.reduce((sum, x) => sum + x, 0)) < 1e-6);
});

for (const p of [0.5, 0.95, 0.99]) {
  test(`the error of p${p * 100} from its influences is how far it scatters; so it is for a mixture`, () => {
    for (const arms of [1, 2]) {
      const runs = Array.from({ length: 200 }, (_, run) =>
        of(
          Array.from({ length: arms }, (__, arm) => sample(1_000 * arm + run)),
          p,
        ),
      );
      const scatter = deviationOf(runs.map(({ value }) => value));
      const errors = runs.map(({ influences }) => quickError(influences).standardError);
      const error = errors.reduce((sum, x) => sum + x, 0) / errors.length;
      // 200 runs tell a deviation within ± 10 %.
      assert.ok(error / scatter > 0.85 && error / scatter < 1.25, `${arms} arms: ${error / scatter}`);
      const chance = runs.map((run) => run.samplingVariance / deviationOf(run.influences) ** 2);
      const ratio = chance.reduce((sum, x) => sum + x, 0) / chance.length;
      assert.ok(ratio > 0.85 && ratio < 1.15, `chance ${ratio}`);
    }
  });
}

test('times rounded to milliseconds still have an error, and a value between them', () => {
  const rounded = sample(3).map(({ values, counts }) =>
    distributionOf([...values].flatMap((x, i) => new Array<number>(counts[i]!).fill(Math.round(x / 5_000) * 5_000))),
  );
  const [exact, coarse] = [of([sample(3)], 0.5), of([rounded], 0.5)];
  assert.ok(Math.abs(coarse.value - exact.value) < 1_000, `${coarse.value} ${exact.value}`);
  const [a, b] = [exact, coarse].map(({ influences }) => quickError(influences).standardError);
  assert.ok(b! / a! > 0.7 && b! / a! < 1.5, `${b! / a!}`);
});

test('blocks without requests have no influence, arms without any no quantile', () => {
  const blocks = sample(4, 20);
  const { influences } = of([[...blocks, EMPTY_DISTRIBUTION]], 0.5);
  assert.equal(Math.abs(influences.at(-1)!), 0);
  assert.equal(quantileInfluence([blocks, blocks.map(() => EMPTY_DISTRIBUTION)], 0.5), undefined);
  assert.equal(quantileInfluence([], 0.5), undefined);
});

test('one value alone has no error', () => {
  const still = Array.from({ length: 10 }, () => distributionOf([7, 7, 7]));
  const { value, influences } = of([still], 0.5);
  assert.equal(value, 7);
  assert.ok(influences.every((x) => Math.abs(x) < 1e-12));
});

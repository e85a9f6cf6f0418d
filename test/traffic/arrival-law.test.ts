import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, exponential } from '../../src/model/random.ts';
import { exponentialStatistic } from '../../src/traffic/arrival-law.ts';

/** What exponential gaps exceed once in a hundred runs. */
const ONE_IN_100 = 1.957;

function gapsOf(seed: number, count: number, gap: (random: ReturnType<typeof createRandom>) => number): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => gap(random));
}

test('exponential gaps exceed the value of one in a hundred about once in a hundred', () => {
  let beyond = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const statistic = exponentialStatistic(gapsOf(seed, 500, (random) => exponential(random, 5_000)));
    if ((statistic ?? 0) > ONE_IN_100) beyond++;
  }
  // Binomial(400, 0.01): 13 or more come about once in 4,000 sets of seeds; these are fixed.
  assert.ok(beyond < 13, `${beyond} of 400`);
});

const OTHERS: readonly (readonly [what: string, gap: (random: ReturnType<typeof createRandom>) => number])[] = [
  ['constant gaps', () => 5_000],
  ['constant gaps ± 30 %', (random) => 5_000 * (0.7 + 0.6 * random.next())],
  ['gaps in ticks of the mean', (random) => Math.ceil(exponential(random, 5_000) / 5_000) * 5_000],
  ['a closed loop: a wait of 10 ms and an exponential pause', (random) => 10_000 + exponential(random, 5_000)],
  ['bursts: nine at once, then a pause', (random) => (random.next() < 0.9 ? 0 : exponential(random, 50_000))],
];

for (const [what, gap] of OTHERS) {
  test(`${what} are told from exponential ones`, () => {
    for (let seed = 1; seed <= 20; seed++)
      assert.ok((exponentialStatistic(gapsOf(seed, 300, gap)) ?? 0) > 2 * ONE_IN_100, `seed ${seed}`);
  });
}

test('gaps without any length have no statistic', () => {
  assert.equal(exponentialStatistic([0, 0, 0]), undefined);
  assert.equal(exponentialStatistic([]), undefined);
});

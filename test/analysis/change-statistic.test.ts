import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeBetween } from '../../src/analysis/change.ts';
import { type QuantileStatistic, quantileStatistic, statisticsOf } from '../../src/analysis/change-statistic.ts';
import { type Distribution, distributionOf } from '../../src/analysis/distribution.ts';
import { createRandom } from '../../src/model/random.ts';
import { drift, normal } from './noise.ts';

/** Times of a gateway and two members with known noise; in log units unless said. */
type Farm = {
  readonly gatewayUs?: number;
  /** Drift that all share, and its correlation from one second to the next. */
  readonly shared?: number;
  readonly correlation?: number;
  /** Drift of the gateway alone. */
  readonly own?: number;
  /** Drift that all share and that adds, µs. */
  readonly addedUs?: number;
  readonly seconds?: number;
};

const MEMBER_US = 40_000;
const SPREAD = 0.03;

function armsOf(seed: number, farm: Farm): readonly (readonly Distribution[])[] {
  const { gatewayUs = 42_000, shared = 0, correlation = 0.8, own = 0, addedUs = 0, seconds = 60 } = farm;
  const random = createRandom(seed);
  const [common, alone] = [drift(random, correlation, seconds), drift(random, correlation, seconds)];
  return [0, 1, 2].map((arm) =>
    common.map((level, at) => {
      const us = arm === 0 ? gatewayUs * Math.exp(own * alone[at]!) : MEMBER_US;
      const times = Array.from({ length: 10 }, () => us * Math.exp(shared * level + SPREAD * normal(random)));
      return distributionOf(times.map((time) => Math.round(time + addedUs * level)));
    }),
  );
}

type Scale = 'ratio' | 'difference' | 'both' | 'member';

/** Share of unchanged pairs whose 95 % interval excludes zero. */
function excludedRatio(farm: Farm, p: number, pairs = 300): Readonly<Record<Scale, number>> {
  const hits: Record<Scale, number> = { ratio: 0, difference: 0, both: 0, member: 0 };
  const run = (seed: number): readonly [QuantileStatistic, QuantileStatistic] => {
    const [gateway = [], ...members] = armsOf(seed, farm);
    const held = quantileStatistic({ gateway, members }, p);
    const alone = quantileStatistic({ gateway: members[0] ?? [], members: [] }, p);
    assert.ok(held !== undefined && alone !== undefined);
    return [held, alone];
  };
  for (let pair = 0; pair < pairs; pair++) {
    const [base, head] = [run(2 * pair + 1), run(2 * pair + 2)];
    const ratio = changeBetween(...statisticsOf(base[0].logRatio, head[0].logRatio), 1).p < 0.05;
    const difference = changeBetween(...statisticsOf(base[0].differenceUs!, head[0].differenceUs!), 1).p < 0.05;
    const member = changeBetween(...statisticsOf(base[1].logRatio, head[1].logRatio), 1).p < 0.05;
    Object.entries({ ratio, difference, both: ratio && difference, member }).forEach(([scale, isHit]) => {
      if (isHit) hits[scale as Scale]++;
    });
  }
  const shares = Object.entries(hits).map(([scale, count]) => [scale, count / pairs]);
  return Object.fromEntries(shares) as Record<Scale, number>;
}

const cases: readonly { readonly name: string; readonly farm: Farm; readonly scales: readonly Scale[] }[] = [
  { name: 'no slow noise', farm: {}, scales: ['ratio', 'difference', 'both', 'member'] },
  { name: 'drift that all share', farm: { shared: 0.02 }, scales: ['ratio', 'difference', 'both', 'member'] },
  // Multiplied, a slow hop drifts with its members in the difference; the ratio is free of it.
  {
    name: 'shared drift, a gateway that doubles',
    farm: { shared: 0.02, gatewayUs: 80_000 },
    scales: ['ratio', 'difference'],
  },
  // Added, it is the other way round.
  { name: 'shared drift that adds', farm: { addedUs: 2_000, gatewayUs: 80_000 }, scales: ['ratio', 'difference'] },
  {
    name: 'a gateway that drifts by itself',
    farm: { shared: 0.02, own: 0.02 },
    scales: ['ratio', 'difference', 'both'],
  },
];
for (const { name, farm, scales } of cases) {
  test(`${name}: 95 % intervals of p50 exclude zero in few unchanged pairs`, () => {
    const shares = excludedRatio(farm, 0.5);
    // 5 % are wanted; of 300 pairs a right interval excludes zero in more than 9 % once in 500 times.
    for (const scale of scales) assert.ok(shares[scale] <= 0.09, `${scale}: ${shares[scale]}`);
    if (name === 'drift that all share')
      for (const scale of scales) assert.ok(shares[scale] >= 0.01, `${scale}: ${shares[scale]}`);
  });
}

test('p95 where noise lasts, with a control and without', () => {
  const shares = excludedRatio({ shared: 0.02 }, 0.95);
  for (const scale of ['both', 'member'] as const) assert.ok(shares[scale] <= 0.09, `${scale}: ${shares[scale]}`);
});

test('with a control drift that all share costs next to nothing, without one it widens the interval', () => {
  const widths = [5, 7, 9, 11, 13].map((seed) => {
    const [base, head] = [seed, seed + 1].map((own) => {
      const [gateway = [], ...members] = armsOf(own, { shared: 0.1 });
      const held = quantileStatistic({ gateway, members }, 0.5);
      const alone = quantileStatistic({ gateway, members: [] }, 0.5);
      assert.ok(held !== undefined && alone !== undefined);
      assert.ok(Math.abs(held.logRatio.value - Math.log(1.05)) < 0.02, `${held.logRatio.value}`);
      return { held: held.logRatio, alone: alone.logRatio };
    });
    assert.ok(base !== undefined && head !== undefined);
    const errorOf = (arm: 'held' | 'alone'): number => statisticsOf(base[arm], head[arm])[0].standardError;
    return { held: errorOf('held'), alone: errorOf('alone') };
  });
  const sum = (arm: 'held' | 'alone'): number => widths.reduce((all, width) => all + width[arm], 0);
  assert.ok(sum('held') < sum('alone') / 3, `${sum('held')} of ${sum('alone')}`);
});

test('a run that looks slow by chance does not cost the comparison what it can tell', () => {
  // One of the two is taken for slow by itself in one of six pairs; its interval would be two to four times as wide.
  let wide = 0;
  for (let pair = 0; pair < 200; pair++) {
    const [base, head] = [2 * pair + 1, 2 * pair + 2].map((seed) => {
      const [gateway = [], ...members] = armsOf(seed, { seconds: 30 });
      return quantileStatistic({ gateway, members }, 0.5)?.logRatio;
    });
    assert.ok(base !== undefined && head !== undefined);
    const change = changeBetween(...statisticsOf(base, head), 1);
    // 300 answers of 3 % scatter: 0.0027 for the median of each arm and run, 1.25 times the mean's.
    if (change.high - change.low > 2 * 0.0141) wide++;
  }
  assert.ok(wide <= 12, `${wide} of 200`);
});

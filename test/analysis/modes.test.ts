import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distributionOf, EMPTY_DISTRIBUTION } from '../../src/analysis/distribution.ts';
import { findModes } from '../../src/analysis/modes.ts';
import { createRandom, exponential } from '../../src/model/random.ts';
import type { Random } from '../../src/model/time.ts';
import { normal } from './noise.ts';

const modesOf = (random: Random, count: number, draw: (random: Random) => number) =>
  findModes(distributionOf(Array.from({ length: count }, () => Math.round(draw(random)))));

test('a smooth distribution has one mode, whatever its shape', () => {
  const shapes: Record<string, (random: Random) => number> = {
    narrow: (random) => 5_000 * Math.exp(0.05 * normal(random)),
    wide: (random) => 5_000 * Math.exp(normal(random)),
    exponential: (random) => 1_000 + exponential(random, 10_000),
    heavy: (random) => 3_000 * (1 - random.next()) ** (-1 / 1.5),
    flat: (random) => 1_000 + 9_000 * random.next(),
    coarse: (random) => Math.round(5 * Math.exp(0.3 * normal(random))) * 100,
  };
  for (const [name, draw] of Object.entries(shapes)) {
    const random = createRandom(31);
    let alarms = 0;
    for (let run = 0; run < 40; run++) if (modesOf(random, [100, 400, 1_000][run % 3]!, draw).length > 1) alarms++;
    // Values on a grid of 20 % are separate peaks, and rightly so.
    if (name !== 'coarse') assert.ok(alarms <= 1, `${name}: ${alarms} of 40`);
    else assert.ok(alarms > 0, 'coarse values are modes');
  }
});

test('a delay that some requests suffer is a second mode at its place, with its share', () => {
  for (const { name, count, draw, value, share } of [
    {
      name: 'delayed acknowledgement',
      count: 1_000,
      draw: (random: Random) => (random.next() < 0.05 ? 40_000 : 0) + 4_000 * Math.exp(0.2 * normal(random)),
      value: 44_000,
      share: 0.05,
    },
    {
      name: 'lost SYN',
      count: 10_000,
      draw: (random: Random) => (random.next() < 0.005 ? 1_015_000 : 0) + 20_000 * Math.exp(0.5 * normal(random)),
      value: 1_036_000,
      share: 0.005,
    },
    {
      name: 'a slower member',
      count: 600,
      draw: (random: Random) => (random.next() < 0.5 ? 5_000 : 10_000) * Math.exp(0.1 * normal(random)),
      value: 10_000,
      share: 0.5,
    },
  ]) {
    const modes = modesOf(createRandom(32), count, draw);
    assert.equal(modes.length, 2, name);
    const second = modes[1]!;
    assert.ok(Math.abs(second.value / value - 1) < 0.04, `${name}: at ${second.value}`);
    assert.ok(Math.abs(second.share / share - 1) < 0.35, `${name}: share ${second.share}`);
    assert.ok(second.low <= second.value && second.value <= second.high && second.p < 1e-3);
  }
});

test('too few values are no mode, and nothing has none', () => {
  assert.deepEqual(findModes(EMPTY_DISTRIBUTION), []);
  const main = Array.from({ length: 500 }, (_, i) => 4_000 + i);
  assert.equal(findModes(distributionOf([...main, 44_000, 44_100])).length, 1);
  assert.equal(findModes(distributionOf([0, 0, 0])).length, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  areSlow,
  commonNoise,
  independentStretches,
  type MeanError,
  quickError,
  slowError,
} from '../../src/analysis/slow-noise.ts';
import { studentTInverse } from '../../src/analysis/special.ts';
import { createRandom } from '../../src/model/random.ts';
import { drift, normal } from './noise.ts';

const SERIES = 600;

/** Drift with unit variance, and chance on top. */
function seriesOf(seed: number, correlation: number, size: number, chance = 0): readonly number[] {
  const random = createRandom(seed);
  const slow =
    correlation === 0 ? Array.from({ length: size }, () => normal(random)) : drift(random, correlation, size);
  return slow.map((x) => x + chance * normal(random));
}

/** How often the interval of the mean misses the truth, which is 0. */
function missedRatio(correlation: number, size: number, errorOf: (series: readonly number[]) => MeanError, chance = 0) {
  let missed = 0;
  for (let seed = 1; seed <= SERIES; seed++) {
    const series = seriesOf(seed, correlation, size, chance);
    const mean = series.reduce((sum, x) => sum + x, 0) / size;
    const { standardError, degrees } = errorOf(series.map((x) => x - mean));
    if (Math.abs(mean) > studentTInverse(0.975, degrees) * standardError) missed++;
  }
  return missed / SERIES;
}

test('independent stretches: both errors cover 95 %', () => {
  const quick = missedRatio(0, 60, quickError);
  const slow = missedRatio(0, 60, (series) => slowError(series, 1));
  assert.ok(quick > 0.03 && quick < 0.07, `${quick}`);
  assert.ok(slow > 0.015 && slow < 0.07, `${slow}`);
});

for (const { correlation, size, chance, most } of [
  { correlation: 0.5, size: 60, chance: 0, most: 0.08 },
  { correlation: 0.8, size: 60, chance: 0, most: 0.08 },
  { correlation: 0.8, size: 60, chance: 0.7, most: 0.08 },
  // Two independent stretches in the whole run: nothing covers fully, but by far the most.
  { correlation: 0.8, size: 20, chance: 0.7, most: 0.14 },
]) {
  test(`noise of ${correlation} from stretch to stretch, ${size} stretches, chance ${chance}: slow error covers, quick does not`, () => {
    const slow = missedRatio(correlation, size, (series) => slowError(series, chance ** 2), chance);
    const quick = missedRatio(correlation, size, quickError, chance);
    assert.ok(slow < most && slow > 0.01, `slow ${slow}`);
    assert.ok(quick > 2 * slow, `quick ${quick}`);
  });
}

test('noise is told to be slow where it is, and seldom where it is not: two runs tell more than one', () => {
  const share = (correlation: number, runs: number): number =>
    Array.from({ length: SERIES }, (_, seed) =>
      areSlow(Array.from({ length: runs }, (_, run) => centred(seriesOf(seed + run * SERIES, correlation, 60, 1)))),
    ).filter(Boolean).length / SERIES;
  // By each of two looks in one of ten.
  for (const runs of [1, 2]) assert.ok(share(0, runs) < 0.2, `${share(0, runs)}`);
  assert.ok(share(0.8, 1) > 0.8, `${share(0.8, 1)}`);
  assert.ok(share(0.8, 2) > 0.95, `${share(0.8, 2)}`);
});

test('what several runs have in common: as slow as it is, and little of it where neighbours are alike by chance', () => {
  const mean = (correlation: number, part: 'correlation' | 'slow'): number => {
    const found = Array.from({ length: SERIES }, (_, seed) => {
      const all = [seed, seed + SERIES].map((own) => {
        return {
          influences: centred(seriesOf(own, correlation, 60, 1)),
          samplingVariance: 1 + (correlation === 0 ? 1 : 0),
        };
      });
      return commonNoise(all)[part];
    });
    return found.reduce((sum, x) => sum + x, 0) / SERIES;
  };
  // Half of the scatter fades by 0.8; one standard error is on top of it.
  assert.ok(mean(0.8, 'correlation') > 0.75 && mean(0.8, 'correlation') <= 0.95, `${mean(0.8, 'correlation')}`);
  assert.ok(mean(0.8, 'slow') > 0.35 && mean(0.8, 'slow') < 0.6, `${mean(0.8, 'slow')}`);
  assert.ok(mean(0, 'slow') < 0.08, `${mean(0, 'slow')}`);
});

test('a trend is slow; a series that does not move has no error', () => {
  const trend = Array.from({ length: 60 }, (_, at) => at - 29.5);
  assert.equal(areSlow([trend]), true);
  assert.ok(slowError(trend, 0).standardError > 3 * quickError(trend).standardError);
  const still = new Array<number>(60).fill(0);
  assert.equal(areSlow([still]), false);
  assert.equal(slowError(still, 0).standardError, 0);
});

test('degrees of freedom follow the length; slow noise leaves few independent stretches', () => {
  assert.equal(slowError(centred(seriesOf(1, 0, 60)), 1).degrees, 6);
  assert.equal(slowError(centred(seriesOf(1, 0, 8)), 1).degrees, 4);
  const of = (correlation: number): number => independentStretches(centred(seriesOf(2, correlation, 60)), 0);
  assert.ok(of(0.9) < 8, `${of(0.9)}`);
  assert.ok(of(0) > 40, `${of(0)}`);
});

test('what one stall has made is known as well as one number tells', () => {
  const stall = centred(Array.from({ length: 60 }, (_, at) => (at === 20 ? 1 : 0)));
  assert.ok(slowError(stall, 0).degrees < 1.2, `${slowError(stall, 0).degrees}`);
  assert.equal(slowError(centred(seriesOf(3, 0.8, 60)), 0).degrees, 6);
});

function centred(series: readonly number[]): readonly number[] {
  const mean = series.reduce((sum, x) => sum + x, 0) / series.length;
  return series.map((x) => x - mean);
}

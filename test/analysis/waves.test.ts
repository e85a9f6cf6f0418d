import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concurrencyLimit, visibleWaves } from '../../src/analysis/waves.ts';
import { createRandom, exponential } from '../../src/model/random.ts';
import type { Random } from '../../src/model/time.ts';
import { normal } from './noise.ts';

/** First come, first served on `limit` slots. */
function volley(random: Random, size: number, limit: number, spread: number, serviceUs = 300_000): number[] {
  const freeAt = new Array<number>(Math.min(limit, size)).fill(0);
  return Array.from({ length: size }, () => {
    const slot = freeAt.indexOf(Math.min(...freeAt));
    freeAt[slot] = freeAt[slot]! + serviceUs * Math.exp(spread * normal(random));
    return Math.round(freeAt[slot] + 4_000 + exponential(random, 2_000));
  });
}

test('23 requests on 5 slots leave in waves of 5, 5, 5, 5, 3', () => {
  const times = volley(createRandom(1), 23, 5, 0.01);
  const estimate = concurrencyLimit([times], 300_000);
  assert.ok(estimate.kind === 'limit');
  assert.deepEqual([estimate.limit, estimate.low, estimate.high], [5, 5, 5]);
  assert.deepEqual(
    estimate.waves.map(({ size }) => size),
    [5, 5, 5, 5, 3],
  );
  assert.ok(Math.abs(estimate.periodUs / 300_000 - 1) < 0.03, `${estimate.periodUs}`);
  assert.deepEqual(
    visibleWaves(times, 300_000).map(({ size }) => size),
    [5, 5, 5, 5, 3],
  );
});

test('limits are exact with little jitter and inside their interval with much', () => {
  for (const { limit, spread, exact, runs } of [
    { limit: 1, spread: 0.05, exact: true, runs: 5 },
    { limit: 2, spread: 0.05, exact: true, runs: 5 },
    { limit: 8, spread: 0.05, exact: true, runs: 5 },
    { limit: 20, spread: 0.05, exact: true, runs: 5 },
    { limit: 3, spread: 0.2, exact: false, runs: 10 },
    { limit: 8, spread: 0.2, exact: false, runs: 10 },
  ]) {
    const random = createRandom(100 + limit);
    let good = 0;
    for (let run = 0; run < runs; run++) {
      const estimate = concurrencyLimit([2, 4, 8, 16, 32].map((size) => volley(random, size, limit, spread)));
      if (estimate.kind !== 'limit') continue;
      const isInside = estimate.low <= limit && limit <= (estimate.high ?? Infinity);
      if (exact ? estimate.limit === limit : isInside) good++;
    }
    assert.ok(good >= runs - (exact ? 0 : 2), `limit ${limit}, spread ${spread}: ${good} of ${runs}`);
  }
});

test('limits up to 64 are exact, also where all volleys are larger, with what one request takes alone', () => {
  for (const limit of [2, 8, 17, 64]) {
    for (const spread of [0.01, 0.05]) {
      const random = createRandom(7 * limit);
      const volleys = [2 * limit, 4 * limit].map((size) => volley(random, Math.max(8, size), limit, spread, 60_000));
      const estimate = concurrencyLimit(volleys, 64_000);
      assert.ok(estimate.kind === 'limit', `limit ${limit}: ${estimate.kind}`);
      assert.equal(estimate.limit, limit);
      assert.ok(estimate.low <= limit && limit <= (estimate.high ?? limit));
    }
  }
});

test('a limit above 32 is found exactly although not every one is tried', () => {
  const random = createRandom(3);
  const estimate = concurrencyLimit([16, 64, 128].map((size) => volley(random, size, 47, 0.02)));
  assert.ok(estimate.kind === 'limit');
  assert.equal(estimate.limit, 47);
});

test('without a limit there is one wave, and the largest volley bounds the limit from below', () => {
  const random = createRandom(4);
  let limits = 0;
  for (let run = 0; run < 15; run++) {
    const estimate = concurrencyLimit([2, 4, 8, 16, 32].map((size) => volley(random, size, 1_000, 0.1)));
    if (estimate.kind === 'limit') limits++;
    else if (estimate.kind === 'one-wave') assert.equal(estimate.atLeast, 32);
  }
  assert.equal(limits, 0);
  // Heavy tails are no waves either.
  for (let run = 0; run < 10; run++) {
    const tails = [2, 4, 8, 16, 32].map((size) =>
      Array.from({ length: size }, () => 50_000 + exponential(random, 100_000)),
    );
    if (concurrencyLimit(tails, 120_000).kind === 'limit') limits++;
  }
  assert.ok(limits <= 1, `${limits}`);
  // One straggler does not make a wave.
  const straggler = [...new Array<number>(31).fill(0).map((_, i) => 300_000 + i * 100), 900_000];
  assert.equal(concurrencyLimit([straggler], 300_000).kind, 'one-wave');
});

test('service times that vary much are called unclear rather than a limit', () => {
  const random = createRandom(5);
  let limits = 0;
  for (let run = 0; run < 30; run++) {
    if (concurrencyLimit([volley(random, 23, 1_000, 0.5)], 300_000).kind === 'limit') limits++;
  }
  assert.ok(limits <= 1, `${limits} of 30`);
});

test('work that all requests share is neither', () => {
  // Processor sharing: the larger the volley, the later all of it.
  const shared = [2, 4, 8, 16, 32].map((size) => Array.from({ length: size }, (_, i) => size * 10_000 + i * 50));
  assert.equal(concurrencyLimit(shared).kind, 'unclear');
  assert.deepEqual(concurrencyLimit([]), { kind: 'unclear', reason: 'no volley of two or more answers' });
  assert.equal(concurrencyLimit([[5]]).kind, 'unclear');
});

/** What happens to one volley on a busy machine: all of it late, a pause in its middle, or answers smeared. */
function disturbed(random: Random, times: readonly number[], byUs: number): number[] {
  const sorted = times.toSorted((a, b) => a - b);
  const kind = random.next();
  const from = sorted[Math.floor(random.next() * sorted.length)] as number;
  if (kind < 0.4) return sorted.map((us) => us + byUs);
  if (kind < 0.8) return sorted.map((us) => (us >= from ? us + byUs : us));
  return sorted.map((us) => us + byUs * random.next());
}

test('one disturbed volley does not hide the limit that the others agree on', () => {
  const random = createRandom(11);
  const laterBy = (us: number, times: readonly number[]) => times.map((time) => time + us);
  const of = (...sizes: readonly number[]) => sizes.map((size) => volley(random, size, 6, 0.01, 46_000));
  const [of12 = []] = of(12);
  const rest = of(12, 24, 24);
  const estimate = concurrencyLimit([laterBy(40_000, of12), ...rest], 48_500);
  assert.ok(estimate.kind === 'limit', JSON.stringify(estimate));
  assert.deepEqual([estimate.limit, estimate.low, estimate.high, estimate.leftOut], [6, 6, 6, 12]);
  // Without it there are too few, or of one size.
  for (const few of [of(24, 24), of(12, 12, 12)])
    assert.ok(!('leftOut' in concurrencyLimit([laterBy(40_000, of12), ...few], 48_500)));
});

test('nothing is left out where nothing was disturbed, nor what came too early', () => {
  const random = createRandom(12);
  const calm = [12, 12, 24, 24].map((size) => volley(random, size, 6, 0.02, 60_000));
  const estimate = concurrencyLimit(calm, 64_000);
  assert.ok(estimate.kind === 'limit' && estimate.limit === 6 && !('leftOut' in estimate));
  // A delay does not make a volley end sooner than the limit lets it.
  const early = new Array<number>(24).fill(0).map((_, i) => 64_000 + i * 100);
  const contradicted = concurrencyLimit([...calm.slice(0, 3), early], 64_000);
  assert.ok(!('leftOut' in contradicted), JSON.stringify(contradicted));
});

test('limits with disturbed volleys: what is left out makes no wrong one; without a limit it makes none', () => {
  let right = 0;
  for (let seed = 0; seed < 120; seed++) {
    const random = createRandom(seed);
    const serviceUs = 45_000 + 100_000 * random.next();
    const isLimited = seed % 3 !== 0;
    const limit = isLimited ? 1 + Math.floor(random.next() * 6) : 1_000;
    const spread = [0.01, 0.05, 0.1, 0.35][seed % 4] as number;
    const volleys = [8, 8, 16, 16].map((size) => volley(random, size, limit, spread, serviceUs));
    const which = Math.floor(random.next() * volleys.length);
    volleys[which] = disturbed(random, volleys[which] as number[], serviceUs * (0.2 + random.next()));
    const estimate = concurrencyLimit(volleys, serviceUs + 3_500);
    if (estimate.kind !== 'limit' || estimate.leftOut === undefined) continue;
    assert.equal(estimate.limit, limit, `seed ${seed}`);
    right++;
  }
  assert.ok(right >= 8, `${right}`);
});

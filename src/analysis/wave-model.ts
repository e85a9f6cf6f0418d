/** What a volley looks like when at most so many requests are served at once. */
import type { Random } from '../model/time.ts';

/** In service times, by order of answer: when it is expected, and how far it scatters. */
export type Expectation = { readonly mean: Float64Array; readonly scatter: Float64Array };

/**
 * Expected answers of a volley of `size` requests; `spread` is the standard deviation of the logarithm of the service
 * time.
 */
export type WaveModel = (size: number, limit: number, spread: number) => Expectation;

/** Simulated volleys per case: the expectation is then off by a fifth of the scatter. */
const SIMULATIONS = 24;
/** Scatter that is never undercut, in service times: scheduling and network noise. */
const MIN_SCATTER = 0.02;

/**
 * Volleys of up to `maxSize` requests. The same random numbers serve every limit and spread, so that these compare
 * smoothly.
 */
export function createWaveModel(maxSize: number, random: Random): WaveModel {
  const draws = Array.from({ length: SIMULATIONS }, () => Float64Array.from({ length: maxSize }, () => normal(random)));
  const known = new Map<string, Expectation>();
  return (size, limit, spread) => {
    const slots = Math.min(limit, size);
    const key = `${size} ${slots} ${spread}`;
    let expectation = known.get(key);
    if (expectation === undefined) {
      expectation = simulate(draws, size, slots, spread);
      known.set(key, expectation);
    }
    return expectation;
  };
}

function simulate(draws: readonly Float64Array[], size: number, slots: number, spread: number): Expectation {
  const sum = new Float64Array(size);
  const squares = new Float64Array(size);
  const ends = new Float64Array(size);
  const freeAt = new Float64Array(slots);
  for (const draw of draws) {
    freeAt.fill(0);
    for (let i = 0; i < size; i++) {
      const slot = earliest(freeAt);
      freeAt[slot]! += Math.exp(spread * draw[i]!);
      ends[i] = freeAt[slot]!;
    }
    ends.sort();
    for (let i = 0; i < size; i++) {
      sum[i]! += ends[i]!;
      squares[i]! += ends[i]! ** 2;
    }
  }
  const mean = sum.map((value) => value / draws.length);
  const scatter = squares.map((square, i) => {
    const variance = square / draws.length - mean[i]! ** 2;
    return Math.max(MIN_SCATTER, Math.sqrt(Math.max(0, variance)));
  });
  return { mean, scatter };
}

function earliest(freeAt: Float64Array): number {
  let slot = 0;
  for (let i = 1; i < freeAt.length; i++) if (freeAt[i]! < freeAt[slot]!) slot = i;
  return slot;
}

/** Box-Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

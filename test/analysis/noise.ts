/** Made-up latencies for the simulations of this folder. */
import { type Distribution, distributionOf } from '../../src/analysis/distribution.ts';
import type { Random } from '../../src/model/time.ts';

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** An AR(1) process with unit variance. */
export function drift(random: Random, correlation: number, length: number): number[] {
  const steps: number[] = [normal(random)];
  while (steps.length < length) {
    steps.push(correlation * steps.at(-1)! + Math.sqrt(1 - correlation ** 2) * normal(random));
  }
  return steps;
}

/** One block of log-normal latencies around 20 ms per level, shifted by `amplitude` times the level (in log units). */
export function blocksOf(
  random: Random,
  levels: readonly number[],
  amplitude: number,
  perBlock: number,
): Distribution[] {
  return levels.map((level) =>
    distributionOf(Array.from({ length: perBlock }, () => 20_000 * Math.exp(0.5 * normal(random) + amplitude * level))),
  );
}

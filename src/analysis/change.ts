/** Head against base for one number: interval, p-value, equivalence, and how much more would settle it. */
import type { Statistic } from './change-statistic.ts';
import { normalInverse, studentTCdf, studentTInverse } from './special.ts';

export type Change = {
  /** Head minus base, in the unit of the statistics. */
  readonly value: number;
  /** 95 %. */
  readonly low: number;
  readonly high: number;
  /** Two-sided, against "no change". */
  readonly p: number;
  /** Whether the 90 % interval lies within ± floor (two one-sided tests of Schuirmann at 5 %). */
  readonly isEquivalent: boolean;
  readonly standardError: number;
};

/** Smaller than any scatter that can be measured; keeps a run without noise from dividing by zero. */
const TINY = 1e-12;
/**
 * Chance that a repeat with the requests asked for settles the question, if the change is as it was measured. That was measured with noise,
 * and may look slow by chance in the repeat: simulated at noise 10, 8 of 10 changes of twice their floor are found then (p50 three of four,
 * p95 nearly all), and of ten gateways that did not change 8 are told so.
 */
const POWER = 0.95;

/** Two independent runs: Welch's interval, degrees of freedom by Satterthwaite. */
export function changeBetween(base: Statistic, head: Statistic, floor: number): Change {
  const value = head.value - base.value;
  const baseVariance = base.standardError ** 2;
  const headVariance = head.standardError ** 2;
  const standardError = Math.max(TINY, Math.sqrt(baseVariance + headVariance));
  const spread = baseVariance ** 2 / base.degrees + headVariance ** 2 / head.degrees;
  const degrees = spread > 0 ? (baseVariance + headVariance) ** 2 / spread : base.degrees + head.degrees;
  const half = studentTInverse(0.975, degrees) * standardError;
  const halfOfTwoTests = studentTInverse(0.95, degrees) * standardError;
  return {
    value,
    low: value - half,
    high: value + half,
    p: Math.min(1, 2 * studentTCdf(-Math.abs(value) / standardError, degrees)),
    isEquivalent: Math.abs(value) + halfOfTwoTests <= floor,
    standardError,
  };
}

/**
 * How many times the requests of both runs would settle it, as errors shrink with the root of the count: as equivalence
 * if nothing changed, or as a difference at `level` where the change measured is beyond the floor. 1 or less: the runs
 * are long enough, and the change lies near its floor.
 */
export function neededFactor(change: Change, floor: number, level: number): number {
  const reserve = normalInverse(POWER);
  const size = Math.abs(change.value);
  const target =
    size < floor ? floor / (normalInverse(0.95) + reserve) : size / (normalInverse(1 - level / 2) + reserve);
  return (change.standardError / Math.max(target, TINY)) ** 2;
}

/** Benjamini and Hochberg: p-values adjusted so that those at or below q hold a share of at most q false ones. */
export function adjustForDiscovery(ps: readonly number[]): readonly number[] {
  const order = ps.map((p, at) => ({ p, at })).sort((a, b) => b.p - a.p);
  const adjusted = new Array<number>(ps.length).fill(1);
  let least = 1;
  order.forEach(({ p, at }, i) => {
    least = Math.min(least, (p * ps.length) / (ps.length - i));
    adjusted[at] = least;
  });
  return adjusted;
}

/** Do events come back on a period? */

/**
 * Periods that operators set: half an hour, an hour, a quarter of a day, half a day, a day, the 29 h after which IIS
 * recycles a worker by default, two days, a week (methods C.5). A free scan over periods mislabels harmonics.
 */
export const CANDIDATE_PERIODS_US: readonly number[] = [0.5, 1, 6, 12, 24, 29, 48, 168].map(
  (hours) => hours * 3_600_000_000,
);

export type PeriodTest = {
  readonly periodUs: number;
  /** (2/n)·|Σ exp(2πi·t/P)|²: under the null that events know nothing of the period, exponential with mean 2. */
  readonly z: number;
  /** exp(−z/2): probability of a z at least this large without a period. Not corrected for several periods. */
  readonly p: number;
  /** Where in the period the events lie (0..P), counted from 1970 UTC. */
  readonly phaseUs: number;
};

/** Rayleigh's test of a set of instants (µs) on one period. `p` is 1 for fewer than two. */
export function periodTest(timesUs: readonly number[], periodUs: number): PeriodTest {
  let cosine = 0;
  let sine = 0;
  for (const atUs of timesUs) {
    // The remainder first: a double holds the angle of µs since 1970 to some 1e-9 only.
    const angle = (2 * Math.PI * (atUs % periodUs)) / periodUs;
    cosine += Math.cos(angle);
    sine += Math.sin(angle);
  }
  const n = timesUs.length;
  const z = n === 0 ? 0 : (2 / n) * (cosine * cosine + sine * sine);
  const angle = (Math.atan2(sine, cosine) + 2 * Math.PI) % (2 * Math.PI);
  return { periodUs, z, p: n < 2 ? 1 : Math.exp(-z / 2), phaseUs: (angle / (2 * Math.PI)) * periodUs };
}

/** How far an instant lies from the nearest `phaseUs` + k·P, and which k that is. */
export function turnOf(
  atUs: number,
  { periodUs, phaseUs }: Pick<PeriodTest, 'periodUs' | 'phaseUs'>,
): { readonly turn: number; readonly offUs: number } {
  const turn = Math.round((atUs - phaseUs) / periodUs);
  return { turn, offUs: atUs - phaseUs - turn * periodUs };
}

/**
 * The phase at which most instants lie within `withinUs` of each other: stays where it is among noise, which pulls a
 * mean away.
 */
export function modalPhaseUs(timesUs: readonly number[], periodUs: number, withinUs: number): number {
  let best = { phaseUs: 0, count: 0 };
  for (const anchorUs of timesUs) {
    const near = timesUs
      .map((atUs) => turnOf(atUs, { periodUs, phaseUs: anchorUs % periodUs }).offUs)
      .filter((offUs) => Math.abs(offUs) <= withinUs)
      .sort((a, b) => a - b);
    const middleUs = near[near.length >> 1] ?? 0;
    if (near.length > best.count)
      best = { phaseUs: ((anchorUs % periodUs) + middleUs + periodUs) % periodUs, count: near.length };
  }
  return best.phaseUs;
}

/** Instants that lie close together are one event: the first of each, ascending. */
export function onsetsOf(timesUs: readonly number[], closerThanUs: number): readonly number[] {
  const onsets: number[] = [];
  let lastUs = Number.NEGATIVE_INFINITY;
  for (const atUs of [...timesUs].sort((a, b) => a - b)) {
    if (atUs - lastUs > closerThanUs) onsets.push(atUs);
    lastUs = atUs;
  }
  return onsets;
}

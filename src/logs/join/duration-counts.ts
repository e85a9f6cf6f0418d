/** Counts durations in steps that grow with the value: flat memory for any number of lines. */

// 64 steps per doubling: a quantile is off by at most 1.1 %, finer than the millisecond stamps it is made of.
const STEPS_PER_DOUBLING = 64;
const DOUBLINGS = 42;

export type DurationCounts = {
  add(us: number): void;
  readonly count: number;
  readonly maxUs: number;
  /** µs; the middle of the step in which it lies. 0 when nothing was counted. */
  quantile(p: number): number;
  /** How many lie above. */
  above(us: number): number;
};

function stepOf(us: number): number {
  return us < 1 ? 0 : Math.min(STEPS_PER_DOUBLING * DOUBLINGS - 1, 1 + Math.floor(Math.log2(us) * STEPS_PER_DOUBLING));
}

export function countDurations(): DurationCounts {
  const steps = new Float64Array(STEPS_PER_DOUBLING * DOUBLINGS);
  let count = 0;
  let maxUs = 0;
  return {
    add(us) {
      const step = stepOf(us);
      steps[step] = (steps[step] ?? 0) + 1;
      count++;
      if (us > maxUs) maxUs = us;
    },
    get count() {
      return count;
    },
    get maxUs() {
      return maxUs;
    },
    quantile(p) {
      let rest = Math.ceil(p * count);
      for (let step = 0; step < steps.length; step++) {
        rest -= steps[step] ?? 0;
        if (rest <= 0 && count > 0)
          return step === 0 ? 0 : Math.min(maxUs, Math.round(2 ** ((step - 0.5) / STEPS_PER_DOUBLING)));
      }
      return maxUs;
    },
    above(us) {
      const from = stepOf(us) + 1;
      let sum = 0;
      for (let step = from; step < steps.length; step++) sum += steps[step] ?? 0;
      return sum;
    },
  };
}

/**
 * Whether what left of a firing was spread over its time as planned (methods A.5, check 6): cumulative counts of due and of sent
 * requests over the same steps of time, in memory that does not grow with the firing.
 */
import type { DriftFacts } from '../model/instrument.ts';

export type DriftWatch = {
  /** One due request; `sentUs` is undefined where it was not sent. */
  launched(dueUs: number, sentUs: number | undefined): void;
  /** The firing is over; undefined where its plan was not even, or too small to tell. */
  end(): DriftFacts | undefined;
};

/** Steps of time; when they are used up, each becomes two. A thousandth of a firing is far below any drift worth a word. */
const STEPS = 2_048;
const FIRST_STEP_US = 1_000;
/** Below, the power against a rate that falls by half is too small to be worth a word. */
const LEAST_DUE = 100;
/** √n·D that even arrivals exceed once in a hundred times (Kolmogorov): a plan beyond it was not meant to be even. */
const UNEVEN_STATISTIC = 1.628;

export function createDriftWatch(): DriftWatch {
  let due = new Float64Array(STEPS);
  let sent = new Float64Array(STEPS);
  let stepUs = FIRST_STEP_US;
  let startUs: number | undefined;
  let lastDueUs = 0;
  function stepOf(atUs: number): number {
    const offsetUs = Math.max(0, atUs - (startUs as number));
    while (offsetUs >= stepUs * STEPS) {
      due = doubled(due);
      sent = doubled(sent);
      stepUs *= 2;
    }
    return Math.floor(offsetUs / stepUs);
  }
  function reset(): void {
    due.fill(0);
    sent.fill(0);
    stepUs = FIRST_STEP_US;
    startUs = undefined;
  }
  return {
    launched(dueUs, sentUs) {
      startUs ??= dueUs;
      lastDueUs = dueUs;
      const dueStep = stepOf(dueUs);
      due[dueStep]! += 1;
      if (sentUs === undefined) return;
      // Read before it is counted: the steps may have become longer.
      const sentStep = stepOf(sentUs);
      sent[sentStep]! += 1;
    },
    end() {
      const lengthUs = Math.round(lastDueUs - (startUs ?? lastDueUs));
      const found = lengthUs === 0 ? undefined : farthest(due, sent, stepUs, lengthUs);
      reset();
      return found;
    },
  };
}

function doubled(steps: Float64Array): Float64Array<ArrayBuffer> {
  const half = new Float64Array(STEPS);
  for (let i = 0; i < STEPS / 2; i++) half[i] = (steps[2 * i] as number) + (steps[2 * i + 1] as number);
  return half;
}

function farthest(due: Float64Array, sent: Float64Array, stepUs: number, lengthUs: number): DriftFacts | undefined {
  const dueCount = due.reduce((sum, count) => sum + count, 0);
  const sentCount = sent.reduce((sum, count) => sum + count, 0);
  if (dueCount < LEAST_DUE || sentCount === 0) return undefined;
  let [dueSoFar, sentSoFar, unevenness] = [0, 0, 0];
  let most = { distance: -1, atUs: 0, dueBefore: 0, sentBefore: 0 };
  for (let step = 0; step < STEPS; step++) {
    dueSoFar += due[step] as number;
    sentSoFar += sent[step] as number;
    const atUs = Math.min(lengthUs, (step + 1) * stepUs);
    unevenness = Math.max(unevenness, Math.abs(dueSoFar / dueCount - atUs / lengthUs));
    const distance = Math.abs(dueSoFar / dueCount - sentSoFar / sentCount);
    if (distance > most.distance) most = { distance, atUs, dueBefore: dueSoFar, sentBefore: sentSoFar };
  }
  // A step is as wide as it is: within one, nothing is known of the plan.
  if ((unevenness - stepUs / lengthUs) * Math.sqrt(dueCount) > UNEVEN_STATISTIC) return undefined;
  const { atUs, dueBefore, sentBefore } = most;
  return { due: dueCount, sent: sentCount, atUs, lengthUs, dueBefore, sentBefore };
}

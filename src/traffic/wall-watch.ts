/** The wall clock against the monotonic one, from readings about a second apart. Pure. */
import type { WallClockFacts } from '../model/instrument.ts';
import { US_PER_SEC } from '../model/time.ts';

export type WallWatch = {
  /** Wall time minus monotonic time (µs), and how far apart the two readings of it were. */
  reading(offsetUs: number, spreadUs: number): void;
  facts(): WallClockFacts;
};

/** A clock that is set moves by more than this at once; one that is disciplined drifts by at most 500 ppm (adjtimex(2)). */
const STEP_US = 20_000;
/** Readings farther apart were interrupted, and say nothing as exact as this. */
const MOST_SPREAD_US = 5_000;

export function createWallWatch(): WallWatch {
  let lastUs: number | undefined;
  let steps = 0;
  let largestStepUs = 0;
  let driftUs = 0;
  return {
    reading(offsetUs, spreadUs) {
      if (spreadUs > MOST_SPREAD_US) return;
      const movedUs = offsetUs - (lastUs ?? offsetUs);
      lastUs = offsetUs;
      if (Math.abs(movedUs) < STEP_US) {
        driftUs += movedUs;
        return;
      }
      steps++;
      if (Math.abs(movedUs) > Math.abs(largestStepUs)) largestStepUs = movedUs;
    },
    facts: () => ({ steps, largestStepUs: Math.round(largestStepUs), driftUs: Math.round(driftUs) }),
  };
}

/** The best of some readings of both clocks: the one whose two monotonic readings are closest. */
export function readOffset(
  monotonicMs: () => number,
  wallMs: () => number,
): { readonly offsetUs: number; readonly spreadUs: number } {
  let best = { offsetUs: 0, spreadUs: Number.POSITIVE_INFINITY };
  for (let i = 0; i < READINGS; i++) {
    const before = monotonicMs();
    const wall = wallMs();
    const spreadUs = (monotonicMs() - before) * 1_000;
    if (spreadUs < best.spreadUs) best = { offsetUs: (wall - before) * 1_000, spreadUs };
  }
  return best;
}

const READINGS = 3;
/** How often both are read. */
export const WALL_READ_EVERY_MS = US_PER_SEC / 1_000;

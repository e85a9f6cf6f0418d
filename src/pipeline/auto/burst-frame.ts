/** How fast and how long a burst is that a run chose itself. */
import type { Profile } from '../../model/profile.ts';
import { US_PER_SEC } from '../../model/time.ts';

/** A queue must grow to be seen: by a third of what arrives. */
export const BURST_FACTOR = 1.35;
/** Long enough for as many canaries (4/s) as a slope needs. */
const BURST_US = 2_500_000;
const LEAST_CANARIES = 10;

/** Canaries for each member, and as long as their slope needs. */
export function burstFrame({ limits, members }: Profile): {
  readonly canariesPerSec: number;
  readonly durationUs: number;
} {
  const canariesPerSec = Math.min(4, limits.maxRatePerSec / 2 / Math.max(1, members.length));
  return {
    canariesPerSec,
    durationUs: Math.round(Math.max(BURST_US, (LEAST_CANARIES * US_PER_SEC) / canariesPerSec)),
  };
}

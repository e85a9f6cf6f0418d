/** Tests of gaps between requests, on what left and not on what was meant to leave. */

/** Longer samples reject a quantisation of 1 ms at 20 requests a second, which harms nothing (methods A.6). */
export const MOST_GAPS = 2_000;
/** Below, the power against a closed loop or a pacer of 1 ms is too small to be worth a word. */
export const LEAST_GAPS = 100;

/**
 * Anderson-Darling statistic A* of gaps against exponential ones with their own mean, corrected for the estimated mean
 * (Stephens 1974: A²(1 + 0.6/n)); 1.341 is exceeded by chance in 5 %, 1.957 in 1 %. Undefined where no gap has a length.
 */
export function exponentialStatistic(gaps: readonly number[]): number | undefined {
  const n = gaps.length;
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / n;
  if (!(mean > 0)) return undefined;
  const sorted = gaps.toSorted((a, b) => a - b);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const low = logShare(sorted[i] as number, mean);
    const high = -(sorted[n - 1 - i] as number) / mean;
    sum += (2 * i + 1) * (low + high);
  }
  return (-n - sum / n) * (1 + 0.6 / n);
}

/** ln of the share of exponential gaps below this one. A gap of 0 is one shorter than a µs, not one that cannot be. */
function logShare(gap: number, mean: number): number {
  return Math.log(-Math.expm1(-Math.max(gap, 0.5) / mean));
}

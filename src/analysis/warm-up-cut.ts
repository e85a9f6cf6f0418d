/** How much of the beginning of a series is unlike the rest of it. */

/** A beginning is clearly above the rest where it comes to so many times the largest of it: on a bad day 1.5 times was seen. */
const APART_RATIO = 2;

/**
 * MSER (White, "An effective truncation heuristic for bias reduction in simulation output", 1997), on values that are batches already:
 * how many values to leave out at the start so that the standard error of the mean of the others is least. Undefined where the least is
 * at the half of the series, beyond which it is not asked: such a series does not settle.
 */
export function warmUpCut(values: readonly number[]): number | undefined {
  const half = Math.floor(values.length / 2);
  let best = { cut: 0, error: Number.POSITIVE_INFINITY };
  for (let cut = 0; cut <= half; cut++) {
    const rest = values.slice(cut);
    const mean = rest.reduce((sum, value) => sum + value, 0) / rest.length;
    const squares = rest.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const error = squares / rest.length ** 2;
    if (error < best.error) best = { cut, error };
  }
  return best.cut === half ? undefined : best.cut;
}

/**
 * The length of the longest beginning, up to half of the series, of which every value is above all that came later, and the largest
 * clearly; 0 where there is none. Where order means nothing, a beginning of d of n values is above the rest once in n choose d times.
 */
export function apartBeginning(values: readonly number[]): number {
  for (let length = Math.floor(values.length / 2); length > 0; length--) {
    const first = values.slice(0, length);
    const largest = Math.max(...values.slice(length));
    if (Math.min(...first) > largest && Math.max(...first) >= APART_RATIO * largest) return length;
  }
  return 0;
}

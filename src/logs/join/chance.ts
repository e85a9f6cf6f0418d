/** How likely it is that a line fits a request only by chance. */

/** So far around a request (µs) lines like the one that fits are counted: what is always kept, and further as long as all of them are known. */
const AROUND_US = [3_000_000, 12_000_000, 48_000_000, 192_000_000, 600_000_000];
/** Of so many lines the rate is known well enough: within a third. */
const ENOUGH = 10;

export type Counting = {
  /** The request, by the reference clock. */
  readonly fromUs: number;
  readonly toUs: number;
  /** A line that begins within a time of this width would fit. */
  readonly widthUs: number;
  /** Whether all lines of this time that could be like it are known. */
  isCovered(fromUs: number, toUs: number): boolean;
  /** How many other lines of this time would fit the request had they begun with it. */
  count(fromUs: number, toUs: number): number;
};

/**
 * Probability that at least one other line would fit. Such lines are taken to come at random (Poisson), as often as in the widest time around
 * the request, or as in a narrower one where they came more often: load comes in bursts. One more is counted than was seen, since none in
 * a short time does not show that there are none.
 */
export function chanceOfFit({ fromUs, toUs, widthUs, isCovered, count }: Counting): number {
  let burstPerUs = 0;
  let perUs = Number.POSITIVE_INFINITY;
  for (const [index, marginUs] of AROUND_US.entries()) {
    const [from, to] = [fromUs - marginUs, toUs + marginUs];
    if (index > 0 && !isCovered(from, to)) break;
    const seen = count(from, to);
    burstPerUs = Math.max(burstPerUs, seen / (to - from));
    perUs = (seen + 1) / (to - from);
    if (seen >= ENOUGH) break;
  }
  return 1 - Math.exp(-Math.max(burstPerUs, perUs) * widthUs);
}

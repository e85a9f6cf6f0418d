/** Makes the median absolute deviation of a normal sample equal to its standard deviation: 1 / Φ⁻¹(3/4). */
export const NORMAL_MAD_FACTOR = 1.482602218505602;

/** The middle value; the mean of the two middle ones for an even number; NaN when empty. */
export function median(values: readonly number[] | Float64Array): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median absolute deviation from the median, unscaled; NaN when empty. */
export function medianDeviation(values: readonly number[] | Float64Array): number {
  const center = median(values);
  return median(Float64Array.from(values, (value) => Math.abs(value - center)));
}

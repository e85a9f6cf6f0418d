/**
 * An immutable sample of a quantity: sorted distinct values and how often each occurred. Holds raw samples and decoded
 * histograms alike. Counts may be fractions (mixtures).
 *
 * Rule of quantiles: with n = `count`, rank r = p·(n − 1); the value at a whole rank k is the smallest value whose
 * cumulative count exceeds k; between two whole ranks the values are interpolated linearly. For raw samples this is the
 * usual "type 7" of Hyndman and Fan (numpy, R), exact also for three values; for histograms the error is that of the
 * histogram.
 */
export interface Distribution {
  /** Number of observations; 0 for the empty distribution. */
  readonly count: number;
  /** Smallest, largest, mean: NaN when empty. */
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Ascending, distinct. Not to be written to. */
  readonly values: Float64Array;
  /** How often each of `values` occurred; above 0. Not to be written to. */
  readonly counts: Float64Array;
  /** Value at share `p` (0..1); NaN when empty. */
  quantile(p: number): number;
  /** Share of observations <= x; NaN when empty. */
  cdf(x: number): number;
}

/** Slack against rounding where counts are fractions: a cumulative count of 2.9999999 is 3. */
const COUNT_SLACK = 1e-9;

export const EMPTY_DISTRIBUTION: Distribution = fromSorted(new Float64Array(0), new Float64Array(0));

/** From raw observations in any order. */
export function distributionOf(values: Iterable<number>): Distribution {
  const sorted = Float64Array.from(values).sort();
  const distinct = new Float64Array(sorted.length);
  const counts = new Float64Array(sorted.length);
  let size = 0;
  for (const value of sorted) {
    if (size > 0 && distinct[size - 1] === value) counts[size - 1]! += 1;
    else {
      distinct[size] = value;
      counts[size++] = 1;
    }
  }
  return fromSorted(distinct.slice(0, size), counts.slice(0, size));
}

/** From (value, count) pairs in any order; a value may occur several times; pairs without a count are left out. */
export function distributionOfPairs(pairs: Iterable<readonly [value: number, count: number]>): Distribution {
  const sorted = [...pairs].filter(([, count]) => count > 0).sort((a, b) => a[0] - b[0]);
  const distinct = new Float64Array(sorted.length);
  const counts = new Float64Array(sorted.length);
  let size = 0;
  for (const [value, count] of sorted) {
    if (size > 0 && distinct[size - 1] === value) counts[size - 1]! += count;
    else {
      distinct[size] = value;
      counts[size++] = count;
    }
  }
  return fromSorted(distinct.slice(0, size), counts.slice(0, size));
}

/** All observations of all parts. */
export function mergeDistributions(parts: readonly Distribution[]): Distribution {
  const filled = parts.filter((part) => part.count > 0);
  if (filled.length <= 1) return filled[0] ?? EMPTY_DISTRIBUTION;
  const size = sizeOf(filled);
  // A run's seconds are merged again and again: with arrays of their own for each step 100 MB would wait for the collector.
  const rooms = [roomOf(size), roomOf(size)] as const;
  const { values, counts } = mergeInto(rooms, filled);
  return fromSorted(values.slice(), counts.slice());
}

type Sample = Pick<Distribution, 'values' | 'counts'>;

function roomOf(size: number): Sample {
  return { values: new Float64Array(size), counts: new Float64Array(size) };
}

function sizeOf(parts: readonly Sample[]): number {
  return parts.reduce((sum, { values }) => sum + values.length, 0);
}

/**
 * Halving: every value is copied log2(parts) times, against parts times when merging one after the other. The two rooms take turns, and
 * each half keeps to its own stretch of both, from `start` on.
 */
function mergeInto([target, other]: readonly [Sample, Sample], parts: readonly Sample[], start = 0): Sample {
  const [first, second] = parts;
  if (first === undefined || second === undefined) return first ?? EMPTY_DISTRIBUTION;
  const middle = parts.length >> 1;
  const [left, right] = [parts.slice(0, middle), parts.slice(middle)];
  const a = mergeInto([other, target], left, start);
  const b = mergeInto([other, target], right, start + sizeOf(left));
  const end = start + mergeTwo(a, b, target, start);
  return { values: target.values.subarray(start, end), counts: target.counts.subarray(start, end) };
}

/**
 * The mixture Σ wᵢ·Fᵢ, never an average of quantiles. Weights are relative (default equal); parts without observations
 * are left out and their weight goes to the others. `count` is the sum of the parts' counts.
 */
export function mixtureOf(
  parts: readonly Distribution[],
  weights: readonly number[] = parts.map(() => 1),
): Distribution {
  const used = parts
    .map((part, i) => ({ part, weight: weights[i] ?? 0 }))
    .filter((u) => u.part.count > 0 && u.weight > 0);
  const totalWeight = used.reduce((sum, u) => sum + u.weight, 0);
  const totalCount = used.reduce((sum, u) => sum + u.part.count, 0);
  return mergeDistributions(
    used.map(({ part, weight }) => {
      const factor = (weight / totalWeight) * (totalCount / part.count);
      return fromSorted(part.values, factor === 1 ? part.counts : part.counts.map((count) => count * factor));
    }),
  );
}

/** The raw values again, ascending, where counts are whole numbers. */
export function expandDistribution(distribution: Distribution): number[] {
  const raw: number[] = [];
  distribution.values.forEach((value, i) => {
    for (let k = 0; k < distribution.counts[i]!; k++) raw.push(value);
  });
  return raw;
}

/** Writes to `target` from `start` on; how many values that are. */
function mergeTwo(a: Sample, b: Sample, { values, counts }: Sample, start: number): number {
  let at = start;
  for (let i = 0, j = 0; i < a.values.length || j < b.values.length; at++) {
    const left = i < a.values.length ? a.values[i]! : Number.POSITIVE_INFINITY;
    const right = j < b.values.length ? b.values[j]! : Number.POSITIVE_INFINITY;
    values[at] = Math.min(left, right);
    counts[at] = (left <= right ? a.counts[i++]! : 0) + (right <= left ? b.counts[j++]! : 0);
  }
  return at - start;
}

/** `values` ascending and distinct, `counts` above 0; both are kept, not copied. */
function fromSorted(values: Float64Array, counts: Float64Array): Distribution {
  const size = values.length;
  const cumulative = new Float64Array(size);
  let count = 0;
  let sum = 0;
  for (let i = 0; i < size; i++) {
    count += counts[i]!;
    sum += counts[i]! * values[i]!;
    cumulative[i] = count;
  }
  const valueAtRank = (rank: number): number => {
    const index = firstAbove(cumulative, rank + COUNT_SLACK);
    return values[Math.min(index, size - 1)]!;
  };
  return {
    count,
    min: size === 0 ? Number.NaN : values[0]!,
    max: size === 0 ? Number.NaN : values[size - 1]!,
    mean: size === 0 ? Number.NaN : sum / count,
    values,
    counts,
    quantile(p) {
      if (size === 0) return Number.NaN;
      const rank = Math.min(Math.max(p, 0), 1) * Math.max(count - 1, 0);
      const whole = Math.floor(rank + COUNT_SLACK);
      const rest = Math.max(0, rank - whole);
      const low = valueAtRank(whole);
      return rest <= COUNT_SLACK ? low : low + rest * (valueAtRank(whole + 1) - low);
    },
    cdf(x) {
      if (size === 0) return Number.NaN;
      const index = firstAbove(values, x);
      return index === 0 ? 0 : cumulative[index - 1]! / count;
    },
  };
}

/** Index of the first element > x; the length when there is none. */
function firstAbove(ascending: Float64Array, x: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Dense series made small enough to draw: a chart of a million requests must not be larger than one of a thousand.
 */

/** A drawn dot and how many points it stands for. */
export type Dot = { readonly x: number; readonly y: number; readonly count: number };
export type Area = { readonly x0: number; readonly x1: number; readonly y0: number; readonly y1: number };

/** Below this many points each is drawn as itself: 400 dots still stand apart on the smallest chart. */
const MAX_SINGLE_DOTS = 400;

/**
 * Dots on a grid of `columns` × `rows` cells: one for each cell that holds a point, at the mean of its points. No point
 * disappears: an outlier is alone in its cell and stays.
 */
export function binPoints(
  points: readonly (readonly [number, number])[],
  area: Area,
  columns: number,
  rows: number,
): readonly Dot[] {
  if (points.length <= MAX_SINGLE_DOTS) return points.map(([x, y]) => ({ x, y, count: 1 }));
  const cells = new Map<number, { x: number; y: number; count: number }>();
  for (const [x, y] of points) {
    const column = cellOf(x, area.x0, area.x1, columns);
    const row = cellOf(y, area.y0, area.y1, rows);
    const key = row * columns + column;
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, { x, y, count: 1 });
    else {
      cell.count++;
      cell.x += (x - cell.x) / cell.count;
      cell.y += (y - cell.y) / cell.count;
    }
  }
  return [...cells.values()];
}

/** A line with at most four points (first, lowest, highest, last) in each of `columns` buckets along x: its outline stays. */
export function thinLine(
  points: readonly (readonly [number, number])[],
  columns: number,
): readonly (readonly [number, number])[] {
  if (points.length <= columns * 4) return points;
  const x0 = points[0]?.[0] ?? 0;
  const x1 = points[points.length - 1]?.[0] ?? 0;
  const kept = new Set<number>();
  let bucket = -1;
  let first = 0;
  let lowest = 0;
  let highest = 0;
  const keep = (last: number) => {
    for (const index of [first, lowest, highest, last]) kept.add(index);
  };
  for (const [index, [x, y]] of points.entries()) {
    const at = cellOf(x, x0, x1, columns);
    if (at !== bucket) {
      if (index > 0) keep(index - 1);
      bucket = at;
      first = lowest = highest = index;
    }
    if (y < (points[lowest]?.[1] ?? y)) lowest = index;
    if (y > (points[highest]?.[1] ?? y)) highest = index;
  }
  keep(points.length - 1);
  return points.filter((_, index) => kept.has(index));
}

function cellOf(value: number, low: number, high: number, cells: number): number {
  if (!(high > low)) return 0;
  return Math.min(cells - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * cells)));
}

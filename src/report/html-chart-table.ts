/** What a chart shows, as a table: for screen readers, for copying, and for whoever wants the number itself. */
import type { Axis, Exhibit, Unit, XySeries } from '../model/finding.ts';
import { formatUnit } from '../model/quantity.ts';
import { formatCount, formatInterval, NO_VALUE } from './format.ts';
import { type Cell, table, withNote } from './html-parts.ts';
import type { Markup } from './markup.ts';

/** A table of more rows is read by nobody, and there may be one for each of many findings. */
const MAX_ROWS = 60;
/** A line of so many points is written out where there is room; of any other, and of every cloud, stretches are told. */
const MAX_WRITTEN = 16;
const STRETCHES = 6;

type ChartExhibit = Exhibit & { readonly kind: 'xy' | 'heat' | 'bars' | 'waterfall' };

export function chartTable(exhibit: ChartExhibit): Markup {
  switch (exhibit.kind) {
    case 'bars':
      return barsTable(exhibit);
    case 'waterfall':
      return waterfallTable(exhibit);
    case 'heat':
      return heatTable(exhibit);
    case 'xy':
      return xyTable(exhibit);
    default:
      return exhibit satisfies never;
  }
}

function barsTable(exhibit: Exhibit & { kind: 'bars' }): Markup {
  const columns = [{ title: 'Bar' }, ...exhibit.series.map(({ name }) => ({ title: name, numeric: true }))];
  const rows = exhibit.categories.map((category, at) => [
    category,
    ...exhibit.series.map(({ values }) => exactCell(values[at] ?? null, exhibit.unit)),
  ]);
  return table(exhibit.title, columns, rows);
}

function waterfallTable({ title, lanes }: Exhibit & { kind: 'waterfall' }): Markup {
  const columns = [
    { title: 'Request' },
    { title: 'Phase' },
    { title: 'begins after', numeric: true },
    { title: 'takes', numeric: true },
    { title: 'ends after', numeric: true },
  ];
  const rows = lanes.flatMap(({ name, steps }) =>
    steps.map(({ phase, startUs, endUs }): Cell[] => [
      name,
      phase,
      ...[startUs, endUs - startUs, endUs].map((us) => exactCell(us, 'us')),
    ]),
  );
  return table(title, columns, rows);
}

/** A row for each point of a short line, and for each stretch along x of anything longer. */
function xyTable({ title, x, y, series, marks = [] }: Exhibit & { kind: 'xy' }): Markup {
  const columns = [
    { title: 'Series' },
    { title: x.title, numeric: true },
    { title: 'Points', numeric: true },
    { title: y.title, numeric: true },
    { title: 'from', numeric: true },
    { title: 'to', numeric: true },
  ];
  const room = Math.max(1, Math.floor(MAX_ROWS / Math.max(1, series.length)));
  const rows = series.flatMap((one) => {
    const points = one.points.filter(([, value]) => !Number.isNaN(value));
    const isWritten = one.style !== 'points' && points.length <= Math.min(MAX_WRITTEN, room);
    return isWritten
      ? pointRows({ ...one, points }, x, y)
      : stretchRows(one.name, points, x, y, Math.min(STRETCHES, room));
  });
  const marked = marks.map((mark): Cell[] => {
    const at = onAxis(mark.value, mark.axis === 'x' ? x : y);
    return [
      `mark: ${mark.label}`,
      mark.axis === 'x' ? at : NO_VALUE,
      NO_VALUE,
      mark.axis === 'y' ? at : NO_VALUE,
      NO_VALUE,
      NO_VALUE,
    ];
  });
  return table(title, columns, [...rows, ...marked]);
}

function pointRows({ name, points, band = [] }: XySeries, x: Axis, y: Axis): Cell[][] {
  return points.map(([atX, atY]) => {
    const interval = band.find(([at]) => at === atX);
    const bounds = interval?.slice(1).map((value) => onAxis(value, y)) ?? [NO_VALUE, NO_VALUE];
    return [name, onAxis(atX, x), '1', onAxis(atY, y), ...bounds];
  });
}

/** Stretches with equally many points: the median, the least and the most of each. */
function stretchRows(
  name: string,
  points: readonly (readonly [number, number])[],
  x: Axis,
  y: Axis,
  most: number,
): Cell[][] {
  const sorted = points.toSorted((a, b) => a[0] - b[0]);
  const size = Math.max(1, Math.ceil(sorted.length / most));
  const starts = Array.from({ length: Math.ceil(sorted.length / size) }, (_, index) => index * size);
  return starts.map((start): Cell[] => {
    const part = sorted.slice(start, start + size);
    const values = part.map(([, value]) => value).sort((a, b) => a - b);
    return [
      name,
      spanOf(part[0]?.[0] ?? 0, part.at(-1)?.[0] ?? 0, x),
      formatCount(part.length),
      withNote(onAxis(values[Math.floor((values.length - 1) / 2)] ?? 0, y), part.length > 1 && 'median'),
      onAxis(values[0] ?? 0, y),
      onAxis(values.at(-1) ?? 0, y),
    ];
  });
}

/** Stretches of equal length; half of the requests lie at or below the field that is named as middle. */
function heatTable({ title, x, y, layers }: Exhibit & { kind: 'heat' }): Markup {
  const columns = [
    { title: 'Requests' },
    { title: x.title, numeric: true },
    { title: 'Count', numeric: true },
    { title: 'half below', numeric: true },
    { title: 'quickest above', numeric: true },
    { title: 'slowest below', numeric: true },
  ];
  const all = layers.flatMap(({ cells }) => cells);
  const low = all.reduce((least, cell) => Math.min(least, cell[0]), Number.POSITIVE_INFINITY);
  const high = all.reduce((most, cell) => Math.max(most, cell[1]), low);
  const length = (high - low) / STRETCHES;
  const rows = layers.flatMap(({ name, cells }) =>
    Array.from({ length: STRETCHES }, (_, index): Cell[] | undefined => {
      const from = low + index * length;
      const part = cells.filter(([x0]) => x0 >= from && x0 < from + length).toSorted((a, b) => a[2] - b[2]);
      const total = part.reduce((sum, cell) => sum + cell[4], 0);
      if (total === 0) return undefined;
      let reached = 0;
      const middle = part.find((cell) => {
        reached += cell[4];
        return reached * 2 >= total;
      });
      const span = formatInterval({ low: from, high: from + length }, x.unit) ?? onAxis(from, x);
      const bounds = [middle?.[3], part[0]?.[2], part.at(-1)?.[3]].map((value) => onAxis(value ?? 0, y));
      return [name, span, formatCount(total), ...bounds];
    }).filter((row) => row !== undefined),
  );
  return table(title, columns, rows);
}

function spanOf(low: number, high: number, axis: Axis): string {
  const [from, to] = [onAxis(low, axis), onAxis(high, axis)];
  if (from === to) return from;
  return axis.scale === 'percentile' ? `${from} to ${to}` : (formatInterval({ low, high }, axis.unit) ?? from);
}

function onAxis(value: number, axis: Axis): string {
  if (!Number.isFinite(value)) return NO_VALUE;
  return axis.scale === 'percentile' ? percentile(value) : exactCell(value, axis.unit);
}

/** `p99.9` of 0.999. */
function percentile(share: number): string {
  return `p${Number((share * 100).toFixed(3))}`;
}

export function exactCell(cell: string | number | null, unit: Unit): string {
  if (cell === null) return NO_VALUE;
  if (typeof cell === 'string') return cell;
  return unit === 'count' && Number.isInteger(cell) ? formatCount(cell) : formatUnit(cell, unit);
}

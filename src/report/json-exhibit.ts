import type { Axis, Exhibit, Mark, Unit } from '../model/finding.ts';
import { US_PER_MS } from '../model/time.ts';
import { isoTime, wallTime } from './format.ts';

/** A JSON object; undefined members are left out when it is written. */
export type JsonObject = { readonly [name: string]: unknown };

/** µs to milliseconds with at most three decimals. */
export function toMs(us: number): number {
  return Math.round(us) / US_PER_MS;
}

/** An exhibit as `report.json` has it: whatever is in µs becomes ms. */
export function writeExhibit(exhibit: Exhibit, startedAt: string): JsonObject {
  switch (exhibit.kind) {
    case 'xy':
      return writeXy(exhibit);
    case 'heat':
      return writeHeat(exhibit);
    case 'bars':
      return {
        ...exhibit,
        unit: publicUnit(exhibit.unit),
        series: exhibit.series.map(({ name, values }) => ({ name, values: values.map(converter(exhibit.unit)) })),
      };
    case 'waterfall':
      return {
        ...exhibit,
        lanes: exhibit.lanes.map(({ name, steps }) => ({
          name,
          steps: steps.map(({ phase, startUs, endUs }) => ({ phase, startMs: toMs(startUs), endMs: toMs(endUs) })),
        })),
      };
    case 'table':
      return {
        ...exhibit,
        columns: exhibit.columns.map(({ title, unit }) => ({ title, unit: publicUnit(unit) })),
        rows: exhibit.rows.map((row) =>
          row.map((cell, index) =>
            typeof cell === 'number' ? converter(exhibit.columns[index]?.unit ?? 'text')(cell) : cell,
          ),
        ),
      };
    case 'exchanges':
      return {
        ...exhibit,
        rows: exhibit.rows.map(({ dueUs, elapsedUs, ...row }) => ({
          ...row,
          dueAt: wallTime(startedAt, dueUs),
          dueMs: toMs(dueUs),
          elapsedMs: toMs(elapsedUs),
        })),
      };
    case 'lines':
      return {
        ...exhibit,
        rows: exhibit.rows.map(({ atUs, ...row }) => ({ ...row, at: isoTime(atUs) ?? null })),
      };
    default:
      return exhibit satisfies never;
  }
}

function writeXy(exhibit: Exhibit & { kind: 'xy' }): JsonObject {
  const x = converter(exhibit.x.unit);
  const y = converter(exhibit.y.unit);
  return {
    ...exhibit,
    x: publicAxis(exhibit.x),
    y: publicAxis(exhibit.y),
    series: exhibit.series.map(({ points, band, ...series }) => ({
      ...series,
      points: points.map(([atX, atY]) => [x(atX), y(atY)]),
      ...(band && { band: band.map(([atX, low, high]) => [x(atX), y(low), y(high)]) }),
    })),
    ...writeMarks(exhibit),
  };
}

function writeHeat(exhibit: Exhibit & { kind: 'heat' }): JsonObject {
  const x = converter(exhibit.x.unit);
  const y = converter(exhibit.y.unit);
  return {
    ...exhibit,
    x: publicAxis(exhibit.x),
    y: publicAxis(exhibit.y),
    layers: exhibit.layers.map(({ cells, ...layer }) => ({
      ...layer,
      cells: cells.map(([x0, x1, y0, y1, count]) => [x(x0), x(x1), y(y0), y(y1), count]),
    })),
    ...writeMarks(exhibit),
  };
}

function writeMarks({ x, y, marks }: Exhibit & { kind: 'xy' | 'heat' }): JsonObject {
  if (marks === undefined) return {};
  const write = (mark: Mark): Mark => ({
    ...mark,
    value: converter((mark.axis === 'x' ? x : y).unit)(mark.value),
  });
  return { marks: marks.map(write) };
}

function publicAxis(axis: Axis): JsonObject {
  return { title: axis.title, unit: publicUnit(axis.unit), scale: axis.scale };
}

function publicUnit(unit: Unit): string {
  return unit === 'us' ? 'ms' : unit;
}

function converter(unit: Unit): (value: number) => number {
  return unit === 'us' ? toMs : (value) => value;
}

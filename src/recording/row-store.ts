/** Rows of ordinary answers that may be kept, as numbers: a sample turns over its items many times before it is read. */
import { type AnswerRows, exchangeOfRow, ROW_LENGTH } from '../model/answer-rows.ts';
import type { Exchange } from '../model/exchange.ts';

export type RowStore = {
  /** Keeps a copy; gives the place by which it is known. */
  put(rows: AnswerRows, row: number): number;
  /** The place may be used for another row. */
  free(place: number): void;
  exchange(place: number): Exchange;
};

const FIRST_ROWS = 1_024;

export function createRowStore(): RowStore {
  let values = new Float64Array(FIRST_ROWS * ROW_LENGTH);
  let used = 0;
  const freed: number[] = [];
  /** What the rows of a batch have in common; its own values are let go. */
  const abouts: Omit<AnswerRows, 'values'>[] = [];
  let latest: { readonly from: AnswerRows; readonly about: Omit<AnswerRows, 'values'> } | undefined;
  const aboutOf = (rows: AnswerRows): Omit<AnswerRows, 'values'> => {
    if (latest?.from.values === rows.values) return latest.about;
    const { values: _values, ...about } = rows;
    latest = { from: rows, about };
    return about;
  };
  return {
    put(rows, row) {
      const place = freed.pop() ?? used++;
      if ((place + 1) * ROW_LENGTH > values.length) {
        const larger = new Float64Array(2 * values.length);
        larger.set(values);
        values = larger;
      }
      const from = row * ROW_LENGTH;
      for (let i = 0; i < ROW_LENGTH; i++) values[place * ROW_LENGTH + i] = rows.values[from + i] as number;
      abouts[place] = aboutOf(rows);
      return place;
    },
    free: (place) => void freed.push(place),
    exchange(place) {
      const row = values.subarray(place * ROW_LENGTH, (place + 1) * ROW_LENGTH);
      return exchangeOfRow({ ...(abouts[place] as Omit<AnswerRows, 'values'>), count: 1, values: row }, 0);
    },
  };
}

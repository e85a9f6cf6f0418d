import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markRows, markSpan, type PlacedMark } from '../../src/charts/mark-series.ts';

const PLOT = { left: 50, width: 600 };
const mark = (at: number, label: string): PlacedMark => ({ axis: 'x', at, label });
const rowsOf = (marks: readonly PlacedMark[]) => {
  const rows = markRows(marks, ({ at, label }) => markSpan(label, at, PLOT));
  return marks.map((one) => rows.get(one));
};

const CASES: readonly { name: string; marks: readonly PlacedMark[]; rows: readonly (number | undefined)[] }[] = [
  { name: 'labels far apart share the lowest row', marks: [mark(60, 'one'), mark(400, 'two')], rows: [0, 0] },
  // The line of the left mark then passes beside the label of the right one.
  {
    name: 'of two close labels the left one goes up',
    marks: [mark(100, 'still warm at 5 min'), mark(140, 'cold')],
    rows: [1, 0],
  },
  {
    name: 'of two close labels at the right edge the right one goes up',
    marks: [mark(600, 'still warm at 5 min'), mark(640, 'cold at 10 min')],
    rows: [0, 1],
  },
  {
    name: 'three in a row climb',
    marks: [mark(100, 'first label'), mark(120, 'second label'), mark(140, 'third label')],
    rows: [2, 1, 0],
  },
  { name: 'marks on y have no row', marks: [{ axis: 'y', at: 5, label: 'limit' }], rows: [undefined] },
];
for (const { name, marks, rows } of CASES) {
  test(name, () => assert.deepEqual(rowsOf(marks), rows));
}

test('a label turns to the left where the right has no room', () => {
  assert.equal(markSpan('ARR proxy timeout', 300, PLOT).turned, false);
  assert.equal(markSpan('ARR proxy timeout', 640, PLOT).turned, true);
});

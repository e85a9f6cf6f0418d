import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shortPath } from '../../src/charts/path-data.ts';

const CASES: readonly (readonly [name: string, from: string, to: string])[] = [
  ['level and upright lines need one number', 'M48 250.5L662 250.5L662 10', 'M48 250.5h614V10'],
  ['near places are told from the last one', 'M100.04 200L101.71 198.1L103.4 201', 'M100 200l1.7-1.9 1.7 2.9'],
  ['far ones by themselves where that is shorter', 'M5 5L1 300', 'M5 5 1 300'],
  ['dots stay dots', 'M10 5h0M11.5 4h0', 'M10 5h0m1.5-1h0'],
  ['a step too small to be seen goes', 'M10 5L20 5L20.01 5L30 5', 'M10 5h10 10'],
  ['a line too short to be seen is a dot', 'M10 5L10.01 5', 'M10 5h0'],
  ['a closed shape goes back to its begin', 'M34 46l629 0l0 222l-629 0Z', 'M34 46h629v222H34Z'],
  ['after it the place is that begin', 'M30 40l10 0l0 10ZM31 41l5 5', 'M30 40h10v10Zm1 1 5 5'],
  ['nothing is nothing', '', ''],
];
for (const [name, from, to] of CASES) test(name, () => assert.equal(shortPath(from), to));

test('curves are left to others', () => {
  assert.equal(shortPath('M1 0A1 1 0 1 1 1 -0.1'), undefined);
  assert.equal(shortPath('M1 0C1 1 0 1 1 1'), undefined);
  assert.equal(shortPath('M1 0L1'), undefined);
});

/** Reads a path the slow way, step by step, as a browser would. */
function places(d: string): readonly string[] {
  const found: string[] = [];
  let [x, y, command] = [0, 0, ''];
  const tokens = d.match(/[a-zA-Z]|-?\d*\.?\d+/g) ?? [];
  while (tokens.length > 0) {
    if (/[a-zA-Z]/.test(tokens[0] ?? '')) command = tokens.shift() ?? '';
    const isRelative = command === command.toLowerCase();
    const kind = command.toUpperCase();
    const first = Number(tokens.shift());
    if (kind === 'H') x = first + (isRelative ? x : 0);
    else if (kind === 'V') y = first + (isRelative ? y : 0);
    else [x, y] = [first + (isRelative ? x : 0), Number(tokens.shift()) + (isRelative ? y : 0)];
    found.push(`${kind === 'M' ? 'M' : 'L'} ${Math.round(x * 10)} ${Math.round(y * 10)}`);
    if (kind === 'M') command = isRelative ? 'l' : 'L';
  }
  return found;
}

test('however long, every place is where it was, to a tenth of a pixel', () => {
  const tenth = fc.integer({ min: -3_000, max: 7_000 }).map((n) => n / 10);
  const step = fc.record({ move: fc.boolean(), x: tenth, y: tenth });
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 60 }), (steps) => {
      const apart = steps.filter(({ x, y }, index) => x !== steps[index - 1]?.x || y !== steps[index - 1]?.y);
      const long = apart.map(({ move, x, y }, index) => `${move || index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
      const short = shortPath(long) ?? 'not read';
      assert.deepEqual(places(short), places(long));
      assert.ok(short.length <= long.length);
    }),
    { seed: 1 },
  );
});

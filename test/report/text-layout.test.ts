import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignColumns, wrapText } from '../../src/report/text-layout.ts';

test('text breaks at spaces and hangs under its first line', () => {
  assert.deepEqual(wrapText('one two three four', { width: 14, first: '- ', rest: '  ' }), [
    '- one two',
    '  three four',
  ]);
  assert.deepEqual(wrapText('', { width: 14, first: '- ', rest: '  ' }), []);
});

test('a number keeps its unit', () => {
  assert.deepEqual(wrapText('it took about 12.5 ms there', { width: 18, first: '', rest: '' }), [
    'it took about',
    '12.5 ms there',
  ]);
});

test('a word longer than a line is cut, not lost', () => {
  const lines = wrapText(`x ${'a'.repeat(45)} y`, { width: 20, first: '', rest: '' });
  assert.ok(lines.every((line) => line.length <= 20));
  assert.equal(lines.join('').replaceAll(' ', ''), `x${'a'.repeat(45)}y`);
});

test('columns: text to the left, numbers to the right', () => {
  assert.deepEqual(
    alignColumns(
      [
        ['route', 'n'],
        ['gateway', '1,000'],
        ['web1', '5'],
      ],
      80,
    ),
    ['route        n', 'gateway  1,000', 'web1         5'],
  );
});

test('a name that has no room is cut', () => {
  const lines = alignColumns([['a'.repeat(60), '1,000']], 40);
  assert.ok((lines[0]?.length ?? 0) <= 40 && lines[0]?.includes('…') === true);
});

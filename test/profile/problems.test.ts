import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblems, profileError } from '../../src/profile/problems.ts';

test('one line per problem, in the order of the file, each once', () => {
  const late = { path: 'b', line: 9, column: 1, message: 'expected 1, found 2', hint: 'Write 1.' };
  const error = profileError('profiles/shop.yaml', [
    late,
    { path: 'a[0]', line: 2, column: 7, message: 'unknown key' },
    late,
    { path: '', message: 'cannot be read' },
    { path: 'a', line: 2, column: 3, message: 'is it?' },
  ]);
  assert.equal(error.message, 'profiles/shop.yaml: 4 problems');
  assert.deepEqual(formatProblems(error).split('\n'), [
    'profiles/shop.yaml: cannot be read.',
    'profiles/shop.yaml:2:3 a: is it?',
    'profiles/shop.yaml:2:7 a[0]: unknown key.',
    'profiles/shop.yaml:9:1 b: expected 1, found 2. Write 1.',
  ]);
});

test('a hundred lines are enough, and nothing in them reaches the terminal as a control character', () => {
  const problems = Array.from({ length: 130 }, (_, index) => ({
    path: 'a',
    line: index + 1,
    column: 1,
    message: 'bad \u001b[31m\nred',
  }));
  const lines = formatProblems(profileError('a.yaml', problems)).split('\n');
  assert.equal(lines.length, 101);
  assert.equal(lines[0], 'a.yaml:1:1 a: bad  [31m red.');
  assert.equal(lines[100], 'a.yaml: and 30 more');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblems, profileError } from '../../src/profile/problems.ts';
import { parseText, problemsOf } from './fixture-profiles.ts';

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

const HEAD =
  'name: shop\ngateway: { url: "http://127.0.0.1:1" }\nmembers: [{ name: web1, url: "http://127.0.0.1:2" }]\n';

test('below a threshold stands its line, with a caret under the word that is wrong', async () => {
  for (const [line, word] of [
    ['  - gateway p98 < 800ms', 'p98'],
    ['  - "gateway p99 < 800"', '800"'],
    ["  - 'phase conect p99 < 8ms'", 'conect'],
    ['  - direct web9 p50 < 1s', 'web9'],
    ['  - gateway p50 < 1s of hoome', 'hoome'],
    ['  - gateway p50 < 1s during brust', 'brust'],
    ['  - gateway\tp98 < 800ms', 'p98'],
  ] as const) {
    const text = await problemsOf(() => parseText(`${HEAD}thresholds:\n${line}\n`));
    const [message, excerpt, caret] = text.split('\n');
    const column = line.indexOf(word) + 1;
    assert.ok(message?.startsWith(`shop.yaml:5:${column} thresholds[0]: `), message);
    assert.equal(excerpt, `  ${line.replace('\t', ' ')}`);
    assert.equal(caret, `  ${' '.repeat(column - 1)}^`);
  }
});

test('lines of other keys, which may hold secrets, are not repeated', async () => {
  const text = await problemsOf(() =>
    parseText(`${HEAD}auth: { bearer: { token: s3cret } }\nfailOn: wrning\nthresholds: {}\n`),
  );
  assert.ok(
    text.split('\n').every((line) => !line.startsWith('  ')),
    text,
  );
});

test('an experiment that the profile does not have cannot be looked at', async () => {
  const experiments = 'experiments:\n  - compare: { rate: 5/s, for: 10s }\n  - burst: { rate: 5/s, for: 10s }\n';
  for (const name of ['burst', 'burst-1', 'compare']) {
    parseText(`${HEAD}${experiments}thresholds: [gateway p50 < 1s during ${name}]\n`);
    // Without experiments the run chooses them itself.
    parseText(`${HEAD}thresholds: [gateway p50 < 1s during ${name}]\n`);
  }
  for (const name of ['burst-2', 'ramp']) {
    const text = await problemsOf(() =>
      parseText(`${HEAD}${experiments}thresholds: [gateway p50 < 1s during ${name}]\n`),
    );
    assert.match(text, /unknown experiment/);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml, type Source } from '../../src/profile/source.ts';

function sourceOf(text: string): Source {
  const { source, problems } = readYaml(text);
  assert.deepEqual(problems, []);
  assert.ok(source !== undefined);
  return source;
}

const TEXT = `name: shop
members:
  - name: "web1"
    url: http://a
  - { name: web2, url: }
empty:
`;

for (const [what, path, part, offset, expected] of [
  ['a value', ['name'], 'value', 0, [1, 7]],
  ['a key', ['members', 0, 'url'], 'key', 0, [4, 5]],
  ['a value in a list', ['members', 1, 'name'], 'value', 0, [5, 13]],
  ['a character in plain text', ['name'], 'value', 2, [1, 9]],
  ['a character in quotes', ['members', 0, 'name'], 'value', 2, [3, 14]],
  ['an entry', ['members', 1], 'value', 0, [5, 5]],
  ['a missing key, at what encloses it', ['members', 0, 'host'], 'value', 0, [3, 5]],
  ['an empty value, at its key', ['members', 1, 'url'], 'value', 0, [5, 19]],
  ['an empty value of the profile', ['empty'], 'value', 0, [6, 1]],
  ['what is missing in an empty value', ['empty', 'a', 'b'], 'value', 0, [6, 1]],
  ['the profile', [], 'value', 0, [1, 1]],
] as const) {
  test(`the position of ${what}`, () => {
    assert.deepEqual(sourceOf(TEXT).locator.position(path, part, offset), { line: expected[0], column: expected[1] });
  });
}

test('values are plain, keys are text, prototypes are out of reach', () => {
  const { value } = sourceOf(
    'a: 1\n2: b\ntrue: c\n__proto__: { x: 1 }\nd: 2026-01-01\ne: yes\nf: ~\ng: 0x10\nh: [.inf]\n',
  );
  assert.equal(
    JSON.stringify(value),
    '{"2":"b","a":1,"true":"c","__proto__":{"x":1},"d":"2026-01-01","e":"yes","f":null,"g":16,"h":[null]}',
  );
});

test('an alias is the value of its anchor, also twice', () => {
  assert.equal(
    JSON.stringify(sourceOf('a: &x { b: [1] }\nc: *x\nd: [*x, *x]').value),
    '{"a":{"b":[1]},"c":{"b":[1]},"d":[{"b":[1]},{"b":[1]}]}',
  );
});

test('a duplicate key does not hide the rest', () => {
  const { source, problems } = readYaml('a: 1\na: 2\nb: 3');
  assert.equal(JSON.stringify(source?.value), '{"a":1,"b":3}');
  assert.deepEqual(problems, [
    { path: 'a', line: 2, column: 1, message: 'duplicate key a, first on line 1', hint: 'Keep one of the two.' },
  ]);
});

for (const [what, text] of [
  ['a cycle by a second anchor of one name', 'a: &x [1]\nb: &y [*x]\nc: &x [*y]\nd: *x'],
  ['brackets without end', '['.repeat(50_000)],
  ['a value for every character', `[${'[],'.repeat(120_000)}]`],
] as const) {
  test(`${what} ends`, () => assert.ok(readYaml(text).problems.length > 0));
}

test('not more than ten faults of syntax are told', () => {
  assert.equal(readYaml('"\\q" '.repeat(50)).problems.length, 10);
});

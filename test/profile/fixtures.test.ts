import assert from 'node:assert/strict';
import { join, sep } from 'node:path';
import { test } from 'node:test';
import { EXAMPLES, FIXTURES, loadFixture, problemsOf, readLines, yamlFilesIn } from './fixture-profiles.ts';

const INVALID = join(FIXTURES, 'invalid');
const VALID = join(FIXTURES, 'valid');

for (const name of yamlFilesIn(INVALID)) {
  test(`invalid/${name} is refused with exactly the problems it names`, async () => {
    const expected = readLines(INVALID, name)
      .filter((line) => line.startsWith('# expect: '))
      .map((line) => line.slice('# expect: '.length));
    assert.ok(expected.length > 0, 'the fixture names no problem');
    const problems = await problemsOf(() => loadFixture(INVALID, name));
    const lines = problems.replaceAll(INVALID + sep, '').split('\n');
    // Below a threshold stands the line itself, which the fixture has already; problems.test.ts looks at it.
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('  ')),
      expected,
    );
  });
}

for (const [folder, names] of [
  [VALID, yamlFilesIn(VALID)],
  [EXAMPLES, yamlFilesIn(EXAMPLES)],
] as const) {
  for (const name of names) {
    test(`${name} is valid`, async () => {
      const profile = await loadFixture(folder, name);
      assert.ok(profile.members.length > 0);
    });
  }
}

test('the examples are the documented four, name their schema, and need no note but on default limits', async () => {
  const names = yamlFilesIn(EXAMPLES);
  for (const name of ['arr-farm.yaml', 'nginx-one-member.yaml', 'quick-compare.yaml', 'release-gate.yaml']) {
    assert.ok(names.includes(name), name);
  }
  for (const name of names) {
    assert.equal(
      readLines(EXAMPLES, name)[0],
      '# yaml-language-server: $schema=../src/profile/profile.schema.json',
      name,
    );
    const notes = (await loadFixture(EXAMPLES, name)).notes.filter((note) => !note.startsWith('limits is left out: '));
    assert.deepEqual(notes, [], name);
  }
});

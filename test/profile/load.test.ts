import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ProfileError } from '../../src/errors.ts';
import { loadProfile } from '../../src/profile/load.ts';
import { parseWith, problemsOf } from './fixture-profiles.ts';

const folder = mkdtempSync(join(tmpdir(), 'gateprobe-profile-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const VALID =
  'name: shop\ngateway: { url: "https://shop.example.com" }\nmembers: [{ name: web1, url: "http://192.0.2.11" }]\n';

function write(name: string, content: string | Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const UNREADABLE: readonly [string, () => string, string][] = [
  ['a missing file', () => join(folder, 'nothing.txt'), 'cannot be read: no such file.'],
  ['a folder', () => folder, 'a folder, not a profile. Name a YAML file in it.'],
  [
    'a binary file',
    () => write('a.bin', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2])),
    'not a text file. A profile is a YAML file in UTF-8.',
  ],
  [
    'a text in Latin-1',
    () => write('latin.yaml', Buffer.from('name: Köln\n', 'latin1')),
    'not a text file. A profile is a YAML file in UTF-8.',
  ],
  ['a text with a NUL', () => write('nul.yaml', 'name: a\0b\n'), 'not a text file. A profile is a YAML file in UTF-8.'],
  [
    'a huge file',
    () => write('huge.yaml', '#'.repeat(1_000_001)),
    '1000001 bytes long; a profile has at most 1000000. Is this another kind of file?',
  ],
  [
    'an empty file',
    () => write('empty.yaml', ''),
    'the profile is empty. Write one with: gateprobe init <gateway-url> --member <url>.',
  ],
];

for (const [what, make, expected] of UNREADABLE) {
  test(`${what} is one clear message`, async () => {
    const file = make();
    assert.equal(await problemsOf(() => loadProfile(file)), `${file}: ${expected}`);
  });
}

test('a slip in the file name is told', async () => {
  write('farm.yaml', VALID);
  assert.match(await problemsOf(() => loadProfile(join(folder, 'fram.yaml'))), /Did you mean .*farm\.yaml\?$/);
  assert.match(await problemsOf(() => loadProfile(join(folder, 'farm'))), /Did you mean .*farm\.yaml\?$/);
});

test('UTF-16 from PowerShell, a byte order mark and Windows line ends are read', async () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(VALID, 'utf16le')]);
  for (const content of [utf16, `\uFEFF${VALID}`, VALID.replaceAll('\n', '\r\n')]) {
    assert.equal((await loadProfile(write('windows.yaml', content))).name, 'shop');
  }
});

test('files that a profile names are relative to it, bounded, and without their last line break', async () => {
  mkdirSync(join(folder, 'secrets'), { recursive: true });
  writeFileSync(join(folder, 'secrets', 'token.txt'), 'tok-from-file\r\n');
  const profile = await loadProfile(write('named.yaml', `${VALID}auth: { bearer: "\${file:secrets/token.txt}" }\n`));
  assert.deepEqual(profile.auth, { kind: 'bearer', token: 'tok-from-file' });
  writeFileSync(join(folder, 'secrets', 'big.txt'), 'x'.repeat(1_000_001));
  for (const [name, reason] of [
    ['big.txt', 'it is longer than 1000000 bytes'],
    ['', 'it is not a file'],
    ['none.txt', 'no such file'],
  ]) {
    const file = write('named.yaml', `${VALID}auth: { bearer: "\${file:secrets/${name}}" }\n`);
    assert.ok((await problemsOf(() => loadProfile(file))).includes(`secrets/${name} cannot be read: ${reason}.`), name);
  }
});

test('the environment is the process unless another is given', async () => {
  const file = write('env.yaml', `${VALID}auth: { bearer: "\${env:GATEPROBE_TEST_TOKEN}" }\n`);
  process.env['GATEPROBE_TEST_TOKEN'] = 'from-process';
  try {
    assert.deepEqual((await loadProfile(file)).auth, { kind: 'bearer', token: 'from-process' });
    assert.match(await problemsOf(() => loadProfile(file, { env: {} })), /GATEPROBE_TEST_TOKEN is not set/);
  } finally {
    delete process.env['GATEPROBE_TEST_TOKEN'];
  }
});

test('the error is a usage error with every problem as data', () => {
  try {
    parseWith('failOn: maybe\nmask: [1]');
    assert.fail('valid');
  } catch (error) {
    assert.ok(error instanceof ProfileError);
    assert.equal(error.exitCode, 2);
    assert.equal(error.message, 'shop.yaml: 2 problems');
    assert.deepEqual(error.problems[0], {
      path: 'failOn',
      line: 4,
      column: 9,
      message: 'expected one of info, warning, error, critical, never, found "maybe"',
      expected: 'one of info, warning, error, critical, never',
      found: '"maybe"',
    });
  }
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { FIXTURES, loadFixture, parseWith, problemsOf } from './fixture-profiles.ts';

const VALID = join(FIXTURES, 'valid');

test('references are replaced everywhere, and only secrets count as secret', async () => {
  const profile = await loadFixture(VALID, 'references.yaml');
  assert.equal(profile.name, 'shop');
  assert.equal(profile.gateway.url, 'https://shop.example.com');
  assert.equal(profile.limits.maxRequests, 600);
  assert.equal(profile.limits.maxRatePerSec, 5);
  assert.equal(profile.requests[0]?.path, '/?key=s3cr3t-token');
  assert.equal(profile.requests[0]?.headers['Authorization'], 'Bearer s3cr3t-from-file');
  assert.deepEqual([...profile.secrets].sort(), [
    'Bearer s3cr3t-from-file',
    's3cr3t-from-file',
    's3cr3t-token',
    'user=probe&password=s3cr3t-token',
  ]);
});

test('what looks like a reference but is none is noted', async () => {
  const { notes } = await loadFixture(VALID, 'references.yaml');
  assert.deepEqual(notes, [
    `requests[0].headers.X-Literal: $${'{NAME}'} is sent as it is written; an environment variable is $${'{env:NAME}'}`,
  ]);
});

for (const [what, extra, secrets] of [
  [
    'a password and its header form',
    'auth: { basic: { user: me, password: hunter22 } }',
    ['hunter22', 'bWU6aHVudGVyMjI='],
  ],
  ['a token', 'auth: { bearer: tok-1234 }', ['tok-1234']],
  ['cookies', 'cookies: { session: abcd-efgh, theme: dark }', ['abcd-efgh', 'dark']],
  [
    'fields of a login',
    `auth: { login: { path: /in, body: '{"user":"probe","password":"hunter22"}' } }`,
    ['{"user":"probe","password":"hunter22"}', 'hunter22'],
  ],
  [
    'headers that carry credentials',
    'requests: [{ name: a, path: /, headers: { X-Api-Key: k-12345, Accept: text/html } }]',
    ['k-12345'],
  ],
] as const) {
  test(`${what} are secret by their place`, () => {
    assert.deepEqual([...parseWith(extra).secrets].sort(), [...secrets].sort());
  });
}

test('a private key and the password of a forward proxy are secret', async () => {
  const { secrets } = await loadFixture(VALID, 'everything.yaml');
  assert.ok(secrets.some((secret) => secret.startsWith('-----BEGIN PRIVATE KEY-----')));
  assert.ok(secrets.includes('pa:ss'));
});

test('a message never repeats what a reference stood for', async () => {
  const extra = `failOn: "\${env:SHOP_TOKEN}"\nlimits: { maxRate: "\${env:SHOP_TOKEN}" }\nmask: ["\${env:SHOP_TOKEN}"]\nrequests: [{ name: a, path: "\${env:SHOP_TOKEN}", headers: { X: "ä\${env:SHOP_TOKEN}" } }]`;
  const problems = await problemsOf(() => parseWith(extra));
  assert.equal(problems.split('\n').length, 4);
  assert.ok(!problems.includes('s3cr3t'), problems);
});

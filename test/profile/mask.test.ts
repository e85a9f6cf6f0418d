import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSecretHeader, maskProfile, maskText } from '../../src/profile/mask.ts';
import { FIXTURES, loadFixture, parseWith } from './fixture-profiles.ts';

const SECRET = 'p&ss/w"rd+1 ü';

for (const [form, text] of [
  ['itself', SECRET],
  ['base64', Buffer.from(SECRET).toString('base64')],
  ['base64url', Buffer.from(SECRET).toString('base64url')],
  ['url-encoded', encodeURIComponent(SECRET)],
  ['url-encoded in lower case', encodeURIComponent(SECRET).toLowerCase()],
  ['a form field', new URLSearchParams({ a: SECRET }).toString().slice(2)],
  ['a text in JSON', JSON.stringify(SECRET).slice(1, -1)],
  ['HTML', 'p&amp;ss/w&quot;rd+1 ü'],
] as const) {
  test(`a secret is hidden as ${form}`, () => {
    assert.equal(maskText(`before ${text} after ${text}`, [SECRET], []), 'before *** after ***');
  });
}

for (const [what, text, params, expected] of [
  ['a named parameter', 'GET /a?token=abc&x=1', ['token'], 'GET /a?token=***&x=1'],
  ['any case', '/a?Token=abc', ['token'], '/a?Token=***'],
  [
    'several, in a log column without ?',
    '/a x=1&sid=9&token=abc 443',
    ['token', 'sid'],
    '/a x=1&sid=***&token=*** 443',
  ],
  ['not a longer name', '/a?mytoken=abc&tokens=1', ['token'], '/a?mytoken=abc&tokens=1'],
  ['up to a quote or fragment', '"/a?token=abc" /b?token=def#x', ['token'], '"/a?token=***" /b?token=***#x'],
  ['a name with signs of patterns', '/a?a.b[]=1&aXb[]=2', ['a.b[]'], '/a?a.b[]=***&aXb[]=2'],
  [
    'user and password of an address',
    'to http://me:pw@proxy:3128/ and https://x@y/',
    [],
    'to http://***@proxy:3128/ and https://***@y/',
  ],
  ['not an address in a query', 'http://a/?m=x@y', [], 'http://a/?m=x@y'],
] as const) {
  test(`masks ${what}`, () => assert.equal(maskText(text, [], params), expected));
}

test('a secret within another does not leave a rest', () => {
  assert.equal(maskText('abcdef abcd', ['abcd', 'abcdef'], []), '*** ***');
});

test('short secrets and words of JSON do not ruin a text', () => {
  assert.equal(maskText('{"a":true,"b":123}', ['true', '123', ''], []), '{"a":true,"b":123}');
});

test('no form of a secret is left in any text', () => {
  const secret = fc
    .string({ unit: 'grapheme', minLength: 4, maxLength: 20 })
    .filter((text) => text.isWellFormed() && !/^(true|false|null|none)$/i.test(text) && !text.includes('*'));
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
      const masked = maskText(`${before} ${hidden} ${encodeURIComponent(hidden)} ${after}`, [hidden], []);
      assert.ok(!masked.includes(hidden));
    }),
  );
});

test('headers that carry credentials are known by their names', () => {
  for (const name of [
    'Authorization',
    'Proxy-Authorization',
    'Cookie',
    'X-Api-Key',
    'x-apikey',
    'X-Auth',
    'X-Auth-Token',
    'X-CSRF-Token',
    'X-Client-Secret',
    'X-Session',
  ])
    assert.ok(isSecretHeader(name), name);
  for (const name of ['Accept', 'X-Author', 'Host', 'X-Request-Id', 'Cache-Control'])
    assert.ok(!isSecretHeader(name), name);
});

test('a masked profile holds no secret in any place', async () => {
  for (const name of ['everything.yaml', 'references.yaml', 'login-body.yaml', 'bearer.yaml']) {
    const profile = await loadFixture(join(FIXTURES, 'valid'), name);
    const masked = maskProfile(profile);
    assert.ok(!('secrets' in masked));
    const text = JSON.stringify(masked);
    for (const secret of profile.secrets)
      assert.ok(!text.includes(JSON.stringify(secret).slice(1, -1)), `${name}: ${secret}`);
    assert.ok(!text.includes('hunter22') && !text.includes('pa%3Ass') && !text.includes('PRIVATE KEY'), name);
    assert.deepEqual(
      masked.members.map((member) => [member.name, member.url]),
      profile.members.map((member) => [member.name, member.url]),
    );
    assert.deepEqual(masked.experiments, profile.experiments);
  }
});

test('a value that is hidden by its name is hidden alone too, as written and decoded; placeholders and short ones are not', () => {
  const { secrets } = parseWith(
    'requests: [{ name: home, path: "/?Token=a%2Fbcde&q=open&ticket=7&sig={random}" }, { name: bare, path: /token=none }]\nmask: [ticket]',
  );
  assert.deepEqual(secrets, ['a%2Fbcde', 'a/bcde']);
});

test('a secret in UTF-8 is hidden in a text that was read byte by byte', () => {
  const read = Buffer.from('it is "pässwörd".').toString('latin1');
  assert.equal(maskText(read, ['pässwörd'], []), 'it is "***".');
});

test('header values are hidden by the header, parameters by their names, the rest stays', () => {
  const profile = parseWith(
    'requests: [{ name: dark, path: "/?ticket=7&x=1", headers: { X-Api-Key: abc, Accept: text/html }, expect: { body: { includes: dark } } }]\nmask: [ticket]\ncookies: { theme: dark, id: ab }\nexperiments: [{ volley: { sizes: [2], request: dark } }]\nlimits: { maxInFlight: 50 }',
  );
  const masked = maskProfile(profile);
  assert.deepEqual(masked.requests[0], {
    // A name is a reference, whatever it is equal to.
    name: 'dark',
    path: '/?ticket=***&x=1',
    method: 'GET',
    headers: { 'X-Api-Key': '***', Accept: 'text/html' },
    weight: 1,
    safe: false,
    expect: { bodyIncludes: '***' },
  });
  assert.deepEqual(masked.cookies, { theme: '***', id: '***' });
  assert.deepEqual(masked.experiments, profile.experiments);
  assert.deepEqual(masked.notes, [
    'a secret has fewer than 4 characters: it is hidden in its own place, but not where the same characters turn up elsewhere',
  ]);
});

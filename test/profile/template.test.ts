import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileTemplate } from '../../src/profile/template.ts';
import { parseText } from './fixture-profiles.ts';

test('what init writes loads, is cautious, and says what each part is for', () => {
  const text = profileTemplate({
    name: 'shop',
    gatewayUrl: 'https://shop.example.com',
    members: [
      { name: 'web1', url: 'http://192.0.2.11:8080', host: 'shop.example.com:443' },
      { name: 'web2', url: 'http://[2001:db8::1]:8080' },
    ],
    schema: './profile.schema.json',
  });
  const profile = parseText(text);
  assert.equal(text.split('\n', 1)[0], '# yaml-language-server: $schema=./profile.schema.json');
  assert.deepEqual(
    profile.members.map(({ name, url, host }) => [name, url, host]),
    [
      ['web1', 'http://192.0.2.11:8080', 'shop.example.com:443'],
      ['web2', 'http://[2001:db8::1]:8080', undefined],
    ],
  );
  assert.deepEqual(
    profile.experiments.map(({ kind }) => kind),
    ['compare', 'idle'],
  );
  assert.ok(profile.limits.maxRatePerSec <= 20 && profile.limits.maxRequests <= 5_000);
  assert.deepEqual(profile.notes, []);
});

test('lines that are commented out are valid once they are used', () => {
  const text = profileTemplate({
    name: 'shop',
    gatewayUrl: 'https://shop.example.com',
    members: [{ name: 'web1', url: 'http://192.0.2.11' }],
  });
  const used = text.replace(/^( *)# (- |kind:|host:)/gm, '$1$2');
  assert.notEqual(used, text);
  const profile = parseText(used);
  assert.deepEqual(
    profile.experiments.map(({ kind }) => kind),
    ['compare', 'idle', 'ramp', 'burst', 'volley', 'timeout'],
  );
  assert.equal(profile.thresholds.length, 3);
  assert.equal(profile.gateway.kind, 'arr');
});

for (const name of [
  'shop',
  'shop farm',
  "it's",
  'a # b',
  '2026',
  'true',
  'null',
  '- a',
  'Köln',
  'a, b',
  '{a}',
  '1m30s',
  '0x10',
  '~',
  '@x',
  'a!',
]) {
  test(`the name ${name} is read back`, () => {
    const text = profileTemplate({ name, gatewayUrl: 'http://a', members: [{ name: 'b', url: 'http://b' }] });
    assert.equal(parseText(text).name, name);
  });
}

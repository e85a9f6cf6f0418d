import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adhocProfile } from '../../src/profile/adhoc.ts';
import { problemsOf } from './fixture-profiles.ts';

test('a comparison without a file is small, and its limits are no wider than it needs', () => {
  const profile = adhocProfile({
    gatewayUrl: 'https://shop.example.com',
    memberUrls: ['http://192.0.2.11:8080', 'http://192.0.2.12:8080'],
  });
  assert.deepEqual(profile.experiments, [
    { kind: 'compare', ratePerSec: 10, durationUs: 30_000_000, newConnectionRatio: 0.5, arrival: 'poisson' },
  ]);
  assert.deepEqual(
    profile.members.map(({ name, url }) => [name, url]),
    [
      ['192.0.2.11-8080', 'http://192.0.2.11:8080'],
      ['192.0.2.12-8080', 'http://192.0.2.12:8080'],
    ],
  );
  assert.equal(profile.requests[0]?.path, '/');
  const { maxRatePerSec, maxRequests, maxNewConnectionsPerSec } = profile.limits;
  // 10 rounds a second, each on three routes.
  assert.deepEqual([maxRatePerSec, maxNewConnectionsPerSec], [30, 30]);
  assert.ok(maxRequests >= 900 && maxRequests < 1_500, String(maxRequests));
  assert.deepEqual(profile.notes, []);
});

test('a rate that has no short decimal stays within its own limits', () => {
  for (const ratePerSec of [2 / 3, 1 / 7, 1 / 3_600, 33.333_333_4]) {
    const { notes } = adhocProfile({ gatewayUrl: 'http://a', memberUrls: ['http://b', 'http://c'], ratePerSec });
    assert.deepEqual(notes, [], `${ratePerSec}`);
  }
});

test('options of the command line are used', () => {
  const profile = adhocProfile({
    gatewayUrl: 'https://shop.example.com/cart?id=1',
    memberUrls: ['https://192.0.2.11:8443/cart?id=1', 'http://192.0.2.12'],
    host: 'shop.example.com',
    durationUs: 90_000_000,
    ratePerSec: 0.5,
    insecure: true,
  });
  assert.equal(profile.requests[0]?.path, '/cart?id=1');
  assert.equal(profile.gateway.url, 'https://shop.example.com');
  assert.deepEqual(
    [profile.gateway, ...profile.members].map(({ host, tls }) => [host, tls.verify]),
    [
      ['shop.example.com', false],
      ['shop.example.com', false],
      // Plain http has no certificate to accept.
      ['shop.example.com', true],
    ],
  );
  assert.deepEqual(profile.experiments[0], {
    kind: 'compare',
    ratePerSec: 0.5,
    durationUs: 90_000_000,
    newConnectionRatio: 0.5,
    arrival: 'poisson',
  });
  assert.equal(profile.notes.filter((note) => note.startsWith('ATTENTION')).length, 2);
});

test('a given path wins over that of the gateway', () => {
  assert.equal(
    adhocProfile({ gatewayUrl: 'http://a/x', memberUrls: ['http://b'], path: '/y' }).requests[0]?.path,
    '/y',
  );
});

test('members at one host get names of their own', () => {
  const { members } = adhocProfile({
    gatewayUrl: 'http://a',
    memberUrls: ['http://b:1', 'http://b:1', 'http://[::1]:5', 'http://[::1]:5', 'http://gateway'],
  });
  assert.deepEqual(
    members.map(({ name }) => name),
    // A name that thresholds give a meaning to is replaced.
    ['b-1', 'b-1-2', '1-5', '1-5-4', 'member5'],
  );
});

for (const [what, input, expected] of [
  [
    'no URL',
    { gatewayUrl: 'shop', memberUrls: ['http://b'] },
    /^command line gateway\.url: expected a URL .* Write http:\/\/shop or https:\/\/shop\.$/,
  ],
  ['no member', { gatewayUrl: 'http://a', memberUrls: [] }, /^command line members: expected at least one entry/],
  [
    'another path at a member',
    { gatewayUrl: 'http://a/x', memberUrls: ['http://b/y'] },
    /^command line members\[0\]\.url: expected a URL without path/,
  ],
  [
    'the gateway as its own member',
    { gatewayUrl: 'http://a', memberUrls: ['http://a:80/'] },
    /the same as the gateway's url/,
  ],
  [
    'no rate',
    { gatewayUrl: 'http://a', memberUrls: ['http://b'], ratePerSec: 0 },
    /^command line experiments\[0\]\.compare\.rate: expected a rate above 0\/s[^\n]*$/,
  ],
  [
    'a rate that is no number',
    { gatewayUrl: 'http://a', memberUrls: ['http://b'], ratePerSec: Number.NaN },
    /^command line experiments\[0\]\.compare\.rate/,
  ],
  [
    'no duration',
    { gatewayUrl: 'http://a', memberUrls: ['http://b'], durationUs: 0 },
    /^command line experiments\[0\]\.compare\.for: expected a duration/,
  ],
  [
    'a bad path',
    { gatewayUrl: 'http://a', memberUrls: ['http://b'], path: 'x' },
    /^command line requests\[0\]\.path: expected a path that begins with \//,
  ],
] as const) {
  test(`${what} is told`, async () => {
    assert.match(await problemsOf(() => adhocProfile(input)), expected);
  });
}

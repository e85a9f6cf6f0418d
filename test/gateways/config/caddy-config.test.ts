import assert from 'node:assert/strict';
import { test } from 'node:test';
import { find, fromFixture, fromMemory } from './memory-files.ts';

const config = fromFixture('config/caddy/Caddyfile');
const API = 'api1.example.net:9000';
const APP = 'app.example.net:443';
const PHP = 'unix:/run/php/php-fpm.sock';

test('members of arguments, `to` and imported files', () => {
  assert.equal(config.kind, 'caddy');
  assert.deepEqual(config.problems, []);
  assert.deepEqual(
    config.members.map(({ address }) => address),
    [API, 'api2.example.net:9000', APP, PHP],
  );
});

const cases: readonly (readonly [string, string, string])[] = [
  // Written in a snippet with an argument: the line is that of the snippet.
  ['dial_timeout', API, 'Caddyfile:13 500ms | reverse_proxy in handle @api in shop.example.com'],
  ['dial_timeout', APP, 'Caddyfile:33 1.5s | reverse_proxy in shop.example.com'],
  ['dial_timeout', PHP, 'default 3s | all reverse_proxy'],
  ['response_header_timeout', API, 'Caddyfile:14 30s | reverse_proxy in handle @api in shop.example.com'],
  ['response_header_timeout', APP, 'default none (waits without end) | all reverse_proxy'],
  ['keepalive', APP, 'default 2m | all reverse_proxy'],
  ['health_uri', API, 'Caddyfile:25 /health check | reverse_proxy in handle @api in shop.example.com'],
  ['health_interval', API, 'default 30s | all reverse_proxy'],
  ['read_timeout', PHP, 'php.caddy:2 2m | php_fastcgi in shop.example.com'],
  ['idle', PHP, 'Caddyfile:6 2m | servers :443'],
];
for (const [directive, member, expected] of cases)
  test(`${directive} of ${member}`, () => assert.deepEqual(find(config, directive, member), [expected]));

test('Caddy’s own JSON gives the same times, with lines', () => {
  const json = fromFixture('config/caddy/caddy.json');
  assert.equal(json.kind, 'caddy');
  assert.deepEqual(json.problems, []);
  for (const [meaning, valueUs, line] of [
    ['connect-timeout', 500_000, 25],
    ['response-timeout', 30_000_000, 26],
    ['keep-alive-member', 86_400_000_000, 27],
    ['retry-time', 5_000_000, 21],
    ['ejection-time', 90_000_000, 22],
    ['keep-alive-client', 120_000_000, 8],
  ] as const) {
    const found = json.settings.find((one) => one.meaning === meaning);
    assert.deepEqual([found?.valueUs, found?.line], [valueUs, line], meaning);
  }
});

test('the lab’s own configuration, with a snippet in several places', () => {
  const lab = fromFixture('gateway-lab/conf/Caddyfile');
  assert.deepEqual(lab.problems, []);
  assert.equal(lab.members.length, 14);
  const dial = lab.settings.find(({ line, directive }) => directive === 'dial_timeout' && line === 19);
  assert.equal(dial?.scope, 'reverse_proxy in handle_path /a/* in http://127.0.0.1:24000 and 2 more');
  assert.deepEqual(dial?.members, ['127.0.0.1:18001', '127.0.0.1:18004', '127.0.0.1:18006']);
});

test('one site without braces', () => {
  const bare = fromMemory(
    { Caddyfile: 'example.com\n\nreverse_proxy :9000 {\n\tlb_try_duration 2s\n}\n' },
    'Caddyfile',
  );
  assert.deepEqual(find(bare, 'lb_try_duration', 'localhost:9000'), ['Caddyfile:4 2s | reverse_proxy in example.com']);
});

const broken: readonly (readonly [string, string, string])[] = [
  ['Caddyfile', 'a.example {\n reverse_proxy b:1 {\n', '"}" for this block'],
  ['Caddyfile', 'a.example {\n}\n}\n', 'a block to close'],
  ['Caddyfile', '(a) {\n import b\n}\n(b) {\n import a\n}\nx.example {\n import a\n}\n', 'imports without a circle'],
  ['caddy.json', '{"apps": {"http": {,}}}', 'JSON'],
];
for (const [path, text, expected] of broken)
  test(`${JSON.stringify(text.slice(0, 30))} is a problem`, () => {
    assert.equal(fromMemory({ [path]: text }, path, 'caddy').problems[0]?.expected, expected);
  });

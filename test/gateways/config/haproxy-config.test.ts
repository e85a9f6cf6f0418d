import assert from 'node:assert/strict';
import { test } from 'node:test';
import { find, fromFixture, fromMemory } from './memory-files.ts';

const config = fromFixture('config/haproxy/haproxy.cfg');

test('members with their names, and no word of a password', () => {
  assert.equal(config.kind, 'haproxy');
  assert.deepEqual(config.problems, []);
  assert.deepEqual(
    config.members.map(({ name, address, line }) => [name, address, line]),
    [
      ['web1', '192.0.2.11:8080', 31],
      ['web2', 'web2.example.net:8080', 32],
      ['spare', '192.0.2.13:8080', 33],
      ['rep', 'rep.example.net:9000', 36],
    ],
  );
  assert.doesNotMatch(JSON.stringify(config), /hunter/);
});

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ['timeout server', '192.0.2.11:8080', ['haproxy.cfg:11 1m | defaults base']],
  // A defaults section that comes from another one.
  ['timeout server', 'rep.example.net:9000', ['haproxy.cfg:15 300000 | defaults slow']],
  ['timeout connect', 'rep.example.net:9000', ['haproxy.cfg:9 5s | defaults base']],
  ['timeout queue', 'rep.example.net:9000', ['haproxy.cfg:35 2m | backend reports']],
  ['timeout queue', '192.0.2.11:8080', ['default as timeout connect | all proxies']],
  ['option redispatch', '192.0.2.11:8080', ['haproxy.cfg:27 on | backend app']],
  ['option redispatch', 'rep.example.net:9000', ['haproxy.cfg:16 off | defaults slow']],
  [
    'maxconn',
    'rep.example.net:9000',
    ['haproxy.cfg:36 8 | server rep in backend reports', 'haproxy.cfg:19 10000 | frontend www'],
  ],
  ['inter', '192.0.2.11:8080', ['haproxy.cfg:13 3s | default-server for backend app']],
  ['inter', 'web2.example.net:8080', ['haproxy.cfg:32 1500 | server web2 in backend app']],
  // Not checked: then there is no interval.
  ['check', '192.0.2.13:8080', ['haproxy.cfg:33 off | server spare in backend app']],
  ['inter', '192.0.2.13:8080', []],
  ['timeout http-keep-alive', '192.0.2.11:8080', ['haproxy.cfg:20 500us | frontend www']],
];
for (const [directive, member, expected] of cases)
  test(`${directive} of ${member}`, () => assert.deepEqual(find(config, directive, member), expected));

test('a bare number is milliseconds', () => {
  const server = config.settings.find(({ value }) => value === '300000');
  assert.equal(server?.valueUs, 300_000_000);
});

test('the lab’s own configuration', () => {
  const lab = fromFixture('gateway-lab/conf/haproxy.cfg');
  assert.deepEqual(lab.problems, []);
  assert.deepEqual(find(lab, 'timeout server', '127.0.0.1:18006'), ['haproxy.cfg:13 2s | defaults']);
  assert.deepEqual(find(lab, 'http-reuse', '127.0.0.1:18001'), [
    'default safe | all proxies',
    'haproxy.cfg:42 never | backend nore',
    'haproxy.cfg:74 always | backend ka',
  ]);
});

test('without a timeout HAProxy waits without end', () => {
  const bare = fromMemory({ 'haproxy.cfg': 'defaults\nbackend b\n server s "10.0.0.1":80 # c\n' }, 'haproxy.cfg');
  const setting = bare.settings.find(({ directive }) => directive === 'timeout server');
  assert.equal(setting?.valueUs, undefined);
  assert.match(setting?.value ?? '', /^none/);
  assert.deepEqual(setting?.members, ['10.0.0.1:80']);
});

test('lines outside a section and conditions are told', () => {
  const odd = fromMemory(
    { 'haproxy.cfg': 'timeout server 5s\nglobal\n.if defined(X)\n maxconn 5\n.endif' },
    'haproxy.cfg',
  );
  assert.deepEqual(
    odd.problems.map(({ line }) => line),
    [1, 3, 5],
  );
});

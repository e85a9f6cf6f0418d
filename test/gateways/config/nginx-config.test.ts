import assert from 'node:assert/strict';
import { test } from 'node:test';
import { find, fixturePath, fromFixture, fromMemory } from './memory-files.ts';

const config = fromFixture('config/nginx/nginx.conf');

test('a whole nginx.conf with includes of a copied folder', () => {
  assert.equal(config.kind, 'nginx');
  assert.deepEqual(config.problems, []);
  assert.deepEqual(config.files.map((file) => file.slice(fixturePath('config/nginx/').length)).sort(), [
    'conf.d/upstreams.conf',
    'mime.types',
    'nginx.conf',
    'snippets/api.conf',
  ]);
  assert.deepEqual(
    config.members.map(({ address, line }) => [address, line]),
    [
      ['192.0.2.11:8080', 3],
      ['web2.example.net:8080', 4],
      ['[2001:db8::3]:8080', 5],
      ['192.0.2.50:9000', 23],
      ['$where:8080', 33],
      ['unix:/run/php/php-fpm.sock', 34],
      ['192.0.2.60:5432', 38],
    ],
  );
});

const inherited: readonly (readonly [string, string, readonly string[]])[] = [
  ['proxy_read_timeout', '192.0.2.11:8080', ['nginx.conf:8 1m30s | http']],
  [
    'proxy_read_timeout',
    '192.0.2.50:9000',
    ['nginx.conf:22 10m | location ~ ^/api/v(\\d+)/report in server shop.example.com'],
  ],
  ['proxy_connect_timeout', '$where:8080', ['nginx.conf:9 5 | http']],
  [
    'proxy_send_timeout',
    '192.0.2.11:8080',
    ['default 60s | http', 'api.conf:3 500ms | location /api/ in server shop.example.com'],
  ],
  // The inner location inherits from the outer.
  ['proxy_next_upstream', '192.0.2.50:9000', ['api.conf:1 error | location /api/ in server shop.example.com']],
  [
    'fastcgi_read_timeout',
    'unix:/run/php/php-fpm.sock',
    ['nginx.conf:34 300 | location = /php in server shop.example.com'],
  ],
  ['max_conns', 'web2.example.net:8080', ['upstreams.conf:4 100 | server web2.example.net:8080 in upstream app']],
  ['max_fails', '[2001:db8::3]:8080', ['default 1 | upstream app']],
  ['keepalive', '192.0.2.11:8080', ['upstreams.conf:6 32 | upstream app']],
  ['proxy_timeout', '192.0.2.60:5432', ['nginx.conf:38 1h | stream server 5432']],
];
for (const [directive, member, expected] of inherited)
  test(`${directive} of ${member}`, () => assert.deepEqual(find(config, directive, member), expected));

test('the two keepalive_timeout are told apart, and the second value is only for clients', () => {
  const both = config.settings.filter(({ directive }) => directive === 'keepalive_timeout');
  assert.deepEqual(
    both.map(({ meaning, valueUs }) => [meaning, valueUs]),
    [
      ['keep-alive-client', 65_000_000],
      ['keep-alive-member', 75_000_000],
    ],
  );
});

test('the lab’s own configuration', () => {
  const lab = fromFixture('gateway-lab/conf/nginx.conf');
  assert.deepEqual(lab.problems, []);
  assert.equal(lab.members.length, 16);
  assert.deepEqual(find(lab, 'proxy_read_timeout'), ['nginx.conf:11 2s | http']);
  assert.deepEqual(find(lab, 'proxy_next_upstream', '127.0.0.1:18032'), ['default error timeout | http']);
  assert.match(find(lab, 'keepalive', '127.0.0.1:18013')[0] ?? '', /off \(32 from nginx 1\.29\.7 on\)/);
});

test('a fragment of conf.d is read as part of http', () => {
  const fragment = fromMemory(
    { '/x/site.conf': 'server { location / { proxy_pass http://m:81; proxy_read_timeout 7; } }' },
    '/x/site.conf',
  );
  assert.equal(fragment.kind, 'nginx');
  assert.deepEqual(find(fragment, 'proxy_read_timeout', 'm:81'), ['site.conf:1 7 | location / in server _']);
});

const broken: readonly (readonly [string, string, number, RegExp])[] = [
  ['a block that is not closed', 'events {}\nhttp {\n server {\n', 2, /"\}" for this block/],
  ['a brace too many', 'events {}\n}\nhttp {}', 2, /a block to close/],
  ['a missing semicolon', 'events {}\nhttp {\n proxy_read_timeout 5\n}', 3, /";" after/],
  ['an include that is not there', 'http {\n include gone.conf;\n}', 2, /included file/],
  ['an include of itself', 'http {\n include nginx.conf;\n}', 2, /include each other/],
];
for (const [name, text, line, expected] of broken)
  test(`${name} is a problem with its line`, () => {
    const { problems } = fromMemory({ '/etc/nginx/nginx.conf': text }, '/etc/nginx/nginx.conf');
    assert.equal(problems[0]?.line, line);
    assert.match(problems[0]?.expected ?? '', expected);
  });

test('a copy never reads the files of the machine that it was copied to', () => {
  const files = {
    '/home/me/farm/nginx.conf': 'http { include /etc/nginx/conf.d/*.conf; include /etc/nginx/mime.types; }',
    '/etc/nginx/conf.d/other.conf': 'server { location / { proxy_pass http://wrong:1; } }',
    '/etc/nginx/mime.types': 'types { }',
    '/home/me/farm/conf.d/own.conf': 'server { location / { proxy_pass http://right:1; } }',
  };
  const copy = fromMemory(files, '/home/me/farm/nginx.conf');
  assert.deepEqual(
    copy.members.map(({ address }) => address),
    ['right:1'],
  );
  assert.match(copy.problems[0]?.found ?? '', /mime\.types/);
});

/** Which kind a file is of, and what hostile files do: nothing may throw, hang or grow. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readConfig } from '../../../src/gateways/config/read-config.ts';
import { auditTimers } from '../../../src/gateways/config/timer-chain.ts';
import type { DeclaredConfig } from '../../../src/model/declared.ts';
import type { GatewayKind } from '../../../src/model/profile.ts';
import { createRandom } from '../../../src/model/random.ts';
import { fixturePath, fromFixture, fromMemory } from './memory-files.ts';

const byText: readonly (readonly [string, string, GatewayKind])[] = [
  ['a', '<?xml version="1.0"?>\n<configuration><system.webServer/></configuration>', 'iis'],
  ['a', '# x\nhttp {\n}\n', 'nginx'],
  ['site', 'upstream a { server b; }', 'nginx'],
  ['a.cfg', 'defaults\n  mode http\nbackend b\n', 'haproxy'],
  ['a.conf', '<VirtualHost *:80>\nProxyPass / http://m/\n</VirtualHost>', 'apache'],
  ['a.json', '{"apps":{"http":{}}}', 'caddy'],
  ['a', 'example.com {\n\treverse_proxy m:80\n}\n', 'caddy'],
  ['C:\\proxy\\Caddyfile', 'example.com', 'caddy'],
  ['C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config', '<configuration/>', 'iis'],
  ['a.json', '{"traces":[]}', 'unknown'],
  ['a.log', '192.0.2.1 - - "GET / HTTP/1.1" 200', 'unknown'],
];
for (const [path, text, kind] of byText)
  test(`${path} with ${JSON.stringify(text.slice(0, 24))} is ${kind}`, () => {
    const config = fromMemory({ [path]: text }, path);
    assert.equal(config.kind, kind);
    assert.equal(config.problems.length > 0, kind === 'unknown');
  });

test('a file that is not there is a problem, and so is a function that throws', () => {
  for (const kind of ['nginx', 'haproxy', 'apache', 'caddy', 'arr'] as const) {
    const refuse = () => {
      throw new Error('no right to read');
    };
    const config = readConfig(kind, '/x/file', refuse, refuse);
    assert.equal(config.problems[0]?.expected, 'a file that can be read', kind);
    assert.deepEqual(
      config.settings.filter(({ isDefault }) => !isDefault),
      [],
    );
  }
});

test('a kind that is not read here says so', () => {
  assert.match(fromMemory({ 'envoy.yaml': 'x: 1' }, 'envoy.yaml', 'envoy').problems[0]?.fix ?? '', /Name the kind/);
});

const LONG = 300_000;
const hostile: readonly (readonly [string, () => string])[] = [
  ['one word of 10 MB', () => 'a'.repeat(10_000_000)],
  ['300 kB of open braces', () => '{ '.repeat(LONG / 2)],
  ['300 kB of open blocks on lines', () => 'a {\n'.repeat(LONG / 4)],
  ['300 kB of closing braces', () => '}\n'.repeat(LONG / 2)],
  ['300 kB of line ends', () => '\n'.repeat(LONG)],
  ['300 kB of spaces', () => ' '.repeat(LONG)],
  ['300 kB after an open quote', () => `x "${'y '.repeat(LONG / 2)}`],
  ['300 kB of backslashes', () => '\\'.repeat(LONG)],
  ['300 kB of quotes', () => '"'.repeat(LONG)],
  ['300 kB of open elements', () => '<a>'.repeat(LONG / 3)],
  ['300 kB of open sections', () => '<Location /x>\n'.repeat(LONG / 14)],
  ['bytes that are no text', () => '\u0000\ufffd\u0001{}"<'.repeat(10_000)],
  [
    'an entity that grows',
    () => '<!DOCTYPE c [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><configuration x="&b;"/>',
  ],
];
for (const [name, make] of hostile)
  test(`${name} is survived by every reader`, () => {
    const text = make();
    for (const kind of ['nginx', 'haproxy', 'apache', 'caddy', 'arr'] as const) {
      const config = fromMemory({ file: text }, 'file', kind);
      assert.ok(config.problems.length <= 100, `${kind}: problems`);
      assert.ok(JSON.stringify(config).length < 500_000, `${kind}: the result grows`);
    }
  });

test('thousands of includes end', () => {
  const files: Record<string, string> = {};
  for (let i = 0; i < 3_000; i++) files[`/etc/nginx/d/${i}.conf`] = 'include /etc/nginx/d/*.conf;';
  files['/etc/nginx/nginx.conf'] = 'http { include /etc/nginx/d/*.conf; }';
  assert.ok(fromMemory(files, '/etc/nginx/nginx.conf').files.length <= 1_000);
});

test('a snippet that doubles itself ends', () => {
  const lines = Array.from({ length: 30 }, (_, i) => `(s${i}) {\n import s${i + 1}\n import s${i + 1}\n}`);
  const text = `${lines.join('\n')}\n(s30) {\n reverse_proxy m:1\n}\nx.example {\n import s0\n}\n`;
  assert.ok(fromMemory({ Caddyfile: text }, 'Caddyfile').members.length <= 1);
});

/** Mutations that keep most of the form. */
const PIECES = [
  '{',
  '}',
  '"',
  "'",
  '\\',
  ';',
  '\n',
  '<',
  '>',
  '</',
  '#',
  '$',
  '\0',
  ' ',
  '=',
  '9'.repeat(30),
  'é',
  '%[',
  '/',
];
const SOURCES = [
  'config/nginx/nginx.conf',
  'config/haproxy/haproxy.cfg',
  'config/apache/sites-enabled/shop.conf',
  'config/caddy/Caddyfile',
  'config/caddy/caddy.json',
  'config/arr/applicationHost.config',
];

function check(config: DeclaredConfig, where: string): void {
  for (const { valueUs, count, line } of config.settings) {
    assert.ok(valueUs === undefined || (Number.isSafeInteger(valueUs) && valueUs >= 0), `${where}: time ${valueUs}`);
    assert.ok(count === undefined || (Number.isSafeInteger(count) && count >= 0), `${where}: count ${count}`);
    assert.ok(Number.isInteger(line) && line >= 0, `${where}: line ${line}`);
  }
  assert.doesNotThrow(() => auditTimers([config, config]), where);
}

for (const name of SOURCES)
  test(`mutations of ${name} never throw`, () => {
    const text = readFileSync(fixturePath(name), 'utf8');
    const kind = fromFixture(name).kind;
    const random = createRandom(7);
    const at = (length: number) => Math.floor(random.next() * (length + 1));
    for (let i = 0; i < 300; i++) {
      let changed = text;
      for (let k = 0; k <= i % 4; k++) {
        const from = at(changed.length);
        const piece = PIECES[at(PIECES.length - 1)] as string;
        changed = changed.slice(0, from) + (i % 3 === 0 ? '' : piece) + changed.slice(from + at(i % 7 === 0 ? 400 : 3));
      }
      check(fromMemory({ file: changed }, 'file', kind), `seed 7, round ${i}`);
    }
  });

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { find, fromFixture, fromMemory } from './memory-files.ts';

const config = fromFixture('config/arr/applicationHost.config');
const SHOP = "webFarms/webFarm[@name='ShopFarm']/applicationRequestRouting";
const PLAIN = "webFarms/webFarm[@name='PlainFarm']/applicationRequestRouting";

test('a farm makes it ARR; members have their port', () => {
  assert.equal(config.kind, 'arr');
  assert.deepEqual(config.problems, []);
  assert.deepEqual(
    config.members.map(({ address, name, line }) => [address, name, line]),
    [
      ['192.0.2.11:8080', '192.0.2.11', 52],
      ['web2.example.net:80', 'web2.example.net', 55],
      ['192.0.2.21:80', '192.0.2.21', 63],
    ],
  );
});

const cases: readonly (readonly [string, readonly string[]])[] = [
  [`${SHOP}/protocol timeout`, ['applicationHost.config:57 00:00:45 | farm ShopFarm']],
  [`${PLAIN}/protocol timeout`, ['default 00:00:30 | farm PlainFarm']],
  [`${SHOP}/healthCheck minServers`, ['default 0 | farm ShopFarm']],
  // No test is asked for, so nothing about it is said.
  [`${PLAIN}/healthCheck minServers`, []],
  [`${PLAIN}/healthCheck interval`, []],
  [
    'system.webServer/proxy timeout',
    ['applicationHost.config:67 00:05:00 | server proxy (requests that no farm takes)'],
  ],
  [
    "applicationPools/add[@name='ShopPool']/processModel idleTimeout",
    ['applicationHost.config:16 00:00:00 | application pool ShopPool'],
  ],
  // The attribute stands on the second line of its element, in the defaults of all pools.
  [
    'applicationPools/applicationPoolDefaults/processModel idleTimeout',
    ['applicationHost.config:27 00:30:00 | application pool DefaultAppPool'],
  ],
  [
    "applicationPools/add[@name='DefaultAppPool']/recycling/periodicRestart time",
    ['default 1.05:00:00 | application pool DefaultAppPool'],
  ],
  [
    "applicationPools/add[@name='ShopPool']/recycling/periodicRestart/schedule/add value",
    ['applicationHost.config:20 03:30:00 | application pool ShopPool'],
  ],
  [
    "applicationPools/add[@name='ShopPool'] queueLength",
    ['applicationHost.config:15 5000 | application pool ShopPool'],
  ],
  ["sites/site[@name='Shop']/limits connectionTimeout", ['applicationHost.config:41 00:04:00 | site Shop']],
  [
    "sites/site[@name='Shop']/application[@path='/'] preloadEnabled",
    ['applicationHost.config:32 true | application Shop/ in pool ShopPool'],
  ],
  [
    "sites/site[@name='Shop']/application[@path='/admin'] preloadEnabled",
    ['default false | application Shop/admin in pool DefaultAppPool'],
  ],
  ['system.webServer/aspNetCore requestTimeout', ['applicationHost.config:74 00:10:00 | location Shop/admin']],
  // From the web.config that lies where the collecting script puts it.
  ['system.web/httpRuntime executionTimeout', ['web.config:11 90 | application Shop/']],
];
for (const [directive, expected] of cases) test(directive, () => assert.deepEqual(find(config, directive), expected));

test('no secret is kept', () => {
  for (const name of ['config/arr/applicationHost.config', 'config/member/web.config'])
    assert.doesNotMatch(JSON.stringify(fromFixture(name)), /hunter|svc-shop|c2VjcmV0|DB_PASSWORD/);
});

test('a member’s web.config: the module’s own limit, only out of process', () => {
  const member = fromFixture('config/member/web.config');
  assert.equal(member.kind, 'iis');
  assert.deepEqual(find(member, 'system.webServer/aspNetCore requestTimeout'), ['default 00:02:00 | location .']);
  const text = (model: string) =>
    `<configuration><system.webServer><aspNetCore hostingModel="${model}" requestTimeout="00:07:00"/></system.webServer></configuration>`;
  const limits = (model: string) =>
    fromMemory({ 'web.config': text(model) }, 'web.config').settings.filter(({ meaning }) => meaning === 'app-timeout')
      .length;
  assert.equal(limits('OutOfProcess'), 1);
  assert.equal(limits('InProcess'), 0);
});

test('rewriting to a server without a farm is ARR too', () => {
  const files = {
    'applicationHost.config':
      '<configuration><system.webServer><proxy enabled="true"/></system.webServer></configuration>',
  };
  const plain = fromMemory(files, 'applicationHost.config');
  assert.equal(plain.kind, 'arr');
  assert.equal(plain.settings.find(({ meaning }) => meaning === 'response-timeout')?.valueUs, 120_000_000);
});

const broken: readonly (readonly [string, string])[] = [
  ['<configuration><webFarms><webFarm name="F"><server address="10.0.0.1"/>', 'well-formed XML'],
  ['<configuration><webFarms name=x></configuration>', 'well-formed XML'],
  ['<other/>', '<configuration>'],
  ['', '<configuration>'],
];
for (const [text, expected] of broken)
  test(`${JSON.stringify(text.slice(0, 40))} is a problem`, () => {
    const { problems } = fromMemory({ 'web.config': text }, 'web.config');
    assert.ok(
      problems.some((one) => one.expected === expected),
      JSON.stringify(problems),
    );
  });

test('what could be read of a damaged file is kept', () => {
  const text = '<configuration><webFarms><webFarm name="F"><server address="10.0.0.1"/></webFarm>';
  assert.deepEqual(
    fromMemory({ 'web.config': text }, 'web.config').members.map(({ address }) => address),
    ['10.0.0.1:80'],
  );
});

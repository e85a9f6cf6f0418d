import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agrees, citation, settingFor, settingsFor } from '../../../src/gateways/config/setting-for.ts';
import type { SettingMeaning } from '../../../src/model/declared.ts';
import { fromFixture, shown } from './memory-files.ts';

const arr = fromFixture('config/arr/applicationHost.config');
const nginx = fromFixture('config/nginx/nginx.conf');
const haproxy = fromFixture('config/haproxy/haproxy.cfg');

type Case = readonly [string, typeof arr, SettingMeaning, string | undefined, number | undefined, string | undefined];
const cases: readonly Case[] = [
  ['the farm of the member', arr, 'response-timeout', '192.0.2.21', undefined, 'default 00:00:30 | farm PlainFarm'],
  [
    'by URL',
    arr,
    'response-timeout',
    'http://192.0.2.11:8080',
    undefined,
    'applicationHost.config:57 00:00:45 | farm ShopFarm',
  ],
  [
    'by name',
    arr,
    'response-timeout',
    'WEB2.example.net',
    undefined,
    'applicationHost.config:57 00:00:45 | farm ShopFarm',
  ],
  [
    'a host with another port',
    arr,
    'response-timeout',
    '192.0.2.11:9999',
    undefined,
    'applicationHost.config:57 00:00:45 | farm ShopFarm',
  ],
  [
    'what was measured tells which of them',
    arr,
    'response-timeout',
    undefined,
    300_100_000,
    'applicationHost.config:67 00:05:00 | server proxy (requests that no farm takes)',
  ],
  [
    'the narrower location',
    nginx,
    'send-timeout',
    '192.0.2.11:8080',
    undefined,
    'api.conf:3 500ms | location /api/ in server shop.example.com',
  ],
  ['the default, where that was measured', nginx, 'send-timeout', '192.0.2.11:8080', 60_200_000, 'default 60s | http'],
  [
    'the server line before the proxy',
    haproxy,
    'max-conns-member',
    'web2',
    undefined,
    'haproxy.cfg:32 40 | server web2 in backend app',
  ],
  ['nothing of that meaning', nginx, 'recycle-period', undefined, undefined, undefined],
];
for (const [name, config, meaning, member, measuredUs, expected] of cases)
  test(name, () => {
    const setting = settingFor([config], meaning, member, measuredUs);
    assert.equal(setting === undefined ? undefined : shown(setting), expected);
  });

test('a member that no configuration knows gets all settings', () => {
  assert.equal(
    settingsFor([nginx], 'response-timeout', '203.0.113.9:1').length,
    settingsFor([nginx], 'response-timeout').length,
  );
  assert.equal(settingsFor([nginx], 'response-timeout', '192.0.2.50:9000').length, 1);
});

test('measured and declared agree within 1 % or 250 ms', () => {
  const thirty = settingFor([arr], 'response-timeout', '192.0.2.21');
  assert.ok(thirty !== undefined);
  for (const [us, expected] of [
    [29_889_000, true],
    [30_300_000, true],
    [30_301_000, false],
    [21_000_000, false],
  ] as const)
    assert.equal(agrees(thirty, us), expected, String(us));
  const endless = haproxy.settings.find(({ valueUs }) => valueUs === undefined);
  assert.equal(endless !== undefined && agrees(endless, 0), false);
});

test('a citation names the line, or says that there is none', () => {
  const settings = settingsFor([arr], 'response-timeout', 'web2.example.net');
  assert.match(
    citation(settings[0] as (typeof settings)[0]),
    /applicationHost\.config:57 .* 00:00:45 \(farm ShopFarm\)$/,
  );
  const plain = settingFor([arr], 'response-timeout', '192.0.2.21');
  assert.match(plain === undefined ? '' : citation(plain), /00:00:30 \(default, written nowhere; farm PlainFarm\)$/);
});

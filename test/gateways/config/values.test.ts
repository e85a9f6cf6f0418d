import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberAddress } from '../../../src/gateways/config/address.ts';
import {
  apacheTime,
  goTime,
  haproxyTime,
  nginxTime,
  sizeBytes,
  timeSpan,
} from '../../../src/gateways/config/values.ts';

const HUGE = '9'.repeat(40);
const cases: readonly (readonly [string, (text: string) => number | undefined, string, number | undefined])[] = [
  ['nginx', nginxTime, '60', 60_000_000],
  ['nginx', nginxTime, '1m30s', 90_000_000],
  ['nginx', nginxTime, '1h 30m', 5_400_000_000],
  ['nginx', nginxTime, '1m30', 90_000_000],
  ['nginx', nginxTime, '500ms', 500_000],
  ['nginx', nginxTime, '1s500ms', 1_500_000],
  ['nginx', nginxTime, '1M', 30 * 86_400_000_000],
  ['nginx', nginxTime, '30s1m', undefined],
  ['nginx', nginxTime, '1.5s', undefined],
  ['nginx', nginxTime, '$timeout', undefined],
  ['nginx', nginxTime, 'off', undefined],
  ['nginx', nginxTime, '', undefined],
  ['nginx', nginxTime, HUGE, undefined],
  ['haproxy', haproxyTime, '5000', 5_000_000],
  ['haproxy', haproxyTime, '250us', 250],
  ['haproxy', haproxyTime, '1d', 86_400_000_000],
  ['haproxy', haproxyTime, '1m30s', undefined],
  ['haproxy', haproxyTime, HUGE, undefined],
  ['apache', apacheTime('s'), '60', 60_000_000],
  ['apache', apacheTime('ms'), '500', 500_000],
  ['apache', apacheTime('s'), '1500MS', 1_500_000],
  ['apache', apacheTime('s'), '2mi', 120_000_000],
  ['apache', apacheTime('s'), '-1', undefined],
  ['go', goTime, '1h2m3.5s', 3_723_500_000],
  ['go', goTime, '1.1s', 1_100_000],
  ['go', goTime, '0.3s', 300_000],
  ['go', goTime, '100ns', 0],
  ['go', goTime, '1500ns', 1],
  ['go', goTime, '1d', 86_400_000_000],
  ['go', goTime, '0', 0],
  ['go', goTime, '10', undefined],
  ['timespan', timeSpan, '00:02:00', 120_000_000],
  ['timespan', timeSpan, '1.05:00:00', 104_400_000_000],
  ['timespan', timeSpan, '29:00:00', 104_400_000_000],
  ['timespan', timeSpan, '00:00:00.5000000', 500_000],
  ['timespan', timeSpan, '00:00:00.0000019', 1],
  ['timespan', timeSpan, '00:99:00', undefined],
  ['timespan', timeSpan, 'Infinite', undefined],
  ['size', sizeBytes, '8k', 8_192],
  ['size', sizeBytes, '10MB', 10_000_000],
  ['size', sizeBytes, '10MiB', 10_485_760],
  ['size', sizeBytes, '4k|8k', undefined],
];

for (const [name, read, text, expected] of cases)
  test(`${name}: ${JSON.stringify(text.slice(0, 20))} is ${expected ?? 'no value'}`, () => {
    assert.equal(read(text), expected);
  });

for (const [text, port, expected] of [
  ['http://Web1.example.net:8080/path', undefined, 'web1.example.net:8080'],
  ['https://web1', undefined, 'web1:443'],
  ['web1', 80, 'web1:80'],
  ['10.0.0.1:81', 80, '10.0.0.1:81'],
  ['[2001:db8::3]:8080', 80, '[2001:db8::3]:8080'],
  ['http://[2001:db8::3]/', undefined, '[2001:db8::3]:80'],
  ['2001:db8::3', 80, '[2001:db8::3]:80'],
  ['unix:/run/app.sock', 80, 'unix:/run/app.sock'],
  ['unix//run/app.sock', 80, 'unix:/run/app.sock'],
  ['http://$host:8080', undefined, '$host:8080'],
  ['http://user:secret@web1:8080', undefined, 'web1:8080'],
] as const)
  test(`the address of ${text}`, () => {
    assert.equal(memberAddress(text, port), expected);
  });

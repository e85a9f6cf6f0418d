import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { httperr } from '../../../src/logs/formats/httperr.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/logs/iis/${name}`, import.meta.url), 'utf8');
const LAYOUTS = fixture('httperr-layouts.log');

test('a connection that the member dropped, and an idle one that is normal', () => {
  const { entries, rows } = readLines(httperr, fixture('seed-dropped/member-httperr.log'));
  assert.deepEqual(entries[0], {
    format: 'httperr',
    kind: 'kernel',
    atUs: Date.UTC(2011, 6, 18, 17, 12, 44) * 1000,
    stamp: 'end',
    resolutionUs: 1_000_000,
    method: 'GET',
    path: '/time/',
    flags: 'Connection_Dropped',
    clientIp: '192.0.2.10',
    clientPort: 64_162,
    serverIp: '192.0.2.216',
    serverPort: 80,
    pool: 'DefaultAppPool',
    ids: {},
    extra: { 'cs-version': 'HTTP/1.1', 's-siteid': '1' },
  });
  assert.equal(rows[0]?.status, -1);
  assert.equal(entries[1]?.flags, 'Timer_ConnectionIdle');
  assert.deepEqual(entries[1]?.extra, { normal: 'yes' });
});

test('all layouts in one file', () => {
  const { entries, bad } = readLines(httperr, LAYOUTS);
  assert.deepEqual(bad, []);
  const table = entries.map(({ status, flags, pool, path }) => [status, flags, pool, path]);
  assert.deepEqual(table, [
    [503, 'N/A', undefined, '/11abc6a7-b92d'],
    [503, 'AppOffline', 'ShopPool', '/dispatch.asp'],
    [undefined, 'Timer_ConnectionIdle', undefined, undefined],
    [400, 'BadRequest', undefined, '12.2.1'],
    [503, 'N/A', undefined, '/'],
    [503, 'QueueFull', 'ShopPool', '/status'],
    [503, 'SomethingNew', 'ShopPool', '/status'],
    [403, 'Forbidden', undefined, '/lost'],
  ]);
  assert.equal(entries[1]?.query, 'type=89&area=9');
  assert.equal(entries[2]?.clientIp, '2001:db8::5%12');
  assert.equal(entries[6]?.win32, 8);
  assert.equal(entries[6]?.extra?.['fault-code'], '0x80070008');
});

test('without header the columns are counted, and lost ones are found around the reason', () => {
  const headless = LAYOUTS.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of headless) {
    const known = !line.includes('SomethingNew');
    assert.deepEqual(readLines(httperr, line).kinds, [known ? 'entry' : 'bad'], line);
    assert.equal(httperr.recognise(`${line}\n`) > 0, known, line);
  }
  const blank = '2026-01-15 14:15:08 198.51.100.13 5 192.0.2.1 443 HTTP/1.1 GET /a b c d 400 2 URL -';
  const [entry] = readLines(httperr, blank).entries;
  assert.deepEqual([entry?.status, entry?.flags, entry?.clientPort, entry?.path], [400, 'URL', 5, undefined]);
});

test('torn and foreign lines are bad', () => {
  const whole = '2026-01-15 14:13:22 198.51.100.127 12052 192.0.2.5 80 HTTP/1.1 GET / - 503 - N/A -';
  for (const line of [whole.slice(0, 30), whole.slice(0, -6), whole.replace('-01-15', '-01-35'), 'N/A N/A - N/A'])
    assert.deepEqual(readLines(httperr, line).kinds, ['bad'], line);
});

test('mutated lines do no harm', () => fuzzLines(httperr, LAYOUTS));

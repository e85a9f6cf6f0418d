import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { iisNative } from '../../../src/logs/formats/iis-native.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

const TEXT = readFileSync(new URL('../../fixtures/logs/iis/native.log', import.meta.url), 'utf8');

test('fifteen columns in local time', () => {
  const { entries, rows, missing } = readLines(iisNative, TEXT, { timeZone: 'America/New_York' });
  assert.equal(new Date((rows[0]?.atUs ?? 0) / 1000).toISOString(), '2026-06-10T14:11:59.000Z');
  assert.equal(new Date((rows[1]?.atUs ?? 0) / 1000).toISOString(), '2026-12-31T12:55:20.000Z');
  assert.deepEqual(rows[1], { ...rows[1], status: 502, substatus: -1, win32: 12_002, durationUs: 4_502_000 });
  const [first, second] = entries;
  assert.deepEqual(first?.extra, { 's-sitename': 'W3SVC1893743816', win32: '2148074254' });
  assert.equal(second?.query, 'a=1');
  assert.equal(second?.ids.arr, 'dbf06c50-adb0-4141-8c04-20bc2f193a61');
  assert.equal(second?.bytesReceived, 163);
  assert.equal(second?.bytesSent, 3223);
  assert.equal(second?.hostName, 'NODE01');
  assert.ok(missing.includes('sc-substatus'));
});

test('a target with a comma and a blank is kept whole, not cut at a guess', () => {
  const line = '198.51.100.1, -, 6/10/2026, 10:11:59, W3SVC1, N, 192.0.2.1, 5, 1, 2, 200, 0, GET, /a, b, x=1,';
  const [entry] = readLines(iisNative, line).entries;
  assert.equal(entry?.status, 200);
  assert.equal(entry?.path, undefined);
  assert.equal(entry?.extra?.['target'], '/a, b, x=1');
});

test('lines that are not of this format', () => {
  const good = TEXT.split('\n')[0] as string;
  const bad = [
    good.replace('6/10/2026', '13/32/2026'),
    good.replace('10:11:59', '25:11:59'),
    good.replace('W3SVC', 'MSFTPSVC'),
    good.replace(', 401,', ', no,'),
    good.slice(0, 60),
  ];
  for (const line of bad) assert.deepEqual(readLines(iisNative, line).kinds, ['bad'], line);
  assert.deepEqual(readLines(iisNative, ' \n').kinds, ['blank']);
});

test('mutated lines do no harm', () => fuzzLines(iisNative, TEXT, { timeZone: 'Europe/Berlin' }));

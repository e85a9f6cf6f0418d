import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashesOf, crashNear } from '../../src/detectors/log-crashes.ts';
import type { PlacedEntry } from '../../src/model/log.ts';
import { evidenceOf, line, NINE, SEC, summary } from './synthetic-journeys.ts';

function event(code: string, atSec: number, more: Partial<PlacedEntry> = {}): PlacedEntry {
  return line({ source: 1, kind: 'event', format: 'windows-events', atUs: NINE + atSec * SEC, code, ...more });
}

const APP = event('Application Error/1000', 1, {
  processId: 28_828,
  extra: { exe: 'w3wp.exe', module: 'ntdll.dll', exceptionCode: 'c0000374' },
});
const WAS = event('WAS/5011', 14, { processId: 28_828, pool: 'ShopPool' });

test('the events of one crash are joined by process, and told in one sentence', () => {
  const [crash, ...rest] = crashesOf(evidenceOf([], { events: [WAS, APP] }));
  assert.equal(rest.length, 0);
  assert.equal(crash?.member, 'web1');
  assert.equal(crash?.pool, 'ShopPool');
  assert.equal(
    crash?.what,
    'w3wp.exe in ntdll.dll, exception c0000374, pool ShopPool (Application Error/1000, WAS/5011)',
  );
});

test('other processes, other pools and other hosts are other crashes', () => {
  const other = event('WAS/5011', 3, { processId: 4, pool: 'Other' });
  assert.equal(crashesOf(evidenceOf([], { events: [APP, WAS, other] })).length, 2);
  const far = event('WAS/5011', 400, { processId: 28_828, pool: 'ShopPool' });
  assert.equal(crashesOf(evidenceOf([], { events: [APP, WAS, far] })).length, 2);
  const elsewhere = { ...WAS, source: 2 };
  const sources = [summary({ index: 0 }), summary({ index: 1 }), summary({ index: 2, member: 'web2' })];
  const both = crashesOf(evidenceOf([], { events: [APP, elsewhere], sources }));
  assert.deepEqual(both.map(({ member }) => member).sort(), ['web1', 'web2']);
});

test('programs that serve nothing, recycles and error reports alone are no crash', () => {
  const notepad = event('Application Error/1000', 1, { extra: { exe: 'notepad.exe' } });
  const events = [notepad, event('WAS/5074', 1, { pool: 'ShopPool' }), event('WER/1001', 2)];
  assert.deepEqual(crashesOf(evidenceOf([], { events })), []);
});

test('a crash is only that of requests of its member and pool at its time', () => {
  const crashes = crashesOf(evidenceOf([], { events: [APP, WAS] }));
  const at = (more: object) => crashNear(crashes, { member: 'web1', fromUs: NINE, toUs: NINE + 2 * SEC, ...more });
  assert.ok(at({}));
  assert.ok(at({ pool: 'ShopPool' }));
  assert.equal(at({ pool: 'Other' }), undefined);
  assert.equal(at({ member: 'web2' }), undefined);
  assert.equal(at({ fromUs: NINE + 60 * SEC, toUs: NINE + 61 * SEC }), undefined);
  assert.equal(crashNear(crashes, { fromUs: NINE, toUs: NINE + SEC }), undefined, 'no member is known');
});

test('clocks of hosts are taken into account', () => {
  const clocks = [{ source: 1, offsetUs: 3600 * SEC, errorUs: 0, basedOn: 9, agreeRatio: 1, known: true }];
  assert.equal(crashesOf(evidenceOf([], { events: [APP], clocks }))[0]?.fromUs, NINE + SEC - 3600 * SEC);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { windowsEvents } from '../../../src/logs/formats/windows-events.ts';
import { createRandom } from '../../../src/model/random.ts';
import { readDocument } from '../../helpers/read-log.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/logs/iis/${name}`, import.meta.url), 'utf8');
const ROOTLESS = fixture('events-rootless.xml');
const ROOTED = fixture('events-rooted.xml');

test('WAS events: pool and process by name, else by the order of their family', () => {
  const { entries, badCount } = readDocument(windowsEvents, ROOTLESS);
  assert.equal(badCount, 0);
  assert.deepEqual(
    entries.map(({ code, level, pool, processId }) => [code, level, pool, processId]),
    [
      ['WAS/5011', 'warning', 'ShopPool', 28_828],
      ['WAS/5074', 'information', 'ShopPool', 4412],
      ['WAS/5186', 'information', 'ShopPool', 4413],
      ['WAS/5009', 'warning', 'ShopPool', 4414],
      ['WAS/5002', 'error', 'ShopPool', undefined],
    ],
  );
  assert.deepEqual(entries[0], {
    format: 'windows-events',
    kind: 'event',
    atUs: Date.UTC(2026, 5, 15, 14, 27, 23) * 1000,
    resolutionUs: 1_000_000,
    stamp: 'moment',
    code: 'WAS/5011',
    level: 'warning',
    message: 'A worker process broke off its communication with WAS (a crash): pool ShopPool, process 28828',
    win32: 109,
    hostName: 'NODE01.example.com',
    ids: {},
    pool: 'ShopPool',
    processId: 28_828,
    extra: { provider: 'Microsoft-Windows-WAS', eventId: '5011', channel: 'System', win32: '0x8007006d' },
  });
  assert.equal(entries[2]?.atUs, Date.UTC(2026, 5, 15, 15) * 1000 + 123_456);
  assert.equal(entries[2]?.resolutionUs, 1);
});

test('programs that crashed, and the same number of another provider', () => {
  const { entries } = readDocument(windowsEvents, ROOTED);
  const of = (code: string) => entries.filter((entry) => entry.code === code);
  const [classic, named] = of('Application Error/1000');
  assert.deepEqual([classic?.processId, named?.processId], [0x709c, 0x1a2c]);
  const { exe, module, exceptionCode, pid } = classic?.extra ?? {};
  assert.deepEqual([exe, module, exceptionCode, pid], ['w3wp.exe', 'ntdll.dll', 'c0000374', '709c']);
  assert.equal(named?.extra?.['module'], 'coreclr.dll');
  assert.equal(of('.NET Runtime/1026')[0]?.extra?.['exception'], 'System.NullReferenceException');
  assert.equal(of('ANCM/1020')[0]?.win32, 574);
  assert.equal(of('WER/1001')[0]?.extra?.['exe'], 'w3wp.exe');
  assert.equal(of('ASP.NET/1309')[0]?.processId, 28_828);
  assert.equal(of('Tcpip/4231')[0]?.message, 'All local ports are in use');
  assert.equal(of('SCM/7031')[0]?.win32, undefined, 'the binary part of other providers is no error number');
  assert.match(of('HTTP/15021')[0]?.message ?? '', /0\.0\.0\.0:443/);
  assert.equal(of('Contoso Agent/77')[0]?.message, 'a=1; <two> & more', 'unknown events are entries too');
  assert.equal(entries.length, 10);
});

test('roots, declarations, pieces and a mark at the start make no difference', () => {
  const expected = [...readDocument(windowsEvents, ROOTLESS).entries, ...readDocument(windowsEvents, ROOTED).entries];
  const joined = `\ufeff${ROOTLESS}${ROOTED}`;
  for (const length of [1, 7, 1_000, 1_000_000])
    assert.deepEqual(readDocument(windowsEvents, joined, {}, length), { entries: expected, bad: [], badCount: 0 });
});

test('a torn or broken event takes no other with it', () => {
  const at = ROOTLESS.indexOf('</EventData>');
  const torn = `${ROOTLESS.slice(0, at)}${ROOTLESS}`;
  const first = readDocument(windowsEvents, torn);
  assert.equal(first.entries.length, 5);
  assert.deepEqual(first.bad, [{ offset: 0, reason: 'cut off' }]);
  const pid = readDocument(windowsEvents, ROOTLESS.replace('<Data>4412</Data>', '<Data>ShopPool</Data>')).entries[1];
  assert.deepEqual([pid?.pool, pid?.processId], [undefined, undefined], 'another order than expected is not guessed');
  const end = readDocument(windowsEvents, ROOTLESS.slice(0, -40));
  assert.deepEqual([end.entries.length, end.badCount], [4, 1]);
  const timeless = readDocument(windowsEvents, ROOTLESS.replace('2026-06-15T14:27:23', '2026-06-35T14:27:23'));
  assert.deepEqual([timeless.entries.length, timeless.badCount], [4, 1]);
});

test('times of other lengths and zones', () => {
  const table: readonly (readonly [string, number, number])[] = [
    ['2026-06-15T14:27:23Z', 0, 1_000_000],
    ['2026-06-15T14:27:23.000Z', 0, 1000],
    ['2026-06-15T16:27:23.123456789+02:00', 123_456, 1],
    ['2026-06-15T14:27:23.5', 500_000, 1000],
  ];
  for (const [text, us, resolutionUs] of table) {
    const [entry] = readDocument(windowsEvents, ROOTLESS.replace('2026-06-15T14:27:23.000000000Z', text)).entries;
    assert.deepEqual(
      [entry?.atUs, entry?.resolutionUs],
      [Date.UTC(2026, 5, 15, 14, 27, 23) * 1000 + us, resolutionUs],
      text,
    );
  }
});

test('mutated and hostile documents do no harm', () => {
  const pieces = [
    '<',
    '>',
    '"',
    "'",
    '&',
    '&x;',
    '<!--',
    '<![CDATA[',
    '\0',
    '<Event>',
    '</Event>',
    '<a>'.repeat(500),
    '9'.repeat(40),
  ];
  for (let seed = 1; seed <= 200; seed++) {
    const { next } = createRandom(seed);
    let text = seed % 2 === 0 ? ROOTLESS : ROOTED;
    for (let change = 0; change < 4; change++) {
      const at = Math.floor(next() * text.length);
      text =
        text.slice(0, at) +
        (pieces[Math.floor(next() * pieces.length)] ?? '') +
        text.slice(at + Math.floor(next() * 30));
    }
    const { entries } = readDocument(windowsEvents, text, {}, 1 + Math.floor(next() * 5_000));
    for (const { atUs } of entries) assert.ok(Number.isSafeInteger(atUs), `seed ${seed}`);
    assert.ok(entries.length <= 12 && JSON.stringify(entries).length < 60_000, `seed ${seed}`);
  }
  const long = ROOTLESS.replace('<Data>4412</Data>', `<Data>${'x'.repeat(500_000)}</Data>`);
  assert.ok(JSON.stringify(readDocument(windowsEvents, long).entries).length < 20_000);
});

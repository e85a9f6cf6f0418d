import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { iisW3c } from '../../../src/logs/formats/iis-w3c.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { linesOf, readLines } from '../../helpers/read-log.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/logs/iis/${name}`, import.meta.url), 'utf8');
const FIELDS =
  '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken';
const utc = (text: string): number => Date.parse(`${text}Z`) * 1000;

function openLines(text: string, options = {}) {
  if (iisW3c.reading.unit !== 'lines') throw new Error('lines');
  const reader = iisW3c.reading.open(options);
  for (const line of linesOf(text)) reader.read(line, 0, line.length);
  return reader;
}

test('the gateway line of a timeout, with ARR keys cut off the query', () => {
  const { entries, rows, missing } = readLines(iisW3c, fixture('seed-timeout/arr.log'));
  assert.deepEqual(rows[1], {
    atUs: utc('2011-07-18T16:50:50'),
    status: 502,
    substatus: 3,
    win32: 12002,
    durationUs: 29_889_000,
  });
  assert.deepEqual(entries[1], {
    format: 'iis-w3c',
    kind: 'access',
    atUs: utc('2011-07-18T16:50:50'),
    stamp: 'end',
    resolutionUs: 1_000_000,
    method: 'GET',
    path: '/time/',
    status: 502,
    substatus: 3,
    win32: 12002,
    durationUs: 29_889_000,
    durationResolutionUs: 1000,
    clientIp: '198.51.100.204',
    serverIp: '192.0.2.10',
    serverPort: 80,
    userAgent: 'Mozilla/4.0+(compatible;+MSIE+8.0;+Windows+NT+6.1;+WOW64;+Trident/4.0)',
    ids: { arr: 'dbf06c50-adb0-4141-8c04-20bc2f193a61' },
    extra: { 'x-arr-cache-hit': '0' },
  });
  assert.deepEqual(entries[0]?.extra, { 'x-arr-cache-hit': '0', 'server-status': '200' });
  assert.deepEqual(missing, []);
});

test('the member line of a timeout; what the file does not log is named', () => {
  const { entries, rows, missing } = readLines(iisW3c, fixture('seed-timeout/member.log'));
  assert.deepEqual(rows[1], {
    atUs: utc('2011-07-18T16:51:06'),
    status: 200,
    substatus: 0,
    win32: 64,
    durationUs: 45_208_000,
  });
  assert.equal(entries[1]?.path, '/time/');
  assert.deepEqual(missing, ['c-ip', 'cs(User-Agent)']);
});

test('columns that change in mid-file, custom fields, error numbers and a doubled blank', () => {
  const { entries, bad } = readLines(iisW3c, fixture('w3c-blocks.log'));
  assert.deepEqual(bad, []);
  const [probe, ntlm, raw, noGuid, custom, plain] = entries;
  assert.deepEqual(probe?.ids, { probe: '00f1e2d3c4b5a697', arr: '0c5a1b2e-9f10-4e7b-8a55-0123456789ab' });
  assert.equal(probe?.query, 'a=1');
  assert.equal(ntlm?.clientIp, 'fe80::abcd%eth0');
  assert.equal(ntlm?.serverIp, 'fe80::1ff:fe23:4567:890a%14');
  assert.equal(ntlm?.win32, 2_148_074_254);
  assert.equal(raw?.path, '/übersicht{x}#frag');
  assert.equal(raw?.win32, 12_002);
  assert.deepEqual(raw?.extra, { win32: '2147954402' });
  assert.equal(raw?.clientIp, '198.51.100.8', 'an empty cs-username is written as nothing');
  assert.equal(noGuid?.ids.arr, undefined);
  assert.equal(noGuid?.extra?.['x-arr-log-id'], 'not-a-guid');
  assert.deepEqual(custom?.ids, {
    arr: '0c5a1b2e-9f10-4e7b-8a55-0123456789ac',
    trace: '4bf92f3577b34da6a3ce929d0e0e4736',
  });
  assert.equal(custom?.extra?.['X-Forwarded-For'], '10.0.61.69,+10.93.4.75');
  assert.ok(!('cs(Cookie)' in (custom?.extra ?? {})), 'cookies are not carried further');
  assert.equal(plain?.substatus, undefined);
  assert.equal(plain?.query, 'x=%20y');
});

test('a header block in the middle of a file is a break', () => {
  const reader = openLines(fixture('w3c-blocks.log'));
  assert.deepEqual(reader.breaks?.(), [{ line: 9, atUs: utc('2026-05-27T11:30:00') }]);
  const undated = `${FIELDS}\n${LINE}\n${FIELDS}\n${LINE}\n${FIELDS}\n`;
  assert.deepEqual(openLines(undated).breaks?.(), [{ line: 3, atUs: utc('2026-05-27T10:00:00') }]);
});

test('Advanced Logging: quotes, ms, tabs, names of its own', () => {
  const { entries, missing, bad } = readLines(iisW3c, fixture('w3c-advanced.log'));
  assert.deepEqual(bad, []);
  const [first, second] = entries;
  assert.equal(first?.atUs, utc('2026-05-27T18:51:29.983'));
  assert.equal(first?.resolutionUs, 1000);
  assert.equal(first?.userAgent, 'Mozilla/4.0 (compatible; Check)');
  assert.equal(first?.durationUs, 31_000);
  assert.equal(first?.ids.arr, 'fe9d20da-a571-4451-8ef3-0e7faf1a463a');
  assert.equal(first?.extra?.['X-Forwarded-For'], '198.51.100.1:62489');
  assert.equal(second?.status, 500);
  assert.equal(second?.win32, 64);
  assert.deepEqual(missing, ['c-ip', 'cs-method', 'sc-substatus']);
});

test('lines without date count on from #Date over midnight', () => {
  const { entries, missing } = readLines(iisW3c, fixture('w3c-no-date.log'));
  assert.deepEqual(
    entries.map(({ atUs }) => new Date(atUs / 1000).toISOString()),
    [
      '2026-02-28T23:59:58.000Z',
      '2026-02-28T23:59:59.000Z',
      '2026-03-01T00:00:00.000Z',
      '2026-02-28T23:59:59.000Z',
      '2026-03-01T00:00:04.000Z',
    ],
  );
  assert.ok(missing.includes('date'));
});

test('the day comes from the name of the file, then from its last change, else nothing is guessed', () => {
  const text = '#Fields: time cs-uri-stem sc-status\n10:00:00 /a 200\n';
  const first = (options: object) => readLines(iisW3c, text, options).entries[0]?.atUs;
  assert.equal(first({ fileName: 'u_ex260315.log' }), utc('2026-03-15T10:00:00'));
  assert.equal(first({ fileName: 'u_ex26031510_x.log' }), utc('2026-03-15T10:00:00'));
  assert.equal(first({ modifiedAtMs: Date.UTC(2026, 2, 16, 22) }), utc('2026-03-16T10:00:00'));
  assert.equal(first({}), undefined);
  assert.deepEqual(readLines(iisW3c, text).kinds, ['directive', 'bad']);
});

const LINE = '2026-05-27 10:00:00 192.0.2.1 GET /a - 80 - 198.51.100.1 curl/8.5.0 - 200 0 0 15';

test('lines that are odd, and what is made of them', () => {
  const at = '2026-05-27 10:00:00 192.0.2.1 GET';
  const table: readonly (readonly [string, string, object])[] = [
    [
      'blank in the User-Agent',
      `${at} /a - 80 - 198.51.100.1 my agent /r 502 3 64 9`,
      { status: 502, clientIp: '198.51.100.1', path: '/a' },
    ],
    [
      'blank in the path',
      `${at} /a b - 80 - 198.51.100.1 ua /r 502 3 64 9`,
      { status: 502, clientIp: '198.51.100.1', win32: 64 },
    ],
    [
      'blanks in two fields',
      `${at} /a b c=d e 80 - 198.51.100.1 my ua /r 502 3 64 9`,
      { status: 502, win32: 64, durationUs: 9000 },
    ],
    ['doubled blank', `${at}  /a - 80 - 198.51.100.1 ua - 200 0 0 9`, { path: '/a', status: 200, userAgent: 'ua' }],
    ['trailing blank', `${LINE} `, { status: 200, durationUs: 15_000 }],
    [
      'a number beyond all doubles',
      `${at} /a - 80 - 198.51.100.1 ua - 200 0 ${'9'.repeat(30)} 9`,
      { extra: { win32: '9'.repeat(30) } },
    ],
    ['a larger number than any error', `${at} /a - 80 - ::1 ua - 401 1 214784354254 9`, { win32: 214_784_354_254 }],
    ['unknown numbers', `${at} /a - 80 - ::1 ua - - - - -`, { path: '/a' }],
    ['zeros behind it', `${LINE}\0\0\0`, { status: 200 }],
  ];
  for (const [name, line, expected] of table) {
    const { entries } = readLines(iisW3c, `${FIELDS}\n${line}\n`);
    assert.equal(entries.length, 1, name);
    assert.deepEqual({ ...entries[0], ...expected }, entries[0], name);
  }
  const twoFields = readLines(iisW3c, `${FIELDS}\n${table[0]?.[1]}\n`).entries[0];
  assert.equal(twoFields?.userAgent, undefined, 'User-Agent and Referer cannot be told apart');
});

test('torn and foreign lines are bad, empty ones blank', () => {
  const lines = [
    LINE.slice(0, 40),
    LINE.slice(0, -3),
    '2026-13-27 10:00:00 192.0.2.1 GET /a - 80 - 198.51.100.1 ua - 200 0 0 15',
    '2026-02-30 10:00:00 192.0.2.1 GET /a - 80 - 198.51.100.1 ua - 200 0 0 15',
    '2026-05-27 25:00:00 192.0.2.1 GET /a - 80 - 198.51.100.1 ua - 200 0 0 15',
    '3026-05-27 10:00:00 192.0.2.1 GET /a - 80 - 198.51.100.1 ua - 200 0 0 15',
    '2026-05-27 10:00:00 192.0.2.1 GET /a - 80 - 198.51.100.1 ua - OK 0 0 15',
  ];
  for (const line of lines)
    assert.deepEqual(readLines(iisW3c, `${FIELDS}\n${line}\n`).kinds, ['directive', 'bad'], line);
  assert.deepEqual(readLines(iisW3c, `${FIELDS}\n\n   \n\0\0\0\n`).kinds, ['directive', 'blank', 'blank', 'blank']);
});

test('files without header are read when every column fits one default layout', () => {
  const azure = '2026-05-27 10:00:00 SHOP GET / a=1 443 - 198.51.100.1 ua - - shop.example.com 200 0 0 500 300 31';
  const iis6 = '2026-05-27 10:00:00 W3SVC1 192.0.2.1 GET / - 80 - 198.51.100.1 ua 404 0 2';
  const iis7 = '2026-05-27 10:00:00 192.0.2.1 GET / - 80 - 198.51.100.1 ua 404 0 2 31';
  for (const [line, status] of [
    [LINE, 200],
    [azure, 200],
    [iis6, 404],
    [iis7, 404],
  ] as const) {
    assert.equal(readLines(iisW3c, `${line}\n`).entries[0]?.status, status, line);
    assert.ok(iisW3c.recognise(`${line}\n`) > 0.5, line);
  }
  assert.deepEqual(
    readLines(iisW3c, `${iis7}\n${LINE}\n`).entries.map(({ userAgent }) => userAgent),
    ['ua', 'curl/8.5.0'],
  );
  assert.deepEqual(readLines(iisW3c, `${LINE.replace('198.51.100.1', 'nobody')}\n`).kinds, ['bad']);
});

test('any order of columns, and bytes that are not UTF-8', () => {
  const text = Buffer.concat([
    Buffer.from('\ufeff#Fields: sc-win32-status time-taken cs-uri-stem sc-substatus time sc-status date \n64 31 /'),
    Buffer.from([0xe4]),
    Buffer.from(' 3 10:00:00 502 2026-05-27\n'),
  ]);
  const { rows, entries } = readLines(iisW3c, text);
  assert.deepEqual(rows[0], {
    atUs: utc('2026-05-27T10:00:00'),
    status: 502,
    substatus: 3,
    win32: 64,
    durationUs: 31_000,
  });
  assert.equal(entries[0]?.path, '/\ufffd');
  assert.equal(readLines(iisW3c, text, { fileName: 'ex260527.log' }).entries[0]?.path, '/ä');
});

test('mutated lines do no harm', () => {
  const all = ['w3c-blocks.log', 'w3c-advanced.log', 'w3c-no-date.log', 'seed-timeout/arr.log'].map(fixture).join('');
  fuzzLines(iisW3c, all);
  fuzzLines(iisW3c, `${LINE}\n`, { fileName: 'u_ex260527.log' }, 2);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combined } from '../../../src/logs/formats/combined.ts';
import type { LogEntry } from '../../../src/model/log.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

/** Undefined: must not be there. */
type Wanted = { readonly [Key in keyof LogEntry]?: LogEntry[Key] | undefined };

const AT = Date.UTC(2026, 10, 20, 17, 41, 42) * 1_000;
const TIME = '[20/Nov/2026:17:41:42 +0000]';
const PROBE = 'gateprobe/0.1.0 (run=0123abcd; id=0123abcd00000007)';

const LINES: readonly (readonly [why: string, line: string, wanted: Wanted])[] = [
  [
    'combined',
    `192.0.2.7 - - ${TIME} "GET /a/ok?x=1&y HTTP/1.1" 502 157 "https://shop.example/" "${PROBE}"`,
    {
      ...{ atUs: AT, stamp: 'end', resolutionUs: 1_000_000, method: 'GET', path: '/a/ok', query: 'x=1&y', status: 502 },
      ...{ bytesSent: 157, clientIp: '192.0.2.7', userAgent: PROBE, ids: { probe: '0123abcd00000007' } },
    },
  ],
  ['common', `192.0.2.7 - ann ${TIME} "GET / HTTP/1.0" 304 -`, { status: 304, path: '/', clientIp: '192.0.2.7' }],
  [
    'another zone',
    '::1 - - [20/Nov/2026:19:11:42 +0130] "GET / HTTP/1.1" 200 5',
    { atUs: AT, clientIp: '::1', bytesSent: 5 },
  ],
  ['a zone west of Greenwich', '::1 - - [20/Nov/2026:12:41:42 -0500] "GET / HTTP/1.1" 200 5', { atUs: AT }],
  [
    'a user with blanks and brackets',
    `10.0.0.1 - Ann [x] "B" ${TIME} "GET /p HTTP/1.1" 200 5`,
    { path: '/p', status: 200 },
  ],
  [
    'escaped quotes',
    `10.0.0.1 - - ${TIME} "GET /a\\" 200 7 HTTP/1.1" 404 9 "-" "a \\"b\\" \\x22c\\x22"`,
    { status: 404, path: '/a\\" 200 7', userAgent: 'a "b" "c"' },
  ],
  ['quotes that were not escaped', `10.0.0.1 - - ${TIME} "GET /a"b HTTP/1.1" 404 9`, { status: 404, path: '/a"b' }],
  ['blanks in the target', `10.0.0.1 - - ${TIME} "GET /a b HTTP/1.1" 400 9`, { path: '/a b', status: 400 }],
  ['a request that never came', `10.0.0.1 - - ${TIME} "-" 408 -`, { status: 408 }],
  ['bytes of TLS', `10.0.0.1 - - ${TIME} "\\x16\\x03\\x01\\x02" 400 157 "-" "-"`, { status: 400, bytesSent: 157 }],
  ['HTTP/0.9', `10.0.0.1 - - ${TIME} "GET /old" 200 3`, { method: 'GET', path: '/old' }],
  [
    'a whole URL',
    `10.0.0.1 - - ${TIME} "GET http://a.example/p?q HTTP/1.1" 200 3`,
    { host: 'a.example', path: '/p', query: 'q' },
  ],
  ['a client by name', `web.example - - ${TIME} "GET / HTTP/1.1" 200 3`, { clientIp: undefined, status: 200 }],
  [
    'with the virtual host',
    `shop.example:443 192.0.2.7 - - ${TIME} "GET / HTTP/1.1" 200 3 "-" "x"`,
    { clientIp: '192.0.2.7', serverPort: 443, extra: { vhost: 'shop.example' } },
  ],
  ['without status', `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" 000 3`, { status: undefined }],
];

for (const [why, line, wanted] of LINES) {
  test(`combined: ${why}`, () => {
    const { entries, rows, bad } = readLines(combined, line);
    assert.deepEqual(bad, []);
    const entry = entries[0] as LogEntry;
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(entry[key as keyof LogEntry], value, key);
    assert.equal(rows[0]?.status, entry.status ?? -1);
    assert.equal(rows[0]?.atUs, entry.atUs);
    if (wanted.extra === undefined) assert.equal(entry.extra, undefined);
  });
}

const BAD = [
  'hello',
  `10.0.0.1 - - ${TIME} "GET / HTTP/1.1`,
  `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" 20`,
  `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" abc 5`,
  `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" 200 5x`,
  '10.0.0.1 - - [31/Feb/2026:17:41:42 +0000] "GET / HTTP/1.1" 200 5',
  '10.0.0.1 - - [20/Nov/2026:25:41:42 +0000] "GET / HTTP/1.1" 200 5',
  `10.0.0.1 ${TIME} "GET / HTTP/1.1" 200 5`,
];

test('combined: escapes of a User-Agent are undone once', () => {
  const line = `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" 200 5 "-" "a \\\\x22 b\\xc3\\xa9 \\t\\q"`;
  assert.equal(readLines(combined, line).entries[0]?.userAgent, 'a \\x22 bé \tq');
});

test('combined: other lines are bad, an empty one is blank', () => {
  assert.deepEqual(readLines(combined, BAD.join('\n')).bad, BAD);
  assert.deepEqual(readLines(combined, '\n').kinds, ['blank']);
});

test('combined: bytes that are not UTF-8 do no harm', () => {
  const line = Buffer.from(`10.0.0.1 - - ${TIME} "GET /\xff\xfe HTTP/1.1" 200 5`, 'latin1');
  assert.equal(readLines(combined, line).entries[0]?.path, '/��');
});

test('combined: mutated lines', () => fuzzLines(combined, LINES.map(([, line]) => line).join('\n')));

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { UserError } from '../../../src/errors.ts';
import { nginx } from '../../../src/logs/formats/nginx.ts';
import type { LogEntry } from '../../../src/model/log.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

/** Undefined: must not be there. */
type Wanted = { readonly [Key in keyof LogEntry]?: LogEntry[Key] | undefined };

const LAB = new URL('../../fixtures/gateway-lab/', import.meta.url);
const LAB_PATTERN = /log_format[^;]*;/.exec(readFileSync(new URL('conf/nginx.conf', LAB), 'utf8'))?.[0] ?? '';
const LAB_TEXT = readFileSync(new URL('raw/nginx-access.log', LAB), 'utf8');
const AT = Date.UTC(2026, 10, 20, 17, 41, 42) * 1_000;
const CLF = '192.0.2.7 - - [20/Nov/2026:17:41:42 +0000] "GET /a?b HTTP/1.1" 502 157 "-" "curl/8"';

function check(entry: LogEntry | undefined, wanted: Wanted): void {
  assert.ok(entry !== undefined, 'no entry');
  for (const [key, value] of Object.entries(wanted)) assert.deepEqual(entry[key as keyof LogEntry], value, key);
}

test('nginx: all lines of the lab with its log_format', () => {
  const { entries, rows, bad, missing } = readLines(nginx, LAB_TEXT, { pattern: LAB_PATTERN });
  assert.deepEqual(bad, []);
  assert.equal(entries.length, 181);
  assert.deepEqual(missing, []);
  assert.equal(entries.filter(({ upstream }) => upstream === undefined).length, 1, 'only the line that was cut');
  assert.deepEqual(
    rows.map(({ status }) => status),
    entries.map(({ status }) => status ?? -1),
  );
  assert.deepEqual(
    rows.map(({ durationUs }) => durationUs),
    entries.map(({ durationUs }) => durationUs ?? -1),
  );
  const cut = entries.filter(({ extra }) => extra?.['cut'] === 'yes');
  assert.equal(cut.length, 1);
  check(cut[0], { status: undefined, method: 'GET', path: '/a/ok', resolutionUs: 1_000_000 });
});

test('nginx: several attempts, exact to the millisecond', () => {
  const line = LAB_TEXT.split('\n').find((text) => text.includes('/upmix/ok') && text.includes('504, 502, 502'));
  check(readLines(nginx, line ?? '', { pattern: LAB_PATTERN }).entries[0], {
    atUs: 1_795_196_187_960_000,
    resolutionUs: 1_000,
    durationUs: 2_003_000,
    upstream: [
      { address: '127.0.0.1:18004', status: 504, responseUs: 2_002_000, bytesReceived: 0 },
      { address: '127.0.0.1:18003', status: 502, responseUs: 0, bytesReceived: 0 },
      { address: '127.0.0.1:18002', status: 502, connectUs: 0, responseUs: 1_000, bytesReceived: 0 },
    ],
    ids: { request: '85daafcbe65c063018067f5d0a91b2a1', local: '*90' },
  });
});

test('nginx: a client that left, and a request that reached no member', () => {
  const { entries } = readLines(nginx, LAB_TEXT, { pattern: LAB_PATTERN });
  assert.ok(entries.filter(({ status }) => status === 499).every(({ clientGone }) => clientGone === true));
  check(
    entries.find(({ status }) => status === 400),
    { upstream: [], clientGone: undefined },
  );
});

const JSON_PATTERN = `log_format j escape=json '{"t":"$msec","m":"$request_method","u":"$request_uri","s":$status,"rt":$request_time,'
  '"ua":"$upstream_addr","us":"$upstream_status","uht":"$upstream_header_time","agent":"$http_user_agent","x":"$sent_http_x_cache"}';`;
const JSON_LINE =
  '{"t":"1795196502.123","m":"GET","u":"/a?q=1","s":200,"rt":0.029,"ua":"10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80","us":"502, 504 : 200","uht":"-, - : 0.028","agent":"say \\"hi\\" \\u00e9","x":""}';

const CASES: readonly (readonly [why: string, pattern: string | undefined, line: string, wanted: Wanted])[] = [
  [
    'JSON, with groups of attempts',
    JSON_PATTERN,
    JSON_LINE,
    {
      ...{
        atUs: 1_795_196_502_123_000,
        path: '/a',
        query: 'q=1',
        durationUs: 29_000,
        userAgent: 'say "hi" é',
        extra: undefined,
      },
      upstream: [
        { address: '10.0.0.1:80', status: 502 },
        { address: '10.0.0.2:80', status: 504 },
        { address: '10.0.0.3:80', status: 200, headerUs: 28_000 },
      ],
    },
  ],
  [
    'JSON, no member',
    JSON_PATTERN,
    JSON_LINE.replace(/"ua":"[^"]*","us":"[^"]*","uht":"[^"]*"/, '"ua":"","us":"","uht":""'),
    { upstream: [] },
  ],
  [
    'lists of different lengths are kept, not used',
    '$msec $status "$upstream_addr" "$upstream_status"',
    '1795196502.123 502 "a:1, b:1" "502"',
    { upstream: [{ address: 'a:1' }, { address: 'b:1' }], extra: { upstream_status: '502' } },
  ],
  [
    'lists without quotes',
    '$msec $upstream_addr $upstream_status $status',
    '1795196502.123 a:1, b:1 : c:1 502, 502 : 200 200',
    {
      upstream: [
        { address: 'a:1', status: 502 },
        { address: 'b:1', status: 502 },
        { address: 'c:1', status: 200 },
      ],
    },
  ],
  [
    'a text that holds the next literal',
    '$msec $http_x_name $status $request_time',
    '1795196502.123 a 1 b 200 0.001',
    { status: 200, extra: { http_x_name: 'a 1 b' } },
  ],
  [
    'a target with blanks',
    '$msec "$request_method $uri $server_protocol" $status',
    '1795196502.1 "GET /a b c HTTP/1.1" 200',
    { path: '/a b c', method: 'GET' },
  ],
  ['no member by name only', '$msec $status $upstream_addr', '1795196502.123 503 -', { upstream: [], status: 503 }],
  [
    'a member over a socket',
    '$msec $status $upstream_addr',
    '1795196502.123 200 unix:/run/a.sock',
    { upstream: [{ address: 'unix:/run/a.sock' }] },
  ],
  [
    'both sizes',
    '$msec $status $bytes_sent $body_bytes_sent',
    '1795196502.123 200 300 100',
    { bytesSent: 300, extra: { body_bytes_sent: '100' } },
  ],
  [
    'a trace',
    '$msec $status "$http_traceparent" "$http_x_request_id"',
    '1795196502.123 200 "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" "r-1"',
    { ids: { trace: '4bf92f3577b34da6a3ce929d0e0e4736', request: 'r-1' } },
  ],
  [
    'raw text',
    'log_format r escape=none \'$msec "$http_user_agent" $status\';',
    '1795196502.123 "a "quoted" \\ one" 200',
    { userAgent: 'a "quoted" \\ one', status: 200 },
  ],
  [
    'combined without a pattern',
    undefined,
    CLF,
    { atUs: AT, status: 502, path: '/a', query: 'b', userAgent: 'curl/8', upstream: undefined, extra: undefined },
  ],
  [
    'the usual keys behind combined',
    undefined,
    `${CLF} rt=0.029 uct="0.001" uht="-" urt="0.028" ua="10.0.0.1:80" us="502" zone=eu`,
    {
      durationUs: 29_000,
      upstream: [{ address: '10.0.0.1:80', status: 502, connectUs: 1_000, responseUs: 28_000 }],
      extra: { zone: 'eu' },
    },
  ],
  [
    'keys that mean something else',
    undefined,
    `${CLF} rt=fast ua="Mozilla/5.0 (x)"`,
    { durationUs: undefined, upstream: undefined, extra: { rt: 'fast', ua: 'Mozilla/5.0 (x)' } },
  ],
  [
    'ingress-nginx',
    undefined,
    `${CLF} 452 0.010 [shop-web-80] [] 10.1.0.5:8080, 10.1.0.6:8080 0, 157 0.001, 0.009 502, 502 0123456789abcdef0123456789abcdef`,
    {
      durationUs: 10_000,
      bytesReceived: 452,
      upstream: [
        { address: '10.1.0.5:8080', status: 502, responseUs: 1_000 },
        { address: '10.1.0.6:8080', status: 502, responseUs: 9_000 },
      ],
      ids: { request: '0123456789abcdef0123456789abcdef' },
    },
  ],
  [
    'ingress-nginx without endpoints',
    undefined,
    `${CLF} 452 0.000 [shop-web-80] [] - - - - 0123456789abcdef0123456789abcdef`,
    { upstream: [], durationUs: 0 },
  ],
];

for (const [why, pattern, line, wanted] of CASES) {
  test(`nginx: ${why}`, () => {
    const { entries, rows, bad } = readLines(nginx, line, pattern === undefined ? {} : { pattern });
    assert.deepEqual(bad, []);
    check(entries[0], wanted);
    assert.equal(rows[0]?.durationUs, entries[0]?.durationUs ?? -1);
    assert.equal(rows[0]?.atUs, entries[0]?.atUs);
  });
}

test('nginx: lines of another shape are bad', () => {
  const options = { pattern: '$remote_addr $msec "$request" $status' };
  const bad = [
    'a 1795196502.1 "GET / HTTP/1.1" 200 more',
    'a 1795196502.1 "GET / HTTP/1.1',
    'a never "GET / HTTP/1.1" 200',
    '{}',
  ];
  assert.deepEqual(readLines(nginx, bad.join('\n'), options).bad, bad);
});

test('nginx: what the pattern does not log is missing, by its names', () => {
  assert.deepEqual(
    readLines(nginx, '', { pattern: '$msec $status $request_time $connection $upstream_addr' }).missing,
    ['$upstream_status', '$upstream_connect_time', '$upstream_header_time', '$upstream_response_time'],
  );
});

test('nginx: a pattern that cannot be used is an error of the user', () => {
  assert.throws(() => readLines(nginx, '', { pattern: '$status' }), UserError);
});

test('nginx: made-up lines take no long time', () => {
  const pattern = `$msec ${'$http_a b '.repeat(20)}$status`;
  const line = `1795196502.123 ${'x b '.repeat(5_000)}end`;
  assert.equal(readLines(nginx, line, { pattern }).bad.length, 1);
});

test('nginx: mutated lines', () => {
  fuzzLines(nginx, LAB_TEXT, { pattern: LAB_PATTERN });
  fuzzLines(nginx, JSON_LINE, { pattern: JSON_PATTERN }, 2);
  fuzzLines(nginx, CASES.flatMap(([, pattern, line]) => (pattern === undefined ? [line] : [])).join('\n'), {}, 3);
});

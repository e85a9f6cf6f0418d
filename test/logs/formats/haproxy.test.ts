import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { haproxy } from '../../../src/logs/formats/haproxy.ts';
import type { LogEntry } from '../../../src/model/log.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

/** Undefined: must not be there. */
type Wanted = { readonly [Key in keyof LogEntry]?: LogEntry[Key] | undefined };

const LAB_TEXT = readFileSync(new URL('../../fixtures/gateway-lab/raw/haproxy.log', import.meta.url), 'utf8');
const AT = Date.UTC(2026, 10, 20, 17, 38, 29, 237) * 1_000;
const PEER = '192.0.2.7:35068 [20/Nov/2026:17:38:29.237]';
const HTTP = `${PEER} fe a/m1 0/850/0/2/852 200 89 - - ---- 1/1/0/0/0 0/0`;
const PROBE = 'gateprobe/0.1.0 (run=0123abcd; id=0123abcd00000007)';

test('haproxy: all lines of the lab', () => {
  const { entries, rows, bad } = readLines(haproxy, LAB_TEXT);
  assert.deepEqual(bad, []);
  assert.equal(entries.length, 118);
  assert.equal(entries.filter(({ kind }) => kind === 'event').length, 6);
  assert.equal(entries.filter(({ flags }) => flags?.length === 2).length, 1);
  assert.ok(entries.every(({ kind, flags }) => kind !== 'access' || flags?.length === 4 || flags?.length === 2));
  assert.deepEqual(
    rows.map(({ status }) => status),
    entries.map(({ status }) => status ?? -1),
  );
  assert.deepEqual(
    rows.map(({ durationUs }) => durationUs),
    entries.map(({ durationUs }) => durationUs ?? -1),
  );
  assert.deepEqual(
    rows.map(({ atUs }) => atUs),
    entries.map(({ atUs }) => atUs),
  );
});

const CASES: readonly (readonly [
  why: string,
  line: string,
  wanted: Wanted,
  extra?: Readonly<Record<string, string | undefined>>,
])[] = [
  [
    'httplog',
    `${HTTP} "GET /a?b=1 HTTP/1.1"`,
    {
      ...{
        atUs: AT,
        stamp: 'start',
        resolutionUs: 1_000,
        method: 'GET',
        path: '/a',
        query: 'b=1',
        status: 200,
        flags: '----',
      },
      ...{
        durationUs: 852_000,
        queueUs: 850_000,
        bytesSent: 89,
        clientIp: '192.0.2.7',
        clientPort: 35_068,
        retries: 0,
      },
      upstream: [{ address: 'a/m1' }],
    },
    {
      TR: '0',
      Tw: '850',
      Tc: '0',
      Tr: '2',
      Ta: '852',
      frontend: 'fe',
      backend: 'a',
      server: 'm1',
      backend_queue: '0',
      suffix: undefined,
    },
  ],
  [
    'with the header of the old syslog',
    `<134>Nov 20 17:38:30 lb1 haproxy[123]: ${HTTP} "GET / HTTP/1.1"`,
    { atUs: AT, hostName: 'lb1', processId: 123, path: '/' },
  ],
  [
    'with the header that rsyslog writes',
    `2026-11-20T17:38:30.1+00:00 lb1 haproxy[123]: ${HTTP} "GET / HTTP/1.1"`,
    { atUs: AT, hostName: 'lb1', processId: 123 },
  ],
  [
    'with the header of the new syslog',
    `<134>1 2026-11-20T17:38:30.1Z lb1 haproxy 123 - - ${HTTP} "GET / HTTP/1.1"`,
    { atUs: AT, hostName: 'lb1', processId: 123 },
  ],
  [
    'no server',
    `${PEER} fe~ web/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/1 "GET / HTTP/2.0"`,
    { upstream: [], status: 503, flags: 'SC--', queueUs: undefined },
    { tls: 'yes', frontend: 'fe', server: '<NOSRV>', backend_queue: '1' },
  ],
  [
    'a client that left before there was a status',
    `${PEER} fe a/m1 0/0/0/0/300 -1 0 - - CD-- 1/1/0/0/0 0/0 "POST / HTTP/1.1"`,
    { status: undefined, clientGone: true },
  ],
  [
    'retries to another server',
    `${PEER} fe a/s2 0/0/0/1/1 200 89 - - ---- 1/1/0/0/+1 0/0 "GET / HTTP/1.1"`,
    { retries: 1 },
    { redispatched: 'yes' },
  ],
  [
    'logged before the end',
    `${PEER} fe a/s2 0/0/0/1/+1 200 +89 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"`,
    { durationUs: undefined, bytesSent: undefined },
    { Ta: '+1' },
  ],
  [
    'captured headers of both',
    `${HTTP} {a.example|${PROBE}} {HIT} "GET / HTTP/1.1"`,
    { ids: { probe: '0123abcd00000007' } },
    { requestCaptured: `a.example|${PROBE}`, responseCaptured: 'HIT' },
  ],
  ['captured headers of one', `${HTTP} {a.example} "GET / HTTP/1.1"`, { path: '/' }, { captured: 'a.example' }],
  ['a request that was cut', `${HTTP} "GET /aaaa?b`, { path: '/aaaa', query: 'b', status: 200 }, { cut: 'yes' }],
  [
    'no request',
    `${PEER} fe fe/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"`,
    { method: undefined, path: undefined, upstream: [] },
    { request: '<BADREQ>' },
  ],
  [
    'a suffix of its own',
    `${HTTP} "GET / HTTP/1.1" bc_err=34/SSL handshake failure id=ab-1 x=2`,
    { ids: { request: 'ab-1' } },
    { suffix: 'bc_err=34/SSL handshake failure id=ab-1 x=2', x: '2', bc_err: undefined },
  ],
  [
    'httpslog',
    `${HTTP} "GET https://a.example/p HTTP/2.0" 0/0/0/0/0 a.example/TLSv1.3/TLS_AES_256`,
    { host: 'a.example', path: '/p' },
    { suffix: '0/0/0/0/0 a.example/TLSv1.3/TLS_AES_256' },
  ],
  [
    'a client over IPv6',
    HTTP.replace('192.0.2.7', '2001:db8::7').concat(' "GET / HTTP/1.1"'),
    { clientIp: '2001:db8::7', clientPort: 35_068 },
  ],
  [
    'a client over a socket',
    HTTP.replace('192.0.2.7:35068', 'unix:1').concat(' "GET / HTTP/1.1"'),
    { clientIp: undefined, status: 200 },
  ],
  [
    'tcplog',
    `${PEER} fe_tcp t/s1 1/-1/3006 0 SC 1/1/0/0/3 0/0`,
    { flags: 'SC', durationUs: 3_006_000, queueUs: 1_000, bytesSent: 0, retries: 3, status: undefined },
    { Tt: '3006', Tc: '-1', TR: undefined },
  ],
  [
    'an error of a connection',
    `${PEER} fe/1: Connection error during SSL handshake`,
    { kind: 'error', stamp: 'moment', message: 'Connection error during SSL handshake', clientPort: 35_068 },
    { frontend: 'fe', bind: '1' },
  ],
  [
    'a server that goes down',
    '<129>1 2026-11-20T17:38:27.646378+00:00 - haproxy 24642 - - Server down/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 0 active left.',
    { kind: 'event', level: 'alert', atUs: Date.UTC(2026, 10, 20, 17, 38, 27) * 1_000 + 646_378, status: undefined },
    { backend: 'down', server: 's1', state: 'DOWN', reason: 'Layer4 connection problem', info: 'Connection refused' },
  ],
];

for (const [why, line, wanted, extra] of CASES) {
  test(`haproxy: ${why}`, () => {
    const { entries, rows, bad } = readLines(haproxy, line);
    assert.deepEqual(bad, []);
    const entry = entries[0] as LogEntry;
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(entry[key as keyof LogEntry], value, key);
    for (const [key, value] of Object.entries(extra ?? {})) assert.equal(entry.extra?.[key], value, key);
    assert.equal(rows[0]?.status, entry.status ?? -1);
    assert.equal(rows[0]?.durationUs, entry.durationUs ?? -1);
  });
}

test('haproxy: local time', () => {
  const { entries } = readLines(haproxy, `${HTTP} "GET / HTTP/1.1"`, { timeZone: '+02:00' });
  assert.equal(entries[0]?.atUs, AT - 7_200_000_000);
});

const DOWN = 'Dec 31 23:59:59 lb1 haproxy[1]: Server a/b is UP.';

test('haproxy: a header without a year takes that of the lines before, or of the file', () => {
  const at = (year: number) => Date.UTC(year, 11, 31, 23, 59, 59) * 1_000;
  const after = HTTP.replace('20/Nov/2026', '01/Jan/2027');
  assert.equal(readLines(haproxy, `${after}\n${DOWN}`).entries[1]?.atUs, at(2026));
  assert.equal(readLines(haproxy, DOWN, { modifiedAtMs: Date.UTC(2026, 0, 2) }).entries[0]?.atUs, at(2025));
  assert.deepEqual(readLines(haproxy, DOWN).bad, [DOWN], 'nothing tells the year');
});

test('haproxy: lines of others are bad', () => {
  const bad = [
    'hello',
    `${PEER} fe a/m1 0/0/0/0 200 89 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"`,
    `${PEER} fe a/m1 0/0/0/0/0 200 89 - - ----`,
    '<134>1 2026-11-20T17:38:30.1Z lb1 sshd 123 - - Accepted publickey for root',
  ];
  assert.deepEqual(readLines(haproxy, bad.join('\n'), { modifiedAtMs: 0 }).bad, bad);
});

test('haproxy: mutated lines', () => {
  fuzzLines(haproxy, LAB_TEXT);
  fuzzLines(haproxy, [...CASES.map(([, line]) => line), DOWN].join('\n'), { modifiedAtMs: 1 }, 2);
});

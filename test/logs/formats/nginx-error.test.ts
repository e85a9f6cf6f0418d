import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { nginxError } from '../../../src/logs/formats/nginx-error.ts';
import type { LogEntry } from '../../../src/model/log.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

/** Undefined: must not be there. */
type Wanted = { readonly [Key in keyof LogEntry]?: LogEntry[Key] | undefined };

const LAB_TEXT = readFileSync(new URL('../../fixtures/gateway-lab/raw/nginx-error.log', import.meta.url), 'utf8');
const HEAD = '2026/11/20 17:35:10 [error] 16294#16294: *3 ';
const TAIL = 'client: 192.0.2.7, server: shop.example, request: "GET /p?q=1 HTTP/1.1"';

test('nginx-error: all lines of the lab', () => {
  const { entries, bad } = readLines(nginxError, LAB_TEXT);
  assert.deepEqual(bad, []);
  assert.equal(entries.length, 140);
  assert.ok(entries.every(({ message }) => message !== undefined && !message.includes(', client: ')));
  assert.equal(entries.filter(({ ids }) => ids.local !== undefined).length, LAB_TEXT.match(/: \*\d+ /g)?.length);
});

const CASES: readonly (readonly [why: string, line: string, wanted: Wanted])[] = [
  [
    'of a request',
    `${HEAD}connect() failed (111: Connection refused) while connecting to upstream, ${TAIL}, upstream: "http://10.0.0.1:80/p", host: "shop.example"`,
    {
      ...{
        kind: 'error',
        level: 'error',
        processId: 16294,
        ids: { local: '*3' },
        clientIp: '192.0.2.7',
        host: 'shop.example',
      },
      ...{ method: 'GET', path: '/p', query: 'q=1', upstream: [{ address: '10.0.0.1:80' }] },
      message: 'connect() failed (111: Connection refused) while connecting to upstream',
      extra: { server: 'shop.example', upstream: 'http://10.0.0.1:80/p', errno: '111' },
    },
  ],
  [
    'commas and quotes',
    `${HEAD}upstream sent invalid header: "a, client: x, \\x20..." while reading, ${TAIL}`,
    { message: 'upstream sent invalid header: "a, client: x, \\x20..." while reading', path: '/p' },
  ],
  [
    'a request that looks like a tail',
    `${HEAD}broke, client: 1.2.3.4, server: , request: "GET /", upstream: "http://evil/x HTTP/1.1", upstream: "http://10.0.0.1:80/", host: "h"`,
    { upstream: [{ address: '10.0.0.1:80' }], host: 'h', message: 'broke' },
  ],
  [
    'a referrer that looks like a host',
    `${HEAD}broke, ${TAIL}, host: "real", referrer: "http://a/, host: "evil"`,
    { host: 'real' },
  ],
  [
    'a socket',
    `${HEAD}broke, ${TAIL}, upstream: "fastcgi://unix:/run/php.sock:", host: "h"`,
    { upstream: [{ address: 'unix:/run/php.sock' }] },
  ],
  [
    'a group',
    `${HEAD}no live upstreams while connecting to upstream, ${TAIL}, upstream: "http://web/p", host: "h"`,
    { upstream: [{ address: 'web' }] },
  ],
  [
    'of no request',
    '2026/11/20 17:35:10 [alert] 1#1: worker process 7 exited on signal 9',
    { message: 'worker process 7 exited on signal 9', ids: {}, level: 'alert', upstream: undefined },
  ],
  [
    'of the resolver',
    '2026/11/20 17:35:10 [error] 1#1: send() failed (111: Connection refused) while resolving, resolver: 127.0.0.1:53',
    { message: 'send() failed (111: Connection refused) while resolving' },
  ],
  [
    'of a stream',
    `${HEAD}upstream timed out, client: 1.2.3.4, server: 0.0.0.0:81, upstream: "10.0.0.1:81", bytes from/to client:0/0, bytes from/to upstream:0/0`,
    { upstream: [{ address: '10.0.0.1:81' }], message: 'upstream timed out' },
  ],
];

for (const [why, line, wanted] of CASES) {
  test(`nginx-error: ${why}`, () => {
    const entry = readLines(nginxError, line).entries[0] as LogEntry;
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(entry[key as keyof LogEntry], value, key);
  });
}

test('nginx-error: local time', () => {
  const entry = readLines(nginxError, `${HEAD}x`, { timeZone: 'Europe/Berlin' }).entries[0];
  assert.equal(entry?.atUs, Date.UTC(2026, 10, 20, 16, 35, 10) * 1_000);
});

test('nginx-error: lines of an application belong to the line before', () => {
  const text = `${HEAD}FastCGI sent in stderr: "PHP message: a\n#1 b\n\n#2 c" while reading, ${TAIL}\n${HEAD}x\nnothing`;
  assert.deepEqual(readLines(nginxError, text).kinds, ['entry', 'part', 'part', 'part', 'entry', 'bad']);
});

test('nginx-error: many marks take no long time', () => {
  const line = `${HEAD}x${', client: a, request: "'.repeat(3_000)}`;
  assert.equal(readLines(nginxError, line).entries.length, 1);
});

test('nginx-error: mutated lines', () =>
  fuzzLines(nginxError, `${LAB_TEXT}\n${CASES.map(([, line]) => line).join('\n')}`));

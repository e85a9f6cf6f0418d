import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { varnish } from '../../../src/logs/formats/varnish.ts';
import { varnishlog } from '../../../src/logs/formats/varnishlog.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { linesOf, readLines } from '../../helpers/read-log.ts';

const read = (path: string): string => readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8');
const LAB = read('gateway-lab/raw/varnishlog.txt');
const OWN = read('logs/varnish/varnishlog.txt');

test('the lab: every transaction is an entry, and no line is lost', () => {
  const { entries, kinds, bad } = readLines(varnishlog, LAB);
  const headers = linesOf(LAB).filter((line) => line.includes('<<')).length;
  assert.deepEqual([headers, entries.length, bad], [92, 92, []]);
  // A header or blank line completes one transaction each; all others are parts.
  assert.equal(kinds.filter((kind) => kind === 'part').length, kinds.length - 92);
  assert.equal(entries.filter(({ kind }) => kind === 'error').length, 36);
});

test('the lab: backend requests lead to their client, and so do lines of varnishncsa', () => {
  const { entries } = readLines(varnishlog, LAB);
  const clients = entries.filter(({ extra, ids }) => extra?.['vxid'] === ids.local);
  const backends = entries.filter(({ extra, ids }) => extra?.['vxid'] !== ids.local);
  assert.deepEqual([clients.length, backends.length], [46, 46]);
  assert.ok(backends.every(({ ids, path }) => clients.some((one) => one.ids.local === ids.local && one.path === path)));
  const logged = readLines(varnish, read('gateway-lab/raw/varnishncsa.log')).entries;
  assert.deepEqual(
    logged.map(({ ids, path, status }) => [ids.local, path, status]),
    clients.map(({ ids, path, status }) => [ids.local, path, status]),
  );
});

test('the lab: what the member said, and what Varnish made of it', () => {
  const { entries, rows } = readLines(varnishlog, LAB);
  const of = (path: string) => entries.filter((entry) => entry.path === path && entry.upstream !== undefined);
  const table = ['/ok', '/close', '/s503', '/s100only', '/garbage', '/sick/ok', '/blackhole/ok'].map((path) => {
    const [entry] = of(path);
    return [path, entry?.kind, entry?.message, entry?.upstream?.map(({ address, status }) => [address, status])];
  });
  assert.deepEqual(table, [
    ['/ok', 'trace', undefined, [['127.0.0.1:18001', 200]]],
    [
      '/close',
      'error',
      'HTC eof (-1)\nHTC eof (-1)',
      [
        ['127.0.0.1:18001', undefined],
        ['127.0.0.1:18001', undefined],
      ],
    ],
    ['/s503', 'trace', undefined, [['127.0.0.1:18001', 503]]],
    ['/s100only', 'error', 'Body cannot be fetched', [['127.0.0.1:18001', 100]]],
    ['/garbage', 'error', 'http format error', [['127.0.0.1:18001', undefined]]],
    ['/sick/ok', 'error', 'backend sick: unhealthy', []],
    ['/blackhole/ok', 'error', 'backend blackhole: fail errno 110 (Connection timed out)', [['blackhole', undefined]]],
  ]);
  assert.equal(of('/close')[0]?.extra?.['BackendOpen'], 'reuse, connect');
  assert.deepEqual(rows[0], { atUs: 1_795_196_829_449_745, status: 200, substatus: -1, win32: -1, durationUs: 565 });
  assert.deepEqual([rows[1]?.status, rows[1]?.durationUs], [-1, -1]);
});

test('sessions, rewritten paths, retries and headers', () => {
  const { entries, kinds } = readLines(varnishlog, OWN);
  assert.deepEqual(kinds.slice(0, 4), ['directive', 'directive', 'directive', 'part']);
  assert.deepEqual(entries[0], {
    format: 'varnishlog',
    kind: 'access',
    atUs: 1_795_196_829_449_745,
    stamp: 'start',
    resolutionUs: 1,
    method: 'GET',
    path: '/cart',
    query: 'id=7',
    status: 503,
    durationUs: 3_000_565,
    durationResolutionUs: 1,
    bytesReceived: 120,
    bytesSent: 522,
    clientIp: '192.0.2.10',
    clientPort: 37_560,
    host: 'shop.example.com',
    userAgent: 'gateprobe/0.1.0 (run=0a1b2c3d; id=00112233445566aa)',
    ids: { probe: '00112233445566aa', trace: '4bf92f3577b34da6a3ce929d0e0e4736', local: '32770' },
    extra: { vxid: '32770' },
  });
  assert.deepEqual(
    entries.slice(1).map(({ kind, path, ids, upstream, durationUs }) => [kind, path, ids.local, upstream, durationUs]),
    [
      ['error', '/rewritten', '32770', [{ address: '192.0.2.81:8080', connectUs: 1_000 }], 11_040],
      ['error', '/rewritten', '32770', [{ address: 'web2' }], 2_989_232],
      ['access', '/logo.png', '5', [], 100],
    ],
  );
});

test('a file that begins or ends inside a transaction', () => {
  const lines = OWN.split('\n');
  const { kinds, entries } = readLines(varnishlog, lines.slice(6, 30).join('\n'));
  assert.equal(entries.length, 0);
  assert.ok(kinds.every((kind) => kind === 'directive' || kind === 'part'));
  assert.deepEqual(readLines(varnishlog, 'x\n*  << \n-\n- \n').kinds, ['bad', 'bad', 'bad', 'bad']);
});

test('mutated lines', () => {
  fuzzLines(varnishlog, OWN + LAB);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { caddy } from '../../../src/logs/formats/caddy.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

const read = (path: string): string => readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8');
const MIXED = read('logs/caddy/mixed.jsonl');
const ENCODERS = read('logs/caddy/encoders.jsonl');
const ACCESS = read('gateway-lab/raw/caddy-access.jsonl');
const ERRORS = read('gateway-lab/raw/caddy-error.jsonl');

test('an access entry, whole', () => {
  const { entries, kinds } = readLines(caddy, MIXED);
  assert.deepEqual(kinds, ['directive', 'entry', 'entry', 'entry', 'entry', 'entry', 'directive']);
  assert.deepEqual(entries[0], {
    format: 'caddy',
    kind: 'access',
    atUs: 1_795_196_689_209_361,
    stamp: 'end',
    resolutionUs: 1,
    method: 'GET',
    path: '/cart',
    query: 'id=7',
    status: 200,
    durationUs: 1_956,
    durationResolutionUs: 1,
    bytesSent: 6,
    bytesReceived: 0,
    clientIp: '192.0.2.10',
    clientPort: 33_594,
    host: 'shop.example.com',
    userAgent: 'gateprobe/0.1.0 (run=0a1b2c3d; id=00112233445566aa)',
    upstream: [{ address: '192.0.2.81:8080', headerUs: 1_250 }],
    retries: 0,
    extra: { logger: 'http.log.access.log0' },
    ids: {
      probe: '00112233445566aa',
      trace: '4bf92f3577b34da6a3ce929d0e0e4736',
      request: 'r-1',
      local: '0.001956217',
    },
  });
});

test('errors, their cause and the digits that join them', () => {
  const { entries, rows } = readLines(caddy, MIXED);
  assert.deepEqual(
    entries.slice(1).map(({ kind, level, message, ids, extra }) => [kind, level, message, ids.local, extra?.['error']]),
    [
      ['error', 'error', 'dial tcp 192.0.2.82:8080: connect: connection refused', '0.00050010', undefined],
      ['access', undefined, undefined, '0.00050010', undefined],
      ['error', 'error', 'aborting with incomplete response', undefined, 'unexpected EOF'],
      ['event', 'warn', 'unexpected status code', undefined, undefined],
    ],
  );
  assert.deepEqual(
    rows.map(({ status, durationUs }) => [status, durationUs]),
    [
      [200, 1_956],
      [-1, -1],
      [502, 500],
      [-1, -1],
      [-1, -1],
    ],
  );
});

test('times and durations of other encoders', () => {
  const { entries } = readLines(caddy, ENCODERS, { timeZone: '+01:00' });
  const localUs = Date.UTC(2026, 10, 20, 16, 44, 49, 209) * 1_000;
  assert.deepEqual(
    entries.map(({ atUs, resolutionUs, durationUs, clientGone }) => [atUs, resolutionUs, durationUs, clientGone]),
    [
      [localUs, 1_000, 1_956, undefined],
      [1_795_196_689_209_361, 1, 62_500_000, undefined],
      [1_795_196_689_209_361, 1, undefined, undefined],
      [localUs, 1_000, 850, true],
    ],
  );
});

test('the lab: all lines, those that were cut too', () => {
  const access = readLines(caddy, ACCESS);
  assert.deepEqual([access.entries.length, access.bad], [66, []]);
  assert.ok(access.entries.every(({ status, durationUs }) => status !== undefined && durationUs !== undefined));
  const forwarded = access.entries.filter(({ extra }) => extra?.['answered-by'] === 'Server: member');
  // Where Caddy itself failed, its own name stands alone.
  assert.equal(forwarded.length, ACCESS.split('"Server":["Caddy","member"]').length - 1);
  assert.ok(forwarded.every(({ status = 0, path = '' }) => status < 500 || path.endsWith(`/s${status}`)));
  const via = ACCESS.split('\n', 1)[0]?.replace(/"resp_headers":.*/, '"resp_headers":{"Via":["1.1 Caddy"]}}') ?? '';
  assert.equal(readLines(caddy, via).entries[0]?.extra?.['answered-by'], 'Via: 1.1 Caddy');
  const errors = readLines(caddy, ERRORS);
  assert.deepEqual(errors.bad, []);
  assert.equal(errors.entries.length + errors.kinds.filter((kind) => kind === 'directive').length, 69);
  const local = new Set(access.entries.map(({ ids }) => ids.local));
  const told = errors.entries.filter(({ extra }) => extra?.['logger'] === 'http.log.error.log0');
  assert.equal(told.length, 33);
  assert.ok(told.every(({ ids }) => local.has(ids.local)));
});

test('what is not of the format is bad', () => {
  for (const line of [
    'x',
    '{}',
    '{"msg":"a"}',
    '[{"msg":"a","ts":1,"level":"info"}]',
    '{"level":"info","ts":{},"msg":"a"}',
  ])
    assert.deepEqual(readLines(caddy, line).kinds, ['bad'], line);
});

test('hostile values of good keys are left out', () => {
  const deep = `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`;
  const line = `{"level":"error","ts":1795196689.5,"logger":"http.log.access","msg":"handled request","__proto__":{"status":1},"request":{"remote_ip":[1],"uri":7,"headers":{"User-Agent":{"a":1},"__proto__":[1]},"deep":${deep}},"duration":1e999,"status":"x","size":-1,"upstream":[1]}`;
  assert.deepEqual(readLines(caddy, line).entries, [
    {
      format: 'caddy',
      kind: 'access',
      atUs: 1_795_196_689_500_000,
      stamp: 'end',
      resolutionUs: 1,
      path: '7',
      extra: { logger: 'http.log.access' },
      ids: {},
    },
  ]);
});

test('mutated lines', () => {
  fuzzLines(caddy, MIXED + ENCODERS + ERRORS);
});

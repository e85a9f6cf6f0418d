import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { apacheError } from '../../../src/logs/formats/apache-error.ts';
import type { LogEntry } from '../../../src/model/log.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

const LAB_TEXT = readFileSync(new URL('../../fixtures/gateway-lab/raw/apache-error.log', import.meta.url), 'utf8');
const AT = Date.UTC(2026, 10, 20, 17, 35, 10) * 1_000;

test('apache-error: all lines of the lab', () => {
  const { entries, bad } = readLines(apacheError, LAB_TEXT);
  assert.deepEqual(bad, []);
  assert.equal(entries.length, 201);
  const coded = LAB_TEXT.split('\n').filter((line) => /(?:\] |: )AH\d{5}: /.test(line));
  assert.equal(entries.filter(({ code }) => code !== undefined).length, coded.length);
  assert.ok(entries.every(({ message }) => !/\[(?:pid|client|remote) /.test(message ?? '')));
  assert.deepEqual([...new Set(entries.flatMap(({ extra }) => extra?.['errno'] ?? []))].sort(), [
    '104',
    '111',
    '20014',
    '22',
    '28',
    '70007',
    '70008',
    '70014',
    'EAI 2',
  ]);
});

const CASES: readonly (readonly [why: string, line: string, wanted: Partial<LogEntry>])[] = [
  [
    'of a request',
    '[Fri Nov 20 17:35:10.123456 2026] [proxy_http:error] [pid 1:tid 2] (70007)The timeout specified has expired: [client 192.0.2.7:5000] AH01102: error reading status line from remote server 10.0.0.1:80, referer: https://a.example/?b, c',
    {
      ...{ atUs: AT + 123_456, resolutionUs: 1, stamp: 'moment', kind: 'error', level: 'error', code: 'AH01102' },
      ...{ processId: 1, clientIp: '192.0.2.7', clientPort: 5_000, ids: {} },
      message:
        '(70007)The timeout specified has expired: AH01102: error reading status line from remote server 10.0.0.1:80',
      extra: { module: 'proxy_http', errno: '70007', referer: 'https://a.example/?b, c' },
    },
  ],
  [
    'with a log id and a compact time',
    '[2026-11-20 17:35:10.123456] [proxy:error] [pid 1:tid 2] [L awCGVkU7Yjplx] (111)Connection refused: AH00957: http: attempt to connect to 10.0.0.1:80 (10.0.0.1:80) failed',
    { atUs: AT + 123_456, ids: { local: 'awCGVkU7Yjplx' }, code: 'AH00957', extra: { module: 'proxy', errno: '111' } },
  ],
  [
    'with a log id behind the client',
    '[Fri Nov 20 17:35:10 2026] [core:info] [pid 1] [client ::1:5000] [L abc] AH1: x',
    { clientIp: '::1', clientPort: 5_000, ids: { local: 'abc' }, resolutionUs: 1_000_000 },
  ],
  ['without a log id', '[Fri Nov 20 17:35:10 2026] [core:info] [pid 1] [L -] x', { ids: {}, message: 'x' }],
  [
    'of 2.2',
    '[Fri Nov 20 17:35:10 2026] [error] [client 192.0.2.7] client denied by server configuration: /x',
    { level: 'error', clientIp: '192.0.2.7', message: 'client denied by server configuration: /x' },
  ],
  [
    'at debug, with its source',
    '[Fri Nov 20 17:35:10.1 2026] [proxy:debug] [pid 1:tid 2] proxy_util.c(2200): [client 1.2.3.4:5] AH00944: connecting',
    { level: 'debug', code: 'AH00944', clientIp: '1.2.3.4', extra: { module: 'proxy', source: 'proxy_util.c(2200)' } },
  ],
  [
    'a name that was not found',
    '[Fri Nov 20 17:35:10.1 2026] [proxy:error] [pid 1:tid 2] (EAI 2)Name or service not known: [client 1.2.3.4:5] AH00898: DNS lookup failure for: x',
    { extra: { module: 'proxy', errno: 'EAI 2' }, code: 'AH00898' },
  ],
  [
    'of a member connection',
    '[Fri Nov 20 17:35:10.1 2026] [ssl:info] [pid 1:tid 2] [remote 10.0.0.1:443] AH02003: SSL Proxy connect failed',
    { extra: { module: 'ssl', remote: '10.0.0.1:443' } },
  ],
  [
    'brackets in a message stay',
    '[Fri Nov 20 17:35:10.1 2026] [core:notice] [pid 1:tid 2] AH00094: Command line: [pid 7] x',
    { message: 'AH00094: Command line: [pid 7] x' },
  ],
];

for (const [why, line, wanted] of CASES) {
  test(`apache-error: ${why}`, () => {
    const entry = readLines(apacheError, line).entries[0] as LogEntry;
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(entry[key as keyof LogEntry], value, key);
  });
}

test('apache-error: local time, and days before the tenth', () => {
  const line = '[Sun Nov  1 17:35:10 2026] [core:info] [pid 1] x\n[Sun Nov 01 17:35:10 2026] [core:info] [pid 1] x';
  const { entries } = readLines(apacheError, line, { timeZone: '+02:00' });
  assert.deepEqual(
    entries.map(({ atUs }) => atUs),
    [Date.UTC(2026, 10, 1, 15, 35, 10) * 1_000, Date.UTC(2026, 10, 1, 15, 35, 10) * 1_000],
  );
});

test('apache-error: other lines are bad', () => {
  const bad = [
    'hello',
    '[Fri Nov 20 17:35:10 2026] no level',
    '[Fri Nov 31 17:35:10 2026] [core:info] x',
    '[x] [core:info] x',
  ];
  assert.deepEqual(readLines(apacheError, bad.join('\n')).bad, bad);
});

test('apache-error: mutated lines', () =>
  fuzzLines(apacheError, `${LAB_TEXT}\n${CASES.map(([, line]) => line).join('\n')}`));

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { apache } from '../../../src/logs/formats/apache.ts';
import type { LogEntry } from '../../../src/model/log.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

/** Undefined: must not be there. */
type Wanted = { readonly [Key in keyof LogEntry]?: LogEntry[Key] | undefined };

const LAB = new URL('../../fixtures/gateway-lab/', import.meta.url);
const LAB_PATTERN = /^LogFormat.*$/m.exec(readFileSync(new URL('conf/apache.conf', LAB), 'utf8'))?.[0] ?? '';
const LAB_TEXT = readFileSync(new URL('raw/apache-access.log', LAB), 'utf8');
const AT = Date.UTC(2026, 10, 20, 17, 41, 42) * 1_000;
const CLF = '192.0.2.7 - - [20/Nov/2026:17:41:42 +0000] "GET /a?b HTTP/1.1" 502 157';

test('apache: all lines of the lab with its LogFormat', () => {
  const { entries, rows, bad, missing } = readLines(apache, LAB_TEXT, { pattern: LAB_PATTERN });
  assert.deepEqual(bad, []);
  assert.equal(entries.length, 99);
  assert.deepEqual(missing, []);
  assert.ok(entries.every(({ extra }) => extra?.['proxy-status'] !== undefined));
  assert.ok(entries.every(({ stamp, resolutionUs }) => stamp === 'start' && resolutionUs === 1));
  assert.deepEqual(
    rows.map(({ status }) => status),
    entries.map(({ status }) => status ?? -1),
  );
  assert.deepEqual(
    rows.map(({ durationUs }) => durationUs),
    entries.map(({ durationUs }) => durationUs ?? -1),
  );
  assert.deepEqual(
    entries.filter(({ clientGone }) => clientGone).map(({ path }) => path),
    ['/a/slow3'],
  );
});

test('apache: a failed request of a balancer', () => {
  const entry = readLines(apache, LAB_TEXT, { pattern: LAB_PATTERN }).entries.find(({ path }) => path === '/bdead/ok');
  assert.equal(entry?.atUs, 1_795_196_577_039_733);
  assert.equal(entry?.durationUs, 366);
  assert.deepEqual(entry?.upstream, [{ address: 'http://127.0.0.1:18013' }]);
  assert.equal(entry?.ids.local, 'awCGoUU7Yjplx-LZ1q7ypgAAAAs');
  assert.equal(entry?.extra?.['proxy-status'], '-');
  assert.equal(entry?.bytesSent, 637, '%O counts headers too');
});

const CASES: readonly (readonly [why: string, pattern: string | undefined, line: string, wanted: Wanted])[] = [
  [
    'common',
    undefined,
    CLF,
    {
      atUs: AT,
      stamp: 'start',
      resolutionUs: 1_000_000,
      status: 502,
      path: '/a',
      query: 'b',
      bytesSent: 157,
      clientIp: '192.0.2.7',
    },
  ],
  [
    'with the virtual host',
    undefined,
    `a.example:80 ${CLF} "-" "x"`,
    { serverPort: 80, extra: { v: 'a.example' }, userAgent: 'x' },
  ],
  [
    'keys behind, named like directives',
    undefined,
    `${CLF} "-" "x" D=1053 X=X L=awCGVkU7Yjplx T=1 err=The server broke`,
    { durationUs: 1_053, clientGone: true, ids: { local: 'awCGVkU7Yjplx' }, extra: { T: '1', X: 'X' } },
  ],
  [
    'the advised keys',
    undefined,
    `${CLF} "-" "x" D=5 X=+ L=- w=http://10.0.0.1:80 ps=- notes="a \\"b\\" c" b=1795196502135316 e=1795196502135321`,
    {
      atUs: AT + 135_316,
      resolutionUs: 1,
      upstream: [{ address: 'http://10.0.0.1:80' }],
      message: 'a \\"b\\" c',
      extra: { 'proxy-status': '-', 'error-notes': 'a \\"b\\" c', X: '+' },
    },
  ],
  [
    'a key b that is no time of this second',
    undefined,
    `${CLF} "-" "x" b=1795196599135316`,
    { atUs: AT, resolutionUs: 1_000_000 },
  ],
  [
    'fractions of the documentation',
    '%h [%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t %{%z}t] %>s',
    '::1 [20/Nov/2026:18:41:42.123 +0100] 200',
    { atUs: AT + 123_000, resolutionUs: 1_000 },
  ],
  [
    'the time of the end',
    '%{end:usec}t %>s',
    '1795196502135316 200',
    { atUs: 1_795_196_502_135_316, stamp: 'end', resolutionUs: 1 },
  ],
  [
    'the start before the end',
    '%{end:usec}t %{begin:msec}t %>s',
    '1795196502135316 1795196502134 200',
    { atUs: 1_795_196_502_134_000, stamp: 'start' },
  ],
  ['digits without anything between', '%{%Y%m%d%H%M%S}t %>s', '20261120174142 200', { atUs: AT }],
  ['twelve hours', '%{%m/%d/%y %I:%M:%S %p}t %>s', '11/20/26 05:41:42 PM 200', { atUs: AT }],
  [
    'seconds with a fraction',
    '%{sec}t.%{usec_frac}t %>s',
    '1795196502.134351 200',
    { atUs: 1_795_196_502_134_351, resolutionUs: 1 },
  ],
  [
    'milliseconds',
    '%t %>s %{ms}T',
    '[20/Nov/2026:17:41:42 +0000] 200 12',
    { durationUs: 12_000, durationResolutionUs: 1_000 },
  ],
  [
    'seconds',
    '%t %>s %T',
    '[20/Nov/2026:17:41:42 +0000] 200 3',
    { durationUs: 3_000_000, durationResolutionUs: 1_000_000 },
  ],
  ['the final status', '%t %s %>s', '[20/Nov/2026:17:41:42 +0000] 200 502', { status: 502, extra: { s: '200' } }],
  [
    'parts of a request',
    '%t %m "%U" "%q" %H %>s',
    '[20/Nov/2026:17:41:42 +0000] GET "/a b" "?c" HTTP/1.1 200',
    { method: 'GET', path: '/a b', query: 'c' },
  ],
  [
    'headers',
    '%t %>s "%{X-Cache}o" "%{Host}i" "%400,501{Referer}i"',
    '[20/Nov/2026:17:41:42 +0000] 200 "HIT" "a.example" "-"',
    { host: 'a.example', extra: { 'X-Cache': 'HIT' } },
  ],
  [
    'a request that never came',
    undefined,
    '192.0.2.7 - - [20/Nov/2026:17:41:42 +0000] "-" 408 -',
    { status: 408, method: undefined, extra: undefined },
  ],
];

for (const [why, pattern, line, wanted] of CASES) {
  test(`apache: ${why}`, () => {
    const { entries, rows, bad } = readLines(apache, line, pattern === undefined ? {} : { pattern });
    assert.deepEqual(bad, []);
    const entry = entries[0] as LogEntry;
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(entry[key as keyof LogEntry], value, key);
    assert.equal(rows[0]?.durationUs, entry.durationUs ?? -1);
    // A row is quick and may be coarser than its entry.
    const coarse = pattern === undefined ? 1_000_000 : 1;
    assert.equal(rows[0]?.atUs, Math.floor(entry.atUs / coarse) * coarse);
  });
}

test('apache: local times without a zone', () => {
  const options = { pattern: '%{%F %T}t %>s', timeZone: 'America/New_York' };
  assert.equal(readLines(apache, '2026-11-20 12:41:42 200', options).entries[0]?.atUs, AT);
});

test('apache: lines of another shape are bad', () => {
  const options = { pattern: '%{%F %T}t %>s' };
  const bad = ['2026-02-31 12:41:42 200', '2026-11-20 12:41:42 20x', '2026-11-20 12:41:42', '2026-11-20 25:41:42 200'];
  assert.deepEqual(readLines(apache, bad.join('\n'), options).bad, bad);
});

test('apache: mutated lines', () => {
  fuzzLines(apache, LAB_TEXT, { pattern: LAB_PATTERN });
  fuzzLines(apache, CASES.flatMap(([, pattern, line]) => (pattern === undefined ? [line] : [])).join('\n'), {}, 2);
  fuzzLines(
    apache,
    '20/Nov/2026 05:41:42.123 PM +0100 200',
    { pattern: '%{%d/%b/%Y %I:%M:%S}t.%{msec_frac}t %{%p %z}t %>s' },
    3,
  );
});

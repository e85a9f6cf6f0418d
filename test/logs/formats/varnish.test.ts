import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { varnish } from '../../../src/logs/formats/varnish.ts';
import { compileVarnishPattern } from '../../../src/logs/formats/varnish-pattern.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

const read = (path: string): string => readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8');
const LAB = read('gateway-lab/raw/varnishncsa.log');
const PLAIN = read('logs/varnish/ncsa-default.log');
const FORMATTED = read('logs/varnish/ncsa-format.log');
const PATTERN =
  '%h %t \\"%r\\" %s %b %D \\"%{User-agent}i\\" %{Varnish:hitmiss}x %{X-Varnish}o %{X-Request-Id}i \\"%{Referer}i\\"';

test('the lab: all lines, with what stands behind', () => {
  const { entries, rows, bad } = readLines(varnish, LAB);
  assert.deepEqual([entries.length, bad], [46, []]);
  assert.deepEqual(entries[1], {
    format: 'varnish',
    kind: 'access',
    atUs: Date.UTC(2026, 10, 20, 17, 47, 10) * 1_000,
    stamp: 'start',
    resolutionUs: 1_000_000,
    method: 'GET',
    path: '/close',
    durationUs: 7_285,
    durationResolutionUs: 1,
    host: '127.0.0.1:25000',
    ids: { local: '32770' },
    extra: {
      T: '0',
      '{Varnish:time_firstbyte}x': '0.007239',
      '{Varnish:hitmiss}x': 'pass',
      '{X-Varnish}o': '32770',
    },
    status: 503,
    bytesSent: 282,
    clientIp: '127.0.0.1',
  });
  assert.deepEqual(rows[5]?.durationUs, 2_007_663);
  assert.equal(entries.filter(({ status }) => status === 503).length, 26);
});

test('the default format, and what it does not log', () => {
  const { entries, missing } = readLines(varnish, PLAIN);
  assert.deepEqual(
    entries.map(({ path, query, status, bytesSent, ids }) => [path, query, status, bytesSent, ids.probe]),
    [
      ['/cart', 'id=7', 200, 1_534, '00112233445566aa'],
      ['/pay', undefined, 503, 282, undefined],
      ['/logo.png', undefined, 200, undefined, undefined],
    ],
  );
  assert.deepEqual(missing, ['%D', '%{Varnish:hitmiss}x', '%{X-Varnish}o']);
});

test('a format of the user', () => {
  for (const pattern of [PATTERN, `'${PATTERN.replaceAll('\\"', '"')}'`]) {
    const { entries, rows, bad, missing } = readLines(varnish, FORMATTED, { pattern });
    assert.deepEqual([bad, missing], [[], []]);
    assert.deepEqual(
      entries.map(({ durationUs, upstream, ids, extra }) => [durationUs, upstream, ids, extra?.['{Referer}i']]),
      [
        [565, [], { request: 'r-1', local: '32770' }, 'a "b" c'],
        [7_285, undefined, { local: '32773' }, undefined],
      ],
    );
    assert.deepEqual(
      rows.map(({ status, durationUs }) => [status, durationUs]),
      [
        [200, 565],
        [503, 7_285],
      ],
    );
  }
});

test('formats that cannot be read say why', () => {
  const table: [string, RegExp][] = [
    ['%h "%r"', /%t/],
    ['%t%r%s', /character between/],
    ['%t %z', /directive of varnishncsa/],
    ['%{%Y-%m-%d}t %r', /%t, whose form/],
    ['', /variables/],
  ];
  for (const [pattern, expected] of table) {
    const compiled = compileVarnishPattern(pattern);
    assert.ok(!('fields' in compiled), pattern);
    assert.match(compiled.map((problem) => problem.expected).join(' | '), expected);
    assert.throws(() => readLines(varnish, PLAIN, { pattern }), { name: 'UserError' });
  }
});

test('mutated lines', () => {
  fuzzLines(varnish, LAB + PLAIN);
  fuzzLines(varnish, FORMATTED, { pattern: PATTERN }, 2);
});

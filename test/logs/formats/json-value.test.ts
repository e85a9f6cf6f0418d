import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIsoReader, epochTimeOf, isoTimeOf } from '../../../src/logs/formats/json-time.ts';
import {
  createFields,
  cutJsonObject,
  goDurationUs,
  jsonObjectIn,
  millisOf,
  own,
  secondsOf,
  wholeOf,
} from '../../../src/logs/formats/json-value.ts';
import { zoneToUtc } from '../../../src/logs/wall-time.ts';

test('seconds as exact µs', () => {
  const table: [unknown, number | undefined][] = [
    ['0.034', 34_000],
    [0.034, 34_000],
    [20.013, 20_013_000],
    [1e-7, 0],
    [0.0000074, 7],
    ['1', 1_000_000],
    ['', undefined],
    ['-', undefined],
    ['-1', undefined],
    [-1, undefined],
    ['1e9', undefined],
    [1e21, undefined],
    [9_999_999_999, undefined],
    [Number.NaN, undefined],
    [null, undefined],
    [[1], undefined],
  ];
  for (const [value, us] of table) assert.equal(secondsOf(value), us, String(value));
});

test('milliseconds and durations of Go as exact µs', () => {
  for (const [value, us] of [
    ['12', 12_000],
    [12.5, 12_500],
    ['1.0009', 1_000],
    ['x', undefined],
    [-1, undefined],
    [1e13, undefined],
  ] as const)
    assert.equal(millisOf(value), us, String(value));
  for (const [text, us] of [
    ['1.956217ms', 1_956],
    ['850µs', 850],
    ['1m2.5s', 62_500_000],
    ['1h0m0.001s', 3_600_001_000],
    ['999ns', 0],
    ['2.1s', 2_100_000],
    ['', undefined],
    ['5', undefined],
    ['5 s', undefined],
    ['5s!', undefined],
    ['999999999h', undefined],
  ] as const)
    assert.equal(goDurationUs(text), us, text);
});

test('written times', () => {
  const at = Date.UTC(2026, 10, 20, 17, 35, 9) * 1_000;
  const read = createIsoReader();
  const table: [unknown, number | undefined, number?][] = [
    ['2026-11-20T17:35:09Z', at, 1_000_000],
    ['2026-11-20T17:35:09.1Z', at + 100_000, 100_000],
    ['2026-11-20T17:35:09.123Z', at + 123_000, 1_000],
    ['2026-11-20T17:35:09.123456789Z', at + 123_456, 1],
    ['2026-11-20t18:35:09.000+01:00', at, 1_000],
    ['2026-11-20 12:05:09.000-0530', at, 1_000],
    ['2026-11-20T17:35:09', undefined],
    ['2026-02-30T17:35:09Z', undefined],
    ['2026-11-20T24:35:09Z', undefined],
    ['2026-11-20T17:35:09.Z', undefined],
    ['2026-11-20T17:35:09ZZ', undefined],
    ['9999-11-20T17:35:09Z', undefined],
    [7, undefined],
  ];
  for (const [value, atUs, resolutionUs] of table)
    assert.deepEqual(
      isoTimeOf(value, read),
      atUs === undefined ? undefined : { atUs, resolutionUs },
      JSON.stringify(value),
    );
  const local = createIsoReader(zoneToUtc('Europe/Berlin'));
  assert.equal(isoTimeOf('2026/11/20 18:35:09.5', local)?.atUs, at + 500_000);
  assert.equal(isoTimeOf('2026/07/20 18:35:09', local)?.atUs, Date.UTC(2026, 6, 20, 16, 35, 9) * 1_000);
});

test('counts since 1970, by their digits', () => {
  for (const [digits, atUs, resolutionUs] of [
    ['1795196689', 1_795_196_689_000_000, 1_000_000],
    ['1795196689.2093613', 1_795_196_689_209_361, 1],
    ['1795196689209', 1_795_196_689_209_000, 1_000],
    ['1795196689209.3', 1_795_196_689_209_300, 100],
    ['1795196689209361', 1_795_196_689_209_361, 1],
    ['1795196689209361300', 1_795_196_689_209_361, 1],
  ] as const)
    assert.deepEqual(epochTimeOf(digits), { atUs, resolutionUs }, digits);
  for (const digits of ['', '1', '99999999999', '9999999999', '-1795196689', '1795196689.x'])
    assert.equal(epochTimeOf(digits), undefined, digits);
});

test('objects: only whole ones, and only their own keys', () => {
  const parse = (text: string) => jsonObjectIn(Buffer.from(text), 0, Buffer.byteLength(text));
  assert.deepEqual(parse(' {"a":1}\r'), { a: 1 });
  for (const text of ['', '[1]', '{', '{"a":}', '7', 'null', `{"a":${'['.repeat(200_000)}}`])
    assert.equal(parse(text), undefined, text.slice(0, 20));
  const object = parse('{"__proto__":{"b":1},"c":2}');
  assert.deepEqual([own(object, 'b'), own(object, 'toString'), own(object, 'c')], [undefined, undefined, 2]);
  assert.deepEqual(
    [wholeOf('12'), wholeOf(1.5), wholeOf(2 ** 60), wholeOf('-')],
    [12, undefined, undefined, undefined],
  );
  const fields = createFields((key) => key.toLowerCase());
  assert.deepEqual(
    [...fields({ A: 1, b: 2 }, { a: 3 })],
    [
      ['a', 1],
      ['b', 2],
    ],
  );
});

test('objects that were cut keep their whole members', () => {
  assert.deepEqual(cutJsonObject('{"a":"x,}","b":[1,{"c":2}],"d":{"e":"f'), { a: 'x,}', b: [1, { c: 2 }] });
  for (const text of ['{"a":1', '{"a":1}', '{"a":1},', '}', '', '{"a":x,"b"'])
    assert.equal(cutJsonObject(text), undefined, text);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formsOfWin32, hexOf, littleEndianOf, readNumber } from '../../../src/gateways/codes/number-forms.ts';

const FORMS_OF_12002 = [
  '12002',
  '+12002',
  '0x80072ee2',
  '0X80072EE2',
  '0x80072ee2L',
  '2147954402',
  '-2147012894',
  'E22E0780',
  'e22e0780',
  'E2 2E 07 80',
  'E2-2E-07-80',
  ' 12002 ',
];
for (const form of FORMS_OF_12002) {
  test(`12002 as ${JSON.stringify(form)}`, () => {
    assert.ok(readNumber(form).some(({ win32 }) => win32 === 12_002));
  });
}

test('eight hexadecimal digits are bytes and a number, and both are given', () => {
  assert.deepEqual(
    readNumber('80072ee2').map(({ form, value }) => [form, hexOf(value)]),
    [
      ['bytes', '0xe22e0780'],
      ['hexadecimal', '0x80072ee2'],
    ],
  );
  assert.deepEqual(
    readNumber('00000005').map(({ form }) => form),
    ['decimal', 'bytes', 'hexadecimal'],
  );
});

const NO_NUMBERS = [
  '',
  ' ',
  '-',
  '0x',
  '0xg1',
  '12a',
  'E22E078',
  'E2 2E-07 80',
  '1.5',
  '1e5',
  'x'.repeat(1000),
  '9'.repeat(41),
];
for (const text of NO_NUMBERS)
  test(`no number: ${JSON.stringify(text.slice(0, 20))}`, () => assert.deepEqual(readNumber(text), []));

test('numbers that do not fit into 32 bits keep their value and hold no Win32 error', () => {
  assert.deepEqual(readNumber('214784354254'), [{ form: 'decimal', value: 214_784_354_254n }]);
  assert.deepEqual(readNumber('-9999999999'), [{ form: 'signed decimal', value: -9_999_999_999n }]);
});

test('an HRESULT of another facility holds no Win32 error', () => {
  assert.deepEqual(readNumber('0x8009030E'), [{ form: 'hexadecimal', value: 0x8009030en }]);
});

test('all forms of any Win32 error read back as that error', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 65_535 }), (code) => {
      for (const { text } of formsOfWin32(code))
        assert.ok(
          readNumber(text).some(({ win32 }) => win32 === code),
          `${code} as ${text}`,
        );
    }),
  );
});

test('bytes of an event stand lowest first', () => {
  assert.equal(littleEndianOf(0x8007006dn), '6D000780');
  assert.equal(littleEndianOf(0x80072ee2n), 'E22E0780');
});

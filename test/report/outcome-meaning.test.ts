import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeMeaning } from '../../src/report/outcome-meaning.ts';

const MEANINGS: readonly (readonly [key: string, says: RegExp])[] = [
  ['502', /no usable answer/],
  ['504', /in time|too long|did not answer/i],
  ['200', /.{10}/],
  ['404', /.{10}/],
  ['502.3', /ARR could not get an answer/],
  ['200:truncated', /broke off/],
  ['timeout:connect', /connection until its own limit/],
  ['timeout:headers', /not one byte/],
  ['timeout:body', /did not end/],
  ['error:refused', /refused/],
  ['error:closed', /without an answer/],
  ['error:ports', /no local port/],
  ['error:header-too-large', /64 kB/],
  ['not-sent:cap', /maxInFlight/],
  ['not-sent:retry-after', /Retry-After/],
  ['aborted', /nobody’s failure/],
];

for (const [key, says] of MEANINGS)
  test(`what ${key} means`, () => assert.match(outcomeMeaning(key, 'arr')?.meaning ?? '', says));

test('a code that no table has gets no meaning', () => {
  for (const key of ['799', 'error:constructor', 'not-sent:toString', 'timeout:', 'nonsense', ''])
    assert.equal(outcomeMeaning(key), undefined, key);
});

test('where several products write a code, this gateway’s use of it is told', () => {
  assert.match(outcomeMeaning('502', 'nginx')?.here ?? '', /^nginx: /);
  assert.match(outcomeMeaning('502', 'arr')?.here ?? '', /ARR.*WinHTTP/);
  assert.equal(outcomeMeaning('502', 'unknown')?.here, undefined);
  assert.equal(outcomeMeaning('502')?.here, undefined);
});

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { findProgram, missingProgram } from './requires.ts';

const previous = process.env['CI'];
afterEach(() => {
  if (previous === undefined) delete process.env['CI'];
  else process.env['CI'] = previous;
});

test('a program that is there is no reason to skip', () => {
  assert.ok(findProgram('node'));
  assert.equal(missingProgram('node'), false);
});

test('a missing program is the reason to skip, by its name', () => {
  delete process.env['CI'];
  assert.match(String(missingProgram('node', 'no-such-program')), /^needs no-such-program,/);
});

test('on CI a missing program fails the test', () => {
  process.env['CI'] = 'true';
  assert.throws(() => missingProgram('no-such-program'), /no-such-program/);
});

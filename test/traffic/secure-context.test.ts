import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { secureContextOf } from '../../src/traffic/secure-context.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
const CA = readFileSync(join(FIXTURES, 'traffic', 'tls', 'server.pem'), 'utf8');
const KEY = readFileSync(join(FIXTURES, 'traffic', 'tls', 'server-key.pem'), 'utf8');

test('targets that trust the same share one, those that do not have their own', () => {
  const trusted: readonly string[] = [];
  const plain = secureContextOf({}, trusted);
  assert.equal(secureContextOf({}, trusted), plain);
  assert.notEqual(secureContextOf({}, []), plain, 'another list of authorities');
  const own = secureContextOf({ ca: CA }, trusted);
  assert.notEqual(own, plain);
  const mutual = secureContextOf({ ca: CA, cert: CA, key: KEY }, trusted);
  assert.notEqual(mutual, own);
  assert.equal(secureContextOf({ ca: CA, cert: CA, key: KEY }, trusted), mutual);
});

test('what is no certificate is refused each time, and spoils nothing', () => {
  const trusted: readonly string[] = [];
  for (let i = 0; i < 2; i++) assert.throws(() => secureContextOf({ cert: 'x', key: 'y' }, trusted));
  assert.ok(secureContextOf({}, trusted));
});

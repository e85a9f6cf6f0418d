import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAccess, isForeign, isLoopback, isOwnHost } from '../../../src/monitor/web/access.ts';

const TOKEN = 'a token of enough characters';

function guarded() {
  let nowUs = 0;
  const access = createAccess(TOKEN, () => nowUs);
  return { access, wait: (us: number) => (nowUs += us) };
}

test('tries come back with time, one every twelve seconds', () => {
  const { access, wait } = guarded();
  for (let n = 0; n < 5; n++) assert.deepEqual(access.tryToken('wrong', 'a'), { ok: false });
  assert.deepEqual(access.tryToken(TOKEN, 'a'), { ok: false, retryAfterSec: 12 });
  wait(11_000_000);
  assert.deepEqual(access.tryToken(TOKEN, 'a'), { ok: false, retryAfterSec: 1 });
  wait(1_000_000);
  assert.deepEqual(access.tryToken(TOKEN, 'a'), { ok: true });
});

test('one address does not use up the tries of another; many together come to an end', () => {
  const { access } = guarded();
  for (let n = 0; n < 5; n++) access.tryToken('wrong', 'a');
  assert.deepEqual(access.tryToken(TOKEN, 'b'), { ok: true });
  for (let n = 0; n < 25; n++) assert.equal('retryAfterSec' in access.tryToken('wrong', `c${n}`), false, String(n));
  assert.equal('retryAfterSec' in access.tryToken('wrong', 'd'), true);
});

test('right tokens use up nothing', () => {
  const { access } = guarded();
  for (let n = 0; n < 100; n++) assert.equal(access.tryToken(TOKEN, 'a').ok, true);
});

test('a session ends by itself or when it is closed; others are not known', () => {
  const { access, wait } = guarded();
  const [one, two] = [access.openSession(), access.openSession()];
  assert.notEqual(one, two);
  assert.equal(access.hasSession(one), true);
  assert.equal(access.hasSession('made up'), false);
  assert.equal(access.hasSession(undefined), false);
  access.closeSession(one);
  assert.equal(access.hasSession(one), false);
  wait(8 * 86_400_000_000);
  assert.equal(access.hasSession(two), false);
});

test('without a token nothing is asked for', () => {
  const access = createAccess(undefined, () => 0);
  assert.equal(access.isGuarded, false);
  assert.deepEqual(access.tryToken('', 'a'), { ok: true });
});

for (const [host, expected] of [
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['::1', true],
  ['[::1]', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.0.0.1.evil.example', false],
  ['127.evil.example', false],
  ['192.0.2.1', false],
  ['', false],
] as const) {
  test(`${host === '' ? 'nothing' : host} is ${expected ? '' : 'not '}loopback`, () => {
    assert.equal(isLoopback(host), expected);
    if (host !== '::1' && host !== '::') assert.equal(isOwnHost(`${host}:8464`), expected);
  });
}

test('a Host header of loopback: with and without a port, nothing else', () => {
  for (const host of ['localhost', '127.0.0.1:1', '[::1]:8464', '[::1]']) assert.equal(isOwnHost(host), true, host);
  for (const host of [undefined, 'localhost:', 'localhost:1:2', 'a@localhost', '[::1', 'localhost/'])
    assert.equal(isOwnHost(host), false, String(host));
});

for (const [site, mode, expected] of [
  [undefined, undefined, false],
  ['none', 'navigate', false],
  ['same-origin', 'cors', false],
  ['cross-site', 'navigate', false],
  ['cross-site', 'no-cors', true],
  ['same-site', 'cors', true],
] as const) {
  test(`${site} ${mode} is ${expected ? '' : 'not '}another site's doing`, () => {
    assert.equal(isForeign({ site, mode }), expected);
  });
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Target } from '../../src/model/profile.ts';
import type { Clock } from '../../src/model/time.ts';
import type { RouteTarget } from '../../src/traffic/protocol.ts';
import { resolveTargets } from '../../src/traffic/resolve.ts';
import { profileOf, targetOf } from './sending-setup.ts';

/** Each reading is 5 µs after the one before. */
function tickingClock(): Clock {
  let timeUs = 0;
  const nowUs = (): number => {
    timeUs += 5;
    return timeUs;
  };
  return { nowUs, wallMs: () => 0, sleep: async () => {} };
}

async function resolveOne(target: Target): Promise<RouteTarget> {
  const [found] = await resolveTargets(profileOf({ gateway: target }), tickingClock());
  assert.ok(found);
  return found;
}

describe('resolveTargets', () => {
  const LITERALS = [
    { url: 'http://127.0.0.1:8080', address: '127.0.0.1', family: 4, port: 8080, secure: false },
    { url: 'http://192.0.2.1', address: '192.0.2.1', family: 4, port: 80, secure: false },
    { url: 'https://192.0.2.1', address: '192.0.2.1', family: 4, port: 443, secure: true },
    { url: 'http://[::1]:81', address: '::1', family: 6, port: 81, secure: false },
  ];
  for (const { url, ...wanted } of LITERALS) {
    test(`${url} needs no lookup`, async () => {
      const { address, family, port, secure, dnsUs, hostname } = await resolveOne(targetOf(url));
      assert.deepEqual({ address, family, port, secure }, wanted);
      assert.equal(dnsUs, 0);
      assert.equal(hostname, wanted.address);
    });
  }

  test('localhost is looked up, and the lookup is timed', async () => {
    const found = await resolveOne(targetOf('http://localhost:1234'));
    assert.ok(found.address === '127.0.0.1' || found.address === '::1', found.address);
    assert.equal(found.family, found.address === '::1' ? 6 : 4);
    assert.equal(found.dnsUs, 5);
    assert.equal(found.hostname, 'localhost');
    assert.equal(found.resolveError, undefined);
  });

  test('a name that does not exist is data, not an exception', async () => {
    const found = await resolveOne(targetOf('http://nope.invalid'));
    assert.equal(found.address, undefined);
    assert.match(found.resolveError ?? '', /nope\.invalid/);
    assert.equal(found.dnsUs, 5);
  });

  test('behind a forward proxy the name is left to the proxy', async () => {
    const found = await resolveOne(targetOf('http://nope.invalid:81', { httpProxy: 'http://127.0.0.1:3128' }));
    assert.equal(found.address, 'nope.invalid');
    assert.equal(found.resolveError, undefined);
    assert.equal(found.port, 81);
  });

  test('gives the gateway first and then the members in their order, each with its own end', async () => {
    const found = await resolveTargets(
      profileOf({
        gateway: targetOf('http://127.0.0.1'),
        members: { b: targetOf('http://nope.invalid'), a: targetOf('http://127.0.0.2') },
      }),
      tickingClock(),
    );
    assert.deepEqual(
      found.map(({ route, address }) => [route, address]),
      [
        ['gateway', '127.0.0.1'],
        ['direct:b', undefined],
        ['direct:a', '127.0.0.2'],
      ],
    );
  });
});

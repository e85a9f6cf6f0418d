import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyStatusCodes, proxyStatuses, wroteItByProxyStatus } from '../../src/gateways/proxy-status.ts';

const of = (value: string | readonly string[], status = 502) => ({ status, headers: { 'proxy-status': value } });

const LINES = [
  ['a token', 'ExampleCDN', [{ proxy: 'ExampleCDN' }]],
  ['an error', 'envoy; error=connection_refused', [{ proxy: 'envoy', error: 'connection_refused' }]],
  [
    'quoted text with separators in it',
    'r34.example.net; error=http_protocol_error; details="bad, \\"very\\" bad; UPE", ExampleCDN',
    [
      { proxy: 'r34.example.net', error: 'http_protocol_error', details: 'bad, "very" bad; UPE' },
      { proxy: 'ExampleCDN' },
    ],
  ],
  ['a quoted name', '"my proxy"; received-status=200', [{ proxy: 'my proxy', receivedStatus: 200 }]],
  ['what follows garbage is left out', 'a; error=dns_error, ;;=', [{ proxy: 'a', error: 'dns_error' }]],
  ['nothing', '', []],
] as const;

for (const [name, line, expected] of LINES) {
  test(`Proxy-Status: ${name}`, () => assert.deepEqual(proxyStatuses(of(line)), expected));
}

test('several header lines are one list, nearest last', () => {
  assert.deepEqual(
    proxyStatuses(of(['a; error=dns_error', 'b'])).map((status) => status.proxy),
    ['a', 'b'],
  );
});

test('a code is the error type, with a meaning where the RFC has one', () => {
  assert.deepEqual(proxyStatusCodes(of('x; error=connection_timeout')), {
    code: 'connection_timeout',
    meaning: 'connecting to the member took too long',
  });
  assert.deepEqual(proxyStatusCodes(of('x; error=brand_new')), { code: 'brand_new' });
  assert.equal(proxyStatusCodes(of('x')), undefined);
  assert.equal(proxyStatusCodes({ status: 502, headers: {} }), undefined);
});

test('an intermediary wrote an error that it reports, unless it received a status', () => {
  assert.equal(wroteItByProxyStatus(of('x; error=connection_refused')), true);
  assert.equal(wroteItByProxyStatus(of('x; error=http_response_incomplete; received-status=200')), undefined);
  assert.equal(wroteItByProxyStatus(of('x; error=connection_refused', 200)), undefined);
  assert.equal(wroteItByProxyStatus(of('x')), undefined);
});

test('a hostile header takes no long time', () => {
  const before = process.cpuUsage();
  proxyStatuses(of(`a${'; a'.repeat(20_000)}"`));
  assert.ok(process.cpuUsage(before).user < 2_000_000);
});

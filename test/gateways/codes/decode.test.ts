import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, isKnown } from '../../../src/gateways/codes/decode.ts';
import { slipsBetween } from '../../../src/gateways/codes/near.ts';

const shown = (input: string): readonly string[] =>
  decode(input).readings.map(({ vocabulary, code, outcome }) => `${vocabulary} ${code} ${outcome ?? '?'}`);

// The first reading of each kind of code that the command names.
const FIRST: readonly (readonly [input: string, first: string])[] = [
  ['12002', 'winhttp 12002 response/timeout'],
  ['[12002]', 'winhttp 12002 response/timeout'],
  ['0x80072ee2', 'winhttp 12002 response/timeout'],
  ['80072EE2', 'winhttp 12002 response/timeout'],
  ['2147954402', 'winhttp 12002 response/timeout'],
  ['-2147012894', 'winhttp 12002 response/timeout'],
  ['E22E0780', 'winhttp 12002 response/timeout'],
  ['ERROR_WINHTTP_TIMEOUT', 'winhttp 12002 response/timeout'],
  ['error_internet_timeout', 'winhttp 12002 response/timeout'],
  ['IIS70Error=502,3,0x80072ee2,7601', 'winhttp 12002 response/timeout'],
  ['502.3.12002', 'winhttp 12002 response/timeout'],
  ['502 3 12002', 'winhttp 12002 response/timeout'],
  ['502.3/12002', 'winhttp 12002 response/timeout'],
  ['502.3.64', 'win32 64 client/abort'],
  ['[502.3]', 'iis-status 502.3 ?'],
  ['HTTP Error 502.4 - Bad Gateway', 'iis-status 502.4 pool/none'],
  ['500.30', 'aspnetcore-module 500.30 gateway/internal'],
  ['64', 'win32 64 client/abort'],
  ['sc-win32-status=121', 'win32 121 client/timeout'],
  ['WSAECONNREFUSED', 'win32 10061 connect/refused'],
  ['2148074254', 'hresult 0x8009030e ?'],
  ['0xC0000005', 'hresult 0xc0000005 response/reset-before-headers'],
  ['6D000780', 'win32 109 response/reset-before-headers'],
  ['QueueFull', 'httperr QueueFull pool/queue-full'],
  ['connection_abandoned_by_reqqueue', 'httperr Connection_Abandoned_By_ReqQueue response/reset-before-headers'],
  ['N/A', 'httperr N/A gateway/config'],
  ['sH--', 'haproxy sH-- response/timeout'],
  ['SH', 'haproxy SH response/reset-before-headers'],
  ['(sC--)', 'haproxy sC-- connect/timeout'],
  ['bc_err=46', 'haproxy EREFUSED connect/refused'],
  ['L7TOUT', 'haproxy L7TOUT response/timeout'],
  ['UF', 'envoy UF connect/failed'],
  ['uf,urx', 'envoy UF connect/failed'],
  ['UpstreamRequestTimeout', 'envoy UT response/timeout'],
  [
    'upstream_reset_before_response_started{connection termination}',
    'envoy upstream_reset_before_response_started{connection_termination} response/reset-before-headers',
  ],
  ['(70007)The timeout specified has expired: AH01102', 'apache (70007) AH01102 response/timeout'],
  ['AH00957', 'apache (111) AH00957 connect/refused'],
  ['(111: Connection refused)', 'errno ECONNREFUSED connect/refused'],
  ['errno 110', 'errno ETIMEDOUT connect/timeout'],
  [
    'upstream prematurely closed connection while reading response header from upstream',
    'nginx upstream prematurely closed connection while reading response header from upstream response/reset-before-headers',
  ],
  ['LambdaThrottling', 'aws-alb LambdaThrottling pool/queue-full'],
  ['460', 'aws-alb 460 client/abort'],
  ['ERRORINFO_UPSTREAM_NO_LIVE', 'azure-application-gateway ERRORINFO_UPSTREAM_NO_LIVE pool/none'],
  ['failed_to_pick_backend', 'gcp failed_to_pick_backend pool/none'],
  ['522', 'cloudflare 522 connect/timeout'],
  ['error code: 521', 'cloudflare 521 connect/refused'],
  ['NoAvailableDestinations', 'yarp NoAvailableDestinations pool/none'],
  ['no available server', 'traefik no available server pool/none'],
  ['no upstreams available', 'caddy no upstreams available pool/none'],
  ['WAS 5011', 'windows-event WAS 5011 response/reset-before-headers'],
  ['event 5186', 'windows-event WAS 5186 ok'],
  ['ECONNRESET', 'errno ECONNRESET response/reset-before-headers'],
  ['socket hang up', 'node socket hang up response/reset-before-headers'],
  ['504', 'http 504 response/timeout'],
  ['499', 'http 499 client/abort'],
  ['009', 'http 009 response/malformed'],
  ['502 Bad Gateway', 'http 502 ?'],
];
for (const [input, first] of FIRST)
  test(`decode ${input}`, () => {
    const decoded = decode(input);
    assert.equal(shown(input)[0], first);
    assert.ok(isKnown(decoded), decoded.unknown.join());
    assert.equal(decoded.input, input);
  });

// Whole lines: what they are of is found, and nothing else is added.
const LINES: readonly (readonly [line: string, codes: readonly string[]])[] = [
  [
    '2026-11-20 17:00:10 10.0.0.1 GET /shop X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=6bdf2da2 443 - 203.0.113.9 curl - 502 3 12002 29889',
    ['winhttp 12002 response/timeout', 'iis-status 502.3 ?'],
  ],
  [
    '2025-03-14 09:15:07 192.0.2.13 50201 192.0.2.1 443 HTTP/3 GET /status 5 - 503 2 QueueFull MyAppPool QUIC 0x80070008 0x1',
    ['httperr QueueFull pool/queue-full'],
  ],
  [
    '192.0.2.9, -, 6/10/2009, 10:11:59, W3SVC1, WEB1, 192.0.2.1, 0, 261, 1913, 401, 2148074254, GET, /, -,',
    ['hresult 0x8009030e ?', 'http 401 gateway/denied'],
  ],
  [
    '127.0.0.1:55350 [20/Nov/2026:17:38:43.758] fe down/<NOSRV> 0/-1/-1/-1/0 503 198 - - SC-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"',
    ['haproxy SC <NOSRV> pool/none'],
  ],
  [
    '[2026-11-20T17:38:43.758Z] "GET /x HTTP/1.1" 503 UF,URX 0 91 12 - "-" "curl" "id" "shop" "10.0.0.5:80"',
    ['envoy UF connect/failed', 'envoy URX ?'],
  ],
  [
    '{"level":"error","logger":"http.log.error.log0","msg":"dial tcp 10.0.0.5:80: connect: connection refused","status":502}',
    ['caddy dial tcp 10.0.0.5:8080: connect: connection refused connect/refused'],
  ],
  [
    '{"jsonPayload":{"statusDetails":"backend_timeout"},"httpRequest":{"status":502}}',
    ['gcp backend_timeout response/timeout'],
  ],
  [
    'ERROR_WINHTTP_FROM_WIN32 mapped (?) 10060 to (ERROR_WINHTTP_TIMEOUT) 12002',
    ['win32 10060 connect/timeout', 'winhttp 12002 response/timeout'],
  ],
  [
    '<EventID Qualifiers="32768">5011</EventID><EventData><Binary>6D000780</Binary></EventData>',
    ['windows-event WAS 5011 response/reset-before-headers', 'win32 109 response/reset-before-headers'],
  ],
  [
    '<h3>HTTP Error 502.3 - Bad Gateway</h3><td>ApplicationRequestRouting</td><td>0x80072efd</td>',
    ['winhttp 12029 connect/refused', 'iis-status 502.3 ?'],
  ],
];
for (const [line, codes] of LINES) test(`line: ${line.slice(0, 60)}`, () => assert.deepEqual(shown(line), codes));

test('numbers with several makers say all of them, and how to tell', () => {
  for (const code of ['502.2', '502.3', '502.5', '503.0', '500.0']) {
    const { readings } = decode(code);
    assert.ok(readings.length >= 2, code);
    assert.ok(
      readings.every(({ when }) => when !== undefined),
      code,
    );
  }
  assert.equal(decode('AH01102').readings.length, 5);
  assert.deepEqual(shown('LR'), ['haproxy LR gateway/local-response', 'envoy LR gateway/internal']);
  assert.deepEqual(shown('sh').toSorted(), ['haproxy SH response/reset-before-headers', 'haproxy sH response/timeout']);
  assert.ok((decode('502').readings[0]?.makers?.length ?? 0) >= 8);
});

// An unknown code comes back verbatim, with near ones, and never with a meaning.
const UNKNOWN: readonly (readonly [input: string, unknown: string, near: readonly string[]])[] = [
  ['12092', '12092', ['12002', '12029', '12030']],
  ['502.3.12092', '12092', ['12002', '12029', '12030']],
  ['502.3.1292', '1292', ['12029', '1292']],
  ['0x80072fff', '0x80072fff', []],
  ['0x80072f3c', '0x80072f3c', ['12002']],
  ['214784354254', '214784354254', []],
  ['502.9', '502.9', ['502.3', '502.4']],
  ['QueFull', 'QueFull', ['QueueFull']],
  ['Connection_Abandoned', 'Connection_Abandoned', ['Connection_Abandoned_By_ReqQueue']],
  ['LambdaTimeout', 'LambdaTimeout', ['LambdaThrottling']],
  ['AH99999', 'AH99999', []],
  ['nonsense', 'nonsense', []],
  ['', '', []],
];
for (const [input, unknown, near] of UNKNOWN)
  test(`unknown: ${JSON.stringify(input)}`, () => {
    const decoded = decode(input);
    assert.ok(!isKnown(decoded));
    assert.deepEqual(decoded.unknown, [unknown]);
    assert.ok(
      decoded.readings.every(({ code }) => code === '502.3'),
      'no guess',
    );
    const codes = decoded.near.map(({ code }) => code);
    assert.deepEqual(
      near.filter((code) => !codes.includes(code)),
      [],
      `near: ${codes.join()}`,
    );
  });

test('eight hexadecimal digits: the way that was not taken is said', () => {
  assert.match(decode('E22E0780').notes.join(), /hexadecimal.*0xe22e0780.*no known code/);
  assert.match(decode('80072ee2').notes.join(), /bytes.*0xe22e0780.*no known code/);
});

test('slips count letters put in, left out, changed and swapped', () => {
  assert.equal(slipsBetween('12092', '12029', 2), 1);
  assert.equal(slipsBetween('12002', '12002', 2), 0);
  assert.equal(slipsBetween('kitten', 'sitting', 3), 3);
  assert.equal(slipsBetween('abc', 'xyz', 2), 3);
});

const ALPHABET = 'AH019502.3x80072e-_:()[]{}"\', /\\<>upstream timed out while eadFSC--\n\t\u0000é';

test('any text is decoded without an error, and soon', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.string({ unit: fc.constantFrom(...ALPHABET), maxLength: 400 }),
    fc.string({ unit: fc.constantFrom('0', '1', 'x', 'e', '-', '.', ' '), maxLength: 60 }),
  );
  fc.assert(
    fc.property(text, (input) => {
      const decoded = decode(input);
      assert.equal(decoded.input, input);
      assert.ok(decoded.readings.length > 0 || decoded.unknown.length > 0);
    }),
    { numRuns: 300, seed: 7 },
  );
});

test('long texts of the same parts cost no more than their length', () => {
  const parts = [
    'a',
    ' ',
    '(',
    '0x',
    '502 3 ',
    'AH01102 ',
    'upstream timed out (',
    'SSL_do_handshake() failed ',
    'connect() ',
    'x509: certificate is valid for ',
    '"" 503 UF,',
    '{"a":',
    '{',
    '_a',
    'Aa_',
    'reset reason: ',
    '-',
    'unix:',
    'dial tcp: lookup ',
    'HTTP Error ',
    '1/1/1/',
  ];
  const before = process.cpuUsage();
  for (const part of parts) decode(part.repeat(Math.ceil(50_000 / part.length)));
  // Twenty texts of 50 kB, cut at 16 kB each; seconds would mean that a pattern goes back over what it has read.
  // The processor's time and not the clock's: other tests run beside this one.
  assert.ok(process.cpuUsage(before).user < 5_000_000);
});

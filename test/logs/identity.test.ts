import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBE_MARKER, probeIdIn, traceIn } from '../../src/logs/identity.ts';
import { requestIdOf } from '../../src/model/exchange.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { prepareRequest } from '../../src/traffic/request.ts';

const ID = '0123abcd00000007';
const LIMITS = {
  maxRatePerSec: 1,
  maxRequests: 1,
  maxInFlight: 1,
  maxNewConnectionsPerSec: 1,
  requestTimeoutUs: 30_000_000,
  connectTimeoutUs: 1,
  maxBodyBytes: 1_234,
};

const PROBES: readonly (readonly [text: string, id: string | undefined, why: string])[] = [
  [`gateprobe/0.1.0 (run=0123abcd; id=${ID})`, ID, 'as it is sent'],
  [`gateprobe/0.1.0+(run=0123abcd;+id=${ID})`, ID, 'IIS writes + for blanks'],
  [`gateprobe/0.2.0-rc.1+build.7 (run=0123abcd; id=${ID})`, ID, 'a version with a build'],
  [`gateprobe/0.2.0+build.7+(run=0123abcd;+id=${ID})`, ID, 'the same in IIS'],
  [`10.0.0.1 - - [x] "GET / HTTP/1.1" 200 5 "-" "gateprobe/1 (run=0123abcd; id=${ID})"`, ID, 'in a line'],
  [`{"ua":"gateprobe/1 (run=0123abcd; id=${ID})"}`, ID, 'in JSON'],
  [`gateprobe/1 gateprobe/1 (run=0123abcd; id=${ID})`, ID, 'the mark twice'],
  [`gateprobe/1 (run=0123abcd; id=0123abcd0000)`, undefined, 'cut off'],
  [`gateprobe/1 (run=0123abcd; id=${ID.toUpperCase()})`, undefined, 'not as we write it'],
  ['gateprobe/1', undefined, 'without an id'],
  ['Mozilla/5.0', undefined, 'another agent'],
  ['', undefined, 'nothing'],
];

for (const [text, id, why] of PROBES) {
  test(`probe id: ${why}`, () => {
    assert.equal(probeIdIn(text), id);
    if (id !== undefined) assert.ok(text.includes(PROBE_MARKER));
  });
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const TRACES: readonly (readonly [text: string, expected: ReturnType<typeof traceIn>, why: string])[] = [
  [`00-${TRACE}-${SPAN}-01`, { trace: TRACE, span: SPAN }, 'as it is sent'],
  [`x "00-${TRACE}-${SPAN}-00" y`, { trace: TRACE, span: SPAN }, 'in a line'],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, undefined, 'a trace of zeros is invalid'],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined, 'a span of zeros is invalid'],
  [`a00-${TRACE}-${SPAN}-01`, undefined, 'inside of another word'],
  [`00-${TRACE}-${SPAN}`, undefined, 'cut off'],
];

for (const [text, expected, why] of TRACES) {
  test(`traceparent: ${why}`, () => assert.deepEqual(traceIn(text), expected));
}

test('what traffic sends is found again, also as IIS logs it', () => {
  const runId = '0123456789abcdef0123456789abcdef';
  const requestId = requestIdOf(runId, 10);
  const url = 'http://192.0.2.7:8080';
  const { headers } = prepareRequest(
    { name: 'home', path: '/', method: 'GET', headers: {}, weight: 1, safe: true, expect: {} },
    {
      route: GATEWAY,
      target: { tls: { verify: true }, http: 1, url },
      hostname: '192.0.2.7',
      port: 8080,
      secure: false,
    },
    { limits: LIMITS, headers: {} },
    { runId, userAgent: 'gateprobe/1.2.3' },
    requestId,
    { connection: 'warm' },
    '',
  );
  const value = (name: string): string => headers[headers.indexOf(name) + 1] ?? '';
  assert.equal(probeIdIn(value('User-Agent')), requestId);
  assert.equal(probeIdIn(value('User-Agent').replaceAll(' ', '+')), requestId);
  assert.deepEqual(traceIn(value('traceparent')), { trace: runId, span: requestId });
});

test('hostile lines cost no more than their length', () => {
  // 1 MB each; with a search that begins again at each mark they would take minutes.
  const before = process.cpuUsage();
  for (const piece of ['gateprobe/', 'gateprobe/1 (run=', '00-', '00-0'])
    assert.equal(probeIdIn(piece.repeat(100_000)) ?? traceIn(piece.repeat(100_000)), undefined);
  assert.ok(process.cpuUsage(before).user < 10_000_000);
});

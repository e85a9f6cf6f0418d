import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envoy } from '../../src/gateways/envoy.ts';
import type { AnswerFacts } from '../../src/model/exchange.ts';

function answer(status: number, headers: AnswerFacts['headers'], bodyStart = ''): AnswerFacts {
  return { status, headers, bodyStart };
}

const RESET = 'upstream connect error or disconnect/reset before headers. ';

const MARKS: readonly (readonly [string, AnswerFacts, number | undefined])[] = [
  ['its name', answer(200, { server: 'envoy' }), 0.85],
  ["Istio's name", answer(200, { server: 'istio-envoy' }), 0.85],
  ['the time of the member', answer(200, { 'x-envoy-upstream-service-time': '12' }), 0.85],
  ['that time behind another product', answer(200, { server: 'nginx', 'x-envoy-upstream-service-time': '12' }), 0.3],
  ['a local reply', answer(503, {}, 'no healthy upstream'), 0.8],
  ['Proxy-Status', answer(503, { 'proxy-status': 'envoy; error=connection_refused' }), 0.9],
  [
    "one of Google's balancers",
    answer(504, { via: '1.1 google', server: 'envoy' }, 'upstream request timeout'),
    undefined,
  ],
  ['nothing', answer(503, { server: 'x' }, 'Service Unavailable'), undefined],
];
for (const [name, facts, certainty] of MARKS) {
  test(`recognises Envoy by ${name}: ${certainty ?? 'not'}`, () =>
    assert.equal(envoy.recognise(facts)?.certainty, certainty));
}

test('a member answered where its time is given', () => {
  assert.equal(
    envoy.wroteIt(answer(503, { server: 'envoy', 'x-envoy-upstream-service-time': '3' }, 'no healthy upstream')),
    false,
  );
  assert.equal(envoy.wroteIt(answer(503, { server: 'envoy' }, 'no healthy upstream')), true);
  assert.equal(envoy.wroteIt(answer(503, { server: 'envoy', 'x-envoy-overloaded': 'true' }, 'x')), true);
  assert.equal(envoy.wroteIt(answer(500, { server: 'envoy' }, 'x')), undefined);
  assert.equal(envoy.wroteIt(answer(200, { server: 'envoy' })), false);
});

const CODES: readonly (readonly [string, string, ReturnType<typeof envoy.codes>])[] = [
  ['no healthy upstream', '', { code: 'UH', meaning: 'no healthy member' }],
  ['upstream request timeout', '', { code: 'UT', meaning: 'the member did not answer within the route timeout' }],
  [`${RESET}reset reason: connection timeout`, '', { code: 'UF', meaning: 'connecting to the member took too long' }],
  [
    `${RESET}retried and the latest reset reason: connection termination`,
    '',
    { code: 'UC', meaning: 'the member closed the connection before it answered' },
  ],
  [
    `${RESET}reset reason: remote connection failure, transport failure reason: TLS_error:|268435581`,
    '',
    { code: 'UF', meaning: 'connecting to the member failed' },
  ],
  [`${RESET}reset reason: connection_failure`, '', { code: 'UF', meaning: 'connecting to the member failed' }],
  [`${RESET}reset reason: something new`, '', { meaning: 'reset reason: something new' }],
  [
    'x',
    'envoy; error=connection_timeout; details="upstream_reset_before_response_started{connection_timeout}; UF"',
    { code: 'UF', meaning: 'connecting to the member failed' },
  ],
  [
    'x',
    'envoy; error=http_response_timeout; details="response_timeout; UT,URX"',
    { code: 'UT,URX', meaning: 'the member did not answer within the route timeout' },
  ],
  [
    'x',
    'envoy; error=connection_refused; details="why"',
    { code: 'connection_refused', meaning: 'the member refused the connection' },
  ],
  ['Service Unavailable', '', undefined],
];
for (const [body, proxyStatus, expected] of CODES) {
  test(`codes of Envoy: ${body} ${proxyStatus}`, () => {
    const headers = proxyStatus === '' ? {} : { 'proxy-status': proxyStatus };
    assert.deepEqual(envoy.codes(answer(503, headers, body)), expected);
  });
}

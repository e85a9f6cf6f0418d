import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recogniseGateway } from '../../src/gateways/recognise.ts';
import type { AnswerFacts } from '../../src/model/exchange.ts';
import type { GatewayKind } from '../../src/model/profile.ts';
import { GATEWAYS } from './gateways.ts';
import { labCases } from './lab-cases.ts';

const ok = (headers: AnswerFacts['headers']): AnswerFacts => ({ status: 200, headers });
const times = (count: number, answer: AnswerFacts): readonly AnswerFacts[] =>
  Array.from({ length: count }, () => answer);
const nginxError = (product: string): AnswerFacts => ({
  status: 502,
  headers: { server: product },
  bodyStart: `<hr><center>${product}</center>`,
});
const HAPROXY_ERROR: AnswerFacts = {
  status: 503,
  headers: {},
  bodyStart:
    '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n',
};

type Row = readonly [
  name: string,
  through: readonly AnswerFacts[],
  direct: readonly AnswerFacts[],
  kind: GatewayKind,
  reason: RegExp,
];

const ROWS: readonly Row[] = [
  ['nothing at all', [], [], 'unknown', /Nothing in 0 answers/],
  ['answers without marks', times(3, ok({ server: 'member' })), [], 'unknown', /Nothing in 3 answers/],
  ['a stranger in Via is told', [ok({ via: '1.1 squid' })], [], 'unknown', /last entry of Via is squid/],
  ['a mark of its own', [ok({ 'x-powered-by': 'ARR/3.0' })], [], 'arr', /X-Powered-By says ARR\/3\.0\. Seen on 1 of 1/],
  ['nginx on a 200 alone is too little', times(9, ok({ server: 'nginx' })), [], 'unknown', /Too little to name nginx/],
  [
    'nginx that no member shows',
    times(9, ok({ server: 'nginx' })),
    times(9, ok({ server: 'Kestrel' })),
    'nginx',
    /Server header says nginx/,
  ],
  [
    'nginx that a member is',
    times(9, ok({ server: 'nginx' })),
    times(9, ok({ server: 'nginx' })),
    'unknown',
    /Members show it on direct answers/,
  ],
  [
    'a page, while the members are nginx as well',
    [...times(9, ok({ server: 'nginx' })), nginxError('nginx')],
    times(9, ok({ server: 'nginx' })),
    'unknown',
    /Too little/,
  ],
  [
    'another nginx than the members are',
    times(9, ok({ server: 'nginx/1.24.0' })),
    times(9, ok({ server: 'nginx/1.18.0' })),
    'nginx',
    /nginx\/1\.24\.0/,
  ],
  [
    'an nginx on some answers only may be a member that was not asked directly',
    [...times(5, ok({ server: 'nginx/1.24.0' })), ...times(5, ok({ server: 'member' }))],
    times(9, ok({ server: 'member' })),
    'unknown',
    /Too little/,
  ],
  [
    'an nginx that answers all 404s, but not all 200s, may be such a member, too',
    [...times(4, ok({ server: 'member' })), ok({ server: 'nginx' }), { status: 404, headers: { server: 'nginx' } }],
    [...times(9, ok({ server: 'member' })), { status: 404, headers: { server: 'member' } }],
    'unknown',
    /Too little/,
  ],
  [
    'direct answers of another status prove nothing',
    [{ status: 502, headers: { 'content-type': 'text/plain; charset=utf-8' }, bodyStart: 'Bad Gateway' }],
    times(9, ok({})),
    'unknown',
    /Too little to name Traefik/,
  ],
  [
    'HAProxy in front of nginx members',
    [...times(9, ok({ server: 'nginx' })), HAPROXY_ERROR],
    times(9, ok({ server: 'nginx' })),
    'haproxy',
    /HAProxy's own/,
  ],
  [
    'YARP in front of others',
    times(9, ok({ server: 'Kestrel' })),
    times(9, ok({ server: 'Apache/2.4' })),
    'yarp',
    /Kestrel/,
  ],
  [
    'Kestrel in front of Kestrel',
    times(9, ok({ server: 'Kestrel' })),
    times(9, ok({ server: 'Kestrel' })),
    'unknown',
    /proves nothing/,
  ],
  [
    'two kinds at once',
    times(3, ok({ via: '1.1 varnish (Varnish/7.1)', 'x-powered-by': 'ARR/3.0' })),
    [],
    'unknown',
    /speak for IIS Application Request Routing and for Varnish/,
  ],
  [
    'the same, when one of the two is known to be a member',
    times(3, ok({ via: '1.1 varnish (Varnish/7.1)', 'x-powered-by': 'ARR/3.0' })),
    [ok({ 'x-powered-by': 'ARR/3.0' })],
    'varnish',
    /Via/,
  ],
];

for (const [name, through, direct, kind, reason] of ROWS) {
  test(`recognises from answers: ${name}: ${kind}`, () => {
    const seen = recogniseGateway(GATEWAYS, through, direct);
    assert.equal(seen.kind, kind);
    assert.equal(seen.declared, false);
    assert.match(seen.because.join(' '), reason);
    assert.ok(seen.certainty >= 0 && seen.certainty <= 1);
    if (kind !== 'unknown') assert.ok(seen.certainty >= 0.6);
  });
}

test('a declared kind is believed, and what speaks against it is said', () => {
  const arrAnswers = [ok({ 'x-powered-by': 'ARR/3.0' })];
  assert.deepEqual(recogniseGateway(GATEWAYS, [], [], 'haproxy'), {
    kind: 'haproxy',
    certainty: 1,
    because: ['The profile says so.'],
    declared: true,
  });
  assert.equal(recogniseGateway(GATEWAYS, arrAnswers, [], 'arr').because.length, 2);
  assert.match(
    recogniseGateway(GATEWAYS, arrAnswers, [], 'nginx').because.join(' '),
    /But its answers look like IIS Application/,
  );
  assert.equal(recogniseGateway(GATEWAYS, arrAnswers, [], 'unknown').kind, 'arr');
});

test('every gateway of the laboratory is named from its own answers, without direct ones', (t) => {
  const cases = labCases();
  const seen = ['nginx', 'haproxy', 'apache', 'caddy', 'varnish'].map((kind) => {
    const answers = cases.filter((item) => item.gateway === kind).map((item) => item.answer);
    return [kind, recogniseGateway(GATEWAYS, answers, [])] as const;
  });
  for (const [kind, recognised] of seen) {
    t.diagnostic(`${kind}: ${recognised.kind} ${recognised.certainty}: ${recognised.because.join(' ')}`);
    assert.equal(recognised.kind, kind);
  }
});

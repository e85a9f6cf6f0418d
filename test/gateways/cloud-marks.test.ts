import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnswerFacts } from '../../src/model/exchange.ts';
import type { GatewayKind } from '../../src/model/profile.ts';
import { GATEWAYS } from './gateways.ts';

const page = (status: string, end = ''): string =>
  `<html>\r\n<head><title>${status}</title></head>\r\n<body>\r\n<center><h1>${status}</h1></center>\r\n${end}</body>\r\n</html>\r\n`;
const answer = (status: number, headers: AnswerFacts['headers'], bodyStart = ''): AnswerFacts => ({
  status,
  headers,
  bodyStart,
});

const RAY = { server: 'cloudflare', 'cf-ray': '8c1f0a2b3c4d5e6f-FRA' };
const AZURE = 'Microsoft-Azure-Application-Gateway/v2';
const GOOGLE_PAGE =
  '<html><head>\n<title>502 Server Error</title>\n</head>\n<body>\n<h1>Error: Server Error</h1>\n<h2>The server encountered a temporary error';
const ANCM = '<title> HTTP Error 502.5 - ANCM Out-Of-Process Startup Failure </title>';
const MODULE_PAGE =
  '<title>IIS 10.0 Detailed Error - 502.3 - Bad Gateway</title><th>Module</th><td>&nbsp;AspNetCoreModuleV2</td>';

type Row = readonly [
  kind: GatewayKind,
  name: string,
  facts: AnswerFacts,
  certainty: number | undefined,
  wrote: boolean | undefined,
];

const ROWS: readonly Row[] = [
  ['aws-alb', 'its own page', answer(502, { server: 'awselb/2.0' }, page('502 Bad Gateway')), 0.97, true],
  ['aws-alb', 'a redirect of its own', answer(301, { server: 'awselb/2.0' }), 0.97, true],
  ['aws-alb', 'its page, the header cut out', answer(502, {}, page('502 Bad Gateway')), 0.4, undefined],
  [
    'aws-alb',
    'a page of nginx',
    answer(502, { server: 'nginx' }, page('502 Bad Gateway', '<hr><center>nginx</center>\r\n')),
    undefined,
    false,
  ],
  [
    'aws-alb',
    'a sticky answer of a target',
    answer(500, { server: 'nginx', 'set-cookie': ['AWSALB=x; Path=/', 'AWSALBCORS=x'] }),
    0.85,
    false,
  ],
  [
    'azure-application-gateway',
    'its own page',
    answer(504, { server: AZURE }, page('504 Gateway Time-out', `<hr><center>${AZURE}</center>\r\n`)),
    0.98,
    true,
  ],
  [
    'azure-application-gateway',
    'its page behind another',
    answer(504, { server: 'x' }, page('504 Gateway Time-out', `<hr><center>${AZURE}</center>\r\n`)),
    0.9,
    true,
  ],
  [
    'azure-application-gateway',
    'a sticky answer',
    answer(200, { 'set-cookie': ['ApplicationGatewayAffinityCORS=x'] }),
    0.9,
    false,
  ],
  [
    'azure-application-gateway',
    'the page of front ends and v1',
    answer(502, { server: 'Microsoft-IIS/10.0' }),
    undefined,
    false,
  ],
  ['gcp-load-balancer', 'through it', answer(200, { via: '1.1 google' }), 0.9, false],
  ['gcp-load-balancer', 'its own page', answer(502, {}, GOOGLE_PAGE), 0.6, true],
  [
    'gcp-load-balancer',
    "a regional one's words",
    answer(504, { via: '1.1 google' }, 'upstream request timeout'),
    0.9,
    true,
  ],
  ['gcp-load-balancer', 'google further back', answer(502, { via: '1.1 google, 1.1 varnish' }), undefined, undefined],
  ['cloudflare', 'through it', answer(200, RAY), 0.98, false],
  ['cloudflare', 'a 522', answer(522, RAY, 'error code: 522'), 0.98, true],
  [
    'cloudflare',
    'its bare 502',
    answer(502, RAY, page('502 Bad Gateway', '<hr><center>cloudflare</center>\r\n')),
    0.98,
    true,
  ],
  ['cloudflare', 'a branded 502: the origin said so', answer(502, RAY, '<div id="cf-error-details">'), 0.98, false],
  ['cloudflare', 'a text 502, which may be either', answer(502, RAY, 'error code: 502'), 0.98, undefined],
  ['cloudflare', 'a 500 of the origin', answer(500, RAY, 'oops'), 0.98, undefined],
  ['cloudflare', 'that number of another product', answer(522, { server: 'other' }), undefined, true],
  ['iis', 'the start-up page', answer(502, { server: 'Microsoft-IIS/10.0' }, ANCM), 0.9, true],
  ['iis', 'a detailed page of the module', answer(502, { server: 'Microsoft-IIS/10.0' }, MODULE_PAGE), 0.95, true],
  ['iis', 'IIS somewhere', answer(500, { server: 'Microsoft-IIS/10.0' }, 'oops'), 0.4, undefined],
  ['iis', 'IIS as ARR', answer(200, { server: 'Microsoft-IIS/10.0', 'x-powered-by': 'ARR/3.0' }), undefined, false],
  [
    'iis',
    "Azure's front ends",
    answer(200, { server: 'Microsoft-IIS/10.0', 'set-cookie': ['ARRAffinity=x', 'ARRAffinitySameSite=x'] }),
    undefined,
    false,
  ],
  [
    'iis',
    'the kernel',
    answer(
      503,
      { server: 'Microsoft-HTTPAPI/2.0' },
      '<h2>Service Unavailable</h2>\r\n<hr><p>HTTP Error 503. The service is unavailable.</p>',
    ),
    0.35,
    true,
  ],
];

for (const [kind, name, facts, certainty, wrote] of ROWS) {
  test(`${kind}: ${name}: certainty ${certainty ?? 'none'}, wrote it ${wrote}`, () => {
    const gateway = GATEWAYS.find((candidate) => candidate.kind === kind);
    const found = gateway?.recognise(facts);
    assert.equal(found?.certainty, certainty);
    if (found !== undefined) assert.match(found.because, /\.$/);
    assert.equal(gateway?.wroteIt(facts), wrote);
  });
}

test('marks of one cloud are not those of another, nor of nginx', () => {
  for (const [kind, name, facts, certainty] of ROWS) {
    if (certainty === undefined || certainty < 0.6) continue;
    for (const other of GATEWAYS) {
      if (other.kind === kind) continue;
      assert.ok((other.recognise(facts)?.certainty ?? 0) < 0.6, `${other.kind} claims ${kind}: ${name}`);
    }
  }
});

test('codes of Cloudflare and IIS', () => {
  const codes = (kind: GatewayKind, facts: AnswerFacts) =>
    GATEWAYS.find((candidate) => candidate.kind === kind)?.codes(facts);
  assert.equal(codes('cloudflare', answer(522, RAY, 'error code: 522'))?.code, '522');
  assert.deepEqual(codes('cloudflare', answer(530, RAY, 'error code: 1016')), {
    code: '1016',
    meaning: "the origin's name does not resolve",
  });
  assert.equal(codes('cloudflare', answer(522, { server: 'other' })), undefined);
  assert.equal(codes('cloudflare', answer(500, RAY, 'oops')), undefined);
  assert.equal(codes('iis', answer(502, {}, ANCM))?.substatus, 5);
});

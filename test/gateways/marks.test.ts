import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnswerFacts } from '../../src/model/exchange.ts';
import type { GatewayKind } from '../../src/model/profile.ts';
import { GATEWAYS } from './gateways.ts';

const PLAIN = { 'content-type': 'text/plain; charset=utf-8' };
const nginxPage = (product: string) =>
  `<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>${product}</center>\r\n</body>\r\n</html>\r\n`;
const HAPROXY_503 =
  '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n';
const PROXY_ERROR = '<html><head>\n<title>502 Proxy Error</title>\n</head>';

type Row = {
  readonly kind: GatewayKind;
  readonly name: string;
  readonly answer: AnswerFacts;
  readonly certainty: number | undefined;
  readonly wroteIt: boolean | undefined;
};

function row(
  kind: GatewayKind,
  name: string,
  status: number,
  headers: AnswerFacts['headers'],
  bodyStart: string,
  certainty: number | undefined,
  wroteIt: boolean | undefined,
): Row {
  return { kind, name, answer: { status, headers, bodyStart }, certainty, wroteIt };
}

// What the laboratory has no case of: other products in front or behind, newer versions, gateways that were not run.
const ROWS: readonly Row[] = [
  row('nginx', 'a build of it', 502, { server: 'openresty/1.25.3.1' }, nginxPage('openresty/1.25.3.1'), 0.95, true),
  row(
    'nginx',
    'a page of another nginx behind it',
    502,
    { server: 'nginx/1.24.0' },
    nginxPage('nginx/1.18.0'),
    0.5,
    false,
  ),
  row('nginx', 'its page behind another product', 502, { server: 'cloudflare' }, nginxPage('nginx'), 0.3, undefined),
  row('nginx', 'a name that only begins alike', 200, { server: 'nginxish' }, '', undefined, false),
  row('nginx', 'an answer without a Server header', 200, {}, '', undefined, false),
  row('haproxy', 'its page behind another product', 503, { server: 'cloudflare' }, HAPROXY_503, 0.3, undefined),
  row('haproxy', 'its 503 text with another status', 502, {}, HAPROXY_503, undefined, undefined),
  row('haproxy', 'a page that goes on', 503, {}, `${HAPROXY_503}<!-- -->`, undefined, undefined),
  row('apache', 'mod_proxy behind another product', 502, { server: 'nginx' }, PROXY_ERROR, 0.3, undefined),
  row('apache', 'mod_proxy without a Server header', 502, {}, PROXY_ERROR, 0.9, true),
  row(
    'apache',
    'Tomcat, which calls itself Apache-Coyote',
    500,
    { server: 'Apache-Coyote/1.1' },
    'x',
    undefined,
    false,
  ),
  row('varnish', 'a named instance', 200, { via: '1.1 cache-7 (Varnish/7.4)', 'x-varnish': '5' }, '', 0.95, false),
  row(
    'varnish',
    'Varnish behind Caddy',
    200,
    { via: '1.1 varnish (Varnish/7.1), 1.1 Caddy', 'x-varnish': '5' },
    '',
    0.3,
    false,
  ),
  row(
    'varnish',
    'Fastly',
    503,
    { via: '1.1 varnish', 'x-served-by': 'cache-fra1-FRA', server: 'Varnish' },
    '',
    undefined,
    true,
  ),
  row(
    'varnish',
    'a synthetic answer of VCL',
    503,
    { server: 'Varnish', via: '1.1 varnish (Varnish/7.1)' },
    'sorry',
    0.95,
    true,
  ),
  row('caddy', 'a newer version, passing on', 503, { via: '1.1 Caddy', server: 'member' }, 'x', 0.95, false),
  row('caddy', 'Server lines joined on the way', 502, { server: 'Caddy, member' }, 'x', 0.95, false),
  row(
    'caddy',
    'an error page of handle_errors',
    502,
    { server: 'Caddy', 'content-type': 'text/html' },
    'sorry',
    0.5,
    undefined,
  ),
  row('traefik', '502', 502, PLAIN, 'Bad Gateway', 0.5, true),
  row('traefik', '504', 504, PLAIN, 'Gateway Timeout', 0.5, true),
  row('traefik', 'no server', 503, PLAIN, 'no available server\n', 0.85, true),
  row('traefik', 'the words of Go or Koa for any error', 500, PLAIN, 'Internal Server Error', undefined, undefined),
  row('traefik', "the text of Go's http.Error", 502, PLAIN, 'Bad Gateway\n', undefined, undefined),
  row('traefik', 'a member that names itself', 502, { ...PLAIN, server: 'gunicorn' }, 'Bad Gateway', undefined, false),
  row('traefik', 'no route', 404, PLAIN, '404 page not found\n', 0.1, undefined),
  row('yarp', '502', 502, { server: 'Kestrel', 'content-length': '0' }, '', 0.35, true),
  row(
    'yarp',
    '503, which an application writes, too',
    503,
    { server: 'Kestrel', 'content-length': '0' },
    '',
    0.25,
    undefined,
  ),
  row(
    'yarp',
    'an answer of a Kestrel member',
    500,
    { server: 'Kestrel', 'content-type': 'application/json' },
    '{}',
    0.25,
    undefined,
  ),
  row('yarp', 'an answer of another member', 502, { server: 'nginx' }, nginxPage('nginx'), undefined, false),
];

for (const { kind, name, answer, certainty, wroteIt } of ROWS) {
  test(`${kind}: ${name}: certainty ${certainty ?? 'none'}, wrote it ${wroteIt}`, () => {
    const gateway = GATEWAYS.find((candidate) => candidate.kind === kind);
    assert.equal(gateway?.recognise(answer)?.certainty, certainty);
    assert.equal(gateway?.wroteIt(answer), wroteIt);
  });
}

test('every gateway says why it recognises, in a sentence, without values that change from answer to answer', () => {
  for (const { kind, answer } of ROWS) {
    const because = GATEWAYS.find((candidate) => candidate.kind === kind)?.recognise(answer)?.because;
    if (because !== undefined) assert.match(because, /^[A-Z].*\.$/);
  }
  const varnish = GATEWAYS.find((gateway) => gateway.kind === 'varnish');
  const seen = ['1', '2'].map((id) => varnish?.recognise({ status: 200, headers: { 'x-varnish': id } })?.because);
  assert.equal(seen[0], seen[1]);
});

test('ejection and timers are stated for every kind', () => {
  const rules = Object.fromEntries(GATEWAYS.map((gateway) => [gateway.kind, gateway.ejection.slowRequest]));
  assert.deepEqual(rules, {
    arr: 'never',
    nginx: 'all-members',
    haproxy: 'never',
    apache: 'never',
    varnish: 'never',
    caddy: 'never',
    envoy: 'unknown',
    traefik: 'never',
    yarp: 'never',
    iis: 'never',
    'aws-alb': 'never',
    'azure-application-gateway': 'unknown',
    'gcp-load-balancer': 'unknown',
    cloudflare: 'never',
  });
  for (const gateway of GATEWAYS) {
    assert.match(gateway.ejection.because, /\.$/);
    for (const cause of ['timeout/gateway-response', 'timeout/gateway-connect']) {
      assert.ok(
        gateway.timers.some((timer) => timer.cause === cause),
        `${gateway.kind} has no ${cause}`,
      );
    }
    for (const timer of gateway.timers) assert.ok(timer.defaultUs === undefined || Number.isInteger(timer.defaultUs));
  }
  const holdUs = GATEWAYS.find((gateway) => gateway.kind === 'nginx')?.ejection.holdUs;
  assert.equal(holdUs, 10_000_000);
});

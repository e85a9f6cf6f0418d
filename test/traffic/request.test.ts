import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requestIdOf } from '../../src/model/exchange.ts';
import type { RequestSpec, Target } from '../../src/model/profile.ts';
import { GATEWAY } from '../../src/model/route.ts';
import type { RouteTarget } from '../../src/traffic/protocol.ts';
import { prepareRequest } from '../../src/traffic/request.ts';

const RUN_ID = '0123456789abcdef0123456789abcdef';
const SPEC: RequestSpec = {
  name: 'home',
  path: '/',
  method: 'GET',
  headers: {},
  weight: 1,
  safe: true,
  expect: {},
};
const LIMITS = {
  maxRatePerSec: 1,
  maxRequests: 1,
  maxInFlight: 1,
  maxNewConnectionsPerSec: 1,
  requestTimeoutUs: 30_000_000,
  connectTimeoutUs: 1,
  maxBodyBytes: 1_234,
};

type Given = {
  readonly spec?: Partial<RequestSpec>;
  readonly target?: Partial<Target>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookie?: string;
  readonly shape?: { readonly delayMs?: number; readonly limitUs?: number };
};

function prepare({ spec, target, headers = {}, cookie = '', shape = {} }: Given) {
  const url = target?.url ?? 'http://192.0.2.7:8080';
  const route: RouteTarget = {
    route: GATEWAY,
    target: { tls: { verify: true }, http: 1, ...target, url },
    hostname: new URL(url).hostname,
    port: 8080,
    secure: false,
  };
  return prepareRequest(
    { ...SPEC, ...spec },
    route,
    { limits: LIMITS, headers },
    { runId: RUN_ID, userAgent: 'gateprobe/1.2.3' },
    requestIdOf(RUN_ID, 10),
    { connection: 'warm', ...shape },
    cookie,
  );
}

/** By lower-case name; fails when a name comes twice. */
function sentHeaders(given: Given): Record<string, string> {
  const { headers } = prepare(given);
  const found: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    assert.equal(found[name], undefined, `${name} comes twice`);
    found[name] = headers[i + 1] as string;
  }
  return found;
}

describe('requestIdOf', () => {
  test('is 16 hex digits: half of the run and the number', () => {
    assert.equal(requestIdOf(RUN_ID, 0), '0123456700000000');
    assert.equal(requestIdOf(RUN_ID, 255), '01234567000000ff');
    assert.match(requestIdOf(RUN_ID, 4_294_967_295), /^[0-9a-f]{16}$/);
  });
});

describe('prepareRequest', () => {
  test('carries the id in User-Agent and traceparent', () => {
    const headers = sentHeaders({});
    assert.equal(headers['user-agent'], 'gateprobe/1.2.3 (run=01234567; id=012345670000000a)');
    assert.equal(headers['traceparent'], `00-${RUN_ID}-012345670000000a-01`);
    assert.equal(headers['accept-encoding'], 'identity');
  });

  const HOSTS: readonly { target: Partial<Target>; host: string }[] = [
    { target: { url: 'http://192.0.2.7:8080' }, host: '192.0.2.7:8080' },
    { target: { url: 'http://web1' }, host: 'web1' },
    { target: { url: 'https://web1:443/ignored/path' }, host: 'web1' },
    { target: { url: 'http://[2001:db8::1]:81' }, host: '[2001:db8::1]:81' },
    { target: { url: 'http://192.0.2.7:8080', host: 'shop.example' }, host: 'shop.example' },
  ];
  for (const { target, host } of HOSTS) {
    test(`Host of ${target.url}${target.host === undefined ? '' : ` with host ${target.host}`} is ${host}`, () => {
      assert.equal(sentHeaders({ target })['host'], host);
    });
  }

  test('headers of the request win over those of the profile, whatever their case', () => {
    const headers = sentHeaders({
      headers: { Authorization: 'Bearer common', 'X-Common': '1' },
      spec: { headers: { authorization: 'Bearer own', accept: 'text/html', HOST: 'own.example' } },
    });
    assert.equal(headers['authorization'], 'Bearer own');
    assert.equal(headers['x-common'], '1');
    assert.equal(headers['accept'], 'text/html');
    assert.equal(headers['host'], 'own.example');
  });

  const COOKIES = [
    { headers: {}, cookie: '', sent: undefined },
    { headers: {}, cookie: 's=1', sent: 's=1' },
    { headers: { Cookie: 'a=1' }, cookie: '', sent: 'a=1' },
    { headers: { cookie: 'a=1' }, cookie: 's=1', sent: 'a=1; s=1' },
  ];
  for (const { headers, cookie, sent } of COOKIES) {
    test(`cookies ${JSON.stringify(headers)} and login "${cookie}" send ${sent}`, () => {
      assert.equal(sentHeaders({ headers, cookie })['cookie'], sent);
    });
  }

  test('fills in the delay everywhere it stands; 0 where none is given', () => {
    const spec = { path: '/slow/{delayMs}?ms={delayMs}' };
    assert.equal(prepare({ spec, shape: { delayMs: 250 } }).path, '/slow/250?ms=250');
    assert.equal(prepare({ spec }).path, '/slow/0?ms=0');
  });

  test("takes the shot's limit, else the profile's, and passes on method and body", () => {
    assert.equal(prepare({ shape: { limitUs: 5_000 } }).limitUs, 5_000);
    const prepared = prepare({ spec: { method: 'POST', body: 'a=1' } });
    assert.deepEqual(
      [prepared.limitUs, prepared.maxBodyBytes, prepared.method, prepared.body],
      [30_000_000, 1_234, 'POST', 'a=1'],
    );
  });
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ProfileError } from '../../src/errors.ts';
import { LOG_FORMATS } from '../../src/model/log.ts';
import { FIXTURES, loadFixture, parseText, parseWith } from './fixture-profiles.ts';

const VALID = join(FIXTURES, 'valid');
const DEFAULTS_NOTE =
  'limits is left out: the defaults apply, maxRate 20/s, maxRequests 5000, maxInFlight 50, maxNewConnections 20/s, requestTimeout 1m5s, connectTimeout 10s, maxBody 10MB';

test('a minimal profile gets one request and cautious limits', async () => {
  assert.deepEqual(await loadFixture(VALID, 'minimal.yaml'), {
    schemaVersion: 1,
    name: 'shop',
    gateway: { url: 'https://shop.example.com', tls: { verify: true }, http: 1 },
    members: [{ name: 'web1', url: 'http://192.0.2.11:8080', tls: { verify: true }, http: 1 }],
    requests: [{ name: 'home', path: '/', method: 'GET', headers: {}, weight: 1, safe: false, expect: {} }],
    experiments: [],
    limits: {
      maxRatePerSec: 20,
      maxRequests: 5_000,
      maxInFlight: 50,
      maxNewConnectionsPerSec: 20,
      requestTimeoutUs: 65_000_000,
      connectTimeoutUs: 10_000_000,
      maxBodyBytes: 10_000_000,
    },
    thresholds: [],
    failOn: 'warning',
    cookies: {},
    logs: [],
    mask: [
      'access_token',
      'api_key',
      'apikey',
      'client_secret',
      'id_token',
      'password',
      'passwd',
      'secret',
      'sig',
      'signature',
      'token',
    ],
    secrets: [],
    notes: [DEFAULTS_NOTE],
  });
});

test('every key becomes what the program uses', async () => {
  const profile = await loadFixture(VALID, 'everything.yaml');
  assert.equal(profile.threads, 2);
  assert.equal(profile.name, 'shop farm (Köln)');
  assert.equal(profile.gateway.url, 'https://shop.example.com');
  assert.equal(profile.gateway.kind, 'arr');
  assert.equal(profile.gateway.http, 2);
  assert.equal(profile.gateway.host, 'shop.example.com:443');
  assert.match(profile.gateway.tls.ca ?? '', /^-----BEGIN CERTIFICATE-----/);
  assert.match(profile.gateway.tls.key ?? '', /^-----BEGIN PRIVATE KEY-----/);
  assert.equal(profile.members[1]?.url, 'https://[2001:db8::1]:8443');
  assert.equal(profile.members[1]?.tls.verify, false);
  assert.deepEqual(profile.requests[0], {
    name: 'home',
    path: '/?a=%20b&c=d',
    method: 'GET',
    headers: { Accept: 'text/html', 'X-Empty': '' },
    weight: 2.5,
    safe: false,
    expect: { status: [200, 304], bodyIncludes: 'Wel"come', maxUs: 1_500_000 },
  });
  assert.equal(profile.requests[1]?.expect.status?.length, 100);
  assert.deepEqual(profile.experiments, [
    {
      kind: 'compare',
      ratePerSec: 1.5,
      durationUs: 90_000_000,
      newConnectionRatio: 0.25,
      arrival: 'uniform',
      requests: ['home', 'order'],
    },
    { kind: 'ramp', fromPerSec: 10 / 3_600, toPerSec: 20, durationUs: 10_000_000, request: 'home' },
    { kind: 'burst', load: { loop: 'open', ratePerSec: 20 }, durationUs: 5_000_000, arrival: 'burst' },
    { kind: 'burst', load: { loop: 'closed', connections: 5 }, durationUs: 1_500_000, arrival: 'uniform' },
    { kind: 'volley', sizes: [2, 4], request: 'home' },
    { kind: 'idle', gapsUs: [30_000_000, 3_600_000_000, 86_400_000_000], repeats: 1 },
    { kind: 'keep-alive', upToUs: 130_000_000 },
    { kind: 'timeout', request: 'report', upToUs: 150_000_000 },
    { kind: 'timeout', upToUs: 100_000_000 },
  ]);
  assert.deepEqual(profile.limits, {
    maxRatePerSec: 20,
    maxRequests: 6_000,
    maxInFlight: 60,
    maxNewConnectionsPerSec: 5,
    requestTimeoutUs: 180_000_000,
    connectTimeoutUs: 3_000_000,
    maxBodyBytes: 1_048_576,
  });
  assert.equal(profile.thresholds.length, 4);
  assert.equal(profile.failOn, 'never');
  assert.deepEqual(profile.memberId, { cookie: 'ARRAffinity' });
  assert.deepEqual(profile.auth, { kind: 'basic', user: 'probe', password: 'pass:word' });
  assert.deepEqual(profile.logs[1], { from: 'web1', files: 'logs/access.log', pattern: '$remote_addr "$request"' });
  assert.ok(profile.mask.includes('ticket') && profile.mask.includes('access_token'));
});

test('keys of later versions leave a note each, and nothing else', async () => {
  const { notes } = await loadFixture(VALID, 'everything.yaml');
  assert.deepEqual(notes, [
    'ATTENTION: members[1].tls.verify is false: any certificate is accepted, also that of somebody in between',
    'alerts.command is read but not used by this version: no program is ever started',
    'history.runs is read but not used by this version: history is kept by its age and its size',
  ]);
});

test('alerts are built with their defaults, and their addresses are secrets', async () => {
  const { alerts, secrets } = await loadFixture(VALID, 'everything.yaml');
  const url = 'https://hooks.example.com/x';
  assert.deepEqual(alerts, {
    ...{ from: 'error', after: 2, repeatUs: 14_400_000_000, alertmanagerUrl: 'http://192.0.2.9:9093' },
    webhook: { url, template: 'slack', headers: { 'X-Key': 'abc' } },
  });
  assert.ok(secrets.includes(url));
  const few = parseWith('alerts: { alertmanager: { url: "http://192.0.2.9:9093" } }');
  assert.deepEqual(few.alerts, { from: 'warning', after: 1, alertmanagerUrl: 'http://192.0.2.9:9093' });
  const none = parseWith('alerts: { from: error }');
  assert.ok(none.notes.includes('alerts names neither webhook nor alertmanager: nobody is told'));
  for (const bad of ['hooks.example.com', 'ftp://a/b', 'https://me:pw@a/b'])
    assert.throws(() => parseWith(`alerts: { webhook: { url: "${bad}" } }`), /alerts.webhook.url|problem/);
});

test('keep-alive is built with what it names', async () => {
  const profile = await loadFixture(VALID, 'bearer.yaml');
  assert.deepEqual(profile.experiments, [{ kind: 'keep-alive', upToUs: 30_000_000 }]);
  assert.deepEqual(profile.notes, [DEFAULTS_NOTE]);
  const { experiments } = parseWith(
    'requests: [{ name: order, path: /, method: POST, safe: true }]\nexperiments: [{ keep-alive: { upTo: 2s, request: order, connectionHeader: X-Conn } }]',
  );
  assert.deepEqual(experiments, [
    { kind: 'keep-alive', upToUs: 2_000_000, request: 'order', connectionHeader: 'X-Conn' },
  ]);
});

test('compare and burst have defaults of their own, and idle is repeated', () => {
  const { experiments } = parseWith(
    'experiments:\n  - compare: { rate: 5/s, for: 5s }\n  - burst: { rate: 5/s, for: 5s }\n  - idle: { gaps: [5s] }',
  );
  assert.deepEqual(experiments, [
    { kind: 'compare', ratePerSec: 5, durationUs: 5_000_000, newConnectionRatio: 0.5, arrival: 'poisson' },
    { kind: 'burst', load: { loop: 'open', ratePerSec: 5 }, durationUs: 5_000_000, arrival: 'uniform' },
    { kind: 'idle', gapsUs: [5_000_000], repeats: 2 },
  ]);
});

for (const [experiments, limits, expectedUs] of [
  ['', '', 65_000_000],
  ['experiments: [{ timeout: { upTo: 54s } }]', '', 65_000_000],
  ['experiments: [{ timeout: { upTo: 55s } }]', '', 66_000_000],
  ['experiments: [{ timeout: { upTo: 60s } }, { timeout: { upTo: 150s } }]', '', 180_000_000],
  ['experiments: [{ timeout: { upTo: 60s } }]', 'limits: { requestTimeout: 61s }', 61_000_000],
  ['', 'limits: { requestTimeout: 5s }', 5_000_000],
  // Its requests are quick; only the pauses before them are long.
  ['experiments: [{ keep-alive: { upTo: 10m } }]', '', 65_000_000],
] as const) {
  test(`requestTimeout is ${expectedUs} µs with ${experiments} ${limits}`, () => {
    assert.equal(parseWith(`${experiments}\n${limits}`).limits.requestTimeoutUs, expectedUs);
  });
}

test('anchors and aliases are plain YAML', async () => {
  const profile = await loadFixture(VALID, 'anchors.yaml');
  assert.deepEqual(
    profile.members.map(({ host, tls }) => ({ host, tls })),
    [
      { host: 'shop.example.com', tls: { verify: true } },
      { host: 'shop.example.com', tls: { verify: true } },
    ],
  );
  assert.deepEqual([profile.requests[0]?.path, profile.requests[0]?.body], ['/a', 'two\nlines\n']);
});

test('the same address twice, and settings that have no effect, are noted', async () => {
  const { notes } = await loadFixture(VALID, 'login-body.yaml');
  assert.ok(notes.includes('members[1].url is the same as members[0].url: what differs between the two is chance'));
  const text =
    'name: a\ngateway: { url: "http://a", sni: b, tls: { verify: false } }\nmembers: [{ name: w, url: "http://c" }]\nrequests: [{ name: r, path: /, headers: { User-Agent: x } }]';
  assert.deepEqual(parseText(text).notes, [
    'gateway.sni has no effect: gateway.url is plain http',
    'gateway.tls has no effect: gateway.url is plain http',
    'requests[0].headers sets User-Agent: in access logs its requests are found by traceparent only',
    DEFAULTS_NOTE,
  ]);
});

test('the same address with another Host is another thing', () => {
  const text = (host: string): string =>
    `name: a\ngateway: { url: "http://a" }\nmembers: [{ name: w, url: "http://a:80", host: ${host} }]`;
  assert.equal(parseText(text('b')).members[0]?.host, 'b');
  assert.throws(() => parseText(text('A')));
});

test('a login form is sent url-encoded', () => {
  const { auth } = parseWith('auth: { login: { path: /in, form: { user: me, pass: "a b&c" } } }');
  assert.deepEqual(auth, {
    kind: 'login',
    path: '/in',
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'user=me&pass=a+b%26c',
  });
});

test('every log format that can be read can be named', () => {
  const text = `name: shop
gateway: { url: "http://a" }
members: [{ name: b, url: "http://b" }]
logs:
${LOG_FORMATS.map((format) => `  - { from: gateway, files: a.log, format: ${format} }`).join('\n')}
`;
  assert.deepEqual(
    parseText(text).logs.map(({ format }) => format),
    LOG_FORMATS,
  );
});

test('history is built with what it names', async () => {
  const { history } = await loadFixture(VALID, 'everything.yaml');
  const dayUs = 86_400_000_000;
  const levelsUs = { '10s': 7 * dayUs, '1h': 300 * dayUs };
  assert.deepEqual(history, { keepUs: 400 * dayUs, levelsUs, exchangesUs: 30 * dayUs, maxBytes: 2e9 });
  assert.deepEqual(parseWith('history: { keep: 30d }').history, { keepUs: 30 * dayUs });
  assert.throws(
    () => parseWith('history: { maxSize: 1kB }'),
    (error) => error instanceof ProfileError && error.problems[0]?.expected === 'a size from 10MB to 1000GB',
  );
});

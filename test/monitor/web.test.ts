import assert from 'node:assert/strict';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { UserError } from '../../src/errors.ts';
import { startWeb, type WebOptions } from '../../src/monitor/web.ts';
import { BAD, NOW_US, type SampleFarm, sampleFarm } from './sample-farm.ts';

const TOKEN = 'a token of enough characters';

async function start(t: TestContext, options: Partial<WebOptions> = {}, farm: SampleFarm = sampleFarm()) {
  const { history, feed, clock } = farm;
  const errors: unknown[] = [];
  const report = (error: unknown): void => {
    errors.push(error);
  };
  const web = await startWeb({ history, feed, clock, host: '127.0.0.1', port: 0, report, ...options });
  t.after(() => web.close());
  return { web, farm, errors };
}

type Answer = { readonly status: number; readonly headers: IncomingMessage['headers']; readonly text: string };

/** `fetch` does not let a test set Host or Sec-Fetch headers. */
function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { body, ...rest } = options;
    const sent: ClientRequest = request(url, { agent: false, ...rest }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function json(url: string): Promise<Record<string, unknown>> {
  const { status, text } = await ask(url);
  assert.equal(status, 200, text);
  return JSON.parse(text) as Record<string, unknown>;
}

test('every page answers, under a policy that lets nothing foreign in', async (t) => {
  const { web, errors } = await start(t, { reportsFolder: 'reports' });
  for (const path of [
    '/',
    '/?last=7d',
    '/?from=2026-03-02T11:00Z&to=2026-03-02T11:30Z',
    '/profiles/shop',
    '/profiles/shop?last=24h',
    '/events/failing-1',
    '/events/start%20%3C1%3E',
    '/profiles/shop/findings/finding%201',
    '/reports',
  ]) {
    const { status, headers, text } = await ask(web.url + path);
    assert.equal(status, 200, path);
    assert.match(String(headers['content-type']), /^text\/html/);
    assert.match(String(headers['content-security-policy']), /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.doesNotMatch(text, /undefined|NaN|\[object|Infinity| style=|<style/, path);
  }
  assert.deepEqual(errors, []);
});

test('the farm shows what fails, what is open and what happened', async (t) => {
  const farm = sampleFarm();
  const { web } = await start(t, {}, farm);
  const healthy = (await ask(web.url)).text;
  assert.match(healthy, /All 3 routes answer; 1 open finding/);
  assert.match(healthy, /web2 answered 502.3 to 24 of 24 requests/);
  const [profile] = farm.feed.state().profiles;
  const routes = profile!.routes.map((route) =>
    route.member === 'web2' ? { ...route, failing: { sinceAtUs: NOW_US, eventId: 'e' } } : route,
  );
  farm.setState({ profiles: [{ ...profile!, routes }] });
  assert.match((await ask(web.url)).text, /Failing now: shop web2 directly; 1 open finding/);
});

test('what stops the monitor from keeping or watching stands above all else', async (t) => {
  const farm = sampleFarm();
  const { web } = await start(t, {}, farm);
  farm.setState({
    paused: { reason: 'full', text: 'The disk is full.', sinceAtUs: NOW_US, roundsLost: 3 },
    refused: [
      { file: 'bad.yaml', atUs: NOW_US, problems: [{ path: 'gateway.url', line: 3, message: 'is <not> a URL' }] },
    ],
  });
  const { text } = await ask(web.url);
  assert.match(text, /History is not written<\/strong> since .*The disk is full. 3 rounds measured and not kept/);
  assert.match(text, /bad.yaml<\/strong> is not watched.*line 3: <code>gateway.url<\/code> is &lt;not&gt; a URL/s);
});

test('what is not there is said with the right status', async (t) => {
  const { web } = await start(t);
  for (const [path, status] of [
    ['/nothing', 404],
    ['/profiles/none', 404],
    ['/events/none', 404],
    ['/profiles/shop/findings/none', 404],
    ['/reports/none/report.html', 404],
    ['/?last=5y', 400],
    ['/?from=yesterday', 400],
    ['/api/v1/nothing', 404],
    ['/api/v1/profiles/none', 404],
    ['/api/v1/profiles/shop/nothing', 404],
    ['/api/v1/profiles/shop/events?limit=0', 400],
    ['/api/v1/profiles/shop/events?route=x', 400],
    ['/probe', 400],
    ['/probe?target=none', 400],
  ] as const) {
    assert.equal((await ask(web.url + path)).status, status, path);
  }
});

test('the API gives the same as the pages, and describes itself', async (t) => {
  const { web } = await start(t);
  const description = await json(`${web.url}/api/v1/openapi.json`);
  assert.equal(description['openapi'], '3.1.0');
  for (const path of Object.keys(description['paths'] as object)) {
    const { status, headers } = await ask(web.url + path.replace('{profile}', 'shop').replace('{id}', 'failing-1'));
    assert.equal(status, 200, path);
    assert.match(String(headers['content-type']), /^application\/json/, path);
  }
  const { profiles } = await json(`${web.url}/api/v1/profiles`);
  const [shop] = profiles as { routes: { route: string; count: number; failed: number; bins: unknown[] }[] }[];
  assert.deepEqual(
    shop?.routes.map(({ route, count, failed, bins }) => [route, count, failed, bins.length]),
    [
      ['gateway', 356, 24, 90],
      ['direct:web1', 356, 0, 90],
      ['direct:web2', 356, 24, 90],
    ],
  );
  const { kept } = await json(`${web.url}/api/v1/profiles/shop/kept?limit=2`);
  assert.equal((kept as unknown[]).length, 2);
  assert.equal((kept as { outcomeWithSubstatus: string }[])[0]?.outcomeWithSubstatus, '502.3');
  const { findings } = await json(`${web.url}/api/v1/profiles/shop/findings?open=true`);
  assert.equal((findings as unknown[]).length, 1);
});

test('an answer that the application gave is not handed on: headers and bodies may hold secrets', async (t) => {
  const farm = sampleFarm();
  const round = farm.addRound(BAD);
  const secret = 'session=very-secret';
  const exchange = {
    ...round.exchanges[0]!,
    answer: { status: 502, headers: { 'set-cookie': secret }, bodyStart: secret },
  };
  farm.history.append(round, [{ profile: 'shop', atUs: NOW_US - 1_000_000, reason: 'failure', exchange }]);
  const { web } = await start(t, {}, farm);
  for (const path of ['/profiles/shop', '/api/v1/profiles/shop/kept', '/events/failing-1', '/metrics'])
    assert.doesNotMatch((await ask(web.url + path)).text, /very-secret/, path);
});

test('text from outside is escaped everywhere', async (t) => {
  const hostile = '<img src=x onerror=alert(1)>"\'&';
  const farm = sampleFarm({ name: hostile });
  const { web } = await start(t, {}, farm);
  for (const path of ['/', `/profiles/${encodeURIComponent(hostile)}`, '/events/failing-1', '/nothing']) {
    const { text, status } = await ask(web.url + path);
    assert.ok(status < 500, path);
    assert.doesNotMatch(text, /<img/, path);
  }
});

test('changes are told as they come, many at once', async (t) => {
  const { web, farm } = await start(t);
  const response = await fetch(`${web.url}/changes`);
  assert.match(String(response.headers.get('content-type')), /^text\/event-stream/);
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let seen = '';
  const until = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(seen)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`ended before ${pattern}: ${seen}`);
      seen += decoder.decode(value, { stream: true });
    }
  };
  await until(/event: hello/);
  farm.addRound();
  farm.addRound();
  await until(/event: change\ndata: \{"profiles":\["shop"\]\}/);
  await reader.cancel();
});

test('closing ends pages that listen', async () => {
  const { history, feed, clock } = sampleFarm();
  const web = await startWeb({ history, feed, clock, host: '127.0.0.1', port: 0 });
  const response = await fetch(`${web.url}/changes`);
  await web.close();
  // However the connection ends, it ends.
  await response.text().catch(() => '');
});

test('only loopback without a token, and no short token', async () => {
  const { history, feed, clock } = sampleFarm();
  for (const [host, token, message] of [
    ['0.0.0.0', undefined, /needs a token/],
    ['::', undefined, /needs a token/],
    ['192.0.2.7', undefined, /needs a token/],
    ['127.0.0.1', 'short', /too short/],
  ] as const) {
    await assert.rejects(startWeb({ history, feed, clock, host, port: 0, token }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, message);
      return true;
    });
  }
});

test('a port that is taken is said in plain words', async (t) => {
  const { web } = await start(t);
  const { history, feed, clock } = sampleFarm();
  const port = Number(new URL(web.url).port);
  await assert.rejects(startWeb({ history, feed, clock, host: '127.0.0.1', port }), /another program listens there/);
});

test('pages of other sites get nothing', async (t) => {
  const { web } = await start(t);
  for (const headers of [
    { host: 'evil.example' },
    { host: '127.0.0.1.evil.example:8464' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' },
  ])
    assert.equal((await ask(`${web.url}/api/v1/profiles`, { headers: headers as Record<string, string> })).status, 403);
  const followed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  assert.equal((await ask(web.url, { headers: followed })).status, 200, 'a link may be followed');
  assert.equal((await ask(web.url, { headers: { host: 'localhost:8464' } })).status, 200);
});

test('with a token: nothing without it, a form for people, a header for programs', async (t) => {
  const { web } = await start(t, { token: TOKEN });
  const page = await ask(`${web.url}/profiles/shop?last=6h`, { headers: { accept: 'text/html' } });
  assert.equal(page.status, 303);
  assert.equal(page.headers.location, '/login?to=%2Fprofiles%2Fshop%3Flast%3D6h');
  for (const path of ['/metrics', '/api/v1/state', '/changes', '/probe', '/reports'])
    assert.equal((await ask(web.url + path)).status, 401, path);
  const bearer = { authorization: `Bearer ${TOKEN}` };
  assert.equal((await ask(`${web.url}/api/v1/state`, { headers: bearer })).status, 200);
  const post = { method: 'POST', body: new URLSearchParams({ token: TOKEN }).toString() };
  const logged = await ask(`${web.url}/login?to=%2Fprofiles%2Fshop`, post);
  assert.equal(logged.status, 303);
  assert.equal(logged.headers.location, '/profiles/shop');
  const [cookie = ''] = logged.headers['set-cookie'] ?? [];
  assert.match(cookie, /HttpOnly/);
  assert.match(cookie, /SameSite=Strict/);
  const session = { cookie: cookie.split(';', 1)[0]! };
  const farm = await ask(web.url, { headers: session });
  assert.equal(farm.status, 200);
  assert.ok(!farm.text.includes(TOKEN));
  assert.match(farm.text, /Log out/);
  await ask(`${web.url}/logout`, { method: 'POST', headers: session });
  assert.equal((await ask(`${web.url}/api/v1/state`, { headers: session })).status, 401);
});

test('logging in never leads elsewhere', async (t) => {
  const { web } = await start(t, { token: TOKEN });
  for (const to of ['//evil.example/', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)']) {
    const post = { method: 'POST', body: new URLSearchParams({ token: TOKEN }).toString() };
    const { headers } = await ask(`${web.url}/login?to=${encodeURIComponent(to)}`, post);
    assert.equal(headers.location, '/', to);
  }
});

test('wrong tokens are slowed down, and then the right one waits too', async (t) => {
  const { web } = await start(t, { token: TOKEN });
  const wrong = { method: 'POST', body: 'token=wrong' };
  for (let n = 0; n < 5; n++) assert.equal((await ask(`${web.url}/login`, wrong)).status, 401);
  const limited = await ask(`${web.url}/login`, wrong);
  assert.equal(limited.status, 429);
  assert.ok(Number(limited.headers['retry-after']) >= 1);
  const bearer = { authorization: `Bearer ${TOKEN}` };
  assert.equal((await ask(`${web.url}/metrics`, { headers: bearer })).status, 429);
  assert.equal((await ask(`${web.url}/login`, { method: 'POST', body: 'x'.repeat(10_000) })).status, 413);
});

test('an error of ours is reported, and its words stay here', async (t) => {
  const farm = sampleFarm();
  const { web, errors } = await start(
    t,
    {},
    {
      ...farm,
      history: {
        ...farm.history,
        intervals: () => {
          throw new Error('secret words');
        },
      },
    },
  );
  for (const path of ['/', '/api/v1/profiles']) {
    const { status, text } = await ask(web.url + path);
    assert.equal(status, 500);
    assert.doesNotMatch(text, /secret/);
  }
  assert.equal(errors.length, 2);
});

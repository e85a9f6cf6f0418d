import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../src/errors.ts';
import { leftOutLines, MAX_HAR_REQUESTS, requestsFromHar } from '../../src/profile/har.ts';
import { profileTemplate } from '../../src/profile/template.ts';
import { parseText } from './fixture-profiles.ts';

const ORIGIN = 'https://shop.example.com';
const TOKEN = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln';

type Asked = { method?: string; url: string; headers?: Record<string, string>; fromCache?: string };

function har(asked: readonly (Asked | string)[]): string {
  const entries = asked.map((one) => {
    const { method = 'GET', url, headers = {}, fromCache } = typeof one === 'string' ? { url: one } : one;
    return {
      startedDateTime: '2026-03-01T22:00:00Z',
      time: 12.5,
      ...(fromCache === undefined ? {} : { _fromCache: fromCache }),
      request: {
        method,
        url: url.startsWith('/') ? ORIGIN + url : url,
        httpVersion: 'HTTP/2',
        headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
        cookies: [{ name: 'session', value: 'c00kie-value' }],
        queryString: [],
      },
      response: { status: 200, content: { text: 'body-of-somebody' } },
    };
  });
  return JSON.stringify({ log: { version: '1.2', creator: { name: 'a browser', version: '1' }, entries } });
}

function read(asked: readonly (Asked | string)[]) {
  return requestsFromHar(har(asked), 'shop.har', [ORIGIN]);
}

/** The profile that `init` would write of it, loaded. */
function profileOf(asked: readonly (Asked | string)[]) {
  const { requests, leftOut } = read(asked);
  const members = [{ name: 'web1', url: 'http://192.0.2.11:8080' }];
  const text = profileTemplate({
    name: 'shop',
    gatewayUrl: ORIGIN,
    members,
    requests,
    requestNotes: leftOutLines(leftOut),
  });
  return { text, profile: parseText(text) };
}

test('requests of the origin become a profile that loads: most frequent first, weight by count', () => {
  const headers = { accept: 'text/html', 'ACCEPT-LANGUAGE': 'de, en;q=0.8', 'User-Agent': 'x' };
  const { profile } = profileOf([
    { url: '/', headers },
    '/api/basket?size=3',
    '/api/basket?size=3',
    { method: 'HEAD', url: '/api/basket?size=3' },
    '/api/basket?size=4#part',
  ]);
  assert.deepEqual(
    profile.requests.map(({ name, method, path, weight, headers }) => [name, method, path, weight, headers]),
    [
      ['api-basket', 'GET', '/api/basket?size=3', 2, {}],
      ['home', 'GET', '/', 1, { Accept: 'text/html', 'Accept-Language': 'de, en;q=0.8' }],
      ['head-api-basket', 'HEAD', '/api/basket?size=3', 1, {}],
      ['api-basket-2', 'GET', '/api/basket?size=4', 1, {}],
    ],
  );
});

test('no credential of the recording is in the profile', () => {
  const headers = {
    Cookie: 'session=c00kie-value',
    Authorization: 'Bearer s3cr3t',
    'X-Api-Key': 's3cr3t',
    Accept: '*/*',
  };
  const { text, profile } = profileOf([
    { url: '/a;jsessionid=s3cr3t?q=shoes&access_token=s3cr3t&page=2', headers },
    '/b?authToken=s3cr3t',
    '/c?user%5Bpassword%5D=s3cr3t',
    `/d?x=${TOKEN}`,
    `/open/${TOKEN}`,
    'https://me:s3cr3t@shop.example.com/e?code=s3cr3t&X-Amz-Signature=s3cr3t',
    { method: 'POST', url: '/login?password=s3cr3t' },
    `https://cdn.example.com/x?token=s3cr3t`,
  ]);
  assert.doesNotMatch(text, /s3cr3t|c00kie|eyJ|body-of-somebody|cookie:|authorization:/i);
  assert.deepEqual(
    profile.requests.map(({ path }) => path),
    [
      '/a?q=shoes&access_token=&page=2',
      '/b?authToken=',
      '/c?user%5Bpassword%5D=',
      '/d?x=',
      '/e?code=&X-Amz-Signature=',
    ],
  );
  assert.deepEqual(read(['/a?sid=1&page=2&token=3']).requests[0]?.withoutValues, ['sid', 'token']);
});

for (const [url, path] of [
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what the recording of a stranger may hold
  ['/x?y=${env:SHOP_TOKEN}', '/x?y=$%7Benv:SHOP_TOKEN%7D'],
  ['/x?ms={delayMs}', '/x?ms=%7BdelayMs%7D'],
  ['/Köln straße?q="a"', '/K%C3%B6ln%20stra%C3%9Fe?q=%22a%22'],
  ['//twice/', '//twice/'],
]) {
  test(`the address ${url} is asked as the browser would`, () => {
    assert.equal(profileOf([url ?? '']).profile.requests[0]?.path, path);
  });
}

test('a header that a profile would replace or refuse is left out', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what the recording of a stranger may hold
  for (const value of ['${env:SHOP_TOKEN}', 'a\r\nX-Other: 1', 'ü', '']) {
    assert.deepEqual(read([{ url: '/', headers: { Accept: value } }]).requests[0]?.headers, {});
  }
});

test('what is left out is told with its reason, an example, and without its query', () => {
  const { requests, recordedCount, leftOut } = read([
    '/',
    'https://cdn.example.com/a.js',
    'http://shop.example.com/',
    { method: 'POST', url: '/pay?card=4111' },
    'data:image/png;base64,AAAA',
    { url: '/style.css', fromCache: 'memory' },
    '/account/logout',
    '/list?action=deleteItem&id=3',
    '/reset.css',
    `/long?q=${'x'.repeat(3_000)}`,
  ]);
  assert.equal(recordedCount, 10);
  assert.deepEqual(
    requests.map(({ path }) => path),
    ['/', '/reset.css'],
  );
  assert.deepEqual(leftOutLines(leftOut), [
    '2 of another origin: https://cdn.example.com, http://shop.example.com',
    '1 neither GET nor HEAD: a profile needs safe: true for them: POST /pay',
    '1 not over http: data:',
    "1 answered from the browser's cache: GET /style.css",
    '2 that seem to change something: GET /account/logout, GET /list',
    '1 longer than 2048 characters: GET /long',
  ]);
});

test('names are unique and valid, whatever the path', () => {
  const urls = [
    '/p99',
    '/errors/',
    '/2024',
    '/%ff',
    '/...',
    '/a/b',
    '/a-b',
    `/${'segment/'.repeat(20)}`,
    '/true',
    '/日本',
  ];
  const names = profileOf(urls).profile.requests.map(({ name }) => name);
  assert.equal(new Set(names).size, urls.length);
  assert.deepEqual(names.slice(0, 7), ['page-p99', 'page-errors', '2024', 'ff', 'home', 'a-b', 'a-b-2']);
});

test(`at most ${MAX_HAR_REQUESTS} are kept, the most frequent, and the rest is said`, () => {
  const rare = Array.from({ length: 40 }, (_, index) => `/rare/${index}`);
  const { requests, leftOut } = read([...rare, '/often', '/often']);
  assert.equal(requests.length, MAX_HAR_REQUESTS);
  assert.deepEqual([requests[0]?.path, requests[0]?.weight], ['/often', 2]);
  assert.deepEqual(leftOut[0]?.count, 11);
  assert.match(leftOutLines(leftOut)[0] ?? '', /^11 asked less often than the 30 that are kept: GET \/rare\/29, /);
});

const BAD: readonly (readonly [string, string, RegExp])[] = [
  ['no JSON', '{"log": {"entries": [{"password": "s3cr3t"', /^shop\.har is not JSON/],
  ['an empty file', '', /is not JSON/],
  ['another JSON', '[]', /the file: expected object/],
  ['no entries', '{"log":{"version":"1.2"}}', /log\.entries: expected array/],
  [
    'a request without address',
    '{"log":{"entries":[{"request":{"method":"GET"}}]}}',
    /log\.entries\[0\]\.request\.url: expected string/,
  ],
  [
    'many bad entries',
    `{"log":{"entries":[${Array(50).fill('1').join(',')}]}}`,
    /log\.entries\[4\]: expected object; and 45 more/,
  ],
  ['a later version', '{"log":{"version":"2.0","entries":[]}}', /version of HAR that is not known/],
  ['no requests', har([]), /holds no requests/],
  ['another site', har(['https://other.example.com/']), /1 of another origin: https:\/\/other\.example\.com/],
  [
    'posts only',
    har([{ method: 'POST', url: '/pay' }]),
    /no request that can be asked again of https:\/\/shop\.example\.com\. 1 neither GET/,
  ],
];
for (const [what, text, message] of BAD) {
  test(`refused with a sentence: ${what}`, () => {
    assert.throws(
      () => requestsFromHar(text, 'shop.har', [ORIGIN]),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /s3cr3t/);
        assert.ok(error.hint !== undefined);
        return true;
      },
    );
  });
}

test('a byte order mark, as some tools write it, does no harm', () => {
  assert.equal(requestsFromHar(`\uFEFF${har(['/'])}`, 'shop.har', [ORIGIN]).requests.length, 1);
});

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { OK, startHttpMember, startTestMember, statusOf, withGateway } from './arr-talk.ts';
import { ask, raw } from './member-talk.ts';

/** Names in small letters; repeated ones in order. */
function headersOf(text: string): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const line of text.split('\r\n\r\n', 1).join().split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return headers;
}

test('headers are changed on both ways as ARR does it, and the log carries its marks', async () => {
  const member = await startTestMember((socket) => {
    socket.write(
      'HTTP/1.1 201 Made Here\r\nServer: Kestrel\r\nX-Powered-By: ASP.NET\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n' +
        'Keep-Alive: timeout=5\r\nConnection: Keep-Alive, X-Hop\r\nX-Hop: 1\r\nX-Own: Yes\r\nContent-Length: 2\r\n\r\nok',
    );
  });
  let answer = '';
  const rows = await withGateway([member], {}, async (port) => {
    const request =
      'GET /a%20b?x=1?y=2 HTTP/1.1\r\nHost: shop.example\r\nX-Mine: 7\r\nX-Forwarded-For: 10.0.0.1:99\r\nMax-Forwards: 3\r\n' +
      'TE: trailers\r\nX-Original-URL: /forged\r\nUser-Agent: a b\r\nConnection: close, X-Gone\r\nX-Gone: 1\r\n\r\n';
    answer = (await raw(port, request)).text;
    const [head = ''] = member.heads;
    const received = headersOf(head);
    assert.ok(head.startsWith('GET /a%20b?x=1?y=2 HTTP/1.1\r\n'), head);
    assert.deepEqual(received.get('host'), ['shop.example']);
    assert.deepEqual(received.get('x-mine'), ['7']);
    assert.match(received.get('x-forwarded-for')?.join('|') ?? '', /^10\.0\.0\.1:99, 127\.0\.0\.1:\d+$/);
    assert.match(received.get('x-arr-log-id')?.join('|') ?? '', /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    assert.deepEqual(received.get('x-arr-ssl'), ['']);
    assert.deepEqual(received.get('x-original-url'), ['/a%20b?x=1?y=2']);
    assert.deepEqual(received.get('max-forwards'), ['10']);
    for (const gone of ['te', 'x-gone']) assert.equal(received.has(gone), false, gone);
  });
  const sent = headersOf(answer);
  assert.ok(answer.startsWith('HTTP/1.1 201 Made Here\r\n'), answer);
  assert.deepEqual(sent.get('server'), ['Microsoft-IIS/10.0']);
  assert.deepEqual(sent.get('x-powered-by'), ['ASP.NET', 'ARR/3.0']);
  assert.deepEqual(sent.get('set-cookie'), ['a=1', 'b=2']);
  assert.deepEqual(sent.get('x-own'), ['Yes']);
  for (const gone of ['keep-alive', 'x-hop', 'transfer-encoding']) assert.equal(sent.has(gone), false, gone);
  assert.ok(answer.endsWith('\r\n\r\nok'));
  const [row, ...others] = rows;
  assert.equal(others.length, 0);
  const logId = headersOf(member.heads[0] ?? '').get('x-arr-log-id');
  assert.equal(row?.['cs-uri-query'], `x=1?y=2&X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=${logId}&SERVER-STATUS=201`);
  assert.equal(row?.['cs-uri-stem'], '/a+b');
  assert.equal(row?.['cs(User-Agent)'], 'a+b');
  assert.equal(statusOf(row), '201 0 0');
  assert.equal(Number(row?.['sc-bytes']), answer.length);
});

test('connections of clients and to members are kept, and the log counts bytes per request', async () => {
  const member = await startTestMember((socket) => socket.write(OK));
  const rows = await withGateway([member], {}, async (port) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const answers = [await ask(port, '/1', agent), await ask(port, '/2', agent), await ask(port, '/3', agent)];
    agent.destroy();
    assert.equal(new Set(answers.map(({ localPort }) => localPort)).size, 1);
    assert.equal(answers[0]?.headers['keep-alive'], undefined);
    assert.equal(answers[0]?.headers.connection, undefined);
    assert.equal(member.connections(), 1);
  });
  assert.equal(rows.length, 3);
  assert.equal(new Set(rows.map((row) => row['sc-bytes'])).size, 1);
  for (const row of rows) assert.ok(Number(row['sc-bytes']) > 80 && Number(row['sc-bytes']) < 300, row['sc-bytes']);
});

test('a connection leaves the pool after its idle time, whatever the member announces', async () => {
  const member = await startTestMember((socket) =>
    socket.write('HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\nKeep-Alive: timeout=0\r\n\r\n'),
  );
  await withGateway([member], { poolIdleMs: 150 }, async (port) => {
    await ask(port, '/');
    await ask(port, '/');
    assert.equal(member.connections(), 1, 'the hint of the member is not asked');
    await new Promise((resolve) => setTimeout(resolve, 400));
    await ask(port, '/');
    assert.equal(member.connections(), 2);
  });
});

for (const framing of ['length', 'chunked'] as const) {
  test(`bodies go through in both directions, framed by ${framing}`, async () => {
    const body = randomBytes(3_000_000);
    const member = await startHttpMember((request, response) => {
      const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
      if (length !== undefined) response.setHeader('Content-Length', length);
      response.setHeader('X-Framing', `${length} ${encoding}`);
      request.pipe(response);
    });
    await withGateway([member], {}, async (port) => {
      const headers = framing === 'length' ? { 'Content-Length': body.length } : { 'Transfer-Encoding': 'chunked' };
      const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent: false, headers });
      request.end(body);
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      const hash = createHash('sha256');
      for await (const part of response) hash.update(part as Buffer);
      const announced = framing === 'length' ? String(body.length) : undefined;
      assert.equal(
        response.headers['x-framing'],
        framing === 'length' ? `${body.length} undefined` : 'undefined chunked',
      );
      assert.equal(response.headers['content-length'], announced);
      assert.equal(hash.digest('hex'), createHash('sha256').update(body).digest('hex'));
    });
  });
}

test('an answer is passed on as it comes', async () => {
  let finish = (): void => {};
  const member = await startTestMember((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
    finish = () => socket.write('cd');
  });
  await withGateway([member], {}, async (port) => {
    const [response] = (await once(http.get({ port, host: '127.0.0.1', agent: false }), 'response')) as [
      http.IncomingMessage,
    ];
    const [first] = (await once(response, 'data')) as [Buffer];
    assert.equal(first.toString(), 'ab');
    finish();
    const [second] = (await once(response, 'data')) as [Buffer];
    assert.equal(second.toString(), 'cd');
  });
});

test('methods with and without a body are framed as they came', async () => {
  const member = await startTestMember((socket, head) => {
    socket.write(head.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n' : OK);
  });
  await withGateway([member], {}, async (port) => {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
      const request = http.request({ port, host: '127.0.0.1', method, agent: false });
      const [response] = (await once(request.end(), 'response')) as [http.IncomingMessage];
      await once(response.resume(), 'end');
      assert.equal(response.statusCode, 200);
      assert.equal(response.headers['content-length'], method === 'HEAD' ? '99' : '2');
    }
  });
  assert.deepEqual(
    member.heads.map((head) => [head.split(' ', 1)[0], headersOf(head).has('transfer-encoding')]),
    ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'].map((method) => [method, false]),
  );
});

test('a client that leaves while a member works is logged as such, and the work is given up', async () => {
  let upstreamClosed: Promise<unknown> | undefined;
  let arrived = (): void => {};
  const began = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const member = await startTestMember((socket) => {
    upstreamClosed = once(socket, 'close');
    arrived();
  });
  const rows = await withGateway([member], {}, async (port) => {
    const client = connect(port, '127.0.0.1');
    client.write('GET /slow HTTP/1.1\r\nHost: lab\r\n\r\n');
    await began;
    client.destroy();
    await upstreamClosed;
  });
  assert.equal(statusOf(rows[0]), '502 3 64');
  assert.equal(rows[0]?.['sc-bytes'], '0');
  assert.ok(!rows[0]?.['cs-uri-query']?.includes('SERVER-STATUS'));
});

test('a port that is taken is told', async () => {
  const member = await startTestMember((socket) => socket.write(OK));
  await withGateway([member], {}, async (port) => {
    await assert.rejects(
      withGateway([], { port }, async () => {}),
      { code: 'EADDRINUSE' },
    );
  });
});

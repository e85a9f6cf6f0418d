import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFullBacklog } from '../../src/lab/member-backlog.ts';
import type { GatewayOptions } from '../../src/lab/options.ts';
import { OK, PLAIN_GATEWAY, startHttpMember, startTestMember, statusOf, withGateway } from './arr-talk.ts';
import { ask, raw, requestText } from './member-talk.ts';

const TIMER_MS = 250;
const timersOf = (timers: Partial<GatewayOptions['timers']>): Pick<GatewayOptions, 'timers'> => ({
  timers: { ...PLAIN_GATEWAY.timers, ...timers },
});

type Case = {
  readonly name: string;
  readonly member: (socket: Socket) => void;
  readonly options?: Partial<GatewayOptions>;
  readonly code: string;
  readonly hresult: string;
  readonly atLeastMs?: number;
};

const BEFORE_HEADERS: readonly Case[] = [
  {
    name: 'silent',
    member: () => {},
    options: timersOf({ responseMs: TIMER_MS }),
    code: '12002',
    hresult: '0x80072ee2',
    atLeastMs: TIMER_MS,
  },
  {
    name: 'stuck in its headers',
    member: (socket) => socket.write('HTTP/1.1 200 OK\r\nX-Half: '),
    options: timersOf({ responseMs: TIMER_MS }),
    code: '12002',
    hresult: '0x80072ee2',
    atLeastMs: TIMER_MS,
  },
  { name: 'closing', member: (socket) => socket.end(), code: '12030', hresult: '0x80072efe' },
  { name: 'resetting', member: (socket) => socket.resetAndDestroy(), code: '12030', hresult: '0x80072efe' },
  {
    name: 'closing within its headers',
    member: (socket) => socket.end('HTTP/1.1 200 OK\r\nX-Half: '),
    code: '12030',
    hresult: '0x80072efe',
  },
  {
    name: 'not speaking HTTP',
    member: (socket) => socket.end('SSH-2.0\r\n\r\n'),
    code: '12152',
    hresult: '0x80072f78',
  },
];

for (const { name, member: answer, options, code, hresult, atLeastMs = 0 } of BEFORE_HEADERS) {
  test(`a member ${name} gives 502.3 with ${code}, and no other member is asked`, async () => {
    const member = await startTestMember(answer);
    const other = await startTestMember((socket) => socket.write(OK));
    const rows = await withGateway([member, other], { errorPages: 'detailed', ...options }, async (port) => {
      const page = await ask(port, '/a?b=<c>');
      assert.equal(page.status, 502);
      assert.ok(page.tookMs >= atLeastMs && page.tookMs < atLeastMs + 2_000, `${page.tookMs} ms`);
      assert.ok(page.body.includes(`IIS70Error=502,3,${hresult},`), page.body);
      assert.equal((await ask(port, '/')).status, 200, 'the next one in turn is the other member');
    });
    const [row, next] = rows;
    assert.equal(statusOf(row), `502 3 ${code}`);
    assert.ok(Number(row?.['time-taken']) >= atLeastMs);
    assert.match(row?.['cs-uri-query'] ?? '', /^b=<c>&X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=[\da-f-]{36}$/);
    assert.equal(statusOf(next), '200 0 0');
    assert.equal(other.heads.length, 1);
  });
}

test('a refused connect is told after its time', async () => {
  const member = await startTestMember(() => {});
  await member.close();
  const closed = { port: member.port, close: async () => {} };
  const rows = await withGateway([closed], { refusedMs: TIMER_MS, errorPages: 'detailed' }, async (port) => {
    const page = await ask(port, '/');
    assert.ok(page.tookMs >= TIMER_MS && page.tookMs < TIMER_MS + 2_000, `${page.tookMs} ms`);
    assert.ok(page.body.includes('IIS70Error=502,3,0x80072efd,'), page.body);
  });
  assert.equal(statusOf(rows[0]), '502 3 12029');
});

test('a connect that hangs is given up by the connect timer', {
  skip: process.platform === 'linux' ? false : 'elsewhere a full backlog refuses',
}, async () => {
  const backlog = await startFullBacklog(0, '127.0.0.1');
  const member = { port: backlog.port, close: () => backlog.stop() };
  const rows = await withGateway([member], timersOf({ connectMs: TIMER_MS }), async (port) => {
    const page = await ask(port, '/');
    assert.ok(page.tookMs >= TIMER_MS && page.tookMs < TIMER_MS + 2_000, `${page.tookMs} ms`);
  });
  assert.equal(statusOf(rows[0]), '502 3 12002');
});

const LENGTH_HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n';
const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const CUTS: readonly { readonly name: string; readonly member: (socket: Socket) => void; readonly code: string }[] = [
  { name: 'closes, framed by length', member: (socket) => socket.end(`${LENGTH_HEAD}half`), code: '12152' },
  { name: 'closes, framed by chunks', member: (socket) => socket.end(`${CHUNKED_HEAD}4\r\nhalf\r\n`), code: '12152' },
  {
    name: 'resets',
    member: (socket) => socket.write(`${LENGTH_HEAD}half`, () => setTimeout(() => socket.resetAndDestroy(), 50)),
    code: '12152',
  },
  { name: 'stops', member: (socket) => socket.write(`${LENGTH_HEAD}half`), code: '12002' },
];

for (const { name, member: answer, code } of CUTS) {
  test(`the client's answer is cut where a member ${name} in the middle of the body`, async () => {
    const member = await startTestMember(answer);
    const rows = await withGateway([member], timersOf({ responseMs: TIMER_MS }), async (port) => {
      const { text } = await raw(port, requestText('/'));
      const [head = '', body = ''] = text.split('\r\n\r\n', 2);
      assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
      if (name.includes('chunks')) assert.equal(body, '4\r\nhalf\r\n');
      else {
        assert.match(head, /\r\nContent-Length: 10(\r\n|$)/);
        assert.equal(body, 'half');
      }
    });
    assert.equal(statusOf(rows[0]), `200 0 ${code}`);
    assert.match(rows[0]?.['cs-uri-query'] ?? '', /SERVER-STATUS=200$/);
  });
}

test('the response timer runs for each read', async () => {
  const pieces = 6;
  const member = await startTestMember(async (socket) => {
    await sleep(TIMER_MS / 2);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${pieces}\r\n\r\n`);
    for (let piece = 0; piece < pieces; piece++) {
      await sleep(TIMER_MS / 4);
      socket.write('x');
    }
  });
  await withGateway([member], timersOf({ responseMs: TIMER_MS * 1.5 }), async (port) => {
    const answer = await ask(port, '/');
    assert.equal(answer.body, 'x'.repeat(pieces));
    assert.ok(answer.tookMs > TIMER_MS * 1.5, `${answer.tookMs} ms`);
  });
});

test('a pooled connection that its member closes under the request gives 12030, with no second try', async () => {
  let requests = 0;
  const member = await startTestMember((socket) => {
    // The second request comes over a connection that is closed before it is read.
    if (++requests === 1) socket.write(OK);
    else socket.end();
  });
  const rows = await withGateway([member], {}, async (port) => {
    assert.equal((await ask(port, '/')).status, 200);
    assert.equal((await ask(port, '/')).status, 502);
    assert.equal(member.connections(), 1);
    assert.equal(member.heads.length, 2);
  });
  assert.deepEqual(rows.map(statusOf), ['200 0 0', '502 3 12030']);
});

test('a client may be slower than the timers, in asking and in taking', async () => {
  const BYTES = 8_000_000;
  const member = await startHttpMember((request, response) => {
    request.resume().on('end', () => response.end(Buffer.alloc(BYTES)));
  });
  const rows = await withGateway([member], timersOf({ sendMs: 100, responseMs: 100 }), async (port) => {
    const request = http.request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      agent: false,
      headers: { 'Content-Length': 2 },
    });
    request.write('a');
    await sleep(300);
    request.end('b');
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    await sleep(300);
    let bytes = 0;
    for await (const part of response) bytes += (part as Buffer).length;
    assert.equal(bytes, BYTES);
  });
  assert.equal(statusOf(rows[0]), '200 0 0');
});

test('the send timer ends a request that the member does not take', async () => {
  const sockets: Socket[] = [];
  const deaf = createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    deaf.close();
  };
  const member = { port: (deaf.address() as { port: number }).port, close };
  const rows = await withGateway([member], timersOf({ sendMs: TIMER_MS }), async (port) => {
    const client = connect(port, '127.0.0.1');
    const bytes = 64_000_000;
    client.write(`POST / HTTP/1.1\r\nHost: lab\r\nContent-Length: ${bytes}\r\n\r\n`);
    client.write(Buffer.alloc(bytes));
    const [page] = (await once(client, 'data')) as [Buffer];
    assert.match(page.toString(), /^HTTP\/1\.1 502 /);
    client.destroy();
  });
  assert.match(statusOf(rows[0]), /^502 3 (12002|64)$/);
  assert.ok(Number(rows[0]?.['time-taken']) >= TIMER_MS);
});

test('an answer before the end of the request is passed on, and its connection is not used again', async () => {
  const member = await startTestMember((socket) => socket.write(OK));
  await withGateway([member], {}, async (port) => {
    const client = connect(port, '127.0.0.1');
    client.write('POST / HTTP/1.1\r\nHost: lab\r\nContent-Length: 100000\r\n\r\nbegin');
    const [page] = (await once(client, 'data')) as [Buffer];
    assert.match(page.toString(), /^HTTP\/1\.1 200 /);
    assert.equal((await ask(port, '/')).status, 200);
    assert.equal(member.connections(), 2);
    client.destroy();
  });
});

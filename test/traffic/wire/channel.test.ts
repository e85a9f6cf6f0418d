/** Real sockets: how a connection's bytes become an exchange, and which connections may be used again. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type net from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import tls from 'node:tls';
import { crc32 } from 'node:zlib';
import { outcomeKey } from '../../../src/model/exchange.ts';
import { GATEWAY } from '../../../src/model/route.ts';
import { createClock, createEpoch } from '../../../src/traffic/clock.ts';
import type { Connection } from '../../../src/traffic/connection.ts';
import { createDeadlines } from '../../../src/traffic/deadlines.ts';
import { runExchange } from '../../../src/traffic/exchange.ts';
import { createPool, type Pool } from '../../../src/traffic/pool.ts';
import type { Answered } from '../../../src/traffic/reception.ts';
import { createServers, LIMITS, requestOf, targetOf } from '../sending-setup.ts';

const CERTIFICATES = join(import.meta.dirname, '..', '..', 'fixtures', 'traffic', 'tls');
const KEYS = {
  cert: readFileSync(join(CERTIFICATES, 'server.pem'), 'utf8'),
  key: readFileSync(join(CERTIFICATES, 'server-key.pem'), 'utf8'),
};
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const clock = createClock(createEpoch());
const servers = createServers();
after(() => servers.close());

function poolFor(port: number, secure = false): Pool {
  const target = targetOf(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`, { tls: { verify: false } });
  const route = {
    route: GATEWAY,
    target,
    hostname: '127.0.0.1',
    port,
    secure,
    address: '127.0.0.1',
    family: 4,
  } as const;
  return createPool(route, LIMITS, [], clock);
}

async function take(pool: Pool): Promise<Connection> {
  const taken = await pool.acquire('warm');
  if ('connection' in taken) return taken.connection;
  assert.ok('socket' in taken, JSON.stringify(taken));
  return taken;
}

type Asked = {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: string[];
  readonly limitUs?: number;
};

function ask(
  connection: Connection,
  more: Asked = {},
  onAbortable = (_abort: () => void): void => {},
): Promise<Answered> {
  const request = {
    path: '/',
    method: 'GET',
    headers: ['Host', 'a.invalid'],
    body: undefined,
    limitUs: 10_000_000,
    maxBodyBytes: LIMITS.maxBodyBytes,
    spec: requestOf(),
    memberId: undefined,
    connectionHeader: undefined,
    wantsAnswer: () => true,
    ...more,
  };
  return runExchange(connection, request, createDeadlines(clock), onAbortable);
}

/** Asks once, gives the connection back, and takes the next one. */
async function askTwice(answer: (socket: net.Socket) => void): Promise<readonly [Answered, isSame: boolean]> {
  const pool = poolFor(await servers.raw(answer));
  const first = await take(pool);
  const answered = await ask(first);
  pool.release(first, answered.reusable);
  const next = await take(pool);
  pool.release(next, false);
  pool.closeIdle();
  return [answered, next === first];
}

describe('which connection carries a second request', () => {
  const CASES: readonly (readonly [name: string, text: string, isSame: boolean])[] = [
    ['a plain answer', OK, true],
    ['an answer with Connection: close', OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), false],
    ['an answer in HTTP/1.0', OK.replace('1.1', '1.0'), false],
    ['an answer with bytes behind it', `${OK}?`, false],
    ['204 with a body nobody may send', 'HTTP/1.1 204 No Content\r\n\r\nbody', false],
  ];
  for (const [name, text, isSame] of CASES) {
    test(`${name}: ${isSame ? 'the same' : 'a new one'}`, async () => {
      const [answered, same] = await askTwice((socket) => socket.write(text));
      assert.match(outcomeKey(answered.outcome), /^20[04]$/);
      assert.equal(same, isSame);
    });
  }

  test('one on which bytes came that nobody had asked for is not used again; they are counted', async () => {
    let accepted: net.Socket | undefined;
    const pool = poolFor(
      await servers.raw((socket) => {
        accepted = socket;
        socket.write(OK);
      }),
    );
    const connection = await take(pool);
    pool.release(connection, (await ask(connection)).reusable);
    const timeout = 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n';
    accepted?.write(timeout);
    while (connection.channel?.strayBytes !== timeout.length) await new Promise(setImmediate);
    assert.equal(connection.closedBy, undefined);
    const next = await take(pool);
    assert.notEqual(next.id, connection.id);
    assert.ok(connection.socket.destroyed);
    pool.release(next, false);
  });

  test('one on which an answer came before the request was out is not used while the rest is on its way', async () => {
    const pool = poolFor(
      await servers.raw((socket) => {
        socket.pause();
        socket.write(OK);
      }),
    );
    const connection = await take(pool);
    // More than the buffers of both systems hold.
    const answered = await ask(connection, { method: 'POST', body: 'x'.repeat(30_000_000) });
    assert.equal(outcomeKey(answered.outcome), '200');
    pool.release(connection, answered.reusable);
    assert.notEqual(await take(pool), connection);
    pool.closeIdle();
  });
});

describe('what an answer leaves behind', () => {
  test('a second answer on the connection is not mixed with the first', async () => {
    const answers = [
      'HTTP/1.1 500 A\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nfirst',
      'HTTP/1.1 503 B\r\nX-B: 2\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecond\r\n0\r\nX-C: 3\r\n\r\n',
      'HTTP/1.1 502 C\r\nContent-Length: 0\r\n\r\n',
    ];
    const pool = poolFor(await servers.raw((socket) => socket.write(answers.shift() ?? '')));
    const connection = await take(pool);
    const found = [await ask(connection), await ask(connection), await ask(connection)];
    assert.deepEqual(
      found.map(({ answer }) => answer),
      [
        { status: 500, headers: { 'x-a': '1', 'content-length': '5' }, bodyStart: 'first' },
        { status: 503, headers: { 'x-b': '2', 'transfer-encoding': 'chunked' }, bodyStart: 'second' },
        { status: 502, headers: { 'content-length': '0' } },
      ],
    );
    assert.equal(connection.uses, 3);
    pool.release(connection, false);
  });

  test('of a long body: all is counted and digested, the first 6 KiB are kept', async () => {
    const body = Array.from({ length: 50_000 }, (_, i) => String.fromCharCode(97 + (i % 23))).join('');
    const [{ outcome, answer }] = await askTwice((socket) => {
      socket.write(`HTTP/1.1 500 A\r\nX-Late: yes\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 3_000)}`);
      setImmediate(() => socket.write(body.slice(3_000)));
    });
    assert.ok(outcome.kind === 'response');
    assert.deepEqual([outcome.bodyBytes, outcome.bodyDigest], [50_000, crc32(body)]);
    assert.equal(answer?.bodyStart, body.slice(0, 6 * 1_024));
    assert.equal(answer?.headers['x-late'], 'yes');
  });

  test('HEAD has no body, whatever its length says, and leaves the connection in order', async () => {
    const pool = poolFor(await servers.raw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n')));
    const connection = await take(pool);
    for (let i = 0; i < 2; i++) {
      const { outcome } = await ask(connection, { method: 'HEAD' });
      assert.deepEqual(outcome, { kind: 'response', status: 200, bodyBytes: 0, complete: true, bodyDigest: 0 });
    }
    pool.release(connection, false);
  });
});

describe('how it ends', () => {
  test('a malformed answer is named', async () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    const [{ outcome }] = await askTwice((socket) => socket.write(text));
    assert.ok(outcome.kind === 'connection-error');
    assert.deepEqual([outcome.code, outcome.phase], ['parse', 'receive']);
    assert.match(
      outcome.detail,
      /^content-length-and-transfer-encoding: .* both Content-Length and Transfer-Encoding$/,
    );
  });

  test('a reset in a body without a length is no complete answer; a close is', async () => {
    const head = 'HTTP/1.1 200 OK\r\n\r\nhello';
    const [reset] = await askTwice((socket) =>
      socket.write(head, () => setTimeout(() => socket.resetAndDestroy(), 100)),
    );
    assert.equal(outcomeKey(reset.outcome), '200:truncated');
    assert.equal(reset.outcome.kind === 'response' && reset.outcome.closedBy, 'rst');
    const [closed] = await askTwice((socket) => socket.end(head));
    assert.equal(outcomeKey(closed.outcome), '200');
  });

  test('an answer with Connection: close that ends too early is cut short, not complete', async () => {
    const head = 'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
    const [{ outcome }] = await askTwice((socket) => socket.end(head));
    assert.equal(outcomeKey(outcome), '200:truncated');
  });

  test('an abort ends it at once, and closes', async () => {
    const pool = poolFor(await servers.raw(() => {}));
    const connection = await take(pool);
    const { promise, resolve } = Promise.withResolvers<() => void>();
    const asked = ask(connection, {}, resolve);
    (await promise)();
    assert.deepEqual((await asked).outcome, { kind: 'aborted' });
    assert.ok(connection.socket.destroyed);
  });

  test('a request that would be two is not sent', async () => {
    let received = 0;
    const pool = poolFor(await servers.raw(() => received++));
    const connection = await take(pool);
    const { outcome } = await ask(connection, { headers: ['Host', 'a', 'X', 'b\r\n\r\nGET / HTTP/1.1'] });
    assert.ok(outcome.kind === 'connection-error');
    assert.match(outcome.detail, /the header X holds a character/);
    assert.equal(received, 0);
    pool.release(connection, false);
  });
});

test('over TLS an answer in pieces is read alike, and FIN and RST are told apart', async () => {
  const ends: ((socket: net.Socket, under: net.Socket | undefined) => void)[] = [
    (socket) => socket.write('2\r\nok\r\n0\r\n\r\n'),
    (socket) => socket.end(),
    (_socket, under) => under?.resetAndDestroy(),
  ];
  const under: net.Socket[] = [];
  const server = tls.createServer(KEYS, (socket) => {
    const plain = under.at(-1);
    socket.on('error', () => {});
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Enco', () =>
        socket.write('ding: chunked\r\n\r\n1\r\nx\r\n', () => setTimeout(() => ends.shift()?.(socket, plain), 50)),
      );
    });
  });
  server.on('connection', (socket) => under.push(socket));
  const pool = poolFor(await servers.listen(server), true);
  const found: string[] = [];
  for (let i = 0; i < 3; i++) {
    const connection = await take(pool);
    const { outcome, reusable } = await ask(connection);
    assert.ok(outcome.kind === 'response');
    found.push(`${outcomeKey(outcome)} ${outcome.bodyBytes} ${outcome.closedBy}`);
    pool.release(connection, reusable);
  }
  assert.deepEqual(found, ['200 3 undefined', '200:truncated 1 fin', '200:truncated 1 rst']);
});

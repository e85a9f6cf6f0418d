/** The real sending thread before servers that answer by hand: every way an exchange can end. */
import assert from 'node:assert/strict';
import type net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { crc32, gzipSync } from 'node:zlib';
import { type Exchange, type Outcome, outcomeKey } from '../../src/model/exchange.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import {
  closedPort,
  createServers,
  membersAt,
  RUN_ID,
  requestOf,
  startTestSender,
  type TestSender,
  targetOf,
} from './sending-setup.ts';

const MAX_BODY_BYTES = 50_000;
const GZIP = gzipSync('hello '.repeat(100));
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

/** What the server does, by path. */
const ANSWERS: Readonly<Record<string, (socket: net.Socket) => void>> = {
  '/': (socket) => socket.write(OK),
  '/503': (socket) => socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nX-Why: load\r\n\r\nbusy'),
  '/continue': (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`),
  '/hints-first': (socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
    setTimeout(() => socket.write(OK), 200);
  },
  '/hints-only': (socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\n\r\n');
    setTimeout(() => socket.end(), 50);
  },
  '/pieces': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    setImmediate(() => socket.write('6\r\n world\r\n0\r\n\r\n'));
  },
  '/until-close': (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello'),
  '/drop-fin': (socket) => socket.end(),
  '/drop-rst': (socket) => socket.resetAndDestroy(),
  '/half-header-fin': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
  '/short-fin': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello'),
  '/short-rst': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello', () =>
      // The reset must not overtake the body that it cuts short.
      setTimeout(() => socket.resetAndDestroy(), 100),
    ),
  '/chunked-fin': (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
  '/bad-chunk': (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n'),
  '/garbage': (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
  '/silent': () => {},
  '/stall': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello'),
  '/endless': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const more = (): void => {
      if (socket.destroyed) return;
      // Without a turn of the loop in between, a fast reader would keep this process in here.
      socket.write(`2000\r\n${'x'.repeat(8_192)}\r\n`, () => setImmediate(more));
    };
    more();
  },
  '/big-header': (socket) => socket.write(`HTTP/1.1 200 OK\r\nX-Big: ${'x'.repeat(100_000)}\r\n\r\n`),
  '/wide-header': (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Wide: ${'x'.repeat(5_000)}\r\n\r\n`),
  '/limited': (socket) => socket.write('HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\nX-RateLimit-Limit: 5\r\n\r\n'),
  '/gzip': (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${GZIP.length}\r\n\r\n`);
    socket.write(GZIP);
  },
};

const servers = createServers();
const received: string[] = [];
let sender: TestSender;

before(async () => {
  const port = await servers.raw((socket, text) => {
    received.push(text);
    ANSWERS[/^\w+ (\S+)/.exec(text)?.[1] ?? '']?.(socket);
  });
  sender = await startTestSender({
    gateway: targetOf(`http://127.0.0.1:${port}`),
    members: {
      ...membersAt({ refused: await closedPort() }),
      nowhere: targetOf('http://nope.invalid'),
    },
    requests: [
      ...Object.keys(ANSWERS).map((path) => requestOf({ name: path, path })),
      requestOf({ name: 'text', path: '/', expect: { bodyIncludes: 'bye', status: [200], maxUs: 60_000_000 } }),
      requestOf({ name: 'allowed', path: '/503', expect: { status: [503] } }),
      requestOf({ name: 'post', path: '/', method: 'POST', headers: { 'X-Own': 'a' }, body: 'k=ä' }),
      requestOf({ name: 'wait', path: '/{delayMs}' }),
    ],
    limits: { maxBodyBytes: MAX_BODY_BYTES },
    cookies: { theme: 'dark' },
    auth: { kind: 'basic', user: 'ann', password: 'pä:ss' },
  });
});
after(async () => {
  await sender?.close();
  await servers.close();
});

/** The fields of the outcome that are wanted; sizes and words that differ by platform are left out. */
function assertOutcome(outcome: Outcome, wanted: Readonly<Record<string, unknown>>): void {
  const found = Object.fromEntries(Object.keys(wanted).map((key) => [key, (outcome as Record<string, unknown>)[key]]));
  assert.deepEqual(found, wanted, JSON.stringify(outcome));
}

const hello = crc32('hello');
type Case = { readonly request: string; readonly key: string | RegExp; readonly outcome: Record<string, unknown> };
const CASES: readonly Case[] = [
  { request: '/', key: '200', outcome: { complete: true, bodyBytes: 5, bodyDigest: hello } },
  { request: '/503', key: '503', outcome: { complete: true, bodyBytes: 4 } },
  { request: '/continue', key: '200', outcome: { complete: true, bodyBytes: 5 } },
  { request: '/pieces', key: '200', outcome: { bodyBytes: 11, bodyDigest: crc32('hello world') } },
  { request: '/until-close', key: '200', outcome: { complete: true, bodyBytes: 5 } },
  { request: '/drop-fin', key: 'error:closed', outcome: { closedBy: 'fin', phase: 'wait', bytesReceived: 0 } },
  { request: '/drop-rst', key: 'error:reset', outcome: { closedBy: 'rst', phase: 'wait', bytesReceived: 0 } },
  { request: '/half-header-fin', key: 'error:closed', outcome: { closedBy: 'fin', phase: 'receive' } },
  { request: '/short-fin', key: '200:truncated', outcome: { closedBy: 'fin', bodyBytes: 5, bodyDigest: hello } },
  { request: '/short-rst', key: '200:truncated', outcome: { closedBy: 'rst', bodyBytes: 5, bodyDigest: hello } },
  { request: '/chunked-fin', key: '200:truncated', outcome: { closedBy: 'fin', bodyBytes: 5 } },
  { request: '/bad-chunk', key: 'error:parse', outcome: { phase: 'receive', bytesReceived: 5 } },
  { request: '/garbage', key: 'error:parse', outcome: { phase: 'receive', bytesReceived: 0 } },
  { request: '/endless', key: 'error:too-large', outcome: { phase: 'receive' } },
  { request: '/big-header', key: 'error:header-too-large', outcome: { phase: 'receive' } },
  { request: '/gzip', key: '200', outcome: { bodyBytes: GZIP.length, bodyDigest: crc32(GZIP) } },
];

describe('how an exchange ends', () => {
  for (const connection of ['new', 'warm'] as const) {
    for (const { request, key, outcome } of CASES) {
      test(`${request} on a ${connection} connection: ${key}`, async () => {
        const exchange = await sender.ask(GATEWAY, { request, connection });
        if (typeof key === 'string') assert.equal(outcomeKey(exchange.outcome), key, JSON.stringify(exchange.outcome));
        else assert.match(outcomeKey(exchange.outcome), key);
        assertOutcome(exchange.outcome, outcome);
        assertPhases(exchange);
      });
    }
  }

  test('no answer: our own limit ends it while waiting for headers', async () => {
    const exchange = await sender.ask(GATEWAY, { request: '/silent', limitUs: 200_000 });
    assert.deepEqual(exchange.outcome, { kind: 'timeout', waitingFor: 'headers', limitUs: 200_000, bytesReceived: 0 });
    const serviceUs = exchange.endUs - (exchange.sentUs as number);
    assert.ok(serviceUs >= 198_000 && serviceUs < 2_000_000, `${serviceUs}`);
    assertPhases(exchange);
  });

  test('a body that stalls: our own limit ends it while waiting for the body', async () => {
    const exchange = await sender.ask(GATEWAY, { request: '/stall', limitUs: 200_000 });
    const wanted = { kind: 'timeout', waitingFor: 'body', limitUs: 200_000, bytesReceived: 5, status: 200 };
    assert.deepEqual(exchange.outcome, wanted);
    assertPhases(exchange);
  });

  test('a body above limits.maxBody is cut by us, not read on', async () => {
    const { outcome } = await sender.ask(GATEWAY, { request: '/endless' });
    assert.ok(outcome.kind === 'connection-error');
    assert.ok(outcome.bytesReceived > MAX_BODY_BYTES && outcome.bytesReceived < 10 * MAX_BODY_BYTES);
    assert.match(outcome.detail, /limits\.maxBody/);
  });

  test('nobody listens: refused, in the connect phase', async () => {
    const { outcome, connection, phasesUs } = await sender.ask(directTo('refused'), { request: '/' });
    assertOutcome(outcome, { kind: 'connection-error', code: 'refused', phase: 'connect' });
    assert.equal(connection, undefined);
    assert.equal(typeof phasesUs?.connect, 'number');
  });

  test('a name that does not resolve: dns', async () => {
    const { outcome } = await sender.ask(directTo('nowhere'), { request: '/' });
    assertOutcome(outcome, { kind: 'connection-error', code: 'dns', phase: 'dns' });
  });

  test('a failure does no harm to the next request', async () => {
    const ended = await sender.send(
      ['/drop-rst', '/', '/garbage', '/', '/short-fin', '/'].map((request, i) => ({
        route: GATEWAY,
        request,
        dueUs: i * 15_000,
      })),
    );
    assert.deepEqual(
      ended.map(({ outcome }) => outcomeKey(outcome)),
      ['error:reset', '200', 'error:parse', '200', '200:truncated', '200'],
    );
  });
});

/** Send, wait and receive cover the service time; for a new connection its phases are added. */
function assertPhases({ phasesUs, sentUs, endUs, firstByteUs, dueUs }: Exchange): void {
  assert.ok(phasesUs !== undefined && sentUs !== undefined);
  const sum = Object.values(phasesUs).reduce((total, us) => total + us, 0);
  // The processor may be taken away between two readings of the clock: the bound is loose, the usual gap is some tens of µs.
  assert.ok(Math.abs(endUs - sentUs - sum) < 20_000, `${endUs - sentUs} against ${JSON.stringify(phasesUs)}`);
  assert.ok(
    Object.values(phasesUs).every((us) => us >= 0 && Number.isInteger(us)),
    JSON.stringify(phasesUs),
  );
  assert.ok(sentUs >= dueUs && endUs >= (firstByteUs ?? sentUs));
}

describe('what is measured', () => {
  test('phases add up to the service time: the median gap is below 1 ms', async () => {
    const shots = Array.from({ length: 40 }, (_, i) => ({
      route: GATEWAY,
      request: '/',
      dueUs: i * 5_000,
      connection: i % 2 === 0 ? ('new' as const) : ('warm' as const),
    }));
    const gaps = (await sender.send(shots)).map(({ phasesUs, sentUs, endUs }) =>
      Math.abs(endUs - (sentUs as number) - Object.values(phasesUs ?? {}).reduce((sum, us) => sum + us, 0)),
    );
    const median = gaps.sort((a, b) => a - b)[20] as number;
    assert.ok(median < 1_000, `${gaps}`);
  });

  test('an interim answer is not the first byte of the answer', async () => {
    const hinted = await sender.ask(GATEWAY, { request: '/hints-first' });
    assert.ok((hinted.phasesUs?.wait ?? 0) > 150_000, JSON.stringify(hinted.phasesUs));
    assert.ok((hinted.firstByteUs ?? 0) - (hinted.sentUs ?? 0) > 150_000);
    const { outcome } = await sender.ask(GATEWAY, { request: '/hints-only' });
    assert.equal(outcome.kind === 'connection-error' && outcome.phase, 'wait', JSON.stringify(outcome));
  });

  test('id, seq, slot, tag, delay: what was ordered is what is recorded and sent', async () => {
    received.length = 0;
    const tag = { kind: 'delay', delayUs: 250_000, purpose: 'ladder' } as const;
    const exchange = await sender.ask(GATEWAY, { request: 'wait', slot: 7, tag, delayMs: 250, limitUs: 100_000 });
    assert.equal(exchange.slot, 7);
    assert.deepEqual(exchange.tag, tag);
    assert.equal(exchange.requestName, 'wait');
    assert.equal(exchange.requestId, RUN_ID.slice(0, 8) + exchange.seq.toString(16).padStart(8, '0'));
    const [text = ''] = received;
    assert.match(text, /^GET \/250 HTTP\/1\.1\r\n/);
    assert.match(
      text,
      new RegExp(`\r\nUser-Agent: gateprobe/\\S+ \\(run=01234567; id=${exchange.requestId}\\)\r\n`, 'i'),
    );
    assert.match(text, new RegExp(`\r\ntraceparent: 00-${RUN_ID}-${exchange.requestId}-01\r\n`, 'i'));
  });

  test('cookies, authorization, own headers and the body arrive; the body once, with its length', async () => {
    received.length = 0;
    await sender.ask(GATEWAY, { request: 'post' });
    const text = received.join('');
    assert.match(text, /^POST \/ HTTP\/1\.1\r\n/);
    assert.match(text, /\r\nCookie: theme=dark\r\n/i);
    assert.match(text, /\r\nX-Own: a\r\n/i);
    assert.match(text, /\r\nContent-Length: 4\r\n/i);
    assert.ok(text.endsWith('\r\n\r\nk=Ã¤'), JSON.stringify(text));
    const credentials = Buffer.from('ann:pä:ss', 'utf8').toString('base64');
    assert.ok(text.includes(`Authorization: Basic ${credentials}`));
  });

  test('expectations are held against the answer', async () => {
    assert.deepEqual((await sender.ask(GATEWAY, { request: 'text' })).unmet, ['body']);
    assert.deepEqual((await sender.ask(GATEWAY, { request: 'allowed' })).unmet, []);
    assert.equal((await sender.ask(GATEWAY, { request: '/503' })).unmet, undefined);
  });

  test('a failed answer keeps its headers and the start of its body', async () => {
    const { answer } = await sender.ask(GATEWAY, { request: '/503' });
    assert.equal(answer?.status, 503);
    assert.equal(answer?.headers['x-why'], 'load');
    assert.equal(answer?.bodyStart, 'busy');
  });

  test('what came instead of HTTP is told by its first bytes', async () => {
    const { outcome } = await sender.ask(GATEWAY, { request: '/garbage' });
    assert.match(
      outcome.kind === 'connection-error' ? outcome.detail : '',
      /; it began with "SSH-2\.0-OpenSSH_9\.6\\x0d\\x0a"$/,
    );
    const cut = (await sender.ask(GATEWAY, { request: '/bad-chunk' })).outcome;
    assert.doesNotMatch(cut.kind === 'connection-error' ? cut.detail : '', /it began with/);
  });

  test('a large header is told with its size, a small one is not', async () => {
    // Content-Length: 0 and X-Wide: 5,000 times x, each with colon, space and line end.
    assert.equal((await sender.ask(GATEWAY, { request: '/wide-header' })).headerBytes, 19 + 5_010);
    assert.equal((await sender.ask(GATEWAY, { request: '/' })).headerBytes, undefined);
  });

  test('a refusal for too many requests always keeps its headers: they say what is counted', async () => {
    for (let i = 0; i < 25; i++) {
      const { answer } = await sender.ask(GATEWAY, { request: '/limited' });
      assert.equal(answer?.headers['x-ratelimit-limit'], '5');
    }
  });

  test('an empty schedule ends at once', async () => {
    assert.deepEqual(await sender.send([]), []);
  });
});

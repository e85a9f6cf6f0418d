import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { startLongWay } from '../../src/lab/long-way.ts';

const HOST = '127.0.0.1';
const ONE_WAY_MS = 40;

/** A server that repeats what it hears, until it is told to end. */
async function withWay(run: (socket: Socket) => Promise<void>): Promise<void> {
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      if (chunk.toString() === 'reset') socket.resetAndDestroy();
      else if (chunk.toString() === 'end') socket.end();
      else socket.write(chunk);
    });
    socket.on('error', () => {});
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const targetPort = (server.address() as AddressInfo).port;
  const way = await startLongWay({ host: HOST, port: 0, targetPort, oneWayMs: ONE_WAY_MS });
  const socket = connect(way.port, HOST);
  try {
    await once(socket, 'connect');
    await run(socket);
  } finally {
    socket.destroy();
    await way.stop();
    server.close();
  }
}

/** Timers may be a millisecond early; how late they are is the machine's business. */
const LEAST_MS = 2 * ONE_WAY_MS - 2;

test('an answer takes the way twice', () =>
  withWay(async (socket) => {
    const startMs = performance.now();
    socket.write('hello');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    assert.equal(chunk.toString(), 'hello');
    assert.ok(performance.now() - startMs >= LEAST_MS, `${performance.now() - startMs} ms`);
  }));

test('so does an end, and a reset stays a reset', async () => {
  await withWay(async (socket) => {
    const startMs = performance.now();
    socket.write('end');
    socket.resume();
    await once(socket, 'end');
    assert.ok(performance.now() - startMs >= LEAST_MS);
  });
  await withWay(async (socket) => {
    const startMs = performance.now();
    socket.write('reset');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
    assert.ok(performance.now() - startMs >= LEAST_MS);
  });
});

test('a port that is taken is an error', async () => {
  const other = createServer().listen(0, HOST);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await assert.rejects(startLongWay({ host: HOST, port, targetPort: 1, oneWayMs: 1 }), { code: 'EADDRINUSE' });
  other.close();
});

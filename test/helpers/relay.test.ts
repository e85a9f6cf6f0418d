import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { type RelayOptions, startRelay } from './relay.ts';

/** An echo behind a relay, and a client before it. */
async function withEcho(
  options: Omit<RelayOptions, 'target'>,
  use: (client: Socket, server: () => Socket) => Promise<void>,
): Promise<void> {
  let accepted: Socket | undefined;
  const echo = createServer((socket) => {
    accepted = socket;
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const target = { host: '127.0.0.1', port: (echo.address() as AddressInfo).port };
  const relay = await startRelay({ target, ...options });
  const client = connect(relay.port, '127.0.0.1');
  try {
    await once(client, 'connect');
    await use(client, () => accepted as Socket);
    assert.equal(relay.accepted(), 1);
  } finally {
    client.destroy();
    await relay.stop();
    accepted?.destroy();
    await new Promise((resolve) => echo.close(resolve));
  }
}

async function roundTripMs(client: Socket, text: string): Promise<number> {
  const begunMs = performance.now();
  client.write(text);
  const [answer] = (await once(client, 'data')) as [Buffer];
  assert.equal(answer.toString(), text);
  return performance.now() - begunMs;
}

test('bytes take the delay in each direction', async () => {
  await withEcho({ delayMs: 20 }, async (client) => {
    // Timers of Node may fire up to 1 ms early.
    assert.ok((await roundTripMs(client, 'a')) >= 38);
    assert.ok((await roundTripMs(client, 'b')) >= 38);
  });
});

test('without a delay it only passes on', async () => {
  await withEcho({ delayMs: 0 }, async (client) => {
    await roundTripMs(client, 'a');
  });
});

test('FIN and RST of the server reach the client', async () => {
  await withEcho({ delayMs: 1 }, async (client, server) => {
    await roundTripMs(client, 'a');
    client.resume();
    server().end();
    await once(client, 'end');
  });
  await withEcho({ delayMs: 1 }, async (client, server) => {
    await roundTripMs(client, 'a');
    server().resetAndDestroy();
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
  });
});

test('a silent connection is forgotten: what is sent later gets no answer and no end', async () => {
  await withEcho({ delayMs: 0, forgetAfterMs: 30 }, async (client) => {
    await roundTripMs(client, 'a');
    await new Promise((resolve) => setTimeout(resolve, 60));
    let seen = '';
    for (const event of ['data', 'end', 'error']) client.on(event, () => (seen += event));
    client.write('b');
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(seen, '');
  });
});

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LabMessage, MemberOptions } from '../../src/lab/options.ts';
import { ask, PLAIN } from './member-talk.ts';

const ENTRY = fileURLToPath(new URL('../../src/lab/member-process.ts', import.meta.url));
const begun: ChildProcess[] = [];
after(() => {
  for (const child of begun) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
});

async function begin(
  options: Partial<MemberOptions>,
  by: 'argument' | 'message' = 'argument',
): Promise<{ child: ChildProcess; message: LabMessage }> {
  const text = JSON.stringify({ ...PLAIN, ...options });
  const child = fork(ENTRY, by === 'argument' ? [text] : []);
  begun.push(child);
  if (by === 'message') child.send(JSON.parse(text) as object);
  const [message] = (await once(child, 'message')) as [LabMessage];
  return { child, message };
}

async function beginListening(
  options: Partial<MemberOptions>,
  by?: 'argument' | 'message',
): Promise<{ child: ChildProcess; port: number }> {
  const { child, message } = await begin(options, by);
  assert.equal(message.type, 'listening');
  return { child, port: message.type === 'listening' ? message.port : 0 };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

const ends: readonly { readonly name: string; readonly end: (child: ChildProcess) => void; readonly posix?: true }[] = [
  { name: 'the message stop', end: (child) => child.send('stop') },
  { name: 'the loss of its parent', end: (child) => child.disconnect() },
  { name: 'SIGTERM', end: (child) => child.kill('SIGTERM'), posix: true },
];

for (const { name, end, posix } of ends) {
  test(`a member process tells its port and ends on ${name}, also with work in hand`, {
    skip: posix === true && process.platform === 'win32' ? 'Windows has no signals to catch' : false,
  }, async () => {
    const { child, port } = await beginListening({}, name === 'the message stop' ? 'message' : 'argument');
    assert.equal((await ask(port, '/')).headers['x-member'], 'm1');
    const inHand = ask(port, '/?ms=600000').then(
      () => 'answered',
      () => 'broken off',
    );
    await ask(port, '/');
    end(child);
    assert.equal(await exitOf(child), 0);
    assert.equal(await inHand, 'broken off');
  });
}

test('a port that is taken is told to the parent', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { child, message } = await begin({ port: (server.address() as AddressInfo).port });
  assert.equal(message.type, 'failed');
  assert.match(message.type === 'failed' ? message.error : '', /EADDRINUSE/);
  assert.equal(await exitOf(child), 1);
  server.close();
});

test('a stall stops everything at its own rhythm', async () => {
  const { child, port } = await beginListening({ stall: { everyMs: 400, lengthMs: 200 } });
  const beganMs = performance.now();
  let slow = 0;
  let fast = 0;
  while (performance.now() - beganMs < 1300) {
    const { tookMs } = await ask(port, '/');
    if (tookMs >= 150) slow++;
    else fast++;
    await sleep(2);
  }
  child.send('stop');
  await exitOf(child);
  assert.ok(slow >= 2 && slow <= 4, `${slow} stalled requests`);
  assert.ok(fast > slow, `${fast} fast requests`);
});

test('slow accepting lets one connection in at once, and of many the later ones wait for a repeated attempt', {
  skip: process.platform === 'linux' ? false : 'other systems refuse what does not fit, or round a short backlog up',
}, async () => {
  const { child, port } = await beginListening({ slowAccept: { acceptMs: 20, backlog: 2 } });
  const connectMs = async (): Promise<number> => {
    const beganMs = performance.now();
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    socket.destroy();
    return performance.now() - beganMs;
  };
  const alone = await connectMs();
  await sleep(100);
  const together = await Promise.all(Array.from({ length: 12 }, connectMs));
  child.send('stop');
  await exitOf(child);
  assert.ok(alone < 500, `${alone}`);
  assert.ok(together.filter((ms) => ms > 900).length >= 4, together.map(Math.round).join(' '));
  assert.ok(Math.min(...together) < 900);
});

test('a full backlog leaves connects hanging, and the process can still be stopped', async () => {
  const { child, port } = await beginListening({ fullBacklog: true });
  const outcomes = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => {});
      const outcome = await Promise.race([
        once(socket, 'connect').then(() => 'connected'),
        once(socket, 'close').then(() => 'refused'),
        sleep(700, 'hangs'),
      ]);
      socket.destroy();
      return outcome;
    }),
  );
  // Windows refuses what does not fit into the backlog.
  const expected = process.platform === 'win32' ? 'refused' : 'hangs';
  assert.deepEqual(outcomes, Array(3).fill(expected));
  child.send('stop');
  assert.equal(await exitOf(child), 0);
});

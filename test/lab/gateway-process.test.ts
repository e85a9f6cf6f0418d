import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { GatewayOptions, LabMessage } from '../../src/lab/options.ts';
import { OK, PLAIN_GATEWAY, startTestMember } from './arr-talk.ts';
import { ask } from './member-talk.ts';

const ENTRY = fileURLToPath(new URL('../../src/lab/gateway-process.ts', import.meta.url));
const begun: ChildProcess[] = [];
after(() => {
  for (const child of begun) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
});

async function begin(options: Partial<GatewayOptions>): Promise<{ child: ChildProcess; message: LabMessage }> {
  const child = fork(ENTRY, [JSON.stringify({ ...PLAIN_GATEWAY, ...options })]);
  begun.push(child);
  const [message] = (await once(child, 'message')) as [LabMessage];
  return { child, message };
}

const ENDS: readonly { readonly name: string; readonly end: (child: ChildProcess) => void; readonly posix?: true }[] = [
  { name: 'the message stop', end: (child) => child.send('stop') },
  { name: 'the loss of its parent', end: (child) => child.disconnect() },
  { name: 'SIGTERM', end: (child) => child.kill('SIGTERM'), posix: true },
];

for (const { name, end, posix } of ENDS) {
  test(`a gateway process tells its port and ends on ${name}, also with work in hand`, {
    skip: posix === true && process.platform === 'win32' ? 'Windows has no signals to catch' : false,
  }, async () => {
    const member = await startTestMember((socket, head) => {
      if (!head.startsWith('GET /hold')) socket.write(OK);
    });
    const { child, message } = await begin({ members: [{ name: 'web1', host: '127.0.0.1', port: member.port }] });
    assert.equal(message.type, 'listening');
    const port = message.type === 'listening' ? message.port : 0;
    const inHand = ask(port, '/hold').then(
      () => 'answered',
      () => 'broken off',
    );
    assert.equal((await ask(port, '/')).status, 200);
    const ended = once(child, 'exit');
    end(child);
    assert.deepEqual(await ended, [0, null]);
    assert.equal(await inHand, 'broken off');
    await member.close();
  });
}

test('a port that is taken is told to the parent', async () => {
  const member = await startTestMember(() => {});
  const { child, message } = await begin({ port: member.port });
  const exited = child.exitCode === null ? once(child, 'exit') : Promise.resolve();
  assert.match(message.type === 'failed' ? message.error : message.type, /EADDRINUSE/);
  await exited;
  assert.equal(child.exitCode, 1);
  await member.close();
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from './cli.ts';

const IS_WINDOWS = process.platform === 'win32';

test('what the command prints and its exit code are told', async () => {
  const { code, signal, stdout, durationMs } = await runCli(['--version']);
  assert.deepEqual([code, signal], [0, undefined]);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  assert.ok(durationMs > 0);

  const wrong = await runCli(['no-such-command']);
  assert.equal(wrong.code, 2);
  assert.equal(wrong.stdout, '');
  assert.match(wrong.stderr, /no-such-command/);
});

/** Runs until it is stopped. */
const MEMBER = ['member', '--port', '0'];

test('a signal is sent when the output says so', {
  skip: IS_WINDOWS && 'signals there end a process at once',
}, async () => {
  const { code, stdout } = await runCli(MEMBER, {
    keepStdinOpen: true,
    signalWhen: (printed) => printed.includes('127.0.0.1:'),
  });
  assert.equal(typeof code, 'number', 'it ended by itself, asked by the signal');
  assert.match(stdout, /127\.0\.0\.1:\d+/);
});

test('the end of the input is told to the command', async () => {
  assert.equal((await runCli(MEMBER)).code, 0);
});

test('a command that does not end is killed, and what it printed is told', async () => {
  await assert.rejects(
    runCli(MEMBER, { keepStdinOpen: true, timeoutMs: 1_500 }),
    /gateprobe member --port 0: not ended after 1500 ms/,
  );
});

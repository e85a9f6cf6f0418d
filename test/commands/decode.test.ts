import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../helpers/cli.ts';

test('decode tells the name, the meaning, all forms and what to look at next', async () => {
  const { code, stdout, stderr } = await runCli(['decode', '12002']);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  for (const text of [
    'ERROR_WINHTTP_TIMEOUT',
    '0x80072ee2',
    '2147954402',
    '-2147012894',
    'E22E0780',
    'response/timeout',
  ])
    assert.ok(stdout.includes(text), text);
  assert.match(stdout, /Next +1\. /);
  assert.ok(
    stdout.split('\n').every((line) => line.length <= 100),
    'no line is wider than a page',
  );
});

test('codes that look like options, and several at once', async () => {
  const { code, stdout } = await runCli(['decode', '-2147012894', '----', 'UF', '--json']);
  assert.equal(code, 0);
  const { codes } = JSON.parse(stdout) as { codes: { input: string; known: boolean; readings: { code: string }[] }[] };
  assert.deepEqual(
    codes.map(({ input, known, readings }) => [input, known, readings[0]?.code]),
    [
      ['-2147012894', true, '12002'],
      ['----', true, '----'],
      ['UF', true, 'UF'],
    ],
  );
});

test('one unknown code is exit 2, and the others are told all the same', async () => {
  const { code, stdout } = await runCli(['decode', '502.3.12092', 'QueueFull']);
  assert.equal(code, 2);
  assert.match(stdout, /12092 is not a known code/);
  assert.match(stdout, /12029 +ERROR_WINHTTP_CANNOT_CONNECT/);
  assert.match(stdout, /QueueFull/);
  assert.match(stdout, /2 makers use this number/);
});

test('standard input: lines that say the same are told once', async () => {
  const line = (n: number) =>
    `127.0.0.1:5535${n} [20/Nov/2026:17:38:4${n}.758] fe a/m1 0/0/0/-1/2000 504 198 - - sH-- 1/1/0/0/0 0/0 "GET /${n} HTTP/1.1"`;
  const stdin = `${line(1)}\n\n${line(2)}\r\n${line(3)}\nQueueFull`;
  for (const args of [['decode'], ['decode', '-']]) {
    const { code, stdout } = await runCli(args, { stdin });
    assert.equal(code, 0);
    assert.match(stdout, /\(3 times\)/);
    assert.equal(stdout.match(/Outcome +response\/timeout/g)?.length, 1);
    assert.match(stdout, /pool\/queue-full/);
  }
});

test('nothing to decode is a usage error', async () => {
  const { code, stderr } = await runCli(['decode'], { stdin: '\n' });
  assert.equal(code, 2);
  assert.match(stderr, /needs a code/);
});

test('control characters of a log line do not reach the terminal', async () => {
  const { stdout } = await runCli(['decode', 'no\u001b[31msense\u0007']);
  assert.ok(!stdout.includes('\u001b') && !stdout.includes('\u0007'));
});

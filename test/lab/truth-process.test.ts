import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

const ENTRY = join(import.meta.dirname, '..', '..', 'src', 'lab', 'truth-process.ts');

test('the truth server delays as asked, never less, and tells what it took', async () => {
  const child = fork(ENTRY, ['{}']);
  try {
    const [message] = (await once(child, 'message')) as [{ type: string; port: number }];
    assert.equal(message.type, 'listening');
    const url = `http://127.0.0.1:${message.port}`;
    await Promise.all(Array.from({ length: 5 }, () => fetch(`${url}/constant?ms=20`).then((answer) => answer.text())));
    const took = (await (await fetch(`${url}/truth`)).json()) as number[];
    assert.equal(took.length, 5);
    for (const ms of took) assert.ok(ms >= 20 && ms < 500, String(ms));
    assert.deepEqual(await (await fetch(`${url}/truth`)).json(), []);
  } finally {
    child.send('stop');
    await once(child, 'exit');
  }
});

import assert from 'node:assert/strict';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OK, startTestMember, statusOf, type TestMember, withGateway } from './arr-talk.ts';
import { ask } from './member-talk.ts';

function named(name: string, status = () => '200 OK'): Promise<TestMember> {
  return startTestMember((socket) => {
    socket.write(`HTTP/1.1 ${status()}\r\nX-Member: ${name}\r\nContent-Length: 2\r\n\r\nok`);
  });
}

async function until(what: string, isTrue: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadlineMs = Date.now() + 5_000; Date.now() < deadlineMs; await sleep(10)) if (await isTrue()) return;
  assert.fail(`not within 5 s: ${what}`);
}

async function membersOf(port: number, asks: number): Promise<string> {
  let names = '';
  for (let n = 0; n < asks; n++) names += String((await ask(port, '/')).headers['x-member'] ?? '-');
  return names;
}

test('members take turns', async () => {
  const members = await Promise.all(['a', 'b', 'c'].map((name) => named(name)));
  await withGateway(members, {}, async (port) => {
    assert.equal(await membersOf(port, 7), 'abcabca');
  });
});

test('the affinity cookie pins a client to its member while that is in rotation, and is set once', async () => {
  const members = await Promise.all(['a', 'b'].map((name) => named(name)));
  await withGateway(members, { affinity: true }, async (port) => {
    const first = await ask(port, '/');
    const [cookie = ''] = first.headers['set-cookie'] ?? [];
    assert.match(cookie, /^ARRAffinity=[\da-f]{64};Path=\/;Domain=127\.0\.0\.1$/);
    const pair = cookie.split(';', 1).join();
    const pinned = async (value: string) =>
      new Promise<http.IncomingMessage>((resolve, reject) => {
        const request = http.get({ port, host: '127.0.0.1', agent: false, headers: { Cookie: value } });
        request.on('response', (response) => resolve(response.resume())).on('error', reject);
      });
    for (let n = 0; n < 3; n++) {
      const answer = await pinned(`x=1; ${pair}; y=2`);
      assert.equal(answer.headers['x-member'], first.headers['x-member']);
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    const unknown = await pinned(`ARRAffinity=${'0'.repeat(64)}`);
    assert.match(String(unknown.headers['set-cookie']), /^ARRAffinity=/);
  });
});

test('without affinity no cookie is set', async () => {
  const member = await named('a');
  await withGateway([member], {}, async (port) => {
    assert.equal((await ask(port, '/')).headers['set-cookie'], undefined);
  });
});

test('beyond the most per member requests wait in turn, and who leaves gives up the place', async () => {
  const held: Socket[] = [];
  const member = await startTestMember((socket) => held.push(socket));
  const rows = await withGateway([member], { maxPerMember: 1 }, async (port) => {
    const done: string[] = [];
    const begin = async (path: string): Promise<void> => {
      await ask(port, path);
      done.push(path);
    };
    const heads = () => member.heads.map((head) => head.split(' ')[1]);
    const first = begin('/1');
    await until('the first arrives', () => heads().length === 1);
    const left = connect(port, '127.0.0.1');
    left.write('GET /left HTTP/1.1\r\nHost: lab\r\n\r\n');
    // Each is on its way before the next: a connection of its own does not keep the order.
    await sleep(50);
    const second = begin('/2');
    await sleep(50);
    const third = begin('/3');
    await sleep(50);
    left.destroy();
    await sleep(50);
    assert.deepEqual(heads(), ['/1']);
    for (const [at, asked] of [first, second, third].entries()) {
      held[at]?.write(OK);
      await asked;
      await until('the next arrives', () => heads().length === Math.min(at + 2, 3));
    }
    assert.deepEqual(heads(), ['/1', '/2', '/3']);
    assert.deepEqual(done, ['/1', '/2', '/3']);
  });
  assert.equal(statusOf(rows.find((row) => row['cs-uri-stem'] === '/left')), '502 3 64');
  const waited = Number(rows.find((row) => row['cs-uri-stem'] === '/3')?.['time-taken']);
  assert.ok(waited >= 50, `${waited} ms`);
});

test('a failed health test takes a member out, a good one brings it back', async () => {
  let status = '200 OK';
  const members = [await named('a', () => status), await named('b')];
  const health = { path: '/health', intervalMs: 20, timeoutMs: 500, minServers: 0 };
  await withGateway(members, { health }, async (port) => {
    assert.match(await membersOf(port, 4), /^(ab|ba)+$/);
    status = '503 Service Unavailable';
    await until('a is out', async () => (await membersOf(port, 4)) === 'bbbb');
    status = '302 Found';
    await until('a is back', async () => /^(ab|ba)+$/.test(await membersOf(port, 4)));
    assert.ok(members[0]?.heads.some((head) => head.startsWith('GET /health ')));
  });
});

for (const minServers of [0, 1]) {
  test(`all members failing and minServers ${minServers}: ${minServers === 0 ? '502.4' : 'one stays'}`, async () => {
    const silent = async (): Promise<TestMember> =>
      startTestMember((socket, head) => {
        if (!head.startsWith('GET /health'))
          socket.write('HTTP/1.1 200 OK\r\nX-Member: a\r\nContent-Length: 0\r\n\r\n');
      });
    const members = [await silent(), await silent()];
    const health = { path: '/health', intervalMs: 20, timeoutMs: 50, minServers };
    const rows = await withGateway(members, { health, errorPages: 'detailed' }, async (port) => {
      const asked = () => members.map(({ heads }) => heads.filter((head) => head.startsWith('GET /health')).length);
      await until('each was tested twice', () => asked().every((count) => count >= 2));
      const page = await ask(port, '/page');
      assert.equal(page.status, minServers === 0 ? 502 : 200);
      if (minServers === 0) {
        assert.match(page.body, /IIS70Error=502,4,0x00000000,/);
        assert.match(page.body, /No appropriate server could be found to route the request\./);
        assert.match(page.body, /MapRequestHandler/);
      }
    });
    const page = rows.find((row) => row['cs-uri-stem'] === '/page');
    assert.equal(statusOf(page), minServers === 0 ? '502 4 0' : '200 0 0');
  });
}

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { type QuirkOptions, startQuirkMember } from './quirk-member.ts';

type Answer = {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly complete: boolean;
};

function ask(port: number, path = '/'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false, maxHeaderSize: 1_000_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.on('close', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, complete: response.complete }),
      );
    });
    request.on('error', reject);
  });
}

async function withMember(quirks: Partial<QuirkOptions>, use: (port: number) => Promise<void>): Promise<void> {
  const services = [{ share: 1, service: { kind: 'constant' as const, ms: 0 } }];
  const member = await startQuirkMember({ services, ...quirks, name: 'web1', seed: 1 });
  try {
    await use(member.port);
  } finally {
    await member.stop();
  }
}

test('answers its page under its name, without announcing how long it keeps connections', async () => {
  await withMember({}, async (port) => {
    const { status, headers, body } = await ask(port);
    assert.equal(status, 200);
    assert.equal(headers['x-member'], 'web1');
    assert.equal(headers['keep-alive'], undefined);
    assert.match(body, /Lab member/);
  });
});

test('answers of the application, on one path', async () => {
  await withMember({ answers: [{ ratio: 1, path: '/health', status: 404 }] }, async (port) => {
    assert.equal((await ask(port, '/health')).status, 404);
    assert.equal((await ask(port)).status, 200);
  });
});

test('events come one by one, on one path', async () => {
  await withMember({ stream: { path: '/events', pieces: 3, everyMs: 5 } }, async (port) => {
    const { headers, body, complete } = await ask(port, '/events');
    assert.deepEqual([headers['content-type'], complete], ['text/event-stream', true]);
    assert.equal(body.split('\n\n').length - 1, 3);
    assert.match((await ask(port)).body, /Lab member/);
  });
});

test('its own timer ends what takes longer, and only that', async () => {
  await withMember({ ownTimeoutMs: 20 }, async (port) => {
    assert.equal((await ask(port, '/?ms=5')).status, 200);
    assert.equal((await ask(port, '/?ms=5000')).status, 500);
  });
});

test('a stalled body arrives whole in the end', async () => {
  await withMember({ bodyStall: { ratio: 1, ms: 30 } }, async (port) => {
    const begunMs = performance.now();
    const { complete, body, headers } = await ask(port);
    assert.ok(complete && body.length === Number(headers['content-length']));
    assert.ok(performance.now() - begunMs >= 25);
  });
});

test('a rate limit, a big header, a closed connection', async () => {
  await withMember({ limitPerSec: 0 }, async (port) => assert.equal((await ask(port)).status, 429));
  await withMember({ bigHeader: { ratio: 1, bytes: 80_000 } }, async (port) =>
    assert.equal((await ask(port)).headers['x-debug']?.length, 80_000),
  );
  await withMember({ closeEach: true }, async (port) => assert.equal((await ask(port)).headers.connection, 'close'));
});

test('listens and refuses in turn, at the same port', async () => {
  await withMember({ flap: { upMs: 40, downMs: 40 } }, async (port) => {
    const states: boolean[] = [];
    const deadlineMs = performance.now() + 10_000;
    // Until it was seen up, down and up again.
    while (!/10+1/.test(states.map(Number).join('')) && performance.now() < deadlineMs)
      states.push(
        await ask(port).then(
          () => true,
          () => false,
        ),
      );
    assert.match(states.map(Number).join(''), /10+1/);
  });
});

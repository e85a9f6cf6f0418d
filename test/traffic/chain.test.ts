import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import type { ExchangeTag } from '../../src/model/exchange.ts';
import { GATEWAY } from '../../src/model/route.ts';
import type { Chain } from '../../src/traffic/protocol.ts';
import { createServers, requestOf, startTestSender, type TestSender, targetOf } from './sending-setup.ts';

const servers = createServers();
let sender: TestSender;
let connections = 0;

before(async () => {
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    response.statusCode = request.url === '/fails' ? 502 : 200;
    setTimeout(() => response.end('ok'), 5);
  });
  server.on('connection', () => connections++);
  sender = await startTestSender({
    gateway: targetOf(`http://127.0.0.1:${await servers.listen(server)}`),
    requests: [requestOf(), requestOf({ name: 'fails', path: '/fails' })],
  });
});

after(async () => {
  await sender.close();
  await servers.close();
});

function step(gapUs: number, request = 'home'): Chain['steps'][number]['shape'] {
  const tag: ExchangeTag = { kind: 'keep-alive', part: 'sweep', step: 'probe', gapUs, round: 0 };
  return { route: GATEWAY, request, connection: 'warm', tag };
}

async function run(chain: Chain) {
  const before = sender.exchanges.length;
  const result = await sender.chain('keep-alive-1', chain);
  return { result, exchanges: sender.exchanges.slice(before) };
}

test('each step is due at its gap after the end of the one it names, on the same connection', async () => {
  const gapUs = 40_000;
  const { result, exchanges } = await run({
    steps: [
      { shape: step(0) },
      { shape: step(0), after: { step: 0, gapUs: 1_000 } },
      { shape: step(gapUs), after: { step: 0, gapUs } },
    ],
    endsAtFailure: true,
  });
  assert.deepEqual(result, { due: 3, sent: 3 });
  const [first, , third] = exchanges;
  assert.equal(third?.dueUs, (first?.endUs ?? 0) + gapUs);
  assert.ok((third?.sentUs ?? 0) >= (third?.dueUs ?? 0));
  assert.equal(connections, 1);
});

test('a step that the one before delays is due when that ended, and says the gap that it had', async () => {
  const { exchanges } = await run({
    steps: [
      { shape: step(0) },
      { shape: step(0), after: { step: 0, gapUs: 0 } },
      { shape: step(1_000), after: { step: 0, gapUs: 1_000 } },
    ],
    endsAtFailure: true,
  });
  const [first, second, third] = exchanges;
  assert.equal(third?.dueUs, second?.endUs);
  assert.ok(third?.tag?.kind === 'keep-alive');
  assert.equal(third.tag.gapUs, (second?.endUs ?? 0) - (first?.endUs ?? 0));
});

for (const endsAtFailure of [true, false]) {
  test(`after a failure ${endsAtFailure ? 'nothing more' : 'the rest'} is sent`, async () => {
    const { exchanges } = await run({
      steps: [{ shape: step(0, 'fails') }, { shape: step(0), after: { step: 0, gapUs: 0 } }],
      endsAtFailure,
    });
    assert.equal(exchanges.length, endsAtFailure ? 1 : 2);
  });
}

test('a stop ends the wait for a gap, and nothing more is sent', async () => {
  const running = run({
    steps: [{ shape: step(0) }, { shape: step(0), after: { step: 0, gapUs: 60_000_000 } }],
    endsAtFailure: true,
  });
  setTimeout(() => sender.stop('aborted'), 200);
  assert.equal((await running).exchanges.length, 1);
});

import assert from 'node:assert/strict';
import http from 'node:http';
import type net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { advertisedUs } from '../../src/traffic/holding.ts';
import { createServers, startTestSender, type TestSender, targetOf } from './sending-setup.ts';

const IDLE_MS = 120;
const servers = createServers();
let sender: TestSender;

/** Node is told to announce something else than what it does. */
function closingAfter(idleMs: number, close: (socket: net.Socket) => unknown): http.Server {
  return http.createServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
    response.setHeader('Connection', 'keep-alive');
    response.setHeader('Keep-Alive', 'timeout=5');
    const { socket } = response;
    response.end('ok', () => setTimeout(() => socket !== null && close(socket), idleMs));
  });
}

before(async () => {
  const fin = await servers.listen(closingAfter(IDLE_MS, (socket) => socket.end()));
  const rst = await servers.listen(closingAfter(IDLE_MS, (socket) => socket.resetAndDestroy()));
  const never = await servers.listen(
    http.createServer({ keepAliveTimeout: 60_000 }, (_, response) => response.end('ok')),
  );
  const closing = await servers.listen(
    http.createServer((_, response) => response.writeHead(200, { Connection: 'close' }).end('ok')),
  );
  sender = await startTestSender({
    gateway: targetOf(`http://127.0.0.1:${never}`),
    members: {
      fin: targetOf(`http://127.0.0.1:${fin}`),
      rst: targetOf(`http://127.0.0.1:${rst}`),
      closing: targetOf(`http://127.0.0.1:${closing}`),
    },
    limits: { maxInFlight: 1 },
  });
});

after(async () => {
  await sender.close();
  await servers.close();
});

describe('a connection held idle', () => {
  for (const how of ['fin', 'rst'] as const) {
    test(`is reported with the time and the ${how.toUpperCase()} that closed it, whatever was announced`, async () => {
      const { held, outcome } = await sender.ask(directTo(how), { connection: 'new', holdUs: 5_000_000 });
      assert.equal(outcome.kind, 'response');
      assert.equal(held?.closedBy, how);
      assert.equal(held?.advertisedUs, 5_000_000);
      // How late the answer is read, which shortens it, and how late the timer is, is the machine's business.
      assert.ok((held?.idleUs ?? 0) >= (IDLE_MS / 2) * 1_000 && (held?.idleUs ?? 0) < 5_000_000, `${held?.idleUs}`);
    });
  }

  test('is closed by us when the time is over', async () => {
    const { held } = await sender.ask(GATEWAY, { connection: 'new', holdUs: 60_000 });
    assert.equal(held?.closedBy, undefined);
    assert.ok((held?.idleUs ?? 0) >= 58_000);
  });

  test('is none where the answer says that the connection is closed', async () => {
    const { outcome, held } = await sender.ask(directTo('closing'), { connection: 'new', holdUs: 600_000_000 });
    assert.equal(outcome.kind, 'response');
    // Our side ends it, unless the FIN of the other one came first: then at once.
    assert.ok(held === undefined || held.closedBy === 'fin', JSON.stringify(held));
  });

  test('is no request in flight: as many as one likes at once', async () => {
    const shots = Array.from({ length: 4 }, (_, i) => ({
      route: GATEWAY,
      dueUs: i * 250_000,
      connection: 'new' as const,
      holdUs: 1_500_000,
    }));
    const exchanges = await sender.send(shots);
    assert.deepEqual(
      exchanges.map(({ outcome, held }) => [outcome.kind, held !== undefined]),
      shots.map(() => ['response', true]),
    );
  });

  test('nothing is held otherwise, and a stop ends the wait', async () => {
    assert.equal((await sender.ask(GATEWAY)).held, undefined);
    const waiting = sender.ask(GATEWAY, { connection: 'new', holdUs: 600_000_000 });
    setTimeout(() => sender.stop('aborted'), 100);
    assert.equal((await waiting).held?.closedBy, undefined);
  });
});

for (const [header, expected] of [
  ['timeout=5', 5_000_000],
  ['max=100, timeout=15', 15_000_000],
  ['timeout="7"', 7_000_000],
  ['max=100', undefined],
  ['xtimeout=3', undefined],
  [undefined, undefined],
] as const) {
  test(`Keep-Alive: ${header} announces ${expected}`, () => assert.equal(advertisedUs(header), expected));
}

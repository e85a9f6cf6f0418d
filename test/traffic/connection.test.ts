import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { openConnection } from '../../src/traffic/connection.ts';
import { resolveTargets } from '../../src/traffic/resolve.ts';
import { LIMITS, profileOf, targetOf } from './sending-setup.ts';

test('a request that comes when the connection is gone fails at once, and asks for no other connection', async () => {
  let accepted = 0;
  const server = net.createServer((socket) => {
    accepted++;
    socket.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = createClock(createEpoch());
  const { port } = server.address() as AddressInfo;
  const [route] = await resolveTargets(profileOf({ gateway: targetOf(`http://127.0.0.1:${port}`) }), clock);
  assert.ok(route !== undefined);
  const opened = await openConnection(route, LIMITS, [], clock);
  assert.ok('connection' in opened);
  const { client, socket } = opened.connection;
  socket.resume();
  await once(socket, 'close');
  await assert.rejects(client.request({ path: '/', method: 'GET' }), /closed|other side/);
  // And again, when undici knows.
  await assert.rejects(client.request({ path: '/', method: 'GET' }), { code: 'CONNECTION_GONE' });
  assert.equal(accepted, 1);
  await client.destroy();
  server.close();
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { outcomeKey } from '../../src/model/exchange.ts';
import type { Target } from '../../src/model/profile.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { type Connection, closeConnection, openConnection } from '../../src/traffic/connection.ts';
import { createDeadlines } from '../../src/traffic/deadlines.ts';
import { runExchange } from '../../src/traffic/exchange.ts';
import { resolveTargets } from '../../src/traffic/resolve.ts';
import { createServers, LIMITS, profileOf, requestOf, targetOf } from './sending-setup.ts';

const TLS = join(import.meta.dirname, '..', 'fixtures', 'traffic', 'tls');
const CERT = readFileSync(join(TLS, 'server.pem'), 'utf8');
const KEY = readFileSync(join(TLS, 'server-key.pem'), 'utf8');
/** In the certificate. */
const NAME = 'shop.gateprobe.test';
const clock = createClock(createEpoch());
const deadlines = createDeadlines(clock);
const servers = createServers();
after(() => servers.close());

async function open(target: Target): Promise<Connection> {
  const [route] = await resolveTargets(profileOf({ gateway: target }), clock);
  assert.ok(route !== undefined);
  const opened = await openConnection(route, LIMITS, [], clock);
  assert.ok('connection' in opened, JSON.stringify(opened));
  return opened.connection;
}

async function ask(connection: Connection): Promise<string> {
  const request = {
    path: '/',
    method: 'GET',
    headers: ['Host', 'a.invalid'],
    body: undefined,
    limitUs: 5_000_000,
    maxBodyBytes: 1_000,
    spec: requestOf(),
    memberId: undefined,
    connectionHeader: undefined,
    wantsAnswer: () => false,
  };
  return outcomeKey((await runExchange(connection, request, deadlines, () => {})).outcome);
}

test('a request that comes when the connection is gone fails at once, and asks for no other connection', async () => {
  const accepted: net.Socket[] = [];
  const port = await servers.listen(net.createServer((socket) => accepted.push(socket.end())));
  const connection = await open(targetOf(`http://127.0.0.1:${port}`));
  assert.ok(connection.channel !== undefined && connection.client === undefined);
  if (!connection.socket.closed) await once(connection.socket, 'close');
  assert.equal(connection.closedBy, 'fin');
  assert.equal(await ask(connection), 'error:closed');
  assert.equal(accepted.length, 1);
});

test('HTTP/2: the same, also where undici is not asked first', async () => {
  let accepted = 0;
  const server = http2.createSecureServer({ cert: CERT, key: KEY }, (_request, response) => response.end('ok'));
  const sessions: http2.ServerHttp2Session[] = [];
  server.on('connection', () => accepted++).on('session', (session) => sessions.push(session));
  const port = await servers.listen(server);
  const connection = await open(
    targetOf(`https://127.0.0.1:${port}`, { http: 2, tls: { verify: true, ca: CERT }, host: 'localhost', sni: NAME }),
  );
  const { client } = connection;
  assert.ok(connection.channel === undefined && client !== undefined);
  assert.equal(await ask(connection), '200');
  const closed = new Promise((resolve) => connection.socket.once('close', resolve));
  for (const session of sessions) session.close();
  await closed;
  assert.equal(await ask(connection), 'error:closed');
  await assert.rejects(client.request({ path: '/', method: 'GET' }), /closed|other side|destroyed/);
  // And again, when undici knows.
  await assert.rejects(client.request({ path: '/', method: 'GET' }), { code: 'CONNECTION_GONE' });
  assert.equal(accepted, 1);
  closeConnection(connection);
});

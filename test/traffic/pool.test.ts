import assert from 'node:assert/strict';
import net from 'node:net';
import { after, describe, test } from 'node:test';
import { GATEWAY } from '../../src/model/route.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import type { Connection } from '../../src/traffic/connection.ts';
import { createPool, type Pool } from '../../src/traffic/pool.ts';
import { closedPort, createServers, LIMITS, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

function poolFor(port: number): Pool {
  return createPool(
    {
      route: GATEWAY,
      target: targetOf(`http://127.0.0.1:${port}`),
      hostname: '127.0.0.1',
      port,
      secure: false,
      address: '127.0.0.1',
      family: 4,
    },
    LIMITS,
    [],
    createClock(createEpoch()),
  );
}

/** A pool before a server that keeps the sockets it accepted. */
async function openPool(): Promise<{ pool: Pool; accepted: net.Socket[] }> {
  const accepted: net.Socket[] = [];
  const port = await servers.listen(net.createServer((socket) => accepted.push(socket)));
  return { pool: poolFor(port), accepted };
}

async function take(pool: Pool, kind: 'warm' | 'new'): Promise<Connection> {
  const taken = await pool.acquire(kind);
  if ('connection' in taken) return taken.connection;
  assert.ok('socket' in taken, 'the connection could not be opened');
  return taken;
}

describe('createPool', () => {
  test('warm gives the connection used last, at once; new never gives an old one', async () => {
    const { pool } = await openPool();
    const [first, second] = [await take(pool, 'warm'), await take(pool, 'warm')];
    pool.release(first, true);
    pool.release(second, true);
    assert.equal(pool.acquire('warm'), second);
    pool.release(second, true);
    const fresh = await take(pool, 'new');
    assert.ok(![first.id, second.id].includes(fresh.id));
    assert.equal(pool.acquire('warm'), second);
    assert.equal(pool.acquire('warm'), first);
    for (const connection of [first, second, fresh]) pool.release(connection, false);
  });

  test('what may not be used again is closed', async () => {
    const { pool } = await openPool();
    const connection = await take(pool, 'warm');
    pool.release(connection, false);
    assert.ok(connection.socket.destroyed);
    assert.ok(pool.acquire('warm') instanceof Promise);
    pool.closeIdle();
  });

  for (const end of ['FIN', 'RST'] as const) {
    test(`a connection that the other side closes while idle (${end}) is not handed out again`, async () => {
      const { pool, accepted } = await openPool();
      const connection = await take(pool, 'warm');
      pool.release(connection, true);
      while (accepted.length === 0) await new Promise(setImmediate);
      const closed = new Promise((resolve) => connection.socket.once('close', resolve));
      if (end === 'FIN') accepted[0]?.end();
      else accepted[0]?.resetAndDestroy();
      await closed;
      assert.equal(connection.closedBy, end === 'FIN' ? 'fin' : 'rst');
      const next = await take(pool, 'warm');
      assert.notEqual(next.id, connection.id);
      pool.release(next, false);
    });
  }

  test('prepare fills up to the count and counts what is idle already', async () => {
    const { pool, accepted } = await openPool();
    await pool.prepare(3);
    await pool.prepare(2);
    await pool.prepare(4);
    const taken = await Promise.all(Array.from({ length: 4 }, () => pool.acquire('warm')));
    assert.equal(new Set(taken.map((one) => ('id' in one ? one.id : undefined))).size, 4);
    assert.ok(pool.acquire('warm') instanceof Promise);
    while (accepted.length < 5) await new Promise(setImmediate);
    assert.equal(accepted.length, 5);
    for (const one of taken) if ('id' in one) pool.release(one, true);
    pool.closeIdle();
    assert.ok(taken.every((one) => 'id' in one && one.socket.destroyed));
  });

  test('where nothing listens, prepare is silent and acquire says why', async () => {
    const pool = poolFor(await closedPort());
    await pool.prepare(2);
    const result = await pool.acquire('warm');
    assert.ok('failure' in result);
    assert.ok(result.failure.outcome.kind === 'connection-error');
    assert.equal(result.failure.outcome.code, 'refused');
    assert.equal(result.failure.outcome.phase, 'connect');
  });
});

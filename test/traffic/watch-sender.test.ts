import assert from 'node:assert/strict';
import http from 'node:http';
import type net from 'node:net';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange } from '../../src/model/exchange.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { resolveTargets } from '../../src/traffic/resolve.ts';
import type { ShotShape } from '../../src/traffic/schedule.ts';
import { startWatchSender } from '../../src/traffic/watch-sender.ts';
import { createServers, profileOf, RUN_ID, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());
const SHOT: ShotShape = { route: GATEWAY, request: 'home', connection: 'warm' };
const ROUND = { experimentId: 'round', gapUs: 2_000, longestUs: 60_000_000 };

async function start(listener: http.RequestListener, limits = {}) {
  const port = await servers.listen(http.createServer(listener));
  const profile = profileOf({ gateway: targetOf(`http://127.0.0.1:${port}`), limits });
  const epoch = createEpoch();
  const sender = await startWatchSender({ epoch, version: '0.0.0-test' });
  const targets = await resolveTargets(profile, createClock(epoch));
  sender.open('shop', profile, targets, RUN_ID);
  return { sender, profile };
}

const outcomes = (exchanges: readonly Exchange[]) =>
  exchanges.map(({ outcome }) => (outcome.kind === 'response' ? outcome.status : outcome.kind));

describe('the thread of the monitor', { timeout: 30_000 }, () => {
  test('a connection is kept between rounds, until it is told to be silent', async () => {
    const { sender } = await start((_, response) => response.end('ok'));
    try {
      const round = { ...ROUND, order: 'together' as const, shots: [SHOT] };
      const reused: (boolean | undefined)[] = [];
      for (let i = 0; i < 2; i++) reused.push((await sender.send('shop', round)).exchanges[0]?.connection?.isNew);
      sender.closeIdle('shop');
      reused.push((await sender.send('shop', round)).exchanges[0]?.connection?.isNew);
      assert.deepEqual(reused, [true, false, true]);
    } finally {
      await sender.close();
    }
  });

  test('a sequence asks one after the other; what takes too long is recorded as not sent', async () => {
    let open = 0;
    let most = 0;
    const { sender } = await start((_, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        response.end('ok');
      }, 100);
    });
    try {
      const shots = Array.from({ length: 4 }, () => SHOT);
      const { exchanges } = await sender.send('shop', { ...ROUND, order: 'sequence', shots, longestUs: 150_000 });
      assert.equal(most, 1);
      assert.deepEqual(outcomes(exchanges), [200, 200, 'not-sent', 'not-sent']);
      for (const [i, { dueUs }] of exchanges.entries())
        assert.ok(i === 0 || dueUs >= (exchanges[i - 1]?.endUs ?? 0), 'due when the one before has ended');
    } finally {
      await sender.close();
    }
  });

  test('requests of a round are never nearer than planned; what a timer wakes is due then, a little after the plan', async () => {
    const { sender } = await start((_, response) => response.end('ok'));
    try {
      const shots = Array.from({ length: 20 }, () => SHOT);
      const gapUs = 7_300;
      const { startUs, exchanges } = await sender.send('shop', { ...ROUND, order: 'together', shots, gapUs });
      let planUs = startUs;
      for (const { dueUs, sentUs = 0 } of exchanges) {
        assert.ok(dueUs >= planUs && sentUs >= dueUs, `due ${dueUs}, sent ${sentUs}, planned ${planUs}`);
        assert.ok(dueUs <= planUs + 2_000, 'what is later than a timer may be is late, and not due later');
        planUs = dueUs + gapUs;
      }
    } finally {
      await sender.close();
    }
  });

  test('limits hold for each round anew', async () => {
    const { sender } = await start((_, response) => response.end('ok'), { maxRequests: 2 });
    try {
      const round = { ...ROUND, order: 'together' as const, shots: [SHOT, SHOT, SHOT] };
      for (let i = 0; i < 2; i++)
        assert.deepEqual(outcomes((await sender.send('shop', round)).exchanges), [200, 200, 'not-sent']);
    } finally {
      await sender.close();
    }
  });

  test('a stop ends what hangs; nothing is sent afterwards', async () => {
    const asked = Promise.withResolvers<void>();
    const { sender } = await start(() => asked.resolve());
    try {
      const round = { ...ROUND, order: 'together' as const, shots: [SHOT] };
      const hanging = sender.send('shop', round);
      await asked.promise;
      sender.stop(0);
      assert.deepEqual(outcomes((await hanging).exchanges), ['aborted']);
      assert.deepEqual(outcomes((await sender.send('shop', round)).exchanges), ['not-sent']);
    } finally {
      await sender.close();
    }
  });

  test('a connection in use when its profile is taken out is closed after its answer', async () => {
    const asked = Promise.withResolvers<net.Socket>();
    const { sender } = await start((request, response) => {
      asked.resolve(request.socket);
      setTimeout(() => response.end('ok'), 200);
    });
    try {
      const pending = sender.send('shop', { ...ROUND, order: 'together' as const, shots: [SHOT] });
      const socket = await asked.promise;
      const closed = new Promise((resolve) => socket.once('close', () => resolve('closed')));
      sender.drop('shop');
      assert.deepEqual(outcomes((await pending).exchanges), [200]);
      // The server itself would close it after 5 s.
      assert.equal(await Promise.race([closed, sleep(2_000, 'kept', { ref: false })]), 'closed');
    } finally {
      await sender.close();
    }
  });

  test('a round under an unknown key is a bug and told as one', async () => {
    const { sender } = await start((_, response) => response.end('ok'));
    try {
      await assert.rejects(sender.send('other', { ...ROUND, order: 'together', shots: [SHOT] }), /no such profile/);
    } finally {
      await sender.close();
    }
  });
});

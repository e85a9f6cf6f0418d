/** A stop while connections are still being opened: nothing is sent afterwards, and nobody waits for them. */
import assert from 'node:assert/strict';
import type net from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange } from '../../src/model/exchange.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { runClosedLoop } from '../../src/traffic/closed-loop.ts';
import { createQualityWatch } from '../../src/traffic/quality.ts';
import { resolveTargets } from '../../src/traffic/resolve.ts';
import { packSchedule } from '../../src/traffic/schedule.ts';
import { setupOf } from '../../src/traffic/sender.ts';
import { createSending, type Sending } from '../../src/traffic/sending.ts';
import { createServers, profileOf, RUN_ID, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

/** A forward proxy that answers CONNECT when `open` is called, and requests never. */
async function slowProxy(): Promise<{ url: string; asked: string[]; open(): void }> {
  const waiting: net.Socket[] = [];
  const asked: string[] = [];
  const port = await servers.raw((socket, text) => {
    if (text.startsWith('CONNECT')) waiting.push(socket);
    else asked.push(text.split('\r\n', 1)[0] as string);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    open: () => waiting.splice(0).forEach((socket) => void socket.write('HTTP/1.1 200 ok\r\n\r\n')),
  };
}

async function sendingThrough(httpProxy: string): Promise<{ sending: Sending; setup: ReturnType<typeof setupOf> }> {
  const profile = profileOf({ gateway: targetOf('http://127.0.0.1:9', { httpProxy }) });
  const epoch = createEpoch();
  const clock = createClock(epoch);
  const targets = await resolveTargets(profile, clock);
  const setup = setupOf({ profile, targets, runId: RUN_ID, version: '0.0.0-test', epoch });
  const sending = createSending(setup, createQualityWatch(clock));
  await sending.ready;
  return { sending, setup };
}

/** Stops while nothing is open yet, lets the connections open when the load has ended or after 2 s, and looks at what was asked then. */
async function stopped(load: (parts: Awaited<ReturnType<typeof sendingThrough>>) => Promise<unknown>) {
  const proxy = await slowProxy();
  const parts = await sendingThrough(proxy.url);
  const ended = load(parts).then(() => 'ended before a connection was open' as const);
  await sleep(300);
  parts.sending.stop('aborted', 50_000);
  const first = await Promise.race([ended, sleep(2_000, 'still waiting for connections' as const, { ref: false })]);
  proxy.open();
  await sleep(200);
  const exchanges: readonly Exchange[] = parts.sending.takeFinished();
  parts.sending.close();
  await ended;
  return { first, asked: proxy.asked, outcomes: exchanges.map(({ outcome }) => outcome.kind), sending: parts.sending };
}

test('requests of a schedule whose connections are not open yet end with the stop, and are not sent later', async () => {
  const { first, asked, outcomes, sending } = await stopped(({ sending: { fire, clock } }) =>
    fire({
      type: 'fire',
      firing: 0,
      experimentId: 'burst-1',
      schedule: packSchedule(
        Array.from({ length: 5 }, (_, i) => ({
          dueUs: i * 1_000,
          route: GATEWAY,
          request: 'home',
          connection: 'warm' as const,
        })),
      ),
      startUs: clock.nowUs() + 20_000,
    }),
  );
  assert.equal(first, 'ended before a connection was open');
  assert.deepEqual(asked, []);
  assert.deepEqual(outcomes, ['aborted', 'aborted', 'aborted', 'aborted', 'aborted']);
  assert.equal(sending.inFlight(), 0);
});

test('lanes of a closed loop likewise', async () => {
  const { first, asked, outcomes, sending } = await stopped(({ sending: one, setup }) =>
    runClosedLoop(
      {
        type: 'closed',
        firing: 0,
        experimentId: 'burst-1',
        load: { route: GATEWAY, request: 'home', connections: 3, durationUs: 10e6 },
      },
      setup,
      one,
    ),
  );
  assert.equal(first, 'ended before a connection was open');
  assert.deepEqual(asked, []);
  assert.deepEqual(outcomes, ['aborted', 'aborted', 'aborted']);
  assert.equal(sending.inFlight(), 0);
});

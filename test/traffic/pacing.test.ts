/** The pacing thread and the sending thread together. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { GATEWAY } from '../../src/model/route.ts';
import { createServers, startTestSender, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

/** Gaps shorter than the longest lead: a sender that waits for the next one instead of its answers reads none until the last is sent. */
for (const gapUs of [500, 200]) {
  test(`answers are read between requests that are ${gapUs} µs apart`, async () => {
    const port = await servers.raw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    const count = 400_000 / gapUs;
    const sender = await startTestSender({
      gateway: targetOf(`http://127.0.0.1:${port}`),
      limits: { maxInFlight: 10_000 },
    });
    try {
      const exchanges = await sender.send(
        Array.from({ length: count }, (_, i) => ({ route: GATEWAY, dueUs: i * gapUs })),
      );
      const middleUs = exchanges[count / 2]?.dueUs ?? 0;
      const early = exchanges.filter(({ endUs }) => endUs < middleUs).length;
      assert.ok(early > 0, `none of ${count} was answered when half of them were due`);
      const opened = exchanges.filter(({ connection }) => connection?.isNew).length;
      assert.ok(opened < count, `each of ${count} requests needed a connection of its own`);
    } finally {
      await sender.close();
    }
  });
}

test('no request leaves before it is due, and all that is due leaves', async () => {
  const port = await servers.raw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  const sender = await startTestSender({
    gateway: targetOf(`http://127.0.0.1:${port}`),
    limits: { maxInFlight: 10_000 },
  });
  try {
    // Singles, pairs closer than what shares a wake-up, and threes at one instant.
    const shots = Array.from({ length: 60 }, (_, i) => ({
      route: GATEWAY,
      dueUs: Math.floor(i / 3) * 5_000 + (i % 3) * (i % 2 === 0 ? 15 : 0),
    }));
    const exchanges = await sender.send(shots);
    assert.deepEqual([...new Set(exchanges.map(({ outcome }) => outcome.kind))], ['response']);
    for (const { sentUs, dueUs, seq } of exchanges) assert.ok((sentUs ?? 0) >= dueUs, `number ${seq} left too early`);
  } finally {
    await sender.close();
  }
});

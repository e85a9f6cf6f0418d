/** The pacing thread and the sending thread together. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { GATEWAY } from '../../src/model/route.ts';
import { createServers, startTestSender, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

/** Gaps shorter than the longest lead: a sender that waits for the next one instead of its answers reads none until the last is sent. */
for (const gapUs of [500, 200]) {
  test(`answers are read between requests that are ${gapUs} µs apart`, async (t) => {
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
      // All of them are due within 400 ms: a machine that stands still for as long leaves nothing to see.
      const late = exchanges.filter(({ sentUs = 0, dueUs }) => sentUs - dueUs > 100_000).length;
      if (late > count / 4) {
        t.skip(`${late} of ${count} requests left more than 100 ms late`);
        return;
      }
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

for (const spin of [false, true]) {
  test(`no request leaves before it is due, and all that is due leaves${spin ? ', also with a pacer that spins' : ''}`, async () => {
    const port = await servers.raw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    const sender = await startTestSender({
      gateway: targetOf(`http://127.0.0.1:${port}`),
      limits: { maxInFlight: 10_000 },
      spin,
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
}

test('a pacer that spins ends with its firing, not at the next due time', async () => {
  const port = await servers.raw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  const sender = await startTestSender({ gateway: targetOf(`http://127.0.0.1:${port}`), spin: true });
  try {
    const firing = sender.send([{ route: GATEWAY }, { route: GATEWAY, dueUs: 3_600_000_000 }]);
    const sent = new Promise((resolve) => setTimeout(resolve, 200));
    await sent;
    sender.stop('aborted');
    const exchanges = await firing;
    assert.equal(exchanges[1]?.outcome.kind, 'not-sent');
    // The next order is taken at once: the pacing thread no longer waits for the last one.
    assert.equal((await sender.ask(GATEWAY)).outcome.kind, 'response');
  } finally {
    await sender.close();
  }
});

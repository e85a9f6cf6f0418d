/** Sending threads that end before their work is done. */
import assert from 'node:assert/strict';
import type http from 'node:http';
import { after, describe, test } from 'node:test';
import type { AnswerRows } from '../../src/model/answer-rows.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Limits } from '../../src/model/profile.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { resolveTargets } from '../../src/traffic/resolve.ts';
import { packSchedule } from '../../src/traffic/schedule.ts';
import { setupOf } from '../../src/traffic/sender.ts';
import { createSender } from '../../src/traffic/sender-group.ts';
import { type SenderThread, startSenderThread } from '../../src/traffic/sender-thread.ts';
import { startSeveral } from '../../src/traffic/several-threads.ts';
import { assertUnique, countingServer, countsOf, until } from './counting-server.ts';
import { createServers, profileOf, RUN_ID, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

/** Three threads that a test may end, and what came of them. */
async function startMortal(url: string, limits: Partial<Limits> = {}) {
  const profile = profileOf({ gateway: targetOf(url), limits });
  const epoch = createEpoch();
  const clock = createClock(epoch);
  const setup = setupOf({
    profile,
    targets: await resolveTargets(profile, clock),
    runId: RUN_ID,
    version: '0.0.0-test',
    epoch,
  });
  const threads: SenderThread[] = [];
  const exchanges: Exchange[] = [];
  let rows = 0;
  let latest: Float64Array | undefined;
  const outlets = {
    sink: (batch: readonly Exchange[]) => void exchanges.push(...batch),
    rowSink: ({ count, values }: AnswerRows) => {
      rows += count;
      latest = values;
    },
    clock,
    runId: RUN_ID,
  };
  const group = await startSeveral(setup, 3, outlets, async (...given) => {
    const thread = await startSenderThread(...given);
    threads.push(thread);
    return thread;
  });
  return { sender: createSender(group, setup, outlets), threads, exchanges, rows: () => rows, latest: () => latest };
}

const HOUR_US = 3_600_000_000;

const plan = (count: number, dueUs: (number: number) => number) =>
  packSchedule(
    Array.from({ length: count }, (_, i) => ({
      dueUs: dueUs(i),
      route: GATEWAY,
      request: 'home',
      connection: 'warm' as const,
    })),
  );

describe('a thread that ends', { timeout: 60_000 }, () => {
  test('loses nothing silently: what it had is told as not sent, the others go on, and so do later firings', async () => {
    const { url, seen } = await countingServer(servers, (response) => response.end('ok'));
    const { sender, threads, exchanges } = await startMortal(url);
    const firing = sender.fire(
      'ramp-1',
      plan(60, (i) => (i < 30 ? i * 1_000 : HOUR_US + i)),
    );
    await until(() => exchanges.length === 30);
    await (threads[1] as SenderThread).terminate();
    sender.stop('aborted');
    const result = await firing;
    assert.deepEqual(countsOf(exchanges), { 200: 30, 'not-sent:thread': 10, 'not-sent:aborted': 20 });
    assert.equal(seen.total, 30);
    assert.deepEqual([result.due, result.sent], [60, 30]);
    assert.match(result.failed ?? '', /number 2: the sending thread ended early/);
    assertUnique(exchanges);
    const startUs = Math.min(...exchanges.map(({ dueUs }) => dueUs));
    assert.deepEqual(
      exchanges.map(({ dueUs }) => dueUs - startUs).sort((a, b) => a - b),
      Array.from({ length: 60 }, (_, i) => (i < 30 ? i * 1_000 : HOUR_US + i)),
    );
    exchanges.length = 0;
    assert.deepEqual(
      await sender.fire(
        'ramp-2',
        plan(9, (i) => i * 1_000),
      ),
      { due: 9, sent: 9 },
    );
    assert.deepEqual(countsOf(exchanges), { 200: 9 });
    const quality = await sender.close();
    assert.equal(quality.launched, 69, 'the books balance: all that is recorded, and no more');
    assert.deepEqual(
      quality.threads?.map(({ ended, busyRatio }) => [ended?.lost, busyRatio === undefined]),
      [
        [undefined, false],
        [10, true],
        [undefined, false],
      ],
    );
  });

  test('gives its room back, and of what it had under way it is told that nobody knows the end', async () => {
    const held: http.ServerResponse[] = [];
    const { url } = await countingServer(servers, (response) => held.push(response));
    const { sender, threads, exchanges } = await startMortal(url, { maxInFlight: 3 });
    for (const [end, expected] of [
      [true, { 200: 2, aborted: 1 }],
      [false, { 200: 3 }],
    ] as const) {
      const firing = sender.fire(
        'ramp-1',
        plan(3, () => 0),
      );
      await until(() => held.length === 3);
      if (end) await (threads[0] as SenderThread).terminate();
      for (const response of held.splice(0)) response.end('ok');
      await firing;
      assert.deepEqual(countsOf(exchanges.splice(0)), expected);
    }
    assert.equal(sender.inFlight(), 0);
    await sender.close();
  });

  test('in a closed loop: what it began and never told is told as given up', async () => {
    const { url, seen } = await countingServer(servers, (response) => response.end('ok'));
    const { sender, threads, exchanges, rows, latest } = await startMortal(url);
    const loop = sender.burst('burst-1', { route: GATEWAY, request: 'home', connections: 6, durationUs: 3.6e9 });
    await until(() => seen.total > 200);
    await (threads[2] as SenderThread).terminate();
    const total = seen.total;
    await until(() => seen.total > total + 50);
    sender.stop('aborted');
    const result = await loop;
    assert.match(result.failed ?? '', /number 3/);
    const counts = countsOf(exchanges);
    assert.ok(exchanges.length + rows() >= seen.total, `${JSON.stringify(counts)}, ${rows()} rows, ${seen.total} seen`);
    assert.equal(result.due, exchanges.length + rows());
    assert.equal(latest()?.length, 0, 'what was recorded takes no room any more');
    assert.deepEqual(
      Object.keys(counts).filter((key) => key !== '200'),
      counts['aborted'] === undefined ? [] : ['aborted'],
    );
    await sender.close();
  });

  test('and then the last one: whatever waits is rejected, as with one thread', async () => {
    const { url } = await countingServer(servers, () => {});
    const { sender, threads, exchanges } = await startMortal(url);
    const firing = sender.fire(
      'ramp-1',
      plan(6, () => 0),
    );
    await Promise.all([
      assert.rejects(firing, /no sending thread is left: number 1: /),
      ...threads.map((thread) => thread.terminate()),
    ]);
    assert.equal(exchanges.length, 6, 'told all the same');
    await assert.rejects(
      sender.fire(
        'ramp-2',
        plan(1, () => 0),
      ),
      /no sending thread is left/,
    );
    await assert.rejects(sender.close(), /no sending thread is left/);
  });
});

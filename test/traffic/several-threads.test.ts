/** One, two and three sending threads before a real member: what is recorded is the same plan, whoever sends it. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, describe, test } from 'node:test';
import { type Exchange, outcomeKey } from '../../src/model/exchange.ts';
import type { Limits } from '../../src/model/profile.ts';
import { createRandom } from '../../src/model/random.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import type { FiringResult } from '../../src/traffic/protocol.ts';
import { resolveTargets } from '../../src/traffic/resolve.ts';
import { arrivals, packSchedule } from '../../src/traffic/schedule.ts';
import { setupOf } from '../../src/traffic/sender.ts';
import { createSender } from '../../src/traffic/sender-group.ts';
import { type SenderThread, startSenderThread } from '../../src/traffic/sender-thread.ts';
import { startSeveral } from '../../src/traffic/several-threads.ts';
import { withMember } from '../lab/member-talk.ts';
import {
  createServers,
  type ProfileParts,
  profileOf,
  RUN_ID,
  startTestSender,
  type TestSender,
  targetOf,
} from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

const THREADS = [1, 2, 3];
const at = (count: number, gapUs = 0) =>
  Array.from({ length: count }, (_, i) => ({ route: GATEWAY, dueUs: i * gapUs }));

function countsOf(exchanges: readonly Exchange[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of exchanges) counts[outcomeKey(outcome)] = (counts[outcomeKey(outcome)] ?? 0) + 1;
  return counts;
}

function assertUnique(exchanges: readonly Exchange[]): void {
  assert.equal(new Set(exchanges.map(({ seq }) => seq)).size, exchanges.length, 'no number twice');
  assert.equal(new Set(exchanges.map(({ requestId }) => requestId)).size, exchanges.length, 'no id twice');
}

/** Polls what another thread brings about; the test's own limit is the bound. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2));
}

type Seen = { open: number; most: number; total: number };

/** A server that counts how many requests it has at once. */
async function countingServer(
  answer: (response: http.ServerResponse, number: number) => void,
): Promise<{ readonly url: string; readonly seen: Seen }> {
  const seen = { open: 0, most: 0, total: 0 };
  const server = http.createServer((_request, response) => {
    seen.most = Math.max(seen.most, ++seen.open);
    response.once('close', () => seen.open--);
    answer(response, ++seen.total);
  });
  return { url: `http://127.0.0.1:${await servers.listen(server)}`, seen };
}

async function withSender(
  url: string,
  parts: Omit<ProfileParts, 'gateway'>,
  use: (sender: TestSender) => Promise<void>,
): Promise<void> {
  const sender = await startTestSender({ gateway: targetOf(url), ...parts });
  try {
    await use(sender);
  } finally {
    await sender.close();
  }
}

/** The ids that a member has logged, of the User-Agent `gateprobe/… (run …; id …)`. */
function idsIn(rows: readonly Readonly<Record<string, string>>[]): readonly string[] {
  return rows.map((row) => /[0-9a-f]{16}(?=\D*$)/.exec(row['cs(User-Agent)'] ?? '')?.[0] ?? JSON.stringify(row));
}

describe('the same plan', { timeout: 60_000 }, () => {
  for (const threads of THREADS) {
    test(`by ${threads}: the same due times and numbers, each request once at the member, books that balance`, async () => {
      const times = [...arrivals('poisson', 150, 1e6, createRandom(7))].map((due) => Math.round(due));
      let sent: readonly string[] = [];
      const { site } = await withMember({}, async (port) => {
        const sender = await startTestSender({ gateway: targetOf(`http://127.0.0.1:${port}`), threads });
        const first = await sender.send(times.map((dueUs) => ({ route: GATEWAY, dueUs })));
        // Whoever opens a connection first: numbers go on where the last firing ended.
        const volley = await sender.send(
          Array.from({ length: 5 }, () => ({
            route: GATEWAY,
            tag: { kind: 'volley' as const, size: 5, round: 0 },
          })),
        );
        const second = await sender.send(at(7, 3_000));
        const zeroUs = (first[0] as Exchange).dueUs - (times[0] as number);
        assert.deepEqual(
          first.map(({ dueUs }) => dueUs - zeroUs),
          times,
        );
        const all = [...first, ...volley, ...second];
        assert.deepEqual(
          all.map(({ seq }) => seq),
          Array.from({ length: all.length }, (_, i) => i),
          'numbers in the order of due times, as one thread gives them',
        );
        assert.deepEqual(countsOf(all), { 200: times.length + 12 });
        assertUnique(all);
        const opened = all.flatMap(({ connection }) => (connection?.isNew ? [connection.id] : []));
        assert.equal(new Set(opened).size, opened.length, 'no two connections with one number');
        const quality = await sender.close();
        assert.equal(quality.launched, all.length);
        assert.equal(quality.collector?.requests, all.length);
        assert.ok((quality.arrivals?.pairs ?? 0) > 50, JSON.stringify(quality.arrivals));
        assert.ok(quality.arrivals?.law !== undefined, 'the law is that of the whole plan');
        assert.ok((quality.blankUs ?? 0) > 0 && (quality.starvation?.activeUs ?? 0) > 0);
        assert.equal(quality.threads?.length, threads === 1 ? undefined : threads);
        sent = all.map(({ requestId }) => requestId);
      });
      assert.deepEqual([...idsIn(site)].sort(), [...sent].sort());
    });
  }
});

describe('limits hold for all threads together', { timeout: 60_000 }, () => {
  for (const threads of THREADS) {
    test(`maxInFlight, by ${threads}: never more at once, and all of it is used`, async () => {
      const held: http.ServerResponse[] = [];
      const { url, seen } = await countingServer((response) => held.push(response));
      await withSender(url, { threads, limits: { maxInFlight: 4 } }, async (sender) => {
        for (const round of [1, 2]) {
          const firing = sender.send(at(30));
          // Nothing ends before all were due.
          await until(() => sender.exchanges.length === (round - 1) * 30 + 26 && held.length === 4);
          for (const response of held.splice(0)) response.end('ok');
          assert.deepEqual(countsOf(await firing), { 200: 4, 'not-sent:cap': 26 });
          await until(() => seen.open === 0);
        }
        assert.equal(seen.most, 4);
        assert.equal(sender.inFlight(), 0);
      });
    });

    test(`maxRequests, by ${threads}: no more in the whole run, whatever sends them`, async () => {
      const { url, seen } = await countingServer((response) => response.end('ok'));
      await withSender(url, { threads, limits: { maxRequests: 25 } }, async (sender) => {
        assert.deepEqual(countsOf(await sender.send(at(10, 1_000))), { 200: 10 });
        const load = { route: GATEWAY, request: 'home', connections: 3, durationUs: 10_000_000 };
        const result = await sender.burst('burst-1', load);
        assert.equal(seen.total, 25);
        const loop = sender.exchanges.filter(({ experimentId }) => experimentId === 'burst-1');
        assert.equal(countsOf(loop)['200'], 15);
        assert.equal(result.sent, 15);
        // Two threads may meet at the last one: then it is told that there was none left.
        assert.equal(result.due, loop.length);
        assert.ok(loop.length <= 15 + threads - 1, JSON.stringify(countsOf(loop)));
        assert.deepEqual(countsOf(await sender.send(at(3))), { 'not-sent:budget': 3 });
        assertUnique(sender.exchanges);
      });
    });

    test(`Retry-After, by ${threads}: what one thread is asked to wait for, all wait for`, async () => {
      const { url } = await countingServer((response, number) => {
        if (number === 1) response.writeHead(503, { 'Retry-After': '30' });
        response.end();
      });
      await withSender(url, { threads }, async (sender) => {
        assert.equal(outcomeKey((await sender.ask(GATEWAY)).outcome), '503');
        assert.deepEqual(countsOf(await sender.send(at(6, 1_000))), { 'not-sent:retry-after': 6 });
      });
    });

    test(`a stop reaches all, by ${threads}: what is not sent is told, and the next firing goes on`, async () => {
      const { url, seen } = await countingServer((response) => response.end('ok'));
      await withSender(url, { threads }, async (sender) => {
        // Due over an hour: the end comes from the stop alone.
        const firing = sender.send([...at(3 * threads), ...at(60, 60_000_000).slice(1)]);
        await until(() => seen.total === 3 * threads);
        sender.stop('aborted');
        assert.deepEqual(countsOf(await firing), { 200: 3 * threads, 'not-sent:aborted': 59 });
        const loop = sender.burst('burst-1', { route: GATEWAY, request: 'home', connections: 3, durationUs: 3.6e9 });
        await until(() => seen.total > 3 * threads + 20);
        sender.stop('aborted');
        await loop;
        assert.deepEqual(countsOf(await sender.send(at(2))), { 200: 2 });
        assertUnique(sender.exchanges);
      });
    });

    test(`a closed loop reconciles, by ${threads}: connections and rate are those of all together`, async () => {
      let answered: readonly string[] = [];
      let result: FiringResult | undefined;
      const { site } = await withMember({}, (port) =>
        withSender(`http://127.0.0.1:${port}`, { threads, limits: { maxRatePerSec: 300 } }, async (sender) => {
          result = await sender.burst('burst-1', {
            route: GATEWAY,
            request: 'home',
            connections: 5,
            durationUs: 1_000_000,
          });
          assertUnique(sender.exchanges);
          assert.deepEqual(Object.keys(countsOf(sender.exchanges)), ['200']);
          answered = sender.exchanges.map(({ requestId }) => requestId);
          const connections = sender.exchanges.map(({ connection }) => connection?.id);
          assert.equal(new Set(connections).size, 5);
        }),
      );
      assert.deepEqual([...idsIn(site)].sort(), [...answered].sort());
      assert.equal(result?.sent, answered.length);
      assert.equal(result?.due, answered.length);
      assert.equal(result?.engine, 'wire');
      // Each connection has its turn every 5/300 s; a late timer may be made up for by one request each.
      assert.ok(answered.length > 30 && answered.length <= 310, `${answered.length}`);
    });
  }
});

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
  const outlets = {
    sink: (batch: readonly Exchange[]) => void exchanges.push(...batch),
    rowSink: ({ count }: { readonly count: number }) => {
      rows += count;
    },
    clock,
    runId: RUN_ID,
  };
  const group = await startSeveral(setup, 3, outlets, async (...given) => {
    const thread = await startSenderThread(...given);
    threads.push(thread);
    return thread;
  });
  return { sender: createSender(group, setup, outlets), threads, exchanges, rows: () => rows };
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
    const { url, seen } = await countingServer((response) => response.end('ok'));
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
    const { url } = await countingServer((response) => held.push(response));
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
    const { url, seen } = await countingServer((response) => response.end('ok'));
    const { sender, threads, exchanges, rows } = await startMortal(url);
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
    assert.deepEqual(
      Object.keys(counts).filter((key) => key !== '200'),
      counts['aborted'] === undefined ? [] : ['aborted'],
    );
    await sender.close();
  });

  test('and then the last one: whatever waits is rejected, as with one thread', async () => {
    const { url } = await countingServer(() => {});
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

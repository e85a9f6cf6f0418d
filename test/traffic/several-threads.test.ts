/** One, two and three sending threads before a real member: what is recorded is the same plan, whoever sends it. */
import assert from 'node:assert/strict';
import type http from 'node:http';
import { after, describe, test } from 'node:test';
import { type Exchange, outcomeKey } from '../../src/model/exchange.ts';
import { createRandom } from '../../src/model/random.ts';
import { GATEWAY } from '../../src/model/route.ts';
import type { FiringResult } from '../../src/traffic/protocol.ts';
import { arrivals } from '../../src/traffic/schedule.ts';
import { withMember } from '../lab/member-talk.ts';
import { assertUnique, countingServer, countsOf, until } from './counting-server.ts';
import { createServers, type ProfileParts, startTestSender, type TestSender, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

const THREADS = [1, 2, 3];
const at = (count: number, gapUs = 0) =>
  Array.from({ length: count }, (_, i) => ({ route: GATEWAY, dueUs: i * gapUs }));

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
      const { url, seen } = await countingServer(servers, (response) => held.push(response));
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
      const { url, seen } = await countingServer(servers, (response) => response.end('ok'));
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
      const { url } = await countingServer(servers, (response, number) => {
        if (number === 1) response.writeHead(503, { 'Retry-After': '30' });
        response.end();
      });
      await withSender(url, { threads }, async (sender) => {
        assert.equal(outcomeKey((await sender.ask(GATEWAY)).outcome), '503');
        assert.deepEqual(countsOf(await sender.send(at(6, 1_000))), { 'not-sent:retry-after': 6 });
      });
    });

    test(`a stop reaches all, by ${threads}: what is not sent is told, and the next firing goes on`, async () => {
      const { url, seen } = await countingServer(servers, (response) => response.end('ok'));
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

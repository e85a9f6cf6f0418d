/** The real sending thread: every due request yields exactly one exchange, whatever keeps it from being sent. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Exchange, outcomeKey } from '../../src/model/exchange.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import {
  createServers,
  membersAt,
  type ProfileParts,
  startTestSender,
  type TestSender,
  targetOf,
} from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

/** Requests by outcome. */
function countsOf(exchanges: readonly Exchange[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of exchanges) counts[outcomeKey(outcome)] = (counts[outcomeKey(outcome)] ?? 0) + 1;
  return counts;
}

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

async function withSender(
  answer: Answer,
  parts: Omit<ProfileParts, 'gateway'>,
  use: (sender: TestSender, seen: readonly string[]) => Promise<void>,
): Promise<void> {
  const seen: string[] = [];
  const port = await servers.listen(
    http.createServer((request, response) => {
      seen.push(request.url ?? '');
      answer(request, response);
    }),
  );
  const sender = await startTestSender({ gateway: targetOf(`http://127.0.0.1:${port}`), ...parts });
  try {
    await use(sender, seen);
  } finally {
    await sender.close();
  }
}

const hold: Answer = () => {};
const ok: Answer = (_request, response) => response.end('ok');
const at = (count: number, gapUs = 0) =>
  Array.from({ length: count }, (_, i) => ({ route: GATEWAY, dueUs: i * gapUs }));

/** Polls what another thread brings about; the test's own limit is the bound. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('limits', { timeout: 20_000 }, () => {
  test('maxInFlight: what is above is recorded as not sent', () =>
    withSender(hold, { limits: { maxInFlight: 3, requestTimeoutUs: 200_000 } }, async (sender, seen) => {
      const ended = await sender.send(at(10));
      assert.deepEqual(countsOf(ended), { 'timeout:headers': 3, 'not-sent:cap': 7 });
      assert.equal(seen.length, 3);
      const unsent = ended.filter(({ outcome }) => outcome.kind === 'not-sent');
      assert.ok(unsent.every(({ sentUs, connection }) => sentUs === undefined && connection === undefined));
      assert.equal(sender.inFlight(), 0);
      assert.deepEqual(countsOf(await sender.send(at(3))), { 'timeout:headers': 3 });
    }));

  test('maxRequests: no more than that in the whole run', () =>
    withSender(ok, { limits: { maxRequests: 5 } }, async (sender, seen) => {
      assert.deepEqual(countsOf(await sender.send(at(3, 1_000))), { 200: 3 });
      assert.deepEqual(countsOf(await sender.send(at(4, 1_000))), { 200: 2, 'not-sent:budget': 2 });
      assert.equal(seen.length, 5);
      const seqs = sender.exchanges.map(({ seq }) => seq).sort((a, b) => a - b);
      assert.deepEqual(seqs, [0, 1, 2, 3, 4, 5, 6]);
    }));

  const RETRY_AFTER = [
    { status: 503, value: () => '30', waits: true },
    { status: 429, value: () => '30', waits: true },
    { status: 503, value: () => new Date(Date.now() + 30_000).toUTCString(), waits: true },
    { status: 503, value: () => '0', waits: false },
    { status: 503, value: () => 'soon', waits: false },
    { status: 200, value: () => '30', waits: false },
  ];
  test('Retry-After pauses its own route and no other', async () => {
    let next = RETRY_AFTER[0];
    const answer: Answer = (_request, response) =>
      response.writeHead(next?.status ?? 200, { 'Retry-After': next?.value() ?? '0' }).end();
    const ports: Record<string, number> = { quiet: await servers.listen(http.createServer(ok)) };
    for (const name of RETRY_AFTER.keys()) ports[`m${name}`] = await servers.listen(http.createServer(answer));
    await withSender(ok, { members: membersAt(ports) }, async (sender) => {
      for (const [index, one] of RETRY_AFTER.entries()) {
        next = one;
        const route = directTo(`m${index}`);
        await sender.ask(route);
        const key = outcomeKey((await sender.ask(route)).outcome);
        assert.equal(key, one.waits ? 'not-sent:retry-after' : String(one.status), JSON.stringify(one));
        assert.equal(outcomeKey((await sender.ask(directTo('quiet'))).outcome), '200');
      }
    });
  });

  test('stop: what is left is recorded with the reason, what is in flight may end, the next firing goes on', () => {
    const open: http.ServerResponse[] = [];
    const answer: Answer = (_request, response) => open.push(response);
    return withSender(answer, {}, async (sender, seen) => {
      // Due over a minute: the end comes from the stop alone.
      const firing = sender.send([...at(3), ...at(60, 1_000_000).slice(1)]);
      await until(() => seen.length >= 3);
      sender.stop('aborted');
      await until(() => sender.exchanges.length >= 59);
      for (const response of open) response.end('late');
      const ended = await firing;
      const counts = countsOf(ended);
      assert.equal((counts['200'] ?? 0) + (counts['not-sent:aborted'] ?? 0), 62, JSON.stringify(counts));
      assert.equal(counts['200'], seen.length);
      const next = sender.send(at(1));
      await until(() => open.length > seen.length - 1 && seen.length > (counts['200'] ?? 0));
      open.at(-1)?.end();
      assert.deepEqual(countsOf(await next), { 200: 1 });
    });
  });

  test('stop: what does not end within the grace is ended as aborted', () =>
    withSender(hold, {}, async (sender, seen) => {
      const firing = sender.send(at(2));
      await until(() => seen.length === 2);
      sender.stop('aborted');
      assert.deepEqual(countsOf(await firing), { aborted: 2 });
    }));

  test('a route that does not exist is a bug: the firing and all that follow are rejected, and the thread ends', async () => {
    const sender = await startTestSender({ gateway: targetOf('http://127.0.0.1:1') });
    await assert.rejects(sender.ask(directTo('nobody')), /no such route: direct:nobody/);
    await assert.rejects(sender.ask(GATEWAY), /the sending thread failed/);
    await assert.rejects(sender.close(), /the sending thread failed/);
  });
});

describe('pace', { timeout: 20_000 }, () => {
  test('requests leave when they are due: never early, as a rule less than 5 ms late', () =>
    withSender(ok, {}, async (sender) => {
      const ended = await sender.send(at(200, 4_000));
      assert.deepEqual(countsOf(ended), { 200: 200 });
      const late = ended.map(({ sentUs, dueUs }) => (sentUs as number) - dueUs).sort((a, b) => a - b);
      assert.ok((late[0] as number) >= 0, `${late[0]}`);
      assert.ok((late[100] as number) < 5_000, `${late}`);
      const dues = ended.map(({ dueUs }) => dueUs);
      assert.ok(dues.slice(1).every((due, i) => due - (dues[i] as number) === 4_000));
    }));

  test('close tells what the thread cost itself', async () => {
    const sender = await startTestSender({ gateway: targetOf('http://127.0.0.1:1') });
    const quality = await sender.close();
    // It has ended: who asks again is not left waiting.
    assert.equal(await sender.close(), quality);
    assert.ok(quality.busyRatio >= 0 && quality.busyRatio <= 1);
    assert.equal(quality.portShortages, 0);
  });
});

describe('closed loop', { timeout: 20_000 }, () => {
  test('over http: what is recorded is what the server answered', () =>
    withSender(ok, { limits: { maxRatePerSec: 400 } }, async (sender, seen) => {
      const load = { route: GATEWAY, request: 'home', connections: 4, durationUs: 1_000_000 };
      const result = await sender.burst('burst-1', load);
      const { 200: answered = 0, ...others } = countsOf(sender.exchanges);
      assert.deepEqual(others, {});
      // At the end each connection may have one request under way.
      assert.ok(seen.length - answered >= 0 && seen.length - answered <= 4, `${seen.length} seen, ${answered} counted`);
      assert.ok(answered > 50 && seen.length <= 800, `${answered}`);
      assert.equal(result.unaccounted, undefined);
      assert.equal(result.failed, undefined);
      assert.equal(new Set(sender.exchanges.map(({ seq }) => seq)).size, answered);
      assert.ok(sender.exchanges.every(({ tag, experimentId }) => tag?.kind === 'load' && experimentId === 'burst-1'));
    }));

  test('over http: limits.maxRequests ends it', () =>
    withSender(ok, { limits: { maxRequests: 40 } }, async (sender, seen) => {
      await sender.burst('burst-1', { route: GATEWAY, request: 'home', connections: 2, durationUs: 10_000_000 });
      assert.ok(seen.length <= 42, `${seen.length}`);
      assert.ok(sender.exchanges.length >= 38, `${sender.exchanges.length}`);
    }));

  test('over https: lanes of our own, every request accounted for, ended by a stop', async () => {
    const folder = join(import.meta.dirname, '..', 'fixtures', 'traffic', 'tls');
    const [cert, key] = ['server.pem', 'server-key.pem'].map((name) => readFileSync(join(folder, name), 'utf8'));
    let seen = 0;
    const count: Answer = (_request, response) => {
      seen++;
      response.end('ok');
    };
    const port = await servers.listen(https.createServer({ cert, key }, count));
    const tls = { verify: true, ca: cert as string };
    const sender = await startTestSender({
      gateway: targetOf(`https://127.0.0.1:${port}`, { tls }),
      limits: { maxRatePerSec: 500 },
    });
    try {
      const load = { route: GATEWAY, request: 'home', connections: 3, durationUs: 60_000_000 };
      const burst = sender.burst('burst-1', load);
      await until(() => sender.exchanges.length >= 30);
      sender.stop('aborted');
      const result = await burst;
      const { 200: answered = 0, ...others } = countsOf(sender.exchanges);
      assert.equal(answered, seen);
      assert.ok((others['not-sent:aborted'] ?? 0) === 0 && Object.keys(others).length === 0, JSON.stringify(others));
      assert.equal(result.sent, seen);
      assert.equal(new Set(sender.exchanges.map(({ connection }) => connection?.id)).size, 3);
    } finally {
      await sender.close();
    }
  });
});

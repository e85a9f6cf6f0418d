/** Lanes of the closed loop under what is not ordinary: pauses asked for, cookies, silence, TLS, stray bytes, the other engine. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Exchange, outcomeKey } from '../../src/model/exchange.ts';
import { GATEWAY } from '../../src/model/route.ts';
import type { ClosedLoop } from '../../src/traffic/protocol.ts';
import { createServers, type ProfileParts, startTestSender, type TestSender, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

const LOAD: ClosedLoop = { route: GATEWAY, request: 'home', connections: 3, durationUs: 1_000_000 };

function countsOf(exchanges: readonly Exchange[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of exchanges) counts[outcomeKey(outcome)] = (counts[outcomeKey(outcome)] ?? 0) + 1;
  return counts;
}

async function withSender(
  url: string,
  parts: Omit<ProfileParts, 'gateway'> & { readonly ca?: string },
  use: (sender: TestSender) => Promise<void>,
): Promise<void> {
  const { ca, ...more } = parts;
  const gateway = targetOf(url, ca === undefined ? {} : { tls: { verify: true, ca } });
  const sender = await startTestSender({ gateway, ...more });
  try {
    await use(sender);
  } finally {
    await sender.close();
  }
}

type Answer = (request: http.IncomingMessage, response: http.ServerResponse, number: number) => void;

async function serverOf(answer: Answer): Promise<string> {
  let number = 0;
  const server = http.createServer((request, response) => answer(request, response, number++));
  return `http://127.0.0.1:${await servers.listen(server)}`;
}

describe('lanes', { timeout: 30_000 }, () => {
  for (const status of [429, 503]) {
    test(`a ${status} with Retry-After stops all lanes until then, and what is due meanwhile is told`, async () => {
      const url = await serverOf((_request, response, number) => {
        if (number === 20) response.writeHead(status, { 'Retry-After': '1' });
        response.end('ok');
      });
      await withSender(url, { limits: { maxRatePerSec: 500 } }, async (sender) => {
        const result = await sender.burst('burst-1', { ...LOAD, durationUs: 2_500_000 });
        const refused = sender.exchanges.find(({ outcome }) => outcomeKey(outcome) === String(status));
        assert.ok(refused !== undefined, JSON.stringify(countsOf(sender.exchanges)));
        const from = refused.endUs;
        // One request of each of the other lanes may be under way.
        const meanwhile = sender.exchanges.filter(({ sentUs = 0 }) => sentUs > from && sentUs < from + 1_000_000);
        assert.deepEqual(meanwhile, []);
        assert.ok((countsOf(sender.exchanges)['not-sent:retry-after'] ?? 0) >= 1);
        assert.ok(
          sender.exchanges.some(({ sentUs = 0 }) => sentUs >= from + 1_000_000),
          'and goes on afterwards',
        );
        assert.equal(result.due, sender.exchanges.length);
      });
    });
  }

  test('who answered is read from each head anew, also where many in a row are the same', async () => {
    const told: string[] = [];
    const url = await serverOf((_request, response, number) => {
      // In bunches of very different length: heads are known after two of a kind on a connection.
      const member = number < 600 ? `web${Math.floor(number / 60) % 2}` : `web${number % 3}`;
      told.push(member);
      response.sendDate = false;
      response.writeHead(200, { 'X-Member': member }).end('ok');
    });
    await withSender(url, { memberId: { header: 'X-Member' }, limits: { maxRequests: 900 } }, async (sender) => {
      await sender.burst('burst-1', { ...LOAD, durationUs: 10_000_000 });
      const count = (names: readonly (string | undefined)[]) =>
        Object.entries(Object.groupBy(names, (name) => name ?? 'nobody')).map(([name, all]) => [name, all?.length]);
      const said = sender.exchanges.flatMap((exchange) => (exchange.sentUs === undefined ? [] : [exchange.answeredBy]));
      assert.deepEqual(count(said).sort(), count(told).sort());
      assert.ok(told.length >= 890, `${told.length}`);
    });
  });

  test('cookies of a login go with every request', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serverOf((request, response) => {
      seen.push(request.headers.cookie);
      response.end('ok');
    });
    await withSender(url, { cookies: { theme: 'dark' }, limits: { maxRatePerSec: 300 } }, async (sender) => {
      sender.setCookie(GATEWAY, 'session=abc');
      await sender.burst('burst-1', { ...LOAD, durationUs: 300_000 });
      assert.ok(seen.length > 5, `${seen.length}`);
      for (const cookie of seen)
        assert.deepEqual(cookie?.split('; ').toSorted(), ['session=abc', 'theme=dark'], `${cookie}`);
    });
  });

  test('a request that is never answered ends by our own limit, and its lane goes on with another connection', async () => {
    const url = await serverOf((_request, response, number) => {
      if (number % 10 !== 5) response.end('ok');
    });
    await withSender(url, { limits: { maxRatePerSec: 300, requestTimeoutUs: 200_000 } }, async (sender) => {
      await sender.burst('burst-1', { ...LOAD, durationUs: 1_500_000 });
      const counts = countsOf(sender.exchanges);
      const lost = sender.exchanges.filter(({ outcome }) => outcome.kind === 'timeout');
      assert.deepEqual(Object.keys(counts).toSorted(), ['200', 'timeout:headers'], JSON.stringify(counts));
      assert.ok(lost.length >= 3, JSON.stringify(counts));
      for (const { sentUs = 0, endUs, connection } of lost) {
        assert.ok(endUs - sentUs >= 195_000, `ended after ${endUs - sentUs} µs`);
        const later = sender.exchanges.filter(
          (one) => one.connection?.id === connection?.id && (one.sentUs ?? 0) > endUs,
        );
        assert.deepEqual(later, [], 'its connection is not used again');
      }
    });
  });

  test('over TLS: the handshake is told once for each connection, and the certificate once', async () => {
    const folder = join(import.meta.dirname, '..', 'fixtures', 'traffic', 'tls');
    const [cert = '', key = ''] = ['server.pem', 'server-key.pem'].map((name) =>
      readFileSync(join(folder, name), 'utf8'),
    );
    const port = await servers.listen(https.createServer({ cert, key }, (_request, response) => response.end('ok')));
    await withSender(`https://127.0.0.1:${port}`, { ca: cert, limits: { maxRatePerSec: 300 } }, async (sender) => {
      await sender.burst('burst-1', { ...LOAD, durationUs: 800_000 });
      const { exchanges } = sender;
      assert.deepEqual(Object.keys(countsOf(exchanges)), ['200']);
      const opened = exchanges.filter(({ connection }) => connection?.isNew);
      assert.equal(opened.length, new Set(exchanges.map(({ connection }) => connection?.id)).size);
      assert.ok(exchanges.length > opened.length);
      for (const exchange of exchanges)
        assert.equal((exchange.phasesUs?.tls ?? 0) > 0, exchange.connection?.isNew, JSON.stringify(exchange.phasesUs));
      assert.equal(exchanges.filter(({ certificate }) => certificate !== undefined).length, 1);
    });
  });

  test('bytes that nobody asked for cost their connection, are told, and are no answer to the next request', async () => {
    let number = 0;
    const port = await servers.raw((socket) => {
      const extra = number++ % 7 === 3 ? 'stray' : '';
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${extra}`);
    });
    const gateway = targetOf(`http://127.0.0.1:${port}`);
    const sender = await startTestSender({ gateway, limits: { maxRatePerSec: 300 } });
    await sender.burst('burst-1', { ...LOAD, durationUs: 800_000 });
    // Known when it is closed.
    await sender.close();
    assert.deepEqual(Object.keys(countsOf(sender.exchanges)), ['200']);
    const opened = new Set(sender.exchanges.map(({ connection }) => connection?.id)).size;
    const [stray] = sender.stray();
    assert.ok(stray !== undefined && stray.connections >= 3, JSON.stringify(stray));
    assert.equal(stray.bytesBehindAnswers + stray.bytesIdle, 5 * stray.connections);
    assert.ok(opened >= stray.connections, `${opened} connections for ${stray.connections} with stray bytes`);
  });
});

describe('autocannon, asked for by name', { timeout: 30_000 }, () => {
  test('counts what the server answered, under its own name', async () => {
    let seen = 0;
    const url = await serverOf((_request, response) => {
      seen++;
      response.end('ok');
    });
    await withSender(url, { limits: { maxRatePerSec: 200 } }, async (sender) => {
      const result = await sender.burst('burst-1', { ...LOAD, engine: 'autocannon' });
      assert.equal(result.engine, 'autocannon');
      assert.equal(result.failed, undefined);
      const { 200: answered = 0, ...others } = countsOf(sender.exchanges);
      assert.deepEqual(others, {});
      assert.ok(answered > 20 && seen - answered >= 0 && seen - answered <= LOAD.connections, `${answered} of ${seen}`);
    });
  });

  test('cannot speak TLS: our own engine does it, and says so', async () => {
    const folder = join(import.meta.dirname, '..', 'fixtures', 'traffic', 'tls');
    const [cert = '', key = ''] = ['server.pem', 'server-key.pem'].map((name) =>
      readFileSync(join(folder, name), 'utf8'),
    );
    const port = await servers.listen(https.createServer({ cert, key }, (_request, response) => response.end('ok')));
    await withSender(`https://127.0.0.1:${port}`, { ca: cert, limits: { maxRatePerSec: 100 } }, async (sender) => {
      const result = await sender.burst('burst-1', { ...LOAD, durationUs: 200_000, engine: 'autocannon' });
      assert.equal(result.engine, 'wire');
    });
  });
});

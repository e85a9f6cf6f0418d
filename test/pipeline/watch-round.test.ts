import assert from 'node:assert/strict';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { after, describe, test } from 'node:test';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { type RoundRequest, startWatching } from '../../src/pipeline/watch-round.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { createServers, membersAt, type ProfileParts, profileOf, targetOf } from '../traffic/sending-setup.ts';

const servers = createServers();
after(() => servers.close());

async function portOf(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  return servers.listen(http.createServer(listener));
}

async function watching(parts: ProfileParts) {
  const epoch = createEpoch();
  const watch = await startWatching({ version: '0.0.0-test', clock: createClock(epoch), epoch });
  return { watch, profile: { ...profileOf(parts), secrets: ['s3cr3t-value'] } };
}

const ask = (route: RoundRequest['route']): RoundRequest => ({
  route,
  requestName: 'home',
  connection: 'new',
  tag: { kind: 'slot', arm: 'new' },
});

describe('rounds of a monitor', { timeout: 30_000 }, () => {
  test('every request has its exchange, counted from the begin of the round, with substatus and without secrets', async () => {
    const failing = await portOf((_, response) => {
      response.writeHead(502, { 'Content-Type': 'text/html', Server: 'Microsoft-IIS/10.0' });
      response.end('<h2>502.3 - Bad Gateway</h2>s3cr3t-value');
    });
    const good = await portOf((_, response) => response.end('ok'));
    const { watch, profile } = await watching({
      gateway: targetOf(`http://127.0.0.1:${failing}`),
      members: membersAt({ web1: good }),
    });
    try {
      assert.deepEqual(await watch.open(profile), []);
      const order = { kind: 'scheduled' as const, requests: [ask(GATEWAY), ask(directTo('web1'))], longestUs: 1e7 };
      const { exchanges } = await watch.send(profile.name, order);
      assert.deepEqual(
        exchanges.map(({ route, experimentId }) => `${experimentId} ${route}`),
        ['scheduled gateway', 'scheduled direct:web1'],
      );
      assert.equal(exchanges[0]?.dueUs, 0);
      assert.ok(exchanges.every(({ dueUs, sentUs = -1, endUs }) => sentUs >= dueUs && endUs > sentUs));
      assert.doesNotMatch(JSON.stringify(exchanges), /s3cr3t-value/);
    } finally {
      await watch.close();
    }
  });

  test('logs in when opened; without a cookie it warns', async () => {
    const seen: string[] = [];
    const port = await portOf((request, response) => {
      seen.push(`${request.url} ${request.headers.cookie ?? '-'}`);
      if (request.url === '/login') response.setHeader('Set-Cookie', 'sid=7; Path=/');
      response.end('ok');
    });
    const auth = { kind: 'login', path: '/login', method: 'POST', headers: {}, body: 'user=ann' } as const;
    const { watch, profile } = await watching({ gateway: targetOf(`http://127.0.0.1:${port}`), auth });
    try {
      assert.deepEqual(await watch.open(profile), []);
      await watch.send(profile.name, { kind: 'confirm', requests: [ask(GATEWAY)], longestUs: 1e7 });
      assert.deepEqual(seen, ['/login -', '/ sid=7']);
    } finally {
      await watch.close();
    }
  });

  test('a name that does not resolve is an outcome, not an exception', async () => {
    const { watch, profile } = await watching({ gateway: targetOf('http://gateprobe.invalid:81') });
    try {
      await watch.open(profile);
      const { exchanges } = await watch.send(profile.name, {
        kind: 'scheduled',
        requests: [ask(GATEWAY)],
        longestUs: 1e7,
      });
      assert.equal(exchanges[0]?.outcome.kind === 'connection-error' && exchanges[0].outcome.code, 'dns');
    } finally {
      await watch.close();
    }
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMember } from '../../src/lab/member.ts';
import type { MemberOptions } from '../../src/lab/options.ts';
import { ask, PLAIN, raw, requestText, withMember } from './member-talk.ts';

test('members answer with the same bytes and their own name, and keep the connection without announcing how long', async () => {
  const other = await startMember({ ...PLAIN, name: 'm2', memberHeader: false });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const logs = await withMember({}, async (port) => {
    const first = await ask(port, '/a%20b?x=1', agent);
    const again = await ask(port, '/a%20b?x=1', agent);
    const theirs = await ask(other.port, '/a%20b?x=1');
    assert.equal(first.status, 200);
    assert.equal(first.headers['x-member'], 'm1');
    assert.equal(theirs.headers['x-member'], undefined);
    assert.equal(first.body, theirs.body);
    assert.ok(first.body.length > 200 && first.body.length < 400, `${first.body.length} bytes`);
    assert.equal(first.headers['keep-alive'], undefined);
    assert.equal(again.localPort, first.localPort, 'the connection is reused');
    assert.notEqual((await ask(port, '/other')).body, first.body);
  });
  agent.destroy();
  await other.stop();
  assert.equal(logs.site.length, 3);
  const [row] = logs.site;
  assert.equal(row?.['cs-uri-stem'], '/a+b');
  assert.equal(row?.['cs-uri-query'], 'x=1');
  assert.equal(row?.['c-ip'], '127.0.0.1');
  assert.equal(`${row?.['sc-status']} ${row?.['sc-substatus']} ${row?.['sc-win32-status']}`, '200 0 0');
  assert.equal(logs.httpErr.length, 0);
});

test('the query sets status, size and service time; a path may have its own service time', async () => {
  const logs = await withMember({ paths: { '/slow': { kind: 'constant', ms: 300 } } }, async (port) => {
    const [failed, sized, asked, slow, replaced, nonsense] = await Promise.all([
      ask(port, '/?status=503'),
      ask(port, '/?bytes=70000'),
      ask(port, '/?ms=80'),
      ask(port, '/slow'),
      ask(port, '/slow?ms=0&bytes=0'),
      ask(port, '/?status=99&bytes=-1&ms=x'),
    ]);
    assert.equal(failed.status, 503);
    assert.equal(failed.headers['server'], 'Microsoft-IIS/10.0');
    assert.equal(sized.body.length, 70_000);
    assert.ok(asked.tookMs >= 80, `${asked.tookMs} ms`);
    assert.ok(slow.tookMs >= 300, `${slow.tookMs} ms`);
    assert.equal(replaced.body, '');
    assert.equal(nonsense.status, 200);
  });
  const taken = (query: string, stem = '/') =>
    Number(logs.site.find((row) => row['cs-uri-query'] === query && row['cs-uri-stem'] === stem)?.['time-taken']);
  assert.ok(taken('ms=80') >= 80);
  assert.ok(taken('-', '/slow') >= 300);
  assert.ok(taken('ms=0&bytes=0', '/slow') < 250);
});

test('workers are limited, the others wait in order, and the time taken includes the wait', async () => {
  const order: number[] = [];
  const logs = await withMember({ concurrency: 1, service: { kind: 'constant', ms: 40 } }, async (port) => {
    const first = ask(port, '/?n=1').then(() => order.push(1));
    await sleep(10);
    const second = ask(port, '/?n=2').then(() => order.push(2));
    await sleep(10);
    await Promise.all([first, second, ask(port, '/?n=3').then(() => order.push(3))]);
  });
  assert.deepEqual(order, [1, 2, 3]);
  const last = logs.site.find((row) => row['cs-uri-query'] === 'n=3');
  assert.ok(Number(last?.['time-taken']) >= 80, `time-taken ${last?.['time-taken']}`);
});

test('a path beside the application takes no worker, waits for no start and wakes nothing', async () => {
  const options = {
    unlimitedPaths: ['/side'],
    concurrency: 1,
    queueLimit: 1,
    coldStart: { idleMs: 100, startMs: 600_000 },
  };
  await withMember(options, async (port) => {
    const working = ask(port, '/?ms=50');
    const sides = await Promise.all([1, 2, 3].map(() => ask(port, '/side?ms=10')));
    assert.deepEqual(
      sides.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal((await working).status, 200);
    await sleep(120);
    // The application is gone by now: the first answer would take ten minutes, were it to come from there.
    assert.equal((await ask(port, '/side')).status, 200);
    const waits = await Promise.race([
      ask(port, '/').then(String, () => 'broken off'),
      ask(port, '/side?ms=30').then(() => 'still asleep'),
    ]);
    assert.equal(waits, 'still asleep');
  });
});

test('a full queue is refused at once by http.sys, which alone logs it', async () => {
  const logs = await withMember(
    { concurrency: 1, queueLimit: 2, service: { kind: 'constant', ms: 250 } },
    async (port) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(port, '/q')));
      const refused = answers.filter((answer) => answer.status === 503);
      assert.equal(refused.length, 5);
      for (const answer of refused) {
        assert.equal(answer.headers['server'], 'Microsoft-HTTPAPI/2.0');
        assert.equal(answer.headers.connection, 'close');
        assert.equal(answer.body.length, 326);
        assert.equal(answer.headers['x-member'], undefined);
      }
    },
  );
  assert.equal(logs.site.length, 3);
  assert.deepEqual(
    logs.httpErr.map((row) => `${row['sc-status']} ${row['s-reason']} ${row['s-queuename']}`),
    Array(5).fill('503 QueueFull DefaultAppPool'),
  );
});

const cuts: readonly {
  readonly name: string;
  readonly options: Partial<MemberOptions>;
  readonly query: string;
  readonly end: 'fin' | 'rst';
  readonly shape: RegExp;
  readonly reason: string;
}[] = [
  ...(['fin', 'rst'] as const).flatMap((by) => [
    {
      name: `drop by ${by}`,
      options: { drop: { ratio: 1, by } },
      query: '',
      end: by,
      shape: /^$/,
      reason: 'Connection_Abandoned_By_ReqQueue',
    },
    ...(['length', 'chunked'] as const).map((framing) => ({
      name: `truncate ${framing} by ${by}`,
      options: { truncate: { ratio: 1, framing, by } },
      query: '',
      end: by,
      shape: framing === 'length' ? /content-length: [\s\S]*<!DOCTYPE/i : /transfer-encoding: chunked[\s\S]*<!DOCTYPE/i,
      reason: 'Connection_Dropped',
    })),
  ]),
  {
    name: 'close=before',
    options: {},
    query: '?close=before',
    end: 'fin',
    shape: /^$/,
    reason: 'Connection_Abandoned_By_ReqQueue',
  },
  {
    name: 'close=mid',
    options: {},
    query: '?close=mid',
    end: 'fin',
    shape: /content-length: /i,
    reason: 'Connection_Dropped',
  },
];

for (const cut of cuts) {
  test(`${cut.name} ends the connection and writes no row in the site log`, async () => {
    const logs = await withMember(cut.options, async (port) => {
      const { text, end } = await raw(port, requestText(`/${cut.query}`));
      assert.equal(end, cut.end);
      assert.match(text, cut.shape);
      assert.doesNotMatch(text, /\r\n0\r\n/, 'no last chunk');
      const [head = '', body = ''] = text.split('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(head)?.[1];
      if (length !== undefined) assert.ok(body.length > 0 && body.length < Number(length));
    });
    assert.equal(logs.site.length, 0);
    assert.deepEqual(
      logs.httpErr.map((row) => `${row['sc-status']} ${row['s-reason']}`),
      [`- ${cut.reason}`],
    );
  });
}

test('a request may ask for the end of its connection, and HEAD has no body', async () => {
  await withMember({}, async (port) => {
    const closing = await raw(port, 'GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n');
    assert.match(closing.text, /^HTTP\/1.1 200 [\s\S]*<\/html>\r\n$/);
    const head = await raw(port, 'HEAD / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n');
    assert.match(head.text, /content-length: [1-9]\d+\r\n[\s\S]*\r\n\r\n$/i);
    const old = await raw(port, 'GET / HTTP/1.0\r\n\r\n');
    assert.match(old.text, /<\/html>\r\n$/);
  });
});

test('garbage is not HTTP', async () => {
  await withMember({ garbageRatio: 1 }, async (port) => {
    const { text } = await raw(port, requestText('/'));
    assert.ok(text.length > 10 && !text.startsWith('HTTP/'));
  });
});

test('faults follow the seed', async () => {
  const sequence = async (seed: number): Promise<string> => {
    let statuses = '';
    const options = { seed, error: { ratio: 0.5, status: 500 } };
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await withMember(options, async (port) => {
      for (let at = 0; at < 40; at++) statuses += (await ask(port, '/', agent)).status === 500 ? 'x' : '.';
    });
    agent.destroy();
    return statuses;
  };
  const first = await sequence(7);
  assert.equal(await sequence(7), first);
  assert.notEqual(await sequence(8), first);
  const failed = first.replaceAll('.', '').length;
  assert.ok(failed > 5 && failed < 35, `${failed} of 40`);
});

test('an idle connection is closed after the keep-alive time and not before', async () => {
  const logs = await withMember({ keepAliveMs: 150 }, async (port) => {
    const used = raw(port, requestText('/?ms=200'));
    const unused = raw(port, '');
    assert.ok((await used).lastedMs >= 345, `${(await used).lastedMs} ms`);
    assert.ok((await unused).lastedMs >= 145, `${(await unused).lastedMs} ms`);
    // Node adds a second of grace unless told otherwise.
    assert.ok((await used).lastedMs < 1150, `${(await used).lastedMs} ms`);
    assert.equal((await used).end, 'fin');
    assert.match((await used).text, /^HTTP\/1.1 200 /);
  });
  assert.deepEqual(
    logs.httpErr.map((row) => row['s-reason']),
    ['Timer_ConnectionIdle', 'Timer_ConnectionIdle'],
  );
  assert.equal(logs.site.length, 1);
});

test('a peer that leaves: 200 0 64 when at work, Client_Reset when still waiting', async () => {
  const logs = await withMember({ concurrency: 1 }, async (port) => {
    const leave = async (path: string) => {
      const socket = connect({ port, host: '127.0.0.1' });
      await once(socket, 'connect');
      socket.write(requestText(path));
      return socket;
    };
    const atWork = await leave('/?ms=300');
    const waiting = await leave('/waiting');
    await sleep(80);
    atWork.destroy();
    waiting.destroy();
    assert.equal((await ask(port, '/after')).status, 200);
  });
  assert.deepEqual(
    logs.site.map(
      (row) => `${row['cs-uri-stem']} ${row['sc-status']} ${row['sc-substatus']} ${row['sc-win32-status']}`,
    ),
    ['/ 200 0 64', '/after 200 0 0'],
  );
  assert.ok(Number(logs.site[0]?.['time-taken']) >= 300);
  assert.equal(logs.site[0]?.['cs(User-Agent)'], 'a+b');
  assert.deepEqual(
    logs.httpErr.map((row) => `${row['cs-uri']} ${row['s-reason']}`),
    ['/waiting Client_Reset'],
  );
});

test('after idling the next requests wait for the start, the ones after them do not', async () => {
  await withMember({ coldStart: { idleMs: 120, startMs: 400 } }, async (port) => {
    assert.ok((await ask(port, '/')).tookMs < 350, 'starts warm');
    await sleep(150);
    const cold = await Promise.all([ask(port, '/'), ask(port, '/')]);
    for (const answer of cold) assert.ok(answer.tookMs >= 395, `${answer.tookMs} ms`);
    assert.ok((await ask(port, '/')).tookMs < 350, 'warm again');
  });
});

test('slow threads: more workers come while requests wait', async () => {
  const options = { slowThreads: { initial: 1, perSec: 10 }, service: { kind: 'constant', ms: 1000 } } as const;
  await withMember(options, async (port) => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => ask(port, '/')));
    const took = answers.map((answer) => answer.tookMs).sort((a, b) => a - b);
    // One begins at once, the others when workers come after 100, 200 and 300 ms.
    for (const [at, ms] of took.entries()) assert.ok(ms >= 1000 + 100 * at - 5, `answer ${at} after ${ms} ms`);
    assert.ok((took[3] ?? 0) < 2000, 'the last one does not wait for the first worker');
  });
});

test('members tell connections apart where they are asked to', async () => {
  const member = await startMember({
    name: 'web1',
    port: 0,
    seed: 1,
    service: { kind: 'constant', ms: 0 },
    paths: {},
    memberHeader: true,
    connectionHeader: true,
  });
  const agents = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })];
  try {
    const seen: unknown[] = [];
    for (const agent of [agents[0], agents[0], agents[1]]) {
      const asked = request({ port: member.port, host: '127.0.0.1', ...(agent === undefined ? {} : { agent }) }).end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      seen.push(answer.headers['x-connection']);
      await once(answer.resume(), 'end');
    }
    assert.deepEqual(seen, ['web1-1', 'web1-1', 'web1-2']);
  } finally {
    for (const agent of agents) agent.destroy();
    await member.stop();
  }
});

/** What nginx does with members after one timeout: what the ejection guard and the remedies say of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type NginxOptions, startNginx } from '../helpers/gateways/nginx.ts';
import { missingProgram } from '../helpers/requires.ts';

const servers: Server[] = [];
const members: string[] = [];

/** Says its name; never answers `/hang`. */
async function startMember(name: string): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url !== '/hang') response.end(name);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

before(async () => {
  members.push(await startMember('one'), await startMember('two'));
});
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

type Seen = { readonly hang: number; readonly next: readonly string[]; readonly log: string };

/** One request that nobody answers, then ten quick ones. */
async function hangOnce(options: Partial<NginxOptions>): Promise<Seen> {
  const gateway = await startNginx({ members, readTimeoutMs: 300, ...options });
  try {
    const hang = (await fetch(`${gateway.url}/hang`)).status;
    const next: string[] = [];
    for (let i = 0; i < 10; i++) {
      const response = await fetch(gateway.url);
      const text = await response.text();
      next.push(response.status === 200 ? text : String(response.status));
    }
    return { hang, next, log: await readFile(gateway.errorLog ?? '', 'utf8') };
  } finally {
    await gateway.stop();
  }
}

// Members are out for a minute, so that a slow machine does not see them come back.
const OUT = 'max_fails=1 fail_timeout=60s';

describe('nginx after one timeout', { skip: missingProgram('nginx') }, () => {
  test('with proxy_next_upstream off one member is out all the same', async () => {
    const { hang, next, log } = await hangOnce({ nextUpstream: 'off', serverParameters: OUT });
    assert.equal(hang, 504);
    assert.equal(new Set(next).size, 1, next.join(' '));
    assert.match(next.join(' '), /one|two/);
    assert.equal(log.match(/temporarily disabled/g)?.length, 1);
  });

  test('with its defaults the request is repeated and all are out', async () => {
    const { next } = await hangOnce({ serverParameters: OUT });
    assert.deepEqual([...new Set(next)], ['502']);
  });

  test('max_fails=0: nobody is out', async () => {
    const { next } = await hangOnce({ nextUpstream: 'off', serverParameters: 'max_fails=0' });
    assert.deepEqual([...new Set(next)].sort(), ['one', 'two']);
  });

  test('the only server of an upstream is never out', async () => {
    const { hang, next } = await hangOnce({ members: members.slice(0, 1), serverParameters: OUT });
    assert.equal(hang, 504);
    assert.deepEqual([...new Set(next)], ['one']);
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { startApache } from './gateways/apache.ts';
import { startCaddy } from './gateways/caddy.ts';
import type { GatewayOptions, RunningGateway } from './gateways/gateway-process.ts';
import { startHaproxy } from './gateways/haproxy.ts';
import { startNginx } from './gateways/nginx.ts';
import { descendants, isRunning } from './gateways/process-tree.ts';
import { startVarnish } from './gateways/varnish.ts';
import { missingProgram } from './requires.ts';

const READ_TIMEOUT_MS = 300;

const servers: Server[] = [];

/** Says its name; never answers `/hang`. */
async function startMember(name: string): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url !== '/hang') response.end(name);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const members: string[] = [];
before(async () => {
  members.push(await startMember('one'), await startMember('two'));
});
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

type Case = {
  readonly program: string;
  readonly start: (options: GatewayOptions) => Promise<RunningGateway>;
  readonly timeoutStatus: number;
};
const cases: readonly Case[] = [
  // Hanging is not tried again on the second member, so that the wait is one read timeout.
  { program: 'nginx', start: (options) => startNginx({ ...options, nextUpstream: 'off' }), timeoutStatus: 504 },
  { program: 'haproxy', start: startHaproxy, timeoutStatus: 504 },
  { program: 'apache2', start: startApache, timeoutStatus: 502 },
  { program: 'caddy', start: startCaddy, timeoutStatus: 504 },
  { program: 'varnishd', start: startVarnish, timeoutStatus: 503 },
];

for (const { program, start, timeoutStatus } of cases) {
  test(`${program} proxies, gives up on a silent member, and leaves nothing`, {
    skip: missingProgram(program),
  }, async () => {
    const gateway = await start({ members, readTimeoutMs: READ_TIMEOUT_MS });
    try {
      assert.match(gateway.version, /^\d+\.\d+/);
      for (const member of members) assert.ok(gateway.configText.includes(member.split(':')[1] ?? ''), member);
      const answers = [await text(`${gateway.url}/`), await text(`${gateway.url}/`)];
      assert.deepEqual(answers.sort(), ['one', 'two'], 'each member has its turn');

      const startedMs = performance.now();
      const hung = await fetch(`${gateway.url}/hang`, { signal: AbortSignal.timeout(10_000) });
      await hung.text();
      assert.equal(hung.status, timeoutStatus);
      // A timer never ends before its time; 20 ms are for gateways that count with a coarse clock.
      assert.ok(performance.now() - startedMs > READ_TIMEOUT_MS - 20, 'waited for the read timeout');
    } finally {
      await stopAndCheck(gateway);
    }
  });
}

async function stopAndCheck(gateway: RunningGateway): Promise<void> {
  const pids = [gateway.pid, ...descendants(gateway.pid)];
  assert.deepEqual(pids.filter(isRunning), pids, 'they ran before');
  await gateway.stop();
  assert.deepEqual(pids.filter(isRunning), []);
  if (gateway.accessLog !== undefined) assert.equal(existsSync(dirname(gateway.accessLog)), false);
  await assert.rejects(fetch(gateway.url));
  await gateway.stop();
}

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  return response.text();
}

test('a gateway that cannot start says why', { skip: missingProgram('nginx') }, async () => {
  await assert.rejects(startNginx({ members, extra: 'no_such_directive on;' }), /no_such_directive/);
});

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, describe, test } from 'node:test';
import type { Exchange } from '../../src/model/exchange.ts';
import type { MemberId } from '../../src/model/profile.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { LOGIN_EXPERIMENT, logIn } from '../../src/traffic/login.ts';
import { createServers, membersAt, startTestSender, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

/** A member that gives a session of its own and writes down what it is sent. */
async function startMember(name: string, cookies: readonly string[]): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = [];
  const server = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.cookie ?? '-'}`);
    if (request.url === '/login') {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        seen.push(`body of ${name}: ${body}`);
        response.writeHead(302, { 'Set-Cookie': [...cookies] }).end();
      });
    } else response.end('ok');
  });
  return { port: await servers.listen(server), seen };
}

const AUTH = { kind: 'login', path: '/login', method: 'POST', headers: {}, body: 'user=ann' } as const;

async function run(cookies: readonly string[], memberId?: MemberId) {
  const gateway = await startMember(
    'gateway',
    cookies.map((cookie) => cookie.replace('=', '=g')),
  );
  const member = await startMember('web1', cookies);
  const sender = await startTestSender({
    gateway: targetOf(`http://127.0.0.1:${gateway.port}`),
    members: membersAt({ web1: member.port }),
    auth: AUTH,
    cookies: { theme: 'dark' },
    ...(memberId === undefined ? {} : { memberId }),
  });
  try {
    const taken = (): readonly Exchange[] =>
      sender.exchanges.filter(({ experimentId }) => experimentId === LOGIN_EXPERIMENT);
    const warnings = await logIn(sender.profile, sender, taken);
    await sender.send([{ route: GATEWAY }, { route: directTo('web1') }]);
    return { warnings, gateway: gateway.seen, member: member.seen };
  } finally {
    await sender.close();
  }
}

describe('logIn', { timeout: 20_000 }, () => {
  test('each route has cookies of its own; attributes and cookies that pin to a member are left out', async () => {
    const { warnings, gateway, member } = await run([
      'session=1; Path=/; HttpOnly',
      'csrf=2',
      'ARRAffinity=web1; Path=/',
      'ARRAffinitySameSite=web1',
      'AWSALBCORS=web1',
      'SERVERID=web1',
    ]);
    assert.deepEqual(warnings, []);
    assert.deepEqual(member, [
      'POST /login theme=dark',
      'body of web1: user=ann',
      'GET / theme=dark; session=1; csrf=2',
    ]);
    assert.equal(gateway.at(-1), 'GET / theme=dark; session=g1; csrf=g2');
  });

  test("the profile's own pinning cookie is left out as well", async () => {
    const { member } = await run(['session=1', 'node=web1'], { cookie: 'node' });
    assert.equal(member.at(-1), 'GET / theme=dark; session=1');
  });

  test('a login without a cookie is a warning for each route; requests still go out', async () => {
    const { warnings, member } = await run([]);
    assert.equal(warnings.length, 2);
    assert.match(warnings[0] ?? '', /gateway set no cookie \(it ended with 302\)/);
    assert.equal(member.at(-1), 'GET / theme=dark');
  });

  test('a profile without a login sends nothing', async () => {
    const sender = await startTestSender({ gateway: targetOf('http://127.0.0.1:1') });
    try {
      assert.deepEqual(await logIn(sender.profile, sender, () => sender.exchanges), []);
      assert.equal(sender.exchanges.length, 0);
    } finally {
      await sender.close();
    }
  });
});
